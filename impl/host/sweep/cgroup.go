package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupRoot is the control group below which those of all our containers are made: their runtime is told so. It stays when containerd has
// forgotten a container, as where a start is given up halfway, and runc's part of it lies about.
const cgroupRoot = "orrery"

// CgroupParent is the control group below which a machine's containers are; whoever asks its runtime for a sandbox names it.
func CgroupParent(machine string) string { return path.Join("/", cgroupRoot, machine) }

// unnamed is where containerd puts the containers of whoever names no parent, as crictl does: below it each has the name of its ID.
const unnamed = "k8s.io"

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

// cgroups are the outermost of ours.
func cgroups(roots []string) (dirs []string) {
	ids := containers()
	for _, root := range roots {
		all := []string{filepath.Join(root, cgroupRoot)}
		for _, id := range ids {
			all = append(all, filepath.Join(root, unnamed, id))
		}
		for _, dir := range all {
			if _, err := os.Stat(dir); err == nil {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// removeCgroups removes ours with all below them, and the parent of those without a name of ours if that has become empty.
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
		unix.Rmdir(filepath.Join(root, unnamed)) // refused where somebody else has containers
	}
	return removed, errors.Join(errs...)
}

// removeCgroup removes one, innermost first.
func removeCgroup(ctx context.Context, top string) error {
	var dirs []string
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // the kernel or its runtime was faster
		case err == nil && e.IsDir():
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep: cgroup %s: %w", top, err)
	}
	for _, dir := range slices.Backward(dirs) {
		if err := rmdir(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// rmdir tries until the kernel has let go of the processes in it, which it does a little after their end.
func rmdir(ctx context.Context, dir string) error {
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
