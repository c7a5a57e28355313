package registry

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const mayChange = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
	"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

// validatePodUpdate judges a change of a pod: nearly all of its spec stays what it was, since its containers run by it.
func validatePodUpdate(obj, old *corev1.Pod) field.ErrorList {
	spec := field.NewPath("spec")
	errs := validateMirror(obj, old)
	for _, list := range []struct {
		name    string
		is, was []corev1.Container
	}{{"containers", obj.Spec.Containers, old.Spec.Containers}, {"initContainers", obj.Spec.InitContainers, old.Spec.InitContainers}} {
		if len(list.is) != len(list.was) {
			return append(errs, field.Forbidden(spec.Child(list.name), "pod updates may not add or remove containers"))
		}
	}
	if err := validateDeadlineUpdate(spec.Child("activeDeadlineSeconds"), obj.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, validateAddedTolerations(obj.Spec.Tolerations, old.Spec.Tolerations, spec.Child("tolerations"))...)
	errs = append(errs, validateRemovedGates(obj.Spec.SchedulingGates, old.Spec.SchedulingGates, spec.Child("schedulingGates"))...)
	rest := withoutChangeable(&obj.Spec, &old.Spec)
	if !equality.Semantic.DeepEqual(*rest, old.Spec) {
		errs = append(errs, field.Forbidden(spec, fmt.Sprintf("%s\n%s", mayChange, diff.Diff(old.Spec, *rest))))
	}
	return errs
}

// withoutChangeable is a copy of is in which everything that an update may change, and that has been judged, is as it was.
func withoutChangeable(is, was *corev1.PodSpec) *corev1.PodSpec {
	rest := is.DeepCopy()
	for i := range rest.Containers {
		rest.Containers[i].Image = was.Containers[i].Image
	}
	for i := range rest.InitContainers {
		rest.InitContainers[i].Image = was.InitContainers[i].Image
	}
	rest.ActiveDeadlineSeconds = was.ActiveDeadlineSeconds
	rest.SchedulingGates, rest.Tolerations = was.SchedulingGates, was.Tolerations
	return rest // a negative terminationGracePeriodSeconds was 1 in both by default
}

// validateMirror keeps the mark of a pod that mirrors a kubelet's own.
func validateMirror(obj, old *corev1.Pod) field.ErrorList {
	path := metadataPath.Child("annotations").Key(corev1.MirrorPodAnnotationKey)
	was, wasMirror := old.Annotations[corev1.MirrorPodAnnotationKey]
	is, isMirror := obj.Annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case wasMirror && (!isMirror || is != was):
		return field.ErrorList{field.Forbidden(path, "may not remove or update mirror pod annotation")}
	case isMirror && !wasMirror:
		return field.ErrorList{field.Forbidden(path, "may not add mirror pod annotation")}
	}
	return nil
}

// validateDeadlineUpdate: a deadline comes nearer, or comes to be.
func validateDeadlineUpdate(path *field.Path, is, was *int64) *field.Error {
	switch {
	case is == nil && was == nil:
	case is == nil:
		return field.Invalid(path, nil, "must not update from a positive integer to nil value")
	case *is < 0 || *is > math.MaxInt32:
		return field.Invalid(path, *is, validation.InclusiveRangeError(0, math.MaxInt32))
	case was != nil && *was < *is:
		return field.Invalid(path, *is, "must be less than or equal to previous value")
	}
	return nil
}

func validateAddedTolerations(is, was []corev1.Toleration, path *field.Path) field.ErrorList {
	for _, old := range was {
		kept := slices.ContainsFunc(is, func(t corev1.Toleration) bool {
			t.TolerationSeconds = old.TolerationSeconds
			return equality.Semantic.DeepEqual(t, old)
		})
		if !kept {
			return field.ErrorList{field.Forbidden(path, "existing toleration can not be modified except its tolerationSeconds")}
		}
	}
	return nil
}

func validateRemovedGates(is, was []corev1.PodSchedulingGate, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, gate := range is {
		if !slices.Contains(was, gate) {
			errs = append(errs, field.Forbidden(path.Index(i).Child("name"),
				fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name)))
		}
	}
	return errs
}

// untrimmed says that a name has space around it.
func untrimmed(path *field.Path, value string) field.ErrorList {
	if strings.TrimSpace(value) == value {
		return nil
	}
	return field.ErrorList{field.Invalid(path, value, "must not have leading or trailing whitespace")}
}
