package sim

import (
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/trace"
)

// silence is after how long a connection that hangs is given up: its pings are not answered.
const silence = 15 * time.Second

// stream is one open watch.
type stream struct {
	id      string
	issuer  trace.Issuer
	server  *Server
	life    int
	cache   *cache.Cache
	watcher *cache.Watcher
	failed  error // to be told as an ERROR
	over    bool
}

// alive reports whether the server is in the life in which it opened the watch.
func (s *stream) alive() bool { return s.server.up && s.server.life == s.life }

// delivers reports whether the watch has something to tell.
func (s *stream) delivers() bool {
	return !s.over && s.alive() && !s.server.paused && (s.failed != nil || s.cache.Waits(s.watcher))
}

// next takes the next event out of the cache; false: what there was did not concern the watch.
func (s *stream) next() (api.WatchEvent, bool) {
	if s.failed == nil {
		event, ok, err := s.cache.Next(s.watcher)
		if err == nil {
			return event, ok
		}
		s.failed = err
	}
	s.over = true
	status := apierrors.NewInternalError(s.failed)
	if told, ok := s.failed.(*apierrors.StatusError); ok {
		status = told
	}
	return api.WatchEvent{Type: watch.Error, Object: &status.ErrStatus}, true
}

// mark is a bookmark, if one is due.
func (s *stream) mark() (api.WatchEvent, bool) {
	if s.over || s.failed != nil || !s.alive() {
		return api.WatchEvent{}, false
	}
	return s.cache.Bookmark(s.watcher)
}
