package actions

import (
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/node"
)

var nodeTable = table{
	model: "node",
	rows: []row{
		{node.Cut, "Cut", "a kubelet's process exits", lives(kubeletLife, "exit")},
		{node.Link, "Link", "a kubelet's process starts", lives(kubeletLife, "start")},
		{node.Ail, "Ail", "a node is no longer ready, as its kubelet says", changes("nodes", change.stays, change.ails)},
		{node.Mark, "Mark", "a node is given a taint of the controller's, or it is taken, by somebody else", changes("nodes", change.stays, change.byOthers, change.marked)},
		{node.Retire, "Retire", "a node comes to be out of service, or back", changes("nodes", change.stays, func(c change) bool { return retired(c.was) != retired(c.is) })},
		{node.Unregister, "Unregister", "a node is gone", changes("nodes", change.goes)},
		{node.Register, "Register", "there is a node of a name that another had", changes("nodes", change.returns)},
		{node.Appear, "Appear", "a pod is bound to a node", changes("pods", change.placed)},
		{node.Tolerate, "Tolerate", "a pod is given another toleration", changes("pods", change.stays, func(c change) bool { return len(c.was.Spec.Tolerations) != len(c.is.Spec.Tolerations) })},
		{node.Delete, "Delete", "a pod on a node is being deleted, as somebody else asked for", changes("pods", change.leaves, change.onNode, change.byOthers)},
		{node.Renew, "Renew", "a lease is renewed", changes("leases", change.stays)},
		{node.Report, "Report", "a node or a pod comes to be ready", or(changes("nodes", change.stays, change.readied), changes("pods", change.stays, change.readied))},
		{node.Remove, "Remove", "a pod on a node is gone that was being deleted", changes("pods", change.removed, change.onNode)},
		{node.SeeRenewal, "SeeRenewal", "the controller's watch tells of a lease", seen("leases", nodeLifecycle)},
		{node.See, "See", "the controller's watch tells of a node or a pod", or(seen("nodes", nodeLifecycle), seen("pods", nodeLifecycle))},
		{node.Look, "Look", "the controller's step for a node reads it", planned(isLiveRead, nodeLifecycle)},
		{node.Work, "Work", "the controller's step for a node writes to it, or to pods", planned(isNodeWork, nodeLifecycle)},
		{node.Arrive, "Arrive", "a request of the controller's, which is answered, changes a node or a pod", byNodeLifecycle.arrived},
		{node.GiveUp, "GiveUp", "it is given up", or(byNodeLifecycle.unheard, byNodeLifecycle.open)},
		{node.Land, "Land", "a node or a pod is changed as only requests of the controller can have that were given up, or whose issuer had crashed", byNodeLifecycle.landed},
		{node.Drop, "Drop", "such a request changes nothing", byNodeLifecycle.dropped},
		{node.Resolve, "Resolve", "the controller's step without a key: it reads, or sends again", resolvedByNodes},
		{node.Crash, "Crash", "a process exits that runs the controller", lives(running(nodeLifecycle), "exit")},
		{node.Start, "Start", "such a process starts", lives(running(nodeLifecycle), "start")},
		{node.Heal, "Heal", "the phase heal begins", healed},
		{node.Tick, "Tick", "", nil},
	},
	exceptions: []exception{
		{"Mark", Nowhere, noNodes},
		{"Retire", Nowhere, noNodes},
		{"Unregister", Rare, "a worker must be lost, and its Node deleted"},
		{"Register", Nowhere, "only the Nodes of workers that are lost are deleted (fuzz/simulation)"},
		{"Tolerate", Nowhere, "users give no pod another toleration (fuzz/workload)"},
		{"GiveUp", Rare, fewRequests},
		{"Land", Rare, fewRequests},
		{"Drop", Rare, fewRequests},
		{"Resolve", Rare, fewRequests},
		{"Tick", Unseen, "time has no lines of its own"},
	},
}

const nodeLifecycle = "node-lifecycle-controller"

// byNodeLifecycle are its requests that change nodes and pods.
var byNodeLifecycle requests = func(r *run, op *history.Operation) bool {
	return op.Writes() && (op.Resource == "nodes" || op.Resource == "pods") && r.runs(op.Process, nodeLifecycle)
}

func isNodeWork(e trace.Effect) bool {
	return e.Verb != "get" && (e.Object.Resource == "nodes" || e.Object.Resource == "pods")
}

// resolvedByNodes finds the steps without a key of the controller's loop.
func resolvedByNodes(r *run, at func(int64)) {
	for _, l := range r.Steps {
		if l.Step.Key == "" && l.Step.Component == nodeLifecycle {
			at(l.Seq)
		}
	}
}

// byOthers: somebody else than the controller has made the change.
func (c change) byOthers() bool { return c.by() != "" && !c.run.runs(c.by(), nodeLifecycle) }

func readiness(o *object.Object) string {
	status, _ := o.Condition("Ready")
	return status
}

func (c change) ails() bool    { return readiness(c.was) == "True" && readiness(c.is) == "False" }
func (c change) readied() bool { return readiness(c.was) != "True" && readiness(c.is) == "True" }

// marked: the node has a taint of the controller's, and had none; or the other way round.
func (c change) marked() bool {
	return slices.ContainsFunc(c.was.Spec.Taints, object.Taint.Own) != slices.ContainsFunc(c.is.Spec.Taints, object.Taint.Own)
}

// retired: the node is out of service.
func retired(o *object.Object) bool {
	return slices.ContainsFunc(o.Spec.Taints, func(t object.Taint) bool { return t.Key == "node.kubernetes.io/out-of-service" })
}
