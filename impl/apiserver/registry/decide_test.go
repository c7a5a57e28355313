package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// Goal: what does not fit a script: bodies of the wrong type, what must be read first, sizes, verbs that are not served. Method: tables.

func TestWhatIsNotServed(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", ResourceVersion: "1"}}
	for _, c := range []struct {
		verb                  api.Verb
		resource, subresource string
		code                  int32
		message               string
	}{
		{api.Get, "pods", "resize", 404, "the server could not find the requested resource"},
		{api.Create, "pods", "resize", 404, "the server could not find the requested resource"},
		{api.Update, "configmaps", "status", 404, "the server could not find the requested resource"},
		{api.Get, "nodes", "scale", 404, "the server could not find the requested resource"},
		{api.Create, "nodes", "binding", 404, "the server could not find the requested resource"},
		{api.Get, "pods", "binding", 405, `get is not supported on resources of kind "pods/binding"`},
		{api.Get, "pods", "eviction", 405, `get is not supported on resources of kind "pods/eviction"`},
		{api.Create, "pods", "status", 405, `create is not supported on resources of kind "pods/status"`},
		{api.Delete, "pods", "status", 405, `delete is not supported on resources of kind "pods/status"`},
		{api.Create, "replicasets", "scale", 405, `create is not supported on resources of kind "replicasets/scale.apps"`},
		{api.List, "pods", "", 405, `list is not supported on resources of kind "pods"`},
		{api.Watch, "pods", "", 405, `watch is not supported on resources of kind "pods"`},
		{api.DeleteCollection, "pods", "", 405, `deletecollection is not supported on resources of kind "pods"`},
	} {
		r, _ := api.ByName(c.resource)
		_, err := registry.Decide(pod, api.Request{Verb: c.verb, Resource: r, Subresource: c.subresource, Namespace: "ns", Name: "x"}, registry.Env{})
		var status apierrors.APIStatus
		require.ErrorAs(t, err, &status, "%s %s/%s", c.verb, c.resource, c.subresource)
		require.Equal(t, c.code, status.Status().Code, "%s %s/%s: %v", c.verb, c.resource, c.subresource, err)
		require.Equal(t, c.message, err.Error())
	}

	// What knows no kind answers so, too.
	eggs := &api.Resource{Name: "eggs", Kind: "Egg"}
	_, err := registry.Decide(nil, api.Request{Verb: api.Get, Resource: eggs, Name: "x"}, registry.Env{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	_, err = registry.Matcher(api.Request{Verb: api.List, Resource: eggs})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	volume := &corev1.PersistentVolume{TypeMeta: metav1.TypeMeta{Kind: "PersistentVolume"}}
	registry.Default(volume)
	require.Equal(t, &corev1.PersistentVolume{TypeMeta: metav1.TypeMeta{Kind: "PersistentVolume"}}, volume)
	require.EqualError(t, registry.Validate(volume).ToAggregate(), `kind: Invalid value: "PersistentVolume": is not served`)
}

func TestBodiesOfTheWrongType(t *testing.T) {
	w := newWorld()
	pods, _ := api.ByName("pods")
	controllers, _ := api.ByName("replicationcontrollers")
	_, _, err := w.do(api.Request{Verb: api.Create, Resource: pods, Namespace: "ns", Object: &corev1.ConfigMap{}})
	require.EqualError(t, err, "the object in the request is a *v1.ConfigMap, and not a Pod")
	_, _, err = w.do(api.Request{Verb: api.Create, Resource: pods, Namespace: "ns"})
	require.EqualError(t, err, "the object in the request is a <nil>, and not a Pod")
	_, _, err = w.do(api.Request{Verb: api.Create, Resource: pods, Namespace: "ns", Subresource: "binding", Name: "x", Object: &corev1.Pod{}})
	require.EqualError(t, err, "not a Binding object: *v1.Pod")
	_, _, err = w.do(api.Request{Verb: api.Create, Resource: pods, Namespace: "ns", Subresource: "eviction", Name: "x", Object: &corev1.Pod{}})
	require.EqualError(t, err, "not a Eviction object: *v1.Pod")

	_, err = registry.Decide(nil, api.Request{Verb: api.Create, Resource: pods, Namespace: "ns", Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}}, registry.Env{Accounts: true})
	require.EqualError(t, err, "the service account default must be read first")

	controller := &corev1.ReplicationController{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", ResourceVersion: "1"}}
	_, err = registry.Decide(controller, api.Request{Verb: api.Update, Resource: controllers, Namespace: "ns", Subresource: "scale", Name: "x",
		Object: &corev1.Pod{}}, registry.Env{})
	require.EqualError(t, err, "expected input object type to be Scale, but *v1.Pod")
}

func TestSizes(t *testing.T) {
	create := func(obj api.Object) error {
		r, _ := api.ByObject(obj)
		obj.SetName("x")
		_, err := registry.Decide(nil, api.Request{Verb: api.Create, Resource: r, Namespace: "ns", Object: obj}, registry.Env{UID: "u"})
		return err
	}
	mebibyte := strings.Repeat("x", 1<<20)
	require.NoError(t, create(&corev1.ConfigMap{Data: map[string]string{"a": mebibyte}}))
	require.ErrorContains(t, create(&corev1.ConfigMap{Data: map[string]string{"a": mebibyte}, BinaryData: map[string][]byte{"b": {0}}}),
		"Too long: may not be more than 1048576 bytes")
	require.NoError(t, create(&corev1.Secret{Data: map[string][]byte{"a": []byte(mebibyte)}}))
	require.ErrorContains(t, create(&corev1.Secret{Data: map[string][]byte{"a": []byte(mebibyte), "b": {0}}}),
		"data: Too long: may not be more than 1048576 bytes")

	annotated := func(size int) api.Object {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"a": strings.Repeat("x", size-1)}}}
	}
	require.NoError(t, create(annotated(256<<10)))
	require.ErrorContains(t, create(annotated(256<<10+1)), "metadata.annotations: Too long: may not be more than 262144 bytes")

	slice := func(endpoints, addresses int) api.Object {
		s := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
		for range endpoints {
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{"10.0.0.1"}})
		}
		for range addresses {
			s.Endpoints[0].Addresses = append(s.Endpoints[0].Addresses, "10.0.0.1")
		}
		return s
	}
	require.NoError(t, create(slice(1000, 99)))
	require.ErrorContains(t, create(slice(1001, 0)), "endpoints: Too many: 1001: must have at most 1000 items")
	require.ErrorContains(t, create(slice(1, 100)), "endpoints[0].addresses: Too many: 101: must have at most 100 items")

	event := &corev1.Event{EventTime: metav1.NowMicro(), ReportingController: "c", ReportingInstance: strings.Repeat("i", 129), Action: "a",
		InvolvedObject: corev1.ObjectReference{Namespace: "ns"}}
	require.EqualError(t, create(event), `Event "x" is invalid: [reportingInstance: Invalid value: "": can have at most 128 characters, reason: Required value]`)
}

