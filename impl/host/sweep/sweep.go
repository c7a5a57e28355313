package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"orrery/impl/host/disk"
	"orrery/impl/host/machine"
)

// cniResults is where the CNI library keeps the results of its calls, for all runtimes of a host; ours begin with "orrery-".
const cniResults = "/var/lib/cni/results"

// poll is how often it is looked whether a process has gone.
const poll = 5 * time.Millisecond

// Left names whatever is on this host of a cluster.
func Left() ([]string, error) {
	var left []string
	processes, err := processes()
	if err != nil {
		return nil, err
	}
	for _, p := range processes {
		left = append(left, p.String())
	}
	mounts, err := mounts()
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		left = append(left, "mount "+m)
	}
	for _, c := range cgroups(mountedCgroups()) {
		left = append(left, "cgroup "+c)
	}
	spaces, links, err := machine.Left()
	if err != nil {
		return nil, err
	}
	for _, s := range spaces {
		left = append(left, "namespace "+s)
	}
	for _, l := range links {
		left = append(left, "link "+l)
	}
	files, err := files()
	if err != nil {
		return nil, err
	}
	return append(left, files...), nil
}

// Sweep removes it and names what it removed. It goes on after an error, and ends when ctx does.
func Sweep(ctx context.Context) (removed []string, err error) {
	var errs []error
	note := func(names []string, err error) {
		removed = append(removed, names...)
		errs = append(errs, err)
	}
	note(abortDisks())
	note(killAll(ctx))
	note(removeCgroups(ctx))
	note(unmountAll())
	note(machine.Remove())
	note(removeFiles())
	return removed, errors.Join(errs...)
}

// abortDisks comes first: a process that waits for a disk which does not answer cannot be killed.
func abortDisks() (removed []string, err error) {
	disks, err := disk.Mounts(RunDir) // others are not a cluster's
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, d := range disks {
		if err := d.Detach(); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, "disk "+d.Point)
	}
	return removed, errors.Join(errs...)
}

// killAll kills until nobody is left: a process may start others while it is being looked for.
func killAll(ctx context.Context) (removed []string, err error) {
	told := map[int]bool{}
	for {
		found, err := processes()
		if err != nil || len(found) == 0 {
			return removed, err
		}
		for _, p := range found {
			if !told[p.pid] {
				told[p.pid] = true
				removed = append(removed, p.String())
			}
			if err := unix.Kill(p.pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return removed, fmt.Errorf("sweep: %v: %w", p, err)
			}
		}
		select {
		case <-ctx.Done():
			return removed, fmt.Errorf("sweep: %v does not end: %w", found[0], ctx.Err())
		case <-time.After(poll):
		}
	}
}

// dataFile names the data directory of the cluster: a kubelet mounts volumes below it.
const dataFile = "data-directory"

// Claim makes [RunDir] for a cluster with this data directory.
func Claim(data string) error {
	if err := os.MkdirAll(RunDir, 0o700); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := os.WriteFile(filepath.Join(RunDir, dataFile), []byte(data), 0o600); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// below tells whether path lies in a directory of a cluster.
func below(path string) bool {
	data, _ := os.ReadFile(filepath.Join(RunDir, dataFile))
	return strings.HasPrefix(path, RunDir+"/") || len(data) > 1 && strings.HasPrefix(path, string(data)+"/")
}

// mounts are those below the directories of a cluster, innermost first.
func mounts() ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	var points []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && below(fields[4]) {
			points = append(points, fields[4])
		}
	}
	slices.Reverse(points)
	return points, nil
}

func unmountAll() (removed []string, err error) {
	points, err := mounts()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range points {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("sweep: unmount %s: %w", p, err))
			continue
		}
		removed = append(removed, "mount "+p)
	}
	return removed, errors.Join(errs...)
}

// files are what is removed last.
func files() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(cniResults, "orrery-*"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(RunDir); err == nil {
		found = append(found, RunDir)
	}
	return found, nil
}

func removeFiles() (removed []string, err error) {
	found, err := files()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, path := range found {
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, fmt.Errorf("sweep: %w", err))
			continue
		}
		removed = append(removed, path)
	}
	// The directories of CNI go if they are empty: then they were made for us.
	for dir := cniResults; dir != "/var/lib"; dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break
		}
	}
	return removed, errors.Join(errs...)
}
