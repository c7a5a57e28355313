package actions

import (
	"orrery/checker/history"
	"orrery/checker/object"
)

// change is a version of an object, and the one before it.
type change struct {
	run *run
	*history.Version
	was, is *object.Object // nil: there is none
}

// changes finds the changes of objects of a resource that came about during the run and for which all of these hold.
func changes(resource string, hold ...func(c change) bool) finder {
	return func(r *run, at func(int64)) {
	versions:
		for _, v := range r.Log.All(resource) {
			if v.Line == nil {
				continue
			}
			c := r.change(v)
			for _, holds := range hold {
				if !holds(c) {
					continue versions
				}
			}
			at(v.Line.Seq)
		}
	}
}

func (r *run) change(v *history.Version) change { return change{r, v, content(v.Before), content(v)} }

func (c change) appears() bool { return c.was == nil && c.is != nil }
func (c change) goes() bool    { return c.was != nil && c.is == nil }
func (c change) stays() bool   { return c.was != nil && c.is != nil }

// returns: the object had been there before.
func (c change) returns() bool { return c.appears() && c.Before != nil }

// leaves: it is being deleted, and was not.
func (c change) leaves() bool { return c.stays() && !leaving(c.was) && leaving(c.is) }

// removed: it is gone after it was being deleted.
func (c change) removed() bool { return c.goes() && leaving(c.was) }

// ends: the pod has ended, and had not.
func (c change) ends() bool { return c.stays() && !c.was.Terminal() && c.is.Terminal() }

// endsUndeleted: likewise, and it is not being deleted.
func (c change) endsUndeleted() bool { return c.ends() && !leaving(c.was) }

// placed: the pod has a node, and had none.
func (c change) placed() bool {
	return c.is != nil && c.is.Spec.NodeName != "" && (c.was == nil || c.was.Spec.NodeName == "")
}

// onNode: the pod had a node.
func (c change) onNode() bool { return c.was != nil && c.was.Spec.NodeName != "" }

// by is the process whose request has made the change; empty: nobody was told of it.
func (c change) by() string {
	if writer := c.run.writers[c.Revision]; writer != nil {
		return writer.Process
	}
	return ""
}

// byUser: somebody has made the change who is no component.
func (c change) byUser() bool { return c.by() != "" && !c.run.component(c.by()) }

func leaving(o *object.Object) bool { return o.Metadata.DeletionTimestamp != "" }

// or is what one of some finders finds.
func or(finders ...finder) finder {
	return func(r *run, at func(int64)) {
		for _, find := range finders {
			find(r, at)
		}
	}
}
