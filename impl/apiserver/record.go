package apiserver

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"orrery/impl/store"
	"orrery/impl/trace"
)

// recorder is a store whose calls are told to a Sink: before they are sent, and when their answer is there. Each call is
// a client of its own, as requests are not sequential.
type recorder struct {
	store.Store
	sink trace.Sink
	name string
	last atomic.Int64
}

// record returns st as it is where nobody listens.
func record(st store.Store, sink trace.Sink, name string) store.Store {
	if sink == trace.Discard {
		return st
	}
	return &recorder{Store: st, sink: sink, name: name}
}

// call tells of a call and returns what tells of its end.
func (r *recorder) call(c trace.Call) func(trace.Return, error) {
	c.ID = fmt.Sprintf("%s/store/%d", r.name, r.last.Add(1))
	c.Client, c.Layer, c.Server = c.ID, trace.Store, r.name
	r.sink.Emit(trace.Line{Call: &c})
	return func(ret trace.Return, err error) {
		ret.ID, ret.Outcome = c.ID, outcomeOf(c.Verb, err)
		if err != nil {
			ret.Reason = err.Error()
		}
		r.sink.Emit(trace.Line{Return: &ret})
	}
}

// outcomeOf says what an error of the store tells. A read that ended without an answer was not carried out.
func outcomeOf(verb string, err error) trace.Outcome {
	writes := verb == "put" || verb == "delete" || verb == "compact"
	definite := errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrCompacted) ||
		errors.Is(err, store.ErrFuture) || errors.Is(err, store.ErrClosed)
	switch {
	case err == nil:
		return trace.OK
	case writes && !definite:
		return trace.Unknown
	}
	return trace.Failed
}

func ref(kv *store.KV) *trace.Ref {
	if kv == nil {
		return nil
	}
	return &trace.Ref{Key: kv.Key, Revision: kv.Mod, Hash: trace.HashOf(kv.Value)}
}

func (r *recorder) Get(ctx context.Context, key string, opts store.GetOptions) (store.GetResponse, error) {
	end := r.call(trace.Call{Verb: "get", Key: key, At: opts.Revision})
	resp, err := r.Store.Get(ctx, key, opts)
	end(trace.Return{Object: ref(resp.KV), Revision: resp.Revision}, err)
	return resp, err
}

func (r *recorder) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	end := r.call(trace.Call{Verb: "list", Key: prefix, At: opts.Revision, Limit: opts.Limit, Continue: opts.Continue})
	resp, err := r.Store.List(ctx, prefix, opts)
	items := make([]trace.Ref, len(resp.KVs))
	for i := range resp.KVs {
		items[i] = *ref(&resp.KVs[i])
	}
	end(trace.Return{Items: items, Count: resp.Count, Revision: resp.Revision}, err)
	return resp, err
}

func (r *recorder) Count(ctx context.Context, prefix string) (store.CountResponse, error) {
	end := r.call(trace.Call{Verb: "count", Key: prefix})
	resp, err := r.Store.Count(ctx, prefix)
	end(trace.Return{Count: resp.Count, Revision: resp.Revision}, err)
	return resp, err
}

func (r *recorder) Put(ctx context.Context, key string, value []byte, expected int64) (store.PutResponse, error) {
	end := r.call(trace.Call{Verb: "put", Key: key, Expected: expected, Hash: trace.HashOf(value)})
	resp, err := r.Store.Put(ctx, key, value, expected)
	end(trace.Return{Object: ref(resp.KV), Revision: resp.Revision, Succeeded: resp.Succeeded}, err)
	return resp, err
}

func (r *recorder) Delete(ctx context.Context, key string, expected int64) (store.DeleteResponse, error) {
	end := r.call(trace.Call{Verb: "delete", Key: key, Expected: expected})
	resp, err := r.Store.Delete(ctx, key, expected)
	end(trace.Return{Object: ref(resp.KV), Revision: resp.Revision, Succeeded: resp.Succeeded}, err)
	return resp, err
}

func (r *recorder) Compact(ctx context.Context, revision int64) error {
	end := r.call(trace.Call{Verb: "compact", At: revision})
	err := r.Store.Compact(ctx, revision)
	end(trace.Return{}, err)
	return err
}
