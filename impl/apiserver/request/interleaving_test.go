package request_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// Goal: rows 6 to 20 whatever the order in which the operations of several requests reach the store, whatever the cache
// has seen, and whatever became of writes whose answers were lost. Method: requests are stepped one operation at a time
// among each other and among deliveries to the cache; every answer must have been true at some revision between the
// request's begin and end, and every change of the store must be one that some request was allowed to make.
func TestAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &interleaving{world: newWorld(rt, rapid.IntRange(1, 8).Draw(rt, "window")), by: map[int64]api.Request{}, uids: map[types.UID]int64{}}
		m.checked = len(m.log)
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "begin": m.begin, "begin ": m.begin, "step": m.step, "step ": m.step, "step  ": m.step,
			"deliver": m.deliver, "deliver ": m.deliver, "relist": m.relist, "land": m.land,
		})
	})
}

type interleaving struct {
	*world
	open    []*open
	ghosts  []ghost // writes whose answers were lost, and that have not landed
	by      map[int64]api.Request
	uids    map[types.UID]int64 // the creation of each
	checked int                 // how much of the log has been checked
	marks   int
}

type open struct {
	m     *request.Machine
	req   api.Request
	began int64
	mark  string
}

type ghost struct {
	op  request.Op
	req api.Request
}

// at is the ConfigMap as it was at a revision; nil: absent.
func (m *interleaving) at(name string, revision int64) *corev1.ConfigMap {
	var found *corev1.ConfigMap
	for _, r := range m.log {
		if change := r.Changes[0]; r.Revision <= revision && change.KV.Key == configMaps.Key("default", name) {
			found = nil
			if !change.Deleted {
				item, err := cache.Decode(change.KV)
				require.NoError(m.t, err)
				found = item.Object.(*corev1.ConfigMap)
			}
		}
	}
	return found
}

var (
	names = rapid.SampledFrom([]string{"a", "b"})
	verbs = rapid.SampledFrom([]api.Verb{api.Create, api.Create, api.Update, api.Update, api.Delete, api.Delete, api.Get, api.List, api.DeleteCollection})
)

func (m *interleaving) begin(t *rapid.T) {
	if len(m.open) == 4 {
		t.Skip()
	}
	m.marks++
	o := &open{began: m.revision(), mark: fmt.Sprintf("request-%d", m.marks)}
	name := names.Draw(t, "name")
	known := m.at(name, rapid.Int64Range(1, o.began).Draw(t, "known at")) // what the client believes
	switch verb := verbs.Draw(t, "verb"); verb {
	case api.List:
		o.req = list(func(r *api.Request) { r.ResourceVersion = rapid.SampledFrom([]string{"", "0"}).Draw(t, "rv") })
	case api.DeleteCollection:
		o.req = api.Request{Verb: verb, Resource: configMaps, Namespace: "default"}
	case api.Get:
		o.req = get(name)
	case api.Delete:
		o.req = remove(name)
		if known != nil && rapid.Bool().Draw(t, "by UID") {
			o.req.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &known.UID}}
		}
	default:
		cm := configMap(name, data(o.mark))
		if rapid.Bool().Draw(t, "finalizer") {
			cm.Finalizers = []string{rapid.SampledFrom([]string{"x/1", "x/2"}).Draw(t, "finalizer's name")}
		}
		o.req = create(cm)
		if verb == api.Update {
			if known != nil && rapid.Bool().Draw(t, "by resourceVersion") {
				cm.ResourceVersion, cm.UID = known.ResourceVersion, known.UID
			}
			o.req = update(cm)
		}
	}
	o.m = m.world.begin(o.req)
	m.open = append(m.open, o)
}

// step carries out one operation of one request, or loses it, or its answer.
func (m *interleaving) step(t *rapid.T) {
	if len(m.open) == 0 {
		t.Skip()
	}
	o := m.open[rapid.IntRange(0, len(m.open)-1).Draw(t, "request")]
	op, result := o.m.Next()
	if result == nil {
		o.m.Done(m.outcome(t, op, o.req))
		if _, result = o.m.Next(); result == nil {
			return
		}
	}
	m.open = slices.DeleteFunc(m.open, func(other *open) bool { return other == o })
	m.judge(o, result)
}

