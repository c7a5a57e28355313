package rbac

import (
	"fmt"
	"iter"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"orrery/impl/apiserver/user"
)

// Roles are the roles that there are. A role that is not there is nil. Nobody modifies what it returns.
type Roles interface {
	Role(namespace, name string) *rbacv1.Role
	ClusterRole(name string) *rbacv1.ClusterRole
	ClusterRoles() iter.Seq[*rbacv1.ClusterRole]
}

// Bindings are the bindings that there are, always in the same order. Nobody modifies what it returns.
type Bindings interface {
	ClusterRoleBindings() iter.Seq[*rbacv1.ClusterRoleBinding]
	RoleBindings(namespace string) iter.Seq[*rbacv1.RoleBinding]
}

// Allowed reports whether u may do what a asks for. The reason says by which binding, or, where it is not allowed, what
// kept bindings from counting, if anything did.
func Allowed(u user.Info, a Attributes, roles Roles, bindings Bindings) (allowed bool, reason string) {
	if u.In(user.Masters) {
		return true, ""
	}
	var missing []error
	for g, err := range grants(u, a.Namespace, roles, bindings) {
		if err != nil {
			missing = append(missing, err)
			continue
		}
		for i := range g.rules {
			if Match(&g.rules[i], a) {
				return true, "RBAC: allowed by " + g.String()
			}
		}
	}
	if len(missing) > 0 {
		return false, fmt.Sprintf("RBAC: %v", utilerrors.NewAggregate(missing))
	}
	return false, ""
}

// Rules are what u may do in a namespace, by what the bindings say. The error names the roles that are not there.
func Rules(u user.Info, namespace string, roles Roles, bindings Bindings) (rules []rbacv1.PolicyRule, err error) {
	var missing []error
	for g, err := range grants(u, namespace, roles, bindings) {
		if err != nil {
			missing = append(missing, err)
		}
		rules = append(rules, g.rules...)
	}
	return rules, utilerrors.NewAggregate(missing)
}

// grant is what one binding gives to a user, and as whom.
type grant struct {
	kind, name string // of the binding
	role       rbacv1.RoleRef
	subject    rbacv1.Subject
	namespace  string // of the binding
	rules      []rbacv1.PolicyRule
}

// String is upstream's; it is made only where it is told.
func (g grant) String() string {
	subject := fmt.Sprintf("%s %q", g.subject.Kind, g.subject.Name)
	if g.subject.Kind == rbacv1.ServiceAccountKind {
		namespace := g.subject.Namespace
		if namespace == "" {
			namespace = g.namespace
		}
		subject = fmt.Sprintf("%s %q", g.subject.Kind, g.subject.Name+"/"+namespace)
	}
	return fmt.Sprintf("%s %q of %s %q to %s", g.kind, g.name, g.role.Kind, g.role.Name, subject)
}

// grants are what counts for u in a namespace: the bindings of the whole cluster, then those of the namespace, unless that is
// empty. An error comes in the place of a binding whose role is not there.
func grants(u user.Info, namespace string, roles Roles, bindings Bindings) iter.Seq2[grant, error] {
	return func(yield func(grant, error) bool) {
		for b := range bindings.ClusterRoleBindings() {
			s, ok := subjectOf(u, b.Subjects, "")
			if !ok {
				continue
			}
			rules, err := RulesOf(b.RoleRef, "", roles)
			if !yield(grant{kind: "ClusterRoleBinding", name: b.Name, role: b.RoleRef, subject: s, rules: rules}, err) {
				return
			}
		}
		if namespace == "" {
			return
		}
		for b := range bindings.RoleBindings(namespace) {
			s, ok := subjectOf(u, b.Subjects, namespace)
			if !ok {
				continue
			}
			rules, err := RulesOf(b.RoleRef, namespace, roles)
			if !yield(grant{kind: "RoleBinding", name: b.Name + "/" + b.Namespace, role: b.RoleRef, subject: s, namespace: namespace, rules: rules}, err) {
				return
			}
		}
	}
}

// subjectOf is the first of the subjects that u is, or in which u is. namespace is the binding's.
func subjectOf(u user.Info, subjects []rbacv1.Subject, namespace string) (rbacv1.Subject, bool) {
	for _, s := range subjects {
		if is(u, s, namespace) {
			return s, true
		}
	}
	return rbacv1.Subject{}, false
}

func is(u user.Info, s rbacv1.Subject, namespace string) bool {
	switch s.Kind {
	case rbacv1.UserKind:
		return u.Name == s.Name
	case rbacv1.GroupKind:
		return u.In(s.Name)
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		rest, ok := strings.CutPrefix(u.Name, "system:serviceaccount:")
		return ok && namespace != "" && rest == namespace+":"+s.Name
	}
	return false
}

// RulesOf are the rules of the role that a binding in a namespace names; the namespace is empty for a ClusterRoleBinding.
func RulesOf(ref rbacv1.RoleRef, namespace string, roles Roles) ([]rbacv1.PolicyRule, error) {
	switch ref.Kind {
	case "Role":
		if r := roles.Role(namespace, ref.Name); r != nil {
			return r.Rules, nil
		}
		return nil, apierrors.NewNotFound(rbacv1.Resource("role"), ref.Name)
	case "ClusterRole":
		r := roles.ClusterRole(ref.Name)
		if r == nil {
			return nil, apierrors.NewNotFound(rbacv1.Resource("clusterrole"), ref.Name)
		}
		if r.AggregationRule == nil {
			return r.Rules, nil
		}
		return aggregated(r, roles), nil
	}
	return nil, fmt.Errorf("unsupported role reference kind: %q", ref.Kind)
}

// aggregated are the rules of all roles that one with an aggregation rule leads to. Each is looked at once, as they may select
// each other.
func aggregated(r *rbacv1.ClusterRole, roles Roles) (rules []rbacv1.PolicyRule) {
	seen := map[string]bool{r.Name: true}
	for queue := []*rbacv1.ClusterRole{r}; len(queue) > 0; queue = queue[1:] {
		for other := range roles.ClusterRoles() {
			if seen[other.Name] || !selects(queue[0].AggregationRule, other) {
				continue
			}
			seen[other.Name] = true
			if other.AggregationRule != nil {
				queue = append(queue, other)
			} else {
				rules = append(rules, other.Rules...)
			}
		}
	}
	return rules
}

func selects(rule *rbacv1.AggregationRule, r *rbacv1.ClusterRole) bool {
	for i := range rule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&rule.ClusterRoleSelectors[i])
		if err == nil && selector.Matches(labels.Set(r.Labels)) {
			return true
		}
	}
	return false
}
