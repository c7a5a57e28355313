package scheduler

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// bind gives exactly this version of this pod the node.
func bind(pod *corev1.Pod, node *corev1.Node) control.Effect {
	bound := *pod
	bound.Spec.NodeName = node.Name
	return control.Effect{
		Request: &api.Request{
			Verb: api.Create, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Subresource: "binding",
			Object: &corev1.Binding{
				ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion},
				Target:     corev1.ObjectReference{Kind: "Node", Name: node.Name},
			},
		},
		Expect: &bound,
		Why:    "it fits",
	}
}

func scheduled(pod *corev1.Pod, node *corev1.Node, now time.Time) control.Effect {
	return control.Event(name, control.Reference(pods, pod), now, corev1.EventTypeNormal, "Scheduled",
		fmt.Sprintf("Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node.Name))
}

// unschedulablePlan tells the pod's users why it fits nowhere, unless they have been told.
func unschedulablePlan(pod *corev1.Pod, message string, now time.Time) control.Plan {
	plan := control.Plan{Wants: message, Why: "fits nowhere", Again: now.Add(retry)}
	want := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message,
		ObservedGeneration: pod.Generation, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	}
	conditions := slices.Clone(pod.Status.Conditions)
	at := slices.IndexFunc(conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodScheduled })
	switch {
	case at < 0:
		conditions = append(conditions, want)
	case conditions[at].Status == want.Status && conditions[at].Reason == want.Reason && conditions[at].Message == message:
		return plan
	default:
		if conditions[at].Status == want.Status {
			want.LastTransitionTime = conditions[at].LastTransitionTime
		}
		conditions[at] = want
	}
	told := *pod
	told.Status.Conditions = conditions
	plan.Batches = [][]control.Effect{{
		{
			Request: &api.Request{Verb: api.Update, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Subresource: "status", Object: &told},
			Expect:  &told,
			Why:     "fits nowhere",
		},
		control.Event(name, control.Reference(pods, pod), now, corev1.EventTypeWarning, "FailedScheduling", message),
	}}
	return plan
}
