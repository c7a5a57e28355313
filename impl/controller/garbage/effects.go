package garbage

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// plan carries a decision out.
func (c *Collector) plan(f *facts, d decision, now time.Time) control.Plan {
	x := object{f.self, f.x}
	var effects []control.Effect
	why := ""
	switch d.verb {
	case collect:
		if why = "each of its owners is gone"; f.count(waiting) > 0 {
			why = "each of its owners is gone, or waits for it to go"
		}
		effects = append(effects, x.collect(d.wish, now, why))
	case unlink:
		if why = "an owner stays, and others are gone or wait"; d.refs != nil {
			effects = append(effects, x.unlink(func(ref metav1.OwnerReference) bool { return has(d.refs, ref) }, why))
			break
		}
		why = "its dependents are to be orphaned"
		for _, dependent := range f.keeping() {
			of := func(ref metav1.OwnerReference) bool { return f.names(ref, dependent, f.self, f.x.GetUID()) }
			effects = append(effects, dependent.unlink(of, "its owner orphans it"))
		}
	case unblock:
		why = "it waits for itself"
		effects = append(effects, x.unblock(d.refs, why))
	case finalize:
		if why = "none of its dependents blocks it"; wishOf(f.x) == orphan {
			why = "its dependents have been orphaned"
		}
		effects = append(effects, x.finalize(wishOf(f.x), why))
	}
	return control.Plan{Batches: [][]control.Effect{effects}, Why: why}
}

func has(refs []metav1.OwnerReference, ref metav1.OwnerReference) bool {
	return slices.ContainsFunc(refs, func(r metav1.OwnerReference) bool { return sameReference(r, ref) })
}

// collect deletes exactly this version of the object. The policy is always said: without it some kinds orphan their dependents.
func (o object) collect(with wish, now time.Time, why string) control.Effect {
	policy := metav1.DeletePropagationBackground
	switch with {
	case foreground:
		policy = metav1.DeletePropagationForeground
	case orphan:
		policy = metav1.DeletePropagationOrphan
	}
	uid, version := o.GetUID(), o.GetResourceVersion()
	expected := o.copy()
	at := metav1.NewTime(now)
	expected.SetDeletionTimestamp(&at)
	expected.SetFinalizers(without(expected.GetFinalizers(), foreground, orphan))
	if with != background {
		expected.SetFinalizers(append(expected.GetFinalizers(), string(with)))
	}
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: o.resource, Namespace: o.namespace, Name: o.name.name, Delete: &metav1.DeleteOptions{
			Preconditions:     &metav1.Preconditions{UID: &uid, ResourceVersion: &version},
			PropagationPolicy: &policy,
		}},
		Expect: expected, Why: why,
	}
}

// unlink takes references away.
func (o object) unlink(is func(metav1.OwnerReference) bool, why string) control.Effect {
	next := o.copy()
	next.SetOwnerReferences(slices.DeleteFunc(next.GetOwnerReferences(), is))
	return o.update(next, why)
}

// unblock has references block no more.
func (o object) unblock(refs []metav1.OwnerReference, why string) control.Effect {
	next := o.copy()
	changed := next.GetOwnerReferences()
	for i, ref := range changed {
		if has(refs, ref) {
			no := false
			changed[i].BlockOwnerDeletion = &no
		}
	}
	next.SetOwnerReferences(changed)
	return o.update(next, why)
}

// finalize takes the wish away.
func (o object) finalize(w wish, why string) control.Effect {
	next := o.copy()
	next.SetFinalizers(without(next.GetFinalizers(), w))
	return o.update(next, why)
}

func without(finalizers []string, wishes ...wish) []string {
	return slices.DeleteFunc(finalizers, func(f string) bool { return slices.Contains(wishes, wish(f)) })
}

func (o object) copy() api.Object { return o.Object.(api.Object).DeepCopyObject().(api.Object) }

// update writes the object; its UID and resourceVersion are the preconditions.
func (o object) update(next api.Object, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: o.resource, Namespace: o.namespace, Name: o.name.name, Object: next},
		Expect:  next, Why: why,
	}
}
