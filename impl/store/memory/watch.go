package memory

import (
	"context"
	"slices"
	"strings"

	"orrery/impl/store"
)

// watch is one open watch. It has always been told everything up to the store's revision.
type watch struct {
	prefix  string
	after   int64
	deliver func(store.WatchResponse)
	release func() bool // lets go of the context
}

// Watch delivers history from within the call, and every later change from within the write that makes it; see
// [store.Store]. A context that can end is watched by the context's own goroutine; a simulation passes one that cannot.
func (s *Store) Watch(ctx context.Context, prefix string, after int64, deliver func(store.WatchResponse)) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	w := &watch{prefix: prefix, after: max(after, 0), deliver: deliver, release: func() bool { return true }}
	stop := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.remove(w)
	}
	s.watches = append(s.watches, w)
	if w.after+1 < s.compacted {
		s.end(w, &store.CompactedError{Revision: s.compacted})
		return stop, nil
	}
	for _, v := range s.log.since(w.after + 1) {
		if v.orphan && strings.HasPrefix(v.kv.Key, prefix) {
			s.end(w, &store.CompactedError{Revision: s.compacted})
			return stop, nil
		}
		w.observe(v)
	}
	if ctx.Done() != nil {
		w.release = context.AfterFunc(ctx, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.end(w, ctx.Err())
		})
	}
	return stop, nil
}

// Progress tells every watch that is past its start the store's revision; see [store.Store].
func (s *Store) Progress(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for _, w := range s.watches {
		if s.revision > w.after {
			w.deliver(store.WatchResponse{Revision: s.revision})
		}
	}
	return nil
}

func (w *watch) observe(v *version) {
	if v.kv.Mod <= w.after || !strings.HasPrefix(v.kv.Key, w.prefix) {
		return
	}
	w.deliver(store.WatchResponse{
		Changes:  []store.Change{{Deleted: v.deleted, KV: *v.kv, Previous: v.previous}},
		Revision: v.kv.Mod,
	})
}

// end tells w why it ends; a watch that has been stopped is told nothing more.
func (s *Store) end(w *watch, err error) {
	if s.remove(w) {
		w.deliver(store.WatchResponse{Err: err})
	}
}

func (s *Store) remove(w *watch) bool {
	n := slices.Index(s.watches, w)
	if n < 0 {
		return false
	}
	s.watches = slices.Delete(s.watches, n, n+1)
	w.release()
	return true
}
