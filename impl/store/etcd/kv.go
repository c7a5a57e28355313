package etcd

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"

	"orrery/impl/store"
)

// first is the smallest key, from which a list of everything begins.
const first = "\x00"

// Get returns a key at a revision; see [store.Store].
func (s *Store) Get(ctx context.Context, key string, opts store.GetOptions) (store.GetResponse, error) {
	if key == "" {
		return store.GetResponse{}, store.ErrKeyEmpty
	}
	var resp kubernetes.GetResponse
	err := s.read(ctx, func(ctx context.Context) (err error) {
		resp, err = s.client.Kubernetes.Get(ctx, key, kubernetes.GetOptions{Revision: max(opts.Revision, 0)})
		return err
	})
	if err != nil {
		return store.GetResponse{}, err
	}
	return store.GetResponse{KV: pointer(resp.KV), Revision: resp.Revision}, nil
}

// List returns the keys under a prefix from one snapshot; see [store.Store].
func (s *Store) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	var resp kubernetes.ListResponse
	err := s.read(ctx, func(ctx context.Context) (err error) {
		resp, err = s.client.Kubernetes.List(ctx, prefix, kubernetes.ListOptions{
			Revision: max(opts.Revision, 0),
			Limit:    max(opts.Limit, 0),
			Continue: max(opts.Continue, prefix, first),
		})
		return err
	})
	if err != nil {
		return store.ListResponse{}, err
	}
	out := store.ListResponse{Count: resp.Count, Revision: resp.Revision}
	if len(resp.Kvs) > 0 {
		out.KVs = make([]store.KV, len(resp.Kvs))
		for i, kv := range resp.Kvs {
			out.KVs[i] = value(kv)
		}
	}
	return out, nil
}

// Count returns the number of keys under a prefix; see [store.Store]. client/v3/kubernetes has Count too, but keeps the
// revision to itself.
func (s *Store) Count(ctx context.Context, prefix string) (store.CountResponse, error) {
	var resp *clientv3.GetResponse
	err := s.read(ctx, func(ctx context.Context) (err error) {
		resp, err = s.client.KV.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		return err
	})
	if err != nil {
		return store.CountResponse{}, err
	}
	return store.CountResponse{Count: resp.Count, Revision: resp.Header.Revision}, nil
}

// Put compares and sets; see [store.Store]. The transaction is that of client/v3/kubernetes's OptimisticPut, which knows no
// guards; it is written down as it is sent, as the client library's operations took a third of what a create allocates.
func (s *Store) Put(ctx context.Context, key string, value []byte, expected int64, guards ...store.Guard) (store.PutResponse, error) {
	if key == "" {
		return store.PutResponse{}, store.ErrKeyEmpty
	}
	txn := &etcdserverpb.TxnRequest{
		Compare: []*etcdserverpb.Compare{modified(key, expected)},
		Success: []*etcdserverpb.RequestOp{{Request: &etcdserverpb.RequestOp_RequestPut{
			RequestPut: &etcdserverpb.PutRequest{Key: []byte(key), Value: value},
		}}},
		Failure: []*etcdserverpb.RequestOp{look(key)},
	}
	for _, g := range guards {
		txn.Compare = append(txn.Compare, modified(g.Key, g.Mod))
		txn.Failure = append(txn.Failure, look(g.Key))
	}
	var resp *etcdserverpb.TxnResponse
	err := s.write(ctx, func(ctx context.Context) (err error) {
		resp, err = s.kv.Txn(ctx, txn)
		return rpctypes.Error(err)
	})
	if err != nil {
		return store.PutResponse{}, err
	}
	out := store.PutResponse{Succeeded: resp.Succeeded, Revision: resp.Header.Revision}
	if resp.Succeeded {
		return out, nil
	}
	out.KV = found(resp.Responses[0])
	for _, look := range resp.Responses[1:] {
		out.Guards = append(out.Guards, found(look))
	}
	return out, nil
}

