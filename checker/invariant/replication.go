package invariant

import (
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// replication judges rows 57, 59 and 64: what the replication controller's steps did to pods.
func (j *judge) replication() {
	operations := map[string]*history.Operation{}
	for _, op := range j.h.Operations {
		operations[op.ID] = op
	}
	creator := map[string]*decided{} // the pod's name → the decision that created it; a name is never used twice
	for _, l := range j.h.Steps {
		owner, ok := ownerKey(l.Step)
		if !ok {
			continue
		}
		for _, e := range l.Step.Plan {
			if e.Object.Resource != "pods" || e.Verb == "get" {
				continue
			}
			d := &decided{line: l, owner: owner, op: operations[e.Call]}
			j.quiet(d, e)
			switch e.Verb {
			case "create":
				creator[e.Object.Namespace+"/"+e.Object.Name] = d
			case "delete":
				j.deletesOwn(d)
			}
		}
	}
	j.creations(creator)
}

// decided is one effect of a step.
type decided struct {
	line  *trace.Line
	owner history.ObjectName
	op    *history.Operation // nil: it was never sent
}

// owners is the resource that each replication controller, by its component's name, is responsible for.
var owners = map[string]string{"replication-controller": "replicationcontrollers", "replicaset-controller": "replicasets"}

// ownerKey is the owner that a step of a replication controller is about.
func ownerKey(s *trace.Step) (history.ObjectName, bool) {
	resource, known := owners[s.Component]
	namespace, name, ok := strings.Cut(s.Key, "/")
	return history.ObjectName{Resource: resource, Namespace: namespace, Name: name}, known && ok
}

// ownerSeen is the owner as the step's view shows it; nil where it was absent.
func (j *judge) ownerSeen(d *decided) *object.Object {
	return j.object(history.At(j.h.Log.Of(d.owner), d.line.Step.View[d.owner.Resource]))
}

// quiet judges row 59.
func (j *judge) quiet(d *decided, e trace.Effect) {
	if owner := j.ownerSeen(d); owner != nil && owner.Metadata.DeletionTimestamp != "" {
		j.broken(TerminatingQuiet, d.line.Seq, "%s is being deleted, and its controller decided to %s %s", d.owner, e.Verb, history.NameOf(e.Object))
	}
}

// deletesOwn judges row 57 by the version that the deletion made, or met.
func (j *judge) deletesOwn(d *decided) {
	if d.op == nil || !d.op.OK() || d.op.Return.Object == nil {
		return
	}
	v := j.h.Log.Entry(d.op.Return.Object.Revision)
	if v == nil {
		return
	}
	if v.Deleted {
		v = before(v)
	}
	pod, owner := j.object(v), j.ownerSeen(d)
	if pod == nil || owner == nil {
		return
	}
	if ref, ok := pod.Controller(); !ok || ref.UID != owner.Metadata.UID {
		j.broken(DeletesOwn, d.op.ReturnLine, "the controller of %s (UID %s) deleted %s, whose controller is %q", d.owner, owner.Metadata.UID, d.op.Object(), ref.UID)
	}
}

// creations judges row 64, in one sweep that keeps the active pods of every owner.
func (j *judge) creations(creator map[string]*decided) {
	active := map[string]map[string]string{} // owner's UID → key of an active pod → the pod's name
	for _, v := range slices.Concat(j.h.Log.Initial, j.h.Log.Entries) {
		if v.Object.Resource != "pods" {
			continue
		}
		old, now := j.object(before(v)), j.object(v)
		if old != nil {
			if ref, ok := old.Controller(); ok {
				delete(active[ref.UID], v.Key)
			}
		}
		if now == nil || !now.Active() {
			continue
		}
		ref, ok := now.Controller()
		if !ok {
			continue
		}
		if d := creator[v.Object.Namespace+"/"+v.Object.Name]; old == nil && d != nil {
			j.noExcess(v, d, ref, active[ref.UID], creator)
		}
		if active[ref.UID] == nil {
			active[ref.UID] = map[string]string{}
		}
		active[ref.UID][v.Key] = v.Object.Namespace + "/" + v.Object.Name
	}
}

// noExcess judges one creation: the owner's active pods before it must be fewer than the replicas that some version of
// the owner wanted, from the one in the controller's view up to the creation.
//
// Pods whose creation the present process of the controller cannot know of do not count: a process that was killed may
// have left a create on its way, which lands whenever it likes.
func (j *judge) noExcess(v *history.Version, d *decided, ref object.OwnerReference, active map[string]string, creator map[string]*decided) {
	known := 0
	for _, name := range active { // order does not matter: it only counts
		if other := creator[name]; other == nil || other.op == nil || other.op.OK() || incarnation(other) == incarnation(d) {
			known++
		}
	}
	wanted, seen := int64(-1), d.line.Step.View[d.owner.Resource]
	for _, o := range j.h.Log.Of(d.owner) {
		if o.UID != ref.UID || o.Until() <= seen || o.Revision > v.Revision {
			continue
		}
		if owner := j.object(o); owner != nil && owner.Spec.Replicas != nil {
			wanted = max(wanted, *owner.Spec.Replicas)
		}
	}
	if wanted >= 0 && int64(known) >= wanted {
		j.broken(CreatesNoExcess, v.Seq(), "%s was created for %s (UID %s), which wanted at most %d and had %d active pods that its controller knew of", v.Object, d.owner, ref.UID, wanted, known)
	}
}

// incarnation tells the starts of a process apart: it is what the IDs of its operations begin with.
func incarnation(d *decided) string {
	if d.op == nil {
		return ""
	}
	if i := strings.LastIndexByte(d.op.ID, '/'); i >= 0 {
		return d.op.ID[:i]
	}
	return d.op.ID
}
