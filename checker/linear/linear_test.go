package linear

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"orrery/checker/history/historytest"
	"orrery/checker/verdict"
)

// Goal: every guarantee is seen to be broken, and what only looks like a breach is seen to be allowed.
//
// Method: small histories in the words of historytest; the output is what the checker says. Read the diff of a
// -rewrite: a finding that disappears is a guarantee that nobody checks any more.

func TestLinear(t *testing.T) {
	datadriven.Walk(t, "testdata/linear", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			h := historytest.Parse(d.Input)
			result, witness := Linearize(context.Background(), h, verdict.DefaultLimits)
			again, _ := Linearize(context.Background(), h, verdict.DefaultLimits)
			require.Equal(t, result, again, "the same history is judged the same")
			return show(result, witness)
		})
	})
}

func show(result verdict.Result, witness Witness) string {
	var out strings.Builder
	for _, f := range result.Findings {
		fmt.Fprintf(&out, "line %d: %s\n  breaks: %v (row %d)\n", f.Line, f.Text, f.Guarantee, f.Row)
		for _, nearest := range f.Nearest {
			fmt.Fprintf(&out, "  allowed: %s\n", nearest)
		}
	}
	for _, why := range result.Unknown {
		fmt.Fprintf(&out, "unknown: %s\n", why)
	}
	if result.Verdict() == verdict.Ok {
		var order []string
		for _, p := range witness {
			order = append(order, fmt.Sprintf("%s %s@%d", p.Operation.Client, p.Operation.Verb, p.After))
		}
		fmt.Fprintf(&out, "ok: %s\n", strings.Join(order, ", "))
	}
	return out.String()
}
