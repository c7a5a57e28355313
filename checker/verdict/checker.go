package verdict

import (
	"context"

	"orrery/checker/history"
)

// Checker judges one aspect of a run. Check does not modify the history, gives the same answer every time it has the
// time to finish, and comes back soon after ctx ends (with an Unknown).
type Checker interface {
	// Name is one word, the name of its package.
	Name() string
	Check(ctx context.Context, h *history.History, limits Limits) Result
}

// Limits bound what a checker may use. Time is bounded by the context.
type Limits struct {
	// Findings is how many findings one checker reports at most; the first ones in the trace are kept.
	Findings int
	// States is how many states a search may visit, and so how much memory it may take.
	States int
}

// DefaultLimits suit a run of some minutes on a small machine.
var DefaultLimits = Limits{Findings: 20, States: 2_000_000}

// Result is what one checker found. Nothing found and nothing unknown is Ok.
type Result struct {
	// Findings come in the order of their lines.
	Findings []Finding
	// Unknown are the reasons for which the checker cannot say Ok, each one sentence.
	Unknown []string
}

// Finding is one place at which one guarantee is broken.
type Finding struct {
	// Guarantee is a sentinel error; its text is the guarantee in one sentence.
	Guarantee error
	// Row is the guarantee's row in INVARIANTS.md, 0 where it has none.
	Row int
	// Line is the Seq of the first line that breaks it; 0: no single line does.
	Line int64
	// Text tells what happened, in one sentence.
	Text string
	// Nearest are the nearest things that would have been allowed.
	Nearest []string
}

// Verdict is that of one checker.
func (r Result) Verdict() Verdict {
	switch {
	case len(r.Findings) > 0:
		return Illegal
	case len(r.Unknown) > 0:
		return Unknown
	}
	return Ok
}

// Keep returns the first findings, as many as the limits allow.
func Keep(findings []Finding, limits Limits) []Finding {
	if limits.Findings > 0 && len(findings) > limits.Findings {
		return findings[:limits.Findings]
	}
	return findings
}
