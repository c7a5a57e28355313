package registry

import (
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// create decides on a POST.
func create(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	obj, err := body(req)
	if err != nil {
		return Change{}, err
	}
	if rv := obj.GetResourceVersion(); rv != "" && rv != "0" {
		// Upstream: the same words with 500 and no reason, which a client has to take for an unknown outcome.
		return Change{}, apierrors.NewBadRequest("resourceVersion should not be set on objects to be created")
	}
	generatedName := obj.GetName() == "" && obj.GetGenerateName() != ""
	if generatedName {
		obj.SetName(generated(obj.GetGenerateName(), env.Suffix))
	}
	warnings := dedupOwners(obj)
	claim(obj, env)
	Default(obj)
	if pod, ok := obj.(*corev1.Pod); ok {
		if err := admitAccount(pod, req, env); err != nil {
			return Change{}, err
		}
	}
	errs := k.prepare(obj, env)
	if len(errs) == 0 {
		errs = Validate(obj)
	}
	if len(errs) > 0 {
		return Change{}, apierrors.NewInvalid(req.Resource.GVK().GroupKind(), obj.GetName(), errs)
	}
	if old != nil {
		return Change{}, exists(req, obj, old)
	}
	warnings = append(warnings, k.warnings(obj, nil)...)
	return Change{Action: Put, Object: obj, Answer: itself, Created: true, Warnings: warnings}, nil
}

// claim makes a body a new object: with fields of metadata that are the system's.
func claim(obj api.Object, env Env) {
	obj.SetUID(env.UID)
	obj.SetCreationTimestamp(env.now())
	obj.SetDeletionTimestamp(nil)
	obj.SetDeletionGracePeriodSeconds(nil)
	obj.SetResourceVersion("")
	obj.SetSelfLink("")
	obj.SetManagedFields(nil)
}

func exists(req api.Request, obj, old api.Object) error {
	err := apierrors.NewAlreadyExists(req.Resource.GR(), obj.GetName())
	if obj.GetGenerateName() != "" {
		err = apierrors.NewGenerateNameConflict(req.Resource.GR(), obj.GetName(), 1)
	}
	if old.GetDeletionTimestamp() != nil {
		err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
	}
	return err
}

// Default fills in what the user left out of an object of a kind that is served, as upstream does when it decodes one.
func Default(obj api.Object) {
	r, ok := api.ByObject(obj)
	if !ok {
		return
	}
	obj.GetObjectKind().SetGroupVersionKind(r.GVK())
	kinds[r.Kind].defaults(obj)
}

// Validate lists what is wrong with obj, which has its defaults, as a new object.
func Validate(obj api.Object) field.ErrorList {
	r, ok := api.ByObject(obj)
	if !ok {
		return field.ErrorList{field.Invalid(field.NewPath("kind"), obj.GetObjectKind().GroupVersionKind().Kind, "is not served")}
	}
	k := kinds[r.Kind]
	errs := validation.ValidateObjectMetaAccessor(obj, r.Namespaced, k.name, metadataPath)
	errs = append(errs, finalizerNames(obj)...)
	errs = append(errs, k.validate(obj)...)
	if len(errs) == 0 {
		errs = validation.ValidateObjectMetaAccessor(obj, r.Namespaced, validPathSegment, metadataPath)
	}
	return ordered(errs)
}
