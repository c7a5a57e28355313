package garbage

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// facts are what a decision about one object is made from.
type facts struct {
	*Collector
	self name
	// x is the object; nil: there is none.
	x metav1.Object
	// find is another object, nil where there is none; false: nobody has looked.
	find func(name) (metav1.Object, bool)
	// dependents are what refers to x. Read live they are known only where x has a wish for them.
	dependents []object
	// shown: the cache shows dependents.
	shown bool
	// complete: all that the decision depends on was read.
	complete bool
}

// standing is how it stands with the owner that a reference names.
type standing uint8

const (
	unread  standing = iota
	gone             // for good: a UID is never used again
	waiting          // it waits for its dependents to go
	stays
)

// standing is that of the owner that a reference of an object names.
func (f *facts) standing(ref metav1.OwnerReference, of metav1.Object) standing {
	owner, known := f.owner(ref, of.GetNamespace())
	if !known {
		return stays
	}
	switch obj, read := f.find(owner); {
	case !read:
		return unread
	case obj == nil || obj.GetUID() != ref.UID:
		return gone
	case waits(obj):
		return waiting
	}
	return stays
}

// count is how many of the object's owners stand so.
func (f *facts) count(how standing) (n int) {
	for _, ref := range f.x.GetOwnerReferences() {
		if f.standing(ref, f.x) == how {
			n++
		}
	}
	return n
}

// cached are the facts as they would be if the cache were true.
func (c *Collector) cached(v *control.View, self name) *facts {
	f := &facts{Collector: c, self: self, x: self.in(v), complete: true}
	f.find = func(n name) (metav1.Object, bool) { return n.in(v), true }
	if f.x != nil {
		f.dependents = c.dependents(v, self.resource, f.x)
	}
	f.shown = len(f.dependents) > 0
	return f
}

// live are the facts as they were read.
func (c *Collector) live(v *control.View, self name, x metav1.Object) *facts {
	f := &facts{Collector: c, self: self, x: x, complete: true}
	f.find = func(n name) (metav1.Object, bool) { return v.Live(n.resource.Name, n.namespace, n.name) }
	switch {
	case x == nil:
	case wishOf(x) != background:
		all := map[name]metav1.Object{self: x}
		for _, r := range c.resources {
			if !self.mayOwn(r) {
				continue
			}
			list := v.LiveList(r, self.namespace)
			if f.complete = f.complete && list != nil; !f.complete {
				return f
			}
			for _, obj := range list.Items {
				n := nameOf(r, obj)
				if n != self {
					all[n] = obj
				} else {
					obj = x // decided about as it was read first
				}
				if c.refers(obj, self, x.GetUID()) {
					f.dependents = append(f.dependents, object{n, obj})
				}
			}
		}
		f.find = func(n name) (metav1.Object, bool) {
			return all[n], self.mayOwn(n.resource) && n.namespace == self.namespace
		}
	case !leaving(x):
		for _, ref := range x.GetOwnerReferences() {
			if owner, known := c.owner(ref, x.GetNamespace()); known {
				_, read := f.find(owner)
				f.complete = f.complete && read
			}
		}
		f.shown = len(c.dependents(v, self.resource, x)) > 0
	}
	return f
}

// look reads an object live, and then its owners, or, if it has a wish for its dependents, everything: all may be dependents, and the
// circle that it is part of is to be seen. as is what it was when it was last heard of.
func (c *Collector) look(self name, as metav1.Object) control.Plan {
	why := "nothing is done about what the cache alone shows"
	read := func(n name) control.Effect {
		return control.Effect{Request: &api.Request{Verb: api.Get, Resource: n.resource, Namespace: n.namespace, Name: n.name}, Why: why}
	}
	var rest []control.Effect
	seen := map[name]bool{self: true}
	switch {
	case wishOf(as) != background:
		for _, r := range c.resources {
			if self.mayOwn(r) {
				rest = append(rest, control.Effect{Request: &api.Request{Verb: api.List, Resource: r, Namespace: self.namespace}, Why: "all may depend on it"})
			}
		}
	default:
		for _, ref := range as.GetOwnerReferences() {
			if owner, known := c.owner(ref, self.namespace); known && !seen[owner] {
				seen[owner] = true
				rest = append(rest, read(owner))
			}
		}
	}
	return control.Plan{Batches: [][]control.Effect{{read(self)}, rest}}
}
