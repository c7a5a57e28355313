package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"orrery/impl/store"
)

// watch is one open watch. Each has a gRPC stream of its own: on a shared one a watch that lags holds up the progress
// notices of all others (mvcc.progressIfSync answers only when every watch of the stream is caught up), and a busy one
// starves the rest (etcd#17529).
type watch struct {
	store   *Store
	watcher clientv3.Watcher
	ctx     context.Context // the caller's
	cancel  context.CancelFunc
	deliver func(store.WatchResponse)

	mu      sync.Mutex // held while delivering
	stopped bool
	done    chan struct{} // closed when the pump has ended
}

// Watch returns when etcd has confirmed the watch; see [store.Store]. Where the connection breaks, the client library
// opens the stream again after the last revision that it handed over, and the caller does not notice; what it cannot
// resume (compaction, a member without a leader) ends the watch.
func (s *Store) Watch(ctx context.Context, prefix string, after int64, deliver func(store.WatchResponse)) (func(), error) {
	if s.isClosed() {
		return nil, store.ErrClosed
	}
	wctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	w := &watch{
		store: s, watcher: clientv3.NewWatcher(s.client.Client),
		ctx: ctx, cancel: cancel, deliver: deliver, done: make(chan struct{}),
	}
	late := time.AfterFunc(s.timeout, cancel)
	responses := w.watcher.Watch(wctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(max(after, 0)+1),
		clientv3.WithPrevKV(), clientv3.WithProgressNotify(), clientv3.WithCreatedNotify())
	created, ok := <-responses
	if !late.Stop() || !ok || created.Err() != nil {
		w.release()
		return nil, w.openError(created.Err())
	}
	if !s.register(w) {
		w.release()
		return nil, store.ErrClosed
	}
	go w.pump(responses)
	return w.stop, nil
}

// Progress asks on each watch's own stream, so that the notice takes the same way as the changes and cannot overtake
// one (etcd#15220); see [store.Store].
func (s *Store) Progress(ctx context.Context) error {
	s.mu.Lock()
	open := make([]*watch, 0, len(s.watches))
	for w := range s.watches {
		open = append(open, w)
	}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return store.ErrClosed
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	for _, w := range open {
		if err := w.watcher.RequestProgress(bounded); err != nil {
			// Where it is not ctx, the stream is gone. The watch then ends, and tells its own reader why: in a moment, since the
			// client forgets the stream before it closes the channel that pump reads.
			select {
			case <-w.done:
			case <-bounded.Done():
				return readError(ctx, err)
			}
		}
	}
	return nil
}

// pump hands on what arrives until the stream ends, and then says why it did.
func (w *watch) pump(responses clientv3.WatchChan) {
	defer close(w.done)
	defer w.release()
	for r := range responses {
		for _, next := range split(r) {
			if !w.tell(next) || next.Err != nil {
				return
			}
		}
	}
	w.tell(store.WatchResponse{Err: w.endError()})
}

// split turns one answer of etcd, which may hold the changes of many revisions, into one for each revision.
func split(r clientv3.WatchResponse) []store.WatchResponse {
	if err := r.Err(); err != nil {
		return []store.WatchResponse{{Err: watchError(r, err)}}
	}
	if r.IsProgressNotify() {
		return []store.WatchResponse{{Revision: r.Header.Revision}}
	}
	var out []store.WatchResponse
	for _, e := range r.Events {
		change := store.Change{Deleted: e.Type == clientv3.EventTypeDelete, KV: value(e.Kv), Previous: pointer(e.PrevKv)}
		if change.Previous == nil && !e.IsCreate() {
			// The version replaced has been compacted before etcd read it, which it does when it sends. See the Upstream
			// line of store/memory.
			return append(out, store.WatchResponse{Err: fmt.Errorf("%w: what revision %d replaced", store.ErrCompacted, e.Kv.ModRevision)})
		}
		if n := len(out); n > 0 && out[n-1].Revision == e.Kv.ModRevision {
			out[n-1].Changes = append(out[n-1].Changes, change)
			continue
		}
		out = append(out, store.WatchResponse{Revision: e.Kv.ModRevision, Changes: []store.Change{change}})
	}
	return out
}

// tell delivers unless the watch has been stopped.
func (w *watch) tell(r store.WatchResponse) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.deliver(r)
	return true
}

func (w *watch) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.close()
}

// close ends the stream and waits until its last response has been delivered.
func (w *watch) close() {
	w.cancel()
	<-w.done
}

func (w *watch) release() {
	w.cancel()
	_ = w.watcher.Close() // frees the stream; what broke it has been told already
	w.store.mu.Lock()
	delete(w.store.watches, w)
	w.store.mu.Unlock()
}

func (s *Store) register(w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.watches[w] = struct{}{}
	return true
}

func (w *watch) openError(err error) error {
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case err == nil:
		return fmt.Errorf("%w: the watch was not confirmed within %v", store.ErrUnavailable, w.store.timeout)
	}
	return readError(w.ctx, err)
}

// endError is why a stream ended that gave no reason itself.
func (w *watch) endError() error {
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.store.isClosed():
		return store.ErrClosed
	}
	return store.ErrUnavailable
}

func watchError(r clientv3.WatchResponse, err error) error {
	if r.CompactRevision > 0 {
		return &store.CompactedError{Revision: r.CompactRevision}
	}
	if errors.Is(err, rpctypes.ErrCompacted) {
		return store.ErrCompacted
	}
	return fmt.Errorf("%w: %v", store.ErrUnavailable, err)
}
