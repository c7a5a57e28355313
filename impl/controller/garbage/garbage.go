package garbage

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Collector is the [control.Component] that collects garbage among the objects of some resources.
type Collector struct{ resources []*api.Resource }

// New is a collector for those resources. What the rest owns stays, and what the rest is owned by too.
func New(resources ...*api.Resource) *Collector { return &Collector{resources} }

// Resources are all that the API serves but events, which own nothing and expire by themselves.
//
// Upstream: pkg/controller/garbagecollector, DefaultIgnoredResources.
func Resources() (all []*api.Resource) {
	for _, r := range api.Resources {
		if r.Name != "events" {
			all = append(all, r)
		}
	}
	return all
}

// Name is that under which upstream's controller reports.
func (*Collector) Name() string { return "garbage-collector-controller" }

// Sources are all objects of the resources, each under its resource's name.
func (c *Collector) Sources() (sources []control.Source) {
	for _, r := range c.resources {
		sources = append(sources, control.Source{Name: r.Name, Resource: r, Indexes: []control.Index{byOwners}})
	}
	return sources
}

// byOwners finds objects by the UIDs of all that they refer to as their owners.
var byOwners = control.Index{Name: "owners", Values: func(obj metav1.Object, add func(string)) {
	for _, ref := range obj.GetOwnerReferences() {
		add(string(ref.UID))
	}
}}

// Keys: an object concerns itself; when it comes, goes or begins to wait, what refers to it; and when its references change, the owners
// that have a wish for their dependents.
func (c *Collector) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	r := c.resource(source)
	if new != nil && (wishOf(new) != background || len(new.GetOwnerReferences()) > 0) {
		add(nameOf(r, new).key())
	}
	if old == nil || new == nil || waits(old) != waits(new) {
		for _, d := range c.dependents(v, r, either(new, old)) {
			add(d.key())
		}
	}
	if old != nil && new != nil && slices.EqualFunc(old.GetOwnerReferences(), new.GetOwnerReferences(), sameReference) {
		return
	}
	for _, obj := range []metav1.Object{old, new} {
		if obj == nil {
			continue
		}
		for _, ref := range obj.GetOwnerReferences() {
			owner, known := c.owner(ref, obj.GetNamespace())
			if !known {
				continue
			}
			if shown := owner.in(v); shown != nil && shown.GetUID() == ref.UID && wishOf(shown) != background {
				add(owner.key())
			}
		}
	}
}

func sameReference(a, b metav1.OwnerReference) bool {
	return a.UID == b.UID && a.Name == b.Name && a.Kind == b.Kind && a.APIVersion == b.APIVersion && blocks(a) == blocks(b)
}

func either(a, b metav1.Object) metav1.Object {
	if a != nil {
		return a
	}
	return b
}

// dependents are what the cache shows to refer to an owner.
func (c *Collector) dependents(v *control.View, r *api.Resource, owner metav1.Object) (found []object) {
	self := nameOf(r, owner)
	for _, r := range c.resources {
		if !self.mayOwn(r) {
			continue
		}
		for obj := range v.Select(r.Name, byOwners.Name, string(owner.GetUID())).Each {
			if c.refers(obj, self, owner.GetUID()) {
				found = append(found, object{nameOf(r, obj), obj})
			}
		}
	}
	return found
}

// refers reports whether an object has a reference to an owner.
func (c *Collector) refers(obj metav1.Object, owner name, uid types.UID) bool {
	return slices.ContainsFunc(obj.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return c.names(ref, obj, owner, uid) })
}

// names reports whether a reference of an object's is to an owner.
func (c *Collector) names(ref metav1.OwnerReference, of metav1.Object, owner name, uid types.UID) bool {
	to, known := c.owner(ref, of.GetNamespace())
	return known && to == owner && ref.UID == uid
}

func (c *Collector) resource(name string) *api.Resource {
	i := slices.IndexFunc(c.resources, func(r *api.Resource) bool { return r.Name == name })
	if i < 0 {
		panic("garbage: " + name + " are no source")
	}
	return c.resources[i]
}
