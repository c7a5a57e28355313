package fuzz

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/impl/store"
	"orrery/impl/store/memory"
)

// buggy is a memory store with one planted bug: each field, where set, changes what one method does.
type buggy struct {
	store.Store
	deliver func(deliver func(store.WatchResponse)) func(store.WatchResponse)
	put     func(s store.Store, key string, value []byte, expected int64, guards []store.Guard) (store.PutResponse, error)
	get     func(s store.Store, key string, opts store.GetOptions) (store.GetResponse, error)
	list    func(s store.Store, prefix string, opts store.ListOptions) (store.ListResponse, error)
	compact func(s store.Store, revision int64) error
}

func (b buggy) Watch(ctx context.Context, prefix string, after int64, deliver func(store.WatchResponse)) (func(), error) {
	if b.deliver != nil {
		deliver = b.deliver(deliver)
	}
	return b.Store.Watch(ctx, prefix, after, deliver)
}

func (b buggy) Put(ctx context.Context, key string, value []byte, expected int64, guards ...store.Guard) (store.PutResponse, error) {
	if b.put != nil {
		return b.put(b.Store, key, value, expected, guards)
	}
	return b.Store.Put(ctx, key, value, expected, guards...)
}

func (b buggy) Get(ctx context.Context, key string, opts store.GetOptions) (store.GetResponse, error) {
	if b.get != nil {
		return b.get(b.Store, key, opts)
	}
	return b.Store.Get(ctx, key, opts)
}

func (b buggy) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	if b.list != nil {
		return b.list(b.Store, prefix, opts)
	}
	return b.Store.List(ctx, prefix, opts)
}

func (b buggy) Compact(ctx context.Context, revision int64) error {
	if b.compact != nil {
		return b.compact(b.Store, revision)
	}
	return b.Store.Compact(ctx, revision)
}

// every calls do with each third response that holds changes, and with plain deliver else.
func every(do func(deliver func(store.WatchResponse), r store.WatchResponse)) func(func(store.WatchResponse)) func(store.WatchResponse) {
	return func(deliver func(store.WatchResponse)) func(store.WatchResponse) {
		n := 0
		return func(r store.WatchResponse) {
			if len(r.Changes) > 0 {
				n++
			}
			if len(r.Changes) > 0 && n%3 == 0 {
				do(deliver, r)
				return
			}
			deliver(r)
		}
	}
}

// storeBugs are wrong stores, and what the machine says of each.
var storeBugs = []struct {
	name string
	bug  buggy
	says string
}{
	{"a change is dropped (etcd#17529)", buggy{deliver: every(func(func(store.WatchResponse), store.WatchResponse) {})}, "was not told"},
	{"a change is told twice", buggy{deliver: every(func(deliver func(store.WatchResponse), r store.WatchResponse) {
		deliver(r)
		deliver(r)
	})}, "was told what it has not to be told"},
	{"a change comes without what it replaced", buggy{deliver: every(func(deliver func(store.WatchResponse), r store.WatchResponse) {
		r.Changes = []store.Change{{Deleted: r.Changes[0].Deleted, KV: r.Changes[0].KV}}
		deliver(r)
	})}, "store.Deliver{"},
	{"a change comes with itself as what it replaced", buggy{deliver: every(func(deliver func(store.WatchResponse), r store.WatchResponse) {
		kv := r.Changes[0].KV
		r.Changes = []store.Change{{Deleted: r.Changes[0].Deleted, KV: kv, Previous: &kv}}
		deliver(r)
	})}, "store.Deliver{"},
	{"a progress notice overtakes a change (etcd#15220)", buggy{deliver: every(func(deliver func(store.WatchResponse), r store.WatchResponse) {
		deliver(store.WatchResponse{Revision: r.Revision})
		deliver(r)
	})}, "store.Notice{"},
	{"a watch ends without a word", buggy{deliver: func(deliver func(store.WatchResponse)) func(store.WatchResponse) {
		return func(r store.WatchResponse) {
			if r.Err == nil {
				deliver(r)
			}
		}
	}}, "was not told compacted"},
	{"a put does not compare", buggy{put: func(s store.Store, key string, value []byte, expected int64, guards []store.Guard) (store.PutResponse, error) {
		resp, err := s.Put(ctx, key, value, expected, guards...)
		if err == nil && !resp.Succeeded {
			now := int64(0)
			if resp.KV != nil {
				now = resp.KV.Mod
			}
			return s.Put(ctx, key, value, now, guards...)
		}
		return resp, err
	}}, "store.Put{"},
	{"a put does not look at its guards", buggy{put: func(s store.Store, key string, value []byte, expected int64, _ []store.Guard) (store.PutResponse, error) {
		return s.Put(ctx, key, value, expected)
	}}, "store.Put{"},
	{"a put that was carried out is sent again", buggy{put: func(s store.Store, key string, value []byte, expected int64, guards []store.Guard) (store.PutResponse, error) {
		if _, err := s.Put(ctx, key, value, expected, guards...); err != nil {
			return store.PutResponse{}, err
		}
		return s.Put(ctx, key, value, expected, guards...)
	}}, "store.Put{"},
	{"a read is stale", buggy{get: func(s store.Store, key string, opts store.GetOptions) (store.GetResponse, error) {
		resp, err := s.Get(ctx, key, opts)
		if err != nil || opts.Revision != 0 || resp.Revision < 3 {
			return resp, err
		}
		old, err := s.Get(ctx, key, store.GetOptions{Revision: resp.Revision - 1})
		if err != nil {
			return resp, nil
		}
		old.Revision--
		return old, nil
	}}, "store.Get{"},
	{"a read at a revision reads the present", buggy{get: func(s store.Store, key string, opts store.GetOptions) (store.GetResponse, error) {
		if _, err := s.Get(ctx, key, opts); err != nil {
			return store.GetResponse{}, err
		}
		return s.Get(ctx, key, store.GetOptions{})
	}}, "store.Get{"},
	{"a list forgets a key", buggy{list: func(s store.Store, prefix string, opts store.ListOptions) (store.ListResponse, error) {
		resp, err := s.List(ctx, prefix, opts)
		if len(resp.KVs) > 1 {
			resp.KVs = resp.KVs[:len(resp.KVs)-1]
		}
		return resp, err
	}}, "store.List{"},
	{"compaction takes one revision more than asked (etcd#19179)", buggy{compact: func(s store.Store, revision int64) error {
		if err := s.Compact(ctx, revision); err != nil {
			return err
		}
		_ = s.Compact(ctx, revision+1)
		return nil
	}}, "compacted"},
}

// Goal: the machine finds what is wrong. Method: each planted bug must be found, and for the right reason.
func TestMachineFindsStoreBugs(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "1")      // found is found: which run finds it should not change from day to day
	setFlag(t, "rapid.checks", "2500") // -short makes a fifth of them
	setFlag(t, "rapid.shrinktime", "100ms")
	for _, c := range storeBugs {
		t.Run(c.name, func(t *testing.T) {
			text := failureText(t, func(t *rapid.T) {
				c.bug.Store = memory.New()
				drive(t, c.bug, false)
			})
			require.Contains(t, text, c.says)
		})
	}
}

// failureText checks a property that must fail, and returns what was said of it.
func failureText(t *testing.T, property func(*rapid.T)) string {
	t.Helper()
	tb := &failingTB{name: t.Name()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		rapid.Check(tb, property)
	}()
	<-done
	require.True(t, tb.Failed(), "the planted bug was not found")
	return tb.text
}
