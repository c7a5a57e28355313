package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is a container image of one static program.
type Image struct {
	// Name is the full reference, such as docker.io/local/web:1.
	Name string
	// Program is the file of the program, which stands in the image as /NAME and is its entry point.
	Program string
	// Links are further names of the program, below /bin, for one that does what its name says.
	Links []string
}

// The images of our own.
const (
	Pause = "docker.io/local/pause:1"
	Web   = "docker.io/local/web:1"
)

// Own are the images of our own, whose programs are in dir.
func Own(dir string) []Image {
	return []Image{
		{Name: Pause, Program: filepath.Join(dir, "pause")},
		{Name: Web, Program: filepath.Join(dir, "testserver"), Links: []string{"api", "cat", "echo", "env", "exit", "false", "get", "keep", "ls", "sleep", "true"}},
	}
}

// created is the date of everything in an image: the same bytes always, and no file from the future.
var created = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// WriteArchive writes an OCI archive of the images to path, whole or not at all.
func WriteArchive(path string, images []Image) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	err = writeArchive(f, images)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	return os.Rename(f.Name(), path)
}

// annotationName is where containerd looks for the full name of an image in an archive.
const annotationName = "io.containerd.image.name"

func writeArchive(w io.Writer, images []Image) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	blobs := map[string][]byte{}
	for _, i := range images {
		img, err := i.build(blobs)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Annotations: map[string]string{annotationName: i.Name, "org.opencontainers.image.ref.name": i.Name},
			Platform:    &v1.Platform{OS: "linux", Architecture: runtime.GOARCH},
		}})
	}
	manifest, err := index.RawManifest()
	if err != nil {
		return err
	}
	out := tar.NewWriter(w)
	// An archive's layout: the OCI image layout specification 1.0.
	if err := writeFile(out, "oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644); err != nil {
		return err
	}
	if err := writeFile(out, "index.json", manifest, 0o644); err != nil {
		return err
	}
	for _, digest := range sortedKeys(blobs) {
		if err := writeFile(out, "blobs/sha256/"+digest, blobs[digest], 0o644); err != nil {
			return err
		}
	}
	return out.Close()
}

// build makes the image and adds what it consists of to blobs, by digest.
func (i Image) build(blobs map[string][]byte) (v1.Image, error) {
	program, err := os.ReadFile(i.Program)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.Name, err)
	}
	entry := "/" + filepath.Base(i.Program)
	var layer bytes.Buffer
	files := tar.NewWriter(&layer)
	if err := writeFile(files, entry[1:], program, 0o755); err != nil {
		return nil, err
	}
	for _, name := range i.Links {
		// The mode is that of the file, which a link without one would take away.
		link := &tar.Header{Typeflag: tar.TypeLink, Name: "bin/" + name, Linkname: entry[1:], Mode: 0o755, ModTime: created, Format: tar.FormatUSTAR}
		if err := files.WriteHeader(link); err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	img, err = mutate.AppendLayers(img, static.NewLayer(layer.Bytes(), types.OCIUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", runtime.GOARCH, v1.Time{Time: created}
	config.Config.Entrypoint = []string{entry}
	config.Config.Env = []string{"PATH=/bin:/"}
	config.Config.WorkingDir = "/"
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, err
	}
	return img, addBlobs(blobs, img, layer.Bytes())
}

func addBlobs(blobs map[string][]byte, img v1.Image, layer []byte) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	digest, err := layers[0].Digest()
	if err != nil {
		return err
	}
	blobs[digest.Hex] = layer
	if digest, err = img.ConfigName(); err != nil {
		return err
	}
	if blobs[digest.Hex], err = img.RawConfigFile(); err != nil {
		return err
	}
	if digest, err = img.Digest(); err != nil {
		return err
	}
	blobs[digest.Hex], err = img.RawManifest()
	return err
}

func writeFile(out *tar.Writer, name string, data []byte, mode int64) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: mode, ModTime: created, Format: tar.FormatUSTAR}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := out.Write(data)
	return err
}

func sortedKeys(m map[string][]byte) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
