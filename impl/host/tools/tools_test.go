package tools

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: an error names the program that could not be built, and Missing what is not there.
func TestBuildFails(t *testing.T) {
	dir, err := os.Getwd()
	require.NoError(t, err)
	root, err := Root(dir)
	require.NoError(t, err)
	bin := t.TempDir()
	step := Step{Static: true, Packages: []string{"orrery/impl/host/image/pause", "orrery/impl/host/nosuch"}}
	require.ErrorContains(t, Build(t.Context(), root, bin, step), "nosuch")
	require.Equal(t, []string{"pause", "nosuch"}, Missing(bin, step))
}

// Goal: what goes into images does not depend on where it is built.
func TestImageProgramsAreTheSameBytes(t *testing.T) {
	dir, err := os.Getwd()
	require.NoError(t, err)
	root, err := Root(dir)
	require.NoError(t, err)
	var programs [2][]byte
	for i := range programs {
		bin := t.TempDir()
		require.NoError(t, Build(t.Context(), root, bin, Steps[0]))
		require.Empty(t, Missing(bin, Steps[0]))
		programs[i], err = os.ReadFile(filepath.Join(bin, "image", "testserver"))
		require.NoError(t, err)
	}
	require.Equal(t, programs[0], programs[1])
}

func TestRoot(t *testing.T) {
	_, err := Root(t.TempDir())
	require.ErrorContains(t, err, "no go.mod above")
}
