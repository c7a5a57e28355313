package namespace

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// list is the live list of what a namespace holds of a resource.
func list(r *api.Resource, ns *corev1.Namespace) control.Effect {
	return control.Effect{Request: &api.Request{Verb: api.List, Resource: r, Namespace: ns.Name}, Why: "what is left of " + r.Name}
}

// confirm is the live read of the namespace.
func confirm(ns *corev1.Namespace) control.Effect {
	return control.Effect{Request: &api.Request{Verb: api.Get, Resource: namespaces, Name: ns.Name}, Why: "whose content it is"}
}

// removals delete exactly these objects, with whatever grace they have. Their dependents are in the same namespace, and are deleted anyway.
func removals(doomed []object) (effects []control.Effect) {
	background := metav1.DeletePropagationBackground
	for _, o := range doomed {
		uid := o.GetUID()
		effects = append(effects, control.Effect{
			Request: &api.Request{Verb: api.Delete, Resource: o.resource, Namespace: o.GetNamespace(), Name: o.GetName(), Delete: &metav1.DeleteOptions{
				Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &background,
			}},
			Why: "its namespace is being deleted",
		})
	}
	return effects
}

// report writes the conditions.
func report(ns *corev1.Namespace) control.Effect {
	return control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: namespaces, Subresource: "status", Name: ns.Name, Object: ns},
		Expect:  ns,
		Why:     "tells users",
	}
}

// finalize takes our finalizer away, from exactly this version of the namespace.
func finalize(ns *corev1.Namespace) control.Effect {
	next := *ns
	next.Spec.Finalizers = others(ns)
	e := control.Effect{
		Request: &api.Request{Verb: api.Update, Resource: namespaces, Subresource: "finalize", Name: ns.Name, Object: &next},
		Why:     "it holds nothing",
	}
	if e.Gone = goes(ns); !e.Gone {
		e.Expect = &next
	}
	return e
}

// others are the finalizers of the namespace that are not ours.
func others(ns *corev1.Namespace) []corev1.FinalizerName {
	return slices.DeleteFunc(slices.Clone(ns.Spec.Finalizers), func(f corev1.FinalizerName) bool { return f == corev1.FinalizerKubernetes })
}

// goes: nothing but our finalizer keeps the namespace.
func goes(ns *corev1.Namespace) bool { return len(others(ns)) == 0 && len(ns.Finalizers) == 0 }
