package registry_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// Goal: the promises of doc.go hold whatever clients ask for. Method: random requests, good and bad ones, against a few
// names of four kinds that differ in how they are deleted; after each the object before and after are compared.

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			w.now += rapid.Int64Range(-3, 20).Draw(t, "time passes") // clocks are set back
			step(t, w, drawRequest(t, w))
		}
	})
}

// step carries out one request and holds every law against it.
func step(t *rapid.T, w *world, req api.Request) {
	env := w.env()
	old := w.objects[req.Resource.Key(req.Namespace, nameIn(req, env))]
	oldBefore, reqBefore := snapshot(t, old), snapshotRequest(t, req)

	change, err := registry.Decide(old, req, env)
	again, errAgain := registry.Decide(old, req, env)
	require.Equal(t, oldBefore, snapshot(t, old), "the stored object was modified")
	require.Equal(t, reqBefore, snapshotRequest(t, req), "the request was modified")
	if err != nil {
		require.Equal(t, err, errAgain, "two answers to the same question")
		return
	}
	require.NoError(t, errAgain)
	require.Equal(t, snapshot(t, change.Object), snapshot(t, again.Object), "two answers to the same question")
	require.NotNil(t, change.Answer(change.Object))

	if old == nil {
		created(t, req, change, env)
	} else {
		changed(t, req, old, change)
	}
	if change.Action == registry.Put {
		w.revision++
		change.Object.SetResourceVersion(api.FormatResourceVersion(w.revision))
	}
	key := req.Resource.Key(req.Namespace, change.Object.GetName())
	switch change.Action {
	case registry.Put:
		w.objects[key] = change.Object
	case registry.Remove:
		delete(w.objects, key)
	}
}

func created(t require.TestingT, req api.Request, change registry.Change, env registry.Env) {
	require.Equal(t, api.Create, req.Verb, "only a create creates")
	require.Equal(t, registry.Put, change.Action)
	obj := change.Object
	require.Equal(t, env.UID, obj.GetUID())
	require.Nil(t, obj.GetDeletionTimestamp())
	require.Empty(t, registry.Validate(obj), "what was stored is valid")
	defaulted := obj.DeepCopyObject().(api.Object)
	registry.Default(defaulted)
	require.Equal(t, snapshot(t, obj), snapshot(t, defaulted), "defaults are idempotent")
}

func changed(t require.TestingT, req api.Request, old api.Object, change registry.Change) {
	obj := change.Object
	require.False(t, req.Verb == api.Create && req.Subresource == "", "a create replaced an object")
	require.Equal(t, old.GetUID(), obj.GetUID(), "the UID is for life")
	require.Equal(t, old.GetName(), obj.GetName())
	require.Equal(t, old.GetCreationTimestamp(), obj.GetCreationTimestamp())
	require.GreaterOrEqual(t, obj.GetGeneration(), old.GetGeneration(), "generation fell")
	switch change.Action {
	case registry.None:
		require.Equal(t, snapshot(t, old), snapshot(t, obj), "nothing is to be done, but something changed")
	case registry.Remove:
		require.Empty(t, obj.GetFinalizers(), "removed with finalizers")
		if ns, ok := obj.(*corev1.Namespace); ok {
			require.Empty(t, ns.Spec.Finalizers)
		}
	}
	terminating(t, old, obj)
	controllers := 0
	for _, ref := range obj.GetOwnerReferences() {
		if ref.Controller != nil && *ref.Controller {
			controllers++
		}
	}
	require.LessOrEqual(t, controllers, 1, "two controllers")
	isolated(t, req, old, obj)
	if rv := wantedVersion(req); rv != "" && rv != "0" {
		require.Equal(t, old.GetResourceVersion(), rv, "carried out on another version than the client's")
	}
}

// terminating: laws 6 and 7.
func terminating(t require.TestingT, old, obj api.Object) {
	was, is := old.GetDeletionTimestamp(), obj.GetDeletionTimestamp()
	if was == nil {
		return
	}
	require.NotNil(t, is, "deletionTimestamp was unset")
	require.False(t, is.After(was.Time), "deletionTimestamp moved later: %v -> %v", was, is)
	if g := old.GetDeletionGracePeriodSeconds(); g != nil {
		require.NotNil(t, obj.GetDeletionGracePeriodSeconds())
		require.LessOrEqual(t, *obj.GetDeletionGracePeriodSeconds(), *g, "the grace period grew")
	}
	require.Subset(t, append([]string{""}, old.GetFinalizers()...), append([]string{""}, obj.GetFinalizers()...), "a finalizer was added")
}

