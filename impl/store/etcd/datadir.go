package etcd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// ownerFile names the member that a data directory belongs to. etcd itself would start a member from another's
// directory without a word: it takes its identity from there, and two members then run under one.
const ownerFile = "orrery-member"

// lockWait is how long to wait for another process to let go of the database.
const lockWait = time.Second

// claim makes a data directory this member's, or says whose it is.
func claim(dir, name string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, ownerFile)
	owner, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		owner = []byte(name + "\n")
		err = writeDurably(path, owner)
	}
	if err != nil {
		return err
	}
	if owner := strings.TrimSpace(string(owner)); owner != name {
		return fmt.Errorf("the data directory belongs to member %q", owner)
	}
	return probe(filepath.Join(dir, "member", "snap", "db"))
}

// writeDurably writes a file that is there as a whole or not at all after a loss of power. A name cut short would keep the
// member from its own data for ever.
func writeDurably(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ownerFile+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// probe opens the database once, for reading. What is wrong with it makes etcd panic in a goroutine of its own, and
// where another process uses it etcd waits for ever.
func probe(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return errors.New("the data directory is in use by another process")
	case err != nil:
		return fmt.Errorf("the database cannot be opened: %w", err)
	}
	return db.Close()
}
