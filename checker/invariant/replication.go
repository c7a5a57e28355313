package invariant

import (
	"math"
	"slices"
	"sort"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// replication judges rows 57, 58, 59 and 64: what the replication controller's steps did to pods.
func (j *judge) replication() {
	operations := j.operations()
	creator := map[string]*decided{} // the pod's name → the decision that created it; a name is never used twice
	var deletions []*decided
	for _, l := range j.h.Steps {
		owner, ok := ownerKey(l.Step)
		if !ok {
			continue
		}
		for _, e := range l.Step.Plan {
			if e.Object.Resource != "pods" || e.Verb == "get" {
				continue
			}
			d := &decided{line: l, owner: owner, op: operations[e.Call], doubt: l.Seq}
			j.quiet(d, e)
			switch e.Verb {
			case "create":
				name := d.created(e)
				if last := creator[name]; last != nil && last.op != nil && last.op.Outcome() == trace.Unknown {
					d.doubt = last.doubt
				}
				creator[name] = d
			case "delete":
				j.deletesOwn(d)
				deletions = append(deletions, d)
			}
		}
	}
	counts := j.creations(creator)
	for _, d := range deletions {
		j.deletesExcess(d, counts)
	}
}

// decided is one effect of a step.
type decided struct {
	line  *trace.Line
	owner history.ObjectName
	op    *history.Operation // nil: it was never sent
	// doubt is the line of the first of the last decisions to create that name, in a row, of which nobody knows what became.
	doubt int64
}

// owners is the resource that each replication controller, by its component's name, is responsible for.
var owners = map[string]string{"replication-controller": "replicationcontrollers", "replicaset-controller": "replicasets"}

// created is the pod that a create made, or meant to make where nobody knows: the server may have chosen the name.
func (d *decided) created(e trace.Effect) string {
	name := e.Object.Name
	if d.op != nil && d.op.OK() && d.op.Return.Object != nil {
		name = d.op.Return.Object.Name
	}
	return e.Object.Namespace + "/" + name
}

// ownerKey is the owner that a step of a replication controller is about.
func ownerKey(s *trace.Step) (history.ObjectName, bool) {
	resource, known := owners[s.Component]
	namespace, name, ok := strings.Cut(s.Key, "/")
	return history.ObjectName{Resource: resource, Namespace: namespace, Name: name}, known && ok
}

// ownerSeen is the owner as the step's view shows it; nil where it was absent.
func (j *judge) ownerSeen(d *decided) *object.Object { return j.shownTo(d.line.Step, d.owner) }

// shownTo is an object as a step's view shows it; nil where it was absent. What the component itself was answered about it goes before its cache: a live
// read after a write of unknown outcome may show another object of that name.
func (j *judge) shownTo(s *trace.Step, name history.ObjectName) *object.Object {
	at := s.View[name.Resource]
	for _, own := range s.Own {
		if history.NameOf(own) == name {
			at = max(at, own.Revision)
		}
	}
	return j.object(history.At(j.h.Log.Of(name), at))
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

// tally is how many active pods an owner had from a revision on, and how many it had been given up to then.
type tally struct {
	revision      int64
	active, given int
}

// tallies are the tallies of every owner, by UID, in the order of revisions.
type tallies map[string][]tally

// count adds what became of the owner's active pods at a revision.
func (t tallies) count(owner string, revision int64, change int) {
	last := tally{}
	if n := len(t[owner]); n > 0 {
		last = t[owner][n-1]
	}
	last.revision, last.active, last.given = revision, last.active+change, last.given+max(change, 0)
	t[owner] = append(t[owner], last)
}

// at is the tally at a revision.
func (t tallies) at(owner string, revision int64) tally {
	i := sort.Search(len(t[owner]), func(i int) bool { return t[owner][i].revision > revision })
	if i == 0 {
		return tally{}
	}
	return t[owner][i-1]
}

// deletesExcess judges row 58. What the controller may have counted is at most what its view showed and what the owner
// was given since, by whomever; what it may have wanted is at the least the smallest number since its view.
func (j *judge) deletesExcess(d *decided, counts tallies) {
	owner := j.ownerSeen(d)
	if d.op == nil || !d.op.OK() || d.op.Return.Object == nil || owner == nil {
		return
	}
	at, uid := d.op.Return.Object.Revision, owner.Metadata.UID
	if v := j.h.Log.Entry(at); v == nil || v.Object != d.op.Object() {
		return
	}
	view := d.line.Step.View
	seen := counts.at(uid, view["pods"])
	counted := seen.active + counts.at(uid, at).given - seen.given
	least := int64(math.MaxInt64)
	for _, v := range j.versions(d.owner, uid, view[d.owner.Resource], at) {
		least = min(least, *v.Spec.Replicas)
	}
	if int64(counted) <= least && least != math.MaxInt64 {
		j.broken(DeletesExcess, d.op.ReturnLine, "the controller of %s (UID %s), which wanted at least %d, deleted %s and can have known of no more than %d active pods", d.owner, uid, least, d.op.Object(), counted)
	}
}

// versions are the versions of an owner that were current at some revision from one to another.
func (j *judge) versions(owner history.ObjectName, uid string, from, to int64) []*object.Object {
	var found []*object.Object
	for _, v := range j.h.Log.Of(owner) {
		if v.UID != uid || v.Until() <= from || v.Revision > to {
			continue
		}
		if obj := j.object(v); obj != nil && obj.Spec.Replicas != nil {
			found = append(found, obj)
		}
	}
	return found
}

// creations judges row 64, in one sweep that keeps the active pods of every owner, and returns how many there were.
func (j *judge) creations(creator map[string]*decided) tallies {
	counts := tallies{}
	active := map[string]map[string]had{} // owner's UID → key of an active pod
	owner := map[string]string{}          // key of an active pod → its owner's UID
	for _, v := range slices.Concat(j.h.Log.Initial, j.h.Log.Entries) {
		if v.Object.Resource != "pods" {
			continue
		}
		now, was := j.object(v), owner[v.Key]
		ref, name := object.OwnerReference{}, v.Object.Namespace+"/"+v.Object.Name
		if now != nil && now.Active() {
			ref, _ = now.Controller()
		}
		if was == ref.UID {
			continue
		}
		again := false
		if d := creator[name]; before(v) == nil && d != nil {
			if again = d.landsAgain(v); !again {
				j.noExcess(v, d, ref, active[ref.UID], creator)
			}
		}
		if was != "" {
			delete(active[was], v.Key)
			counts.count(was, v.Revision, -1)
		}
		if owner[v.Key] = ref.UID; ref.UID == "" {
			continue
		}
		if active[ref.UID] == nil {
			active[ref.UID] = map[string]had{}
		}
		pod := had{name: name}
		switch {
		case before(v) != nil:
			pod.adopted = v.Seq()
		case again:
			pod.again = v.Revision
		}
		active[ref.UID][v.Key] = pod
		counts.count(ref.UID, v.Revision, 1)
	}
	return counts
}

// landsAgain: a name that had been created and deleted was created once more, by an operation that the controller had given up and made
// up for: what lands so late nobody can prevent. It is not the last one if that was answered with another revision. If it was
// refused, or nobody knows what became of it, it may be that, or one before: a pod had the name after that was decided.
func (d *decided) landsAgain(v *history.Version) bool {
	switch {
	case v.Before == nil || d.op == nil:
		return false
	case d.op.OK() && d.op.Return.Object != nil:
		return d.op.Return.Object.Revision != v.Revision
	}
	return v.Before.Seq() > d.doubt
}

// had is an active pod of an owner: its name, where it was adopted, if it was, and the revision at which it landed again, if it did.
type had struct {
	name           string
	adopted, again int64
}

// noExcess judges one creation: the owner's active pods before it must be fewer than the replicas that some version of
// the owner wanted, from the one in the controller's view up to the creation.
//
// Pods whose creation the present process of the controller cannot know of do not count: a process that was killed may
// have left a create on its way, which lands whenever it likes. Nor do pods that were adopted while nobody knew what became of
// the creation: an owner's controller adopts whatever matches, and deletes what is too many then. Nor do pods whose labels the
// owner, as the controller saw both, did not select: to release them is all that it can do about them. Nor do those that landed again
// and that it had not seen.
func (j *judge) noExcess(v *history.Version, d *decided, ref object.OwnerReference, active map[string]had, creator map[string]*decided) {
	known, owner := 0, j.ownerSeen(d)
	for key, pod := range active { // order does not matter: it only counts
		if owner != nil && !owner.Selects(j.labelsSeen(key, d.line.Step.View["pods"], v.Revision)) {
			continue
		}
		if d.op != nil && !d.op.OK() && pod.adopted > d.line.Seq || pod.again > d.line.Step.View["pods"] {
			continue
		}
		if other := creator[pod.name]; other == nil || other.op == nil || other.op.OK() || incarnation(other) == incarnation(d) {
			known++
		}
	}
	wanted := int64(-1)
	for _, owner := range j.versions(d.owner, ref.UID, d.line.Step.View[d.owner.Resource], v.Revision) {
		wanted = max(wanted, *owner.Spec.Replicas)
	}
	if wanted >= 0 && int64(known) >= wanted {
		j.broken(CreatesNoExcess, v.Seq(), "%s was created for %s (UID %s), which wanted at most %d and had %d active pods that its controller knew of", v.Object, d.owner, ref.UID, wanted, known)
	}
}

// labelsSeen are the labels of a pod, that was there at a revision, as a view of the pods showed it, or else those that it had then.
func (j *judge) labelsSeen(key string, view, revision int64) map[string]string {
	chain := j.h.Log.Chain(key)
	then := history.At(chain, revision)
	if seen := history.At(chain, view); seen != nil && then != nil && seen.UID == then.UID {
		then = seen
	}
	if pod := j.object(then); pod != nil {
		return pod.Metadata.Labels
	}
	return nil
}

// incarnation tells the starts of a process apart: it is what the IDs of its operations begin with.
func incarnation(d *decided) string {
	if d.op == nil {
		return ""
	}
	return lifeOf(d.op.ID)
}

// lifeOf is the life of a process, by the ID of one of its operations.
func lifeOf(call string) string {
	if i := strings.LastIndexByte(call, '/'); i >= 0 {
		return call[:i]
	}
	return call
}
