package checker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/history/historytest"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: the verdicts of several checkers are joined so that nothing bad is hidden and nothing unknown passes.

type fake struct {
	name   string
	result verdict.Result
	asked  *bool
}

func (f fake) Name() string { return f.name }

func (f fake) Check(context.Context, *history.History, verdict.Limits) verdict.Result {
	*f.asked = true
	return f.result
}

var (
	fine    = verdict.Result{}
	unsure  = verdict.Result{Unknown: []string{"no time"}}
	guilty  = verdict.Result{Findings: []verdict.Finding{{Text: "x"}}}
	mixture = verdict.Result{Findings: []verdict.Finding{{Text: "x"}}, Unknown: []string{"no time"}}
)

func TestVerdictsAreJoined(t *testing.T) {
	for _, c := range []struct {
		name    string
		results []verdict.Result
		want    verdict.Verdict
		exit    int
		asked   int
	}{
		{"nobody was asked", nil, verdict.Unknown, 2, 0},
		{"all is well", []verdict.Result{fine, fine}, verdict.Ok, 0, 2},
		{"unknown beats ok", []verdict.Result{fine, unsure, fine}, verdict.Unknown, 2, 3},
		{"illegal beats ok, and skips what follows", []verdict.Result{fine, guilty, fine}, verdict.Illegal, 1, 2},
		{"illegal beats an unknown before it", []verdict.Result{unsure, guilty}, verdict.Illegal, 1, 2},
		{"illegal beats an unknown of the same", []verdict.Result{mixture}, verdict.Illegal, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := make([]bool, len(c.results))
			var checkers []verdict.Checker
			for i, r := range c.results {
				checkers = append(checkers, fake{string(rune('a' + i)), r, &asked[i]})
			}
			report := checker.Ask(context.Background(), historytest.Parse(""), verdict.DefaultLimits, checkers...)
			require.Equal(t, c.want, report.Verdict())
			require.Equal(t, c.exit, report.Verdict().ExitCode())
			count := 0
			for i, n := range report.Results {
				if asked[i] {
					count++
				} else {
					require.NotEmpty(t, n.Skipped)
				}
			}
			require.Equal(t, c.asked, count)
		})
	}
}

func TestOutOfTimeIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	header, lines := busy(100)
	report := checker.Judge(ctx, history.New(header, lines), verdict.DefaultLimits)
	require.Equal(t, verdict.Unknown, report.Verdict())
	for _, n := range report.Results {
		require.NotEmpty(t, n.Unknown, n.Checker)
	}
}

func TestALongLegalHistoryIsOk(t *testing.T) {
	header, lines := busy(5_000)
	report := checker.Ask(context.Background(), history.New(header, lines), verdict.DefaultLimits, checker.Checkers()[:2]...)
	require.Equal(t, verdict.Ok, report.Verdict(), report)
}

// Each single line that is taken away from, or repeated in, a legal trace makes it something else than Ok, or changes
// nothing that a client saw.
func TestALostLineIsNoticed(t *testing.T) {
	header, lines := busy(60)
	for i, l := range lines {
		if l.Return != nil || l.Call != nil && (l.Call.Verb == "get" || l.Call.Layer == trace.API) {
			continue // a return may be missing, and operations at the API are not all recorded
		}
		rest := append(append([]trace.Line{}, lines[:i]...), lines[i+1:]...)
		report := checker.Ask(context.Background(), history.New(header, rest), verdict.DefaultLimits, checker.Checkers()[:2]...)
		require.NotEqual(t, verdict.Ok, report.Verdict(), "without line %d", i+1)
	}
}
