package request_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// Goal: each request asks the store for no more than it needs, and believes the cache in nothing that it does not check.
// Method: requests over caches that are up to date, or not, with what they asked for.
func TestWhatAWriteAsksFor(t *testing.T) {
	old := func(w *world) *corev1.ConfigMap { return w.must(get("a")).(*corev1.ConfigMap) }
	for _, c := range []struct {
		name  string
		stale bool // the cache has not seen the last write of a
		req   func(w *world) api.Request
		asked []string
		err   func(error) bool
	}{
		{"a create", false, func(*world) api.Request { return create(configMap("b")) }, []string{"put"}, nil},
		{"a create of a name that is taken", false, func(*world) api.Request { return create(configMap("a")) }, []string{"put"}, apierrors.IsAlreadyExists},
		{"an update", false, func(*world) api.Request { return update(configMap("a", data("new"))) }, []string{"put"}, nil},
		{"an update on a stale suggestion", true, func(*world) api.Request { return update(configMap("a", data("new"))) }, []string{"put", "put"}, nil},
		{"an update with the present version", false, func(w *world) api.Request { return update(old(w)) }, []string{"get"}, nil}, // no change
		{"an update that the cache calls a conflict", true, func(w *world) api.Request {
			cm := old(w).DeepCopy()
			cm.Data = map[string]string{"v": "mine"}
			return update(cm)
		}, []string{"get", "put"}, nil},
		{"an update that is a conflict", false, func(w *world) api.Request {
			return update(configMap("a", func(cm *corev1.ConfigMap) { cm.ResourceVersion = "1" }))
		}, []string{"get"}, apierrors.IsConflict},
		{"an update of what is not there", false, func(*world) api.Request { return update(configMap("absent")) }, []string{"get"}, apierrors.IsNotFound},
		{"a delete", false, func(*world) api.Request { return remove("a") }, []string{"delete"}, nil},
		{"a delete on a stale suggestion", true, func(*world) api.Request { return remove("a") }, []string{"delete", "delete"}, nil},
		{"a delete of what is not there", false, func(*world) api.Request { return remove("absent") }, []string{"get"}, apierrors.IsNotFound},
		{"a delete with a wrong UID", false, func(*world) api.Request {
			r, uid := remove("a"), types.UID("other")
			r.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
			return r
		}, []string{"get"}, apierrors.IsConflict},
		{"a dry run of a create", false, func(*world) api.Request { r := create(configMap("b")); r.DryRun = true; return r }, []string{"get", "get"}, nil},
		{"a dry run of a create of what is there", false, func(*world) api.Request { r := create(configMap("a")); r.DryRun = true; return r }, []string{"get", "get"}, apierrors.IsAlreadyExists},
		{"a dry run of an update", false, func(*world) api.Request { r := update(configMap("a", data("new"))); r.DryRun = true; return r }, []string{"get"}, nil},
		{"a dry run of a delete", false, func(*world) api.Request { r := remove("a"); r.DryRun = true; return r }, []string{"get"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.must(create(configMap("a", data("1"))))
			w.catchUp()
			if c.stale {
				w.must(update(configMap("a", data("2"))))
			}
			req := c.req(w)
			before := w.revision()
			resp, err := w.do(req)
			require.Equal(t, c.asked, w.asked)
			if c.err != nil {
				require.True(t, c.err(err), "%v", err)
				require.Equal(t, trace.Failed, api.OutcomeOf(err))
			} else {
				require.NoError(t, err)
				require.NotNil(t, resp.Object)
			}
			if req.DryRun || c.err != nil {
				require.Equal(t, before, w.revision(), "nothing was written")
			}
		})
	}
}

