package node

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// update writes an object whose UID and resourceVersion are the preconditions; updateStatus its status.
func update(r *api.Resource, obj api.Object, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj},
		Expect:  obj, Why: why,
	}
}

func updateStatus(r *api.Resource, obj api.Object, why string) control.Effect {
	e := update(r, obj, why)
	e.Request.Subresource = "status"
	return e
}

// remove deletes exactly this version of this pod, gracefully: its kubelet is to say when it is gone (row 73, N10).
func remove(pod *corev1.Pod, now time.Time, why string) control.Effect {
	gone := *pod
	gone.DeletionTimestamp = timeAt(now)
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Delete: &metav1.DeleteOptions{Preconditions: exactly(pod)}},
		Expect:  &gone, Why: why,
	}
}

// collect removes exactly this version of this pod at once, as there is no kubelet to ask.
//
// Upstream: pkg/controller/podgc makes its phase Failed first.
func collect(pod *corev1.Pod, why string) control.Effect {
	var now int64
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: pods, Namespace: pod.Namespace, Name: pod.Name,
			Delete: &metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: exactly(pod)}},
		Gone: true, Why: why,
	}
}

func exactly(pod *corev1.Pod) *metav1.Preconditions {
	return &metav1.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion}
}

// doubted is the node with all that its kubelet says unknown.
//
// Upstream: pkg/controller/nodelifecycle, tryUpdateNodeHealth, v1.37.
func doubted(n *corev1.Node, now time.Time) *corev1.Node {
	next := *n
	next.Status.Conditions = slices.Clone(n.Status.Conditions)
	at := *timeAt(now.Truncate(time.Second))
	for _, kind := range []corev1.NodeConditionType{corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure} {
		c := condition(&next, kind)
		switch {
		case c == nil:
			next.Status.Conditions = append(next.Status.Conditions, corev1.NodeCondition{
				Type: kind, Status: corev1.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: n.CreationTimestamp, LastTransitionTime: at,
			})
		case c.Status != corev1.ConditionUnknown:
			c.Status, c.Reason, c.Message, c.LastTransitionTime = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status.", at
		}
	}
	return &next
}

// unreadied is the pod that is ready as one that is not; nil: it is not ready.
func unreadied(pod *corev1.Pod, now time.Time) *corev1.Pod {
	for i, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			next := *pod
			next.Status.Conditions = slices.Clone(pod.Status.Conditions)
			next.Status.Conditions[i].Status = corev1.ConditionFalse
			next.Status.Conditions[i].LastTransitionTime = *timeAt(now.Truncate(time.Second))
			return &next
		}
	}
	return nil
}

// tell tells the node's users.
func (t *turn) tell(kind, reason, format string, args ...any) control.Effect {
	return control.Event(component, control.Reference(nodes, t.node), t.now, kind, reason, fmt.Sprintf(format, args...))
}
