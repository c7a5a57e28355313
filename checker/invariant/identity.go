package invariant

import (
	"orrery/checker/history"
	"orrery/impl/trace"
)

// identity judges row 37 where it hurts: what a component decided about one object must not be done to another that has its name
// by then.
func (j *judge) identity() {
	operations := j.operations()
	for _, l := range j.h.Steps {
		for i := range l.Step.Plan {
			e := &l.Step.Plan[i]
			if op := operations[e.Call]; e.Call != "" && op != nil && op.OK() && changes(e) {
				j.sameObject(l, e, op)
			}
		}
	}
}

// changes reports whether an effect is about an object that is there.
func changes(e *trace.Effect) bool {
	return e.Verb == "update" || e.Verb == "patch" || e.Verb == "delete" || e.Verb == "create" && e.Subresource != ""
}

func (j *judge) sameObject(l *trace.Line, e *trace.Effect, op *history.Operation) {
	meant := meantUID(j.h.Log, l.Step, e)
	v := j.changed(e, op)
	if meant == "" || v == nil || v.UID == "" || v.UID == meant {
		return
	}
	j.broken(SameObject, op.ReturnLine, "%s decided to %s %s of UID %s, and did it to the one of UID %s, at revision %d",
		l.Step.Component, words(e), history.NameOf(e.Object), meant, v.UID, v.Revision)
}

func words(e *trace.Effect) string {
	if e.Subresource != "" {
		return e.Verb + " the " + e.Subresource + " of"
	}
	return e.Verb
}

// meantUID is the UID that a decision was about: what the effect says, or else what its component had written itself, or else what
// its view showed; empty: none of these.
func meantUID(log *history.Log, s *trace.Step, e *trace.Effect) string {
	if e.Object.UID != "" {
		return e.Object.UID
	}
	name := history.NameOf(e.Object)
	for _, own := range s.Own {
		if history.NameOf(own) == name {
			return own.UID
		}
	}
	if v := history.At(log.Of(name), s.View[name.Resource]); v != nil {
		return v.UID
	}
	return ""
}

// changed is the version that an operation made, or the object that it took away; nil: it is not known which.
func (j *judge) changed(e *trace.Effect, op *history.Operation) *history.Version {
	if op.Return.Object != nil {
		if v := j.h.Log.Entry(op.Return.Object.Revision); v != nil && v.Object == history.NameOf(e.Object) {
			return v
		}
	}
	if e.Subresource != "binding" {
		return nil
	}
	for _, v := range j.h.Log.Of(history.NameOf(e.Object)) {
		if v.Line == nil || v.Deleted || j.h.Clock(v.Line) < op.Start || j.h.Clock(v.Line) > op.End {
			continue
		}
		if old := j.object(before(v)); old != nil && old.Spec.NodeName == "" && j.object(v).Spec.NodeName != "" {
			return v
		}
	}
	return nil
}
