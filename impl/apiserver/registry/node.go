package registry

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// Whoever creates a node sets its status with it: it is the kubelet.
var node = strategy[*corev1.Node]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *corev1.Node) {
		if obj.Status.Allocatable == nil && obj.Status.Capacity != nil {
			obj.Status.Allocatable = obj.Status.Capacity.DeepCopy()
		}
		// podCIDR is the first of podCIDRs; who knows only one of the two has set it.
		switch {
		case obj.Spec.PodCIDR == "" && len(obj.Spec.PodCIDRs) > 0:
			obj.Spec.PodCIDR = obj.Spec.PodCIDRs[0]
		case obj.Spec.PodCIDR != "" && (len(obj.Spec.PodCIDRs) == 0 || obj.Spec.PodCIDRs[0] != obj.Spec.PodCIDR):
			obj.Spec.PodCIDRs = []string{obj.Spec.PodCIDR}
		}
	},
	prepare: func(obj *corev1.Node, _ Env) field.ErrorList {
		//lint:ignore SA1019 the feature is gone, and so is what a client sends for it
		obj.Spec.ConfigSource, obj.Status.Config = nil, nil
		return nil
	},
	validate: validateNode,
	update: rewrite[*corev1.Node]{
		prepare: func(obj, old *corev1.Node) {
			obj.Status = old.Status
			//lint:ignore SA1019 the feature is gone, and so is what a client sends for it
			obj.Spec.ConfigSource = nil
		},
		validate: func(obj, old *corev1.Node) field.ErrorList {
			return append(validateNode(obj), validateNodeUpdate(obj, old)...)
		},
	},
	status: rewrite[*corev1.Node]{
		prepare: func(obj, old *corev1.Node) {
			obj.Spec = old.Spec
			obj.Status.Config = nil
		},
		validate: func(obj, old *corev1.Node) field.ErrorList {
			return append(validateNodeResources(obj), validateNodeUpdate(obj, old)...)
		},
	},
	fields: func(obj *corev1.Node) map[string]string {
		return map[string]string{"spec.unschedulable": strconv.FormatBool(obj.Spec.Unschedulable)}
	},
}

func validateNode(obj *corev1.Node) field.ErrorList {
	errs := validateTaints(obj.Spec.Taints, metadataPath.Child("taints")) // upstream's path
	errs = append(errs, validateNodeResources(obj)...)
	path := field.NewPath("spec", "podCIDRs")
	for i, cidr := range obj.Spec.PodCIDRs {
		errs = append(errs, validation.IsValidCIDR(path.Index(i), cidr)...)
	}
	if len(errs) == 0 && len(obj.Spec.PodCIDRs) > 1 {
		if dual, err := netutils.IsDualStackCIDRStrings(obj.Spec.PodCIDRs); err != nil || !dual || len(obj.Spec.PodCIDRs) > 2 {
			errs = append(errs, field.Invalid(path, obj.Spec.PodCIDRs, "may specify no more than one CIDR for each IP family"))
		}
	}
	return errs
}

func validateNodeResources(obj *corev1.Node) field.ErrorList {
	var errs field.ErrorList
	judge := func(name string, list corev1.ResourceList) {
		for _, resource := range slices.Sorted(maps.Keys(list)) {
			errs = append(errs, validateQuantity(field.NewPath("status", name, string(resource)), resource, list[resource])...)
		}
	}
	judge("capacity", obj.Status.Capacity)
	judge("allocatable", obj.Status.Allocatable)
	return errs
}

func validateNodeUpdate(obj, old *corev1.Node) field.ErrorList {
	var errs field.ErrorList
	spec := field.NewPath("spec")
	for i, address := range obj.Status.Addresses {
		if slices.Contains(obj.Status.Addresses[:i], address) {
			errs = append(errs, field.Duplicate(field.NewPath("status", "addresses").Index(i), address))
		}
	}
	if len(old.Spec.PodCIDRs) > 0 && !equality.Semantic.DeepEqual(obj.Spec.PodCIDRs, old.Spec.PodCIDRs) {
		errs = append(errs, field.Forbidden(spec.Child("podCIDRs"), `node updates may not change podCIDR except from "" to valid`))
	}
	switch {
	case old.Spec.ProviderID == "" || obj.Spec.ProviderID == old.Spec.ProviderID:
	case obj.Spec.ProviderID == "":
		errs = append(errs, field.Invalid(spec.Child("providerID"), nil, "field cannot be cleared once set"))
	default:
		errs = append(errs, field.Invalid(spec.Child("providerID"), nil, "field cannot be modified once set"))
	}
	//nolint:staticcheck // deprecated, and still there
	if obj.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		errs = append(errs, field.Forbidden(spec.Child("externalID"), "may not be updated"))
	}
	return errs
}

func validateTaints(taints []corev1.Taint, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, taint := range taints {
		at := path.Index(i)
		errs = append(errs, metav1validation.ValidateLabelName(taint.Key, at.Child("key"))...)
		if messages := validation.IsValidLabelValue(taint.Value); len(messages) > 0 {
			errs = append(errs, field.Invalid(at.Child("value"), taint.Value, strings.Join(messages, ";")))
		}
		errs = append(errs, taintEffect(at.Child("effect"), taint.Effect)...)
		if slices.ContainsFunc(taints[:i], func(t corev1.Taint) bool { return t.Key == taint.Key && t.Effect == taint.Effect }) {
			twice := field.Duplicate(at, taint)
			twice.Detail = "taints must be unique by key and effect pair"
			errs = append(errs, twice)
		}
	}
	return errs
}

func taintEffect(path *field.Path, effect corev1.TaintEffect) field.ErrorList {
	return oneOf(path, effect, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
}
