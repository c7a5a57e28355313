package object

import "slices"

// Finalizers that say what becomes of the dependents of an object that is being deleted.
const (
	Foreground = "foregroundDeletion" // it stays until those that block it are gone
	Orphan     = "orphan"             // it stays until none refers to it
)

// Wish is the one of those that the object has; empty: its dependents are deleted once it is gone.
func (o *Object) Wish() string {
	for _, wish := range []string{Orphan, Foreground} {
		if slices.Contains(o.Metadata.Finalizers, wish) {
			return wish
		}
	}
	return ""
}

// Leaving: it is being deleted.
func (o *Object) Leaving() bool { return o.Metadata.DeletionTimestamp != "" }

// Waits: it is being deleted, and waits for its dependents to go first.
func (o *Object) Waits() bool { return o.Leaving() && o.Wish() == Foreground }

// Kind is how objects of a kind are kept.
type Kind struct {
	Resource   string
	Namespaced bool
}

// Kinds are those that an owner may be of, by apiVersion and kind with a slash between.
var Kinds = map[string]Kind{
	"apps/v1/ReplicaSet":                              {"replicasets", true},
	"coordination.k8s.io/v1/Lease":                    {"leases", true},
	"discovery.k8s.io/v1/EndpointSlice":               {"endpointslices", true},
	"rbac.authorization.k8s.io/v1/ClusterRole":        {"clusterroles", false},
	"rbac.authorization.k8s.io/v1/ClusterRoleBinding": {"clusterrolebindings", false},
	"rbac.authorization.k8s.io/v1/Role":               {"roles", true},
	"rbac.authorization.k8s.io/v1/RoleBinding":        {"rolebindings", true},
	"v1/ConfigMap":                                    {"configmaps", true},
	"v1/Endpoints":                                    {"endpoints", true},
	"v1/Event":                                        {"events", true},
	"v1/Namespace":                                    {"namespaces", false},
	"v1/Node":                                         {"nodes", false},
	"v1/Pod":                                          {"pods", true},
	"v1/ReplicationController":                        {"replicationcontrollers", true},
	"v1/Secret":                                       {"secrets", true},
	"v1/Service":                                      {"services", true},
	"v1/ServiceAccount":                               {"serviceaccounts", true},
}

// Of is the kind of the owner that a reference names.
func (r OwnerReference) Of() (Kind, bool) {
	kind, known := Kinds[r.APIVersion+"/"+r.Kind]
	return kind, known
}

// Namespaced reports whether objects of a resource are in namespaces.
func Namespaced(resource string) bool {
	for _, kind := range Kinds { // order does not matter: no resource is there twice
		if kind.Resource == resource {
			return kind.Namespaced
		}
	}
	return true
}
