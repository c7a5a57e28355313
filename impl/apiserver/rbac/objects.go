package rbac

import (
	"iter"

	rbacv1 "k8s.io/api/rbac/v1"

	"orrery/impl/api"
)

// Objects are [Roles] and [Bindings] that are few: each is looked for from the beginning.
type Objects []api.Object

// Role implements [Roles].
func (o Objects) Role(namespace, name string) *rbacv1.Role {
	for r := range kind[*rbacv1.Role](o) {
		if r.Namespace == namespace && r.Name == name {
			return r
		}
	}
	return nil
}

// ClusterRole implements [Roles].
func (o Objects) ClusterRole(name string) *rbacv1.ClusterRole {
	for r := range o.ClusterRoles() {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// ClusterRoles implements [Roles].
func (o Objects) ClusterRoles() iter.Seq[*rbacv1.ClusterRole] { return kind[*rbacv1.ClusterRole](o) }

// ClusterRoleBindings implements [Bindings].
func (o Objects) ClusterRoleBindings() iter.Seq[*rbacv1.ClusterRoleBinding] {
	return kind[*rbacv1.ClusterRoleBinding](o)
}

// RoleBindings implements [Bindings].
func (o Objects) RoleBindings(namespace string) iter.Seq[*rbacv1.RoleBinding] {
	return func(yield func(*rbacv1.RoleBinding) bool) {
		for b := range kind[*rbacv1.RoleBinding](o) {
			if b.Namespace == namespace && !yield(b) {
				return
			}
		}
	}
}

func kind[T api.Object](o Objects) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, obj := range o {
			if t, ok := obj.(T); ok && !yield(t) {
				return
			}
		}
	}
}
