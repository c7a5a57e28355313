package disk

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// dyingPoll is how often a held caller that was once interrupted is looked at: the kernel tells of the first signal only,
// and that one may be harmless.
const dyingPoll = 20 * time.Millisecond

// gate is what every write and fsync passes: it holds them, slows them, fails them, and counts.
type gate struct {
	mu       sync.Mutex
	faults   Faults
	changed  chan struct{} // closed when faults are set anew
	closed   bool
	counters Counters
}

func newGate() *gate { return &gate{changed: make(chan struct{})} }

// set replaces the faults and wakes who is held.
func (g *gate) set(f Faults) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = f
	close(g.changed)
	g.changed = make(chan struct{})
}

// close lets everybody go with EIO, now and from now on.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.set(Faults{})
}

func (g *gate) look() (Faults, <-chan struct{}, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.faults, g.changed, g.closed
}

func (g *gate) count(n *int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*n++
}

// write is passed before bytes of a file change.
func (g *gate) write(ctx context.Context) syscall.Errno {
	if errno := g.hold(ctx, func(f Faults) bool { return f.StallWrite }, &g.counters.WritesHeld); errno != 0 {
		return errno
	}
	f, _, _ := g.look()
	switch f.WriteError {
	case "EIO":
		g.count(&g.counters.Failed)
		return syscall.EIO
	case "ENOSPC":
		g.count(&g.counters.Failed)
		return syscall.ENOSPC
	}
	return 0
}

// fsync is passed before anything is made durable.
func (g *gate) fsync(ctx context.Context) syscall.Errno {
	g.count(&g.counters.Fsyncs)
	if errno := g.hold(ctx, func(f Faults) bool { return f.StallFsync }, &g.counters.FsyncsHeld); errno != 0 {
		return errno
	}
	f, _, _ := g.look()
	if f.SlowFsync > 0 {
		end := time.Now().Add(f.SlowFsync)
		timer := time.AfterFunc(f.SlowFsync, g.wake)
		defer timer.Stop()
		slow := func(f Faults) bool { return f.SlowFsync > 0 && time.Now().Before(end) }
		if errno := g.hold(ctx, slow, &g.counters.FsyncsHeld); errno != 0 {
			return errno
		}
	}
	if f, _, _ = g.look(); f.FsyncError {
		g.count(&g.counters.Failed)
		return syscall.EIO
	}
	return 0
}

// wake lets everybody who is held look again.
func (g *gate) wake() {
	f, _, _ := g.look()
	g.set(f)
}

// hold waits while held says so. A caller that is being killed is let go with EINTR, since the kernel would otherwise keep
// it in an uninterruptible sleep until it gets an answer.
func (g *gate) hold(ctx context.Context, held func(Faults) bool, counter *int64) syscall.Errno {
	interrupted := ctx.Done()
	var poll <-chan time.Time
	for first := true; ; first = false {
		f, changed, closed := g.look()
		if closed {
			return syscall.EIO
		}
		if !held(f) {
			return 0
		}
		if first {
			g.count(counter)
		}
		select {
		case <-changed:
		case <-interrupted:
			interrupted = nil
			ticker := time.NewTicker(dyingPoll)
			defer ticker.Stop()
			poll = ticker.C
		case <-poll:
			if dying(ctx) {
				return syscall.EINTR
			}
		}
	}
}

// dying tells whether the thread that made the request is gone or has SIGKILL pending. Any other signal is no reason to
// fail: the Go runtime sends itself SIGURG, and etcd takes an interrupted fsync for a broken disk.
func dying(ctx context.Context) bool {
	caller, ok := fuse.FromContext(ctx)
	if !ok {
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", caller.Pid))
	if err != nil {
		return true
	}
	for line := range bytes.Lines(status) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if s := string(name); s == "SigPnd" || s == "ShdPnd" {
			mask, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 16, 64)
			if err == nil && mask&(1<<(syscall.SIGKILL-1)) != 0 {
				return true
			}
		}
	}
	return false
}
