//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still serves them

package api

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Object is any object that the API serves: a typed struct of k8s.io/api.
type Object interface {
	runtime.Object
	metav1.Object
}

// Resource describes one kind that the API serves.
type Resource struct {
	Group, Version string
	Name           string // plural, as in the path
	Singular       string
	Kind           string
	ShortNames     []string
	Categories     []string
	Namespaced     bool
	Subresources   []string // status, scale, binding, log, exec, ...
	// Prefix is the key in the store below "/registry", without slashes at its ends: upstream's layout.
	Prefix  string
	New     func() Object
	NewList func() runtime.Object
}

// Resources are the kinds served, in the order in which discovery lists them.
var Resources = []*Resource{
	{Version: "v1", Name: "configmaps", Singular: "configmap", Kind: "ConfigMap", ShortNames: []string{"cm"}, Namespaced: true, Prefix: "configmaps",
		New: func() Object { return &corev1.ConfigMap{} }, NewList: func() runtime.Object { return &corev1.ConfigMapList{} }},
	{Version: "v1", Name: "endpoints", Singular: "endpoints", Kind: "Endpoints", ShortNames: []string{"ep"}, Namespaced: true, Prefix: "services/endpoints",
		New: func() Object { return &corev1.Endpoints{} }, NewList: func() runtime.Object { return &corev1.EndpointsList{} }},
	{Version: "v1", Name: "events", Singular: "event", Kind: "Event", ShortNames: []string{"ev"}, Namespaced: true, Prefix: "events",
		New: func() Object { return &corev1.Event{} }, NewList: func() runtime.Object { return &corev1.EventList{} }},
	{Version: "v1", Name: "namespaces", Singular: "namespace", Kind: "Namespace", ShortNames: []string{"ns"}, Prefix: "namespaces", Subresources: []string{"status", "finalize"},
		New: func() Object { return &corev1.Namespace{} }, NewList: func() runtime.Object { return &corev1.NamespaceList{} }},
	{Version: "v1", Name: "nodes", Singular: "node", Kind: "Node", ShortNames: []string{"no"}, Prefix: "minions", Subresources: []string{"status"},
		New: func() Object { return &corev1.Node{} }, NewList: func() runtime.Object { return &corev1.NodeList{} }},
	{Version: "v1", Name: "pods", Singular: "pod", Kind: "Pod", ShortNames: []string{"po"}, Categories: []string{"all"}, Namespaced: true, Prefix: "pods",
		Subresources: []string{"status", "binding", "eviction", "log", "exec", "attach", "portforward"},
		New:          func() Object { return &corev1.Pod{} }, NewList: func() runtime.Object { return &corev1.PodList{} }},
	{Version: "v1", Name: "replicationcontrollers", Singular: "replicationcontroller", Kind: "ReplicationController", ShortNames: []string{"rc"}, Categories: []string{"all"},
		Namespaced: true, Prefix: "controllers", Subresources: []string{"status", "scale"},
		New: func() Object { return &corev1.ReplicationController{} }, NewList: func() runtime.Object { return &corev1.ReplicationControllerList{} }},
	{Version: "v1", Name: "secrets", Singular: "secret", Kind: "Secret", Namespaced: true, Prefix: "secrets",
		New: func() Object { return &corev1.Secret{} }, NewList: func() runtime.Object { return &corev1.SecretList{} }},
	{Version: "v1", Name: "serviceaccounts", Singular: "serviceaccount", Kind: "ServiceAccount", ShortNames: []string{"sa"}, Namespaced: true, Prefix: "serviceaccounts",
		Subresources: []string{"token"},
		New:          func() Object { return &corev1.ServiceAccount{} }, NewList: func() runtime.Object { return &corev1.ServiceAccountList{} }},
	{Version: "v1", Name: "services", Singular: "service", Kind: "Service", ShortNames: []string{"svc"}, Categories: []string{"all"}, Namespaced: true, Prefix: "services/specs",
		Subresources: []string{"status"},
		New:          func() Object { return &corev1.Service{} }, NewList: func() runtime.Object { return &corev1.ServiceList{} }},
	{Group: "apps", Version: "v1", Name: "replicasets", Singular: "replicaset", Kind: "ReplicaSet", ShortNames: []string{"rs"}, Categories: []string{"all"}, Namespaced: true,
		Prefix: "replicasets", Subresources: []string{"status", "scale"},
		New: func() Object { return &appsv1.ReplicaSet{} }, NewList: func() runtime.Object { return &appsv1.ReplicaSetList{} }},
	{Group: "coordination.k8s.io", Version: "v1", Name: "leases", Singular: "lease", Kind: "Lease", Namespaced: true, Prefix: "leases",
		New: func() Object { return &coordinationv1.Lease{} }, NewList: func() runtime.Object { return &coordinationv1.LeaseList{} }},
	{Group: "discovery.k8s.io", Version: "v1", Name: "endpointslices", Singular: "endpointslice", Kind: "EndpointSlice", Namespaced: true, Prefix: "endpointslices",
		New: func() Object { return &discoveryv1.EndpointSlice{} }, NewList: func() runtime.Object { return &discoveryv1.EndpointSliceList{} }},
	{Group: rbacv1.GroupName, Version: "v1", Name: "clusterrolebindings", Singular: "clusterrolebinding", Kind: "ClusterRoleBinding", Prefix: "clusterrolebindings",
		New: func() Object { return &rbacv1.ClusterRoleBinding{} }, NewList: func() runtime.Object { return &rbacv1.ClusterRoleBindingList{} }},
	{Group: rbacv1.GroupName, Version: "v1", Name: "clusterroles", Singular: "clusterrole", Kind: "ClusterRole", Prefix: "clusterroles",
		New: func() Object { return &rbacv1.ClusterRole{} }, NewList: func() runtime.Object { return &rbacv1.ClusterRoleList{} }},
	{Group: rbacv1.GroupName, Version: "v1", Name: "rolebindings", Singular: "rolebinding", Kind: "RoleBinding", Namespaced: true, Prefix: "rolebindings",
		New: func() Object { return &rbacv1.RoleBinding{} }, NewList: func() runtime.Object { return &rbacv1.RoleBindingList{} }},
	{Group: rbacv1.GroupName, Version: "v1", Name: "roles", Singular: "role", Kind: "Role", Namespaced: true, Prefix: "roles",
		New: func() Object { return &rbacv1.Role{} }, NewList: func() runtime.Object { return &rbacv1.RoleList{} }},
}

