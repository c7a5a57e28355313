package request_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/store/memory"
)

var (
	configMaps, _ = api.ByName("configmaps")
	namespaces, _ = api.ByName("namespaces")
	pods, _       = api.ByName("pods")
)

// world is one API server taken apart: a store, caches that are fed by hand, and requests that are stepped by hand.
type world struct {
	t       require.TestingT
	store   *memory.Store
	set     *cache.Set
	pending []store.WatchResponse
	log     []store.WatchResponse // everything that happened in the store
	issued  int                   // UIDs and suffixes
	asked   []string              // what requests asked for
}

func newWorld(t require.TestingT, window int) *world {
	w := &world{t: t, store: memory.New(), set: cache.NewSet(window)}
	l, err := w.store.List(context.Background(), cache.Root, store.ListOptions{})
	require.NoError(t, err)
	_, err = w.store.Watch(context.Background(), cache.Root, l.Revision, func(r store.WatchResponse) {
		w.pending = append(w.pending, r)
		if len(r.Changes) > 0 {
			w.log = append(w.log, r)
		}
	})
	require.NoError(t, err)
	require.NoError(t, w.set.ObserveList(l.Revision, nil))
	w.must(api.Request{Verb: api.Create, Resource: namespaces, Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}}})
	w.catchUp()
	return w
}

func (w *world) Snapshot(r *api.Resource) (cache.Snapshot, bool) { return w.set.Of(r).Snapshot() }

func (w *world) At(r *api.Resource, revision int64) (cache.Snapshot, bool) {
	return w.set.Of(r).At(revision)
}

func (w *world) Decode(kv store.KV) (*cache.Item, error) { return cache.Decode(kv) }

func (w *world) env() registry.Env {
	w.issued++
	return registry.Env{Now: metav1.NewTime(time.Unix(1700000000, 0)), UID: types.UID(fmt.Sprintf("uid-%d", w.issued)), Suffix: fmt.Sprintf("%05d", w.issued)}
}

func (w *world) begin(req api.Request) *request.Machine { return request.New(req, w, w.env) }

// perform carries out an Op. A Wait lets the caches catch up, and so ends well unless it waits for the future.
func (w *world) perform(op request.Op) request.Answer {
	w.asked = append(w.asked, string(op.Kind))
	if op.Kind != request.Wait {
		return request.Perform(context.Background(), w.store, op)
	}
	require.NoError(w.t, w.store.Progress(context.Background()))
	w.catchUp()
	if w.set.Of(op.Resource).Revision() < op.Revision {
		return request.Answer{Err: request.ErrWaited}
	}
	return request.Answer{}
}

func (w *world) finish(m *request.Machine) *request.Result {
	for {
		op, result := m.Next()
		if result != nil {
			return result
		}
		m.Done(w.perform(op))
	}
}

func (w *world) do(req api.Request) (api.Response, error) {
	w.asked = nil
	r := w.finish(w.begin(req))
	return r.Response, r.Err
}

func (w *world) must(req api.Request) api.Object {
	resp, err := w.do(req)
	require.NoError(w.t, err, "%s %s/%s", req.Verb, req.Namespace, req.Name)
	obj, _ := resp.Object.(api.Object)
	return obj
}

func (w *world) deliver() {
	_, err := w.set.Observe(w.pending[0])
	require.NoError(w.t, err)
	w.pending = w.pending[1:]
}

func (w *world) catchUp() {
	for len(w.pending) > 0 {
		w.deliver()
	}
}

func (w *world) revision() int64 {
	r, err := w.store.Count(context.Background(), cache.Root)
	require.NoError(w.t, err)
	return r.Revision
}

// ask returns the next Op of a request, which must not be over.
func (w *world) ask(m *request.Machine) request.Op {
	op, result := m.Next()
	require.Nil(w.t, result, "the request is over")
	return op
}

func configMap(name string, change ...func(*corev1.ConfigMap)) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	for _, c := range change {
		c(cm)
	}
	return cm
}

func create(obj *corev1.ConfigMap) api.Request {
	return api.Request{Verb: api.Create, Resource: configMaps, Namespace: obj.Namespace, Name: obj.Name, Object: obj}
}

func update(obj *corev1.ConfigMap) api.Request {
	return api.Request{Verb: api.Update, Resource: configMaps, Namespace: obj.Namespace, Name: obj.Name, Object: obj}
}

func get(name string) api.Request {
	return api.Request{Verb: api.Get, Resource: configMaps, Namespace: "default", Name: name}
}

func remove(name string) api.Request {
	return api.Request{Verb: api.Delete, Resource: configMaps, Namespace: "default", Name: name}
}

func finalizers(names ...string) func(*corev1.ConfigMap) {
	return func(cm *corev1.ConfigMap) { cm.Finalizers = names }
}

func data(value string) func(*corev1.ConfigMap) {
	return func(cm *corev1.ConfigMap) { cm.Data = map[string]string{"v": value} }
}

type registryEnv = registry.Env
