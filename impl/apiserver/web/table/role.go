package table

import (
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// roleColumns: upstream shows when a role was made, not its age.
var roleColumns = []metav1.TableColumnDefinition{
	name(), {Name: "Created At", Type: "string", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"]},
}

func roleCells(r *rbacv1.Role, _ time.Time) []any { return roleRow(r) }

func clusterRoleCells(r *rbacv1.ClusterRole, _ time.Time) []any { return roleRow(r) }

func roleRow(r metav1.Object) []any {
	return []any{r.GetName(), r.GetCreationTimestamp().UTC().Format(time.RFC3339)}
}

func bindingColumns(kind string, of interface{ SwaggerDoc() map[string]string }) []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		name(),
		{Name: "Role", Type: "string", Description: of.SwaggerDoc()["roleRef"]},
		age(),
		{Name: "Users", Type: "string", Priority: 1, Description: "Users in the " + kind},
		{Name: "Groups", Type: "string", Priority: 1, Description: "Groups in the " + kind},
		{Name: "ServiceAccounts", Type: "string", Priority: 1, Description: "ServiceAccounts in the " + kind},
	}
}

func roleBindingCells(b *rbacv1.RoleBinding, now time.Time) []any {
	return bindingRow(b, b.RoleRef, b.Subjects, now)
}

func clusterRoleBindingCells(b *rbacv1.ClusterRoleBinding, now time.Time) []any {
	return bindingRow(b, b.RoleRef, b.Subjects, now)
}

func bindingRow(b metav1.Object, ref rbacv1.RoleRef, subjects []rbacv1.Subject, now time.Time) []any {
	names := map[string][]string{}
	for _, s := range subjects {
		shown := s.Name
		if s.Kind == rbacv1.ServiceAccountKind {
			shown = s.Namespace + "/" + s.Name
		}
		names[s.Kind] = append(names[s.Kind], shown)
	}
	listed := func(kind string) string { return strings.Join(names[kind], ", ") }
	return []any{
		b.GetName(), ref.Kind + "/" + ref.Name, since(b.GetCreationTimestamp(), now),
		listed(rbacv1.UserKind), listed(rbacv1.GroupKind), listed(rbacv1.ServiceAccountKind),
	}
}
