package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// admit says why the node cannot take a pod, or nil. others are the pods bound to this node, the pod itself among them or
// not. A pod that was admitted once is not asked again (K14): the caller sees to that.
//
// Terminating pods are charged as long as they may run; terminal and rejected ones are not (row 91).
func admit(cfg *Config, pod *corev1.Pod, others []*corev1.Pod) *Rejection {
	used := corev1.ResourceList{}
	count := int64(1)
	for _, other := range others {
		if other.UID == pod.UID || terminal(other.Status.Phase) || !admitted(other) {
			continue
		}
		count++
		charge(used, requests(other))
	}
	if limit, ok := cfg.Capacity[corev1.ResourcePods]; ok && count > limit.Value() {
		return insufficient(corev1.ResourcePods, 1, count-1, limit.Value())
	}
	wanted := requests(pod)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		want, asked := wanted[name]
		limit, limited := cfg.Capacity[name]
		if !asked || want.IsZero() || !limited && name == corev1.ResourceEphemeralStorage {
			continue
		}
		sum, have := used[name], used[name]
		sum.Add(want)
		if sum.Cmp(limit) > 0 {
			return insufficient(name, amount(name, want), amount(name, have), amount(name, limit))
		}
	}
	return nil
}

// Upstream: pkg/kubelet/lifecycle/predicate.go.
func insufficient(name corev1.ResourceName, requested, used, capacity int64) *Rejection {
	return &Rejection{
		Reason:  "OutOf" + string(name),
		Message: fmt.Sprintf("Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d", name, requested, used, capacity),
	}
}

// amount is a quantity as the scheduler counts it: processor time in thousandths.
func amount(name corev1.ResourceName, q resource.Quantity) int64 {
	if name == corev1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}

// admitted reports whether the kubelet has taken a pod on: then its status says when.
func admitted(pod *corev1.Pod) bool { return pod.Status.StartTime != nil }

// requests is what a pod is charged: the sum over its app containers and sidecars, or the most that one init container
// needs beside the sidecars before it; and the overhead.
func requests(pod *corev1.Pod) corev1.ResourceList {
	total := corev1.ResourceList{}
	for i := range pod.Spec.Containers {
		charge(total, pod.Spec.Containers[i].Resources.Requests)
	}
	sidecars, peak := corev1.ResourceList{}, corev1.ResourceList{}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			charge(sidecars, c.Resources.Requests)
			charge(total, c.Resources.Requests)
			atLeast(peak, sidecars)
			continue
		}
		needed := sidecars.DeepCopy()
		charge(needed, c.Resources.Requests)
		atLeast(peak, needed)
	}
	atLeast(total, peak)
	charge(total, pod.Spec.Overhead)
	return total
}

func charge(sum, add corev1.ResourceList) {
	for name, q := range add {
		s := sum[name]
		s.Add(q)
		sum[name] = s
	}
}

func atLeast(sum, floor corev1.ResourceList) {
	for name, q := range floor {
		if s := sum[name]; s.Cmp(q) < 0 {
			sum[name] = q.DeepCopy()
		}
	}
}
