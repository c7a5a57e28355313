//lint:file-ignore ST1012 a guarantee is named by what is promised, and its text is the promise: it is not an error of the program

package requests

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// The guarantees.
var (
	// Sent is row 118.
	Sent = errors.New("a request to a service is answered only by a pod that the rules of the client's node send to")
	// Lives is row 118, of what cannot be.
	Lives = errors.New("a request to a service is answered by nobody who had ended when it was sent")
	// Refused is rows 113 and 118.
	Refused = errors.New("a request to a service is refused only while the rules of the client's node have no endpoint, or one that does not serve")
	// Rejects is row 118.
	Rejects = errors.New("a request to a service is refused, and not left to wait, while the rules of the client's node have no endpoint")
	// Answered is rows 97, 113 and 118.
	Answered = errors.New("once nobody interferes, every request to a service is answered, by one of the pods that it selects and that are ready")
)

// Checker judges requests.
type Checker struct{}

// Name is "requests".
func (Checker) Name() string { return "requests" }

// Check judges every request of the run.
func (Checker) Check(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	j := newJudge(h)
	for _, l := range h.Requests {
		if ctx.Err() != nil {
			return verdict.Result{Findings: verdict.Keep(j.findings, limits), Unknown: []string{"the time was up before all requests were judged"}}
		}
		j.request(l)
	}
	j.settled()
	slices.SortStableFunc(j.findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return verdict.Result{Findings: verdict.Keep(j.findings, limits)}
}

// Counts is how many requests ended how.
type Counts struct {
	Answered int
	// Closed were refused while the rules certainly had no endpoint.
	Closed int
	// Settled were answered once all had settled.
	Settled int
}

// Count counts those of a run.
func Count(h *history.History) (c Counts) {
	j := newJudge(h)
	from, to := j.settledPhase()
	for _, l := range h.Requests {
		switch {
		case l.Request.Outcome == trace.OK:
			c.Answered++
			if l.Request.Begin >= from && l.Time <= to {
				c.Settled++
			}
		case l.Request.Outcome == trace.Failed && j.ask(l).closed():
			c.Closed++
		}
	}
	return c
}

type judge struct {
	h        *history.History
	nodes    map[string]*node
	pods     map[string]*pod  // by name
	heard    map[string]int64 // by a client's UID: when it began what it was last answered, or refused
	findings []verdict.Finding
}

func newJudge(h *history.History) *judge {
	j := &judge{h: h, nodes: map[string]*node{}, pods: map[string]*pod{}, heard: map[string]int64{}}
	for _, l := range h.Requests {
		if l.Request.Outcome != trace.Unknown {
			j.heard[l.Request.UID] = max(j.heard[l.Request.UID], l.Request.Begin)
		}
	}
	if len(h.Requests) > 0 {
		j.readRules()
		j.readPods()
	}
	return j
}

func (j *judge) broken(guarantee error, row int, line int64, format string, args ...any) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: guarantee, Row: row, Line: line, Text: fmt.Sprintf(format, args...)})
}

// asked is a request, and the sets that may have been in force while it was made.
type asked struct {
	*trace.Request
	end  int64
	sets []ruled // what each does with it
	// unknown: of one of the sets nobody knows that.
	unknown bool
}

// ruled is what a set of rules does with a request.
type ruled struct {
	targets []netip.AddrPort
	rejects bool
}

// ask finds the sets.
func (j *judge) ask(l *trace.Line) asked {
	a := asked{Request: l.Request, end: l.Time}
	address, err := netip.ParseAddrPort(a.Address)
	n := j.nodes[a.Node]
	if a.unknown = err != nil || n == nil || a.Begin <= n.first; a.unknown {
		return a
	}
	for _, s := range n.sets {
		if s.from > a.end || s.to < a.Begin {
			continue
		}
		w := j.wanted(s)
		if w == nil {
			a.unknown = true
			return a
		}
		targets, rejects := w.Ruled(address)
		a.sets = append(a.sets, ruled{targets, rejects})
	}
	return a
}

// closed: certainly each of the sets knew the service, and had no endpoint for it.
func (a asked) closed() bool {
	return !a.unknown && !slices.ContainsFunc(a.sets, func(r ruled) bool { return !r.rejects })
}

// request judges one.
func (j *judge) request(l *trace.Line) {
	a := j.ask(l)
	switch {
	case a.Outcome == trace.OK:
		j.answer(l, a)
	case a.unknown:
	case a.Outcome == trace.Failed:
		j.refusal(l, a)
	case (a.Reason == trace.Timeout || a.Reason == trace.Unreachable) && a.closed() && j.heard[a.UID] >= a.end:
		j.broken(Rejects, 118, l.Seq, "%s was asked from %s for %s, and nobody answered (%s); the rules there had no endpoint in all that time", a.Service, a.Node, lasted(a), a.Reason)
	}
}

func lasted(a asked) string { return fmt.Sprintf("%.3f s", float64(a.end-a.Begin)/1e9) }

func (j *judge) answer(l *trace.Line, a asked) {
	p := j.pods[a.Answer]
	if p == nil {
		return
	}
	if ended, all := p.ended(); all && a.Begin > ended+drift {
		j.broken(Lives, 118, l.Seq, "%s was asked from %s, and %s answered, the last container of which had ended %.3f s before", a.Service, a.Node, a.Answer, float64(a.Begin-ended)/1e9)
		return
	}
	if a.unknown || len(p.addresses) == 0 {
		return
	}
	if !slices.ContainsFunc(a.sets, func(r ruled) bool {
		return slices.ContainsFunc(r.targets, func(t netip.AddrPort) bool { return slices.Contains(p.addresses, t.Addr()) })
	}) {
		j.findings = append(j.findings, verdict.Finding{Guarantee: Sent, Row: 118, Line: l.Seq, Nearest: nearest(a.sets),
			Text: fmt.Sprintf("%s was asked from %s, and %s answered, which is at %v, where none of the rules that may have been in force there sent to", a.Service, a.Node, a.Answer, p.addresses)})
	}
}

// nearest tells what the sets send to.
func nearest(sets []ruled) (all []string) {
	for _, r := range sets {
		text := fmt.Sprintf("be sent to one of %v", r.targets)
		switch {
		case r.rejects:
			text = "be refused, for there is no endpoint"
		case len(r.targets) == 0:
			text = "be lost, for there is no such rule"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

func (j *judge) refusal(l *trace.Line, a asked) {
	for _, r := range a.sets {
		if len(r.targets) == 0 {
			return
		}
		for _, t := range r.targets {
			if !j.served(t.Addr(), a.Begin, a.end) {
				return
			}
		}
	}
	j.findings = append(j.findings, verdict.Finding{Guarantee: Refused, Row: 118, Line: l.Seq, Nearest: nearest(a.sets),
		Text: fmt.Sprintf("%s was asked from %s, and refused, though each endpoint of the rules that may have been in force there answered before and after", a.Service, a.Node)})
}
