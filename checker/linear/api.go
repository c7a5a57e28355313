package linear

import (
	"encoding/json"
	"fmt"
	"strconv"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// apiFact tells what an operation at the API says. An Unknown outcome says nothing: the log tells what was written.
func (j *judge) apiFact(op *history.Operation) {
	if op.DryRun || op.Outcome() == trace.Unknown || op.Verb == "deletecollection" {
		return
	}
	switch {
	case op.Verb == "list":
		if op.OK() {
			j.apiList(op)
		}
	case op.Outcome() == trace.Failed:
		j.apiFailure(op)
	case op.Verb == "get":
		j.apiGet(op)
	case op.Deletes():
		j.apiDelete(op)
	case op.Verb == "create" && op.Subresource == "":
		j.apiCreate(op)
	case op.Verb == "create" && op.Subresource == "binding":
		j.apiBinding(op)
	case op.Verb == "update", op.Verb == "patch":
		j.apiUpdate(op)
	}
}

// written is the entry that an acknowledged write names; if that is wrong, there is a finding and no entry.
func (j *judge) written(op *history.Operation) *history.Version {
	ref := op.Return.Object
	v := j.log.Entry(ref.Revision)
	switch {
	case v == nil && ref.Revision > j.log.End():
		j.beyond = max(j.beyond, ref.Revision)
	case v == nil:
		j.find(ErrDurable, op, "was acknowledged with resourceVersion %d, which is not in the store's log", ref.Revision)
	case v.Object != history.NameOf(*ref):
		j.find(ErrDurable, op, "was acknowledged with resourceVersion %d, which is %s", ref.Revision, entry(v))
	case ref.UID != "" && v.UID != ref.UID:
		j.find(ErrDurable, op, "was answered with the UID %s; the store has %s", ref.UID, v.UID)
	default:
		return v
	}
	return nil
}

// commits: op made v.
func (j *judge) commits(op *history.Operation, v *history.Version) {
	i := j.state(v.Revision)
	if !j.claim(op, i) {
		return
	}
	f := j.fact(op)
	f.spans = []span{{from: i, to: i, commit: true}}
	f.guarantee, f.text = ErrOrder, fmt.Sprintf("made resourceVersion %d", v.Revision)
}

func (j *judge) apiCreate(op *history.Operation) {
	if op.Return.Object == nil || op.Return.Object.Revision == 0 {
		f := j.fact(op)
		f.chain = j.log.Of(op.Object())
		f.makes = func(v *history.Version) bool { return v.Previous == 0 && !v.Deleted }
		f.guarantee, f.text = ErrDurable, noSuch
		return
	}
	v := j.written(op)
	switch {
	case v == nil:
	case v.Deleted || v.Previous != 0:
		j.find(ErrCreate, op, "was acknowledged with resourceVersion %d, which replaced %d", v.Revision, v.Previous)
	case j.usedBefore(v):
		j.find(ErrCreate, op, "was given the UID %s, which an earlier %s had", v.UID, v.Object)
	default:
		j.commits(op, v)
	}
}

// usedBefore reports whether an earlier incarnation of the name had the UID.
func (j *judge) usedBefore(v *history.Version) bool {
	return v.Before != nil && v.UID != "" && v.Before.UID == v.UID
}

// apiUpdate: it made the version it was answered with, or, where nothing was to be changed, found it current.
func (j *judge) apiUpdate(op *history.Operation) {
	ref := op.Return.Object
	pre := preconditions(op)
	if ref == nil || ref.Revision == 0 {
		j.anyMoment(op, pre)
		return
	}
	if ref.Revision <= j.log.Start {
		j.noChange(op, pre)
		return
	}
	v := j.written(op)
	switch {
	case v == nil:
	case pre.uid != "" && v.UID != pre.uid:
		j.find(ErrUID, op, "was meant for UID %s and changed %s", pre.uid, v.UID)
	case pre.revision == v.Revision:
		j.noChange(op, pre)
	case pre.revision == 0 && v.Deleted:
		j.commits(op, v) // it took away the last finalizer, and so the object
	case pre.revision == 0:
		// It made it or found it: the second says less, and so is true in any case.
		j.noChange(op, pre)
		if v.Previous == 0 && !createsOnUpdate[op.Resource] {
			j.upserts = append(j.upserts, op)
		}
	case v.Previous != pre.revision:
		j.find(ErrSwap, op, "expected resourceVersion %d and replaced %d", pre.revision, v.Previous)
	default:
		j.commits(op, v)
	}
}

// createsOnUpdate are the resources that an update creates where they are missing.
//
// Upstream: AllowCreateOnUpdate in pkg/registry of these.
var createsOnUpdate = map[string]bool{"endpoints": true, "events": true, "leases": true, "services": true}

// upserted: an update was answered with the first version of an object, which no create can have made.
func (j *judge) upserted() {
	creates := map[history.ObjectName]bool{}
	for _, op := range j.h.Operations {
		if op.Layer == trace.API && op.Verb == "create" && op.Outcome() != trace.Failed {
			creates[op.Object()] = true
		}
	}
	for _, op := range j.upserts {
		if !creates[op.Object()] {
			j.find(ErrUpdate, op, "made resourceVersion %d of an object that did not exist", op.Return.Object.Revision)
		}
	}
}

// noChange: an update that changes nothing is answered with the version there is.
func (j *judge) noChange(op *history.Operation, pre precondition) {
	revision := op.Return.Object.Revision
	f := j.fact(op)
	f.chain = j.log.Of(op.Object())
	f.holds = func(v *history.Version) bool { return v != nil && v.Revision == revision && pre.met(v) }
	f.guarantee, f.text = ErrDurable, fmt.Sprintf("was acknowledged with resourceVersion %d, which was not current at any moment of it", revision)
}

// anyMoment: an acknowledged write that does not say what it made.
func (j *judge) anyMoment(op *history.Operation, pre precondition) {
	f := j.fact(op)
	f.chain = j.log.Of(op.Object())
	f.holds = func(v *history.Version) bool { return v != nil && pre.met(v) }
	f.makes = func(v *history.Version) bool { return v.Before == nil || pre.met(v.Before) }
	f.guarantee, f.text = ErrDurable, noSuch
}

// apiDelete removed the object, or marked it as terminating, or found it marked already.
func (j *judge) apiDelete(op *history.Operation) {
	pre := preconditions(op)
	f := j.fact(op)
	f.chain = j.log.Of(op.Object())
	f.holds = func(v *history.Version) bool { return v != nil && pre.met(v) && terminating(v) }
	f.makes = func(v *history.Version) bool {
		before := v.Before
		if before == nil || before.Deleted || !pre.met(before) {
			return false
		}
		return v.Deleted || terminating(v)
	}
	f.guarantee, f.text = ErrDurable, noSuch
	switch {
	case pre.uid != "":
		f.guarantee, f.text = ErrUID, fmt.Sprintf("was acknowledged, and nothing in the store's log takes away UID %s at that time", pre.uid)
	case pre.revision != 0:
		f.guarantee, f.text = ErrSwap, fmt.Sprintf("was acknowledged, and nothing in the store's log takes away resourceVersion %d at that time", pre.revision)
	}
}

// apiBinding is answered without an object: it gave the pod its node. That it had none before is an invariant of the pod,
// and judged as such.
func (j *judge) apiBinding(op *history.Operation) {
	pre := preconditions(op)
	f := j.fact(op)
	f.chain = j.log.Of(op.Object())
	f.makes = func(v *history.Version) bool {
		return !v.Deleted && v.Before != nil && pre.met(v.Before) && decode(v.Before).Spec.NodeName != decode(v).Spec.NodeName
	}
	f.guarantee, f.text = ErrDurable, "was acknowledged, and nothing in the store's log gives the pod a node at that time"
}

// apiGet returned one version of the object.
func (j *judge) apiGet(op *history.Operation) {
	ref := op.Return.Object
	if ref == nil || ref.Revision == 0 {
		return // a log, an exec: no object
	}
	revision, stale, ok := j.asked(op)
	if !ok {
		return
	}
	v := find(j.log.Of(op.Object()), ref.Revision)
	switch {
	case v == nil && ref.Revision <= j.log.Start && stale:
		return // from before the recording
	case v == nil && ref.Revision > j.log.End():
		j.beyond = max(j.beyond, ref.Revision)
		return
	case v == nil || v.Deleted || ref.UID != "" && v.UID != ref.UID:
		j.find(ErrExisted, op, "returned resourceVersion %d, which the object never had", ref.Revision)
		return
	}
	s, least := j.span(v), j.state(revision)
	if least > s.to {
		j.find(ErrNotOlder, op, "asked for nothing older than %s and got resourceVersion %d, which was replaced at %d",
			op.ResourceVersion, v.Revision, v.Until())
		return
	}
	f := j.fact(op)
	f.spans = []span{{from: max(s.from, least), to: s.to}}
	f.guarantee, f.text = ErrFresh, fmt.Sprintf("returned resourceVersion %d", v.Revision)
	if stale {
		f.start = ever
	}
}

// asked says what the resourceVersion of a read asks for: the first revision that will do, and whether it may be stale.
func (j *judge) asked(op *history.Operation) (revision int64, stale, ok bool) {
	if op.ResourceVersion == "" {
		return 0, false, true
	}
	revision, err := strconv.ParseInt(op.ResourceVersion, 10, 64)
	if err != nil {
		j.find(ErrNotOlder, op, "was answered although %q is no resourceVersion", op.ResourceVersion)
		return 0, false, false
	}
	if revision > j.log.End() {
		j.beyond = max(j.beyond, revision)
		return 0, false, false
	}
	return revision, true, true
}

func find(chain []*history.Version, revision int64) *history.Version {
	if i := firstAfter(chain, revision); i < len(chain) && chain[i].Revision == revision {
		return chain[i]
	}
	return nil
}

const noSuch = "was acknowledged, and nothing in the store's log can be its effect"

// content is what the order needs to know of an object.
type content struct {
	Metadata struct {
		ResourceVersion   string  `json:"resourceVersion"`
		UID               string  `json:"uid"`
		DeletionTimestamp *string `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
}

func decode(v *history.Version) content {
	var c content
	_ = json.Unmarshal(v.JSON, &c) // what is no object has nothing set
	return c
}

func terminating(v *history.Version) bool { return decode(v).Metadata.DeletionTimestamp != nil }
