package endpoints

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// blank is a new slice of a service, without a name.
func blank(s *corev1.Service, family discoveryv1.AddressType, ports []discoveryv1.EndpointPort, endpoints []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, GenerateName: control.NamePrefix(s.Name), Labels: labelsOf(s),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, corev1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: family, Ports: ports, Endpoints: endpoints,
	}
}

// labelsOf are the labels of a service's slices: its own, what it is called, and who manages them.
func labelsOf(s *corev1.Service) map[string]string {
	l := maps.Clone(s.Labels)
	if l == nil {
		l = map[string]string{}
	}
	delete(l, corev1.IsHeadlessService)
	if s.Spec.ClusterIP == corev1.ClusterIPNone {
		l[corev1.IsHeadlessService] = ""
	}
	l[discoveryv1.LabelServiceName], l[discoveryv1.LabelManagedBy] = s.Name, manager
	return l
}

func create(slice *discoveryv1.EndpointSlice) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Create, Resource: endpointSlices, Namespace: slice.Namespace, Name: slice.Name, Object: slice},
		Expect:  slice, Why: "there is no room in another",
	}
}

// update writes a slice; its UID and resourceVersion are the preconditions.
func update(slice *discoveryv1.EndpointSlice) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: endpointSlices, Namespace: slice.Namespace, Name: slice.Name, Object: slice},
		Expect:  slice, Why: "it follows the pods",
	}
}

// remove deletes exactly this version of this slice.
func remove(slice *discoveryv1.EndpointSlice) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: endpointSlices, Namespace: slice.Namespace, Name: slice.Name, Delete: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &slice.UID, ResourceVersion: &slice.ResourceVersion},
		}},
		Gone: true, Why: "nothing that is wanted is in it",
	}
}
