package store

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"orrery/impl/trace"
)

// Recorded returns inner with every call, return and watch written to sink as lines of layer "store".
//
// client names who calls and must be new at every start of a process, as operations are numbered from 1 under it; server
// names who is asked. A Client in a trace does one thing at a time, so the calls that run at once are given the names
// client/1, client/2 and so on, always the smallest that is free; a name whose operation ended Unknown is not used again.
func Recorded(inner Store, sink trace.Sink, client, server string) Store {
	if sink == trace.Discard {
		return inner
	}
	return &recorder{inner: inner, sink: sink, server: server, issuers: trace.NewIssuers(client)}
}

// Hash is what a trace says of a value.
func Hash(value []byte) string { return trace.HashOf(value) }

type recorder struct {
	inner   Store
	sink    trace.Sink
	server  string
	issuers *trace.Issuers
}

// Get records a get.
func (r *recorder) Get(ctx context.Context, key string, opts GetOptions) (GetResponse, error) {
	done := r.call(trace.Call{Verb: "get", Key: key, At: opts.Revision})
	resp, err := r.inner.Get(ctx, key, opts)
	done(trace.Return{Object: RefOf(resp.KV), Revision: resp.Revision}, err)
	return resp, err
}

// List records a list.
func (r *recorder) List(ctx context.Context, prefix string, opts ListOptions) (ListResponse, error) {
	done := r.call(trace.Call{Verb: "list", Key: prefix, At: opts.Revision, Limit: opts.Limit, Continue: opts.Continue})
	resp, err := r.inner.List(ctx, prefix, opts)
	ret := trace.Return{Revision: resp.Revision, Count: resp.Count}
	for i := range resp.KVs {
		ret.Items = append(ret.Items, *RefOf(&resp.KVs[i]))
	}
	done(ret, err)
	return resp, err
}

// Count records a count.
func (r *recorder) Count(ctx context.Context, prefix string) (CountResponse, error) {
	done := r.call(trace.Call{Verb: "count", Key: prefix})
	resp, err := r.inner.Count(ctx, prefix)
	done(trace.Return{Revision: resp.Revision, Count: resp.Count}, err)
	return resp, err
}

// Put records a put. The Return's object is what was written, or what was there instead, its guards what was at theirs.
func (r *recorder) Put(ctx context.Context, key string, value []byte, expected int64, guards ...Guard) (PutResponse, error) {
	hash := Hash(value)
	call := trace.Call{Verb: "put", Key: key, Expected: expected, Hash: hash}
	for _, g := range guards {
		call.Guards = append(call.Guards, trace.Ref{Key: g.Key, Revision: g.Mod})
	}
	done := r.call(call)
	resp, err := r.inner.Put(ctx, key, value, expected, guards...)
	object := RefOf(resp.KV)
	if resp.Succeeded {
		object = &trace.Ref{Key: key, Revision: resp.Revision, Hash: hash}
	}
	ret := trace.Return{Succeeded: resp.Succeeded, Object: object, Revision: resp.Revision}
	for i, kv := range resp.Guards {
		ref := trace.Ref{Key: guards[i].Key}
		if kv != nil {
			ref = *RefOf(kv)
		}
		ret.Guards = append(ret.Guards, ref)
	}
	done(ret, err)
	return resp, err
}

// Delete records a delete. The Return's object is what was removed, or what was there instead.
func (r *recorder) Delete(ctx context.Context, key string, expected int64) (DeleteResponse, error) {
	done := r.call(trace.Call{Verb: "delete", Key: key, Expected: expected})
	resp, err := r.inner.Delete(ctx, key, expected)
	done(trace.Return{Succeeded: resp.Succeeded, Object: RefOf(resp.KV), Revision: resp.Revision}, err)
	return resp, err
}

// Compact records a compaction.
func (r *recorder) Compact(ctx context.Context, revision int64) error {
	done := r.call(trace.Call{Verb: "compact", At: revision})
	err := r.inner.Compact(ctx, revision)
	done(trace.Return{}, err)
	return err
}

