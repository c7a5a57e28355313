package request

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/store"
)

// admit lets a new object pass if its namespace exists and is not being deleted.
//
// That the namespace still is what was seen here is a guard of the write, which so creates nothing in a namespace that is
// going or gone, however stale the cache and whatever happens in between. A cached namespace is a suggestion, as everywhere:
// before anybody is refused it is read.
//
// Upstream (plugin/pkg/admission/namespace/lifecycle) believes a cache that says Active, and writes without a guard: it can
// create objects in a namespace that is gone (k/k#37431, k/k#131421).
func (w *write) admit() {
	if !w.req.Resource.Namespaced {
		w.create()
		return
	}
	namespaces, _ := api.ByName("namespaces")
	key := namespaces.Key("", w.req.Namespace)
	if s, ok := w.m.caches.Snapshot(namespaces); ok && !w.req.DryRun {
		if item, ok := s.Get(key); ok && w.admitted(item) == nil {
			w.guards = []store.Guard{{Key: key, Mod: item.KV.Mod}}
			w.create()
			return
		}
	}
	w.m.ask(Op{Kind: Get, Resource: namespaces, Key: key}, func(a Answer) {
		if a.Err != nil {
			w.fail(ofRead(a.Err, true))
			return
		}
		if w.readmit(a.KV, namespaces) {
			w.create()
		}
	})
}

// readmit is admit with the namespace as it is in the store; false: the request was refused.
func (w *write) readmit(kv *store.KV, namespaces *api.Resource) bool {
	if kv == nil {
		w.fail(apierrors.NewNotFound(namespaces.GR(), w.req.Namespace))
		return false
	}
	item, err := w.m.caches.Decode(*kv)
	if err != nil {
		w.fail(apierrors.NewInternalError(err))
		return false
	}
	if err := w.admitted(item); err != nil {
		w.fail(err)
		return false
	}
	w.guards = []store.Guard{{Key: kv.Key, Mod: kv.Mod}}
	return true
}

func (w *write) admitted(item *cache.Item) error {
	ns, ok := item.Object.(*corev1.Namespace)
	if !ok {
		return apierrors.NewInternalError(fmt.Errorf("%s holds a %T", item.KV.Key, item.Object))
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

// readAccount reads the service account of a new pod, and decides again. It is read from the store, as the account of a namespace that was just
// made is in no cache yet.
//
// Upstream: believes its cache, and reads only what that does not have. As there, the account may be deleted before the pod is written.
func (w *write) readAccount(name string) {
	accounts, _ := api.ByName("serviceaccounts")
	w.m.readOne(accounts, w.req.Namespace, name, func(obj api.Object) {
		w.accountRead = true
		w.account, _ = obj.(*corev1.ServiceAccount)
		w.decide()
	})
}
