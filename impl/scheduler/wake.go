package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// whom a change may help to be scheduled.
type whom int

const (
	nobody    whom = iota
	affine         // those with required pod affinity or anti-affinity
	everybody      // all that wait
)

// helpedByPod: a pod that leaves a node, or ends on it, makes room; one that comes, or changes its labels, may be one
// that others want to be near, or no longer keep away from. One that was to leave, and does not after all, is in the way of those who wait for its
// place: its deletion was lost, and they must ask for it anew.
func helpedByPod(old, new metav1.Object) whom {
	before, _ := old.(*corev1.Pod)
	after, _ := new.(*corev1.Pod)
	was, is := before != nil && occupies(before), after != nil && occupies(after)
	switch {
	case was && (!is || before.Spec.NodeName != after.Spec.NodeName):
		return everybody
	case was && before.Generation != after.Generation:
		return everybody // resized in place
	case was && before.DeletionTimestamp != nil && after.DeletionTimestamp == nil:
		return everybody
	case is && (!was || !maps.Equal(before.Labels, after.Labels)):
		return affine
	}
	return nobody
}

// freed: a node that was promised to a pod is so no longer.
func freed(old, new metav1.Object) bool {
	before, _ := old.(*corev1.Pod)
	after, _ := new.(*corev1.Pod)
	return before != nil && awaits(before) != "" && (after == nil || awaits(after) != awaits(before))
}

// awaits is the node that is promised to a pod.
func awaits(pod *corev1.Pod) string {
	if !waits(pod) {
		return ""
	}
	return pod.Status.NominatedNodeName
}

// occupies: the pod uses a node's resources.
func occupies(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" && !ended(pod) }

// helpedByNode: whatever the filters look at. A heartbeat helps nobody.
func helpedByNode(old, new metav1.Object) whom {
	before, _ := old.(*corev1.Node)
	after, _ := new.(*corev1.Node)
	switch {
	case before == nil:
		return everybody
	case after == nil:
		return affine // its pods are somewhere no longer
	case before.Spec.Unschedulable != after.Spec.Unschedulable,
		!maps.Equal(before.Labels, after.Labels),
		!slices.EqualFunc(before.Spec.Taints, after.Spec.Taints, sameTaint),
		!maps.EqualFunc(before.Status.Allocatable, after.Status.Allocatable, sameQuantity):
		return everybody
	}
	return nobody
}

func sameTaint(a, b corev1.Taint) bool {
	return a.Key == b.Key && a.Value == b.Value && a.Effect == b.Effect
}
