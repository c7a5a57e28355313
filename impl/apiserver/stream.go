package apiserver

import (
	"context"
	"errors"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/request"
	"orrery/impl/client"
)

// Watch opens a watch. As upstream has it, a request that makes no sense is refused with an error, and one that comes too
// late or too early ends with its first event, an ERROR.
func (s *Server) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	if req.Verb != api.Watch {
		return nil, apierrors.NewBadRequest("a " + string(req.Verb) + " is no watch")
	}
	opening, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	result := s.carry(opening, request.New(req, s.feed, s.envFor(opening)))
	err := result.Err
	st := &stream{server: s}
	if err == nil {
		s.feed.mu.Lock()
		st.cache = s.feed.set.Of(req.Resource)
		st.watcher, err = st.cache.Watch(*result.Watch)
		s.feed.mu.Unlock()
	}
	switch {
	case err == nil:
	case apierrors.IsResourceExpired(err), apierrors.IsTimeout(err):
		st.failed = err
	default:
		return nil, err
	}
	st.ctx, st.cancel = context.WithCancel(ctx)
	st.bookmark = time.NewTicker(s.cfg.BookmarkEvery)
	return st, nil
}

// stream is one open watch. It belongs to one reader; Close may be called by anybody.
type stream struct {
	server   *Server
	cache    *cache.Cache
	watcher  *cache.Watcher
	ctx      context.Context
	cancel   context.CancelFunc
	bookmark *time.Ticker
	failed   error // to be told as an ERROR
	over     bool
}

// Recv returns the next event; io.EOF after an ERROR, after Close, and when the server stops.
func (st *stream) Recv() (api.WatchEvent, error) {
	for !st.over && st.ctx.Err() == nil {
		if st.failed != nil {
			st.over = true
			return errorEvent(st.failed), nil
		}
		event, ok, changed := st.next()
		if ok {
			return event, nil
		}
		if st.failed != nil {
			continue
		}
		select {
		case <-changed:
		case <-st.bookmark.C:
			if event, ok := st.mark(); ok {
				return event, nil
			}
		case <-st.server.stopped:
			st.over = true
		case <-st.ctx.Done():
		}
	}
	st.bookmark.Stop()
	return api.WatchEvent{}, io.EOF
}

// next takes the next event out of the cache, or the channel to sleep on.
func (st *stream) next() (api.WatchEvent, bool, <-chan struct{}) {
	f := st.server.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	event, ok, err := st.cache.Next(st.watcher)
	if ok {
		return event, true, nil
	}
	st.failed = err
	return event, false, f.sleep(st.cache.Resource())
}

func (st *stream) mark() (api.WatchEvent, bool) {
	st.server.feed.mu.Lock()
	defer st.server.feed.mu.Unlock()
	return st.cache.Bookmark(st.watcher)
}

// Close ends the watch.
func (st *stream) Close() { st.cancel() }

func errorEvent(err error) api.WatchEvent {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = apierrors.NewInternalError(err)
	}
	told := status.Status()
	return api.WatchEvent{Type: watch.Error, Object: &told}
}
