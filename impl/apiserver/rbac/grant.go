package rbac

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/component-helpers/auth/rbac/validation"
	compact "k8s.io/kubectl/pkg/util/rbac"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// everything is what may be done at all.
var everything = []rbacv1.PolicyRule{
	{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}},
	{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}},
}

// Authorize is how a caller says whether a user may do something, by whatever rules it has.
type Authorize func(user.Info, Attributes) bool

// Grant refuses with 403 what would give somebody more than u has: the write of a role or binding, which makes obj of old (nil: it
// creates). Every other object passes.
func Grant(u user.Info, obj, old api.Object, authorize Authorize, roles Roles, bindings Bindings) error {
	g := granting{u, authorize, roles, bindings}
	if u.In(user.Masters) || old != nil && onlyCollected(obj, old) {
		return nil
	}
	switch obj := obj.(type) {
	case *rbacv1.Role:
		return g.role(rbacv1.Resource("roles"), obj, obj.Rules)
	case *rbacv1.ClusterRole:
		before, _ := old.(*rbacv1.ClusterRole)
		return g.clusterRole(obj, before)
	case *rbacv1.RoleBinding:
		return g.binding(rbacv1.Resource("rolebindings"), obj, obj.RoleRef)
	case *rbacv1.ClusterRoleBinding:
		return g.binding(rbacv1.Resource("clusterrolebindings"), obj, obj.RoleRef)
	}
	return nil
}

// onlyCollected reports that obj differs from old in nothing but what the garbage collector changes.
func onlyCollected(obj, old api.Object) bool {
	a, b := obj.DeepCopyObject().(api.Object), old.DeepCopyObject().(api.Object)
	for _, o := range []api.Object{a, b} {
		o.SetOwnerReferences(nil)
		o.SetFinalizers(nil)
		o.SetManagedFields(nil)
		o.SetResourceVersion("")
		o.GetObjectKind().SetGroupVersionKind(rbacv1.SchemeGroupVersion.WithKind(""))
	}
	return equality.Semantic.DeepEqual(a, b)
}

// granting is one user's wish to give rights away.
type granting struct {
	user      user.Info
	authorize Authorize
	roles     Roles
	bindings  Bindings
}

func (g granting) mayEscalate(resource string, obj api.Object) bool {
	return g.authorize(g.user, Attributes{Verb: "escalate", Group: rbacv1.GroupName, Resource: resource, Namespace: obj.GetNamespace(), Name: obj.GetName()})
}

func (g granting) role(gr schema.GroupResource, obj api.Object, rules []rbacv1.PolicyRule) error {
	if g.mayEscalate(gr.Resource, obj) {
		return nil
	}
	if err := g.holds(obj.GetNamespace(), rules); err != nil {
		return apierrors.NewForbidden(gr, obj.GetName(), err)
	}
	return nil
}

// clusterRole: who may aggregate can gather anything, so that takes everything.
func (g granting) clusterRole(obj, old *rbacv1.ClusterRole) error {
	gr := rbacv1.Resource("clusterroles")
	if g.mayEscalate(gr.Resource, obj) {
		return nil
	}
	if err := g.holds("", obj.Rules); err != nil {
		return apierrors.NewForbidden(gr, obj.Name, err)
	}
	if obj.AggregationRule == nil && (old == nil || old.AggregationRule == nil) {
		return nil
	}
	if g.holds("", everything) != nil {
		return apierrors.NewForbidden(gr, obj.Name, errors.New("must have cluster-admin privileges to use the aggregationRule"))
	}
	return nil
}

func (g granting) binding(gr schema.GroupResource, obj api.Object, ref rbacv1.RoleRef) error {
	resource := map[string]string{"Role": "roles", "ClusterRole": "clusterroles"}[ref.Kind]
	if g.authorize(g.user, Attributes{Verb: "bind", Group: ref.APIGroup, Resource: resource, Namespace: obj.GetNamespace(), Name: ref.Name}) {
		return nil
	}
	rules, err := RulesOf(ref, obj.GetNamespace(), g.roles)
	if err != nil {
		return err
	}
	if err := g.holds(obj.GetNamespace(), rules); err != nil {
		return apierrors.NewForbidden(gr, obj.GetName(), err)
	}
	return nil
}

// holds says which of the rules the user has not in a namespace.
func (g granting) holds(namespace string, rules []rbacv1.PolicyRule) error {
	own, unresolved := Rules(g.user, namespace, g.roles, g.bindings)
	covered, missing := validation.Covers(own, rules)
	if covered {
		return nil
	}
	if fewer, err := compact.CompactRules(missing); err == nil {
		missing = fewer
	}
	var told []string
	for _, rule := range missing {
		told = append(told, describe(rule))
	}
	slices.Sort(told)
	text := fmt.Sprintf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s",
		g.user.Name, g.user.Groups, strings.Join(slices.Compact(told), "\n"))
	if unresolved != nil {
		text += fmt.Sprintf("; resolution errors: %v", unresolved)
	}
	return errors.New(text)
}

func describe(rule rbacv1.PolicyRule) string {
	var parts []string
	for _, part := range []struct {
		name   string
		values []string
	}{
		{"APIGroups", rule.APIGroups}, {"Resources", rule.Resources}, {"NonResourceURLs", rule.NonResourceURLs},
		{"ResourceNames", rule.ResourceNames}, {"Verbs", rule.Verbs},
	} {
		if len(part.values) > 0 {
			parts = append(parts, fmt.Sprintf("%s:%q", part.name, part.values))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
