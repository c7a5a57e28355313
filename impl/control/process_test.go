package control_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"orrery/impl/control"
	"orrery/impl/trace"
)

// Goal: what the flags name is opened, and closed again where some of it cannot be. Method: a trace that cannot be written; then the port of the metrics is
// free, and all is opened.
func TestWhatAProcessOpens(t *testing.T) {
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: s, user: u}}]\n"+
		"users: [{name: u, user: {token: secret}}]\nclusters: [{name: s, cluster: {server: \"https://127.0.0.1:1\"}}]\n"), 0o600))
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := probe.Addr().String()
	require.NoError(t, probe.Close())
	open := func(args ...string) (*control.Process, error) {
		cmd := &cobra.Command{}
		f := control.AddFlags(cmd)
		require.NoError(t, cmd.ParseFlags(append(args, "--kubeconfig", kubeconfig)))
		return f.Open(t.Context(), "p")
	}
	_, err = open("--metrics-address", address, "--trace", filepath.Join(dir, "nowhere", "trace"))
	require.ErrorContains(t, err, "nowhere")

	p, err := open("--metrics-address", address, "--trace", filepath.Join(dir, "trace"))
	require.NoError(t, err, "what was opened before is closed")
	require.NotNil(t, p.Registry)
	require.NotEqual(t, trace.Discard, p.Sink)
	p.Close()

	p, err = open()
	require.NoError(t, err)
	require.Nil(t, p.Registry)
	require.Equal(t, trace.Discard, p.Sink)
	p.Close()
}
