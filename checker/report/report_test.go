package report_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/history/historytest"
	"orrery/checker/linear"
	"orrery/checker/report"
	"orrery/checker/verdict"
	"orrery/checker/wellformed"
)

// Goal: a person who reads the report of a broken run knows what was broken, where, and how to see it again.
//
// Method: whole reports as golden files; read them when they change.

func TestReport(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			h := historytest.Parse(d.Input)
			judged := checker.Ask(context.Background(), h, verdict.DefaultLimits, wellformed.Checker{}, linear.Checker{}, later{})
			if d.Cmd == "summary" {
				return report.Summary(h, judged) + "\n"
			}
			var out strings.Builder
			require.NoError(t, report.Write(&out, h, judged))
			return out.String()
		})
	})
}

// later is a checker with nothing to say.
type later struct{}

func (later) Name() string { return "later" }

func (later) Check(context.Context, *history.History, verdict.Limits) verdict.Result {
	return verdict.Result{}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAReportThatCannotBeWritten(t *testing.T) {
	require.ErrorIs(t, report.Write(full{}, historytest.Parse(""), verdict.Report{}), errFull)
}