// isolated: law 5, and binding once.
func isolated(t require.TestingT, req api.Request, old, obj api.Object) {
	was, is := parts(old), parts(obj)
	switch {
	case req.Subresource == "status":
		require.True(t, equality.Semantic.DeepEqual(was[0], is[0]), "a write of the status changed the spec")
	case req.Subresource == "binding" || req.Subresource == "eviction" || req.Verb == api.Delete:
	default:
		require.True(t, equality.Semantic.DeepEqual(was[1], is[1]), "a write of the object changed the status")
	}
	if pod, ok := old.(*corev1.Pod); ok {
		now := obj.(*corev1.Pod).Spec.NodeName
		require.True(t, now == pod.Spec.NodeName || pod.Spec.NodeName == "" && req.Subresource == "binding",
			"spec.nodeName %q -> %q by %s %s", pod.Spec.NodeName, now, req.Verb, req.Subresource)
	}
	if req.Verb != api.Delete && req.Subresource != "binding" && req.Subresource != "eviction" && old.GetGeneration() > 0 {
		require.Equal(t, !equality.Semantic.DeepEqual(was[0], is[0]), obj.GetGeneration() > old.GetGeneration(), "generation says when the spec changed")
	}
}

// parts are an object's spec and status.
func parts(obj api.Object) [2]any {
	switch obj := obj.(type) {
	case *corev1.Pod:
		return [2]any{obj.Spec, obj.Status}
	case *corev1.ReplicationController:
		return [2]any{obj.Spec, obj.Status}
	case *corev1.Namespace:
		return [2]any{obj.Spec, obj.Status}
	}
	return [2]any{nil, nil}
}

func wantedVersion(req api.Request) string {
	options := req.Delete
	if eviction, ok := registry.Evicts(req); ok {
		options = eviction.DeleteOptions
	}
	if options != nil && options.Preconditions != nil && options.Preconditions.ResourceVersion != nil {
		return *options.Preconditions.ResourceVersion
	}
	if obj, ok := req.Object.(metav1.Object); ok {
		return obj.GetResourceVersion()
	}
	return ""
}

func snapshot(t require.TestingT, obj api.Object) string {
	if obj == nil {
		return ""
	}
	return fmt.Sprintf("%s %s", obj.GetResourceVersion(), encoded(t, obj))
}

func encoded(t require.TestingT, obj api.Object) []byte {
	bytes, err := api.Encode(obj)
	require.NoError(t, err)
	return bytes
}

func snapshotRequest(t *rapid.T, req api.Request) string {
	return oneLineRapid(t, req.Object) + string(req.Patch) + oneLineRapid(t, req.Delete)
}

func drawRequest(t *rapid.T, w *world) api.Request {
	names := []string{"a", "b"}
	r, _ := api.ByName(rapid.SampledFrom([]string{"pods", "replicationcontrollers", "namespaces", "configmaps"}).Draw(t, "resource"))
	req := api.Request{Resource: r, Name: rapid.SampledFrom(names).Draw(t, "name")}
	if r.Namespaced {
		req.Namespace = "default"
	}
	old := w.objects[r.Key(req.Namespace, req.Name)]
	verbs := []api.Verb{api.Create, api.Update, api.Patch, api.Patch, api.Delete}
	if old == nil {
		verbs = append(verbs, api.Create, api.Create, api.Create)
	}
	req.Verb = rapid.SampledFrom(verbs).Draw(t, "verb")
	switch req.Verb {
	case api.Create:
		if old != nil && r.Name == "pods" && rapid.Bool().Draw(t, "evict") {
			req.Subresource = "eviction"
			req.Object = &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: req.Name}, DeleteOptions: drawDelete(t, old)}
			return req
		}
		if old != nil && r.Name == "pods" {
			req.Subresource = "binding"
			req.Object = &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: req.Name, UID: drawUID(t, old), ResourceVersion: drawVersion(t, old)},
				Target: corev1.ObjectReference{Name: rapid.SampledFrom([]string{"n1", "n2"}).Draw(t, "node")}}
			return req
		}
		req.Object = drawObject(t, r, req.Name)
	case api.Update:
		req.Subresource = rapid.SampledFrom(append([]string{"", ""}, r.Subresources...)).Draw(t, "subresource")
		req.Object = drawUpdate(t, r, req, old)
	case api.Patch:
		req.Subresource = rapid.SampledFrom(append([]string{"", ""}, r.Subresources...)).Draw(t, "subresource")
		req.PatchType = rapid.SampledFrom([]types.PatchType{types.MergePatchType, types.StrategicMergePatchType}).Draw(t, "type")
		req.Patch = []byte(rapid.SampledFrom(patches).Draw(t, "patch"))
	case api.Delete:
		req.Delete = drawDelete(t, old)
	}
	return req
}

