package watch

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/checker/verdict"
)

// Checker is the checker of this package.
type Checker struct{}

var _ verdict.Checker = Checker{}

// Name is "watch".
func (Checker) Name() string { return "watch" }

// guarantee is one function of one stream.
type guarantee func(*judge, *stream)

var guarantees = []guarantee{initial, filter, ordered, unique, gaps, bookmarkable, content, isCreate}

// Check judges all watches of a history.
func (Checker) Check(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	j := &judge{h: h, scopes: map[scopeName]*scope{}}
	for i, w := range h.Watches {
		if ctx.Err() != nil {
			j.doubt("the time was up after %d of %d watches", i, len(h.Watches))
			break
		}
		s, err := j.stream(w)
		if err != nil {
			j.doubt("the watch %s cannot be judged: %v", w.ID, err)
			continue
		}
		for _, holds := range guarantees {
			holds(j, s)
		}
	}
	j.backwards()
	if j.beyond > 0 {
		j.doubt("the observer's log ends at revision %d, and a watch was told of revision %d", h.Log.End(), j.beyond)
	}
	slices.SortStableFunc(j.findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return verdict.Result{Findings: verdict.Keep(j.findings, limits), Unknown: j.doubts}
}

// judge collects what is found.
type judge struct {
	h        *history.History
	scopes   map[scopeName]*scope
	findings []verdict.Finding
	doubts   []string
	beyond   int64 // the greatest revision that the log does not reach
}

// broken notes a finding at a line.
func (j *judge) broken(g error, line int64, nearest string, format string, args ...any) {
	f := verdict.Finding{Guarantee: g, Row: rows[g], Line: line, Text: fmt.Sprintf(format, args...)}
	if nearest != "" {
		f.Nearest = []string{nearest}
	}
	j.findings = append(j.findings, f)
}

func (j *judge) doubt(format string, args ...any) {
	j.doubts = append(j.doubts, fmt.Sprintf(format, args...))
}
