package registry

import (
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	unversioned "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Roles say what may be done. Who may grant that much is for whoever knows who asks to say: see package rbac.
var (
	role = strategy[*rbacv1.Role]{
		name:     validPathSegment,
		validate: validateRole,
		update:   rewrite[*rbacv1.Role]{validate: func(obj, _ *rbacv1.Role) field.ErrorList { return validateRole(obj) }},
	}
	clusterRole = strategy[*rbacv1.ClusterRole]{
		name:     validPathSegment,
		validate: validateClusterRole,
		update:   rewrite[*rbacv1.ClusterRole]{validate: func(obj, _ *rbacv1.ClusterRole) field.ErrorList { return validateClusterRole(obj) }},
	}
)

func validateRole(obj *rbacv1.Role) field.ErrorList {
	var errs field.ErrorList
	for i, rule := range obj.Rules {
		errs = append(errs, policyRule(field.NewPath("rules").Index(i), rule, true)...)
	}
	return errs
}

func validateClusterRole(obj *rbacv1.ClusterRole) field.ErrorList {
	var errs field.ErrorList
	for i, rule := range obj.Rules {
		errs = append(errs, policyRule(field.NewPath("rules").Index(i), rule, false)...)
	}
	if obj.AggregationRule == nil {
		return errs
	}
	selectors := field.NewPath("aggregationRule", "clusterRoleSelectors")
	if len(obj.AggregationRule.ClusterRoleSelectors) == 0 {
		errs = append(errs, field.Required(selectors, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
	}
	for i, selector := range obj.AggregationRule.ClusterRoleSelectors {
		path := selectors.Index(i)
		errs = append(errs, unversioned.ValidateLabelSelector(&selector, unversioned.LabelSelectorValidationOptions{}, path)...)
		if _, err := metav1.LabelSelectorAsSelector(&selector); err != nil {
			errs = append(errs, field.Invalid(path, selector, "invalid label selector."))
		}
	}
	return errs
}

// policyRule judges one rule: one of resources, or, if it is not in a namespace, one of other paths.
func policyRule(path *field.Path, rule rbacv1.PolicyRule, namespaced bool) field.ErrorList {
	var errs field.ErrorList
	if len(rule.Verbs) == 0 {
		errs = append(errs, field.Required(path.Child("verbs"), "verbs must contain at least one value"))
	}
	if urls := path.Child("nonResourceURLs"); len(rule.NonResourceURLs) > 0 {
		if namespaced {
			errs = append(errs, field.Invalid(urls, rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs"))
		}
		if len(rule.APIGroups) > 0 || len(rule.Resources) > 0 || len(rule.ResourceNames) > 0 {
			errs = append(errs, field.Invalid(urls, rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"))
		}
		return errs
	}
	if len(rule.APIGroups) == 0 {
		errs = append(errs, field.Required(path.Child("apiGroups"), "resource rules must supply at least one api group"))
	}
	if len(rule.Resources) == 0 {
		errs = append(errs, field.Required(path.Child("resources"), "resource rules must supply at least one resource"))
	}
	return errs
}
