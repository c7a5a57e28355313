package disk

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// connections is where the kernel lets a mount be aborted whose server does not answer.
const connections = "/sys/fs/fuse/connections"

// Mount is one disk that is mounted on this host.
type Mount struct {
	Point string
	// connection is the minor device number, by which the kernel names the connection to the server.
	connection string
}

// Mounts are the disks below dir; an empty dir means all.
func Mounts(dir string) ([]Mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	defer f.Close()
	var mounts []Mount
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// ID parent major:minor root point options ... - type source superoptions: see proc_pid_mountinfo(5).
		front, back, ok := strings.Cut(lines.Text(), " - ")
		fields, types := strings.Fields(front), strings.Fields(back)
		if !ok || len(fields) < 5 || len(types) < 2 || types[1] != FSName {
			continue
		}
		point := unescape(fields[4])
		if dir != "" && point != dir && !strings.HasPrefix(point, dir+"/") {
			continue
		}
		_, minor, _ := strings.Cut(fields[2], ":")
		mounts = append(mounts, Mount{Point: point, connection: minor})
	}
	return mounts, nil
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Detach removes the mount whatever state its server is in: those who wait for it get an error.
func (m Mount) Detach() error {
	return errors.Join(m.abort(), unmount(m.Point))
}

func unmount(point string) error {
	if err := unix.Unmount(point, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("disk: unmount %s: %w", point, err)
	}
	return nil
}

func (m Mount) abort() error {
	if entries, err := os.ReadDir(connections); err == nil && len(entries) == 0 {
		if err := unix.Mount("none", connections, "fusectl", 0, ""); err != nil {
			return fmt.Errorf("disk: mount %s: %w", connections, err)
		}
		defer unix.Unmount(connections, 0)
	}
	err := os.WriteFile(filepath.Join(connections, m.connection, "abort"), []byte("1"), 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("disk: abort %s: %w", m.Point, err)
	}
	return nil
}
