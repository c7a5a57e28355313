package converge

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
)

// collector is the garbage collector, as it calls itself in its steps.
const collector = "garbage-collector-controller"

// garbage judges row 112, and what becomes of rows 110 and 111 in the end, among the resources that the garbage collector sees. A run in which
// it took no step has none.
func (j *judge) garbage(live []*history.Version, silent map[string]bool) {
	var seen map[string]int64
	for _, l := range j.h.Steps {
		if l.Step.Component == collector {
			seen = l.Step.View
		}
	}
	g := &graph{judge: j, seen: seen, silent: silent, live: map[history.ObjectName]*history.Version{}}
	for _, v := range live {
		g.live[v.Object] = v
	}
	for _, v := range live {
		obj := j.read(v)
		if _, collected := seen[v.Object.Resource]; !collected || obj == nil {
			continue
		}
		if !obj.Leaving() && g.dangles(v, obj) {
			j.broken(Collected, 112, v.Seq(), "%s refers to owners, and each of them is gone", v.Object)
		}
		if obj.Leaving() && obj.Wish() != "" && !g.kept(v, map[history.ObjectName]bool{}) {
			j.broken(LetGo, 111, v.Seq(), "%s is being deleted, and nothing but %s keeps it, which nothing needs", v.Object, obj.Wish())
		}
	}
}

// graph is what there is in the end, by name.
type graph struct {
	*judge
	seen map[string]int64
	// silent are the nodes of which no kubelet says what has become of their pods.
	silent map[string]bool
	live   map[history.ObjectName]*history.Version
}

// owner names what a reference of an object in a namespace names; false: nobody can look for it, so that it is taken to stay.
func (g *graph) owner(ref object.OwnerReference, namespace string) (history.ObjectName, bool) {
	kind, known := ref.Of()
	_, seen := g.seen[kind.Resource]
	if !kind.Namespaced {
		namespace = ""
	}
	return history.ObjectName{Resource: kind.Resource, Namespace: namespace, Name: ref.Name}, known && seen && (!kind.Namespaced || namespace != "")
}

// dangles: it has owners, and none is there.
func (g *graph) dangles(v *history.Version, obj *object.Object) bool {
	refs := obj.Metadata.OwnerReferences
	return len(refs) > 0 && !slices.ContainsFunc(refs, func(ref object.OwnerReference) bool {
		name, known := g.owner(ref, v.Object.Namespace)
		owner := g.live[name]
		return !known || owner != nil && owner.UID == ref.UID
	})
}

// kept: something that the garbage collector has no say in keeps an object that is being deleted: a finalizer of somebody else's, of its own
// or of a dependent that it waits for; or a pod has not ended, as far as is known, on a node that is silent.
func (g *graph) kept(v *history.Version, on map[history.ObjectName]bool) bool {
	obj := g.read(v)
	if obj == nil || on[v.Object] {
		return false
	}
	on[v.Object] = true
	if slices.ContainsFunc(obj.Metadata.Finalizers, func(f string) bool { return f != object.Foreground && f != object.Orphan }) ||
		v.Object.Resource == "pods" && g.silent[obj.Spec.NodeName] {
		return true
	}
	if !obj.Waits() {
		return false
	}
	for _, d := range g.live { // order does not matter: whether there is one
		dependent := g.read(d)
		if _, seen := g.seen[d.Object.Resource]; !seen || dependent == nil || !dependent.Leaving() {
			continue
		}
		for _, ref := range dependent.Metadata.OwnerReferences {
			if name, known := g.owner(ref, d.Object.Namespace); known && ref.Blocks && name == v.Object && ref.UID == v.UID && g.kept(d, on) {
				return true
			}
		}
	}
	return false
}