// BUGS A06, A07, row 16: a finalizer that arrives between the decision to remove and the removal is not overlooked.
func TestRemovalComparesTheVersion(t *testing.T) {
	w := newWorld(t, 0)
	w.must(create(configMap("a")))
	w.catchUp()
	m := w.begin(remove("a"))
	op := w.ask(m)
	require.Equal(t, request.Delete, op.Kind)
	w.must(update(configMap("a", finalizers("orrery.dev/hold"))))
	m.Done(w.perform(op))
	result := w.finish(m)
	require.NoError(t, result.Err)
	left := w.must(get("a"))
	require.Equal(t, []string{"orrery.dev/hold"}, left.GetFinalizers())
	require.NotNil(t, left.GetDeletionTimestamp())
	// The write that takes the last finalizer away removes the object.
	w.must(update(configMap("a")))
	_, err := w.do(get("a"))
	require.True(t, apierrors.IsNotFound(err))
}

// BUGS A10: a delete whose UID precondition held in the cache does not remove what came under that name since.
func TestRemovalOfAnotherIncarnation(t *testing.T) {
	w := newWorld(t, 0)
	uid := w.must(create(configMap("a"))).GetUID()
	w.catchUp()
	req := remove("a")
	req.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	m := w.begin(req)
	op := w.ask(m)
	w.must(remove("a"))
	second := w.must(create(configMap("a"))).GetUID()
	require.NotEqual(t, uid, second, "row 9")
	m.Done(w.perform(op))
	require.True(t, apierrors.IsConflict(w.finish(m).Err))
	require.Equal(t, second, w.must(get("a")).GetUID())
}

// BUGS A09, row 11: an update that was decided on a version that is gone does not bring it back.
func TestUpdateNeverCreates(t *testing.T) {
	w := newWorld(t, 0)
	w.must(create(configMap("a")))
	w.catchUp()
	m := w.begin(update(configMap("a", data("new"))))
	op := w.ask(m)
	require.Equal(t, request.Put, op.Kind)
	w.must(remove("a"))
	m.Done(w.perform(op))
	require.True(t, apierrors.IsNotFound(w.finish(m).Err))
	_, err := w.do(get("a"))
	require.True(t, apierrors.IsNotFound(err))
}

// A write that loses every race ends, and says that it did nothing.
func TestRacesAreBounded(t *testing.T) {
	w := newWorld(t, 0)
	w.must(create(configMap("a")))
	m := w.begin(update(configMap("a", data("mine"))))
	for puts := 0; ; {
		op, result := m.Next()
		if result != nil {
			require.True(t, apierrors.IsConflict(result.Err), "%v", result.Err)
			require.Greater(t, puts, 10)
			return
		}
		if op.Kind == request.Put {
			puts++
			w.must(update(configMap("a", data(fmt.Sprint(puts)))))
		}
		m.Done(w.perform(op))
	}
}

// A generated name that is taken is replaced by another; a given one is not.
func TestGeneratedNames(t *testing.T) {
	w := newWorld(t, 0)
	generate := api.Request{Verb: api.Create, Resource: configMaps, Namespace: "default",
		Object: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", GenerateName: "g-"}}}
	first := w.must(generate).GetName()
	w.issued = 0 // every suffix comes again
	for range 3 {
		w.must(generate)
	}
	names := map[string]bool{}
	for _, r := range w.log {
		names[r.Changes[0].KV.Key] = true
	}
	require.Contains(t, names, configMaps.Key("default", first))
	require.Len(t, names, 1+4, "the namespace and four objects")

	stuck := func() registryEnv { e := w.env(); e.Suffix = "same0"; return e }
	require.NoError(t, w.finish(request.New(generate, w, stuck)).Err)
	w.asked = nil
	err := w.finish(request.New(generate, w, stuck)).Err
	require.True(t, apierrors.IsAlreadyExists(err), "%v", err)
	require.Len(t, w.asked, 8)
}

// Row 28: no object in a namespace that is not there, or is going; G03: nothing is refused on the cache's word.
func TestNamespaces(t *testing.T) {
	w := newWorld(t, 0)
	in := func(ns string) api.Request {
		return create(configMap("a", func(cm *corev1.ConfigMap) { cm.Namespace = ns }))
	}
	_, err := w.do(in("n"))
	require.True(t, apierrors.IsNotFound(err))
	require.Contains(t, err.Error(), `namespaces "n" not found`)

	w.must(api.Request{Verb: api.Create, Resource: namespaces, Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}})
	w.must(in("n")) // the cache has not seen the namespace
	w.catchUp()
	w.must(remove2(namespaces, "n"))
	req := create(configMap("b", func(cm *corev1.ConfigMap) { cm.Namespace = "n" }))
	_, err = w.do(req) // the cache still shows it Active
	require.True(t, apierrors.IsForbidden(err), "%v", err)
	require.Contains(t, err.Error(), `configmaps "b" is forbidden: unable to create new content in namespace n because it is being terminated`)
	require.True(t, apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause))
}

