package registry

import (
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// remove decides on a DELETE: gone at once, marked as being deleted, or marked already.
//
// Upstream: an object whose grace is 0 is written once more and then deleted; a server that dies between the two leaves
// it behind. Here it goes in one compare-and-swap.
func remove(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	options := metav1.DeleteOptions{}
	if req.Delete != nil {
		options = *req.Delete
	}
	if errs := validation.ValidateDeleteOptions(&options); len(errs) > 0 {
		return Change{}, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", errs)
	}
	if err := mayDelete(old, req); err != nil {
		return Change{}, err
	}
	if err := preconditions(old, req, options.Preconditions); err != nil {
		return Change{}, err
	}

	obj := old.DeepCopyObject().(api.Object)
	first := old.GetDeletionTimestamp() == nil
	if k.begin != nil && first {
		obj.SetFinalizers(k.finalizersFor(obj, options, first))
		k.begin(obj, env.now())
		return Change{Action: Put, Object: obj, Answer: itself}, nil
	}
	if k.held(obj) {
		return Change{Object: old, Answer: itself}, nil
	}
	due, pending := k.terminate(obj, options.GracePeriodSeconds, env)
	if pending {
		return Change{Object: old, Answer: k.deleted(req)}, nil
	}
	obj.SetFinalizers(k.finalizersFor(obj, options, first))
	switch {
	case due && len(obj.GetFinalizers()) == 0:
		return Change{Action: Remove, Object: obj, Answer: k.deleted(req)}, nil
	case due:
		markAsDeleted(obj, env)
	}
	if same(obj, old) {
		return Change{Object: old, Answer: itself}, nil
	}
	return Change{Action: Put, Object: obj, Answer: itself}, nil
}

// mayDelete keeps the namespaces without which a cluster is none.
func mayDelete(old api.Object, req api.Request) error {
	if req.Resource.Kind != "Namespace" {
		return nil
	}
	switch old.GetName() {
	case metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic:
		return apierrors.NewForbidden(req.Resource.GR(), old.GetName(), fmt.Errorf("this namespace may not be deleted"))
	}
	return nil
}

// preconditions holds what the user knows of the object against the stored one.
func preconditions(old api.Object, req api.Request, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	resource := schema.GroupResource{Group: req.Resource.Group, Resource: req.Resource.Kind} // upstream has the kind here
	if p.UID != nil && *p.UID != old.GetUID() {
		return apierrors.NewConflict(resource, old.GetName(), fmt.Errorf(
			"the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *p.UID, old.GetUID()))
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != old.GetResourceVersion() {
		return apierrors.NewConflict(resource, old.GetName(), fmt.Errorf(
			"the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, old.GetResourceVersion()))
	}
	return nil
}

// terminate sets or shortens obj's grace period. It reports that none is left, so that the deletion is due, or that the
// deletion is pending already and stays as it is.
func (k *kind) terminate(obj api.Object, wanted *int64, env Env) (due, pending bool) {
	if k.grace == nil {
		return true, false
	}
	if wanted != nil && *wanted < 0 {
		one := int64(1)
		wanted = &one
	}
	now := env.now()
	if obj.GetDeletionTimestamp() == nil {
		seconds := k.grace(obj, wanted)
		deadline := metav1.NewTime(now.Add(time.Duration(seconds) * time.Second))
		obj.SetDeletionTimestamp(&deadline)
		obj.SetDeletionGracePeriodSeconds(&seconds)
		if obj.GetGeneration() > 0 {
			obj.SetGeneration(obj.GetGeneration() + 1)
		}
		return seconds == 0, false
	}
	current := obj.GetDeletionGracePeriodSeconds()
	switch {
	case current == nil || *current == 0:
		markAsDeleted(obj, env)
		return true, false
	case wanted == nil || *wanted >= *current:
		return false, true
	}
	shorten(obj, *wanted, now)
	return *wanted == 0, false
}

// shorten moves the deadline of an object that is being deleted to seconds after the deletion was asked for. If that has
// passed, it is now; but whoever asked for grace leaves the removal to the one who stops the object.
func shorten(obj api.Object, seconds int64, now metav1.Time) {
	asked := obj.GetDeletionTimestamp().Add(-time.Duration(*obj.GetDeletionGracePeriodSeconds()) * time.Second)
	deadline := metav1.NewTime(asked.Add(time.Duration(seconds) * time.Second))
	if deadline.Before(&now) {
		deadline = now
		if seconds != 0 {
			seconds = 1
		}
	}
	// A clock that was set back must not move the deadline later.
	if before := obj.GetDeletionTimestamp(); before.Before(&deadline) {
		deadline = *before
	}
	obj.SetDeletionTimestamp(&deadline)
	obj.SetDeletionGracePeriodSeconds(&seconds)
}

// markAsDeleted marks an object that is removed as soon as nothing keeps it.
func markAsDeleted(obj api.Object, env Env) {
	if obj.GetDeletionTimestamp() == nil && obj.GetGeneration() > 0 {
		obj.SetGeneration(obj.GetGeneration() + 1)
	}
	if now := env.now(); obj.GetDeletionTimestamp() == nil || obj.GetDeletionTimestamp().After(now.Time) {
		obj.SetDeletionTimestamp(&now)
	}
	zero := int64(0)
	obj.SetDeletionGracePeriodSeconds(&zero)
}

// finalizersFor are obj's finalizers with the user's wish for its dependents among them, which the garbage collector
// reads there.
//
// Upstream: a second deletion adds a finalizer to an object that is being deleted already, which an update must not.
func (k *kind) finalizersFor(obj api.Object, options metav1.DeleteOptions, first bool) []string {
	wish := k.wish(obj, options)
	var kept []string
	for _, f := range obj.GetFinalizers() {
		if f == wish || f != metav1.FinalizerOrphanDependents && f != metav1.FinalizerDeleteDependents {
			kept = append(kept, f)
		}
	}
	if wish != "" && first && !slices.Contains(kept, wish) {
		kept = append(kept, wish)
	}
	return kept
}

// wish is the finalizer that says what becomes of obj's dependents, or "" where they are deleted in the background: as
// the options say, else as the object has it already, else as is usual for the kind.
func (k *kind) wish(obj api.Object, options metav1.DeleteOptions) string {
	if k.dependents == none {
		return ""
	}
	//lint:ignore SA1019 deprecated, and still sent
	if orphan := options.OrphanDependents; orphan != nil {
		if *orphan {
			return metav1.FinalizerOrphanDependents
		}
		return ""
	}
	if options.PropagationPolicy != nil {
		switch *options.PropagationPolicy {
		case metav1.DeletePropagationOrphan:
			return metav1.FinalizerOrphanDependents
		case metav1.DeletePropagationForeground:
			return metav1.FinalizerDeleteDependents
		}
		return ""
	}
	for _, f := range obj.GetFinalizers() {
		if f == metav1.FinalizerOrphanDependents || f == metav1.FinalizerDeleteDependents {
			return f
		}
	}
	if k.dependents == orphaned {
		return metav1.FinalizerOrphanDependents
	}
	return ""
}

// deleted answers a deletion that leaves nothing more to do: with the object for the kinds of which upstream does so,
// otherwise with a Status that says what it was.
func (k *kind) deleted(req api.Request) func(api.Object) runtime.Object {
	if k.returns {
		return itself
	}
	return func(stored api.Object) runtime.Object {
		return success(&metav1.StatusDetails{
			Name: stored.GetName(), Group: req.Resource.Group, Kind: req.Resource.Name, UID: stored.GetUID()})
	}
}

func success(details *metav1.StatusDetails) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess, Details: details}
}
