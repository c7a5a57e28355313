package memory

import (
	"bytes"
	"context"
	"sync"

	"orrery/impl/store"
)

// MaxRequestBytes bounds key and value of a put together, as etcd's --max-request-bytes does by default.
const MaxRequestBytes = 1.5 * 1024 * 1024

// Store is a [store.Store] in memory. The zero value is not usable; see [New].
type Store struct {
	mu        sync.Mutex
	closed    bool
	revision  int64
	compacted int64
	index     index
	log       history
	watches   []*watch // in the order in which they were opened, which is the order of delivery
}

var _ store.Store = (*Store)(nil)

// New returns an empty store, at the revision of a fresh etcd.
func New() *Store {
	return &Store{revision: 1, compacted: -1, index: newIndex()}
}

// Get returns a key at a revision; see [store.Store].
func (s *Store) Get(ctx context.Context, key string, opts store.GetOptions) (store.GetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(ctx, key); err != nil {
		return store.GetResponse{}, err
	}
	at, err := s.readable(opts.Revision)
	if err != nil {
		return store.GetResponse{}, err
	}
	return store.GetResponse{KV: s.get(key, at), Revision: s.revision}, nil
}

// List returns the keys under a prefix from one snapshot; see [store.Store].
func (s *Store) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return store.ListResponse{}, err
	}
	at, err := s.readable(opts.Revision)
	if err != nil {
		return store.ListResponse{}, err
	}
	from := prefix
	if opts.Continue != "" {
		from = opts.Continue
	}
	resp := store.ListResponse{Revision: s.revision}
	s.index.ascend(from, prefix, at == s.revision, func(e *entry) {
		v := e.at(at)
		if v == nil {
			return
		}
		if opts.Limit <= 0 || int64(len(resp.KVs)) < opts.Limit {
			resp.KVs = append(resp.KVs, *v.kv)
		}
		resp.Count++
	})
	return resp, nil
}

// Count returns the number of keys under a prefix; see [store.Store].
func (s *Store) Count(ctx context.Context, prefix string) (store.CountResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return store.CountResponse{}, err
	}
	resp := store.CountResponse{Revision: s.revision}
	s.index.ascend(prefix, prefix, true, func(*entry) { resp.Count++ })
	return resp, nil
}

// Put compares and sets; see [store.Store].
func (s *Store) Put(ctx context.Context, key string, value []byte, expected int64, guards ...store.Guard) (store.PutResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(ctx, key); err != nil {
		return store.PutResponse{}, err
	}
	if len(key)+len(value) > MaxRequestBytes {
		return store.PutResponse{}, store.ErrTooLarge
	}
	now := s.get(key, s.revision)
	there, hold := s.held(guards)
	if modOf(now) != expected || !hold {
		return store.PutResponse{KV: now, Guards: there, Revision: s.revision}, nil
	}
	next := &version{previous: now, kv: &store.KV{Key: key, Value: bytes.Clone(value), Mod: s.revision + 1}}
	next.kv.Created, next.kv.Version = next.kv.Mod, 1
	if now != nil {
		next.kv.Created, next.kv.Version = now.Created, now.Version+1
	}
	s.commit(next)
	return store.PutResponse{Succeeded: true, Revision: s.revision}, nil
}

// Delete compares and removes; see [store.Store].
func (s *Store) Delete(ctx context.Context, key string, expected int64) (store.DeleteResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admit(ctx, key); err != nil {
		return store.DeleteResponse{}, err
	}
	now := s.get(key, s.revision)
	if modOf(now) != expected {
		return store.DeleteResponse{KV: now, Revision: s.revision}, nil
	}
	if now != nil {
		s.commit(&version{previous: now, deleted: true, kv: &store.KV{Key: key, Mod: s.revision + 1}})
	}
	return store.DeleteResponse{Succeeded: true, KV: now, Revision: s.revision}, nil
}

// Compact forgets history before a revision; see [store.Store].
func (s *Store) Compact(ctx context.Context, revision int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	switch {
	case revision <= s.compacted:
		return &store.CompactedError{Revision: s.compacted}
	case revision > s.revision:
		return store.ErrFuture
	}
	s.compacted = revision
	for _, v := range s.log.forget(revision) {
		s.index.forget(v.kv.Key, revision)
	}
	return nil
}

// Close ends all watches with ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for len(s.watches) > 0 {
		s.end(s.watches[0], store.ErrClosed)
	}
	return nil
}

// commit makes v the next revision and tells it to the watches.
func (s *Store) commit(v *version) {
	s.revision = v.kv.Mod
	s.index.add(v)
	s.log.add(v)
	for _, w := range s.watches {
		w.observe(v)
	}
}

func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return store.ErrClosed
	}
	return ctx.Err()
}

func (s *Store) admit(ctx context.Context, key string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if key == "" {
		return store.ErrKeyEmpty
	}
	return nil
}

// readable turns the revision that a read asked for into the one it gets.
func (s *Store) readable(revision int64) (int64, error) {
	switch {
	case revision > s.revision:
		return 0, store.ErrFuture
	case revision <= 0:
		return s.revision, nil
	case revision < s.compacted:
		return 0, &store.CompactedError{Revision: s.compacted}
	}
	return revision, nil
}

func (s *Store) get(key string, at int64) *store.KV {
	e := s.index.find(key)
	if e == nil {
		return nil
	}
	if v := e.at(at); v != nil {
		return v.kv
	}
	return nil
}

// held is what is at each guard's key, and whether all of them hold.
func (s *Store) held(guards []store.Guard) (there []*store.KV, hold bool) {
	hold = true
	for _, g := range guards {
		kv := s.get(g.Key, s.revision)
		there, hold = append(there, kv), hold && g.Holds(kv)
	}
	return there, hold
}

func modOf(kv *store.KV) int64 {
	if kv == nil {
		return 0
	}
	return kv.Mod
}
