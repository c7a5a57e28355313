package proxy

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// Sources. The last is local: what the node's kernel holds, as far as the proxy knows.
const (
	servicesSource = "services"
	slicesSource   = "slices"
	kernelSource   = "kernel"
)

// key is the only one: all rules are decided together.
const key control.Key = "rules"

var (
	services       = resource("services")
	endpointSlices = resource("endpointslices")
)

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("proxy: " + name + " are not served")
	}
	return r
}

// Proxy is ring 1: it decides the rules of one node. It implements [control.Component].
type Proxy struct{ node string }

// New makes the proxy of a node.
func New(node string) *Proxy { return &Proxy{node} }

// Name implements [control.Component].
func (*Proxy) Name() string { return "proxy" }

// Sources implements [control.Component]. Nothing is decided before each has been listed once (row 114).
func (*Proxy) Sources() []control.Source {
	return []control.Source{{Name: servicesSource, Resource: services}, {Name: slicesSource, Resource: endpointSlices}, {Name: kernelSource}}
}

// Keys implements [control.Component].
func (*Proxy) Keys(_ *control.View, _ string, _, _ metav1.Object, add func(control.Key)) { add(key) }

// Look implements [control.Looking].
func (p *Proxy) Look(v *control.View, _ control.Key) *trace.Look {
	return &trace.Look{Rules: p.kernel(v).Rules}
}

func (p *Proxy) kernel(v *control.View) *Kernel {
	return v.Get(kernelSource, "", p.node).(*Kernel)
}

func all[T metav1.Object](v *control.View, source string) (list []T) {
	for obj := range v.All(source).Each {
		list = append(list, obj.(T))
	}
	return list
}

func seen(v *control.View) ([]*corev1.Service, []*discoveryv1.EndpointSlice) {
	return all[*corev1.Service](v, servicesSource), all[*discoveryv1.EndpointSlice](v, slicesSource)
}
