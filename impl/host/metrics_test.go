package host

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"orrery/impl/kubelet"
	"orrery/impl/proxy"
)

// Goal: that the port of the metrics is taken is said in one line, before anything of the node is touched. Method: it is taken; there is neither a runtime nor
// an API server.
func TestMetricsPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s, user: u}}]\n"+
		"users: [{name: u, user: {token: secret}}]\nclusters: [{name: s, cluster: {server: \"https://127.0.0.1:1\"}}]\n"), 0o600))
	for _, c := range []struct {
		command *cobra.Command
		args    []string
	}{
		{proxy.Command(), nil},
		{kubelet.Command(), []string{"--address", "127.0.0.1", "--pki-dir", t.TempDir(), "--root-dir", t.TempDir(), "--runtime-endpoint", "unix:///nowhere.sock"}},
	} {
		c.command.SetArgs(append(c.args, "--node", "n", "--kubeconfig", kubeconfig, "--metrics-address", busy.Addr().String()))
		require.EqualError(t, c.command.ExecuteContext(t.Context()), "--metrics-address "+busy.Addr().String()+" is in use", c.command.Name())
	}
}