// ByName returns the resource with that plural name. The names served are unique over all groups.
func ByName(name string) (*Resource, bool) {
	for _, r := range Resources {
		if r.Name == name {
			return r, true
		}
	}
	return nil, false
}

// ByObject returns the resource of a typed object.
func ByObject(obj runtime.Object) (*Resource, bool) {
	gvks, _, err := Scheme.ObjectKinds(obj)
	if err != nil {
		return nil, false
	}
	for _, gvk := range gvks {
		for _, r := range Resources {
			if r.GVK() == gvk {
				return r, true
			}
		}
	}
	return nil, false
}

// GVK and GVR are the resource's names in upstream's terms.
func (r *Resource) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
}

// GVR is the group, version and plural name.
func (r *Resource) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}
}

// GR is the group and plural name, as errors name it.
func (r *Resource) GR() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Name}
}

// Root is the prefix of all of this resource's keys in the store; with a namespace, of the keys in it.
func (r *Resource) Root(namespace string) string {
	root := "/registry/" + r.Prefix + "/"
	if namespace != "" {
		root += namespace + "/"
	}
	return root
}

// Key is the store's key of one object; namespace is empty for a resource without namespaces.
func (r *Resource) Key(namespace, name string) string { return r.Root(namespace) + name }

// ByKey is the inverse of [Resource.Key].
func ByKey(key string) (r *Resource, namespace, name string, ok bool) {
	for _, r := range Resources {
		rest, found := strings.CutPrefix(key, r.Root(""))
		if !found {
			continue
		}
		if !r.Namespaced {
			return r, "", rest, rest != ""
		}
		if namespace, name, found := strings.Cut(rest, "/"); found {
			return r, namespace, name, true
		}
	}
	return nil, "", "", false
}
