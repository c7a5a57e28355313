package namespace

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// Controller is the component.
type Controller struct{}

var _ control.Component = Controller{}

const namespacesSource = "namespaces"

var (
	namespaces, _ = api.ByName("namespaces")
	pods, _       = api.ByName("pods")
	// contents are the resources that a namespace may hold objects of.
	contents = contained(api.Resources)
)

func contained(all []*api.Resource) (contents []*api.Resource) {
	for _, r := range all {
		if r.Namespaced {
			contents = append(contents, r)
		}
	}
	return contents
}

// Name is upstream's.
func (Controller) Name() string { return "namespace-controller" }

// Sources are the namespaces. What they hold is listed live.
func (Controller) Sources() []control.Source {
	return []control.Source{{Name: namespacesSource, Resource: namespaces}}
}

// Keys are the names of namespaces.
func (Controller) Keys(_ *control.View, _ string, _, new metav1.Object, add func(control.Key)) {
	if new != nil {
		add(control.Key(new.GetName()))
	}
}
