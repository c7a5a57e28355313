package replication

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/impl/api"
	"orrery/impl/control"
)

// kind tells the two kinds of owner apart.
type kind struct {
	component string // as upstream names it in events
	resource  *api.Resource
	read      func(obj metav1.Object) *owner
	// withStatus is a copy of the object that differs in its status only.
	withStatus func(obj metav1.Object, s status) api.Object
}

// owner is what the two kinds have in common.
type owner struct {
	metav1.Object
	key             control.Key
	replicas        int
	complete        string // in words, that there are as many pods as that
	selector        labels.Selector
	template        *corev1.PodTemplateSpec
	labeled         labels.Selector // of the template's labels
	same            bool            // it selects what selector selects
	minReadySeconds int32
	status          status
}

// status is that of both kinds, as values that can be compared.
type status struct {
	replicas, fullyLabeled, ready, available int32
	observedGeneration                       int64
	failure                                  failure
}

// failure is the condition ReplicaFailure; the zero value is its absence.
type failure struct {
	reason, message string
	since           metav1.Time
}

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("replication: " + name + " are not served")
	}
	return r
}

var (
	pods = resource("pods")

	replicaSet            = &kind{"replicaset-controller", resource("replicasets"), readReplicaSet, replicaSetWith}
	replicationController = &kind{"replication-controller", resource("replicationcontrollers"), readController, controllerWith}
)

// newOwner is all but the status.
func newOwner(obj metav1.Object, replicas *int32, selector labels.Selector, template *corev1.PodTemplateSpec, minReadySeconds int32) *owner {
	n, labeled := replicasOf(replicas), labels.SelectorFromValidatedSet(template.Labels)
	return &owner{
		Object: obj, key: keyOf(obj.GetNamespace(), obj.GetName()), replicas: n, complete: fmt.Sprintf("%d of %d", n, n), selector: selector,
		template: template, labeled: labeled, same: labeled.String() == selector.String(), minReadySeconds: minReadySeconds,
	}
}

func readReplicaSet(obj metav1.Object) *owner {
	rs := obj.(*appsv1.ReplicaSet)
	selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil || selector.Empty() {
		selector = labels.Nothing() // an empty one would take over every pod there is
	}
	s := rs.Status
	o := newOwner(obj, rs.Spec.Replicas, selector, &rs.Spec.Template, rs.Spec.MinReadySeconds)
	o.status = status{s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas, s.ObservedGeneration, failure{}}
	for _, c := range s.Conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			o.status.failure = failure{c.Reason, c.Message, c.LastTransitionTime}
		}
	}
	return o
}

func replicaSetWith(obj metav1.Object, s status) api.Object {
	rs := *obj.(*appsv1.ReplicaSet)
	old := rs.Status
	rs.Status = appsv1.ReplicaSetStatus{
		Replicas: s.replicas, FullyLabeledReplicas: s.fullyLabeled, ReadyReplicas: s.ready, AvailableReplicas: s.available,
		ObservedGeneration: s.observedGeneration, TerminatingReplicas: old.TerminatingReplicas,
	}
	for _, c := range old.Conditions {
		if c.Type != appsv1.ReplicaSetReplicaFailure {
			rs.Status.Conditions = append(rs.Status.Conditions, c)
		}
	}
	if f := s.failure; f.reason != "" {
		rs.Status.Conditions = append(rs.Status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, LastTransitionTime: f.since, Reason: f.reason, Message: f.message,
		})
	}
	return &rs
}

func readController(obj metav1.Object) *owner {
	rc := obj.(*corev1.ReplicationController)
	selector := labels.Nothing()
	if len(rc.Spec.Selector) > 0 {
		selector = labels.SelectorFromValidatedSet(rc.Spec.Selector)
	}
	template := rc.Spec.Template
	if template == nil {
		template = &corev1.PodTemplateSpec{}
	}
	s := rc.Status
	o := newOwner(obj, rc.Spec.Replicas, selector, template, rc.Spec.MinReadySeconds)
	o.status = status{s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas, s.ObservedGeneration, failure{}}
	for _, c := range s.Conditions {
		if c.Type == corev1.ReplicationControllerReplicaFailure && c.Status == corev1.ConditionTrue {
			o.status.failure = failure{c.Reason, c.Message, c.LastTransitionTime}
		}
	}
	return o
}

func controllerWith(obj metav1.Object, s status) api.Object {
	rc := *obj.(*corev1.ReplicationController)
	old := rc.Status
	rc.Status = corev1.ReplicationControllerStatus{
		Replicas: s.replicas, FullyLabeledReplicas: s.fullyLabeled, ReadyReplicas: s.ready, AvailableReplicas: s.available,
		ObservedGeneration: s.observedGeneration,
	}
	for _, c := range old.Conditions {
		if c.Type != corev1.ReplicationControllerReplicaFailure {
			rc.Status.Conditions = append(rc.Status.Conditions, c)
		}
	}
	if f := s.failure; f.reason != "" {
		rc.Status.Conditions = append(rc.Status.Conditions, corev1.ReplicationControllerCondition{
			Type: corev1.ReplicationControllerReplicaFailure, Status: corev1.ConditionTrue, LastTransitionTime: f.since, Reason: f.reason, Message: f.message,
		})
	}
	return &rc
}

// replicasOf is spec.replicas; the server has filled in the default of 1, and refused what is negative.
func replicasOf(replicas *int32) int {
	if replicas == nil {
		return 1
	}
	return int(*replicas)
}
