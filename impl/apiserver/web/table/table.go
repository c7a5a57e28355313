package table

import (
	"fmt"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"orrery/impl/api"
)

// kind is how one kind is shown. cells gives as many as there are columns.
type kind struct {
	columns    []metav1.TableColumnDefinition
	cells      func(obj runtime.Object, now time.Time) []any
	conditions func(obj runtime.Object) []metav1.TableRowCondition
}

// kinds are by plural name.
var kinds = map[string]kind{
	"clusterrolebindings":    of(clusterRoleBindingCells, bindingColumns("clusterRoleBinding", rbacv1.ClusterRoleBinding{})),
	"clusterroles":           of(clusterRoleCells, roleColumns),
	"configmaps":             of(configMapCells, configMapColumns),
	"endpoints":              of(endpointsCells, endpointsColumns),
	"endpointslices":         of(endpointSliceCells, endpointSliceColumns),
	"events":                 of(eventCells, eventColumns),
	"leases":                 of(leaseCells, leaseColumns),
	"namespaces":             of(namespaceCells, namespaceColumns),
	"nodes":                  of(nodeCells, nodeColumns),
	"pods":                   {columns: podColumns, cells: of(podCells, podColumns).cells, conditions: podConditions},
	"replicasets":            of(replicaSetCells, replicaSetColumns),
	"replicationcontrollers": of(replicationControllerCells, replicationControllerColumns),
	"rolebindings":           of(roleBindingCells, bindingColumns("roleBinding", rbacv1.RoleBinding{})),
	"roles":                  of(roleCells, roleColumns),
	"secrets":                of(secretCells, secretColumns),
	"serviceaccounts":        of(serviceAccountCells, serviceAccountColumns),
	"services":               of(serviceCells, serviceColumns),
}

func of[T any](cells func(*T, time.Time) []any, columns []metav1.TableColumnDefinition) kind {
	return kind{columns: columns, cells: func(obj runtime.Object, now time.Time) []any { return cells(any(obj).(*T), now) }}
}

// other is how everything else is shown.
var other = kind{
	columns: []metav1.TableColumnDefinition{
		name(), {Name: "Created At", Type: "date", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"]},
	},
	cells: func(obj runtime.Object, _ time.Time) []any {
		m, err := meta.Accessor(obj)
		if err != nil {
			return []any{"<unknown>", "<unknown>"}
		}
		return []any{m.GetName(), m.GetCreationTimestamp().Time.UTC().Format(time.RFC3339)}
	},
}

// Convert shows an object as a Table of one row, a list as one with a row for each item.
func Convert(obj runtime.Object, now time.Time) (*metav1.Table, error) {
	k, err := kindOf(obj)
	if err != nil {
		return nil, err
	}
	t := &metav1.Table{ColumnDefinitions: k.columns, Rows: []metav1.TableRow{}}
	if !meta.IsListType(obj) {
		m, err := meta.Accessor(obj)
		if err != nil {
			return nil, fmt.Errorf("table: %w", err)
		}
		t.ResourceVersion = m.GetResourceVersion()
		t.Rows = append(t.Rows, k.row(obj, now))
		return t, nil
	}
	list, err := meta.ListAccessor(obj)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	t.ResourceVersion, t.Continue, t.RemainingItemCount = list.GetResourceVersion(), list.GetContinue(), list.GetRemainingItemCount()
	err = meta.EachListItem(obj, func(item runtime.Object) error {
		t.Rows = append(t.Rows, k.row(item, now))
		return nil
	})
	return t, err
}

func (k kind) row(obj runtime.Object, now time.Time) metav1.TableRow {
	row := metav1.TableRow{Cells: k.cells(obj, now), Object: runtime.RawExtension{Object: obj}}
	if k.conditions != nil {
		row.Conditions = k.conditions(obj)
	}
	return row
}

// kindOf finds a kind by the type of its object or list.
func kindOf(obj runtime.Object) (kind, error) {
	gvks, _, err := api.Scheme.ObjectKinds(obj)
	if err != nil {
		return kind{}, fmt.Errorf("table: %w", err)
	}
	for _, r := range api.Resources {
		if gvk := gvks[0]; gvk.GroupVersion() == r.GVK().GroupVersion() && strings.TrimSuffix(gvk.Kind, "List") == r.Kind {
			if k, ok := kinds[r.Name]; ok {
				return k, nil
			}
		}
	}
	return other, nil
}

// Columns that every kind has.
func name() metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"]}
}

func age() metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: "Age", Type: "string", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"]}
}

// since is how long ago t was, in words.
func since(t metav1.Time, now time.Time) string {
	if t.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(t.Time))
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// shown is how many entries of a long list a cell has.
const shown = 3

// abridged joins the first few entries and says how many more there are.
func abridged(entries []string, otherwise string) string {
	if len(entries) > shown {
		return fmt.Sprintf("%s + %d more...", strings.Join(entries[:shown], ","), len(entries)-shown)
	}
	return orElse(strings.Join(entries, ","), otherwise)
}
