package kubelets

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/selection"

	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// Cluster is what a decision looks up. What is not there is nil. Nobody modifies what it returns.
type Cluster interface {
	Pod(namespace, name string) *corev1.Pod
	Pods(namespace string) iter.Seq[*corev1.Pod]
	Node(name string) *corev1.Node
}

const prefix = "system:node:"

// Node is the node of a user; ok is false for whoever is no kubelet. A kubelet that does not say of which node it is has none.
func Node(u user.Info) (name string, ok bool) {
	name, ok = strings.CutPrefix(u.Name, prefix)
	return name, ok && u.In(user.Nodes)
}

// rules are those of every kubelet, whatever its pods.
var rules = []rbacv1.PolicyRule{
	{Verbs: []string{"create"}, APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}},
	{Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"localsubjectaccessreviews", "subjectaccessreviews"}},
	{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"services"}},
	{Verbs: []string{"create", "patch", "update"}, APIGroups: []string{""}, Resources: []string{"events"}},
}

// Authorize reports whether u, as a kubelet, may do what a asks for, or why it has nothing that allows it.
func Authorize(u user.Info, a rbac.Attributes, cluster Cluster) (allowed bool, reason string) {
	node, ok := Node(u)
	switch {
	case !ok:
		return false, ""
	case node == "":
		return false, fmt.Sprintf("unknown node for user %q", u.Name)
	}
	switch a.Group + "/" + a.Resource {
	case "/secrets", "/configmaps":
		return object(node, a, cluster)
	case "/serviceaccounts":
		return token(node, a, cluster)
	case "coordination.k8s.io/leases":
		return lease(node, a)
	case "/nodes":
		return itself(node, a)
	case "/pods":
		return pod(node, a, cluster)
	}
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool { return rbac.Match(&r, a) }), ""
}

func unrelated(node string) string {
	return fmt.Sprintf("no relationship found between node '%s' and this object", node)
}

// object: a secret or config map is read where a pod of the node refers to it.
func object(node string, a rbac.Attributes, cluster Cluster) (bool, string) {
	switch {
	case a.Verb != "get" && a.Verb != "list" && a.Verb != "watch":
		return false, "can only read resources of this type"
	case a.Subresource != "":
		return false, "cannot read subresource"
	case a.Namespace == "":
		return false, "can only read namespaced object of this type"
	case a.Name == "":
		return false, "No Object name found"
	}
	for p := range bound(node, a.Namespace, cluster) {
		if refersTo(p, a.Resource, a.Name) {
			return true, ""
		}
	}
	return false, unrelated(node)
}

// bound are the pods of a namespace that a node runs and that somebody else has made: a mirror pod, which the kubelet makes itself, would let it
// read whatever it names.
func bound(node, namespace string, cluster Cluster) iter.Seq[*corev1.Pod] {
	return func(yield func(*corev1.Pod) bool) {
		for p := range cluster.Pods(namespace) {
			if _, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]; p.Spec.NodeName == node && !mirror && !yield(p) {
				return
			}
		}
	}
}

func token(node string, a rbac.Attributes, cluster Cluster) (bool, string) {
	switch {
	case a.Verb != "create" || a.Name == "":
		return false, "can only create tokens for individual service accounts"
	case a.Subresource != "token":
		return false, "can only create token subresource of serviceaccount"
	}
	for p := range bound(node, a.Namespace, cluster) {
		if p.Spec.ServiceAccountName == a.Name {
			return true, ""
		}
	}
	return false, unrelated(node)
}

// lease: its name is not known yet where it is created, and looked at by Restrict.
//
// Upstream: no list and watch, as its kubelet reads its lease now and then. Ours watches it, which shows it nothing else.
func lease(node string, a rbac.Attributes) (bool, string) {
	switch {
	case !slices.Contains([]string{"get", "list", "watch", "create", "update", "patch", "delete"}, a.Verb):
		return false, "can only get, create, update, patch, or delete a node lease"
	case a.Namespace != corev1.NamespaceNodeLease:
		return false, fmt.Sprintf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease)
	case a.Verb != "create" && a.Name != node:
		return false, "can only access node lease with the same name as the requesting node"
	}
	return true, ""
}

// itself: which Node is written is looked at by Restrict.
func itself(node string, a rbac.Attributes) (bool, string) {
	switch a.Subresource + "/" + a.Verb {
	case "/create", "/update", "/patch", "status/update", "status/patch":
		return true, ""
	case "/get", "/list", "/watch":
		switch a.Name {
		case node:
			return true, ""
		case "":
			return false, fmt.Sprintf("node '%s' cannot read all nodes, only its own Node object", node)
		}
		return false, fmt.Sprintf("node '%s' cannot read '%s', only its own Node object", node, a.Name)
	}
	return false, ""
}

// pod: which pods are written is looked at by Restrict, as is what was read where the cache does not know of it.
func pod(node string, a rbac.Attributes, cluster Cluster) (bool, string) {
	switch a.Subresource + "/" + a.Verb {
	case "/create", "/delete", "status/update", "status/patch", "eviction/create":
		return true, ""
	case "/get":
		// Upstream: refuses what it does not know of, so that a kubelet that asks for a pod that is gone hears 403 and not 404.
		if p := cluster.Pod(a.Namespace, a.Name); p != nil && p.Spec.NodeName != node {
			return false, unrelated(node)
		}
		return true, ""
	case "/list", "/watch":
		for _, r := range a.Fields {
			if r.Field == "spec.nodeName" && (r.Operator == selection.Equals || r.Operator == selection.DoubleEquals) && r.Value == node {
				return true, ""
			}
		}
		return false, "can only list/watch pods with spec.nodeName field selector"
	}
	return false, ""
}
