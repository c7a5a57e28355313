package control

import (
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// MaxEvents bounds the corev1.Events of one plan.
// Upstream: client-go's EventCorrelator lets a burst of 25 through per source and object.
const MaxEvents = 25

var events, _ = api.ByName("events")

// Event is the effect that tells users about about: kubectl describe shows it. It is best effort. Its name follows from
// what it says and when, so that the same Event is never made twice.
func Event(component string, about corev1.ObjectReference, now time.Time, kind, reason, message string) Effect {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d", about.UID, reason, message, now.UnixNano())
	namespace := about.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	at := metav1.NewTime(now)
	event := &corev1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%.200s.%016x", about.Name, h.Sum64())},
		InvolvedObject:      about,
		Reason:              reason,
		Message:             truncate(message),
		Source:              corev1.EventSource{Component: component},
		FirstTimestamp:      at,
		LastTimestamp:       at,
		Count:               1,
		Type:                kind,
		ReportingController: component,
	}
	return Effect{
		Request:    &api.Request{Verb: api.Create, Resource: events, Namespace: namespace, Name: event.Name, Object: event},
		BestEffort: true,
		Why:        "tells users",
	}
}

// truncate keeps a message within what validation accepts (1024 bytes).
func truncate(message string) string {
	const most = 1024
	if len(message) <= most {
		return message
	}
	return message[:most-3] + "..."
}

// Reference names an object for an Event.
func Reference(r *api.Resource, obj metav1.Object) corev1.ObjectReference {
	apiVersion, kind := r.GVK().ToAPIVersionAndKind()
	return corev1.ObjectReference{
		APIVersion: apiVersion, Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(),
		UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(),
	}
}
