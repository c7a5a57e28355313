package garbage

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
	"orrery/impl/control"
)

// name names an object; namespace is empty where its resource has none.
type name struct {
	resource        *api.Resource
	namespace, name string
}

// object is an object and its name.
type object struct {
	name
	metav1.Object
}

func nameOf(r *api.Resource, obj metav1.Object) name {
	return name{r, obj.GetNamespace(), obj.GetName()}
}

func (n name) key() control.Key {
	return control.Key(n.resource.Name + "/" + n.namespace + "/" + n.name)
}

// parse is the inverse of key.
func (c *Collector) parse(key control.Key) name {
	parts := strings.SplitN(string(key), "/", 3)
	return name{c.resource(parts[0]), parts[1], parts[2]}
}

// in is the object of that name that the cache shows; nil: none.
func (n name) in(v *control.View) metav1.Object { return v.Get(n.resource.Name, n.namespace, n.name) }

// mayOwn reports whether there may be objects of a resource that refer to it: what is in a namespace owns only what is in the same one.
func (n name) mayOwn(r *api.Resource) bool { return r.Namespaced || !n.resource.Namespaced }

// owner is the object that a reference names which stands in an object of that namespace, whether it is there or not. false: nobody can look
// for it, as its kind is none of the collector's, or as what is in no namespace refers to what is in one. Then it is taken to stay.
//
// Upstream: pkg/controller/garbagecollector gives up on the whole object then, so that an owner that waits for it may wait for ever.
func (c *Collector) owner(ref metav1.OwnerReference, namespace string) (name, bool) {
	i := slices.IndexFunc(c.resources, func(r *api.Resource) bool {
		return r.GVK() == schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	})
	if i < 0 {
		return name{}, false
	}
	r := c.resources[i]
	if !r.Namespaced {
		namespace = ""
	}
	return name{r, namespace, ref.Name}, !r.Namespaced || namespace != ""
}

// wish is what becomes of the dependents of an object that is being deleted.
type wish string

const (
	background wish = ""                               // they are collected once it is gone
	foreground wish = metav1.FinalizerDeleteDependents // it stays until those that block it are gone
	orphan     wish = metav1.FinalizerOrphanDependents // they lose their references to it, and stay
)

// stated is the wish that stands among an object's finalizers. The server lets no two stand there.
func stated(obj metav1.Object) wish {
	for _, w := range []wish{orphan, foreground} {
		if slices.Contains(obj.GetFinalizers(), string(w)) {
			return w
		}
	}
	return background
}

func leaving(obj metav1.Object) bool { return obj.GetDeletionTimestamp() != nil }

// wishOf is the wish of an object that is being deleted.
func wishOf(obj metav1.Object) wish {
	if !leaving(obj) {
		return background
	}
	return stated(obj)
}

// waits reports whether an object is being deleted and waits for its dependents to go first.
func waits(obj metav1.Object) bool { return wishOf(obj) == foreground }

// blocks reports whether an owner that waits waits for who has that reference to it.
func blocks(ref metav1.OwnerReference) bool {
	return ref.BlockOwnerDeletion != nil && *ref.BlockOwnerDeletion
}
