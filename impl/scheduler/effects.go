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
	return event(pod, now, corev1.EventTypeNormal, "Scheduled", "Binding",
		fmt.Sprintf("Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, node.Name))
}

// event is one of the newer API, which has a time of its own and not a first and a last: so kubectl describe, which sorts by
// the last, shows it before what the kubelet has to say in the same second.
// Upstream: pkg/scheduler/schedule_one.go, whose reportingInstance also names the host.
func event(pod *corev1.Pod, now time.Time, kind, reason, action, message string) control.Effect {
	e := control.Event(name, control.Reference(pods, pod), now, kind, reason, message)
	o := e.Request.Object.(*corev1.Event)
	o.EventTime, o.FirstTimestamp, o.LastTimestamp = metav1.NewMicroTime(now), metav1.Time{}, metav1.Time{}
	o.Action, o.ReportingInstance, o.Source, o.Count = action, name, corev1.EventSource{}, 0
	return e
}

// unschedulablePlan tells the pod's users why it fits nowhere, and which node it waits for, if it does; unless they have been told.
// Upstream: also tells what came of preemption, in the message.
func unschedulablePlan(pod *corev1.Pod, message, nominated string, now time.Time) control.Plan {
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
	case conditions[at].Status == want.Status && conditions[at].Reason == want.Reason && conditions[at].Message == message &&
		pod.Status.NominatedNodeName == nominated:
		return plan
	default:
		if conditions[at].Status == want.Status {
			want.LastTransitionTime = conditions[at].LastTransitionTime
		}
		conditions[at] = want
	}
	told := *pod
	told.Status.Conditions, told.Status.NominatedNodeName = conditions, nominated
	plan.Batches = [][]control.Effect{{
		{
			Request: &api.Request{Verb: api.Update, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Subresource: "status", Object: &told},
			Expect:  &told,
			Why:     "fits nowhere",
		},
		event(pod, now, corev1.EventTypeWarning, "FailedScheduling", "Scheduling", message),
	}}
	return plan
}
