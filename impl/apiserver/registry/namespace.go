package registry

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A namespace is kept by spec.finalizers besides metadata.finalizers: the namespace controller takes its own away, by
// way of finalize, when nothing is left in it.
var namespace = strategy[*corev1.Namespace]{
	name: apivalidation.ValidateNamespaceName,
	defaults: func(obj *corev1.Namespace) {
		if obj.Name != "" {
			obj.Labels = merged(obj.Labels, map[string]string{corev1.LabelMetadataName: obj.Name})
		}
		if obj.Status.Phase == "" {
			obj.Status.Phase = corev1.NamespaceActive
		}
	},
	prepare: func(obj *corev1.Namespace, _ Env) field.ErrorList {
		obj.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
		if !slices.Contains(obj.Spec.Finalizers, corev1.FinalizerKubernetes) {
			obj.Spec.Finalizers = append(obj.Spec.Finalizers, corev1.FinalizerKubernetes)
		}
		return nil
	},
	validate: validateNamespace,
	update: rewrite[*corev1.Namespace]{
		prepare: func(obj, old *corev1.Namespace) {
			obj.Spec.Finalizers, obj.Status = old.Spec.Finalizers, old.Status
		},
		validate: func(obj, _ *corev1.Namespace) field.ErrorList { return validateNamespace(obj) },
	},
	status: rewrite[*corev1.Namespace]{
		prepare:  func(obj, old *corev1.Namespace) { obj.Spec = old.Spec },
		validate: validateNamespacePhase,
	},
	finalize: rewrite[*corev1.Namespace]{
		prepare:  func(obj, old *corev1.Namespace) { obj.Status = old.Status },
		validate: func(obj, _ *corev1.Namespace) field.ErrorList { return validateNamespace(obj) },
	},
	fields: func(obj *corev1.Namespace) map[string]string {
		return map[string]string{"status.phase": string(obj.Status.Phase)}
	},
	deletion: deletion[*corev1.Namespace]{
		held: func(obj *corev1.Namespace) bool { return len(obj.Spec.Finalizers) > 0 },
		begin: func(obj *corev1.Namespace, now metav1.Time) {
			obj.DeletionTimestamp = &now
			obj.Status.Phase = corev1.NamespaceTerminating
		},
		returns: true,
	},
}

func validateNamespace(obj *corev1.Namespace) field.ErrorList {
	var errs field.ErrorList
	path := field.NewPath("spec", "finalizers")
	for _, f := range obj.Spec.Finalizers {
		errs = append(errs, qualifiedName(path, string(f))...)
		errs = append(errs, finalizerName(path, string(f))...)
	}
	return errs
}

func validateNamespacePhase(obj, _ *corev1.Namespace) field.ErrorList {
	path := field.NewPath("status", "Phase")
	switch deleted := obj.DeletionTimestamp != nil; {
	case !deleted && obj.Status.Phase != corev1.NamespaceActive:
		return field.ErrorList{field.Invalid(path, obj.Status.Phase, "may only be 'Active' if `deletionTimestamp` is empty")}
	case deleted && obj.Status.Phase != corev1.NamespaceTerminating:
		return field.ErrorList{field.Invalid(path, obj.Status.Phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")}
	}
	return nil
}
