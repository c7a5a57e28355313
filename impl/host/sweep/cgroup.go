package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// parents are the control groups in which containers lie: below them each has the name of its ID. The CRI plugin takes the
// first where the kubelet names no parent, the second is upstream's kubelet's.
var parents = []string{"k8s.io", "kubepods"}

// containers are the IDs of the containers that containerd keeps state of below RunDir.
func containers() []string {
	dirs, _ := filepath.Glob(filepath.Join(RunDir, "*", "*", "io.containerd.runtime.v2.task", "k8s.io", "*"))
	more, _ := filepath.Glob(filepath.Join(RunDir, "*", "io.containerd.runtime.v2.task", "k8s.io", "*"))
	var ids []string
	for _, dir := range append(dirs, more...) {
		ids = append(ids, filepath.Base(dir))
	}
	return ids
}

// mountedCgroups are the places where hierarchies of control groups are mounted: one for version 2, several for version 1.
func mountedCgroups() []string {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var roots []string
	for line := range strings.Lines(string(data)) {
		front, back, _ := strings.Cut(line, " - ")
		if fields := strings.Fields(front); strings.HasPrefix(back, "cgroup") && len(fields) > 4 {
			roots = append(roots, fields[4])
		}
	}
	return roots
}

// cgroups are those of our containers.
func cgroups(roots []string) []string {
	var dirs []string
	for _, id := range containers() {
		for _, root := range roots {
			for _, parent := range parents {
				dir := filepath.Join(root, parent, id)
				if _, err := os.Stat(dir); err == nil {
					dirs = append(dirs, dir)
				}
			}
		}
	}
	return dirs
}

// removeCgroups removes those of our containers, and parents that have become empty.
func removeCgroups(ctx context.Context) (removed []string, err error) {
	roots := mountedCgroups()
	var errs []error
	for _, dir := range cgroups(roots) {
		if err := removeCgroup(ctx, dir); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, "cgroup "+dir)
	}
	for _, root := range roots {
		for _, parent := range parents {
			unix.Rmdir(filepath.Join(root, parent)) // refused where somebody else has containers
		}
	}
	return removed, errors.Join(errs...)
}

// removeCgroup tries until the kernel has let go of the processes in it, which it does a little after their end.
func removeCgroup(ctx context.Context, dir string) error {
	for {
		err := unix.Rmdir(dir)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("sweep: cgroup %s: %w", dir, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sweep: cgroup %s stays busy: %w", dir, ctx.Err())
		case <-time.After(poll):
		}
	}
}
