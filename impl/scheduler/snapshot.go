package scheduler

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresource "k8s.io/component-helpers/resource"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"orrery/impl/control"
)

// amounts are quantities of resources, cpu in thousandths, all others in units.
type amounts map[corev1.ResourceName]int64

// Requests that count for a container without any where nodes are scored, so that such pods are spread too
// (pkg/scheduler/util/pod_resources.go).
const (
	defaultCPU    = 100               // 0.1 core
	defaultMemory = 200 * 1024 * 1024 // 200 MiB
)

// candidate is one node with what runs on it. Once made it is not modified, but by [charge], which has its own.
type candidate struct {
	node        *corev1.Node
	allocatable amounts
	pods        []*corev1.Pod // that occupy it
	uses        []use         // of each of pods
	used        amounts       // the sum of their requests, and of those of awaited, with pods counted as one each
	// awaited are pods to which the node is promised.
	awaited []*corev1.Pod
	// cpu and memory are the sums as scored.
	cpu, memory int64
}

// use is what one pod takes of a node.
type use struct {
	requests amounts
	// cpu and memory are as scored: with the defaults for containers that request nothing.
	cpu, memory int64
}

func useOf(pod *corev1.Pod) use {
	cpu, memory := scoredRequests(pod)
	return use{requestsOf(pod), cpu, memory}
}

// candidates are all nodes of the view, in the order of their names. Objects are never modified, so what is the same as in last, the nodes as they
// were before, is not added up anew: else each decision would read the requests of every pod there is.
func candidates(v *control.View, last []*candidate) []*candidate {
	var all []*candidate
	for obj := range v.All(nodesSource).Each {
		node := obj.(*corev1.Node)
		for len(last) > 0 && last[0].node.Name < node.Name {
			last = last[1:]
		}
		before := &candidate{}
		if len(last) > 0 && last[0].node.Name == node.Name {
			before = last[0]
		}
		all = append(all, before.now(node, v.Select(podsSource, control.ByNode.Name, node.Name)))
	}
	return all
}

// now is the candidate c as it is with this node and these pods.
func (c *candidate) now(node *corev1.Node, of control.Objects) *candidate {
	pods, same := 0, c.node == node
	for obj := range of.Each {
		if pod := obj.(*corev1.Pod); occupies(pod) {
			same = same && pods < len(c.pods) && c.pods[pods] == pod
			pods++
		}
	}
	if same && pods == len(c.pods) {
		return c
	}
	now := &candidate{node: node, allocatable: toAmounts(node.Status.Allocatable), used: amounts{}}
	for obj := range of.Each {
		if pod := obj.(*corev1.Pod); !occupies(pod) {
			continue
		} else if i := slices.Index(c.pods, pod); i >= 0 {
			now.add(pod, c.uses[i])
		} else {
			now.add(pod, useOf(pod))
		}
	}
	return now
}

// charge adds to each node the pods that others have made room for there, and that the pod does not go before (row 53): those of the same
// priority or a higher one.
func charge(v *control.View, pod *corev1.Pod, all []*candidate) []*candidate {
	all = slices.Clone(all)
	for obj := range v.Select(podsSource, promised.Name, "").Each {
		other := obj.(*corev1.Pod)
		if other.UID == pod.UID || corev1helpers.PodPriority(other) < corev1helpers.PodPriority(pod) {
			continue
		}
		if i := slices.IndexFunc(all, func(c *candidate) bool { return c.node.Name == awaits(other) }); i >= 0 {
			own := *all[i]
			own.awaited, own.used = slices.Clone(own.awaited), maps.Clone(own.used)
			own.await(other)
			all[i] = &own
		}
	}
	return all
}

// promised finds the pods to which a node is promised.
var promised = control.Index{Name: "promised", Values: func(obj metav1.Object, add func(string)) {
	if pod, ok := obj.(*corev1.Pod); ok && awaits(pod) != "" {
		add("")
	}
}}

func (c *candidate) await(pod *corev1.Pod) {
	c.awaited = append(c.awaited, pod)
	c.use(requestsOf(pod))
}

func (c *candidate) use(requests amounts) {
	for name, amount := range requests {
		c.used[name] += amount
	}
	c.used[corev1.ResourcePods]++
}

// without is the node as it is when some pods are gone.
func (c *candidate) without(gone map[*corev1.Pod]bool) *candidate {
	left := &candidate{node: c.node, allocatable: c.allocatable, used: amounts{}}
	for i, pod := range c.pods {
		if !gone[pod] {
			left.add(pod, c.uses[i])
		}
	}
	for _, pod := range c.awaited {
		left.await(pod)
	}
	return left
}

func (c *candidate) add(pod *corev1.Pod, takes use) {
	c.pods, c.uses = append(c.pods, pod), append(c.uses, takes)
	c.use(takes.requests)
	c.cpu += takes.cpu
	c.memory += takes.memory
}

// requestsOf is what a pod takes of a node: the larger of its containers' sum and its init containers' maximum, sidecars
// and overhead included, and no less than what a resize under way has already been granted.
func requestsOf(pod *corev1.Pod) amounts {
	return toAmounts(podresource.PodRequests(pod, podresource.PodResourcesOptions{UseStatusResources: true}))
}

func scoredRequests(pod *corev1.Pod) (cpu, memory int64) {
	list := podresource.PodRequests(pod, podresource.PodResourcesOptions{NonMissingContainerRequests: scoredDefaults})
	return list.Cpu().MilliValue(), list.Memory().Value()
}

var scoredDefaults = corev1.ResourceList{
	corev1.ResourceCPU:    *resource.NewMilliQuantity(defaultCPU, resource.DecimalSI),
	corev1.ResourceMemory: *resource.NewQuantity(defaultMemory, resource.BinarySI),
}

func toAmounts(list corev1.ResourceList) amounts {
	m := make(amounts, len(list))
	for name, quantity := range list {
		if name == corev1.ResourceCPU {
			m[name] = quantity.MilliValue()
		} else {
			m[name] = quantity.Value()
		}
	}
	return m
}

func sameQuantity(a, b resource.Quantity) bool { return a.Cmp(b) == 0 }
