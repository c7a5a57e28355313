package workload

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Spaces create and delete a namespace, and what is in it.
var Spaces = Kind{Name: "spaces", perMinute: 40, requests: []weighted{
	{5, createSpace},
	{5, deleteSpace},
	{1, func(*Client, Choices) (api.Request, bool) {
		return api.Request{Verb: api.Get, Resource: namespaces, Name: Space}, true
	}},
	{2, createHeld},
	{2, letGoHeld},
	{2, func(_ *Client, choose Choices) (api.Request, bool) {
		return CreateOwner(replicationControllers, Space, "web", int32(1+choose.IntN(2))), true
	}},
	{2, createSolo},
}, roams: true}

// Space is the namespace that Spaces work on.
const Space = "side"

var (
	namespaces = served("namespaces")
	heldNames  = []string{"a", "b"}
)

func createSpace(*Client, Choices) (api.Request, bool) {
	return api.Request{Verb: api.Create, Resource: namespaces, Name: Space, Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Space}}}, true
}

// deleteSpace deletes the namespace that is there, or only the one that the client has seen, which may be another.
func deleteSpace(c *Client, choose Choices) (api.Request, bool) {
	req := api.Request{Verb: api.Delete, Resource: namespaces, Name: Space}
	if seen := c.known[keyOf(req)]; seen != nil && choose.IntN(2) == 0 {
		uid := seen.GetUID()
		req.Delete = &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	}
	return req, true
}

// createHeld makes a config map, which one time in three somebody holds.
func createHeld(c *Client, choose Choices) (api.Request, bool) {
	meta := metav1.ObjectMeta{Name: pick(choose, heldNames), Namespace: Space}
	if choose.IntN(3) == 0 {
		meta.Finalizers = []string{finalizer}
	}
	return api.Request{Verb: api.Create, Resource: configMaps, Namespace: Space, Name: meta.Name, Object: &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"v": c.unique()}}}, true
}

func letGoHeld(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Patch, Resource: configMaps, Namespace: Space, Name: pick(choose, heldNames),
		PatchType: types.MergePatchType, Patch: []byte(`{"metadata":{"finalizers":null}}`)}, true
}

func createSolo(_ *Client, choose Choices) (api.Request, bool) {
	spec := PodSpec("serve")
	if choose.IntN(2) == 0 {
		spec = PodSpec("run")
	}
	spec.RestartPolicy = corev1.RestartPolicyNever
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "solo", Namespace: Space}, Spec: spec}
	return api.Request{Verb: api.Create, Resource: pods, Namespace: Space, Name: pod.Name, Object: pod}, true
}
