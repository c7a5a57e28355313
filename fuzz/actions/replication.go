package actions

import (
	"maps"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/replication"
)

var replicationTable = table{
	model: "replication",
	rows: []row{
		{replication.Scale, "Scale", "an owner comes to want another number", ofOwners(change.scaled)},
		{replication.Leave, "Leave", "an owner is being deleted, and is still there", ofOwners(change.leaves)},
		{replication.Vanish, "Vanish", "an owner is gone", ofOwners(change.goes)},
		{replication.Again, "Again", "there is an owner of a name that another had", ofOwners(change.returns)},
		{replication.Appear, "Appear", "a pod is made that nobody controls, and that an owner selects", changes("pods", change.appears, change.orphaned)},
		{replication.Relabel, "Relabel", "a pod's labels change so that an owner selects it, or no longer does", changes("pods", change.stays, change.relabelled)},
		{replication.End, "End", "a pod that an owner controls or selects has ended", changes("pods", change.endsUndeleted, change.owned)},
		{replication.Delete, "Delete", "such a pod is being deleted, as a user asked for", changes("pods", change.leaves, change.byUser, change.owned)},
		{replication.RemovePod, "RemovePod", "such a pod is gone that was being deleted", changes("pods", change.removed, change.owned)},
		{replication.SeeOwner, "SeeOwner", "a controller's watch tells of an owner", or(seen("replicationcontrollers", controllers...), seen("replicasets", controllers...))},
		{replication.See, "See", "a controller's watch tells of a pod", seen("pods", controllers...)},
		{replication.Look, "Look", "a controller's step for an owner reads it", planned(isLiveRead, controllers...)},
		{replication.Work, "Work", "a controller's step for an owner sends requests to create, delete or update pods", planned(isPodWrite, controllers...)},
		{replication.Arrive, "Arrive", "a request of a controller's, which is answered, changes a pod", byControllers.arrived},
		{replication.Answer, "Answer", "a controller's request for a pod is answered", byControllers.heard},
		{replication.LoseAnswer, "LoseAnswer", "it is given up, and had changed the pod", byControllers.unheard},
		{replication.GiveUp, "GiveUp", "it is given up, and changes the pod later", byControllers.open},
		{replication.Land, "Land", "a pod is changed as only requests of controllers can have that were given up, or whose issuer had crashed", byControllers.landed},
		{replication.Drop, "Drop", "such a request changes nothing", byControllers.dropped},
		{replication.Resolve, "Resolve", "a controller's step without a key: it reads, or sends again", resolving("pods", "", controllers...)},
		{replication.Crash, "Crash", "a process exits that runs a controller", lives(running(controllers...), "exit")},
		{replication.Start, "Start", "such a process starts", lives(running(controllers...), "start")},
		{replication.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Look", Rare, "a user must label a pod that nobody controls as an owner's"},
		{"LoseAnswer", Rare, fewRequests},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Rare, fewRequests},
		{"Resolve", Rare, fewRequests},
	},
}

// fewRequests: a fault must meet one request of hundreds.
const fewRequests = "of the requests that a fault may meet few are these"

// controllers are the components that the model is of.
var controllers = []string{"replication-controller", "replicaset-controller"}

// byControllers are their requests that change pods.
var byControllers requests = func(r *run, op *history.Operation) bool {
	return op.Writes() && op.Resource == "pods" && r.runs(op.Process, controllers...)
}

// ofOwners finds the changes of owners.
func ofOwners(holds func(c change) bool) finder {
	return or(changes("replicationcontrollers", holds), changes("replicasets", holds))
}

func (c change) scaled() bool { return c.stays() && replicas(c.was) != replicas(c.is) }

func replicas(o *object.Object) int64 {
	if o.Spec.Replicas == nil {
		return 1
	}
	return *o.Spec.Replicas
}

// owners are those in the pod's namespace when it was changed.
func (c change) owners() (owners []*object.Object) {
	for _, resource := range []string{"replicationcontrollers", "replicasets"} {
		if prefix, known := c.run.Log.Prefix(resource, c.Object.Namespace); known {
			for _, v := range c.run.Log.Live(prefix, c.Revision) {
				if o := content(v); o != nil {
					owners = append(owners, o)
				}
			}
		}
	}
	return owners
}

// orphaned: nobody controls the pod, and an owner selects it.
func (c change) orphaned() bool {
	_, controlled := c.is.Controller()
	return !controlled && slices.ContainsFunc(c.owners(), func(owner *object.Object) bool { return owner.Selects(c.is.Metadata.Labels) })
}

// relabelled: an owner selects the pod, or no longer does.
func (c change) relabelled() bool {
	was, is := c.was.Metadata.Labels, c.is.Metadata.Labels
	return !maps.Equal(was, is) && slices.ContainsFunc(c.owners(), func(owner *object.Object) bool { return owner.Selects(was) != owner.Selects(is) })
}

// owned: an owner controlled the pod, or selected it.
func (c change) owned() bool {
	ref, controlled := c.was.Controller()
	return controlled && (ref.Kind == "ReplicationController" || ref.Kind == "ReplicaSet") ||
		slices.ContainsFunc(c.owners(), func(owner *object.Object) bool { return owner.Selects(c.was.Metadata.Labels) })
}

// seen finds the events by which components, or if none is named all who watch, see objects of a resource.
func seen(resource string, components ...string) finder {
	return func(r *run, at func(int64)) {
		for _, w := range r.Watches {
			if w.Layer != trace.API || w.Resource != resource || len(components) > 0 && !r.runs(w.Line.Process, components...) {
				continue
			}
			for _, l := range w.Events {
				if tells(l.Event) {
					at(l.Seq)
				}
			}
		}
	}
}

// planned finds the steps for a key that plan an effect for which is holds, and have sent it.
func planned(is func(e trace.Effect) bool, components ...string) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Steps {
			if l.Step.Key != "" && slices.Contains(components, l.Step.Component) && slices.ContainsFunc(l.Step.Plan, func(e trace.Effect) bool { return is(e) && r.operations[e.Call] != nil }) {
				at(l.Seq)
			}
		}
	}
}

func isLiveRead(e trace.Effect) bool { return e.Verb == "get" && e.Object.Resource != "pods" }

func isPodWrite(e trace.Effect) bool { return e.Verb != "get" && e.Object.Resource == "pods" }

// resolving finds the steps that find out what became of a write to an object of a resource: those without a key. verb is that of their effect;
// empty: any.
func resolving(resource, verb string, components ...string) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Steps {
			if l.Step.Key == "" && slices.Contains(components, l.Step.Component) && slices.ContainsFunc(l.Step.Plan, func(e trace.Effect) bool {
				return e.Object.Resource == resource && (verb == "" || e.Verb == verb)
			}) {
				at(l.Seq)
			}
		}
	}
}

// running: the process runs one of the components.
func running(components ...string) func(r *run, l *trace.Life) bool {
	return func(r *run, l *trace.Life) bool {
		return slices.ContainsFunc(names(l), func(process string) bool { return r.runs(process, components...) })
	}
}
