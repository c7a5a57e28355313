package invariant

import (
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// collector is the garbage collector, as it calls itself in its steps.
const collector = "garbage-collector-controller"

// garbage judges rows 109 to 111: what the requests of the garbage collector did that were answered.
func (j *judge) garbage() {
	operations := j.operations()
	for _, l := range j.h.Steps {
		if l.Step.Component != collector {
			continue
		}
		for _, e := range l.Step.Plan {
			op := operations[e.Call]
			if op == nil || !op.OK() || !op.Writes() {
				continue
			}
			if e.Verb == "delete" && op.UID == "" {
				j.broken(CollectsOwnerless, op.CallLine, "the collector asked for the deletion of %s, of whatever UID", op.Object())
			}
			v := madeBy(j.h.Log, op)
			was := j.object(beforeOf(v))
			if was == nil {
				continue
			}
			if is := j.object(v); e.Verb == "delete" && !was.Leaving() {
				j.collects(l.Step, v, was)
			} else if e.Verb == "update" && was.Leaving() && was.Wish() != "" && (is == nil || is.Wish() != was.Wish()) {
				j.finalizes(l.Step, v, was)
			}
		}
	}
}

// madeBy is the version that an operation made, or its deletion: that which replaced the one required; nil: there is none.
func madeBy(log *history.Log, op *history.Operation) *history.Version {
	chain := log.Of(op.Object())
	i := slices.IndexFunc(chain, func(v *history.Version) bool {
		return v.Before != nil && fmt.Sprint(v.Before.Revision) == op.ResourceVersion
	})
	if i < 0 {
		return nil
	}
	return chain[i]
}

func beforeOf(v *history.Version) *history.Version {
	if v == nil {
		return nil
	}
	return before(v)
}

// ownerOf names the owner of an object in a namespace; false: it is of a kind that nobody serves, or not to be referred to from there.
func ownerOf(ref object.OwnerReference, namespace string) (history.ObjectName, bool) {
	kind, known := ref.Of()
	if !kind.Namespaced {
		namespace = ""
	}
	return history.ObjectName{Resource: kind.Resource, Namespace: namespace, Name: ref.Name}, known && (!kind.Namespaced || namespace != "")
}

// collects judges row 109. An owner that is being deleted may have waited for the object to go.
func (j *judge) collects(s *trace.Step, v *history.Version, was *object.Object) {
	if len(was.Metadata.OwnerReferences) == 0 {
		j.broken(CollectsOwnerless, v.Seq(), "%s was collected, and has no owner", v.Object)
	}
	for _, ref := range was.Metadata.OwnerReferences {
		name, known := ownerOf(ref, v.Object.Namespace)
		if _, looked := s.View[name.Resource]; !known || !looked {
			j.broken(CollectsOwnerless, v.Seq(), "%s was collected, and nobody can look for its owner %s %s", v.Object, ref.Kind, ref.Name)
			continue
		}
		owner := history.At(j.h.Log.Of(name), v.Revision-1)
		if obj := j.object(owner); obj != nil && owner.UID == ref.UID && !obj.Leaving() {
			j.broken(CollectsOwnerless, v.Seq(), "%s was collected, and its owner %s (UID %s) is there", v.Object, name, ref.UID)
		}
	}
}

// finalizes judges rows 110 and 111, among the dependents of the resources that the collector sees. References that were made after the owner's
// deletion had begun are excused: row 60 forbids them.
func (j *judge) finalizes(s *trace.Step, v *history.Version, was *object.Object) {
	promised, what := OrphansFirst, "still refers to it"
	if was.Wish() == object.Foreground {
		promised, what = DependentsFirst, "still blocks it"
	}
	began := j.began(v)
	for resource := range s.View { // order does not matter: findings are sorted by line, and one is enough
		prefix, held := j.h.Log.Prefix(resource, v.Object.Namespace)
		if !held {
			continue
		}
		for _, d := range j.h.Log.Live(prefix, v.Revision-1) {
			if d.Object == v.Object {
				continue
			}
			obj := j.object(d)
			for _, ref := range refsTo(obj, d.Object.Namespace, v) {
				if (ref.Blocks || was.Wish() == object.Orphan) && j.since(d, v, ref.Blocks) <= began {
					j.broken(promised, v.Seq(), "the collector took %s from %s, and %s %s", was.Wish(), v.Object, d.Object, what)
					return
				}
			}
		}
	}
}

// began is the revision at which the deletion of the object in a version began.
func (j *judge) began(v *history.Version) int64 {
	began := v.Revision
	for o := before(v); o != nil && o.UID == v.UID; o = before(o) {
		if obj := j.object(o); obj == nil || !obj.Leaving() {
			break
		}
		began = o.Revision
	}
	return began
}

// since is the revision since which an object has had a reference to the one in another version, that blocks or need not.
func (j *judge) since(d, owner *history.Version, blocks bool) int64 {
	since := d.Revision
	for o := before(d); o != nil && o.UID == d.UID; o = before(o) {
		refs := refsTo(j.object(o), d.Object.Namespace, owner)
		if !slices.ContainsFunc(refs, func(ref object.OwnerReference) bool { return ref.Blocks || !blocks }) {
			break
		}
		since = o.Revision
	}
	return since
}

// refsTo are an object's references to the one in a version.
func refsTo(obj *object.Object, namespace string, owner *history.Version) (refs []object.OwnerReference) {
	if obj == nil {
		return nil
	}
	for _, ref := range obj.Metadata.OwnerReferences {
		if name, known := ownerOf(ref, namespace); known && name == owner.Object && ref.UID == owner.UID {
			refs = append(refs, ref)
		}
	}
	return refs
}
