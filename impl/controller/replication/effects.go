package replication

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// create is the effect that makes one pod of that name after the owner's template. The template's parts are shared.
func (r *Reconciler) create(o *owner, name string) control.Effect {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: o.GetNamespace(), Name: name, GenerateName: control.NamePrefix(o.GetName()),
			Labels: maps.Clone(o.template.Labels), Annotations: maps.Clone(o.template.Annotations), Finalizers: slices.Clone(o.template.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*r.reference(o)},
		},
		Spec: o.template.Spec,
	}
	return control.Effect{
		Request: &api.Request{Verb: api.Create, Resource: pods, Namespace: pod.Namespace, Name: name, Object: pod},
		Expect:  pod,
		Why:     "one is missing",
	}
}

// remove is the effect that deletes exactly this version of this pod.
func (r *Reconciler) remove(pod *corev1.Pod, now time.Time) control.Effect {
	gone := *pod
	at := metav1.NewTime(now)
	gone.DeletionTimestamp = &at
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Delete: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion},
		}},
		Expect: &gone,
		Why:    "one is too many",
	}
}

func (r *Reconciler) adopt(o *owner, pod *corev1.Pod) control.Effect {
	adopted := *pod
	adopted.OwnerReferences = append(slices.Clone(pod.OwnerReferences), *r.reference(o))
	return rewrite(&adopted, "it matches and nobody controls it")
}

func (r *Reconciler) release(o *owner, pod *corev1.Pod) control.Effect {
	released := *pod
	released.OwnerReferences = slices.DeleteFunc(slices.Clone(pod.OwnerReferences), func(ref metav1.OwnerReference) bool {
		return ref.UID == o.GetUID()
	})
	return rewrite(&released, "its labels match no more")
}

// rewrite updates a pod; its UID and resourceVersion are the preconditions.
func rewrite(pod *corev1.Pod, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: pods, Namespace: pod.Namespace, Name: pod.Name, Object: pod},
		Expect:  pod,
		Why:     why,
	}
}

// look is the live read of the owner that an adoption needs.
func (r *Reconciler) look(o *owner) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Get, Resource: r.kind.resource, Namespace: o.GetNamespace(), Name: o.GetName()},
		Why:     "an adoption must not follow a deletion",
	}
}

func (r *Reconciler) reference(o *owner) *metav1.OwnerReference {
	yes := true
	return &metav1.OwnerReference{
		APIVersion: r.kind.resource.GVK().GroupVersion().String(), Kind: r.kind.resource.Kind,
		Name: o.GetName(), UID: o.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes,
	}
}

// event tells the owner's users.
func (r *Reconciler) event(o *owner, now time.Time, kind, reason, format string, args ...any) control.Effect {
	return control.Event(r.kind.component, control.Reference(r.kind.resource, o), now, kind, reason, fmt.Sprintf(format, args...))
}
