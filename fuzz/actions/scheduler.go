package actions

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/scheduler"
)

var schedulerTable = table{
	model: "scheduler",
	rows: []row{
		{scheduler.Create, "Create", "a pod is made that has no node", changes("pods", change.appears, func(c change) bool { return !c.placed() })},
		{scheduler.Place, "Place", "a pod is made that has a node", changes("pods", change.appears, change.placed)},
		{scheduler.Touch, "Touch", "a pod changes, but for its node, its end and its deletion", changes("pods", change.stays, change.touched)},
		{scheduler.End, "End", "a pod on a node has ended", changes("pods", change.endsUndeleted, change.onNode)},
		{scheduler.Delete, "Delete", "a pod is being deleted; or it is gone at once, and had ended", or(changes("pods", change.leaves), changes("pods", change.goes, change.hadEnded))},
		{scheduler.Remove, "Remove", "a pod is gone that was being deleted", changes("pods", change.removed)},
		{scheduler.Shut, "Shut", "a node is cordoned or tainted, and was not", changes("nodes", change.stays, func(c change) bool { return !shut(c.was) && shut(c.is) })},
		{scheduler.Open, "Open", "a node was cordoned or tainted, and is no longer", changes("nodes", change.stays, func(c change) bool { return shut(c.was) && !shut(c.is) })},
		{scheduler.Resize, "Resize", "what is allocatable on a node changes", changes("nodes", change.stays, change.resized)},
		{scheduler.Vanish, "Vanish", "a node is gone", changes("nodes", change.goes)},
		{scheduler.Return, "Return", "there is a node of a name that another had", changes("nodes", change.returns)},
		{scheduler.See, "See", "the scheduler's watch tells of a pod", seen("pods", theScheduler)},
		{scheduler.SeeNode, "SeeNode", "the scheduler's watch tells of a node", seen("nodes", theScheduler)},
		{scheduler.Choose, "Choose", "the scheduler's step for a pod binds it, or says that it fits nowhere", or(planned(isBind, theScheduler), foundNone)},
		{scheduler.Arrive, "Arrive", "a bind, which is answered, gives a pod its node", byScheduler.arrived},
		{scheduler.Answer, "Answer", "a bind is answered", byScheduler.heard},
		{scheduler.LoseAnswer, "LoseAnswer", "a bind is given up, and had given the pod its node", byScheduler.unheard},
		{scheduler.GiveUp, "GiveUp", "a bind is given up, and gives the pod its node later", byScheduler.open},
		{scheduler.Land, "Land", "a pod is given its node as only binds can have that were given up, or whose issuer had crashed", byScheduler.landed},
		{scheduler.Drop, "Drop", "such a bind changes nothing", byScheduler.dropped},
		{scheduler.Repeat, "Repeat", "the scheduler's step without a key binds: it sends the same bind again", resolving("pods", "create", theScheduler)},
		{scheduler.Look, "Look", "the scheduler's step without a key reads", resolving("pods", "get", theScheduler)},
		{scheduler.Crash, "Crash", "the scheduler's process exits", lives(running(theScheduler), "exit")},
		{scheduler.Start, "Start", "the scheduler's process starts", lives(running(theScheduler), "start")},
		{scheduler.Heal, "Heal", "the phase heal begins", healed},
	},
	exceptions: []exception{
		{"Resize", Nowhere, "what a kubelet has to give never changes"},
		{"Vanish", Rare, "a worker must be lost, and its Node deleted"},
		{"Return", Nowhere, "only the Nodes of workers that are lost are deleted (fuzz/simulation)"},
		{"LoseAnswer", Rare, fewRequests},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Rare, fewRequests},
		{"Repeat", Rare, fewRequests},
		{"Look", Rare, "likewise, and the scheduler's cache must be behind"},
	},
}

const noNodes = "users do not touch nodes (fuzz/workload)"

const theScheduler = "default-scheduler"

// byScheduler are its binds.
var byScheduler requests = func(r *run, op *history.Operation) bool {
	return op.Subresource == "binding" && r.runs(op.Process, theScheduler)
}

// touched: nothing that the model looks at has changed but the version.
func (c change) touched() bool {
	return c.was.Spec.NodeName == c.is.Spec.NodeName && c.was.Terminal() == c.is.Terminal() && leaving(c.was) == leaving(c.is)
}

// hadEnded: the pod had ended, and was not being deleted.
func (c change) hadEnded() bool { return c.was.Terminal() && !leaving(c.was) }

// shut: no pod that tolerates nothing may be put on the node.
func shut(node *object.Object) bool {
	return node.Spec.Unschedulable || slices.ContainsFunc(node.Spec.Taints, func(t object.Taint) bool { return t.Effect != "PreferNoSchedule" })
}

// resized: the node has other amounts of something, or of something else.
func (c change) resized() bool {
	was, is := object.Amounts{}, object.Amounts{}
	if was.Add(c.was.Status.Allocatable) != nil || is.Add(c.is.Status.Allocatable) != nil {
		return false
	}
	return !maps.EqualFunc(was, is, func(a, b *big.Rat) bool { return a.Cmp(b) == 0 })
}

func isBind(e trace.Effect) bool { return e.Subresource == "binding" }

// fitsNowhere begins the reason of a step that has found no node.
const fitsNowhere = "fits nowhere"

func foundNone(r *run, at func(int64)) {
	for _, l := range r.Steps {
		if l.Step.Component == theScheduler && l.Step.Key != "" && strings.HasPrefix(l.Step.Why, fitsNowhere) {
			at(l.Seq)
		}
	}
}
