package replication

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/impl/api"
	"orrery/impl/control"
)

// A pod that has failed delays the next create: by the base, doubled with every further one, at most the maximum.
const (
	failedBase = time.Second
	failedMax  = 10 * time.Second
)

// observe sums up the pods that surely count. soon is when the next one will be available, if one is only waiting for minReadySeconds.
func observe(o *owner, pods []*corev1.Pod, now time.Time) (s status, soon time.Time) {
	s.observedGeneration = o.GetGeneration()
	s.failure = o.status.failure
	for _, p := range pods {
		s.replicas++
		if o.same || o.labeled.Matches(labels.Set(p.Labels)) {
			s.fullyLabeled++
		}
		since := readySince(p)
		if since.IsZero() {
			continue
		}
		s.ready++
		at := since.Add(time.Duration(o.minReadySeconds) * time.Second)
		if o.minReadySeconds == 0 || !at.After(now) {
			s.available++
		} else if soon.IsZero() || at.Before(soon) {
			soon = at
		}
	}
	return s, soon
}

// failed sets the condition ReplicaFailure, as upstream words it, keeping its time while it lasts.
func (s *status) failed(reason, message string, now time.Time) {
	since := s.failure.since
	if s.failure.reason == "" {
		since = metav1.NewTime(now.Truncate(time.Second))
	}
	s.failure = failure{reason, message, since}
}

// statusUpdate is the effect that writes s; false: it is what the owner has.
func (r *Reconciler) statusUpdate(o *owner, s status) (control.Effect, bool) {
	if s == o.status {
		return control.Effect{}, false
	}
	obj := r.kind.withStatus(o.Object, s)
	return control.Effect{
		Request: &api.Request{
			Verb: api.Update, Resource: r.kind.resource, Namespace: o.GetNamespace(), Name: o.GetName(), Subresource: "status", Object: obj,
		},
		Expect: obj,
		Why:    "status follows the pods",
	}, true
}

// complain begins a plan with the condition and the Event that tell why the last one ended early, if the server refused a
// pod. That a pod has changed or is there already is no refusal: the next round sees it and decides anew. That the namespace is being
// deleted is none to tell of.
func (r *Reconciler) complain(v *control.View, o *owner, owned []*corev1.Pod, now time.Time, reason, format string) (plan control.Plan) {
	effect, err := v.Failure()
	var status apierrors.APIStatus
	switch {
	case effect == nil || effect.Request.Resource != pods || effect.Request.Verb == api.Update:
		return plan
	case !errors.As(err, &status) || apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err),
		apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return plan
	}
	s, _ := observe(o, owned, now)
	s.failed(reason, err.Error(), now)
	if update, differs := r.statusUpdate(o, s); differs {
		told := r.event(o, now, corev1.EventTypeWarning, reason, format, err)
		plan.Batches = append(plan.Batches, []control.Effect{update, told})
	}
	return plan
}

// report adds the status to a plan, and when it will change with time. A failure is over when the number is right.
func (r *Reconciler) report(o *owner, owned []*corev1.Pod, now time.Time, plan control.Plan) control.Plan {
	s, soon := observe(o, owned, now)
	if len(owned) == o.replicas {
		s.failure = failure{}
	}
	if update, differs := r.statusUpdate(o, s); differs && len(plan.Batches) == 0 {
		plan.Batches = [][]control.Effect{{update}}
	}
	plan.Again = soon
	return plan
}

// delayed is when the next create may follow the pods that failed.
func delayed(failed []*corev1.Pod) time.Time {
	var last time.Time
	delay := failedBase / 2
	for _, pod := range failed {
		if pod.CreationTimestamp.After(last) {
			last = pod.CreationTimestamp.Time
		}
		delay = min(2*delay, failedMax)
	}
	return last.Add(delay)
}
