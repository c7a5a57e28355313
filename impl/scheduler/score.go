package scheduler

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// maxScore is what one scoring rule can give at most, and the weights are those of upstream's default profile.
const (
	maxScore       = 100
	weightTaints   = 3
	weightAffinity = 2
)

// scored is a feasible node with what it is worth.
type scored struct {
	*candidate
	score    int64
	siblings int // pods of the same controller on it
}

// best chooses among the feasible nodes; there is at least one.
func (p *problem) best(feasible []*candidate) scored {
	list := make([]scored, len(feasible))
	taints, preferred := make([]int64, len(feasible)), make([]int64, len(feasible))
	for i, c := range feasible {
		list[i] = scored{c, p.free(c) + p.balance(c), p.siblings(c)}
		taints[i], preferred[i] = p.disliked(c.node), p.preference(c.node)
	}
	for i := range list {
		list[i].score += weightTaints*(maxScore-normal(taints, i)) + weightAffinity*normal(preferred, i)
	}
	return slices.MinFunc(list, func(a, b scored) int {
		return cmp.Or(
			cmp.Compare(p.elsewhere(a), p.elsewhere(b)),
			cmp.Compare(b.score, a.score),
			cmp.Compare(a.siblings, b.siblings),
			cmp.Compare(len(a.pods), len(b.pods)),
			cmp.Compare(a.node.Name, b.node.Name),
		)
	})
}

// elsewhere is 0 for the node that was emptied for the pod, and 1 for every other.
func (p *problem) elsewhere(s scored) int {
	if s.node.Name == p.pod.Status.NominatedNodeName {
		return 0
	}
	return 1
}

// fractions are the parts of cpu and memory that would be in use with the pod.
func (p *problem) fractions(c *candidate) (cpu, memory float64) {
	return fraction(c.cpu+p.cpu, c.allocatable[corev1.ResourceCPU]), fraction(c.memory+p.memory, c.allocatable[corev1.ResourceMemory])
}

func fraction(used, of int64) float64 {
	if of <= 0 {
		return 1
	}
	return min(float64(used)/float64(of), 1)
}

// free is upstream's LeastAllocated: the mean of what stays free.
func (p *problem) free(c *candidate) int64 {
	cpu, memory := p.fractions(c)
	return int64(((1 - cpu) + (1 - memory)) / 2 * maxScore)
}

// balance is upstream's BalancedAllocation: cpu and memory run out together.
func (p *problem) balance(c *candidate) int64 {
	cpu, memory := p.fractions(c)
	return int64((1 - math.Abs(cpu-memory)/2) * maxScore)
}

// disliked counts the taints that ask to be avoided and are not tolerated.
func (p *problem) disliked(node *corev1.Node) int64 {
	var n int64
	for _, t := range node.Spec.Taints {
		if t.Effect == corev1.TaintEffectPreferNoSchedule && !tolerates(p.pod, &t) {
			n++
		}
	}
	return n
}

// preference is the weight of the preferred node affinity terms that the node matches.
func (p *problem) preference(node *corev1.Node) int64 {
	a := p.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil {
		return 0
	}
	terms, err := nodeaffinity.NewPreferredSchedulingTerms(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	if err != nil || terms == nil {
		return 0
	}
	return terms.Score(node)
}

// siblings counts the pods of the same controller on the node.
func (p *problem) siblings(c *candidate) int {
	ref, n := metav1.GetControllerOfNoCopy(p.pod), 0
	if ref == nil {
		return 0
	}
	for _, other := range c.pods {
		if o := metav1.GetControllerOfNoCopy(other); o != nil && o.UID == ref.UID {
			n++
		}
	}
	return n
}

// normal brings the i-th of the values into 0..maxScore, the largest becoming maxScore.
func normal(values []int64, i int) int64 {
	most := slices.Max(values)
	if most == 0 {
		return 0
	}
	return values[i] * maxScore / most
}
