package scheduler

import "fmt"

// Phase is where a pod is in its life.
type Phase uint8

// The phases of a pod.
const (
	Absent  Phase = iota
	Present       // it runs, or is to run
	Leaving       // it is being deleted, and may still run
	Ended         // it has failed or succeeded, be it deleted or not
)

func (p Phase) String() string {
	return [...]string{"absent", "present", "being deleted", "at its end"}[p]
}

// Set is a set of whatever is told apart: of taints, the cordon among them, or of labels.
type Set uint64

// without is what is in a and not in b.
func (a Set) without(b Set) Set { return a &^ b }

// Node is what a view shows of a node.
type Node struct {
	There bool
	// Allocatable is how much there is of each resource. The number of pods is a resource, and each host port is one of which there is 1.
	Allocatable []int
	Taints      Set
	Labels      Set
}

// Pod is what a view shows of a pod.
type Pod struct {
	Phase Phase
	// Node is the number of its node, 1 for the view's first; 0: it has none.
	Node int
	// Requests is how much it asks for of each resource.
	Requests  []int
	Tolerates Set
	Selects   Set
	// Priority, Never: it preempts nobody; Nominated: the number of the node that is promised to it, while it has none; 0: none is.
	Priority  int
	Never     bool
	Nominated int
	// Ours: its schedulerName is the scheduler's, and nothing gates it.
	Ours bool
}

// View is what a choice is made from: the cache, and over it the scheduler's own binds that the cache does not show.
type View struct {
	Nodes []Node
	Pods  []Pod
}

// Choice is what is decided for a pod, by its position: the number of a node; 0: none will do, and the pod waits.
type Choice struct{ Pod, Node int }

// waits: the pod is one that a node is to be found for (row 46).
func (p Pod) waits() bool { return p.Ours && p.Phase == Present && p.Node == 0 }

// Used is how much of a resource the pods on a node ask for, and those to which it is promised and that a pod does not go before (row 53). Those
// that are being deleted do too: they still run (k/k#106884).
func (v View) Used(pod, node, resource int) (n int) {
	for i, p := range v.Pods {
		on := p.Node == node && (p.Phase == Present || p.Phase == Leaving)
		if on || i != pod && p.promised(node) && p.Priority >= v.Pods[pod].Priority {
			n += p.Requests[resource]
		}
	}
	return n
}

// promised: others have made room for the pod on a node that it does not have yet.
func (p Pod) promised(node int) bool { return p.Phase == Present && p.Node == 0 && p.Nominated == node }

// Refuses is why a choice is not allowed in a view; empty: it is.
func (v View) Refuses(c Choice) string {
	p := v.Pods[c.Pod]
	switch {
	case !p.Ours:
		return fmt.Sprintf("pod %d is another scheduler's, or gated", c.Pod)
	case p.Phase != Present:
		return fmt.Sprintf("pod %d is %v", c.Pod, p.Phase)
	case p.Node != 0:
		return fmt.Sprintf("pod %d has node %d already", c.Pod, p.Node)
	case c.Node != 0:
		return v.filters(c.Pod, c.Node)
	}
	for i := range v.Nodes {
		if v.filters(c.Pod, i+1) == "" {
			return fmt.Sprintf("pod %d is to wait, and node %d would do", c.Pod, i+1) // row 51
		}
	}
	return ""
}

// filters is why a pod may not be put on a node (rows 48 and 49); empty: it may.
func (v View) filters(pod, node int) string {
	p := v.Pods[pod]
	if node > len(v.Nodes) || !v.Nodes[node-1].There {
		return fmt.Sprintf("node %d is not there", node)
	}
	n := v.Nodes[node-1]
	switch {
	case n.Taints.without(p.Tolerates) != 0:
		return fmt.Sprintf("node %d has a taint that the pod does not tolerate", node)
	case p.Selects.without(n.Labels) != 0:
		return fmt.Sprintf("node %d lacks a label that the pod selects", node)
	}
	for r, asked := range p.Requests {
		if used := v.Used(pod, node, r); asked > 0 && used+asked > n.Allocatable[r] {
			return fmt.Sprintf("node %d has %d of resource %d, of which %d are used and %d are asked for", node, n.Allocatable[r], r, used, asked)
		}
	}
	return ""
}
