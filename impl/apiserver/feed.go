package apiserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
)

// feed is the caches behind a lock, and who is to be woken when they change.
type feed struct {
	mu  sync.Mutex
	set *cache.Set
	// sleepers hold a channel for each resource on which somebody sleeps, under nil for whoever waits for a revision. It
	// is closed at the next change.
	sleepers map[*api.Resource]chan struct{}
}

func newFeed(window int) *feed {
	return &feed{set: cache.NewSet(window), sleepers: map[*api.Resource]chan struct{}{}}
}

// Snapshot implements [request.Caches].
func (f *feed) Snapshot(r *api.Resource) (cache.Snapshot, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Of(r).Snapshot()
}

// At implements [request.Caches].
func (f *feed) At(r *api.Resource, revision int64) (cache.Snapshot, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Of(r).At(revision)
}

// Decode implements [request.Caches].
func (f *feed) Decode(kv store.KV) (*cache.Item, error) {
	f.mu.Lock()
	item, held := f.set.Held(kv)
	f.mu.Unlock()
	if held {
		return item, nil
	}
	return cache.Decode(kv)
}

func (f *feed) ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set.Ready()
}

// Revisions tells up to where the cache of each resource has come, for those that were filled.
func (s *Server) Revisions(tell func(group, resource string, revision int64)) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	for _, c := range s.feed.set.All() {
		if c.Ready() {
			tell(c.Resource().Group, c.Resource().Name, c.Revision())
		}
	}
}

// sleep returns a channel that is closed when the resource changes. The lock is held.
func (f *feed) sleep(r *api.Resource) <-chan struct{} {
	ch, ok := f.sleepers[r]
	if !ok {
		ch = make(chan struct{})
		f.sleepers[r] = ch
	}
	return ch
}

func (f *feed) wake(r *api.Resource) {
	if ch, ok := f.sleepers[r]; ok {
		close(ch)
		delete(f.sleepers, r)
	}
}

// observeList takes a list over, into all caches or into those only that are not ready.
func (f *feed) observeList(list listing, all bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	take := f.set.Recover
	if all {
		take = f.set.ObserveList
	}
	err := take(list.revision, list.kvs)
	for _, c := range f.set.All() {
		f.wake(c.Resource())
	}
	f.wake(nil)
	return err
}

func (f *feed) observe(resp store.WatchResponse) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed, err := f.set.Observe(resp)
	for _, c := range changed {
		f.wake(c.Resource())
	}
	f.wake(nil)
	return err
}

const (
	// listChunk is how many keys are read at once when the caches are filled.
	listChunk = 5000
	// retryFirst and retryMost bound the pause after a failure of the store, which doubles from one to the next.
	retryFirst, retryMost = 100 * time.Millisecond, 5 * time.Second
)

// errNotUnderstood: a value in the store could not be decoded.
var errNotUnderstood = errors.New("a cache was lost")

// follow keeps the caches fed until ctx ends: a list once, then a watch that is taken up again where it broke off. Where
// history does not reach back to there, all caches are listed again; where one could not decode a value, it alone is.
func (s *Server) follow(ctx context.Context) {
	var after int64
	all, lost := true, false // what is to be listed
	for pause := retryFirst; ctx.Err() == nil; pause = min(2*pause, retryMost) {
		var err error
		if all || lost {
			var list listing
			if list, err = s.list(ctx); err == nil {
				if bad := s.feed.observeList(list, all); bad != nil {
					s.cfg.Warn(bad) // its resource is not ready; the others are
				}
				if all {
					after = list.revision
				}
				all, lost = false, false
			}
		}
		if err == nil {
			began := after
			after, err = s.watchFrom(ctx, after)
			all, lost = errors.Is(err, store.ErrCompacted), errors.Is(err, errNotUnderstood)
			if !lost && (after > began || all) {
				pause = retryFirst
			}
		}
		if ctx.Err() != nil {
			return
		}
		s.cfg.Warn(fmt.Errorf("feeding the caches: %w", err))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// listing is everything in the store at one revision.
type listing struct {
	revision int64
	kvs      []store.KV
}

func (s *Server) list(ctx context.Context) (listing, error) {
	var all listing
	next := ""
	for {
		page, err := s.store.List(ctx, cache.Root, store.ListOptions{Revision: all.revision, Limit: listChunk, Continue: next})
		if err != nil {
			return listing{}, err
		}
		if all.revision == 0 {
			all.revision = page.Revision
		}
		all.kvs = append(all.kvs, page.KVs...)
		if len(page.KVs) < listChunk {
			return all, nil
		}
		next = page.KVs[len(page.KVs)-1].Key + "\x00"
	}
}

// watchFrom feeds the caches with what comes after a revision until the watch ends. It returns up to where it came.
func (s *Server) watchFrom(ctx context.Context, after int64) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	end := func(err error) {
		select {
		case ended <- err:
		default:
		}
	}
	seen := after // written by deliver, read after stop
	stop, err := s.store.Watch(ctx, cache.Root, after, func(resp store.WatchResponse) {
		if resp.Err != nil {
			end(resp.Err)
			return
		}
		if err := s.feed.observe(resp); err != nil {
			end(fmt.Errorf("%w: %w", errNotUnderstood, err))
		}
		seen = max(seen, resp.Revision)
	})
	if err != nil {
		return after, err
	}
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case err = <-ended:
	}
	stop()
	return seen, err
}

// progressEvery is how often the store is asked how far its watches are while somebody waits for the caches, as
// upstream's cacher asks.
const progressEvery = 100 * time.Millisecond

// wait ends when the resource's cache has come to the revision that op names, or with an error.
func (s *Server) wait(ctx context.Context, op request.Op) error {
	bound := time.NewTimer(request.WaitBound)
	defer bound.Stop()
	again := time.NewTicker(progressEvery)
	defer again.Stop()
	for {
		s.feed.mu.Lock()
		c := s.feed.set.Of(op.Resource)
		if c.Ready() && c.Revision() >= op.Revision {
			s.feed.mu.Unlock()
			return nil
		}
		moved := s.feed.sleep(nil)
		s.feed.mu.Unlock()
		select {
		case s.wanted <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-again.C:
		case <-bound.C:
			return request.ErrWaited
		case <-s.stopped:
			return store.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// progress asks the store how far its watches are whenever somebody wants to know.
func (s *Server) progress(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wanted:
		}
		asked, cancel := context.WithTimeout(ctx, request.WaitBound)
		err := s.store.Progress(asked)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.cfg.Warn(fmt.Errorf("asking for progress: %w", err))
		}
	}
}
