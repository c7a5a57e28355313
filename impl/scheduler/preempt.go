package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// preemption is a node that the pod fits on when pods of lower priority have left: those that are being deleted, and the victims.
type preemption struct {
	node    string
	victims []*corev1.Pod
}

// preempt finds the preemption that harms least; nil: there is none, or the pod may not preempt.
func (p *problem) preempt(v *control.View, all []*candidate) *preemption {
	if policy := p.pod.Spec.PreemptionPolicy; policy != nil && *policy == corev1.PreemptNever {
		return nil
	}
	var possible []preemption
	for i, c := range all {
		if victims, ok := p.victims(v, all, i); ok {
			possible = append(possible, preemption{c.node.Name, victims})
		}
	}
	if len(possible) == 0 {
		return nil
	}
	best := slices.MinFunc(possible, p.harm)
	return &best
}

// harm orders preemptions: first that of the node where victims of the pod are leaving already, or have failed to (S15); then as upstream.
func (p *problem) harm(a, b preemption) int {
	nominated := func(x preemption) int {
		if x.node == p.pod.Status.NominatedNodeName {
			return 0
		}
		return 1
	}
	highest, sum := func(x preemption) (most int64) {
		for _, pod := range x.victims {
			most = max(most, weight(pod))
		}
		return most
	}, func(x preemption) (all int64) {
		for _, pod := range x.victims {
			all += weight(pod)
		}
		return all
	}
	return cmp.Or(
		cmp.Compare(nominated(a), nominated(b)),
		cmp.Compare(highest(a), highest(b)),
		cmp.Compare(sum(a), sum(b)),
		cmp.Compare(len(a.victims), len(b.victims)),
		cmp.Compare(a.node, b.node),
	)
}

// weight is a pod's priority, made positive, so that of two preemptions with the same priorities the one with fewer victims weighs less.
func weight(pod *corev1.Pod) int64 { return int64(corev1helpers.PodPriority(pod)) + 1<<31 + 1 }

// victims are the pods of lower priority that must be deleted so that the pod fits on the i-th node, as few and as low as can be; false: it
// does not fit even without all of them. Those that are being deleted leave by themselves.
func (p *problem) victims(v *control.View, all []*candidate, i int) ([]*corev1.Pod, bool) {
	mine, c := corev1helpers.PodPriority(p.pod), all[i]
	gone := map[*corev1.Pod]bool{}
	var lower []*corev1.Pod
	for _, pod := range c.pods {
		if corev1helpers.PodPriority(pod) < mine {
			gone[pod] = true
			if pod.DeletionTimestamp == nil {
				lower = append(lower, pod)
			}
		}
	}
	fits := func() bool {
		left := c.without(gone)
		with := slices.Clone(all)
		with[i] = left
		return len(newProblem(v, p.pod, with).filter(left)) == 0
	}
	if len(gone) == 0 || !fits() {
		return nil, false
	}
	slices.SortFunc(lower, moreImportant)
	var victims []*corev1.Pod
	for _, pod := range lower {
		if delete(gone, pod); !fits() {
			gone[pod] = true
			victims = append(victims, pod)
		}
	}
	return victims, true
}

// moreImportant: the higher priority, then the older. Upstream: the one that was started earlier.
func moreImportant(a, b *corev1.Pod) int {
	return cmp.Or(
		cmp.Compare(corev1helpers.PodPriority(b), corev1helpers.PodPriority(a)),
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(keyOf(a), keyOf(b)),
	)
}

// plan has the pod nominated first, so that the room is charged to it before there is any (row 53), and then the victims deleted. Those of lower
// priority to whom the node was promised before lose it once: whoever is nominated after the pod fits beside it, and if they were to lose it again,
// each would wake the pod, which would outbid them, for ever.
func (x *preemption) plan(v *control.View, pod *corev1.Pod, message string, now time.Time) control.Plan {
	if v.Doubtful(podsSource, pod.Namespace, pod.Name) { // nobody is deleted for a promise that may not have been made
		return control.Plan{Wants: "to learn whether a node was promised to it"}
	}
	plan := unschedulablePlan(pod, message, x.node, now)
	plan.Why = fmt.Sprintf("fits on %s when %d pods of lower priority are deleted and others have left", x.node, len(x.victims))
	var outbid, deletes []control.Effect
	if pod.Status.NominatedNodeName != x.node {
		outbid = x.outbid(v, pod)
	}
	if len(outbid) > 0 {
		plan.Batches = append(plan.Batches, outbid)
	}
	for _, victim := range x.victims {
		deletes = append(deletes, evict(victim, now), event(victim, now, corev1.EventTypeNormal, "Preempted", "Preempting",
			fmt.Sprintf("Preempted by pod %s on node %s", pod.UID, x.node)))
	}
	if len(deletes) > 0 {
		plan.Batches = append(plan.Batches, deletes)
	}
	return plan
}

// outbid takes the node from those of lower priority than the pod to whom it is promised.
func (x *preemption) outbid(v *control.View, pod *corev1.Pod) (effects []control.Effect) {
	for obj := range v.Select(podsSource, control.ByNode.Name, "").Each {
		other := obj.(*corev1.Pod)
		if other.Status.NominatedNodeName == x.node && ours(other) && corev1helpers.PodPriority(other) < corev1helpers.PodPriority(pod) {
			effects = append(effects, nominate(other, ""))
		}
	}
	return effects
}

// nominate writes the node that a pod waits for into its status.
func nominate(pod *corev1.Pod, node string) control.Effect {
	told := *pod
	told.Status.NominatedNodeName = node
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Subresource: "status", Object: &told},
		Expect:  &told,
		Why:     "the node is another's",
	}
}

// evict deletes exactly this version of this pod.
func evict(pod *corev1.Pod, now time.Time) control.Effect {
	gone := *pod
	at := metav1.NewTime(now)
	gone.DeletionTimestamp = &at
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Delete: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion},
		}},
		Expect: &gone,
		Why:    "a pod of higher priority needs its place",
	}
}
