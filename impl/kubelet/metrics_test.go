package kubelet_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/kubelet"
)

// Goal: that the port of the metrics is taken is said in one line, before the runtime is asked for anything. Method: it is taken.
func TestMetricsPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s, user: u}}]\n"+
		"users: [{name: u, user: {token: secret}}]\nclusters: [{name: s, cluster: {server: \"https://127.0.0.1:1\"}}]\n"), 0o600))
	command := kubelet.Command()
	command.SetArgs([]string{"--node", "n", "--address", "127.0.0.1", "--pki-dir", t.TempDir(), "--root-dir", t.TempDir(), "--runtime-endpoint", "unix:///nowhere.sock", "--kubeconfig", kubeconfig, "--metrics-address", busy.Addr().String()})
	require.EqualError(t, command.ExecuteContext(t.Context()), "--metrics-address "+busy.Addr().String()+" is in use")
}
