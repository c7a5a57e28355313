package scheduler

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Sources of the scheduler.
const (
	podsSource       = "pods"
	nodesSource      = "nodes"
	namespacesSource = "namespaces"
)

// name is how the scheduler reports, and the schedulerName of the pods it is responsible for.
const name = corev1.DefaultSchedulerName

// Scheduler is the [control.Component] of one loop.
type Scheduler struct {
	// last are the nodes as they were when the last decision was made. It follows from the View alone what the next one sees: see candidates.
	last []*candidate
}

// New returns the scheduler.
func New() *Scheduler { return &Scheduler{} }

// Name is that of upstream's scheduler.
func (*Scheduler) Name() string { return name }

// Sources are all pods and nodes, and the namespaces, whose labels pod affinity may select.
func (*Scheduler) Sources() []control.Source {
	return []control.Source{
		{Name: podsSource, Resource: pods, Indexes: []control.Index{control.ByNode, promised, choosy}},
		{Name: nodesSource, Resource: served("nodes")},
		{Name: namespacesSource, Resource: served("namespaces")},
	}
}

var pods = served("pods")

func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("scheduler: " + name + " are not served")
	}
	return r
}

// Rank puts the highest priority first, then the oldest.
func (*Scheduler) Rank(v *control.View, key control.Key) control.Rank {
	pod := podOf(v, key)
	if pod == nil {
		return control.Rank{}
	}
	return control.Rank{Major: -int64(corev1helpers.PodPriority(pod)), Minor: pod.CreationTimestamp.Unix()}
}

// Keys: a pod to be scheduled concerns itself; what could help others concerns all that wait.
func (*Scheduler) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	helped := nobody
	switch source {
	case nodesSource:
		helped = helpedByNode(old, new)
	case namespacesSource:
		helped = affine
	case podsSource:
		for _, obj := range []metav1.Object{old, new} {
			if pod, ok := obj.(*corev1.Pod); ok && ours(pod) {
				add(keyOf(pod))
			}
		}
		if helped = helpedByPod(old, new); freed(old, new) {
			helped = everybody
		}
	}
	index := choosy
	switch helped {
	case nobody:
		return
	case everybody:
		index = control.ByNode
	}
	for obj := range v.Select(podsSource, index.Name, "").Each {
		if pod := obj.(*corev1.Pod); ours(pod) {
			add(keyOf(pod))
		}
	}
}

// choosy finds the pods without a node that mind which pods are near.
var choosy = control.Index{Name: "choosy", Values: func(obj metav1.Object, add func(string)) {
	if pod, ok := obj.(*corev1.Pod); ok && pod.Spec.NodeName == "" && hasAffinity(pod) {
		add("")
	}
}}

// ours: a pod that this scheduler has to find a node for.
func ours(pod *corev1.Pod) bool {
	return waits(pod) && pod.Spec.SchedulerName == name
}

// waits: a pod, of whatever scheduler, that is to get a node.
func waits(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && !ended(pod)
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func keyOf(pod *corev1.Pod) control.Key { return control.Key(pod.Namespace + "/" + pod.Name) }

func podOf(v *control.View, key control.Key) *corev1.Pod {
	namespace, name, _ := strings.Cut(string(key), "/")
	pod, _ := v.Get(podsSource, namespace, name).(*corev1.Pod)
	return pod
}
