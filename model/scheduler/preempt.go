package scheduler

import (
	"fmt"
	"slices"
)

// Preemption is what is decided for a pod that fits nowhere: the node that is promised to it, and the pods on it that are deleted for it; perhaps
// none, if enough are being deleted.
type Preemption struct {
	Pod, Node int
	Victims   []int
}

// RefusesPreemption is why a preemption is not allowed in a view; empty: it is (row 52).
func (v View) RefusesPreemption(x Preemption) string {
	if why := v.Refuses(Choice{Pod: x.Pod}); why != "" {
		return why
	}
	p := v.Pods[x.Pod]
	if p.Never {
		return fmt.Sprintf("pod %d is never to preempt", x.Pod)
	}
	gone := map[int]bool{}
	for i, q := range v.Pods {
		if q.Node == x.Node && q.Phase == Leaving && q.Priority < p.Priority {
			gone[i] = true
		}
	}
	for _, i := range x.Victims {
		switch q := v.Pods[i]; {
		case q.Priority >= p.Priority:
			return fmt.Sprintf("pod %d has priority %d, and pod %d has %d: it is no lower", i, q.Priority, x.Pod, p.Priority)
		case q.Phase != Present:
			return fmt.Sprintf("pod %d is %v", i, q.Phase)
		case q.Node != x.Node:
			return fmt.Sprintf("pod %d is not on node %d", i, x.Node)
		case gone[i]:
			return fmt.Sprintf("pod %d is named twice", i)
		}
		gone[i] = true
	}
	if why := v.without(gone).filters(x.Pod, x.Node); why != "" {
		return fmt.Sprintf("pod %d does not fit even without them: %s", x.Pod, why)
	}
	for _, i := range x.Victims {
		gone[i] = false
		if v.without(gone).filters(x.Pod, x.Node) == "" {
			return fmt.Sprintf("pod %d need not be deleted", i)
		}
		gone[i] = true
	}
	return ""
}

// without is the view without some of its pods.
func (v View) without(gone map[int]bool) View {
	v.Pods = slices.Clone(v.Pods)
	for i := range v.Pods {
		if gone[i] {
			v.Pods[i].Phase = Absent
		}
	}
	return v
}
