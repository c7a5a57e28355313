package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// createOnce makes path hold data unless path is there already, which is no error: the first of several wins. A link,
// unlike a rename, never replaces what another process has already read.
func createOnce(path string, data []byte, mode fs.FileMode) error {
	temporary, err := writeBeside(path, data, mode)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("pki: %w", err)
	}
	return nil
}

// replace makes path hold data, whole, at once.
func replace(path string, data []byte, mode fs.FileMode) error {
	temporary, err := writeBeside(path, data, mode)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		os.Remove(temporary)
		return fmt.Errorf("pki: %w", err)
	}
	return nil
}

// writeBeside writes data durably to a new file in path's directory.
func writeBeside(path string, data []byte, mode fs.FileMode) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", fmt.Errorf("pki: %w", err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		os.Remove(file.Name())
		return "", fmt.Errorf("pki: %w", err)
	}
	return file.Name(), nil
}
