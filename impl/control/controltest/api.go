package controltest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
)

// API keeps objects and the log of all changes to them.
type API struct {
	Now     time.Time
	rv      int64
	uids    int
	objects map[string]api.Object
	log     []change
}

type change struct {
	rv       int64
	resource *api.Resource
	event    api.WatchEvent
}

// NewAPI returns an empty API at resourceVersion 1.
func NewAPI(now time.Time) *API { return &API{Now: now, rv: 1, objects: map[string]api.Object{}} }

// Do carries out one request at once.
func (a *API) Do(req api.Request) (api.Object, error) {
	key := req.Resource.Key(req.Namespace, req.Name)
	old := a.objects[key]
	if old == nil && (req.Verb != api.Create || req.Subresource != "") {
		return nil, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	switch {
	case req.Verb == api.Get:
		return old, nil
	case req.Subresource == "binding":
		return nil, a.bind(req, old.(*corev1.Pod))
	case req.Verb == api.Create:
		return a.create(req, key, old)
	case req.Verb == api.Update:
		return a.update(req, key, old)
	case req.Verb == api.Delete:
		return a.delete(req, key, old)
	}
	return nil, apierrors.NewMethodNotSupported(req.Resource.GR(), string(req.Verb))
}

// List is all objects of a resource, in the order of their keys.
func (a *API) List(r *api.Resource) (rv int64, objects []metav1.Object) {
	var keys []string
	root := r.Root("")
	for key := range a.objects {
		if strings.HasPrefix(key, root) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		objects = append(objects, a.objects[key])
	}
	return a.rv, objects
}

// After is the first event of a resource after rv.
func (a *API) After(r *api.Resource, rv int64) (api.WatchEvent, int64, bool) {
	at, _ := slices.BinarySearchFunc(a.log, rv+1, func(c change, rv int64) int { return int(c.rv - rv) })
	for _, c := range a.log[at:] {
		if c.resource == r {
			return c.event, c.rv, true
		}
	}
	return api.WatchEvent{}, 0, false
}

// Must carries out a request that cannot fail.
func (a *API) Must(req api.Request) api.Object {
	obj, err := a.Do(req)
	if err != nil {
		panic(fmt.Sprintf("controltest: %s %s/%s: %v", req.Verb, req.Namespace, req.Name, err))
	}
	return obj
}

func (a *API) create(req api.Request, key string, old api.Object) (api.Object, error) {
	if old != nil {
		return nil, apierrors.NewAlreadyExists(req.Resource.GR(), req.Name)
	}
	obj := req.Object.DeepCopyObject().(api.Object)
	a.uids++
	obj.SetUID(types.UID(fmt.Sprintf("uid-%d", a.uids)))
	obj.SetNamespace(req.Namespace)
	obj.SetName(req.Name)
	obj.SetCreationTimestamp(metav1.NewTime(a.Now))
	obj.SetGeneration(1)
	if pod, ok := obj.(*corev1.Pod); ok {
		pod.Status.Phase = corev1.PodPending
	}
	a.put(req.Resource, key, obj, watch.Added)
	return obj, nil
}

func (a *API) update(req api.Request, key string, old api.Object) (api.Object, error) {
	obj := req.Object.DeepCopyObject().(api.Object)
	if rv := obj.GetResourceVersion(); rv != "" && rv != old.GetResourceVersion() || obj.GetUID() != "" && obj.GetUID() != old.GetUID() {
		return nil, conflict(req)
	}
	if req.Subresource == "status" {
		kept := old.DeepCopyObject().(api.Object)
		copyStatus(kept, obj)
		obj = kept
	} else {
		copyStatus(obj, old)
		if specChanged(obj, old) {
			obj.SetGeneration(old.GetGeneration() + 1)
		}
	}
	if equality.Semantic.DeepEqual(obj, old) {
		return old, nil
	}
	if obj.GetDeletionTimestamp() != nil && len(old.GetFinalizers()) > 0 && len(obj.GetFinalizers()) == 0 && !runs(obj) {
		a.put(req.Resource, key, obj, watch.Deleted)
		return obj, nil
	}
	a.put(req.Resource, key, obj, watch.Modified)
	return obj, nil
}

// runs: a kubelet may have something to stop before the object may go.
func runs(obj api.Object) bool {
	pod, ok := obj.(*corev1.Pod)
	return ok && pod.Spec.NodeName != ""
}

func (a *API) delete(req api.Request, key string, old api.Object) (api.Object, error) {
	if req.Delete != nil && req.Delete.Preconditions != nil {
		p := req.Delete.Preconditions
		if p.UID != nil && *p.UID != old.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != old.GetResourceVersion() {
			return nil, conflict(req)
		}
	}
	force := req.Delete != nil && req.Delete.GracePeriodSeconds != nil && *req.Delete.GracePeriodSeconds == 0
	obj := old.DeepCopyObject().(api.Object)
	obj.SetFinalizers(finalizers(obj, req))
	if runs(old) && !force || len(obj.GetFinalizers()) > 0 {
		if old.GetDeletionTimestamp() == nil {
			at := metav1.NewTime(a.Now)
			obj.SetDeletionTimestamp(&at)
		}
		if equality.Semantic.DeepEqual(obj, old) {
			return old, nil
		}
		a.put(req.Resource, key, obj, watch.Modified)
		return obj, nil
	}
	a.put(req.Resource, key, obj, watch.Deleted)
	return obj, nil
}

// finalizers are the object's after a deletion: the wish for its dependents is the request's, or else its own; none is added to an object that
// is being deleted already.
func finalizers(obj api.Object, req api.Request) []string {
	if req.Delete == nil || req.Delete.PropagationPolicy == nil {
		return obj.GetFinalizers()
	}
	wish := map[metav1.DeletionPropagation]string{
		metav1.DeletePropagationOrphan: metav1.FinalizerOrphanDependents, metav1.DeletePropagationForeground: metav1.FinalizerDeleteDependents,
	}[*req.Delete.PropagationPolicy]
	kept := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool {
		return f != wish && (f == metav1.FinalizerOrphanDependents || f == metav1.FinalizerDeleteDependents)
	})
	if wish != "" && obj.GetDeletionTimestamp() == nil && !slices.Contains(kept, wish) {
		kept = append(kept, wish)
	}
	return kept
}

