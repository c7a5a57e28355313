package observe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orrery/impl/store"
	"orrery/impl/trace"
)

// ErrLost: the log was compacted beyond what had been written down.
var ErrLost = errors.New("observe: part of the store's log is lost, it was compacted before it was observed")

// Prefix is what is observed: everything. API servers keep their objects under /registry/, and besides them a key for
// agreeing on compactions; with that one left out the log would have holes.
const Prefix = ""

// probeKey is what is read to learn which revisions can still be read; it need not exist.
const probeKey = "/registry/"

const (
	// retryPause is the wait before a broken watch is opened again, pollPause that between two looks at what is waited
	// for, lookPause that between two looks for compactions.
	retryPause = 100 * time.Millisecond
	pollPause  = 50 * time.Millisecond
	lookPause  = time.Second
)

// Observer follows one store. See the package comment.
type Observer struct {
	store  store.Store
	sink   trace.Sink
	decode Decoder

	mu        sync.Mutex
	last      int64 // everything up to this revision has been written down
	compacted int64
	ended     chan error // of the watch that is open
	stop      func()
}

// New returns an observer of all changes after a revision.
func New(s store.Store, sink trace.Sink, after int64) *Observer {
	return &Observer{store: s, sink: sink, decode: decode, last: after}
}

// DecodeWith has the observer read values with a Decoder: what one process reads more than once it may keep. It is called before
// Open.
func (o *Observer) DecodeWith(decode Decoder) { o.decode = decode }

// Revision is how far the log has been written down.
func (o *Observer) Revision() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// Open begins to observe, from where it stopped the last time.
func (o *Observer) Open(ctx context.Context) error {
	ended := make(chan error, 1)
	stop, err := o.store.Watch(ctx, Prefix, o.Revision(), func(r store.WatchResponse) { o.observe(r, ended) })
	if err != nil {
		return lost(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stop, o.ended = stop, ended
	select {
	case err := <-ended: // known at once only where the store is synchronous
		return lost(err)
	default:
		return nil
	}
}

// Close ends the observation. What was open is closed for good.
func (o *Observer) Close() {
	o.mu.Lock()
	stop := o.stop
	o.stop = nil
	o.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Run observes until ctx ends, which is no error, or until the log is lost.
func (o *Observer) Run(ctx context.Context) error {
	for {
		err := o.Open(ctx)
		if err == nil {
			err = o.follow(ctx)
			o.Close()
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrLost), errors.Is(err, store.ErrClosed):
			return err
		}
		if !pause(ctx, retryPause) {
			return nil
		}
	}
}

// follow waits until the open watch ends, and looks for compactions meanwhile.
func (o *Observer) follow(ctx context.Context) error {
	look := time.NewTicker(lookPause)
	defer look.Stop()
	for {
		select {
		case err := <-o.ended:
			return lost(err)
		case <-look.C:
			// A look that fails is made up for by the next one.
			_ = o.LookForCompaction(ctx)
		}
	}
}

// Reach waits until everything up to a revision has been written down.
func (o *Observer) Reach(ctx context.Context, revision int64) error {
	for o.Revision() < revision {
		// A failure to ask is not worth more than another try: what counts is whether the revision is reached.
		_ = o.store.Progress(ctx)
		if o.Revision() >= revision {
			return nil
		}
		if !pause(ctx, pollPause) {
			return fmt.Errorf("observe: the log was written down up to revision %d of %d: %w", o.Revision(), revision, ctx.Err())
		}
	}
	return nil
}

// LookForCompaction writes a Compact line if history has been compacted since the last look. A store tells by no answer
// where history begins, only of each revision whether it can still be read: so it asks one read where nothing was
// compacted, and searches otherwise. It may be called only where the store may be, not while it delivers.
func (o *Observer) LookForCompaction(ctx context.Context) error {
	o.mu.Lock()
	gone := max(o.compacted, 1)
	o.mu.Unlock()
	if is, err := o.gone(ctx, gone); err != nil || !is {
		return err
	}
	now, err := o.store.Get(ctx, probeKey, store.GetOptions{})
	if err != nil {
		return err
	}
	held := now.Revision
	for gone+1 < held { // gone is gone, held is not
		middle := gone + (held-gone)/2
		is, err := o.gone(ctx, middle)
		if err != nil {
			return err
		}
		if is {
			gone = middle
		} else {
			held = middle
		}
	}
	o.compact(held)
	return nil
}

// gone reports whether revision can no longer be read.
func (o *Observer) gone(ctx context.Context, revision int64) (bool, error) {
	_, err := o.store.Get(ctx, probeKey, store.GetOptions{Revision: revision})
	if errors.Is(err, store.ErrCompacted) {
		return true, nil
	}
	return false, err
}

func (o *Observer) compact(revision int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if revision > o.compacted {
		o.compacted = revision
		o.sink.Emit(trace.Line{Compact: &trace.Compact{Revision: revision}})
	}
}

// observe is called by the store, one response after the other.
func (o *Observer) observe(r store.WatchResponse, ended chan<- error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Err != nil {
		ended <- r.Err
		return
	}
	for _, c := range r.Changes {
		o.sink.Emit(trace.Line{Revision: line(c, o.decode)})
	}
	o.last = max(o.last, r.Revision)
}

func lost(err error) error {
	if errors.Is(err, store.ErrCompacted) {
		return fmt.Errorf("%w: %v", ErrLost, err)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