// Goal: a namespace that changes between the decision and the write stops the write if it is going or gone, and only then.
// Method: the write is held while the namespace changes, with a cache that has not seen it.
func TestNamespaceChangesBeforeTheWrite(t *testing.T) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
	for _, c := range []struct {
		name   string
		change func(*world)
		want   func(error) bool
		asked  []string
	}{
		{"unchanged", func(*world) {}, isNil, []string{"put"}},
		{"labelled", func(w *world) {
			labelled := ns.DeepCopy()
			labelled.Labels = map[string]string{"a": "b"}
			w.must(api.Request{Verb: api.Update, Resource: namespaces, Name: "n", Object: labelled})
		}, isNil, []string{"put", "put"}},
		{"terminating", func(w *world) { w.must(remove2(namespaces, "n")) }, apierrors.IsForbidden, []string{"put"}},
		{"gone", func(w *world) {
			key := namespaces.Key("", "n")
			now, err := w.store.Get(context.Background(), key, store.GetOptions{})
			require.NoError(t, err)
			_, err = w.store.Delete(context.Background(), key, now.KV.Mod)
			require.NoError(t, err)
		}, apierrors.IsNotFound, []string{"put"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.must(api.Request{Verb: api.Create, Resource: namespaces, Object: ns.DeepCopy()})
			w.catchUp()
			m := w.begin(create(configMap("a", func(cm *corev1.ConfigMap) { cm.Namespace = "n" })))
			require.Equal(t, request.Put, w.ask(m).Kind)
			c.change(w)
			w.asked = nil
			result := w.finish(m)
			require.True(t, c.want(result.Err), "%v", result.Err)
			require.Equal(t, c.asked, w.asked)
		})
	}
}

func isNil(err error) bool { return err == nil }

func remove2(r *api.Resource, name string) api.Request {
	return api.Request{Verb: api.Delete, Resource: r, Name: name}
}

// Goal: what the store did not tell, the client is not told either; all else is definite. Method: every operation of each
// request fails in every way, having landed or not.
func TestStoreErrors(t *testing.T) {
	long, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name    string
		err     error
		written trace.Outcome // of the request, if the put or delete fails so
		read    trace.Outcome // if a read before it does
	}{
		{"unavailable", fmt.Errorf("x: %w", store.ErrUnavailable), trace.Failed, trace.Failed},
		{"closed", store.ErrClosed, trace.Failed, trace.Failed},
		{"unknown", fmt.Errorf("x: %w", store.ErrUnknown), trace.Unknown, trace.Failed},
		{"cancelled", long.Err(), trace.Unknown, trace.Failed},
		{"deadline", context.DeadlineExceeded, trace.Unknown, trace.Failed},
		{"too large", store.ErrTooLarge, trace.Failed, trace.Unknown},
		{"odd", errors.New("odd"), trace.Unknown, trace.Unknown},
	} {
		for _, req := range []api.Request{create(configMap("b")), update(configMap("a", data("2"))), remove("a")} {
			w := newWorld(t, 0)
			w.must(create(configMap("a")))
			w.catchUp()
			m := w.begin(req)
			op := w.ask(m)
			require.Contains(t, []request.Kind{request.Put, request.Delete}, op.Kind)
			m.Done(request.Answer{Err: c.err})
			_, result := m.Next()
			require.NotNil(t, result, "a write is never sent twice")
			require.Equal(t, c.written, api.OutcomeOf(result.Err), "%s of a %s: %v", c.name, req.Verb, result.Err)
			var status apierrors.APIStatus
			require.ErrorAs(t, result.Err, &status)
		}
		for _, req := range []api.Request{update(configMap("absent")), remove("absent"), {Verb: api.Create, Resource: configMaps, Namespace: "n", Object: configMap("b")}} {
			w := newWorld(t, 0)
			m := w.begin(req)
			require.Equal(t, request.Get, w.ask(m).Kind)
			m.Done(request.Answer{Err: c.err})
			_, result := m.Next()
			require.Equal(t, c.read, api.OutcomeOf(result.Err), "%s of the read of a %s: %v", c.name, req.Verb, result.Err)
		}
		w, req := newWorld(t, 0), create(configMap("b"))
		req.DryRun = true
		m := w.begin(req)
		m.Done(w.perform(w.ask(m))) // the namespace
		require.Equal(t, configMaps.Key("default", "b"), w.ask(m).Key)
		m.Done(request.Answer{Err: c.err})
		_, result := m.Next()
		require.Equal(t, c.read, api.OutcomeOf(result.Err), "%s of a dry run: %v", c.name, result.Err)
	}
}

