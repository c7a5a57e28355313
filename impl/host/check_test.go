package host

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Goal: what cannot work is refused with a line that names it.
func TestComplete(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   string
	}{
		{"no directory", Config{}, "dir: a directory"},
		{"two control planes", Config{Dir: "d", ControlPlanes: 2}, "control planes: 2: must be odd"},
		{"nobody to stand by", Config{Dir: "d", Standby: true}, "standby: there is 1 control plane: it takes 3 or more"},
		{"too many control planes", Config{Dir: "d", ControlPlanes: 9}, "at most 7"},
		{"negative control planes", Config{Dir: "d", ControlPlanes: -1}, "control planes: -1"},
		{"negative workers", Config{Dir: "d", Workers: -1}, "workers: -1"},
		{"too many workers", Config{Dir: "d", Workers: 51}, "between 1 and 50"},
		{"network of another size", Config{Dir: "d", Subnet: netip.MustParsePrefix("10.0.0.0/16")}, "must be an IPv4 /24"},
		{"an address for a network", Config{Dir: "d", Subnet: netip.MustParsePrefix("10.0.0.1/24")}, "must be an IPv4 /24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.config.complete()
			require.ErrorContains(t, err, c.want)
		})
	}
	good, err := Config{Dir: "d"}.complete()
	require.NoError(t, err)
	require.Equal(t, 1, good.ControlPlanes)
	require.Equal(t, 2, good.Workers)
	require.True(t, filepath.IsAbs(good.Dir))
}

func TestPrepare(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, prepare(dir))
	require.NoError(t, prepare(dir), "again")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "version"), []byte("orrery-data/0\n"), 0o600))
	require.ErrorContains(t, prepare(dir), "of another version: orrery-data/0, this is orrery-data/1")

	foreign := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "thesis.txt"), nil, 0o600))
	require.ErrorContains(t, prepare(foreign), "holds thesis.txt but no version file")

	file := filepath.Join(foreign, "thesis.txt")
	require.ErrorContains(t, prepare(file), "dir: ")

	full := t.TempDir()
	require.NoError(t, unix.Mount("none", full, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(full, 0)) })
	require.ErrorContains(t, prepare(full), "is full: 1 MiB are free, 512 are needed")
	require.ErrorContains(t, prepare(filepath.Join(full, "new")), "is full")
	require.NoDirExists(t, filepath.Join(full, "new"), "what was not there is not there")
}

func TestCheckNamesWhatIsNotBuilt(t *testing.T) {
	config, err := Config{Dir: "d", Tools: t.TempDir()}.complete()
	require.NoError(t, err)
	require.ErrorContains(t, check(config), "not built: image/pause")
}
