package host

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"orrery/impl/host/machine"
	"orrery/impl/host/tools"
)

// dataVersion is what the version file of a data directory says. It changes when an older cluster's data could not be used.
const dataVersion = "orrery-data/1"

// minFree is the space that a cluster needs at the least: etcd alone allocates 64 MiB for each segment of its log.
const minFree = 512 << 20

// Refused says why [Up] would refuse config on this host as it is now, or nil. It makes nothing.
func Refused(config Config) error {
	config, err := config.complete()
	if err != nil {
		return err
	}
	if err := check(config); err != nil {
		return err
	}
	if config.Wait {
		return nil
	}
	lock, err := machine.TryLock()
	if err != nil {
		return err
	}
	return lock.Unlock()
}

// check refuses what cannot work on this host, before anything is made: one line each, naming what is missing.
func check(c Config) error {
	if os.Geteuid() != 0 {
		return errors.New("a real cluster needs root (network namespaces, mounts, cgroups): run as root, or use the simulated world, which needs none: go test -short ./... runs in it")
	}
	if err := checkFUSE(); err != nil {
		return fmt.Errorf("this host has no FUSE, which the disks of etcd need (modprobe fuse): %w", err)
	}
	if _, err := os.Stat("/proc/self/ns/net"); err != nil {
		return fmt.Errorf("this kernel has no network namespaces: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if !strings.Contains(string(mounts), " - cgroup") {
		return errors.New("no cgroups are mounted, which containers need: mount -t cgroup2 none /sys/fs/cgroup")
	}
	if missing := tools.Missing(c.Tools, tools.Runtime...); len(missing) > 0 {
		return fmt.Errorf("not built: %s in %s: run make build", strings.Join(missing, ", "), c.Tools)
	}
	return checkNetwork(c)
}

// fuseDevice is the number of the device, the same on every Linux.
var fuseDevice = unix.Mkdev(10, 229)

func checkFUSE() error {
	const path = "/dev/fuse"
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || uint64(st.Rdev) != fuseDevice {
		return fmt.Errorf("%s is something else", path)
	}
	return nil
}

// checkNetwork refuses ranges of addresses that this host uses already. A bridge that an earlier run has left is no use.
func checkNetwork(c Config) error {
	addresses, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("addresses of this host: %w", err)
	}
	for _, a := range addresses {
		ip, ok := netip.AddrFromSlice(a.IP.To4())
		if !ok || strings.HasPrefix(a.Label, "orrery") {
			continue
		}
		ones, _ := a.Mask.Size()
		used := netip.PrefixFrom(ip, ones).Masked()
		for _, wanted := range []netip.Prefix{c.Subnet, podRange} {
			if used.Overlaps(wanted) {
				return fmt.Errorf("network %v is in use on this host: %s has %v", wanted, a.Label, a.IPNet)
			}
		}
	}
	return nil
}

// podRange has the addresses of all pods.
var podRange = netip.MustParsePrefix("10.88.0.0/16")

// prepare makes the data directory, or refuses one that is somebody else's, another version's, or full. It then leaves
// what there was.
func prepare(dir string) (err error) {
	if _, absent := os.Stat(dir); errors.Is(absent, os.ErrNotExist) {
		defer func() {
			if err != nil {
				os.Remove(dir)
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	path := filepath.Join(dir, "version")
	version, err := os.ReadFile(path)
	switch {
	case err == nil && strings.TrimSpace(string(version)) != dataVersion:
		return fmt.Errorf("dir: %s is of another version: %s, this is %s: name another directory, or remove it", dir, strings.TrimSpace(string(version)), dataVersion)
	case errors.Is(err, os.ErrNotExist):
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("dir: %w", err)
		}
		if len(entries) > 0 {
			return fmt.Errorf("dir: %s holds %s but no version file: it is no data directory of orrery", dir, entries[0].Name())
		}
	case err != nil:
		return fmt.Errorf("dir: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("dir: %s: %w", dir, err)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < minFree {
		return fmt.Errorf("dir: the disk of %s is full: %d MiB are free, %d are needed", dir, free>>20, minFree>>20)
	}
	if err := os.WriteFile(path, []byte(dataVersion+"\n"), 0o644); err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	return nil
}
