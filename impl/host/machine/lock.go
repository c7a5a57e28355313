package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockFile is held by whoever has machines on this host. It is never removed: a lock on a file that has been replaced would
// keep nobody out.
const lockFile = "/run/orrery.lock"

// lockPoll is how often a busy lock is tried again.
const lockPoll = 20 * time.Millisecond

// ErrBusy: somebody else has machines on this host.
var ErrBusy = errors.New("another orrery cluster is running on this host: end it first")

// Lock is the right to have machines on this host. It ends with the process, however that ends.
type Lock struct {
	file *os.File
}

// TryLock takes the lock, or says ErrBusy.
func TryLock() (*Lock, error) {
	f, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("machine: lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("machine: lock %s: %w", lockFile, err)
	}
	return &Lock{file: f}, nil
}

// WaitLock takes the lock when it becomes free.
func WaitLock(ctx context.Context) (*Lock, error) {
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for {
		l, err := TryLock()
		if !errors.Is(err, ErrBusy) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-ticker.C:
		}
	}
}

// Unlock gives the lock back.
func (l *Lock) Unlock() error { return l.file.Close() }
