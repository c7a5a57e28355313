package report

import (
	"fmt"
	"slices"
	"time"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

const (
	// contextBefore and contextAfter are how many lines about the same object are shown around one that breaks a guarantee.
	contextBefore, contextAfter = 4, 1
	// contextReach is how far they are looked for.
	contextReach = 5000
)

// findings groups what a checker found by guarantee: the first of each in full, the others as one line.
func (p *page) findings(n verdict.Named) {
	var guarantees []error
	for _, f := range n.Findings {
		if !slices.Contains(guarantees, f.Guarantee) {
			guarantees = append(guarantees, f.Guarantee)
		}
	}
	for _, guarantee := range guarantees {
		first := true
		for _, f := range n.Findings {
			switch {
			case f.Guarantee != guarantee:
			case first:
				p.finding(n.Checker, f)
				first = false
			default:
				p.printf("  also %s%s\n", f.Text, at(f.Line))
			}
		}
	}
}

func at(line int64) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d)", line)
}

func (p *page) finding(checker string, f verdict.Finding) {
	p.printf("\nBroken, says %s: %v.\n", checker, f.Guarantee)
	if f.Row != 0 {
		p.printf("  (row %d of INVARIANTS.md)\n", f.Row)
	}
	p.printf("  %s\n", f.Text)
	if l := p.h.Line(f.Line); l != nil {
		p.printf("\n")
		for _, near := range p.around(l) {
			mark := " "
			if near == l {
				mark = ">"
			}
			p.printf("  %s %6d  %10s  %-14s %s\n", mark, near.Seq, p.since(near), near.Process, words(p.operations, near))
		}
		p.printf("\n")
	}
	for _, nearest := range f.Nearest {
		p.printf("  It would have been allowed: %s\n", nearest)
	}
}

// since is the time since the beginning of the run.
func (p *page) since(l *trace.Line) string {
	return fmt.Sprintf("+%.3fs", time.Duration(l.Time-p.h.Lines[0].Time).Seconds())
}

// around returns l and the lines before and after it that are about the same object; where it is about none, or nothing
// else is, its neighbours. What watches deliver is left out, as every watch delivers the same, unless l is about that.
func (p *page) around(l *trace.Line) []*trace.Line {
	subject := p.subject(l)
	near := p.walk(l, func(other *trace.Line) bool {
		return subject != "" && p.subject(other) == subject && (other.Event == nil || l.Event != nil)
	})
	if len(near) == 1 {
		near = p.walk(l, func(*trace.Line) bool { return true })
	}
	return near
}

func (p *page) walk(l *trace.Line, wanted func(*trace.Line) bool) []*trace.Line {
	near := []*trace.Line{l}
	for seq := l.Seq - 1; seq >= max(1, l.Seq-contextReach) && len(near) <= contextBefore; seq-- {
		if other := p.h.Line(seq); wanted(other) {
			near = append(near, other)
		}
	}
	slices.Reverse(near)
	before := len(near)
	for seq := l.Seq + 1; seq <= min(int64(len(p.h.Lines)), l.Seq+contextReach) && len(near) < before+contextAfter; seq++ {
		if other := p.h.Line(seq); wanted(other) {
			near = append(near, other)
		}
	}
	return near
}

// subject is the one object that a line is about, in a form that is the same for all kinds of lines; "" if none.
func (p *page) subject(l *trace.Line) string {
	switch {
	case l.Call != nil:
		return p.subjectOf(l.Call)
	case l.Return != nil:
		if o := p.operations[l.Return.ID]; o != nil {
			return p.subjectOf(o.Call)
		}
	case l.Revision != nil:
		return p.named(history.ObjectName{Resource: l.Revision.Resource, Namespace: l.Revision.Namespace, Name: l.Revision.Name}, l.Revision.Key)
	case l.Event != nil:
		return p.named(history.NameOf(l.Event.Object), l.Event.Object.Key)
	case l.Container != nil:
		return p.named(history.ObjectName{Resource: "pods", Namespace: l.Container.Namespace, Name: l.Container.Pod}, "")
	}
	return ""
}

func (p *page) subjectOf(c *trace.Call) string {
	return p.named(history.ObjectName{Resource: c.Resource, Namespace: c.Namespace, Name: c.Name}, c.Key)
}

// named is the object's name; for a key of the store, that of the object stored under it.
func (p *page) named(o history.ObjectName, key string) string {
	if o.Name == "" && key != "" {
		chain := p.h.Log.Chain(key)
		if len(chain) == 0 || chain[0].Object.Name == "" {
			return key
		}
		o = chain[0].Object
	}
	if o.Name == "" {
		return ""
	}
	return o.String()
}
