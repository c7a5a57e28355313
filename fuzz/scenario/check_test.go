package scenario

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: the folder of a run is emptied of what runs leave, and nothing that is somebody's is ever removed.
func TestClear(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, clear(out))
	for _, name := range leftovers {
		require.NoError(t, os.MkdirAll(filepath.Join(out, name, "deep"), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(out, plantedPrefix+"K11"), nil, 0o755))
	require.NoError(t, clear(out))
	left, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, partsDir, left[0].Name())

	thesis := filepath.Join(out, "thesis.txt")
	require.NoError(t, os.WriteFile(thesis, nil, 0o644))
	require.ErrorContains(t, clear(out), "holds thesis.txt, which no run has left there")
	require.FileExists(t, thesis)
	require.DirExists(t, filepath.Join(out, partsDir), "nothing is removed on the way to a refusal")
	require.ErrorContains(t, clear(thesis), "out: ")
}
