package wellformed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// The guarantees of a faithful record.
var (
	ErrPaired     = errors.New("in a trace every return, watch event and end of a fault has exactly one beginning")
	ErrSequential = errors.New("a client has at most one operation open at a time, and takes a new name after an unknown outcome")
	ErrIncreasing = errors.New("the revisions of the store's log strictly increase")
	ErrGapless    = errors.New("the store's log has no gap: each version replaces the one before it of the same key")
	ErrWords      = errors.New("a trace uses the words of its format")
)

// Checker is the checker of this package.
type Checker struct{}

// Name is "wellformed".
func (Checker) Name() string { return "wellformed" }

// Check judges a history.
func (Checker) Check(_ context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	findings := slices.Concat(paired(h), sequential(h), revisions(h), words(h))
	slices.SortStableFunc(findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return verdict.Result{Findings: verdict.Keep(findings, limits), Unknown: vacuous(h)}
}

func paired(h *history.History) []verdict.Finding {
	var found []verdict.Finding
	for _, l := range h.Stray {
		text := ""
		switch {
		case l.Call != nil:
			text = fmt.Sprintf("operation %s is called a second time", l.Call.ID)
		case l.Return != nil:
			text = fmt.Sprintf("operation %s returns but is not open", l.Return.ID)
		case l.Watch != nil:
			text = fmt.Sprintf("watch %s is opened a second time", l.Watch.ID)
		case l.Event != nil:
			text = fmt.Sprintf("a watch event of %s, which was never opened", l.Event.Watch)
		case l.Fault != nil:
			text = fmt.Sprintf("fault %s: %q does not follow its beginning", l.Fault.ID, l.Fault.State)
		}
		found = append(found, verdict.Finding{Guarantee: ErrPaired, Line: l.Seq, Text: text})
	}
	return found
}

// sequential walks the operations in the order of their calls; the last one of each client must be over.
func sequential(h *history.History) []verdict.Finding {
	var found []verdict.Finding
	last := map[string]*history.Operation{}
	for _, o := range h.Operations {
		before := last[o.Client]
		last[o.Client] = o
		switch {
		case before == nil:
		case before.ReturnLine == 0 || before.ReturnLine > o.CallLine:
			found = append(found, verdict.Finding{Guarantee: ErrSequential, Line: o.CallLine,
				Text: fmt.Sprintf("client %s calls %s while its operation %s is still open", o.Client, o.ID, before.ID)})
		case before.Outcome() == trace.Unknown:
			found = append(found, verdict.Finding{Guarantee: ErrSequential, Line: o.CallLine,
				Text: fmt.Sprintf("client %s calls %s although the outcome of its operation %s is unknown", o.Client, o.ID, before.ID)})
		}
	}
	return found
}

// revisions checks the log: its order, and the chain of every key.
func revisions(h *history.History) []verdict.Finding {
	var found []verdict.Finding
	for _, v := range h.Log.Initial {
		if v.Revision > h.Log.Start || v.Deleted || v.Before != nil {
			found = append(found, verdict.Finding{Guarantee: ErrIncreasing, Row: 4,
				Text: fmt.Sprintf("the header's initial state at revision %d cannot hold %s", h.Log.Start, describe(v))})
		}
	}
	last := h.Log.Start
	for _, v := range h.Log.Entries {
		if v.Revision <= last {
			found = append(found, verdict.Finding{Guarantee: ErrIncreasing, Row: 4, Line: v.Seq(),
				Text: fmt.Sprintf("%s comes after revision %d", describe(v), last)})
		}
		last = max(last, v.Revision)
		if was := replaced(v); v.Previous != was || v.Deleted && was == 0 {
			found = append(found, verdict.Finding{Guarantee: ErrGapless, Row: 4, Line: v.Seq(),
				Text: fmt.Sprintf("%s says that it replaces revision %d; the log had %s", describe(v), v.Previous, present(was))})
		}
	}
	return found
}

// replaced is the revision of the live version before v.
func replaced(v *history.Version) int64 {
	if v.Before == nil || v.Before.Deleted {
		return 0
	}
	return v.Before.Revision
}

func present(revision int64) string {
	if revision == 0 {
		return "no such key"
	}
	return fmt.Sprintf("the key at revision %d", revision)
}

func describe(v *history.Version) string {
	what := "the write"
	if v.Deleted {
		what = "the deletion"
	}
	return fmt.Sprintf("%s of %s at revision %d", what, v.Key, v.Revision)
}

var (
	outcomes = []trace.Outcome{trace.OK, trace.Failed, trace.Unknown}
	layers   = []trace.Layer{trace.API, trace.Store}
	phases   = []string{trace.Setup, trace.Safety, trace.Heal, trace.Liveness, trace.Settled, trace.End}
	events   = []string{"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "END"}
	states   = []string{"created", "started", "exited", "removed"}
)

func words(h *history.History) []verdict.Finding {
	var found []verdict.Finding
	phase := -1
	for i := range h.Lines {
		l, wrong := &h.Lines[i], ""
		switch {
		case l.Call != nil && !slices.Contains(layers, l.Call.Layer):
			wrong = fmt.Sprintf("there is no layer %q", l.Call.Layer)
		case l.Return != nil && !slices.Contains(outcomes, l.Return.Outcome):
			wrong = fmt.Sprintf("there is no outcome %q", l.Return.Outcome)
		case l.Watch != nil && !slices.Contains(layers, l.Watch.Layer):
			wrong = fmt.Sprintf("there is no layer %q", l.Watch.Layer)
		case l.Event != nil && !slices.Contains(events, l.Event.Type):
			wrong = fmt.Sprintf("there is no watch event of type %q", l.Event.Type)
		case l.Container != nil && !slices.Contains(states, l.Container.State):
			wrong = fmt.Sprintf("a container is never %q", l.Container.State)
		case l.Request != nil && !slices.Contains(outcomes, l.Request.Outcome):
			wrong = fmt.Sprintf("there is no outcome %q", l.Request.Outcome)
		case l.Request != nil && l.Request.Begin > l.Time:
			wrong = "a request ends before it begins"
		case l.Request != nil && (l.Request.Answer != "") != (l.Request.Outcome == trace.OK):
			wrong = fmt.Sprintf("a request with the outcome %q is answered by %q", l.Request.Outcome, l.Request.Answer)
		case l.Phase != nil:
			at := slices.Index(phases, l.Phase.Name)
			if at <= phase {
				wrong = fmt.Sprintf("phase %q does not come here", l.Phase.Name)
			}
			phase = max(phase, at)
		}
		if wrong != "" {
			found = append(found, verdict.Finding{Guarantee: ErrWords, Line: l.Seq, Text: wrong})
		}
	}
	return found
}
