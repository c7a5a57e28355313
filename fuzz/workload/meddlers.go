package workload

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
)

// Meddlers act on pods behind their owners' backs.
var Meddlers = Kind{Name: "meddlers", perMinute: 40, requests: []weighted{
	{4, listPods},
	{3, runOnce},
	{3, deleteOnce},
	{2, relabelPod},
	{3, deletePod},
	{2, bindAgain},
	{2, runStray},
	{1, placePod},
}}

// onceNames are pods of their own that run once and end: the same few names, again and again.
var onceNames = []string{"once-a", "once-b"}

func listPods(c *Client, choose Choices) (api.Request, bool) {
	req := api.Request{Verb: api.List, Resource: pods, Namespace: Namespace}
	if choose.IntN(2) == 0 {
		req.Labels = "app=" + owners[choose.IntN(len(owners))].name
	}
	return req, true
}

// runOnce creates a pod that ends by itself, well or badly, now and then after an init container.
func runOnce(c *Client, choose Choices) (api.Request, bool) {
	name := pick(choose, onceNames)
	spec := PodSpec("exit", fmt.Sprint(choose.IntN(2)))
	spec.RestartPolicy = corev1.RestartPolicyNever
	if choose.IntN(3) == 1 {
		spec.InitContainers = PodSpec("exit", "0").Containers
		spec.InitContainers[0].Name = "init"
	}
	return createPod(name, "once", ranked(choose, spec)), true
}

// ranked makes a pod one that may preempt others, now and then, and now and then one that may not though it matters more. Either asks for as much
// as a simulated worker has, so that there is something to preempt.
func ranked(choose Choices, spec corev1.PodSpec) corev1.PodSpec {
	rank := choose.IntN(4)
	if rank == 1 || rank == 2 {
		spec.PriorityClassName = Critical
		Fill(&spec)
	}
	if rank == 2 {
		never := corev1.PreemptNever
		spec.PreemptionPolicy = &never
	}
	return spec
}

// Fill has a pod ask for as much as a simulated worker has.
func Fill(spec *corev1.PodSpec) {
	spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("200m")
}

func createPod(name, app string, spec corev1.PodSpec) api.Request {
	return api.Request{Verb: api.Create, Resource: pods, Namespace: Namespace, Name: name, Object: &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Namespace, Labels: map[string]string{"app": app}},
		Spec:       spec,
	}}
}

// runStray creates a pod that an owner is to adopt, and that ends by itself.
func runStray(c *Client, choose Choices) (api.Request, bool) {
	spec := PodSpec("exit", fmt.Sprint(choose.IntN(2)), "after", "5s")
	spec.RestartPolicy = corev1.RestartPolicyNever
	return createPod("stray", owners[choose.IntN(len(owners))].name, spec), true
}

// placePod creates a pod on a node that it names itself, the scheduler unasked.
func placePod(c *Client, choose Choices) (api.Request, bool) {
	pod, ok := c.somePod(choose)
	if !ok || pod.Spec.NodeName == "" {
		return api.Request{}, false
	}
	spec := PodSpec("exit", "0")
	spec.RestartPolicy, spec.NodeName = corev1.RestartPolicyNever, pod.Spec.NodeName
	return createPod("placed", "once", spec), true
}

func deleteOnce(c *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: pods, Namespace: Namespace, Name: pick(choose, onceNames)}, true
}

// relabelPod takes a pod from its owner, or gives it back.
func relabelPod(c *Client, choose Choices) (api.Request, bool) {
	pod, ok := c.somePod(choose)
	if !ok {
		return api.Request{}, false
	}
	app := "nobody"
	if choose.IntN(2) == 0 {
		app = owners[choose.IntN(len(owners))].name
	}
	return api.Request{Verb: api.Patch, Resource: pods, Namespace: Namespace, Name: pod.Name, PatchType: types.StrategicMergePatchType,
		Patch: fmt.Appendf(nil, `{"metadata":{"labels":{"app":%q}}}`, app)}, true
}

// deletePod deletes gracefully: nobody in this workload forces a deletion, since that voids "at most one".
func deletePod(c *Client, choose Choices) (api.Request, bool) {
	pod, ok := c.somePod(choose)
	if !ok {
		return api.Request{}, false
	}
	return api.Request{Verb: api.Delete, Resource: pods, Namespace: Namespace, Name: pod.Name, Delete: preconditions(choose, pod)}, true
}

// bindAgain asks for a pod that is bound to be bound elsewhere, which must be refused.
func bindAgain(c *Client, choose Choices) (api.Request, bool) {
	pod, ok := c.somePod(choose)
	if !ok || pod.Spec.NodeName == "" {
		return api.Request{}, false
	}
	return api.Request{Verb: api.Create, Resource: pods, Namespace: Namespace, Name: pod.Name, Subresource: "binding", Object: &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: Namespace, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: "elsewhere"},
	}}, true
}

// somePod draws one of the pods of the last list that are not known to be gone.
func (c *Client) somePod(choose Choices) (*corev1.Pod, bool) {
	if len(c.listed) == 0 {
		return nil, false
	}
	return &c.listed[choose.IntN(len(c.listed))], true
}