// Goal: a value in the store that is no object, or another one than it has to be, is the server's fault, and nothing is written
// over it. Method: such values under the keys that each request reads.
func TestValuesThatCannotBeUsed(t *testing.T) {
	w := newWorld(t, 0)
	for key, value := range map[string][]byte{
		configMaps.Key("default", "bad"): []byte("bad"), namespaces.Key("", "bad"): []byte("bad"), namespaces.Key("", "odd"): encoded(t, configMap("odd")),
	} {
		_, err := w.store.Put(context.Background(), key, value, 0)
		require.NoError(t, err)
	}
	w.set.Of(configMaps).Lose()
	before := w.revision()
	for want, requests := range map[string][]api.Request{
		"/registry/configmaps/default/bad at revision":   {get("bad"), list(), update(configMap("bad")), remove("bad")},
		"/registry/namespaces/bad at revision":           {{Verb: api.Create, Resource: configMaps, Namespace: "bad", Object: configMap("a", in("bad"))}},
		"/registry/namespaces/odd holds a *v1.ConfigMap": {{Verb: api.Create, Resource: configMaps, Namespace: "odd", Object: configMap("a", in("odd"))}},
	} {
		for _, req := range requests {
			_, err := w.do(req)
			require.True(t, apierrors.IsInternalError(err), "%s: %v", req.Verb, err)
			require.ErrorContains(t, err, want)
		}
	}
	require.Equal(t, before, w.revision())
}

func in(namespace string) func(*corev1.ConfigMap) {
	return func(cm *corev1.ConfigMap) { cm.Namespace = namespace }
}

// Whoever drives a machine must drive it right.
func TestMisuse(t *testing.T) {
	w := newWorld(t, 0)
	m := w.begin(get("a"))
	w.finish(m)
	require.PanicsWithValue(t, "request: an answer to get configmaps, which had asked for nothing", func() { m.Done(request.Answer{}) })
	require.PanicsWithValue(t, `request: "wait" is not an operation on a store`, func() {
		request.Perform(context.Background(), w.store, request.Op{Kind: request.Wait})
	})
}

