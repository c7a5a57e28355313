package store

import (
	"context"
	"errors"
	"fmt"
)

// Store is what an API server needs of etcd: an ordered map with one revision for all keys, writes that compare
// before they swap, and watches. It has the shape of etcd's client/v3/kubernetes.Interface.
//
// Every method may return [ErrUnavailable] (definitely not done), [ErrUnknown] (a write that may be done, or may still
// be done later), or the context's error, which for a write means the same as ErrUnknown.
type Store interface {
	// Get returns the value of key at opts.Revision, or now. A missing key is no error: KV is nil.
	// Errors: ErrCompacted, ErrFuture.
	Get(ctx context.Context, key string, opts GetOptions) (GetResponse, error)

	// List returns the keys that begin with prefix, in byte order, from one snapshot.
	// Errors: ErrCompacted, ErrFuture.
	List(ctx context.Context, prefix string, opts ListOptions) (ListResponse, error)

	// Count returns how many keys begin with prefix now.
	Count(ctx context.Context, prefix string) (CountResponse, error)

	// Put sets key to value if key's modification revision is expected (0: if key is absent). Where it is another,
	// nothing is written, Succeeded is false, and KV is what is there now (nil: nothing). On success KV is nil.
	//
	// Each guard must hold too, at the same moment. Guards is, where nothing was written, what is at each guard's key.
	Put(ctx context.Context, key string, value []byte, expected int64, guards ...Guard) (PutResponse, error)

	// Delete removes key if its modification revision is expected. KV is, on success, what was removed, otherwise
	// what is there now (nil: nothing). As in etcd, expecting 0 of an absent key succeeds and writes nothing: KV is
	// then nil and Revision is not the write's own.
	Delete(ctx context.Context, key string, expected int64) (DeleteResponse, error)

	// Watch delivers every change to a key that begins with prefix and has a revision greater than after, in the order
	// of revisions, each once, all changes of one revision in one WatchResponse. deliver is called from one goroutine
	// at a time (by the memory store: from within the write, and for history from within Watch) and must call neither the
	// store nor stop. The last WatchResponse has Err set, unless stop was called first: ErrCompacted where history no
	// longer reaches back to after (errors.As finds a [CompactedError] where the store told the revision), ErrUnavailable
	// where the connection broke, ErrClosed, or the error of ctx. After stop has returned deliver is not called again.
	//
	// A watch may start in the future: it is then silent until changes after that revision happen.
	Watch(ctx context.Context, prefix string, after int64, deliver func(WatchResponse)) (stop func(), err error)

	// Progress asks that every watch of this Store be sent a WatchResponse without changes that carries a revision up to
	// which it has seen everything. It does not wait for them. As in etcd, a watch that has nothing to report, because
	// the store is not yet past the revision it started from, or that still reads history, is sent none: ask again.
	Progress(ctx context.Context) error

	// Compact forgets history before revision: reads and watches from below it fail with ErrCompacted.
	// Errors: ErrCompacted if that has been done before, ErrFuture.
	Compact(ctx context.Context, revision int64) error

	// Close ends all watches and frees what the Store holds.
	Close() error
}

// KV is one version of one key. Nobody may modify it: a store may hand out what it holds.
type KV struct {
	Key     string
	Value   []byte
	Created int64 // the revision that created this incarnation of the key
	Mod     int64 // the revision that wrote this version
	Version int64 // 1 at creation, plus one at every put
}

// Guard is a condition of a Put on another key: its modification revision is Mod (0: it is absent).
type Guard struct {
	Key string
	Mod int64
}

// Holds reports whether kv, which is what is at the guard's key (nil: nothing), is what the guard requires.
func (g Guard) Holds(kv *KV) bool {
	if kv == nil {
		return g.Mod == 0
	}
	return kv.Mod == g.Mod
}

// GetOptions and ListOptions: a Revision of 0 means now.
type GetOptions struct {
	Revision int64
}

// ListOptions: see [Store.List].
type ListOptions struct {
	Revision int64
	// Limit bounds the number of keys returned; 0: no bound.
	Limit int64
	// Continue is the key to go on from: the last key of the chunk before with "\x00" appended.
	Continue string
}

// GetResponse: Revision is the store's revision when the read took place, as in all responses.
type GetResponse struct {
	KV       *KV
	Revision int64
}

// ListResponse: Count is the number of keys from the place to continue from to the end of the prefix, whatever the
// limit, so that Count - len(KVs) are left. Upstream: client/v3/kubernetes counts in the same way.
type ListResponse struct {
	KVs      []KV
	Count    int64
	Revision int64
}

// CountResponse: see [Store.Count].
type CountResponse struct {
	Count    int64
	Revision int64
}

// PutResponse and DeleteResponse: see [Store.Put] and [Store.Delete]. On success Revision is the write's own.
type PutResponse struct {
	Succeeded bool
	KV        *KV
	Guards    []*KV
	Revision  int64
}

// DeleteResponse: see [Store.Delete].
type DeleteResponse struct {
	Succeeded bool
	KV        *KV
	Revision  int64
}

// WatchResponse is one revision's changes, or, without changes, the notice that everything up to Revision was sent.
type WatchResponse struct {
	Changes  []Change
	Revision int64
	Err      error
}

// Change is a put or a deletion. KV of a deletion has only Key and Mod, the revision of the deletion.
type Change struct {
	Deleted  bool
	KV       KV
	Previous *KV // the version replaced or deleted; nil where the key was absent
}

// What can go wrong, whichever side answers. Adapters wrap these.
var (
	ErrCompacted   = errors.New("store: the required revision has been compacted")
	ErrFuture      = errors.New("store: the required revision is a future revision")
	ErrUnavailable = errors.New("store: unavailable, the request was not carried out")
	ErrUnknown     = errors.New("store: the outcome is unknown, the request may have been or may still be carried out")
	ErrTooLarge    = errors.New("store: the value is larger than the store accepts")
	ErrClosed      = errors.New("store: closed")
	ErrKeyEmpty    = errors.New("store: the key is empty")
)

// CompactedError is an [ErrCompacted] that knows up to which revision history is gone.
type CompactedError struct {
	Revision int64
}

// Error is the text of [ErrCompacted] and the revision.
func (e *CompactedError) Error() string {
	return fmt.Sprintf("%v: history begins at revision %d", ErrCompacted, e.Revision)
}

// Is makes errors.Is(err, ErrCompacted) true.
func (e *CompactedError) Is(target error) bool { return target == ErrCompacted }
