package actions

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/garbage"
)

var garbageTable = table{
	model: "garbage",
	rows: []row{
		{garbage.Create, "Create", "an object is made that refers to an owner", ofAny(change.appears, func(c change) bool { return len(c.is.Metadata.OwnerReferences) > 0 })},
		{garbage.Own, "Own", "somebody else than the collector gives an object a reference to an owner", ofAny(change.stays, change.notCollectors, func(c change) bool {
			return c.refers(c.is, c.was)
		})},
		{garbage.Disown, "Disown", "somebody else takes one away", ofAny(change.stays, change.notCollectors, func(c change) bool { return c.refers(c.was, c.is) })},
		{garbage.Delete, "Delete", "a user deletes an object, with a wish for its dependents or with another than it had", ofAny(change.byUser, change.wished)},
		{garbage.Hold, "Hold", "an object that is not being deleted gets a finalizer that is no such wish", ofAny(change.stays, func(c change) bool {
			return !leaving(c.is) && !isHeld(c.was) && isHeld(c.is)
		})},
		{garbage.LetGo, "LetGo", "an object that is being deleted loses it", ofAny(func(c change) bool {
			return c.was != nil && leaving(c.was) && isHeld(c.was) && (c.is == nil || !isHeld(c.is))
		})},
		{garbage.See, "See", "the collector's watch tells of an object", seenAny(ofGarbage)},
		{garbage.Begin, "Begin", "the collector's step for an object reads it", planned(func(e trace.Effect) bool { return e.Verb == "get" }, ofGarbage)},
		{garbage.Look, "Look", "such a step also reads its owners, or lists what may depend on it", plannedMore(ofGarbage)},
		{garbage.Work, "Work", "the collector's step for an object sends requests to delete or update objects", planned(isGarbageWrite, ofGarbage)},
		{garbage.Arrive, "Arrive", "such a request, which is answered, changes an object", byGarbage.arrived},
		{garbage.GiveUp, "GiveUp", "it is given up, and changes the object later", byGarbage.open},
		{garbage.Land, "Land", "an object is changed as only such requests can have that were given up, or whose issuer had crashed", byGarbage.landed},
		{garbage.Drop, "Drop", "such a request changes nothing", byGarbage.dropped},
		{garbage.Crash, "Crash", "the collector's process exits", lives(running(ofGarbage), "exit")},
		{garbage.Start, "Start", "the collector's process starts", lives(running(ofGarbage), "start")},
		{garbage.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"GiveUp", Story, fewRequests},
		{"Land", Story, fewRequests},
		{"Drop", Rare, fewRequests},
	},
}

// ofGarbage is the component that the model is of.
const ofGarbage = "garbage-collector-controller"

// collected are the resources among which there are owners in simulated runs.
var collected = []string{"configmaps", "pods", "replicationcontrollers", "replicasets", "services", "endpointslices"}

// byGarbage are its requests that change objects.
var byGarbage requests = func(r *run, op *history.Operation) bool {
	return op.Writes() && r.runs(op.Process, ofGarbage)
}

func isGarbageWrite(e trace.Effect) bool { return e.Verb == "update" || e.Verb == "delete" }

// ofAny finds the changes of objects of all collected resources.
func ofAny(hold ...func(c change) bool) finder {
	var finders []finder
	for _, resource := range collected {
		finders = append(finders, changes(resource, hold...))
	}
	return or(finders...)
}

func seenAny(component string) finder {
	var finders []finder
	for _, resource := range collected {
		finders = append(finders, seen(resource, component))
	}
	return or(finders...)
}

// plannedMore finds the steps that read more than the object that they are about.
func plannedMore(component string) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Steps {
			if l.Step.Component != component || l.Step.Key == "" {
				continue
			}
			if reads := slices.DeleteFunc(slices.Clone(l.Step.Plan), func(e trace.Effect) bool { return isGarbageWrite(e) || r.operations[e.Call] == nil }); len(reads) > 1 {
				at(l.Seq)
			}
		}
	}
}

func (c change) notCollectors() bool { return !c.run.runs(c.by(), ofGarbage) }

// refers: one of two versions has a reference to an owner that the other has not.
func (c change) refers(one, other *object.Object) bool {
	return slices.ContainsFunc(one.Metadata.OwnerReferences, func(ref object.OwnerReference) bool {
		return !slices.ContainsFunc(other.Metadata.OwnerReferences, func(o object.OwnerReference) bool { return o.UID == ref.UID })
	})
}

// wished: it is gone or being deleted, and was not, or has another wish than before.
func (c change) wished() bool {
	switch {
	case c.was == nil:
		return false
	case c.is == nil:
		return !leaving(c.was) || c.was.Wish() != ""
	}
	return leaving(c.is) && (!leaving(c.was) || c.was.Wish() != c.is.Wish())
}

// isHeld: a finalizer keeps it that is no wish for its dependents.
func isHeld(o *object.Object) bool {
	return slices.ContainsFunc(o.Metadata.Finalizers, func(f string) bool { return f != object.Foreground && f != object.Orphan })
}
