package policy

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// components are the roles of what makes up a cluster. A kubelet has none: what it may do depends on its pods, and is in package kubelets.
func components() []role {
	all := []role{
		{name: Scheduler, subjects: []rbacv1.Subject{user(Scheduler)}, rules: []rbacv1.PolicyRule{
			events,
			on(core, append(do("delete"), read...), "pods"),
			on(core, do("create"), "bindings", "pods/binding"),
			on(core, do("patch", "update"), "pods/status"),
			on(core, read, "namespaces", "nodes", "replicationcontrollers", "services"),
			on(apps, read, "replicasets"),
			on("authentication.k8s.io", do("create"), "tokenreviews"),
			on(authorization, do("create"), "subjectaccessreviews"),
			on(coordination, do("create"), "leases"), leads("kube-scheduler"),
		}},
		{name: Controllers, subjects: []rbacv1.Subject{user(Controllers)}, rules: []rbacv1.PolicyRule{
			events,
			// The tokens of service accounts that lie in secrets are made under this name, by upstream too.
			on(core, do("create"), "secrets", "serviceaccounts"),
			on(core, do("delete"), "secrets"),
			on(core, do("get"), "configmaps", "namespaces", "secrets", "serviceaccounts"),
			on(core, do("update"), "secrets", "serviceaccounts"),
			on("authentication.k8s.io", do("create"), "tokenreviews"),
			on(authorization, do("create"), "subjectaccessreviews"),
			on("*", do("list", "watch"), "*"),
			on(core, do("create"), "serviceaccounts/token"),
			on(coordination, do("create"), "leases"), leads("kube-controller-manager"),
		}},
		{name: "system:node-proxier", subjects: []rbacv1.Subject{user(Proxy)}, rules: []rbacv1.PolicyRule{
			events,
			on(core, do("list", "watch"), "endpoints", "services"),
			on(core, read, "nodes"),
			on(discovery, do("list", "watch"), "endpointslices"),
		}},
	}
	for _, c := range controllers() {
		c.subjects = []rbacv1.Subject{account(strings.TrimPrefix(c.name, "system:controller:")), user(Controllers)}
		all = append(all, c)
	}
	return all
}

// leads is for who is elected by the lease of that name.
func leads(lease string) rbacv1.PolicyRule {
	rule := on(coordination, do("get", "update"), "leases")
	rule.ResourceNames = []string{lease}
	return rule
}

// controllers are the control loops.
func controllers() []role {
	controller := func(name string, rules ...rbacv1.PolicyRule) role {
		return role{name: "system:controller:" + name, rules: rules}
	}
	// Upstream: no get, as it relies on its cache; patch for update.
	podsOfOwners := on(core, do("create", "delete", "get", "list", "patch", "update", "watch"), "pods")
	return []role{
		controller("endpoint-controller",
			on(core, read, "pods", "services"),
			on(core, do("create", "delete", "get", "list", "update", "watch"), "endpoints"),
			on(core, do("create"), "endpoints/restricted"), events),
		controller("endpointslice-controller",
			on(core, read, "nodes", "pods", "services"),
			on(core, do("update"), "services/finalizers"),
			on(discovery, do("create", "delete", "get", "list", "update", "watch"), "endpointslices"), events),
		controller("generic-garbage-collector",
			on("*", do("delete", "get", "list", "patch", "update", "watch"), "*"), events),
		controller("namespace-controller",
			on(core, do("delete", "get", "list", "watch"), "namespaces"),
			on(core, do("update"), "namespaces/finalize", "namespaces/status"),
			on("*", do("delete", "deletecollection", "get", "list"), "*")),
		controller("node-controller",
			on(core, do("delete", "get", "list", "patch", "update", "watch"), "nodes"),
			on(core, do("patch", "update"), "nodes/status", "pods/status"),
			on(core, do("delete", "get", "list", "watch"), "pods"),
			on(coordination, read, "leases"), events),
		controller("pod-garbage-collector",
			on(core, do("delete", "get", "list", "watch"), "pods"),
			on(core, do("get", "list", "watch"), "nodes"),
			on(core, do("patch", "update"), "pods/status")),
		controller("replicaset-controller",
			on(apps, do("get", "list", "update", "watch"), "replicasets"),
			on(apps, do("update"), "replicasets/status", "replicasets/finalizers"),
			podsOfOwners, events),
		controller("replication-controller",
			on(core, do("get", "list", "update", "watch"), "replicationcontrollers"),
			on(core, do("update"), "replicationcontrollers/status", "replicationcontrollers/finalizers"),
			podsOfOwners, events),
		controller("root-ca-cert-publisher",
			on(core, do("create", "update"), "configmaps"), events),
		controller("service-account-controller",
			on(core, do("create"), "serviceaccounts"), events),
	}
}