var patches = []string{
	`{"metadata":{"finalizers":["example.com/a"]}}`, `{"metadata":{"finalizers":["example.com/a","example.com/b"]}}`,
	`{"metadata":{"finalizers":null}}`, `{"metadata":{"finalizers":["orphan"]}}`, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/a"]}}`,
	`{"metadata":{"labels":{"a":"b"}}}`, `{"metadata":{"uid":"other"}}`, `{"metadata":{"generation":99}}`, `{"metadata":{"generation":0}}`,
	`{"metadata":{"deletionTimestamp":null,"deletionGracePeriodSeconds":null}}`, `{"metadata":{"deletionGracePeriodSeconds":100}}`,
	`{"metadata":{"deletionTimestamp":"2040-01-01T00:00:00Z"}}`, `{"metadata":{"creationTimestamp":null}}`, `{"metadata":{"name":"b"}}`,
	`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"x","uid":"1","controller":true}]}}`,
	`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"y","uid":"2","controller":true}]}}`,
	`{"spec":{"replicas":3}}`, `{"spec":{"replicas":-1}}`, `{"spec":{"nodeName":"n3"}}`, `{"spec":{"finalizers":[]}}`, `{"spec":null}`, `{"status":null}`,
	`{"status":{"phase":"Succeeded","replicas":2}}`, `{"status":{"phase":"Running","replicas":1}}`, `{"spec":{"activeDeadlineSeconds":5}}`,
	`{"data":{"k":"v"}}`, `{"data":null}`, `{"immutable":true}`, `{}`, `[]`, `{`, `{"spec":{"containers":[{"name":"c","image":"j"}]}}`,
}

func drawObject(t *rapid.T, r *api.Resource, name string) api.Object {
	obj := r.New()
	switch obj := obj.(type) {
	case *corev1.Pod:
		obj.Spec.Containers = []corev1.Container{{Name: "c", Image: rapid.SampledFrom([]string{"i", "j:1", ""}).Draw(t, "image")}}
		obj.Spec.NodeName = rapid.SampledFrom([]string{"", "n1"}).Draw(t, "node")
		obj.Status.Phase = corev1.PodRunning
	case *corev1.ReplicationController:
		obj.Spec.Template = &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}}
		obj.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
		obj.Spec.Replicas = rapid.SampledFrom([]*int32{nil, new(int32)}).Draw(t, "replicas")
		obj.Status.Replicas = 7
	case *corev1.ConfigMap:
		obj.Data = map[string]string{"k": rapid.SampledFrom([]string{"v", "w"}).Draw(t, "value")}
	}
	obj.SetName(name)
	obj.SetFinalizers(rapid.SampledFrom([][]string{nil, nil, {"example.com/a"}, {"example.com/a", "example.com/b"}, {"bad finalizer"}}).Draw(t, "finalizers"))
	return obj
}

// drawUpdate is what a client that read the object, now or before, sends back.
func drawUpdate(t *rapid.T, r *api.Resource, req api.Request, old api.Object) runtime.Object {
	if req.Subresource == "scale" {
		return &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: req.Name, UID: drawUID(t, old), ResourceVersion: drawVersion(t, old)},
			Spec: autoscalingv1.ScaleSpec{Replicas: rapid.Int32Range(-1, 5).Draw(t, "replicas")}}
	}
	obj := drawObject(t, r, req.Name)
	if old != nil && rapid.Bool().Draw(t, "knows it") {
		obj = old.DeepCopyObject().(api.Object)
		switch obj := obj.(type) {
		case *corev1.Pod:
			obj.Spec.NodeName = rapid.SampledFrom([]string{obj.Spec.NodeName, "n1"}).Draw(t, "node")
			obj.Status.Phase = corev1.PodFailed
		case *corev1.Namespace:
			obj.Spec.Finalizers = nil
		}
	}
	obj.SetUID(drawUID(t, old))
	obj.SetResourceVersion(drawVersion(t, old))
	return obj
}

func drawUID(t *rapid.T, old api.Object) types.UID {
	uids := []types.UID{"", "", "other"}
	if old != nil {
		uids = append(uids, old.GetUID(), old.GetUID())
	}
	return rapid.SampledFrom(uids).Draw(t, "uid")
}

func drawVersion(t *rapid.T, old api.Object) string {
	versions := []string{"", "1"}
	if old != nil {
		versions = append(versions, old.GetResourceVersion(), old.GetResourceVersion())
	}
	return rapid.SampledFrom(versions).Draw(t, "resourceVersion")
}

func drawDelete(t *rapid.T, old api.Object) *metav1.DeleteOptions {
	options := &metav1.DeleteOptions{}
	if rapid.Bool().Draw(t, "asks for grace") {
		seconds := rapid.Int64Range(-2, 40).Draw(t, "grace")
		options.GracePeriodSeconds = &seconds
	}
	policies := []metav1.DeletionPropagation{"", metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan}
	if policy := rapid.SampledFrom(policies).Draw(t, "policy"); policy != "" {
		options.PropagationPolicy = &policy
	}
	if rv := drawVersion(t, old); rv != "" {
		options.Preconditions = &metav1.Preconditions{ResourceVersion: &rv}
	}
	return options
}

func oneLineRapid(t *rapid.T, obj any) string {
	encoded, err := json.Marshal(obj)
	require.NoError(t, err)
	return string(encoded)
}
