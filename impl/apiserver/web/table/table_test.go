package table

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"

	"orrery/impl/api"
)

// Goal: every kind is shown as upstream shows it. Method: objects in YAML, printed by kubectl's own printer with all columns.

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestTables(t *testing.T) {
	seen := map[string]bool{}
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			r, ok := api.ByName(d.Cmd)
			require.True(t, ok, "%s is no resource", d.Cmd)
			seen[d.Cmd] = true
			list := r.NewList()
			var items []runtime.Object
			for document := range strings.SplitSeq(d.Input, "---\n") {
				obj := r.New()
				kind := r.GVK()
				_, _, err := api.Codecs.UniversalDeserializer().Decode([]byte(document), &kind, obj)
				require.NoError(t, err)
				items = append(items, obj)
			}
			require.NoError(t, meta.SetList(list, items))
			table, err := Convert(list, now)
			require.NoError(t, err)
			for _, row := range table.Rows {
				require.Len(t, row.Cells, len(table.ColumnDefinitions))
			}
			var out bytes.Buffer
			require.NoError(t, printers.NewTablePrinter(printers.PrintOptions{Wide: true}).PrintObj(table, &out))
			return trimLines(out.String())
		})
	})
	for _, r := range api.Resources {
		require.True(t, seen[r.Name], "no example of %s", r.Name)
		require.Contains(t, kinds, r.Name)
	}
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestOneObjectAndAnEmptyList(t *testing.T) {
	table, err := Convert(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "4"}}, now)
	require.NoError(t, err)
	require.Equal(t, "4", table.ResourceVersion)
	require.Equal(t, []any{"a", "", "<unknown>"}, table.Rows[0].Cells)

	table, err = Convert(&corev1.NamespaceList{ListMeta: metav1.ListMeta{ResourceVersion: "9", Continue: "x"}}, now)
	require.NoError(t, err)
	require.Equal(t, "9x", table.ResourceVersion+table.Continue)
	require.NotNil(t, table.Rows)
	require.Len(t, table.ColumnDefinitions, 3)
}

func TestKindsWithoutColumns(t *testing.T) {
	table, err := Convert(&autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "s", CreationTimestamp: metav1.NewTime(now)}}, now)
	require.NoError(t, err)
	require.Equal(t, []any{"s", "2026-01-02T03:04:05Z"}, table.Rows[0].Cells)
	_, err = Convert(&runtime.Unknown{}, now)
	require.Error(t, err)
}