func TestBoundsOfPatches(t *testing.T) {
	configMaps, _ := api.ByName("configmaps")
	old := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "u", ResourceVersion: "1"}, Data: map[string]string{"a": "b"}}
	decide := func(patch []byte) error {
		_, err := registry.Decide(old, api.Request{Verb: api.Patch, Resource: configMaps, Namespace: "ns", Name: "x",
			PatchType: types.JSONPatchType, Patch: patch}, registry.Env{})
		return err
	}
	tests := func(n int) []byte {
		return []byte("[" + strings.TrimSuffix(strings.Repeat(`{"op":"test","path":"/data/a","value":"b"},`, n), ",") + "]")
	}
	require.NoError(t, decide(tests(10000)))
	err := decide(tests(10001))
	require.True(t, apierrors.IsRequestEntityTooLargeError(err))
	require.EqualError(t, err, "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001")

	// Copies of copies would fill the memory.
	var copies strings.Builder
	fmt.Fprintf(&copies, `[{"op":"add","path":"/data/c","value":"%s"}`, strings.Repeat("x", 1<<20))
	for i := range 40 {
		fmt.Fprintf(&copies, `,{"op":"copy","from":"/data","path":"/data/c%d"}`, i)
	}
	require.ErrorContains(t, decide([]byte(copies.String()+"]")), "the accumulated size increase of copy is 3145782, exceeding the limit 3145728")
}

// The stored object, the request and the answer are shared with others.
func TestDecideSharesNothing(t *testing.T) {
	w := newWorld()
	pods, _ := api.ByName("pods")
	body := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{"a": "b"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	_, change, err := w.do(api.Request{Verb: api.Create, Resource: pods, Namespace: "ns", Object: body})
	require.NoError(t, err)
	require.Equal(t, corev1.RestartPolicy(""), body.Spec.RestartPolicy, "the body was defaulted")
	change.Object.GetLabels()["a"] = "changed"
	change.Object.(*corev1.Pod).Spec.Containers[0].Image = "changed"
	require.Equal(t, "b", body.Labels["a"])
	require.Equal(t, "i", body.Spec.Containers[0].Image)
}
