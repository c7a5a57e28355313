package registry

import (
	"bytes"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// update decides on a PUT. It never creates.
//
// Upstream: endpoints, events, leases and services create on update. Nobody needs it, and a component whose update
// comes after the deletion would bring the object back.
func update(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	obj, err := body(req)
	if err != nil {
		return Change{}, err
	}
	if err := named(obj, req); err != nil {
		return Change{}, err
	}
	if uid := obj.GetUID(); uid != "" && uid != old.GetUID() {
		return Change{}, failedPrecondition(req, "UID", string(uid), string(old.GetUID()))
	}
	warnings := dedupOwners(obj)
	Default(obj)
	return replace(k, obj, old, req, warnings)
}

// replace decides on obj, which is defaulted and the decision's own, in the place of old.
func replace(k *kind, obj, old api.Object, req api.Request, warnings []string) (Change, error) {
	if err := versioned(k, obj, old, req); err != nil {
		return Change{}, err
	}
	// The stored object stays out of reach of what the strategy restores from it.
	before := old.DeepCopyObject().(api.Object)
	Default(before)
	how := k.updates[req.Subresource]
	obj.SetGeneration(before.GetGeneration())
	obj.SetManagedFields(nil)
	obj.SetSelfLink("")
	how.prepare(obj, before)
	carry(obj, before)

	errs := validation.ValidateObjectMetaAccessor(obj, req.Resource.Namespaced, validPathSegment, metadataPath)
	if len(errs) == 0 {
		errs = validation.ValidateObjectMetaAccessorUpdate(obj, before, metadataPath)
	}
	errs = append(errs, finalizerNames(obj)...)
	errs = append(errs, how.validate(obj, before)...)
	if len(errs) > 0 {
		return Change{}, apierrors.NewInvalid(req.Resource.GVK().GroupKind(), obj.GetName(), ordered(errs))
	}
	if req.Subresource == "" {
		warnings = append(warnings, k.warnings(obj, before)...)
	}
	change := Change{Action: Put, Object: obj, Answer: itself, Warnings: warnings}
	switch {
	case released(k, obj, old):
		change.Action = Remove
	case same(obj, old):
		change.Action, change.Object = None, old
	}
	return change, nil
}

// versioned checks obj's resourceVersion against the stored one; without one the update takes the stored one's place
// whatever it is, if the kind allows that.
func versioned(k *kind, obj, old api.Object, req api.Request) error {
	rv, err := api.ParseResourceVersion(obj.GetResourceVersion())
	switch {
	case err != nil:
		// Upstream: 500 with strconv's words.
		return apierrors.NewBadRequest(err.Error())
	case rv != 0 && obj.GetResourceVersion() != old.GetResourceVersion():
		return conflict(req)
	case rv == 0 && k.versioned:
		gk := schema.GroupKind{Group: req.Resource.Group, Kind: req.Resource.Name}
		return apierrors.NewInvalid(gk, req.Name, field.ErrorList{
			field.Invalid(metadataPath.Child("resourceVersion"), 0, "must be specified for an update")})
	}
	obj.SetResourceVersion(old.GetResourceVersion())
	return nil
}

// carry copies the metadata that an update cannot change and does not have to name.
func carry(obj, old api.Object) {
	if obj.GetUID() == "" {
		obj.SetUID(old.GetUID())
	}
	if created := old.GetCreationTimestamp(); !created.IsZero() {
		obj.SetCreationTimestamp(created)
	}
	if deleted := old.GetDeletionTimestamp(); deleted != nil {
		obj.SetDeletionTimestamp(deleted)
	}
	if grace := old.GetDeletionGracePeriodSeconds(); grace != nil && obj.GetDeletionGracePeriodSeconds() == nil {
		obj.SetDeletionGracePeriodSeconds(grace)
	}
}

// released reports that obj takes away the last thing that kept old, whose deletion is due.
func released(k *kind, obj, old api.Object) bool {
	grace := old.GetDeletionGracePeriodSeconds()
	return len(obj.GetFinalizers()) == 0 && !k.held(obj) && old.GetDeletionTimestamp() != nil && (grace == nil || *grace == 0)
}

// same reports that obj would be stored as the very bytes that old is stored as.
func same(obj, old api.Object) bool {
	a, noA := api.Encode(obj)
	b, noB := api.Encode(old)
	return noA == nil && noB == nil && bytes.Equal(a, b)
}
