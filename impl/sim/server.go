package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// window is how many events an API server's cache keeps: few, so that a watch that lags for long meets 410.
const window = 256

// ranges is where addresses of Services come from: few, so that those that were given up are given again.
var ranges = mustRanges("10.96.0.0/29", "30000-30003")

func mustRanges(ips, ports string) registry.Ranges {
	r, err := registry.ParseRanges(ips, ports)
	if err != nil {
		panic(err)
	}
	return r
}

// relistPause is the wait before the store is listed again, where that failed.
const relistPause = 500 * time.Millisecond

// Server is one API server. It keeps nothing that a crash does not take.
type Server struct {
	world   *World
	number  int // of its member too
	Name    string
	Machine string
	issuers *trace.Issuers

	up, paused, lags bool
	life             int
	set              *cache.Set
	seen             int64 // up to where the caches were fed
	queue            []store.WatchResponse
	stop             func()
	retry            time.Time // when to list the store; zero: no need
	leaks            request.Leaks
	repairing        bool
}

func (s *Server) running() bool { return s.up && !s.paused }

// Ready reports whether all its caches have been filled.
func (s *Server) Ready() bool { return s.up && s.set.Ready() }

// start begins a life: the caches are empty until the store has been listed.
func (s *Server) start() {
	s.up, s.paused, s.retry = true, false, time.Time{}
	s.leaks, s.repairing = request.Leaks{}, false
	s.life++
	s.issuers = trace.NewIssuers(fmt.Sprintf("%s-%d", s.Name, s.life))
	s.set = cache.NewSet(window)
	s.set.DecodeWith(s.world.decode)
	s.list()
}

func (s *Server) crash() {
	w := s.world
	s.up = false
	s.unwatch()
	w.abandon(s)
	for _, c := range slices.Clone(w.calls) {
		if c.server == s && (c.state == serving || c.state == waiting) {
			c.end(api.Response{}, nil, errReset)
		}
	}
}

func (s *Server) unwatch() {
	if s.stop != nil {
		s.stop()
	}
	s.stop, s.queue = nil, nil
}

// list fills all caches anew, and watches from there on.
func (s *Server) list() {
	s.unwatch()
	s.retry = time.Time{}
	s.ask(request.Op{Kind: request.List, Key: cache.Root}, func(a request.Answer) {
		if a.Err != nil {
			s.retry = s.world.now.Add(relistPause)
			return
		}
		if err := s.set.ObserveList(a.Revision, a.KVs); err != nil {
			s.world.broken("%s cannot read what it has written: %v", s.Name, err)
		}
		s.seen = a.Revision
		s.watch()
	})
}

// watch has the changes after what was seen queued.
func (s *Server) watch() {
	stop, err := s.world.Store.Watch(context.Background(), cache.Root, s.seen, func(resp store.WatchResponse) {
		s.queue = append(s.queue, resp)
	})
	if err != nil {
		s.world.broken("the store refuses a watch: %v", err)
	}
	s.stop = stop
}

// fed reports whether the next change, or a notice, can reach the caches.
func (s *Server) fed() bool {
	if !s.running() || s.lags {
		return false
	}
	if !s.retry.IsZero() {
		return !s.retry.After(s.world.now)
	}
	if len(s.queue) == 0 {
		return false
	}
	_, leader := s.world.quorum(s.number)
	return leader != nil
}

func (s *Server) feed() {
	if !s.retry.IsZero() {
		s.list()
		return
	}
	resp := s.queue[0]
	s.queue[0] = store.WatchResponse{}
	s.queue = s.queue[1:]
	if resp.Err != nil {
		s.list() // history is compacted beyond what was seen
		return
	}
	if _, err := s.set.Observe(resp); err != nil {
		s.world.broken("%s cannot read what it has written: %v", s.Name, err)
	}
	s.seen = resp.Revision
}

// notice asks the store how far the watch is.
func (s *Server) notice() {
	if s.stop != nil {
		s.queue = append(s.queue, store.WatchResponse{Revision: s.world.Revision()})
	}
}

// Snapshot implements [request.Caches].
func (s *Server) Snapshot(r *api.Resource) (cache.Snapshot, bool) { return s.set.Of(r).Snapshot() }

// At implements [request.Caches].
func (s *Server) At(r *api.Resource, revision int64) (cache.Snapshot, bool) {
	return s.set.Of(r).At(revision)
}

// Decode implements [request.Caches].
func (s *Server) Decode(kv store.KV) (*cache.Item, error) { return s.world.decode(kv) }

func (s *Server) env() registry.Env {
	w := s.world
	w.issued++
	return registry.Env{Now: metav1.NewTime(w.now), UID: types.UID(fmt.Sprintf("uid-%d", w.issued)), Suffix: fmt.Sprintf("%05d", w.issued), Ranges: ranges}
}

// Digest tells what the server's caches hold, to be held against the store.
func (s *Server) Digest() {
	for _, r := range api.Resources {
		if snapshot, ready := s.Snapshot(r); ready && snapshot.Len() > 0 {
			line := apiserver.DigestOf(s.Name, r, snapshot)
			s.world.emit(s.Name, trace.Line{Digest: &line})
		}
	}
}
