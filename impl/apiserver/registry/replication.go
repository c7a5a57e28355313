package registry

import (
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var replicationController = strategy[*corev1.ReplicationController]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *corev1.ReplicationController) {
		if obj.Spec.Replicas == nil {
			obj.Spec.Replicas = one()
		}
		if obj.Spec.Template == nil {
			return
		}
		defaultPodSpec(&obj.Spec.Template.Spec)
		if len(obj.Spec.Selector) == 0 {
			obj.Spec.Selector = maps.Clone(obj.Spec.Template.Labels)
		}
		if len(obj.Labels) == 0 {
			obj.Labels = maps.Clone(obj.Spec.Template.Labels)
		}
	},
	prepare: func(obj *corev1.ReplicationController, _ Env) field.ErrorList {
		obj.Status, obj.Generation = corev1.ReplicationControllerStatus{}, 1
		return nil
	},
	validate: validateReplicationController,
	update: rewrite[*corev1.ReplicationController]{
		prepare: func(obj, old *corev1.ReplicationController) {
			obj.Status = old.Status
			if !equality.Semantic.DeepEqual(obj.Spec, old.Spec) {
				obj.Generation = old.Generation + 1
			}
		},
		validate: func(obj, _ *corev1.ReplicationController) field.ErrorList { return validateReplicationController(obj) },
	},
	status: rewrite[*corev1.ReplicationController]{
		prepare: func(obj, old *corev1.ReplicationController) { obj.Spec = old.Spec },
		validate: func(obj, _ *corev1.ReplicationController) field.ErrorList {
			s := obj.Status
			return validateReplicaCounts(s.ObservedGeneration, s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas)
		},
	},
	warnings: func(obj, old *corev1.ReplicationController) []string { return nameInPods(obj, old == nil) },
	fields: func(obj *corev1.ReplicationController) map[string]string {
		return map[string]string{"status.replicas": strconv.Itoa(int(obj.Status.Replicas))}
	},
	scale: func(obj *corev1.ReplicationController) scalable {
		return scalable{obj.Spec.Replicas, obj.Status.Replicas, labels.SelectorFromSet(obj.Spec.Selector).String()}
	},
	// v1 has always orphaned the pods of those who do not say otherwise.
	deletion: deletion[*corev1.ReplicationController]{dependents: orphaned},
}

var replicaSet = strategy[*appsv1.ReplicaSet]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *appsv1.ReplicaSet) {
		if obj.Spec.Replicas == nil {
			obj.Spec.Replicas = one()
		}
		defaultPodSpec(&obj.Spec.Template.Spec)
	},
	prepare: func(obj *appsv1.ReplicaSet, _ Env) field.ErrorList {
		obj.Status, obj.Generation = appsv1.ReplicaSetStatus{}, 1
		return nil
	},
	validate: validateReplicaSet,
	update: rewrite[*appsv1.ReplicaSet]{
		prepare: func(obj, old *appsv1.ReplicaSet) {
			obj.Status = old.Status
			if !equality.Semantic.DeepEqual(obj.Spec, old.Spec) {
				obj.Generation = old.Generation + 1
			}
		},
		validate: func(obj, old *appsv1.ReplicaSet) field.ErrorList {
			selector := field.NewPath("spec", "selector")
			return append(validateReplicaSet(obj), apivalidation.ValidateImmutableField(obj.Spec.Selector, old.Spec.Selector, selector)...)
		},
	},
	status: rewrite[*appsv1.ReplicaSet]{
		prepare: func(obj, old *appsv1.ReplicaSet) { obj.Spec = old.Spec },
		validate: func(obj, _ *appsv1.ReplicaSet) field.ErrorList {
			s := obj.Status
			return validateReplicaCounts(s.ObservedGeneration, s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas)
		},
	},
	warnings: func(obj, old *appsv1.ReplicaSet) []string { return nameInPods(obj, old == nil) },
	fields: func(obj *appsv1.ReplicaSet) map[string]string {
		return map[string]string{"status.replicas": strconv.Itoa(int(obj.Status.Replicas))}
	},
	scale: func(obj *appsv1.ReplicaSet) scalable {
		return scalable{obj.Spec.Replicas, obj.Status.Replicas, metav1.FormatLabelSelector(obj.Spec.Selector)}
	},
}

