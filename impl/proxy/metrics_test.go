package proxy_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/proxy"
)

// Goal: that the port of the metrics is taken is said in one line, before anything of the kernel is touched. Method: it is taken.
func TestMetricsPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s, user: u}}]\n"+
		"users: [{name: u, user: {token: secret}}]\nclusters: [{name: s, cluster: {server: \"https://127.0.0.1:1\"}}]\n"), 0o600))
	command := proxy.Command()
	command.SetArgs([]string{"--node", "n", "--kubeconfig", kubeconfig, "--metrics-address", busy.Addr().String()})
	require.EqualError(t, command.ExecuteContext(t.Context()), "--metrics-address "+busy.Addr().String()+" is in use")
}
