package linear

import (
	"encoding/json"
	"fmt"
	"strconv"

	"orrery/checker/history"
)

// precondition is what a write requires of the object: its resourceVersion, its UID. Zero values require nothing.
type precondition struct {
	revision int64
	uid      string
}

// preconditions are those of the call, or, where the call has none, those in the metadata of its body.
func preconditions(op *history.Operation) precondition {
	pre := precondition{uid: op.UID}
	version := op.ResourceVersion
	if op.Verb == "update" || op.Verb == "patch" {
		var body content
		if json.Unmarshal(op.Body, &body) == nil {
			if version == "" {
				version = body.Metadata.ResourceVersion
			}
			if pre.uid == "" {
				pre.uid = body.Metadata.UID
			}
		}
	}
	pre.revision, _ = strconv.ParseInt(version, 10, 64) // what is no number was refused as invalid
	return pre
}

func (p precondition) none() bool { return p.revision == 0 && p.uid == "" }

func (p precondition) met(v *history.Version) bool {
	return (p.revision == 0 || v.Revision == p.revision) && (p.uid == "" || v.UID == p.uid)
}

// apiFailure: the failures that speak of the object must be true of it at some moment.
func (j *judge) apiFailure(op *history.Operation) {
	if op.Name == "" {
		return // a name that the server chose
	}
	var holds, makes func(*history.Version) bool
	pre := preconditions(op)
	switch {
	case op.Return.Reason == "AlreadyExists" && op.Verb == "create":
		holds = func(v *history.Version) bool { return v != nil }
	case op.Return.Reason == "NotFound" && (op.Verb != "create" || op.Subresource != ""):
		holds = func(v *history.Version) bool { return v == nil }
	case op.Return.Reason == "Conflict" && !pre.none():
		holds = func(v *history.Version) bool { return v == nil || !pre.met(v) || closed(op, v) }
	case op.Return.Reason == "Conflict":
		// Without a precondition the server tried again and again; so others must have written meanwhile.
		holds = func(v *history.Version) bool { return v != nil && closed(op, v) }
		makes = func(*history.Version) bool { return true }
	default:
		return
	}
	f := j.fact(op)
	f.chain, f.holds, f.makes = j.log.Of(op.Object()), holds, makes
	f.guarantee, f.text = ErrSpurious, fmt.Sprintf("failed with %s, which was true at no moment of it", op.Return.Reason)
	if op.Verb == "get" {
		j.getNotFound(f)
	}
}

// getNotFound: a read that may be stale may miss what is there.
func (j *judge) getNotFound(f *fact) {
	revision, stale, ok := j.asked(f.op)
	if !ok || !stale {
		return
	}
	f.least, f.start = j.state(revision), ever
	if revision < j.log.Start {
		f.holds = func(*history.Version) bool { return true } // who knows what was before the recording
	}
}

// closed: the object takes no such request whatever its version: a pod that has a node no binding, a namespace that is
// being emptied no deletion.
func closed(op *history.Operation, v *history.Version) bool {
	switch {
	case op.Subresource == "binding":
		return terminating(v) || decode(v).Spec.NodeName != ""
	case op.Verb == "delete":
		return op.Resource == "namespaces" && terminating(v)
	}
	return false
}
