package replication

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// victims returns the pods in the order in which they are to be deleted: upstream's ActivePodsWithRanks.
//
//	unassigned < assigned; Pending < unknown < Running; not ready < ready; lower deletion cost;
//	more of the owner's pods on the same node; ready for a shorter time; more restarts; newer
//
// Times count by their power of two, as upstream's do, so that old pods of a similar age are equal; the UID decides then.
func victims(pods []*corev1.Pod, now time.Time) []*corev1.Pod {
	onNode := map[string]int{}
	for _, p := range pods {
		onNode[p.Spec.NodeName]++
	}
	sorted := slices.Clone(pods)
	slices.SortStableFunc(sorted, func(a, b *corev1.Pod) int {
		readyA, readyB := readySince(a), readySince(b)
		return cmp.Or(
			before(a.Spec.NodeName == "", b.Spec.NodeName == ""),
			cmp.Compare(phaseRank(a), phaseRank(b)),
			before(readyA.IsZero(), readyB.IsZero()),
			cmp.Compare(deletionCost(a), deletionCost(b)),
			cmp.Compare(onNode[b.Spec.NodeName], onNode[a.Spec.NodeName]),
			younger(readyA, readyB, now),
			cmp.Compare(restarts(b), restarts(a)),
			younger(a.CreationTimestamp.Time, b.CreationTimestamp.Time, now),
			cmp.Compare(a.UID, b.UID),
		)
	})
	return sorted
}

// before puts what holds for a alone first.
func before(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

func phaseRank(p *corev1.Pod) int {
	switch p.Status.Phase {
	case corev1.PodRunning:
		return 2
	case corev1.PodUnknown:
		return 1
	}
	return 0
}

// readySince is when the pod became ready; zero: it is not.
func readySince(p *corev1.Pod) time.Time {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			if c.LastTransitionTime.IsZero() {
				return time.Unix(0, 0)
			}
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// deletionCost is the annotation's number; one that cannot be read counts as 0, as upstream has it.
func deletionCost(p *corev1.Pod) int64 {
	cost, err := strconv.ParseInt(p.Annotations[corev1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return cost
}

func restarts(p *corev1.Pod) int32 {
	var most int32
	for _, c := range p.Status.ContainerStatuses {
		most = max(most, c.RestartCount)
	}
	return most
}

// younger compares how long ago two times were, by powers of two of nanoseconds; a zero time is the youngest.
func younger(a, b, now time.Time) int { return cmp.Compare(magnitude(a, now), magnitude(b, now)) }

func magnitude(t, now time.Time) int {
	d := now.Sub(t)
	if t.IsZero() || d <= 0 {
		return -1
	}
	return int(math.Log2(float64(d)))
}
