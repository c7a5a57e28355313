package policy

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac"
)

// Users that components are known as.
const (
	Scheduler   = "system:kube-scheduler"
	Controllers = "system:kube-controller-manager"
	Proxy       = "system:kube-proxy"
)

// Objects are the roles and bindings, roles first.
func Objects() rbac.Objects {
	var all rbac.Objects
	for _, r := range append(people(), components()...) {
		all = append(all, r.clusterRole())
	}
	for _, r := range append(people(), components()...) {
		if len(r.subjects) > 0 {
			all = append(all, r.binding())
		}
	}
	return all
}

// role is a ClusterRole and to whom it is bound, by a ClusterRoleBinding of its name.
type role struct {
	name     string
	labels   map[string]string
	rules    []rbacv1.PolicyRule
	gathers  string // the label of the roles that it aggregates; empty: none
	subjects []rbacv1.Subject
}

// standard is the metadata that upstream gives to all of them.
func standard(name string, labels map[string]string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"},
		Annotations: map[string]string{rbacv1.AutoUpdateAnnotationKey: "true"}}
	maps.Copy(m.Labels, labels)
	return m
}

func (r role) clusterRole() *rbacv1.ClusterRole {
	obj := &rbacv1.ClusterRole{ObjectMeta: standard(r.name, r.labels), Rules: r.rules}
	if r.gathers != "" {
		obj.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{r.gathers: "true"}}}}
	}
	return obj
}

func (r role) binding() api.Object {
	return &rbacv1.ClusterRoleBinding{ObjectMeta: standard(r.name, nil), Subjects: r.subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.name}}
}

func group(name string) rbacv1.Subject {
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: name}
}

func user(name string) rbacv1.Subject {
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}
}

func account(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: metav1.NamespaceSystem, Name: name}
}

// Groups of resources, and verbs that go together.
const (
	core          = corev1.GroupName
	apps          = "apps"
	authorization = "authorization.k8s.io"
	coordination  = "coordination.k8s.io"
	discovery     = "discovery.k8s.io"
)

var (
	read      = []string{"get", "list", "watch"}
	write     = []string{"create", "delete", "deletecollection", "patch", "update"}
	readWrite = append(append([]string{}, write...), read...)
)

// on is a rule of resources of one group.
func on(group string, verbs []string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Verbs: verbs, Resources: resources}
}

func do(verbs ...string) []string { return verbs }

func paths(paths ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: do("get"), NonResourceURLs: paths}
}

// events is for who tells what happens.
var events = rbacv1.PolicyRule{APIGroups: []string{core, "events.k8s.io"}, Verbs: do("create", "patch", "update"), Resources: []string{"events"}}
