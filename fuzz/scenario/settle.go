package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"orrery/impl/store/observe"
	"orrery/impl/trace"
)

// activity is a sink of the store's log that remembers when something else than a heartbeat was last written.
type activity struct {
	trace.Sink
	mu   sync.Mutex
	last time.Time
}

// Emit passes the line on.
func (a *activity) Emit(l trace.Line) {
	a.Sink.Emit(l)
	if r := l.Revision; r != nil && !heartbeat(r.Resource) {
		a.mu.Lock()
		a.last = time.Now()
		a.mu.Unlock()
	}
}

// heartbeat reports whether objects of the resource are written for ever. What is of none, API servers keep for themselves: that they live, for one.
func heartbeat(resource string) bool {
	return resource == "" || resource == "leases" || resource == "nodes" || resource == "events"
}

// quietFor is how long nothing but heartbeats has been written.
func (a *activity) quietFor() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Since(a.last)
}

// observe follows the store's log, from its beginning, by a client of its own.
func (r *run) observe(ctx context.Context, background *sync.WaitGroup, failed chan<- error) error {
	etcd, err := r.cluster.Store()
	if err != nil {
		return err
	}
	sink, err := trace.Open(filepath.Join(r.parts, "store.jsonl"), "store")
	if err != nil {
		etcd.Close()
		return err
	}
	sink.OnFailure(r.fail)
	r.activity = &activity{Sink: sink, last: time.Now()}
	r.observer = observe.New(etcd, r.activity, 0)
	background.Go(func() {
		defer sink.Close()
		defer etcd.Close()
		if err := r.observer.Run(ctx); err != nil {
			failed <- err
		}
	})
	return nil
}

// settle waits until the cluster is quiet; false if it was not within the bound.
func (r *run) settle(parent context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(parent, bound)
	defer cancel()
	begun := time.Now()
	for {
		if time.Since(begun) >= quiet && r.activity.quietFor() >= quiet {
			return true, nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return false, context.Cause(parent)
		}
	}
}

// complete waits until everything in the store has been observed: the trace must not end before its truth does.
func (r *run) complete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	etcd, err := r.cluster.Store()
	if err != nil {
		return err
	}
	defer etcd.Close()
	now, err := etcd.Count(ctx, "/registry/")
	if err != nil {
		return fmt.Errorf("the store's revision at the end: %w", err)
	}
	return r.observer.Reach(ctx, now.Revision)
}

// partFiles are the traces of all processes.
func (r *run) partFiles() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(r.parts, "*.jsonl"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no process left a trace in %s: %w", r.parts, os.ErrNotExist)
	}
	return files, err
}
