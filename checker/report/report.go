package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Write writes the report of one run.
func Write(w io.Writer, h *history.History, r verdict.Report) error {
	buf := bufio.NewWriter(w)
	p := &page{buf, h, &Tally{}, map[string]*history.Operation{}}
	for i := range h.Lines {
		p.tally.Add(&h.Lines[i])
	}
	for _, o := range h.Operations {
		p.operations[o.ID] = o
	}
	p.run(r)
	p.operationTable()
	p.requests()
	p.faults()
	p.sometimes()
	p.checkers(r)
	for _, named := range r.Results {
		p.findings(named)
	}
	if h.Header.Command != "" {
		p.printf("\nTo make the same run again: %s\n", h.Header.Command)
	}
	return buf.Flush()
}

// Summary is one line about one run.
func Summary(h *history.History, r verdict.Report) string {
	tally := &Tally{}
	for i := range h.Lines {
		tally.Add(&h.Lines[i])
	}
	tally.Phase = ""
	text := r.Verdict().String() + " · " + tally.String()
	if checker, f, ok := r.First(); ok {
		text += fmt.Sprintf(" · %s: %v", checker, f.Guarantee)
	}
	return text
}

// page is a report being written.
type page struct {
	*bufio.Writer
	h          *history.History
	tally      *Tally
	operations map[string]*history.Operation
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *page) run(r verdict.Report) {
	header := p.h.Header
	p.printf("Verdict: %v\n", r.Verdict())
	if checker, f, ok := r.First(); ok {
		p.printf("Broken:  %v (%s)\n", f.Guarantee, checker)
	}
	p.printf("\nScenario %s, seed %d, %s: %d control planes, %d workers", header.Scenario, header.Seed, header.Mode,
		len(header.Topology.ControlPlanes), len(header.Topology.Workers))
	if n := len(p.h.Lines); n > 0 {
		took := time.Duration(p.h.Lines[n-1].Time - p.h.Lines[0].Time)
		p.printf("; %v, %d lines, revisions %d to %d", took.Round(time.Millisecond), n, p.h.Log.Start, p.h.Log.End())
	}
	p.printf(".\n")
}

func (p *page) operationTable() {
	for _, layer := range []trace.Layer{trace.API, trace.Store} {
		verbs := p.tally.Operations[layer]
		if len(verbs) == 0 {
			continue
		}
		p.printf("\nOperations, %s:\n", map[trace.Layer]string{trace.API: "clients at the API", trace.Store: "API servers on the store"}[layer])
		table := tabwriter.NewWriter(p, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(table, "\tok\tfailed\tunknown\t\n")
		for _, verb := range sorted(verbs) {
			o := verbs[verb]
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t\n", verb, o.OK, o.Failed, o.Unknown)
		}
		table.Flush()
	}
	if n := p.tally.Watches[trace.API]; n > 0 {
		p.printf("\nWatches: %d, with %d watch events and %d bookmarks; %d ended with an error.\n",
			n, p.tally.WatchEvents(), p.tally.Events["BOOKMARK"], p.tally.Events["ERROR"])
	}
}

func (p *page) requests() {
	if len(p.tally.Requests) == 0 {
		return
	}
	p.printf("\nRequests, pods to a service:\n")
	table := tabwriter.NewWriter(p, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\tanswered\trefused\tunknown\t\n")
	for _, node := range sorted(p.tally.Requests) {
		o := p.tally.Requests[node]
		fmt.Fprintf(table, "from %s\t%d\t%d\t%d\t\n", node, o.OK, o.Failed, o.Unknown)
	}
	table.Flush()
}

func (p *page) faults() {
	if len(p.h.Faults) == 0 {
		return
	}
	p.printf("\nFaults:\n")
	for _, f := range p.h.Faults {
		begin := f.Begin.Fault
		switch {
		case f.End == nil:
			p.printf("  %s of %s: never ended\n", begin.Kind, begin.Target)
			continue
		case !f.Bit():
			p.printf("  %s of %s: no effect was observed", begin.Kind, begin.Target)
		default:
			p.printf("  %s of %s: %s", begin.Kind, begin.Target, effect(f.End.Fault))
		}
		p.printf(" (%v)\n", time.Duration(f.End.Time-f.Begin.Time).Round(time.Millisecond))
	}
}

func (p *page) sometimes() {
	expected := p.h.Header.Expect.Sometimes
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(expected, sorted(p.tally.Sometimes)))))
	if len(all) == 0 {
		return
	}
	p.printf("\nSometimes:\n")
	for _, name := range all {
		switch {
		case p.tally.Sometimes[name]:
			p.printf("  reached      %s\n", name)
		default:
			p.printf("  NOT reached  %s\n", name)
		}
	}
}

func (p *page) checkers(r verdict.Report) {
	p.printf("\nCheckers:\n")
	table := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	for _, n := range r.Results {
		said := n.Verdict().String()
		switch {
		case n.Skipped != "":
			said = "skipped, because of what " + n.Skipped + " found"
		case len(n.Findings) == 1:
			said += ", 1 finding"
		case len(n.Findings) > 1:
			said += fmt.Sprintf(", %d findings", len(n.Findings))
		}
		fmt.Fprintf(table, "  %s\t%s\n", n.Checker, said)
	}
	table.Flush()
	for _, n := range r.Results {
		if len(n.Unknown) > 0 {
			p.printf("\nWhy %s does not know:\n", n.Checker)
		}
		for _, why := range n.Unknown {
			p.printf("  %s\n", why)
		}
	}
}
