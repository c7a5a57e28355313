package requests

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// recorded is a run of the real cluster.
const recorded = "../../testdata/histories/ok-requests-seed-5.jsonl.zst"

// Goal: a real run in which one request came to something else is refused, each time by the guarantee that this breaks. Method: the recorded run, of
// which one line is changed; which, is found by what was in force then.
func TestFalsifiedRequestsAreRefused(t *testing.T) {
	good, err := history.Load(recorded)
	require.NoError(t, err)
	result := Checker{}.Check(t.Context(), good, verdict.DefaultLimits)
	require.Equal(t, verdict.Ok, result.Verdict(), "%+v", result)
	j := newJudge(good)
	from, to := j.settledPhase()
	first := good.Requests[slices.IndexFunc(good.Requests, func(l *trace.Line) bool { return l.Request.Outcome == trace.OK })].Request.Answer
	for _, test := range []struct {
		name   string
		picks  func(l *trace.Line, a asked) bool // the line: the last of these
		become trace.Request
		breaks error
	}{
		{"the first to answer is the last, too", func(l *trace.Line, a asked) bool { return a.Outcome == trace.OK && l.Time < from }, trace.Request{Outcome: trace.OK, Answer: first}, Lives},
		{"a client is answered by itself", func(l *trace.Line, a asked) bool {
			return a.Outcome == trace.OK && a.Node == "worker-1" && l.Time < from
		},
			trace.Request{Outcome: trace.OK, Answer: "client-worker-1"}, Sent},
		{"somebody answers where nobody is", func(_ *trace.Line, a asked) bool { return a.closed() }, trace.Request{Outcome: trace.OK, Answer: "client-worker-2"}, Sent},
		{"one that served is refused", func(l *trace.Line, a asked) bool {
			return a.Outcome == trace.OK && l.Time < from && len(a.sets) == 1 && !slices.ContainsFunc(a.sets[0].targets, func(t netip.AddrPort) bool { return !j.served(t.Addr(), a.Begin, a.end) })
		}, trace.Request{Outcome: trace.Failed}, Refused},
		{"one that is to be refused waits", func(_ *trace.Line, a asked) bool { return a.closed() }, trace.Request{Outcome: trace.Unknown, Reason: trace.Timeout}, Rejects},
		{"one is lost when all has settled", func(l *trace.Line, a asked) bool { return a.Begin >= from && l.Time <= to }, trace.Request{Outcome: trace.Unknown, Reason: "gone"}, Answered},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := int64(0)
			for _, l := range good.Requests {
				if test.picks(l, j.ask(l)) {
					at = l.Seq
				}
			}
			require.NotZero(t, at)
			lines := slices.Clone(good.Lines)
			r := *lines[at-1].Request
			r.Outcome, r.Answer, r.Reason = test.become.Outcome, test.become.Answer, test.become.Reason
			lines[at-1].Request = &r
			result := Checker{}.Check(context.Background(), history.New(good.Header, lines), verdict.DefaultLimits)
			require.Condition(t, func() bool {
				return slices.ContainsFunc(result.Findings, func(f verdict.Finding) bool { return f.Line == at && f.Guarantee == test.breaks })
			}, "%+v", result)
		})
	}
}
