package node

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Condition is a node's condition Ready.
type Condition uint8

// The conditions. A kubelet says the first two, the node lifecycle controller the third.
const (
	Ready Condition = iota
	NotReady
	Unknown
)

func (c Condition) String() string { return [...]string{"ready", "not ready", "unknown"}[c] }

// Node is what a view shows under the name of a node. Durations are in the unit of the policy, by the controller's own clock, from when it
// saw what they begin with: a controller that has just started has measured nothing.
type Node struct {
	// UID 0: there is none.
	UID  uint8
	Zone int
	Condition
	// Tainted: it has a NoExecute taint of this controller's. OutOfService: a user says that nothing runs there any more.
	Tainted, OutOfService bool
	// Quiet is for how long no renewal of its lease or status was seen, Held for how long the same taint, Missing for how long no node.
	Quiet, Held, Missing int
	// Live: this is no more than what a live read of the node and of its lease has just shown.
	Live bool
	// Open: the controller has written to it, and the cache does not show yet what became of that.
	Open bool
}

// Phase is where a pod is in its life.
type Phase uint8

// The phases of a pod.
const (
	Absent Phase = iota
	Running
	Leaving // it is being deleted, and its kubelet is to say when it is gone
)

func (p Phase) String() string { return [...]string{"absent", "running", "leaving"}[p] }

// Forever is the toleration of a pod that is never evicted.
const Forever = -1

// Pod is what a view shows under the name of a pod.
type Pod struct {
	Phase Phase
	// Node is the position of its node in the view, also if there is no such node.
	Node int
	// Tolerates is for how long it tolerates the taint of its node: 0, not at all, or [Forever].
	Tolerates int
	// Ready: its condition says that it is.
	Ready bool
	// Open: as of a node.
	Open bool
}

// View is what a decision is made from: the cache, and over it the controller's own writes that the cache does not show.
type View struct {
	Policy Policy
	Nodes  []Node
	Pods   []Pod
	// Since is, for each zone, how long ago a taint was last decided there; a controller that has just started counts from its start.
	Since []int
}

// Verb is what an effect does to a node or to a pod.
type Verb uint8

// The verbs.
const (
	Doubt   Verb = iota + 1 // say of a node that its condition is unknown
	Taint                   // give it the NoExecute taint
	Untaint                 // take the taint from it, as it is ready
	Spare                   // take the taint from it, as all zones are down
	Unready                 // say of a pod that it is not ready
	Evict                   // delete a pod, gracefully
	Collect                 // remove a pod at once, without its kubelet
)

func (v Verb) String() string {
	return [...]string{"nothing", "doubt", "taint", "untaint", "spare", "unready", "evict", "collect"}[v]
}

// ofPod: its object is a pod.
func (v Verb) ofPod() bool { return v >= Unready }

