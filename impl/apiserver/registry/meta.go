package registry

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

var metadataPath = field.NewPath("metadata")

// maxGenerateName leaves room for the five characters of Env.Suffix in a DNS label.
const maxGenerateName = 63 - 5

func generated(base, suffix string) string {
	return base[:min(len(base), maxGenerateName)] + suffix
}

// body is req.Object as an object of req's resource, copied, with the namespace of the request.
func body(req api.Request) (api.Object, error) {
	obj, ok := req.Object.(api.Object)
	if r, known := api.ByObject(req.Object); !ok || !known || r != req.Resource {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the object in the request is a %T, and not a %s", req.Object, req.Resource.Kind))
	}
	obj = obj.DeepCopyObject().(api.Object)
	return obj, place(obj, req)
}

// place gives obj the namespace of the request, unless it has another.
func place(obj metav1.Object, req api.Request) error {
	switch {
	case !req.Resource.Namespaced:
		obj.SetNamespace("")
	case obj.GetNamespace() == "":
		obj.SetNamespace(req.Namespace)
	case obj.GetNamespace() != req.Namespace:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}

// named says that the object's name is not the path's.
func named(obj metav1.Object, req api.Request) error {
	switch obj.GetName() {
	case req.Name:
		return nil
	case "":
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", req.Name))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", obj.GetName(), req.Name))
}

// dedupOwners removes owner references that are repeated word for word, with a warning.
func dedupOwners(obj metav1.Object) (warnings []string) {
	var kept []metav1.OwnerReference
	var repeated []string
	for _, ref := range obj.GetOwnerReferences() {
		if has(kept, ref) {
			repeated = append(repeated, string(ref.UID))
			continue
		}
		kept = append(kept, ref)
	}
	if len(repeated) == 0 {
		return nil
	}
	obj.SetOwnerReferences(kept)
	return []string{fmt.Sprintf(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %s", strings.Join(repeated, ", "))}
}

func has(refs []metav1.OwnerReference, ref metav1.OwnerReference) bool {
	for _, r := range refs {
		if equality.Semantic.DeepEqual(r, ref) {
			return true
		}
	}
	return false
}

// validPathSegment is what every name has to be, whatever its kind's own rule.
func validPathSegment(name string, prefix bool) []string {
	if prefix {
		return content.IsPathSegmentPrefix(name)
	}
	return content.IsPathSegmentName(name)
}

// finalizerNames says which finalizers are neither Kubernetes' nor bear the domain of whose they are.
func finalizerNames(obj metav1.Object) field.ErrorList {
	var errs field.ErrorList
	for i, f := range obj.GetFinalizers() {
		errs = append(errs, finalizerName(metadataPath.Child("finalizers").Index(i), f)...)
	}
	return errs
}

func finalizerName(path *field.Path, name string) field.ErrorList {
	switch name {
	case string(corev1.FinalizerKubernetes), metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents:
		return nil
	}
	if strings.Contains(name, "/") {
		return nil
	}
	return field.ErrorList{field.Invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified")}
}