// Deletecollection deletes what was listed, no more, and cannot say "not done" after it has done a part.
func TestDeleteCollection(t *testing.T) {
	all := api.Request{Verb: api.DeleteCollection, Resource: configMaps, Namespace: "default"}
	setup := func() *world {
		w := newWorld(t, 0)
		for _, name := range []string{"a", "b", "c"} {
			w.must(create(configMap(name)))
		}
		w.catchUp()
		return w
	}
	t.Run("all", func(t *testing.T) {
		w := setup()
		resp, err := w.do(all)
		require.NoError(t, err)
		require.Len(t, resp.Object.(*corev1.ConfigMapList).Items, 3)
		require.Equal(t, []string{"count", "delete", "delete", "delete"}, w.asked)
	})
	t.Run("a name that was taken again", func(t *testing.T) {
		w := setup()
		m := w.begin(all)
		m.Done(w.perform(w.ask(m)))
		op := w.ask(m)
		require.Equal(t, request.Delete, op.Kind)
		w.must(remove("b"))
		w.must(create(configMap("b")))
		m.Done(w.perform(op))
		require.NoError(t, w.finish(m).Err)
		w.must(get("b"))
		_, err := w.do(get("c"))
		require.True(t, apierrors.IsNotFound(err))
	})
	t.Run("with options", func(t *testing.T) {
		w := setup()
		orphan, req := metav1.DeletePropagationOrphan, all
		req.Delete = &metav1.DeleteOptions{PropagationPolicy: &orphan}
		_, err := w.do(req)
		require.NoError(t, err)
		for _, name := range []string{"a", "b", "c"} {
			require.Equal(t, []string{metav1.FinalizerOrphanDependents}, w.must(get(name)).GetFinalizers())
		}
		// Who has preconditions of his own is told that they do not hold.
		old := w.must(get("a")).GetResourceVersion()
		w.must(update(configMap("a")))
		req.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &old}}
		w.catchUp()
		_, err = w.do(req)
		require.True(t, apierrors.IsConflict(err), "%v", err)
	})
	t.Run("a failure in the middle", func(t *testing.T) {
		w := setup()
		m := w.begin(all)
		m.Done(w.perform(w.ask(m)))
		m.Done(w.perform(w.ask(m)))
		m.Done(request.Answer{Err: store.ErrUnavailable})
		_, result := m.Next()
		require.Equal(t, trace.Unknown, api.OutcomeOf(result.Err), "%v", result.Err)
		require.Contains(t, result.Err.Error(), "1 of 3 were deleted")
	})
}

// Requests that name nothing, or nothing that makes sense.
func TestBadRequests(t *testing.T) {
	w := newWorld(t, 0)
	for want, req := range map[string]api.Request{
		"names no resource":                       {Verb: api.Get, Name: "a"},
		"name must be provided":                   {Verb: api.Get, Resource: configMaps, Namespace: "default"},
		"empty namespace":                         {Verb: api.Get, Resource: configMaps, Name: "a"},
		"have no namespace":                       {Verb: api.Get, Resource: namespaces, Namespace: "default", Name: "a"},
		"is not supported":                        {Verb: "eat", Resource: configMaps, Namespace: "default", Name: "a"},
		"invalid resource version":                {Verb: api.Get, Resource: configMaps, Namespace: "default", Name: "a", ResourceVersion: "x"},
		"invalid resource version ":               {Verb: api.Watch, Resource: configMaps, ResourceVersion: "-1"},
		"sendInitialEvents is forbidden for list": {Verb: api.List, Resource: configMaps, InitialEvents: true},
		"resourceVersionMatch is forbidden when continue is provided": {Verb: api.Watch, Resource: configMaps, InitialEvents: true,
			Match: metav1.ResourceVersionMatchNotOlderThan, Continue: "x"},
		"found '=', expected: ',' or 'end of string'": {Verb: api.Watch, Resource: configMaps, Labels: "a=b=c"},
		"not find the requested resource":             {Verb: api.Get, Resource: namespaces, Subresource: "status2", Name: "default"},
		"is a <nil>, and not a ConfigMap":             {Verb: api.Create, Resource: configMaps, Namespace: "default", Name: "a", DryRun: true},
	} {
		_, err := w.do(req)
		require.ErrorContains(t, err, strings.TrimSpace(want))
		var status apierrors.APIStatus
		require.ErrorAs(t, err, &status)
		require.Less(t, status.Status().Code, int32(500))
	}
}

