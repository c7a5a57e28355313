package world

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// Goal: images made elsewhere run, in both formats of archives that tools write. Method: the test server under other names,
// packed by go-containerregistry, the library of crane and ko.
func TestLoad(t *testing.T) {
	c := up(t)
	for _, archive := range []struct {
		format, image, pod string
		pack               func(path, image string)
	}{
		{"an OCI layout, as crane, podman and skopeo write it", "example.org/shop:2", "shop", c.packOCI},
		{"docker save", "example.org/team/stall:latest", "stall", c.packDocker},
	} {
		t.Run(archive.pod, func(t *testing.T) {
			c := c.of(t)
			path := filepath.Join(c.home, archive.pod+".tar")
			archive.pack(path, archive.image)
			out, err := c.run("orrery", "load", path)
			require.NoError(t, err, "%s", out)
			require.Equal(t, fmt.Sprintf("worker-1: %[1]s\nworker-2: %[1]s\n", archive.image), out)
			c.kubectl("run", archive.pod, "--image", archive.image, "--image-pull-policy=IfNotPresent", "--", "--print", "open")
			c.kubectl("wait", "--for=condition=Ready", "pod/"+archive.pod, "--timeout=30s")
			require.Equal(t, "open\n", c.kubectl("logs", archive.pod))
			require.Contains(t, c.kubectl("get", "pod", archive.pod, "-o", "jsonpath={.status.containerStatuses[0].image}"), archive.image)
		})
	}
	c.await(func() (bool, string) { // the kubelet looks at its machine every ten seconds
		names := c.kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.images[*].names}")
		return strings.Contains(names, "example.org/shop:2") && strings.Contains(names, "example.org/team/stall:latest"), names
	})

	c.write("text.tar", "this is no archive, however long one looks at it")
	for path, want := range map[string]string{
		"nosuch.tar": "orrery: stat nosuch.tar: no such file or directory\n",
		"text.tar":   "orrery: containerd: import text.tar: ",
	} {
		out, err := c.run("orrery", "load", path)
		require.Error(t, err)
		require.Contains(t, out, want)
		require.Len(t, bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n")), 1, "one line: %s", out)
	}
}

// image is the test server in a layer of its own. It knows its name, so that no two are the same: the runtime tells only one
// name of an image.
func (c *cluster) image(name string) v1.Image {
	program, err := os.ReadFile(filepath.Join(c.bin, "image", "testserver"))
	require.NoError(c.t, err)
	var files bytes.Buffer
	writeTar(c.t, &files, "shop", program, 0o755)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files.Bytes())), nil })
	require.NoError(c.t, err)
	img, err := mutate.AppendLayers(empty.Image, layer)
	require.NoError(c.t, err)
	config, err := img.ConfigFile()
	require.NoError(c.t, err)
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", runtime.GOARCH, []string{"/shop", "serve"}
	config.Config.Labels = map[string]string{"org.opencontainers.image.title": name}
	img, err = mutate.ConfigFile(img, config)
	require.NoError(c.t, err)
	return img
}

func (c *cluster) packDocker(path, image string) {
	tag, err := name.NewTag(image)
	require.NoError(c.t, err)
	require.NoError(c.t, tarball.WriteToFile(path, tag, c.image(image)))
}

func (c *cluster) packOCI(path, image string) {
	dir := c.t.TempDir()
	out, err := layout.Write(dir, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	require.NoError(c.t, err)
	img := mutate.ConfigMediaType(mutate.MediaType(c.image(image), types.OCIManifestSchema1), types.OCIConfigJSON)
	require.NoError(c.t, out.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": image})))
	file, err := os.Create(path)
	require.NoError(c.t, err)
	defer file.Close()
	archive := tar.NewWriter(file)
	require.NoError(c.t, archive.AddFS(os.DirFS(dir)))
	require.NoError(c.t, archive.Close())
}

func writeTar(t *testing.T, out *bytes.Buffer, name string, data []byte, mode int64) {
	archive := tar.NewWriter(out)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), Typeflag: tar.TypeReg}))
	_, err := archive.Write(data)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
}
