package etcd

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Goal: a member serves etcd's own metrics where it is told to, over HTTP, and says in one line that the port is taken. Method: a member is started while
// another has the port, and again when it has not.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := busy.Addr().String()
	member := []string{"--name", "a", "--data-dir", filepath.Join(dir, "a"), "--listen-client", listen(t), "--listen-peer", listen(t), "--metrics-address", address}
	require.EqualError(t, <-start(t.Context(), filepath.Join(dir, "pki"), member...), "--metrics-address "+address+" is in use")
	require.NoError(t, busy.Close())

	stop := serve(t, filepath.Join(dir, "pki"), member...)
	var text string
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		all, err := io.ReadAll(answer.Body)
		text = string(all)
		return err == nil && strings.Contains(text, "\netcd_server_has_leader 1\n")
	}, bound, 5*time.Millisecond)
	require.Contains(t, text, "\nprocess_open_fds ")
	stop()
}