func one() *int32 { n := int32(1); return &n }

// nameInPods warns of a name that will be part of host names.
func nameInPods(obj metav1.Object, isNew bool) []string {
	messages := validation.IsDNS1123Label(obj.GetName())
	if !isNew || len(messages) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: %v", messages)}
}

func validateReplicationController(obj *corev1.ReplicationController) field.ErrorList {
	spec := field.NewPath("spec")
	errs := nonNegative(spec.Child("minReadySeconds"), obj.Spec.MinReadySeconds)
	if len(obj.Spec.Selector) == 0 {
		errs = append(errs, field.Required(spec.Child("selector"), ""))
	}
	errs = append(errs, nonNegative(spec.Child("replicas"), *obj.Spec.Replicas)...)
	if obj.Spec.Template == nil {
		return append(errs, field.Required(spec.Child("template"), ""))
	}
	selector := labels.SelectorFromSet(obj.Spec.Selector)
	return append(errs, validateTemplate(obj.Spec.Template, selector, spec.Child("template"), "ReplicationController")...)
}

func validateReplicaSet(obj *appsv1.ReplicaSet) field.ErrorList {
	spec := field.NewPath("spec")
	errs := nonNegative(spec.Child("replicas"), *obj.Spec.Replicas)
	errs = append(errs, nonNegative(spec.Child("minReadySeconds"), obj.Spec.MinReadySeconds)...)
	path := spec.Child("selector")
	if obj.Spec.Selector == nil {
		errs = append(errs, field.Required(path, ""))
	} else {
		errs = append(errs, metav1validation.ValidateLabelSelector(obj.Spec.Selector, metav1validation.LabelSelectorValidationOptions{}, path)...)
		if len(obj.Spec.Selector.MatchLabels)+len(obj.Spec.Selector.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(path, obj.Spec.Selector, "empty selector is invalid for deployment"))
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(obj.Spec.Selector)
	if err != nil {
		return append(errs, field.Invalid(path, obj.Spec.Selector, "invalid label selector"))
	}
	return append(errs, validateTemplate(&obj.Spec.Template, selector, spec.Child("template"), "ReplicaSet")...)
}

// validateTemplate judges the pods that an owner will make: they must be its own, and must be started again for ever.
func validateTemplate(template *corev1.PodTemplateSpec, selector labels.Selector, path *field.Path, owner string) field.ErrorList {
	var errs field.ErrorList
	if !selector.Empty() && !selector.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(path.Child("metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	errs = append(errs, metav1validation.ValidateLabels(template.Labels, path.Child("labels"))...)
	errs = append(errs, apivalidation.ValidateAnnotations(template.Annotations, path.Child("annotations"))...)
	spec := path.Child("spec")
	errs = append(errs, validatePodSpec(&template.Spec, spec)...)
	if len(template.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(spec.Child("ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	if template.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(spec.Child("restartPolicy"), template.Spec.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if template.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(spec.Child("activeDeadlineSeconds"), "activeDeadlineSeconds in "+owner+" is not Supported"))
	}
	return errs
}

func validateReplicaCounts(generation int64, replicas, labeled, ready, available int32) field.ErrorList {
	path := field.NewPath("status")
	parts := []struct {
		name  string
		count int32
	}{{"fullyLabeledReplicas", labeled}, {"readyReplicas", ready}, {"availableReplicas", available}}
	errs := nonNegative(path.Child("replicas"), replicas)
	for _, part := range parts {
		errs = append(errs, nonNegative(path.Child(part.name), part.count)...)
	}
	errs = append(errs, nonNegative(path.Child("observedGeneration"), generation)...)
	for _, part := range parts {
		if part.count > replicas {
			errs = append(errs, field.Invalid(path.Child(part.name), part.count, "cannot be greater than status.replicas"))
		}
	}
	if available > ready {
		errs = append(errs, field.Invalid(path.Child("availableReplicas"), available, "cannot be greater than readyReplicas"))
	}
	return errs
}