func (m *interleaving) outcome(t *rapid.T, op request.Op, req api.Request) request.Answer {
	switch rapid.IntRange(0, 11).Draw(t, "fault") {
	case 0:
		return request.Answer{Err: store.ErrUnavailable}
	case 1:
		if op.Kind == request.Put || op.Kind == request.Delete {
			m.ghosts = append(m.ghosts, ghost{op, req})
		}
		return request.Answer{Err: store.ErrUnknown}
	case 2:
		m.carry(op, req)
		return request.Answer{Err: store.ErrUnknown}
	}
	return m.carry(op, req)
}

func (m *interleaving) carry(op request.Op, req api.Request) request.Answer {
	a := m.perform(op)
	if (op.Kind == request.Put || op.Kind == request.Delete) && a.Succeeded {
		m.by[a.Revision] = req
	}
	return a
}

// land lets a write land whose answer was lost long ago.
func (m *interleaving) land(t *rapid.T) {
	if len(m.ghosts) == 0 {
		t.Skip()
	}
	m.carry(m.ghosts[0].op, m.ghosts[0].req)
	m.ghosts = m.ghosts[1:]
}

func (m *interleaving) deliver(t *rapid.T) {
	if len(m.pending) == 0 {
		t.Skip()
	}
	m.world.deliver()
}

func (m *interleaving) relist(t *rapid.T) {
	l, err := m.store.List(context.Background(), cache.Root, store.ListOptions{})
	require.NoError(t, err)
	require.NoError(t, m.set.ObserveList(l.Revision, l.KVs))
	m.pending = nil
}

// judge checks that an answer was true at some revision while the request was open.
func (m *interleaving) judge(o *open, result *request.Result) {
	ended, name := m.revision(), o.req.Name
	sometime := func(holds func(cm *corev1.ConfigMap) bool) bool {
		for revision := o.began; revision <= ended; revision++ {
			if holds(m.at(name, revision)) {
				return true
			}
		}
		return false
	}
	if result.Err != nil {
		m.judgeError(o, result.Err, sometime)
		return
	}
	switch o.req.Verb {
	case api.List:
		m.judgeList(o, result.Response, ended)
	case api.DeleteCollection:
	case api.Delete:
		if _, ok := result.Response.Object.(*metav1.Status); ok {
			require.True(m.t, sometime(func(cm *corev1.ConfigMap) bool { return cm == nil }), "deleted %s: it was never gone", name)
		}
	default:
		got := result.Response.Object.(*corev1.ConfigMap)
		removed := got.DeletionTimestamp != nil && len(got.Finalizers) == 0 // by an update that took the last finalizer
		require.True(m.t, removed || sometime(func(cm *corev1.ConfigMap) bool { return cm != nil && cm.ResourceVersion == got.ResourceVersion }),
			"%s %s: answered with %s, which was not there between %d and %d", o.req.Verb, name, got.ResourceVersion, o.began, ended)
		if o.req.Verb != api.Get {
			require.Equal(m.t, o.mark, got.Data["v"])
		}
	}
}

func (m *interleaving) judgeError(o *open, err error, sometime func(func(*corev1.ConfigMap) bool) bool) {
	if api.OutcomeOf(err) == trace.Failed {
		for _, r := range m.log {
			if change := r.Changes[0]; !change.Deleted && r.Revision > o.began {
				if item, _ := cache.Decode(change.KV); item.Object.GetName() == o.req.Name {
					require.NotEqual(m.t, o.mark, item.Object.(*corev1.ConfigMap).Data["v"], "%v, but it was done at revision %d", err, r.Revision)
				}
			}
		}
	}
	switch {
	case apierrors.IsNotFound(err):
		require.True(m.t, sometime(func(cm *corev1.ConfigMap) bool { return cm == nil }), "%v: it was always there", err)
	case apierrors.IsAlreadyExists(err):
		require.True(m.t, sometime(func(cm *corev1.ConfigMap) bool { return cm != nil }), "%v: it was never there", err)
	case apierrors.IsConflict(err):
		require.True(m.t, sometime(func(cm *corev1.ConfigMap) bool { return cm != nil && m.conflicts(o.req, cm) }), "%v: nothing was in the way", err)
	}
}

