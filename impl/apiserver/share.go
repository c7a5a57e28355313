package apiserver

import (
	"context"
	"sync"

	"orrery/impl/apiserver/request"
	"orrery/impl/store"
)

// shared answers those who ask for the same key at the same time by one read of the store. It is no weaker than a read for
// each: the read that answers somebody begins after he has asked. So one that is under way serves nobody who comes now;
// they wait for the next, all of them for the same.
//
//	asks   a ├──────────┤
//	       b   ├─────────────────┤
//	       c      ├──────────────┤
//	reads  1 ├──────────┤
//	       2            ├────────┤
type shared struct {
	// read makes one read of a key; it ends by itself.
	read func(key string) request.Answer

	mu   sync.Mutex
	keys map[string]*reads
}

// reads are those of one key: one is under way, and perhaps another is to follow it.
type reads struct{ next *read }

// read is one read, and its answer once done is closed.
type read struct {
	done   chan struct{}
	answer request.Answer
}

// get answers by a read that begins after the call of get, or with the error of ctx.
func (s *shared) get(ctx context.Context, key string) request.Answer {
	mine := s.join(key)
	select {
	case <-mine.done:
		return mine.answer
	case <-ctx.Done():
		return request.Answer{Err: ctx.Err()}
	}
}

// join is the next read of the key to begin, which begins at once if none is under way.
func (s *shared) join(key string) *read {
	s.mu.Lock()
	defer s.mu.Unlock()
	of, underWay := s.keys[key]
	if !underWay {
		of = &reads{}
		s.keys[key] = of
		go s.work(key, of)
	}
	if of.next == nil {
		of.next = &read{done: make(chan struct{})}
	}
	return of.next
}

// work reads as long as somebody waits.
func (s *shared) work(key string, of *reads) {
	for {
		s.mu.Lock()
		r := of.next
		of.next = nil
		if r == nil {
			delete(s.keys, key)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		r.answer = s.read(key)
		close(r.done)
	}
}

// readKey is a read for several requests, and so under none of their contexts.
func (s *Server) readKey(key string) request.Answer {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.RequestTimeout)
	defer cancel()
	r, err := s.store.Get(ctx, key, store.GetOptions{})
	return request.Answer{KV: r.KV, Revision: r.Revision, Err: err}
}
