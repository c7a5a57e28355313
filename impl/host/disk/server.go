package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// FSName is the device that /proc/self/mounts shows for a disk: how leftovers are recognised.
const FSName = "orrery-disk"

// busyPoll is how often it is tried again to unmount a disk that is still in use.
const busyPoll = 10 * time.Millisecond

// server is a disk that is mounted.
type server struct {
	mountpoint string
	volume     volume

	mu   sync.Mutex // a crash unmounts and mounts
	fuse *fuse.Server
}

// Serve mounts backing at mountpoint, obeys [Client]s at the socket, and unmounts when ctx ends. Who is held by a stall then
// gets EIO, and who still uses the disk keeps what it has open until Serve's process ends.
func Serve(ctx context.Context, backing, mountpoint, socket string) error {
	if err := checkSocket(socket); err != nil {
		return err
	}
	s := &server{mountpoint: mountpoint, volume: volume{
		live:    filepath.Join(backing, "live"),
		removed: filepath.Join(backing, "removed"),
		gate:    newGate(),
		journal: newJournal(),
	}}
	// What a server that was killed had kept can no longer come back.
	if err := os.RemoveAll(s.volume.removed); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	for _, dir := range []string{s.volume.live, s.volume.removed, mountpoint} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("disk: %w", err)
		}
	}
	if err := s.mount(); err != nil {
		return err
	}
	control, err := listen(ctx, socket, s.answer)
	if err == nil {
		<-ctx.Done()
		control()
	}
	s.volume.gate.close()
	return errors.Join(err, s.end())
}

func (s *server) mount() error {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return fmt.Errorf("disk: this kernel has no FUSE: %w", err)
	}
	root := &node{volume: &s.volume}
	mounted, err := fusefs.Mount(s.mountpoint, root, &fusefs.Options{MountOptions: fuse.MountOptions{
		FsName:            FSName,
		Name:              "orrery",
		DirectMountStrict: true,
		DisableXAttrs:     true,
	}})
	if err != nil {
		return fmt.Errorf("disk: mount %s: %w", s.mountpoint, err)
	}
	s.fuse = mounted
	return nil
}

// end unmounts; who still uses the disk does not keep the mount there.
func (s *server) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := unix.Unmount(s.mountpoint, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("disk: unmount %s: %w", s.mountpoint, err)
	}
	return nil
}

// crash waits until nobody uses the disk, unmounts it so that nothing of the kernel's cache survives, loses what is lost, and
// mounts it again.
func (s *server) crash(ctx context.Context, l Loss) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		err := unix.Unmount(s.mountpoint, 0)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("disk: unmount %s: %w", s.mountpoint, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("disk: %s is still in use: kill the process that uses it first", s.mountpoint)
		case <-time.After(busyPoll):
		}
	}
	s.fuse.Wait()
	ops, bytes, err := s.volume.journal.crash(l)
	g := s.volume.gate
	g.mu.Lock()
	g.counters.OpsDropped += ops
	g.counters.BytesDropped += bytes
	g.mu.Unlock()
	return errors.Join(err, s.mount())
}

func (s *server) counters() Counters {
	g := s.volume.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.counters
	c.Unsynced = s.volume.journal.len()
	return c
}

func (s *server) answer(ctx context.Context, r request) (response, error) {
	switch {
	case r.Faults != nil:
		if err := r.Faults.check(); err != nil {
			return response{}, err
		}
		s.volume.gate.set(*r.Faults)
	case r.Crash != nil:
		if err := r.Crash.check(); err != nil {
			return response{}, err
		}
		if err := s.crash(ctx, *r.Crash); err != nil {
			return response{}, err
		}
	}
	return response{Counters: s.counters()}, nil
}
