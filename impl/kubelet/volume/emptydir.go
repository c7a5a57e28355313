package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// MakeEmptyDir makes an emptyDir that everybody may write, in memory (a tmpfs of at most limit bytes, if that is
// positive) or on the disk of the node. What is in it already stays.
func MakeEmptyDir(dir string, memory bool, limit int64) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if memory {
		mounts, err := mountsBelow(dir)
		if err != nil {
			return err
		}
		if !slices.Contains(mounts, dir) {
			options := ""
			if limit > 0 {
				options = fmt.Sprintf("size=%d", limit)
			}
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
				return fmt.Errorf("mounting a tmpfs on %s: %w", dir, err)
			}
		}
	}
	return os.Chmod(dir, 0o777)
}

// Remove removes a directory of volumes, and first whatever is mounted in it: what is mounted is not deleted.
func Remove(dir string) error {
	mounts, err := mountsBelow(dir)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(mounts) {
		if err := unix.Unmount(m, unix.MNT_DETACH); err != nil {
			return errors.Join(fmt.Errorf("unmounting %s", m), err)
		}
	}
	return os.RemoveAll(dir)
}

// mountsBelow lists the mount points at and below dir, in the order in which they were mounted.
func mountsBelow(dir string) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	const pointField = 4
	var mounts []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) <= pointField {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[pointField])
		if point == dir || strings.HasPrefix(point, dir+"/") {
			mounts = append(mounts, point)
		}
	}
	return mounts, nil
}
