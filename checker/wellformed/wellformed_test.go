package wellformed

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"orrery/checker/history/historytest"
	"orrery/checker/verdict"
)

// Goal: a trace that is no faithful record, or of a run in which nothing happened, is told apart from a good one.
//
// Method: small traces in the words of historytest; the output is what the checker says.

func TestWellFormed(t *testing.T) {
	datadriven.RunTest(t, "testdata/wellformed.txt", func(t *testing.T, d *datadriven.TestData) string {
		result := Checker{}.Check(context.Background(), historytest.Parse(d.Input), verdict.DefaultLimits)
		var out strings.Builder
		fmt.Fprintln(&out, result.Verdict())
		for _, f := range result.Findings {
			fmt.Fprintf(&out, "line %d: %s\n  breaks: %v\n", f.Line, f.Text, f.Guarantee)
		}
		for _, why := range result.Unknown {
			fmt.Fprintln(&out, why)
		}
		return out.String()
	})
}
