package memory

import (
	"sort"
	"strings"

	"github.com/google/btree"

	"orrery/impl/store"
)

// version is one revision's change to one key. It is never modified, so that answers and watches may share it.
type version struct {
	kv       *store.KV // apart from the version, so that who holds a KV does not hold all that came before it
	deleted  bool
	previous *store.KV // the version replaced or deleted
	orphan   bool      // compaction has taken the previous version away: no watch can be told this change any more
}

// entry holds the versions of one key that history still reaches, oldest first.
type entry struct {
	key      string
	versions []*version
}

// at returns the version of the key at a revision, or nil where it did not exist.
func (e *entry) at(revision int64) *version {
	n := e.after(revision)
	if n == 0 || e.versions[n-1].deleted {
		return nil
	}
	return e.versions[n-1]
}

// after returns how many versions are not newer than revision. Nearly every read asks for the newest.
func (e *entry) after(revision int64) int {
	n := len(e.versions)
	if n > 0 && e.versions[n-1].kv.Mod <= revision {
		return n
	}
	return sort.Search(n, func(i int) bool { return e.versions[i].kv.Mod > revision })
}

// index orders the keys. Those that exist now are kept apart, so that a list of the present does not wade through what
// was deleted since the last compaction.
type index struct {
	entries map[string]*entry
	present *btree.BTreeG[*entry]
	ever    *btree.BTreeG[*entry]
}

const treeDegree = 32

func newIndex() index {
	less := func(a, b *entry) bool { return a.key < b.key }
	return index{
		entries: map[string]*entry{},
		present: btree.NewG(treeDegree, less),
		ever:    btree.NewG(treeDegree, less),
	}
}

func (x *index) find(key string) *entry { return x.entries[key] }

func (x *index) add(v *version) {
	e := x.entries[v.kv.Key]
	if e == nil {
		e = &entry{key: v.kv.Key}
		x.entries[e.key] = e
		x.ever.ReplaceOrInsert(e)
	}
	e.versions = append(e.versions, v)
	switch {
	case v.deleted:
		x.present.Delete(e)
	case v.previous == nil:
		x.present.ReplaceOrInsert(e)
	}
}

// ascend visits, in byte order and beginning at from, the keys that begin with prefix: those that exist now, or all that
// history reaches.
func (x *index) ascend(from, prefix string, present bool, visit func(*entry)) {
	tree := x.ever
	if present {
		tree = x.present
	}
	tree.AscendGreaterOrEqual(&entry{key: max(from, prefix)}, func(e *entry) bool {
		if !strings.HasPrefix(e.key, prefix) {
			return false
		}
		visit(e)
		return true
	})
}

// forget drops the versions of key that no read at or after revision can see.
func (x *index) forget(key string, revision int64) {
	e := x.entries[key]
	if e == nil {
		return // a later forgotten change of the same key has been here already
	}
	n := e.after(revision)
	if n == 0 {
		return
	}
	if !e.versions[n-1].deleted {
		n--
	}
	if n == 0 {
		return
	}
	e.versions = append([]*version(nil), e.versions[n:]...)
	if len(e.versions) == 0 {
		delete(x.entries, key)
		x.ever.Delete(e)
	}
}