func (m *interleaving) conflicts(req api.Request, cm *corev1.ConfigMap) bool {
	if req.Verb == api.Delete {
		return req.Delete != nil && *req.Delete.Preconditions.UID != cm.UID
	}
	given := req.Object.(*corev1.ConfigMap)
	return given.ResourceVersion != "" && (given.ResourceVersion != cm.ResourceVersion || given.UID != cm.UID)
}

func (m *interleaving) judgeList(o *open, resp api.Response, ended int64) {
	listed := resp.Object.(*corev1.ConfigMapList)
	revision, err := api.ParseResourceVersion(listed.ResourceVersion)
	require.NoError(m.t, err)
	require.LessOrEqual(m.t, revision, ended)
	if o.req.ResourceVersion == "" {
		require.GreaterOrEqual(m.t, revision, o.began, "a consistent list is no older than its request")
	}
	got := map[string]string{}
	for _, cm := range listed.Items {
		got[cm.Name] = cm.ResourceVersion
	}
	want := map[string]string{}
	for _, name := range []string{"a", "b"} {
		if cm := m.at(name, revision); cm != nil {
			want[name] = cm.ResourceVersion
		}
	}
	require.Equal(m.t, want, got, "a list is one revision's state")
}

// check holds the store's new changes against what a change may be.
func (m *interleaving) check(t *rapid.T) {
	for ; m.checked < len(m.log); m.checked++ {
		change := m.log[m.checked].Changes[0]
		req, known := m.by[change.KV.Mod]
		require.True(t, known, "revision %d was written by nobody", change.KV.Mod)
		var old *corev1.ConfigMap
		if change.Previous != nil {
			item, err := cache.Decode(*change.Previous)
			require.NoError(t, err)
			old = item.Object.(*corev1.ConfigMap)
		}
		if change.Deleted {
			m.checkRemoval(t, old, req)
			continue
		}
		item, err := cache.Decode(change.KV)
		require.NoError(t, err)
		m.checkPut(t, old, item.Object.(*corev1.ConfigMap), req, change.KV.Mod)
	}
}

func (m *interleaving) checkRemoval(t *rapid.T, old *corev1.ConfigMap, req api.Request) {
	if len(old.Finalizers) == 0 {
		return
	}
	require.Equal(t, api.Update, req.Verb, "row 16: removed with finalizers %v", old.Finalizers)
	require.NotNil(t, old.DeletionTimestamp, "row 16")
	require.Empty(t, req.Object.(*corev1.ConfigMap).Finalizers, "row 16")
}

func (m *interleaving) checkPut(t *rapid.T, old, new *corev1.ConfigMap, req api.Request, revision int64) {
	if old == nil {
		require.Equal(t, api.Create, req.Verb, "row 11: only a create creates")
		require.Zero(t, m.uids[new.UID], "row 9: a UID is used once")
		m.uids[new.UID] = revision
		return
	}
	require.NotEqual(t, api.Create, req.Verb, "row 8")
	require.Equal(t, old.UID, new.UID, "row 9")
	if given, ok := req.Object.(*corev1.ConfigMap); ok && given.ResourceVersion != "" {
		require.Equal(t, given.ResourceVersion, old.ResourceVersion, "row 7")
	}
	if old.DeletionTimestamp != nil {
		require.Equal(t, old.DeletionTimestamp, new.DeletionTimestamp, "row 14")
		for _, f := range new.Finalizers {
			require.Contains(t, old.Finalizers, f, "row 17")
		}
	}
}
