package registry

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Bindings say to whom a role is given. To which role never changes.
var (
	roleBinding = strategy[*rbacv1.RoleBinding]{
		name:     validPathSegment,
		defaults: func(obj *rbacv1.RoleBinding) { defaultBinding(&obj.RoleRef, obj.Subjects) },
		validate: func(obj *rbacv1.RoleBinding) field.ErrorList {
			return validateBinding(obj.RoleRef, obj.Subjects, true)
		},
		update: rewrite[*rbacv1.RoleBinding]{validate: func(obj, old *rbacv1.RoleBinding) field.ErrorList {
			return append(validateBinding(obj.RoleRef, obj.Subjects, true), sameRole(obj.RoleRef, old.RoleRef)...)
		}},
	}
	clusterRoleBinding = strategy[*rbacv1.ClusterRoleBinding]{
		name:     validPathSegment,
		defaults: func(obj *rbacv1.ClusterRoleBinding) { defaultBinding(&obj.RoleRef, obj.Subjects) },
		validate: func(obj *rbacv1.ClusterRoleBinding) field.ErrorList {
			return validateBinding(obj.RoleRef, obj.Subjects, false)
		},
		update: rewrite[*rbacv1.ClusterRoleBinding]{validate: func(obj, old *rbacv1.ClusterRoleBinding) field.ErrorList {
			return append(validateBinding(obj.RoleRef, obj.Subjects, false), sameRole(obj.RoleRef, old.RoleRef)...)
		}},
	}
)

// defaultBinding fills in the one group of which roles, users and groups can be.
func defaultBinding(ref *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	if ref.APIGroup == "" {
		ref.APIGroup = rbacv1.GroupName
	}
	for i := range subjects {
		if s := &subjects[i]; s.APIGroup == "" && (s.Kind == rbacv1.UserKind || s.Kind == rbacv1.GroupKind) {
			s.APIGroup = rbacv1.GroupName
		}
	}
}

func sameRole(ref, old rbacv1.RoleRef) field.ErrorList {
	if ref != old {
		return field.ErrorList{field.Invalid(field.NewPath("roleRef"), ref, "cannot change roleRef")}
	}
	return nil
}

func validateBinding(ref rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool) field.ErrorList {
	var errs field.ErrorList
	path := field.NewPath("roleRef")
	if ref.APIGroup != rbacv1.GroupName {
		errs = append(errs, field.NotSupported(path.Child("apiGroup"), ref.APIGroup, []string{rbacv1.GroupName}))
	}
	kinds := []string{"ClusterRole"}
	if namespaced {
		kinds = []string{"Role", "ClusterRole"}
	}
	if !slices.Contains(kinds, ref.Kind) {
		errs = append(errs, field.NotSupported(path.Child("kind"), ref.Kind, kinds))
	}
	if ref.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), ""))
	} else {
		errs = append(errs, invalid(path.Child("name"), ref.Name, validPathSegment(ref.Name, false))...)
	}
	for i, subject := range subjects {
		errs = append(errs, validateSubject(field.NewPath("subjects").Index(i), subject, namespaced)...)
	}
	return errs
}

func validateSubject(path *field.Path, s rbacv1.Subject, namespaced bool) field.ErrorList {
	var errs field.ErrorList
	if s.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), ""))
	}
	group := rbacv1.GroupName
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		group = ""
		if s.Name != "" {
			errs = append(errs, invalid(path.Child("name"), s.Name, apivalidation.ValidateServiceAccountName(s.Name, false))...)
		}
		if !namespaced && s.Namespace == "" {
			errs = append(errs, field.Required(path.Child("namespace"), ""))
		}
	case rbacv1.UserKind, rbacv1.GroupKind:
	default:
		return append(errs, field.NotSupported(path.Child("kind"), s.Kind, []string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind}))
	}
	if s.APIGroup != group {
		errs = append(errs, field.NotSupported(path.Child("apiGroup"), s.APIGroup, []string{group}))
	}
	return errs
}
