//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

const oldSource = "endpoints"

var oldEndpoints = resource("endpoints")

// What the label of Endpoints says of who manages them.
const (
	oldManagedBy = "endpoints.kubernetes.io/managed-by"
	oldManager   = "endpoint-controller"
)

// truncated is what the annotation says of Endpoints that do not hold all that they are to.
const truncated = "truncated"

// Old is the [control.Component] that writes the Endpoints of old.
type Old struct{}

// Name is that under which upstream's controller reports.
func (Old) Name() string { return "endpoints-controller" }

// Sources are all services, pods and Endpoints.
func (Old) Sources() []control.Source {
	return []control.Source{
		{Name: servicesSource, Resource: services, Indexes: []control.Index{control.ByNamespace}},
		{Name: podsSource, Resource: pods, Indexes: []control.Index{control.ByNamespace}},
		{Name: oldSource, Resource: oldEndpoints},
	}
}

// Keys: Endpoints concern the service whose name they have; all else is as with slices.
//
// Upstream: looks again when Endpoints are deleted, and not when somebody else changes them.
func (Old) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	if source != oldSource {
		Slices{}.Keys(v, source, old, new, add)
		return
	}
	for _, obj := range []metav1.Object{old, new} {
		if obj != nil {
			add(keyOf(obj.GetNamespace(), obj.GetName()))
		}
	}
}

// wantedOf are the Endpoints that a service is to have, in place of those that it has. Nil: it has none.
func wantedOf(v *control.View, s *corev1.Service, have *corev1.Endpoints) *corev1.Endpoints {
	want := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name}}
	if have != nil {
		want.ObjectMeta = *have.ObjectMeta.DeepCopy()
	}
	want.Labels = map[string]string{}
	maps.Copy(want.Labels, s.Labels)
	delete(want.Labels, corev1.IsHeadlessService)
	if s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.ClusterIP == "" {
		want.Labels[corev1.IsHeadlessService] = ""
	}
	want.Labels[oldManagedBy] = oldManager
	delete(want.Annotations, corev1.EndpointsLastChangeTriggerTime)
	delete(want.Annotations, corev1.EndpointsOverCapacity)
	var over bool
	if want.Subsets, over = subsetsOf(v, s); over {
		if want.Annotations == nil {
			want.Annotations = map[string]string{}
		}
		want.Annotations[corev1.EndpointsOverCapacity] = truncated
	}
	return want
}

// writeOld creates or updates Endpoints; of an update the UID and resourceVersion are the preconditions.
func writeOld(verb api.Verb, want *corev1.Endpoints, why string) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: verb, Resource: oldEndpoints, Namespace: want.Namespace, Name: want.Name, Object: want},
		Expect:  want, Why: why,
	}
}

// removeOld deletes exactly this version of these Endpoints: what was made for a service of the same name is another.
func removeOld(have *corev1.Endpoints) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Delete, Resource: oldEndpoints, Namespace: have.Namespace, Name: have.Name, Delete: &metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &have.UID, ResourceVersion: &have.ResourceVersion},
		}},
		Gone: true, Why: "their service is gone",
	}
}
