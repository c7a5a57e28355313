package etcd

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: bad flags get one line that names them.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, `required flag(s) "data-dir"`},
		{"no port", []string{"--name", "a", "--data-dir", filepath.Join(dir, "d"), "--listen-client", "https://127.0.0.1", "--listen-peer", "https://127.0.0.1:0", "--pki-dir", filepath.Join(dir, "pki")}, `client URL "https://127.0.0.1"`},
		{"metrics at no address", []string{"--name", "a", "--data-dir", filepath.Join(dir, "d"), "--listen-client", "https://127.0.0.1:0", "--listen-peer", "https://127.0.0.1:0", "--pki-dir", filepath.Join(dir, "pki"), "--metrics-address", "2381"}, `--metrics-address "2381": must be IP:PORT`},
		{"a stray argument", []string{"now"}, `unknown command "now"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := Command()
			cmd.SetArgs(c.args)
			err := cmd.ExecuteContext(t.Context())
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}