// Progress is not recorded: the notices that follow it are.
func (r *recorder) Progress(ctx context.Context) error { return r.inner.Progress(ctx) }

// Close closes the inner store.
func (r *recorder) Close() error { return r.inner.Close() }

// Watch records the opening of a watch before it is asked for, and what comes before it is handed on.
func (r *recorder) Watch(ctx context.Context, prefix string, after int64, deliver func(WatchResponse)) (func(), error) {
	w := &recordedWatch{sink: r.sink, id: r.issuers.Watch()}
	r.sink.Emit(trace.Line{Watch: &trace.Watch{
		ID: w.id, Client: w.id, Server: r.server, Layer: trace.Store, Key: prefix, ResourceVersion: strconv.FormatInt(after, 10),
	}})
	stop, err := r.inner.Watch(ctx, prefix, after, func(resp WatchResponse) {
		w.record(resp)
		deliver(resp)
	})
	if err != nil {
		w.end(err)
		return nil, err
	}
	return func() {
		stop()
		w.end(nil)
	}, nil
}

// call records the beginning of an operation and returns what records its end.
func (r *recorder) call(c trace.Call) func(trace.Return, error) {
	name, id := r.issuers.Take()
	c.ID, c.Client, c.Layer, c.Server = id, name.String(), trace.Store, r.server
	r.sink.Emit(trace.Line{Call: &c})
	return func(ret trace.Return, err error) {
		if err != nil {
			ret = trace.Return{Reason: err.Error()}
		}
		ret.ID, ret.Outcome = id, OutcomeOf(err)
		r.sink.Emit(trace.Line{Return: &ret})
		if ret.Outcome != trace.Unknown {
			r.issuers.Give(name)
		}
	}
}

// OutcomeOf says what an error tells about an operation: an error that is not one of the contract's own is a context's, and as unknown as ErrUnknown.
func OutcomeOf(err error) trace.Outcome {
	if err == nil {
		return trace.OK
	}
	if errors.Is(err, ErrUnknown) {
		return trace.Unknown
	}
	for _, failed := range []error{ErrUnavailable, ErrCompacted, ErrFuture, ErrTooLarge, ErrClosed, ErrKeyEmpty} {
		if errors.Is(err, failed) {
			return trace.Failed
		}
	}
	return trace.Unknown
}

// RefOf is what a trace says of one version; nil for nothing.
func RefOf(kv *KV) *trace.Ref {
	if kv == nil {
		return nil
	}
	return &trace.Ref{Key: kv.Key, Revision: kv.Mod, Hash: Hash(kv.Value)}
}

// recordedWatch writes the lines of one watch, which end with one END.
type recordedWatch struct {
	sink trace.Sink
	id   string
	once sync.Once
}

func (w *recordedWatch) record(resp WatchResponse) {
	if resp.Err != nil {
		w.end(resp.Err)
		return
	}
	for _, c := range resp.Changes {
		e := trace.Event{Watch: w.id, Object: *RefOf(&c.KV)}
		switch {
		case c.Deleted:
			e.Type = "DELETED"
			e.Object.Hash = ""
		case c.KV.Created == c.KV.Mod:
			e.Type = "ADDED"
		default:
			e.Type = "MODIFIED"
		}
		e.Previous = RefOf(c.Previous)
		w.sink.Emit(trace.Line{Event: &e})
	}
	if len(resp.Changes) == 0 {
		w.sink.Emit(trace.Line{Event: &trace.Event{Watch: w.id, Type: "BOOKMARK", Object: trace.Ref{Revision: resp.Revision}}})
	}
}

func (w *recordedWatch) end(err error) {
	w.once.Do(func() {
		if err != nil {
			w.sink.Emit(trace.Line{Event: &trace.Event{Watch: w.id, Type: "ERROR", Reason: err.Error()}})
		}
		w.sink.Emit(trace.Line{Event: &trace.Event{Watch: w.id, Type: "END"}})
	})
}
