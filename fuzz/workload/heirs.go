package workload

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Heirs make config maps that own each other, in circles too, and delete them with each wish for what they own.
var Heirs = Kind{Name: "heirs", perMinute: 40, requests: []weighted{
	{6, createHeir},
	{3, getHeir},
	{3, ownHeir},
	{1, disownHeir},
	{5, deleteHeir},
	{1, holdHeir},
	{3, circleHeir},
}}

var heirNames = []string{"parent", "child", "grandchild"}

// createHeir creates one that another owns, if that was seen.
func createHeir(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, heirNames)
	obj := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace}}
	if ref, ok := c.heirOf(choose); ok {
		obj.OwnerReferences = []metav1.OwnerReference{ref}
	}
	return api.Request{Verb: api.Create, Resource: configMaps, Namespace: Namespace, Name: name, Object: obj}, true
}

// heirOf is a reference to one that was seen, and may be gone by now.
func (c *Client) heirOf(choose Choices) (metav1.OwnerReference, bool) {
	owner, ok := c.seen(choose, configMaps, pick(choose, heirNames))
	if !ok {
		return metav1.OwnerReference{}, false
	}
	return Reference(configMaps, owner, choose.IntN(3) > 0), true
}

// Reference is one to an owner, which blocks its deletion or does not.
func Reference(r *api.Resource, owner api.Object, blocks bool) metav1.OwnerReference {
	ref := metav1.OwnerReference{Name: owner.GetName(), UID: owner.GetUID(), BlockOwnerDeletion: &blocks}
	ref.APIVersion, ref.Kind = r.GVK().ToAPIVersionAndKind()
	return ref
}

func getHeir(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Get, Resource: configMaps, Namespace: Namespace, Name: pick(choose, heirNames)}, true
}

func ownHeir(c *Client, choose Choices) (api.Request, bool) {
	ref, ok := c.heirOf(choose)
	return patchHeir(pick(choose, heirNames), "ownerReferences", []metav1.OwnerReference{ref}), ok
}

// circleHeir has one be owned by what it owns, or by itself.
func circleHeir(c *Client, choose Choices) (api.Request, bool) {
	heir, ok := c.seen(choose, configMaps, pick(choose, heirNames))
	if !ok {
		return api.Request{}, false
	}
	owner := heir.GetName()
	if refs := heir.GetOwnerReferences(); len(refs) > 0 {
		owner = refs[0].Name
	}
	return patchHeir(owner, "ownerReferences", []metav1.OwnerReference{Reference(configMaps, heir, true)}), true
}

func disownHeir(_ *Client, choose Choices) (api.Request, bool) {
	return patchHeir(pick(choose, heirNames), "ownerReferences", nil), true
}

func holdHeir(_ *Client, choose Choices) (api.Request, bool) {
	return patchHeir(pick(choose, heirNames), "finalizers", [][]string{nil, {finalizer}}[choose.IntN(2)]), true
}

func patchHeir(name, field string, value any) api.Request {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return api.Request{Verb: api.Patch, Resource: configMaps, Namespace: Namespace, Name: name, PatchType: types.MergePatchType,
		Patch: fmt.Appendf(nil, `{"metadata":{%q:%s}}`, field, text)}
}

// deleteHeir deletes one; often so that it waits for what it owns, which may be itself.
func deleteHeir(_ *Client, choose Choices) (api.Request, bool) {
	name, wish := pick(choose, heirNames), pick(choose, append(propagations, metav1.DeletePropagationForeground))
	return api.Request{Verb: api.Delete, Resource: configMaps, Namespace: Namespace, Name: name, Delete: &metav1.DeleteOptions{PropagationPolicy: &wish}}, true
}

// propagations are what may become of what is owned.
var propagations = []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan}
