package request

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
)

// lasting are the namespaces that cannot be deleted. One that was Active once is so for ever, so a cache that says so is
// right however stale it is.
var lasting = []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic}

// admit lets a new object pass if its namespace exists and is not being deleted.
//
// Upstream (plugin/pkg/admission/namespace/lifecycle) believes a cache that says Active, and so creates objects in a
// namespace that is gone; it reads the namespace only before it refuses. Here a cache is believed only about namespaces
// that cannot go. Between this read and the write the namespace may still begin to terminate, as there is no transaction
// over two objects; what is created then is found by the namespace controller, which empties before it finalizes.
func (w *write) admit() {
	if !w.req.Resource.Namespaced {
		w.create()
		return
	}
	namespaces, _ := api.ByName("namespaces")
	key := namespaces.Key("", w.req.Namespace)
	if s, ok := w.m.caches.Snapshot(namespaces); ok && slices.Contains(lasting, w.req.Namespace) {
		if _, ok := s.Get(key); ok {
			w.create()
			return
		}
	}
	w.m.ask(Op{Kind: Get, Resource: namespaces, Key: key}, func(a Answer) {
		if a.Err != nil {
			w.fail(ofRead(a.Err, true))
			return
		}
		if err := w.admitted(a, namespaces); err != nil {
			w.fail(err)
			return
		}
		w.create()
	})
}

func (w *write) admitted(a Answer, namespaces *api.Resource) error {
	if a.KV == nil {
		return apierrors.NewNotFound(namespaces.GR(), w.req.Namespace)
	}
	item, err := cache.Decode(*a.KV)
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	ns, ok := item.Object.(*corev1.Namespace)
	if !ok {
		return apierrors.NewInternalError(fmt.Errorf("%s holds a %T", a.KV.Key, item.Object))
	}
	if ns.DeletionTimestamp == nil && ns.Status.Phase != corev1.NamespaceTerminating {
		return nil
	}
	refused := apierrors.NewForbidden(w.req.Resource.GR(), w.givenName(),
		fmt.Errorf("unable to create new content in namespace %s because it is being terminated", ns.Name))
	refused.ErrStatus.Details.Causes = append(refused.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: corev1.NamespaceTerminatingCause, Field: "metadata.namespace",
		Message: fmt.Sprintf("namespace %s is being terminated", ns.Name),
	})
	return refused
}

func (w *write) givenName() string {
	if obj, ok := w.req.Object.(metav1.Object); ok {
		return obj.GetName()
	}
	return w.req.Name
}

// create decides without a read: that the name is free is for the compare-and-swap to say. A dry run has none, and looks.
func (w *write) create() {
	if w.req.DryRun && w.givenName() != "" {
		w.m.ask(Op{Kind: Get, Resource: w.req.Resource, Key: w.req.Resource.Key(w.req.Namespace, w.givenName())}, func(a Answer) {
			switch {
			case a.Err != nil:
				w.fail(ofRead(a.Err, true))
			case a.KV != nil:
				w.fail(apierrors.NewAlreadyExists(w.req.Resource.GR(), w.givenName()))
			default:
				w.fresh = true
				w.decide()
			}
		})
		return
	}
	w.fresh = true
	w.decide()
}