// Effect is one write that a plan asks for: a verb, and the position in the view of the node or pod.
type Effect struct {
	Verb   Verb
	Object int
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(plan []Effect) string {
	paces, down := v.Policy.Paces(v.after(plan))
	used := make([]bool, len(paces))
	for _, e := range plan {
		if e.Verb.ofPod() {
			if why := v.refusesPod(e, down); why != "" {
				return "pod " + strconv.Itoa(e.Object) + ": " + why
			}
			continue
		}
		zone := v.Nodes[e.Object].Zone
		why := v.refusesNode(e, paces[zone], down)
		if why == "" && e.Verb == Taint {
			if used[zone] {
				why = "a node of its zone is tainted in the same plan"
			}
			used[zone] = true
		}
		if why != "" {
			return "node " + strconv.Itoa(e.Object) + ": " + why
		}
	}
	return ""
}

// after are the nodes as the plan leaves them: one that it doubts does not count as ready any more, so that the last ready node of all
// cannot be doubted and another tainted in one plan.
func (v View) after(plan []Effect) []Node {
	nodes := slices.Clone(v.Nodes)
	for _, e := range plan {
		if e.Verb == Doubt {
			nodes[e.Object].Condition = Unknown
		}
	}
	return nodes
}

func (v View) refusesNode(e Effect, pace int, down bool) string {
	n := v.Nodes[e.Object]
	switch {
	case n.UID == 0:
		return "there is none"
	case n.Open:
		return "nobody knows yet what became of the last request for it" // row 40
	}
	switch e.Verb {
	case Doubt:
		switch {
		case n.Condition == Unknown:
			return "it is in doubt already"
		case n.Quiet < v.Policy.Grace:
			return fmt.Sprintf("it has been quiet for %d, and has %d", n.Quiet, v.Policy.Grace) // row 68
		case !n.Live:
			return "it was not read live: what is quiet may be the watch" // row 68, N03
		}
	case Taint:
		switch {
		case n.Tainted:
			return "it is tainted already"
		case n.Condition == Ready:
			return "it is ready"
		case n.Condition == Unknown && n.Quiet < v.Policy.Grace:
			return fmt.Sprintf("this controller has known it to be quiet for %d only", n.Quiet)
		case down:
			return "no node of any zone is ready" // row 72, N01
		case pace == Never:
			return "its zone is small, and too much of it is down" // row 72
		case v.Since[n.Zone] < pace:
			return fmt.Sprintf("the last taint in its zone was %d ago, and one is allowed each %d", v.Since[n.Zone], pace) // row 72, N02
		}
	case Untaint:
		if !n.Tainted || n.Condition != Ready {
			return "it is not one that is tainted and ready"
		}
	case Spare:
		if !n.Tainted || !down {
			return "it is not tainted, or some node is ready"
		}
	}
	return ""
}

func (v View) refusesPod(e Effect, down bool) string {
	p := v.Pods[e.Object]
	n := v.Nodes[p.Node]
	switch {
	case p.Open:
		return "nobody knows yet what became of the last request for it" // row 40
	case p.Phase == Absent:
		return "there is none"
	case e.Verb == Collect:
		return v.refusesCollection(p, n)
	case e.Verb == Unready && (n.UID == 0 || n.Condition == Ready || n.Open || !p.Ready):
		return "it is not ready, or its node is ready, or gone, or nobody knows"
	case e.Verb == Unready: // P09: what does not answer must leave the endpoints long before it is evicted
	case p.Phase != Running:
		return "it is being deleted already"
	case n.UID == 0 || !n.Tainted:
		return "its node has no taint"
	case p.Tolerates == Forever || n.Held < p.Tolerates:
		return fmt.Sprintf("it tolerates the taint, which was seen for %d", n.Held) // row 71
	case !n.Live:
		return "its node was not read live: the taint may be gone" // row 71, N05
	case down:
		return "no node of any zone is ready" // row 72, N01
	}
	return ""
}

// refusesCollection is rows 73 and 74: a pod is removed without its kubelet only where there is none to ask.
func (v View) refusesCollection(p Pod, n Node) string {
	switch {
	case !n.Live:
		return "its node was not read live" // N08, N09
	case n.UID == 0 && n.Missing < v.Policy.Quarantine:
		return fmt.Sprintf("its node has been missing for %d only", n.Missing)
	case n.UID != 0 && !(n.OutOfService && n.Condition != Ready && p.Phase == Leaving):
		return "its node is there, and not out of service; or nobody has deleted the pod"
	}
	return ""
}

// Allowed are the single effects that a view allows, in words.
func (v View) Allowed() string {
	var may []string
	for verb := Doubt; verb <= Collect; verb++ {
		what, objects := "node", len(v.Nodes)
		if verb.ofPod() {
			what, objects = "pod", len(v.Pods)
		}
		for i := range objects {
			if v.Refuses([]Effect{{verb, i}}) == "" {
				may = append(may, fmt.Sprintf("%v %s %d", verb, what, i))
			}
		}
	}
	if len(may) == 0 {
		return "do nothing"
	}
	return strings.Join(may, ", or ")
}
