package actions

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/namespace"
)

var namespaceTable = table{
	model: "namespace",
	rows: []row{
		{namespace.Open, "Open", "there is a namespace", changes("namespaces", change.appears)},
		{namespace.Close, "Close", "a namespace is being deleted, and was not", changes("namespaces", change.leaves)},
		{namespace.Touch, "Touch", "a namespace changes, but for its deletion and its finalizers", changes("namespaces", change.stays, change.touchedSpace)},
		{namespace.Hold, "Hold", "a namespace gets a finalizer that is not its controller's", changes("namespaces", change.stays, func(c change) bool { return !foreign(c.was) && foreign(c.is) })},
		{namespace.Release, "Release", "a namespace had one, and has none any more", changes("namespaces", func(c change) bool { return c.was != nil && foreign(c.was) && (c.is == nil || !foreign(c.is)) })},
		{namespace.LetGo, "LetGo", "a pod or config map that was being deleted in such a namespace is gone", or(changes("pods", change.removed, change.inLeaving), changes("configmaps", change.removed, change.inLeaving))},
		{namespace.Ask, "Ask", "a server answers whether an object is created in a namespace", toCreate.asked},
		{namespace.ServerSees, "ServerSees", "a watch tells of a namespace: its server's cache has seen it", seen("namespaces")},
		{namespace.Admit, "Admit", "a put that a namespace guards is answered, where it was asked", guarded.asked},
		{namespace.Consult, "Consult", "while such a request is open, and nobody asks for the namespace, its server gets that from the store", consulted},
		{namespace.Commit, "Commit", "a put that a namespace guards is answered", guarded.heard},
		{namespace.Lose, "Lose", "a request to create an object in a namespace is given up", toCreate.given},
		{namespace.Wash, "Wash", "an object comes about that only creations can have made that were given up", toCreate.landed},
		{namespace.Sink, "Sink", "none comes about that such a creation can have made", toCreate.dropped},
		{namespace.See, "See", "the controller's watch tells of a namespace", seen("namespaces", emptier)},
		{namespace.Begin, "Begin", "the controller's step for a namespace lists what is in it", planned(isList, emptier)},
		{namespace.Look, "Look", "the controller's list is answered", byEmptier("list").heard},
		{namespace.Confirm, "Confirm", "the controller's read of the namespace is answered", byEmptier("get").heard},
		{namespace.Work, "Work", "the controller's step for a namespace deletes what is in it, or finalizes it", planned(isEmptying, emptier)},
		{namespace.Arrive, "Arrive", "such a request, which is answered, changes an object or the namespace", empties.arrived},
		{namespace.GiveUp, "GiveUp", "it is given up, and changes it later", empties.open},
		{namespace.Land, "Land", "a change comes about that only such requests can have made that were given up, or whose issuer had crashed", empties.landed},
		{namespace.Drop, "Drop", "such a request changes nothing", empties.dropped},
		{namespace.Crash, "Crash", "the controller's process exits", lives(running(emptier), "exit")},
		{namespace.Start, "Start", "the controller's process starts", lives(running(emptier), "start")},
		{namespace.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Hold", Nowhere, noHolds},
		{"Release", Nowhere, noHolds},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Rare, fewRequests},
	},
}

const noHolds = "users hold what is in a namespace, and not the namespace itself (fuzz/workload, Spaces)"

const emptier = "namespace-controller"

// toCreate are the requests for a new object in a namespace.
var toCreate requests = func(_ *run, op *history.Operation) bool {
	return op.Verb == "create" && op.Subresource == "" && op.Namespace != ""
}

// guarded are the puts that a namespace guards.
var guarded operations = func(op *history.Operation) bool { return op.Verb == "put" && len(op.Guards) > 0 }

// byEmptier are the controller's requests with that verb.
func byEmptier(verb string) requests {
	return func(r *run, op *history.Operation) bool { return op.Verb == verb && r.deciders[op.ID] == emptier }
}

// empties are its requests to delete and to finalize.
var empties requests = func(r *run, op *history.Operation) bool {
	return (op.Verb == "delete" || op.Subresource == "finalize") && r.deciders[op.ID] == emptier
}

func isList(e trace.Effect) bool { return e.Verb == "list" }

func isEmptying(e trace.Effect) bool { return e.Verb == "delete" || e.Subresource == "finalize" }

// foreign: somebody else than the controller keeps the namespace.
func foreign(o *object.Object) bool {
	return len(o.Metadata.Finalizers) > 0 || slices.ContainsFunc(o.Spec.Finalizers, func(f string) bool { return f != "kubernetes" })
}

func (c change) touchedSpace() bool {
	return leaving(c.was) == leaving(c.is) && slices.Equal(c.was.Spec.Finalizers, c.is.Spec.Finalizers) && slices.Equal(c.was.Metadata.Finalizers, c.is.Metadata.Finalizers)
}

// inLeaving: the object's namespace is being deleted.
func (c change) inLeaving() bool {
	v := history.At(c.run.Log.Of(history.ObjectName{Resource: "namespaces", Name: c.Object.Namespace}), c.Revision)
	o := content(v)
	return o != nil && leaving(o)
}

func consulted(r *run, at func(int64)) {
	toCreate.each(r, func(op *history.Operation) {
		name := history.ObjectName{Resource: "namespaces", Name: op.Namespace}
		prefix, known := r.Log.Prefix(name.Resource, "")
		if !known || !answered(op) {
			return
		}
		for _, s := range r.stored[prefix+name.Name] {
			other := func(of *history.Operation) bool { return of.Start <= s.End && s.Start <= of.End }
			if s.Verb == "get" && r.serves(s, op) && !slices.ContainsFunc(r.gets[name], other) && !slices.ContainsFunc(r.asked[name], other) {
				at(s.ReturnLine)
			}
		}
	})
}
