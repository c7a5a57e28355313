package policy

import (
	rbacv1 "k8s.io/api/rbac/v1"

	apiuser "orrery/impl/apiserver/user"
)

const (
	toAdmin = "rbac.authorization.k8s.io/aggregate-to-admin"
	toEdit  = "rbac.authorization.k8s.io/aggregate-to-edit"
	toView  = "rbac.authorization.k8s.io/aggregate-to-view"
)

func labeled(keys ...string) map[string]string {
	labels := map[string]string{}
	for _, key := range keys {
		labels[key] = "true"
	}
	return labels
}

// people are the roles of those who use a cluster, and of everybody.
func people() []role {
	everybody, strangers, monitors := group(apiuser.AllAuthenticated), group(apiuser.AllUnauthenticated), group("system:monitoring")
	return []role{
		{name: "cluster-admin", subjects: []rbacv1.Subject{group(apiuser.Masters)}, rules: []rbacv1.PolicyRule{
			on("*", do("*"), "*"),
			{Verbs: do("*"), NonResourceURLs: []string{"*"}},
		}},
		{name: "system:discovery", subjects: []rbacv1.Subject{everybody}, rules: []rbacv1.PolicyRule{
			paths("/livez", "/readyz", "/healthz", "/version", "/version/", "/openapi", "/openapi/*", "/api", "/api/*", "/apis", "/apis/*"),
		}},
		{name: "system:basic-user", subjects: []rbacv1.Subject{everybody}, rules: []rbacv1.PolicyRule{
			on(authorization, do("create"), "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
			on("authentication.k8s.io", do("create"), "selfsubjectreviews"),
		}},
		{name: "system:public-info-viewer", subjects: []rbacv1.Subject{everybody, strangers}, rules: []rbacv1.PolicyRule{
			paths("/livez", "/readyz", "/healthz", "/version", "/version/"),
		}},
		{name: "system:monitoring", subjects: []rbacv1.Subject{monitors}, rules: []rbacv1.PolicyRule{
			paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"),
		}},
		{name: "admin", gathers: toAdmin},
		{name: "edit", gathers: toEdit, labels: labeled(toAdmin)},
		{name: "view", gathers: toView, labels: labeled(toEdit)},
		{name: "system:aggregate-to-admin", labels: labeled(toAdmin), rules: []rbacv1.PolicyRule{
			on(authorization, do("create"), "localsubjectaccessreviews"),
			on(rbacv1.GroupName, readWrite, "roles", "rolebindings"),
		}},
		{name: "system:aggregate-to-edit", labels: labeled(toEdit), rules: []rbacv1.PolicyRule{
			on(core, read, "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"),
			on(core, do("impersonate"), "serviceaccounts"),
			on(core, write, "pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"),
			on(core, do("create"), "pods/eviction"),
			on(core, write, "configmaps", "events", "replicationcontrollers", "replicationcontrollers/scale", "secrets", "serviceaccounts",
				"services", "services/proxy"),
			on(core, do("create"), "serviceaccounts/token"),
			on(apps, write, "replicasets", "replicasets/scale"),
			on(coordination, readWrite, "leases"),
		}},
		{name: "system:aggregate-to-view", labels: labeled(toView), rules: []rbacv1.PolicyRule{
			on(core, read, "configmaps", "endpoints", "pods", "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services",
				"services/status"),
			on(core, read, "bindings", "events", "namespaces/status", "pods/log", "pods/status", "replicationcontrollers/status"),
			on(core, read, "namespaces"),
			on(discovery, read, "endpointslices"),
			on(apps, read, "replicasets", "replicasets/scale", "replicasets/status"),
		}},
	}
}
