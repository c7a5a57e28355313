package image

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

func programs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"pause", "testserver"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("the program "+name), 0o755))
	}
	return dir
}

// Goal: the same programs give the same bytes. Method: two archives from files in different places.
func TestArchiveIsTheSameBytes(t *testing.T) {
	var archives [2]bytes.Buffer
	for i := range archives {
		require.NoError(t, writeArchive(&archives[i], Own(programs(t))))
	}
	require.Equal(t, archives[0].Bytes(), archives[1].Bytes())
}

// Goal: every blob is named by its digest and all that the index mentions is there. (That containerd takes the archive is
// tested where containerd is.)
func TestArchiveIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.tar")
	require.NoError(t, WriteArchive(path, Own(programs(t))))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	files := map[string][]byte{}
	for in := tar.NewReader(f); ; {
		header, err := in.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		files[header.Name], err = io.ReadAll(in)
		require.NoError(t, err)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(files["index.json"]))
	require.NoError(t, err)
	require.Len(t, index.Manifests, 2)
	for i, name := range []string{Pause, Web} {
		require.Equal(t, name, index.Manifests[i].Annotations[annotationName])
		manifest, err := v1.ParseManifest(bytes.NewReader(blob(t, files, index.Manifests[i].Digest)))
		require.NoError(t, err)
		config, err := v1.ParseConfigFile(bytes.NewReader(blob(t, files, manifest.Config.Digest)))
		require.NoError(t, err)
		require.Len(t, config.Config.Entrypoint, 1)
		require.Equal(t, created, config.Created.Time)
		for _, layer := range manifest.Layers {
			blob(t, files, layer.Digest)
		}
	}
}

func blob(t *testing.T, files map[string][]byte, digest v1.Hash) []byte {
	t.Helper()
	data, ok := files["blobs/sha256/"+digest.Hex]
	require.True(t, ok, "blob %s", digest)
	is, _, err := v1.SHA256(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, digest, is)
	return data
}

func TestMissingProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.tar")
	require.ErrorContains(t, WriteArchive(path, Own(t.TempDir())), Pause)
	require.NoFileExists(t, path)
}
