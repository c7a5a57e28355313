package request

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
)

// maxChunk bounds how many keys one read of the store returns. A page that its selector leaves short is filled up by
// further reads, each twice as large up to this bound, as upstream does.
const maxChunk = 10000

// list is one list, or one page of one.
type list struct {
	extent
	m      *Machine
	prefix string
	match  func(api.Object) bool
	all    bool // no selector: every object under the prefix matches
	finish func(api.Response, error)

	items   []api.Object
	matched []*cache.Item // the same, with their keys, for whoever goes on to delete them
	last    string        // the last key looked at
	chunk   int64
}

func newList(m *Machine) *list {
	return &list{m: m, prefix: m.req.Resource.Root(m.req.Namespace), all: m.req.Labels == "" && m.req.Fields == "" && m.req.Name == "", finish: m.finish}
}

func (l *list) begin() {
	if err := l.prepare(); err != nil {
		l.fail(err)
		return
	}
	switch l.from {
	case Any:
		l.m.reach(0, l.cached, func(int64, bool) { l.stored(0) })
	case Exact:
		l.exactly()
	case NotOlderThan:
		l.m.reach(l.revision, l.cached, func(current int64, ready bool) {
			if !ready {
				l.stored(0)
				return
			}
			l.fail(ahead(l.revision, current))
		})
	default:
		l.m.latest(l.cached, func(int64) { l.stored(0) }, l.fail)
	}
}

func (l *list) prepare() (err error) {
	if l.extent, err = extentOf(l.m.req, l.prefix); err != nil {
		return err
	}
	l.match, err = registry.Matcher(l.m.req)
	return err
}

// latest goes on with a snapshot that holds every write that ended before the request began: it asks the store how far it
// is, and waits for the Cache to come there. Where the Cache cannot serve it goes on with unserved.
func (m *Machine) latest(reached func(cache.Snapshot), unserved func(wanted int64), fail func(error)) {
	if _, ready := m.caches.Snapshot(m.req.Resource); !ready {
		unserved(0)
		return
	}
	m.ask(Op{Kind: Count, Key: m.req.Resource.Root("")}, func(a Answer) {
		if a.Err != nil {
			fail(ofRead(a.Err, m.req.Verb.Writes()))
			return
		}
		m.reach(a.Revision, reached, func(int64, bool) { unserved(a.Revision) })
	})
}

// exactly serves one revision: from the Cache where its window reaches, which a client that is ahead of it waits for, and
// from the store's history where it does not.
func (l *list) exactly() {
	if s, ok := l.m.caches.At(l.m.req.Resource, l.revision); ok {
		l.cached(s)
		return
	}
	s, ready := l.m.caches.Snapshot(l.m.req.Resource)
	if !ready || l.revision < s.Revision {
		l.stored(l.revision)
		return
	}
	l.m.reach(l.revision, func(cache.Snapshot) {
		if s, ok := l.m.caches.At(l.m.req.Resource, l.revision); ok {
			l.cached(s)
			return
		}
		l.stored(l.revision)
	}, func(int64, bool) { l.stored(l.revision) })
}

// cached makes the page out of a snapshot.
func (l *list) cached(s cache.Snapshot) {
	more, remaining := false, int64(0)
	s.Ascend(l.prefix, l.start, func(item *cache.Item) bool {
		if l.full() {
			more = true
			remaining++
			return l.all // go on only to count
		}
		l.take(item)
		return true
	})
	l.end(s.Revision, more, &remaining)
}

// stored makes the page by reading the store at revision; 0: now.
func (l *list) stored(revision int64) {
	l.chunk = maxChunk
	if l.limit > 0 {
		l.chunk = min(l.limit, maxChunk)
	}
	l.readFrom(l.start, revision)
}

func (l *list) readFrom(start string, revision int64) {
	// One key more than wanted tells whether there are more.
	l.m.ask(Op{Kind: List, Key: l.prefix, Revision: revision, Limit: l.chunk + 1, Continue: start}, func(a Answer) {
		if a.Err != nil {
			l.fail(l.ofList(a.Err, revision))
			return
		}
		if revision == 0 {
			revision = a.Revision
		}
		if l.from == NotOlderThan && revision < l.revision {
			l.fail(ahead(l.revision, revision))
			return
		}
		l.chunked(a, revision, start == "")
	})
}

// chunked takes one read's keys and, where the page is not full and there are more, reads on.
func (l *list) chunked(a Answer, revision int64, first bool) {
	more := int64(len(a.KVs)) > l.chunk
	kvs := a.KVs[:min(int64(len(a.KVs)), l.chunk)]
	for i, kv := range kvs {
		if l.full() {
			l.end(revision, true, nil)
			return
		}
		item, err := l.m.caches.Decode(kv)
		if err != nil {
			l.fail(apierrors.NewInternalError(err))
			return
		}
		l.take(item)
		kvs[i] = store.KV{} // a long list is decoded slowly: let go of what is done
	}
	switch {
	case !more:
		l.end(revision, false, nil)
	case l.full() && first && l.all:
		remaining := a.Count - int64(len(l.items))
		l.end(revision, true, &remaining)
	case l.full():
		l.end(revision, true, nil)
	default:
		l.chunk = min(2*l.chunk, maxChunk)
		l.readFrom(l.last+"\x00", revision)
	}
}

func (l *list) full() bool { return l.limit > 0 && int64(len(l.items)) >= l.limit }

func (l *list) take(item *cache.Item) {
	l.last = item.KV.Key
	if l.match(item.Object) {
		l.items = append(l.items, item.Object)
		l.matched = append(l.matched, item)
	}
}

// end answers with the items at revision. remaining is nil where it is not known.
func (l *list) end(revision int64, more bool, remaining *int64) {
	next := ""
	if more {
		next = encodeToken(l.last+"\x00", l.prefix, revision)
	}
	if !more || !l.all {
		remaining = nil
	}
	l.finish(api.Response{Object: listOf(l.m.req.Resource, l.items, revision, next, remaining)}, nil)
}

func (l *list) fail(err error) { l.finish(api.Response{}, err) }

// ofList is the Status for a read at revision that went wrong.
func (l *list) ofList(err error, revision int64) error {
	switch {
	case errors.Is(err, store.ErrCompacted) && l.paging:
		expired := apierrors.NewResourceExpired(continueExpired)
		expired.ErrStatus.Continue = encodeToken(l.start, l.prefix, inconsistent)
		return expired
	case errors.Is(err, store.ErrFuture):
		// Upstream: 500 with etcd's words. A client that is ahead can do something about it if it is told so.
		s, _ := l.m.caches.Snapshot(l.m.req.Resource)
		return ahead(revision, s.Revision)
	}
	return ofRead(err, l.m.req.Verb.Writes())
}
