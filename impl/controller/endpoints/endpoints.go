package endpoints

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Sources, and the index of the slices by the service that they name.
const (
	servicesSource = "services"
	podsSource     = "pods"
	slicesSource   = "endpointslices"
	serviceIndex   = "service"
)

// manager is what the labels of this controller's slices say of who manages them.
const manager = "endpointslice-controller.k8s.io"

var (
	services       = resource("services")
	pods           = resource("pods")
	endpointSlices = resource("endpointslices")
)

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("endpoints: " + name + " are not served")
	}
	return r
}

// Slices is the [control.Component] that writes EndpointSlices.
type Slices struct{}

// Name is that under which upstream's controller reports.
func (Slices) Name() string { return "endpoint-slice-controller" }

// Sources are all services, pods and slices.
func (Slices) Sources() []control.Source {
	return []control.Source{
		{Name: servicesSource, Resource: services, Indexes: []control.Index{control.ByNamespace}},
		{Name: podsSource, Resource: pods, Indexes: []control.Index{control.ByNamespace}},
		{Name: slicesSource, Resource: endpointSlices, Indexes: []control.Index{byService}},
	}
}

var byService = control.Index{Name: serviceIndex, Values: func(obj metav1.Object, add func(string)) {
	if name := obj.GetLabels()[discoveryv1.LabelServiceName]; name != "" {
		add(obj.GetNamespace() + "/" + name)
	}
}}

// Keys: a service concerns itself, a slice the service that it names, a pod those that select it, or did before.
func (Slices) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	for _, obj := range []metav1.Object{old, new} {
		switch {
		case obj == nil:
		case source == servicesSource:
			add(keyOf(obj.GetNamespace(), obj.GetName()))
		case source == slicesSource:
			if name := obj.GetLabels()[discoveryv1.LabelServiceName]; name != "" {
				add(keyOf(obj.GetNamespace(), name))
			}
		default:
			for s := range v.Select(servicesSource, control.ByNamespace.Name, obj.GetNamespace()).Each {
				if service := s.(*corev1.Service); selects(service, obj.GetLabels()) {
					add(keyOf(service.Namespace, service.Name))
				}
			}
		}
	}
}

// selects reports whether a service stands for the pods with these labels. One without a selector stands for none, nor does one that is the name
// of something outside.
func selects(s *corev1.Service, of map[string]string) bool {
	return managed(s) && labels.SelectorFromValidatedSet(s.Spec.Selector).Matches(labels.Set(of))
}

func managed(s *corev1.Service) bool {
	return len(s.Spec.Selector) > 0 && s.Spec.Type != corev1.ServiceTypeExternalName
}

func keyOf(namespace, name string) control.Key { return control.Key(namespace + "/" + name) }

func split(key control.Key) (namespace, name string) {
	namespace, name, _ = strings.Cut(string(key), "/")
	return namespace, name
}
