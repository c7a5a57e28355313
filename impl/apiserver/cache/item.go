package cache

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/google/btree"

	"orrery/impl/api"
	"orrery/impl/store"
)

// Item is one version of one object: the bytes in the store, and what they say. It is decoded once and shared by all
// who read it; nobody may modify it.
type Item struct {
	KV     store.KV
	Object api.Object
}

// Decoder makes the Item of a store's answer. One that shares Items must give the same for the same key and revision.
type Decoder func(store.KV) (*Item, error)

// Decode is the [Decoder] that reads the value.
func Decode(kv store.KV) (*Item, error) {
	obj, err := api.Decode(kv.Value, kv.Mod)
	if err != nil {
		return nil, fmt.Errorf("%s at revision %d: %w", kv.Key, kv.Mod, err)
	}
	return &Item{KV: kv, Object: obj}, nil
}

// at is obj as a deletion at revision shows it. The copy is shallow: it shares everything but its resourceVersion, and
// like obj is never modified.
func at(obj api.Object, revision int64) api.Object {
	v := reflect.New(reflect.TypeOf(obj).Elem())
	v.Elem().Set(reflect.ValueOf(obj).Elem())
	shown := v.Interface().(api.Object)
	shown.SetResourceVersion(api.FormatResourceVersion(revision))
	return shown
}

// tree is ordered by key and cloned by copy-on-write, so that every revision in the window keeps a state of its own for
// the price of the path that changed.
type tree = btree.BTreeG[*Item]

const degree = 32

func newTree() *tree {
	return btree.NewG(degree, func(a, b *Item) bool { return a.KV.Key < b.KV.Key })
}

// Snapshot is the state of one resource at one revision. It never changes.
type Snapshot struct {
	// Revision is up to where the state is known: every change of the resource with at most this revision is in it.
	Revision int64
	tree     *tree
}

// Get returns the object with that key.
func (s Snapshot) Get(key string) (*Item, bool) {
	return s.tree.Get(&Item{KV: store.KV{Key: key}})
}

// Ascend calls visit in the order of keys for each object whose key begins with prefix and is not below start, until it
// returns false.
func (s Snapshot) Ascend(prefix, start string, visit func(*Item) bool) {
	from := max(prefix, start)
	s.tree.AscendGreaterOrEqual(&Item{KV: store.KV{Key: from}}, func(item *Item) bool {
		return strings.HasPrefix(item.KV.Key, prefix) && visit(item)
	})
}

// Len is the number of objects.
func (s Snapshot) Len() int { return s.tree.Len() }