func (a *API) bind(req api.Request, old *corev1.Pod) error {
	b := req.Object.(*corev1.Binding)
	if b.ResourceVersion != old.ResourceVersion || b.UID != old.UID || old.Spec.NodeName != "" || old.DeletionTimestamp != nil {
		return conflict(req)
	}
	pod := old.DeepCopy()
	pod.Spec.NodeName = b.Target.Name
	a.put(req.Resource, req.Resource.Key(req.Namespace, req.Name), pod, watch.Modified)
	return nil
}

func (a *API) put(r *api.Resource, key string, obj api.Object, kind watch.EventType) {
	a.rv++
	obj.SetResourceVersion(api.FormatResourceVersion(a.rv))
	if kind == watch.Deleted {
		delete(a.objects, key)
	} else {
		a.objects[key] = obj
	}
	a.log = append(a.log, change{a.rv, r, api.WatchEvent{Type: kind, Object: obj}})
}

func conflict(req api.Request) error {
	return apierrors.NewConflict(req.Resource.GR(), req.Name, fmt.Errorf("the object has been modified"))
}

func copyStatus(to, from api.Object) {
	switch to := to.(type) {
	case *corev1.Pod:
		to.Status = *from.(*corev1.Pod).Status.DeepCopy()
	case *corev1.Node:
		to.Status = *from.(*corev1.Node).Status.DeepCopy()
	case *appsv1.ReplicaSet:
		to.Status = *from.(*appsv1.ReplicaSet).Status.DeepCopy()
	case *corev1.ReplicationController:
		to.Status = *from.(*corev1.ReplicationController).Status.DeepCopy()
	}
}

func specChanged(a, b api.Object) bool {
	switch a := a.(type) {
	case *appsv1.ReplicaSet:
		return !equality.Semantic.DeepEqual(a.Spec, b.(*appsv1.ReplicaSet).Spec)
	case *corev1.ReplicationController:
		return !equality.Semantic.DeepEqual(a.Spec, b.(*corev1.ReplicationController).Spec)
	}
	return false
}
