package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"orrery/impl/control"
)

// retry is when a pod that fits nowhere is tried again though nothing has changed.
// Upstream: DefaultPodMaxInUnschedulablePodsDuration, 5 min.
const retry = 5 * time.Minute

// problem is one pod to be scheduled, with what is worked out once for all nodes.
type problem struct {
	pod         *corev1.Pod
	requests    amounts
	wanted      []corev1.ResourceName // the names of requests, in order
	cpu, memory int64                 // as scored
	ports       []hostPort
	affinity    nodeaffinity.RequiredNodeAffinity
	topology    *topology
}

// Reconcile decides for one pod now.
func (s *Scheduler) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	pod := podOf(v, key)
	switch {
	case pod == nil:
		return control.Plan{Why: "it is gone"}
	case !ours(pod):
		return control.Plan{Why: "it needs no node"}
	case len(pod.Spec.SchedulingGates) > 0:
		return control.Plan{Wants: "its scheduling gates to be removed"}
	}
	s.last = candidates(v, s.last)
	all := charge(v, pod, s.last)
	p := newProblem(v, pod, all)
	var feasible []*candidate
	refused := map[string]int{}
	for _, c := range all {
		reasons := p.filter(c)
		if len(reasons) == 0 {
			feasible = append(feasible, c)
		}
		for _, r := range reasons {
			refused[r]++
		}
	}
	if len(feasible) == 0 {
		if x := p.preempt(v, all); x != nil {
			return x.plan(v, pod, message(len(all), refused), now)
		}
		return unschedulablePlan(pod, message(len(all), refused), "", now)
	}
	chosen := p.best(feasible)
	return control.Plan{
		Batches: [][]control.Effect{{bind(pod, chosen.node)}, {scheduled(pod, chosen.node, now)}},
		Why:     fmt.Sprintf("%s, the best of %d feasible of %d nodes", chosen.node.Name, len(feasible), len(all)),
	}
}

func newProblem(v *control.View, pod *corev1.Pod, all []*candidate) *problem {
	p := &problem{pod: pod, requests: requestsOf(pod), ports: hostPorts(pod), affinity: nodeaffinity.GetRequiredNodeAffinity(pod), topology: newTopology(v, pod, all)}
	p.cpu, p.memory = scoredRequests(pod)
	for name := range p.requests {
		p.wanted = append(p.wanted, name)
	}
	slices.Sort(p.wanted)
	return p
}

// message is upstream's FitError: "0/3 nodes are available: 1 Insufficient cpu, 2 Too many pods."
func message(nodes int, refused map[string]int) string {
	if nodes == 0 {
		return "no nodes available to schedule pods"
	}
	var reasons []string
	for reason, n := range refused {
		reasons = append(reasons, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("0/%d nodes are available: %s.", nodes, strings.Join(reasons, ", "))
}
