package apiserver

import (
	"errors"
	"fmt"
	"iter"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/kubelets"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

// Authorize reports whether u may do what a asks for, by upstream's modes Node and RBAC and the caches as they are, or why not. The
// error is that the server cannot say yet.
//
// Upstream: says 403 before its informers are filled, too. Nobody can tell that from a refusal.
func (s *Server) Authorize(u user.Info, a rbac.Attributes) (allowed bool, reason string, err error) {
	if u.In(user.Masters) {
		return true, "", nil
	}
	known, err := s.feed.known()
	if err != nil {
		return false, "", err
	}
	allowed, reason = known.allowed(u, a)
	return allowed, reason, nil
}

// Rules are what u may do in a namespace. They are incomplete for a kubelet, whose rights depend on its pods, and where err says so.
func (s *Server) Rules(u user.Info, namespace string) (rules []rbacv1.PolicyRule, incomplete bool, err error) {
	known, err := s.feed.known()
	if err != nil {
		return nil, true, err
	}
	rules, err = rbac.Rules(u, namespace, known, known)
	if _, ok := kubelets.Node(u); ok {
		err = errors.Join(errors.New("node authorizer does not support user rule resolution"), err)
	}
	return rules, err != nil, err
}

// admit refuses what u may not do to this very object: what a kubelet must leave alone, and grants of what u has not.
func (s *Server) admit(u user.Info, req api.Request, old, obj api.Object) error {
	if u.In(user.Masters) {
		return nil
	}
	known, err := s.feed.known()
	if err != nil {
		return err
	}
	if err := kubelets.Restrict(u, req, old, obj, known); err != nil {
		return err
	}
	if req.Verb != api.Create && req.Verb != api.Update && req.Verb != api.Patch {
		return nil
	}
	authorize := func(u user.Info, a rbac.Attributes) bool {
		allowed, _ := known.allowed(u, a)
		return allowed
	}
	return rbac.Grant(u, obj, old, authorize, known, known)
}

// known is what the caches say at one moment. It implements what package rbac and package kubelets look up.
type known struct {
	roles, clusterRoles, roleBindings, clusterRoleBindings, pods, nodes cache.Snapshot
}

// The resources that rights depend on.
var (
	roles, clusterRoles               = served("roles"), served("clusterroles")
	roleBindings, clusterRoleBindings = served("rolebindings"), served("clusterrolebindings")
	pods, nodes                       = served("pods"), served("nodes")
)

func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("apiserver: " + name + " are not served")
	}
	return r
}

// known takes all at once: every cache is at the same revision.
func (f *feed) known() (*known, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := &known{}
	for _, part := range []struct {
		resource *api.Resource
		into     *cache.Snapshot
	}{
		{roles, &k.roles}, {clusterRoles, &k.clusterRoles}, {roleBindings, &k.roleBindings}, {clusterRoleBindings, &k.clusterRoleBindings},
		{pods, &k.pods}, {nodes, &k.nodes},
	} {
		snapshot, ready := f.set.Of(part.resource).Snapshot()
		if !ready {
			return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("who may do what is not known before the cache of %s is filled", part.resource.Name))
		}
		*part.into = snapshot
	}
	return k, nil
}

// allowed asks the node authorizer, then RBAC.
func (k *known) allowed(u user.Info, a rbac.Attributes) (bool, string) {
	allowed, forKubelet := kubelets.Authorize(u, a, k)
	if allowed {
		return true, forKubelet
	}
	allowed, reason := rbac.Allowed(u, a, k, k)
	switch {
	case allowed || forKubelet == "":
	case reason == "":
		reason = forKubelet
	default:
		reason = forKubelet + "\n" + reason
	}
	return allowed, reason
}

func one[T api.Object](s cache.Snapshot, r *api.Resource, namespace, name string) (obj T) {
	if item, ok := s.Get(r.Key(namespace, name)); ok {
		obj, _ = item.Object.(T)
	}
	return obj
}

func each[T api.Object](s cache.Snapshot, r *api.Resource, namespace string) iter.Seq[T] {
	return func(yield func(T) bool) {
		s.Ascend(r.Root(namespace), "", func(item *cache.Item) bool {
			obj, ok := item.Object.(T)
			return !ok || yield(obj)
		})
	}
}

// Role implements [rbac.Roles].
func (k *known) Role(namespace, name string) *rbacv1.Role {
	return one[*rbacv1.Role](k.roles, roles, namespace, name)
}

// ClusterRole implements [rbac.Roles].
func (k *known) ClusterRole(name string) *rbacv1.ClusterRole {
	return one[*rbacv1.ClusterRole](k.clusterRoles, clusterRoles, "", name)
}

// ClusterRoles implements [rbac.Roles].
func (k *known) ClusterRoles() iter.Seq[*rbacv1.ClusterRole] {
	return each[*rbacv1.ClusterRole](k.clusterRoles, clusterRoles, "")
}

// ClusterRoleBindings implements [rbac.Bindings].
func (k *known) ClusterRoleBindings() iter.Seq[*rbacv1.ClusterRoleBinding] {
	return each[*rbacv1.ClusterRoleBinding](k.clusterRoleBindings, clusterRoleBindings, "")
}

// RoleBindings implements [rbac.Bindings].
func (k *known) RoleBindings(namespace string) iter.Seq[*rbacv1.RoleBinding] {
	return each[*rbacv1.RoleBinding](k.roleBindings, roleBindings, namespace)
}

// Pod implements [kubelets.Cluster].
func (k *known) Pod(namespace, name string) *corev1.Pod {
	return one[*corev1.Pod](k.pods, pods, namespace, name)
}

// Pods implements [kubelets.Cluster].
func (k *known) Pods(namespace string) iter.Seq[*corev1.Pod] {
	return each[*corev1.Pod](k.pods, pods, namespace)
}

// Node implements [kubelets.Cluster].
func (k *known) Node(name string) *corev1.Node { return one[*corev1.Node](k.nodes, nodes, "", name) }