// modified is the condition that a key's modification revision is as expected.
func modified(key string, expected int64) *etcdserverpb.Compare {
	return &etcdserverpb.Compare{
		Result: etcdserverpb.Compare_EQUAL, Target: etcdserverpb.Compare_MOD, Key: []byte(key),
		TargetUnion: &etcdserverpb.Compare_ModRevision{ModRevision: expected},
	}
}

func look(key string) *etcdserverpb.RequestOp {
	return &etcdserverpb.RequestOp{Request: &etcdserverpb.RequestOp_RequestRange{RequestRange: &etcdserverpb.RangeRequest{Key: []byte(key)}}}
}

// found is the one key that a get in a transaction met.
func found(resp *etcdserverpb.ResponseOp) *store.KV {
	if kvs := resp.GetResponseRange().GetKvs(); len(kvs) > 0 {
		return pointer(kvs[0])
	}
	return nil
}

// Delete compares and removes; see [store.Store]. client/v3/kubernetes has OptimisticDelete too, but does not return
// what was removed.
func (s *Store) Delete(ctx context.Context, key string, expected int64) (store.DeleteResponse, error) {
	if key == "" {
		return store.DeleteResponse{}, store.ErrKeyEmpty
	}
	var resp *clientv3.TxnResponse
	err := s.write(ctx, func(ctx context.Context) (err error) {
		resp, err = s.client.KV.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", expected)).
			Then(clientv3.OpDelete(key, clientv3.WithPrevKV())).
			Else(clientv3.OpGet(key)).
			Commit()
		return err
	})
	if err != nil {
		return store.DeleteResponse{}, err
	}
	out := store.DeleteResponse{Succeeded: resp.Succeeded, Revision: resp.Header.Revision}
	kvs := resp.Responses[0].GetResponseRange().GetKvs()
	if resp.Succeeded {
		kvs = resp.Responses[0].GetResponseDeleteRange().GetPrevKvs()
	}
	if len(kvs) > 0 {
		out.KV = pointer(kvs[0])
	}
	return out, nil
}

// Compact forgets history before a revision; see [store.Store].
func (s *Store) Compact(ctx context.Context, revision int64) error {
	return s.write(ctx, func(ctx context.Context) error {
		_, err := s.client.KV.Compact(ctx, revision)
		return err
	})
}

// read asks, and asks again a bounded number of times where another member may answer.
func (s *Store) read(ctx context.Context, ask func(context.Context) error) error {
	if s.isClosed() {
		return store.ErrClosed
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := ask(bounded)
		switch {
		case err == nil:
			return nil
		case s.isClosed():
			return store.ErrClosed
		case attempt == readAttempts || !elsewhere(err):
			return readError(ctx, err)
		}
		select {
		case <-time.After(readPause):
		case <-bounded.Done():
			return readError(ctx, err)
		}
	}
}

// write asks once.
func (s *Store) write(ctx context.Context, ask func(context.Context) error) error {
	if s.isClosed() {
		return store.ErrClosed
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	bounded, sent := withSent(bounded)
	err := ask(bounded)
	if err == nil {
		return nil
	}
	if s.isClosed() && !sent.Load() {
		return store.ErrClosed
	}
	return writeError(ctx, err, sent.Load())
}

// bounded is ctx with an end, and with the wish to be refused at once by a member that knows of no leader.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(clientv3.WithRequireLeader(ctx), s.timeout)
}

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func pointer(kv *mvccpb.KeyValue) *store.KV {
	if kv == nil {
		return nil
	}
	v := value(kv)
	return &v
}

func value(kv *mvccpb.KeyValue) store.KV {
	return store.KV{
		Key:     string(kv.Key),
		Value:   kv.Value,
		Created: kv.CreateRevision,
		Mod:     kv.ModRevision,
		Version: kv.Version,
	}
}
