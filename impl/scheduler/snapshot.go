package scheduler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
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

// candidate is one node with what runs on it.
type candidate struct {
	node *corev1.Node
	pods []*corev1.Pod // that occupy it
	used amounts       // the sum of their requests, and of those of awaited, with pods counted as one each
	// awaited are pods to which the node is promised.
	awaited []*corev1.Pod
	// cpu and memory are the sums with the defaults for containers that request nothing.
	cpu, memory int64
}

// candidates are all nodes of the view, in the order of their names.
func candidates(v *control.View) []*candidate {
	var all []*candidate
	for obj := range v.All(nodesSource).Each {
		c := &candidate{node: obj.(*corev1.Node), used: amounts{}}
		for obj := range v.Select(podsSource, control.ByNode.Name, c.node.Name).Each {
			if pod := obj.(*corev1.Pod); occupies(pod) {
				c.add(pod)
			}
		}
		all = append(all, c)
	}
	return all
}

// charge adds to each node the pods that others have made room for there, and that the pod does not go before (row 53): those of the same
// priority or a higher one.
func charge(v *control.View, pod *corev1.Pod, all []*candidate) {
	for obj := range v.Select(podsSource, control.ByNode.Name, "").Each {
		other := obj.(*corev1.Pod)
		if other.Status.NominatedNodeName == "" || other.UID == pod.UID || !waits(other) || corev1helpers.PodPriority(other) < corev1helpers.PodPriority(pod) {
			continue
		}
		if i := slices.IndexFunc(all, func(c *candidate) bool { return c.node.Name == other.Status.NominatedNodeName }); i >= 0 {
			all[i].await(other)
		}
	}
}

func (c *candidate) await(pod *corev1.Pod) {
	c.awaited = append(c.awaited, pod)
	c.use(pod)
}

func (c *candidate) use(pod *corev1.Pod) {
	for name, amount := range requestsOf(pod) {
		c.used[name] += amount
	}
	c.used[corev1.ResourcePods]++
}

// without is the node as it is when some pods are gone.
func (c *candidate) without(gone map[*corev1.Pod]bool) *candidate {
	left := &candidate{node: c.node, used: amounts{}}
	for _, pod := range c.pods {
		if !gone[pod] {
			left.add(pod)
		}
	}
	for _, pod := range c.awaited {
		left.await(pod)
	}
	return left
}

func (c *candidate) add(pod *corev1.Pod) {
	c.pods = append(c.pods, pod)
	c.use(pod)
	cpu, memory := scoredRequests(pod)
	c.cpu += cpu
	c.memory += memory
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