// BUGS A19: graceful deletion is two deletes, and whatever happens between them the second one finishes what is begun.
func TestGracefulDeletion(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}, Spec: corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	del := func(grace *int64) api.Request {
		return api.Request{Verb: api.Delete, Resource: pods, Namespace: "default", Name: "p", Delete: &metav1.DeleteOptions{GracePeriodSeconds: grace}}
	}
	read := api.Request{Verb: api.Get, Resource: pods, Namespace: "default", Name: "p"}
	zero := int64(0)
	for name, edit := range map[string]func(*corev1.Pod){
		"nothing happens between":           nil,
		"it was left at grace 0 by a crash": func(p *corev1.Pod) { p.DeletionGracePeriodSeconds = &zero },
	} {
		for _, second := range []*int64{&zero, nil} {
			if edit == nil && second == nil {
				continue // the grace period is still running
			}
			t.Run(fmt.Sprintf("%s, grace given: %v", name, second != nil), func(t *testing.T) {
				w := newWorld(t, 0)
				w.must(api.Request{Verb: api.Create, Resource: pods, Namespace: "default", Name: "p", Object: pod})
				w.catchUp()
				w.must(del(nil))
				w.catchUp()
				going := w.must(read)
				require.NotNil(t, going.GetDeletionTimestamp())
				require.EqualValues(t, 2, going.GetGeneration(), "row 13")
				if edit != nil {
					left := going.DeepCopyObject().(*corev1.Pod)
					edit(left)
					value, err := api.Encode(left)
					require.NoError(t, err)
					_, err = w.store.Put(context.Background(), pods.Key("default", "p"), value, api.MustResourceVersion(going))
					require.NoError(t, err)
				}
				w.must(del(second)) // the cache has not seen the edit
				_, err := w.do(read)
				require.True(t, apierrors.IsNotFound(err), "%v", err)
			})
		}
	}
}

// Goal: an eviction is one write, whatever comes between, and none where either its options or the request say that it is a dry run. Method: a pod,
// evicted on a version that the cache still shows, with and without a precondition that names it.
func TestEviction(t *testing.T) {
	evict := func(options *metav1.DeleteOptions) api.Request {
		return api.Request{Verb: api.Create, Resource: pods, Namespace: "default", Name: "p", Subresource: "eviction",
			Object: &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "p"}, DeleteOptions: options}}
	}
	begin := func() (*world, *corev1.Pod) {
		w := newWorld(t, 0)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
		made := w.must(api.Request{Verb: api.Create, Resource: pods, Namespace: "default", Name: "p", Object: pod}).(*corev1.Pod)
		w.catchUp()
		labeled := made.DeepCopy()
		labeled.Labels = map[string]string{"a": "b"}
		w.must(api.Request{Verb: api.Update, Resource: pods, Namespace: "default", Name: "p", Object: labeled})
		return w, made
	}
	read := func(w *world) *corev1.Pod {
		return w.must(api.Request{Verb: api.Get, Resource: pods, Namespace: "default", Name: "p"}).(*corev1.Pod)
	}

	w, _ := begin()
	resp, err := w.do(evict(nil))
	require.NoError(t, err)
	require.Equal(t, []string{"put", "put"}, w.asked, "the cached version is not the stored one any more")
	require.True(t, resp.Created)
	require.Equal(t, metav1.StatusSuccess, resp.Object.(*metav1.Status).Status)
	gone := read(w)
	require.NotNil(t, gone.DeletionTimestamp)
	require.Equal(t, "b", gone.Labels["a"])
	require.Equal(t, corev1.DisruptionTarget, gone.Status.Conditions[0].Type)

	w, old := begin()
	_, err = w.do(evict(&metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &old.ResourceVersion}}))
	require.True(t, apierrors.IsConflict(err), "%v", err)
	require.Nil(t, read(w).DeletionTimestamp)

	for _, dry := range []api.Request{evict(&metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}}), evict(nil)} {
		dry.DryRun = dry.Object.(*policyv1.Eviction).DeleteOptions == nil
		w, _ = begin()
		_, err = w.do(dry)
		require.NoError(t, err)
		require.Nil(t, read(w).DeletionTimestamp, "a dry run changes nothing")
	}
}
