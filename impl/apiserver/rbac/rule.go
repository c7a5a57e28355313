package rbac

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Match reports whether a rule allows what a asks for.
func Match(rule *rbacv1.PolicyRule, a Attributes) bool {
	if !has(rule.Verbs, a.Verb, rbacv1.VerbAll) {
		return false
	}
	if !a.resourceRequest() {
		return slices.ContainsFunc(rule.NonResourceURLs, func(pattern string) bool { return matchPath(pattern, a.Path) })
	}
	return has(rule.APIGroups, a.Group, rbacv1.APIGroupAll) && matchResource(rule.Resources, a) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.Name))
}

func has(list []string, wanted, all string) bool {
	return slices.Contains(list, wanted) || slices.Contains(list, all)
}

// matchResource: "*" is every resource and subresource, "*/x" the subresource x of every resource.
func matchResource(resources []string, a Attributes) bool {
	return has(resources, a.combined(), rbacv1.ResourceAll) ||
		a.Subresource != "" && slices.Contains(resources, "*/"+a.Subresource)
}

func matchPath(pattern, path string) bool {
	return pattern == path || strings.HasSuffix(pattern, "*") && strings.HasPrefix(path, strings.TrimRight(pattern, "*"))
}
