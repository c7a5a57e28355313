package request

import (
	"context"
	"fmt"

	"orrery/impl/api"
	"orrery/impl/store"
)

// Kind is what an [Op] does.
type Kind string

const (
	Get    Kind = "get"
	List   Kind = "list"
	Count  Kind = "count"
	Put    Kind = "put"
	Delete Kind = "delete"
	// Wait asks nothing of the store: it ends when the Cache of the resource is ready and has come to the revision, or
	// with ErrWaited after [WaitBound].
	Wait Kind = "wait"
)

// Op is one thing that a request needs of the outside before it can go on. Its fields are those of the call of
// [store.Store] that its Kind names.
type Op struct {
	Kind     Kind
	Resource *api.Resource
	Key      string // the prefix, of a List or Count
	Value    []byte
	Expected int64
	Guards   []store.Guard
	Revision int64 // of a List or Get: as of when; of a Wait: up to where
	Limit    int64
	Continue string
}

// Answer is what came of an [Op].
type Answer struct {
	KV        *store.KV
	KVs       []store.KV
	Guards    []*store.KV
	Count     int64
	Revision  int64
	Succeeded bool
	Err       error
}

// Perform carries out an Op on a store. A Wait is not the store's.
func Perform(ctx context.Context, st store.Store, op Op) Answer {
	switch op.Kind {
	case Get:
		r, err := st.Get(ctx, op.Key, store.GetOptions{Revision: op.Revision})
		return Answer{KV: r.KV, Revision: r.Revision, Err: err}
	case List:
		r, err := st.List(ctx, op.Key, store.ListOptions{Revision: op.Revision, Limit: op.Limit, Continue: op.Continue})
		return Answer{KVs: r.KVs, Count: r.Count, Revision: r.Revision, Err: err}
	case Count:
		r, err := st.Count(ctx, op.Key)
		return Answer{Count: r.Count, Revision: r.Revision, Err: err}
	case Put:
		r, err := st.Put(ctx, op.Key, op.Value, op.Expected, op.Guards...)
		return Answer{KV: r.KV, Guards: r.Guards, Revision: r.Revision, Succeeded: r.Succeeded, Err: err}
	case Delete:
		r, err := st.Delete(ctx, op.Key, op.Expected)
		return Answer{KV: r.KV, Revision: r.Revision, Succeeded: r.Succeeded, Err: err}
	}
	panic(fmt.Sprintf("request: %q is not an operation on a store", op.Kind))
}
