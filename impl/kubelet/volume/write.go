package volume

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// File is the content and the permission bits of one file.
type File struct {
	Data []byte
	Mode uint32
}

const (
	current   = "..data"
	replacing = "..data_tmp"
)

// Write makes dir show exactly files, whose keys are paths relative to it. now names the new version.
func Write(dir string, files map[string]File, now time.Time) error {
	if err := check(files); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := os.Readlink(filepath.Join(dir, current))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old == "" || !same(filepath.Join(dir, old), files) {
		if old, err = replace(dir, files, now); err != nil {
			return err
		}
	}
	if err := link(dir, files); err != nil {
		return err
	}
	return sweep(dir, old, files)
}

// check refuses paths that would leave the directory.
func check(files map[string]File) error {
	for path := range files {
		switch {
		case path == "" || filepath.IsAbs(path) || filepath.Clean(path) != path:
			return fmt.Errorf("invalid path %q: must be relative and clean", path)
		case strings.HasPrefix(path, ".."):
			return fmt.Errorf("invalid path %q: must not begin with %q", path, "..")
		}
	}
	return nil
}

// same compares what is on disk with what should be.
func same(version string, files map[string]File) bool {
	seen := 0
	err := filepath.WalkDir(version, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, _ := filepath.Rel(version, path)
		want, ok := files[relative]
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !ok || uint32(info.Mode().Perm()) != want.Mode&0o777 || !bytes.Equal(data, want.Data) {
			return errDiffers
		}
		seen++
		return nil
	})
	return err == nil && seen == len(files)
}

var errDiffers = errors.New("differs")

// replace writes a new version beside the old and makes it the current one in one step.
func replace(dir string, files map[string]File, now time.Time) (string, error) {
	version := ".." + now.UTC().Format("2006_01_02_15_04_05.000000000")
	whole := filepath.Join(dir, version)
	if err := os.RemoveAll(whole); err != nil { // left by a crash at the same instant
		return "", err
	}
	if err := os.Mkdir(whole, 0o755); err != nil {
		return "", err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		full := filepath.Join(whole, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return "", err
		}
		mode := fs.FileMode(files[path].Mode & 0o777)
		if err := os.WriteFile(full, files[path].Data, mode); err != nil {
			return "", err
		}
		if err := os.Chmod(full, mode); err != nil { // the umask must not take part
			return "", err
		}
	}
	return version, point(dir, version)
}

// point swaps ..data by rename, the only step at which readers see a difference.
func point(dir, version string) error {
	next := filepath.Join(dir, replacing)
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(version, next); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(dir, current))
}

// link makes the names that applications use, one per first element of a path.
func link(dir string, files map[string]File) error {
	for path := range files {
		top, _, _ := strings.Cut(path, "/")
		err := os.Symlink(filepath.Join(current, top), filepath.Join(dir, top))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// sweep removes names and versions that are no longer meant.
func sweep(dir, version string, files map[string]File) error {
	keep := map[string]bool{current: true, version: true}
	for path := range files {
		top, _, _ := strings.Cut(path, "/")
		keep[top] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !keep[entry.Name()] {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
