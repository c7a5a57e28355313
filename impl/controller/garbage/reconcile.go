package garbage

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
)

// lag is how long the cache is given to show what was read live, before it is read again.
const lag = time.Second

// Reconcile decides what to do about one object. The cache only suggests to look at it; what is done rests on live reads, all made for this
// decision, and none before that of the object itself.
func (c *Collector) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	self := c.parse(key)
	cached := c.cached(v, self)
	if c.decide(cached).verb == nothing {
		return control.Plan{}
	}
	read, ok := v.Live(self.resource.Name, self.namespace, self.name)
	if !ok {
		return c.look(self, cached.x)
	}
	live := c.live(v, self, read)
	if !live.complete {
		return c.look(self, read) // it is not as the cache shows it, so that something else should have been read
	}
	if d := c.decide(live); d.verb != nothing {
		return c.plan(live, d, now)
	}
	return control.Plan{Again: now.Add(lag), Wants: "the cache to show what was read live"}
}

// verb is what there is to do.
type verb uint8

const (
	nothing  verb = iota
	collect       // delete the object
	unlink        // take references to owners away from it, or to it away from its dependents
	unblock       // keep references of its, and have them block no more
	finalize      // take its wish from among its finalizers
)

// decision is everything that there is to do about the object of some facts.
type decision struct {
	verb verb
	// refs are the references that the verb is about, of the object's; none: those of its dependents to it.
	refs []metav1.OwnerReference
	// wish is that with which it is deleted.
	wish wish
}

// decide is everything that there is to do about an object.
func (c *Collector) decide(f *facts) decision {
	x := f.x
	switch {
	case x == nil || leaving(x) && wishOf(x) == background:
		return decision{} // what is being deleted only has to go
	case leaving(x) && len(f.keeping()) == 0:
		return decision{verb: finalize}
	case wishOf(x) == orphan:
		return decision{verb: unlink}
	}
	solid := f.count(stays) > 0
	if leaving(x) {
		if refs := f.refs(f.circle); len(refs) > 0 {
			return decision{verb: unblock, refs: refs}
		}
	} else if solid {
		if refs := f.refs(f.idle); len(refs) > 0 {
			return decision{verb: unlink, refs: refs}
		}
	}
	if leaving(x) || solid || len(x.GetOwnerReferences()) == 0 {
		return decision{}
	}
	if f.count(waiting) > 0 && f.shown {
		return decision{verb: collect, wish: foreground}
	}
	return decision{verb: collect, wish: stated(x)}
}

// keeping is what keeps the object from being finalized: all that refers to it if its dependents are to be orphaned, those that block it if it
// waits for them.
func (f *facts) keeping() (keeping []object) {
	for _, d := range f.dependents {
		if slices.ContainsFunc(d.GetOwnerReferences(), func(ref metav1.OwnerReference) bool {
			return f.names(ref, d, f.self, f.x.GetUID()) && (blocks(ref) || wishOf(f.x) == orphan)
		}) {
			keeping = append(keeping, d)
		}
	}
	return keeping
}

// refs are the object's references of which something is so.
func (f *facts) refs(is func(metav1.OwnerReference) bool) (refs []metav1.OwnerReference) {
	for _, ref := range f.x.GetOwnerReferences() {
		if is(ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// idle: the owner is gone, or waits for the object to go, which another keeps.
func (f *facts) idle(ref metav1.OwnerReference) bool {
	how := f.standing(ref, f.x)
	return how == gone || how == waiting
}

// circle reports whether the object waits for itself by way of one of its references: each owner on the way waits for the one before.
func (f *facts) circle(from metav1.OwnerReference) bool {
	seen := map[name]bool{}
	var back func(ref metav1.OwnerReference, of metav1.Object) bool
	back = func(ref metav1.OwnerReference, of metav1.Object) bool {
		owner, known := f.owner(ref, of.GetNamespace())
		switch {
		case !known || !blocks(ref) || f.standing(ref, of) != waiting:
			return false
		case owner == f.self:
			return true
		case seen[owner]:
			return false
		}
		seen[owner] = true
		obj, _ := f.find(owner)
		return slices.ContainsFunc(obj.GetOwnerReferences(), func(next metav1.OwnerReference) bool { return back(next, obj) })
	}
	return waits(f.x) && back(from, f.x)
}
