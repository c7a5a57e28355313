package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/rbac/policy"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/user"
)

// Goal: what a cluster begins with is valid, has upstream's marks, and hangs together. Method: each object by the registry's own rules.
func TestObjectsAreValid(t *testing.T) {
	all := policy.Objects()
	seen := map[string]bool{}
	for _, obj := range all {
		r, ok := api.ByObject(obj)
		require.True(t, ok)
		require.False(t, seen[r.Name+obj.GetName()], "%s twice", obj.GetName())
		seen[r.Name+obj.GetName()] = true
		copied := obj.DeepCopyObject().(api.Object)
		registry.Default(copied)
		require.Empty(t, registry.Validate(copied), obj.GetName())
		require.Equal(t, "rbac-defaults", obj.GetLabels()["kubernetes.io/bootstrapping"])
	}
	for b := range all.ClusterRoleBindings() {
		_, err := rbac.RulesOf(b.RoleRef, "", all)
		require.NoError(t, err, b.Name)
	}
	require.Equal(t, all, policy.Objects(), "the same each time")
}

// Goal: each component and each kind of user has what it needs and not more. Method: a line for each, as "+VERB RESOURCE[=NAME]" for what is
// allowed and "-" for what is not, in the namespace d.
func TestWhoMayDoWhat(t *testing.T) {
	for _, c := range []struct {
		user, groups string
		asks         string
	}{
		{"kubernetes-admin", user.Masters, "+delete nodes, +escalate clusterroles, +get /metrics, +impersonate users"},
		{"jane", user.AllAuthenticated, "+get /api/v1, +get /apis, +get /openapi/v3/api/v1, +get /version, -post /api/v1, -get /metrics, -get /debug/pprof, " +
			"+create selfsubjectaccessreviews.authorization.k8s.io, +create selfsubjectrulesreviews.authorization.k8s.io, " +
			"+create selfsubjectreviews.authentication.k8s.io, -create subjectaccessreviews.authorization.k8s.io, -create tokenreviews.authentication.k8s.io, " +
			"-list pods, -get pods, -list namespaces, -get secrets, -create pods, -get clusterroles.rbac.authorization.k8s.io"},
		{"system:anonymous", "system:unauthenticated", "+get /healthz, +get /version, -get /api, -get /apis, -list pods, -create selfsubjectaccessreviews.authorization.k8s.io"},
		{policy.Scheduler, user.AllAuthenticated, "+list pods, +watch pods, +get pods, +watch nodes, +watch namespaces, +create pods/binding, +update pods/status, +create events, " +
			"+create leases.coordination.k8s.io, +get leases.coordination.k8s.io=kube-scheduler, +update leases.coordination.k8s.io=kube-scheduler, " +
			"-update leases.coordination.k8s.io=kube-controller-manager, -delete leases.coordination.k8s.io=kube-scheduler, " +
			"-update pods, -create pods, -update nodes, -get secrets, -get configmaps, -create pods/exec"},
		{policy.Controllers, user.AllAuthenticated, "+list pods, +watch pods, +create pods, +get pods, +delete pods, +update pods, " +
			"+watch replicasets.apps, +get replicasets.apps, +update replicasets.apps/status, +get replicationcontrollers, +update replicationcontrollers/status, " +
			"+create endpointslices.discovery.k8s.io, +update endpointslices.discovery.k8s.io, +delete endpointslices.discovery.k8s.io, +create events, +get endpoints, " +
			"+update namespaces/finalize, +update namespaces/status, +create secrets, +update secrets, +create serviceaccounts, +update configmaps, +update nodes, " +
			"+update nodes/status, +update pods/status, +watch leases.coordination.k8s.io, +get leases.coordination.k8s.io, " +
			"+create leases.coordination.k8s.io, +update leases.coordination.k8s.io=kube-controller-manager, " +
			"-create pods/binding, -create pods/exec, -escalate clusterroles.rbac.authorization.k8s.io, -bind clusterroles.rbac.authorization.k8s.io, " +
			"-create clusterrolebindings.rbac.authorization.k8s.io, -create nodes, -get /metrics, -impersonate users"},
		{policy.Proxy, user.AllAuthenticated, "+watch services, +list endpointslices.discovery.k8s.io, +get nodes, +create events, -get services, -list pods, -get secrets, -update nodes"},
		{"system:serviceaccount:kube-system:replicaset-controller", "", "+create pods, +update replicasets.apps/status, -update replicationcontrollers/status, -create secrets"},
		{"system:serviceaccount:default:replicaset-controller", "", "-create pods"},
		{"system:serviceaccount:kube-system:generic-garbage-collector", "", "+delete roles.rbac.authorization.k8s.io, -create pods"},
		{"system:node:n", user.Nodes, "-watch secrets, -list secrets, -get secrets, -list configmaps, -watch configmaps, -get pods, -update nodes, -update secrets"},
	} {
		check(t, policy.Objects(), user.Info{Name: c.user, Groups: strings.Fields(c.groups)}, c.asks)
	}
}

// Goal: view reads but no secrets, edit writes but grants nothing, admin grants within its namespace. Method: each bound to somebody there.
func TestRolesOfPeople(t *testing.T) {
	for role, asks := range map[string]string{
		"view": "+list pods, +get pods/log, +watch replicasets.apps, +get configmaps, +get endpointslices.discovery.k8s.io, +get namespaces, -get secrets, -create pods, " +
			"-create pods/exec, -list roles.rbac.authorization.k8s.io, -list nodes",
		"edit": "+list pods, +get pods/log, +get secrets, +delete pods, +create pods/exec, +create serviceaccounts/token, +update replicasets.apps/scale, " +
			"-create roles.rbac.authorization.k8s.io, -update nodes, -update endpoints, -update pods/status",
		"admin": "+get secrets, +delete pods, +create roles.rbac.authorization.k8s.io, +create rolebindings.rbac.authorization.k8s.io, " +
			"+create localsubjectaccessreviews.authorization.k8s.io, -update namespaces, -create clusterroles.rbac.authorization.k8s.io, -list nodes, -get /metrics",
		"cluster-admin": "+update nodes, +create clusterroles.rbac.authorization.k8s.io, -get /metrics", // in a namespace there are no paths
	} {
		all := append(policy.Objects(), bind("d", role, "jane"))
		check(t, all, user.Info{Name: "jane"}, asks)
		for _, ask := range strings.Split(asks, ", ") {
			check(t, append(policy.Objects(), bind("e", role, "jane")), user.Info{Name: "jane"}, "-"+ask[1:])
		}
	}
}

func check(t *testing.T, all rbac.Objects, u user.Info, asks string) {
	for _, ask := range strings.Split(asks, ", ") {
		want, verb, what := ask[0] == '+', strings.Fields(ask[1:])[0], strings.Fields(ask[1:])[1]
		a := rbac.Attributes{Verb: verb, Path: what}
		if !strings.HasPrefix(what, "/") {
			a = rbac.Attributes{Verb: verb, Namespace: "d"}
			what, a.Name, _ = strings.Cut(what, "=")
			what, a.Subresource, _ = strings.Cut(what, "/")
			a.Resource, a.Group, _ = strings.Cut(what, ".")
		}
		got, reason := rbac.Allowed(u, a, all, all)
		require.Equal(t, want, got, "%s: %s %s", u.Name, ask, reason)
	}
}

func bind(namespace, role, name string) api.Object {
	return &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "b"}, Subjects: []rbacv1.Subject{{Kind: "User", Name: name}},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}}
}
