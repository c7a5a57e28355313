package actions

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Tally is what was found in some traces. The zero value is none.
type Tally struct {
	traces int
	counts []count
}

// count is how often an action was taken, in how many of the traces, and where first.
type count struct {
	times, traces int
	first         string
}

// Add adds what [Find] has found in a trace.
func (t *Tally) Add(name string, found [][]int64) {
	t.traces++
	if t.counts == nil {
		t.counts = make([]count, len(found))
	}
	for i, lines := range found {
		c := &t.counts[i]
		if len(lines) == 0 {
			continue
		}
		if c.traces++; c.traces == 1 {
			c.first = fmt.Sprintf("%s, line %d", name, lines[0])
		}
		c.times += len(lines)
	}
}

// Taken are the actions that were taken in any of the traces.
func (t *Tally) Taken() (taken []Action) {
	for i, a := range Actions() {
		if t.counts != nil && t.counts[i].times > 0 {
			taken = append(taken, a)
		}
	}
	return taken
}

// Missing are those of the actions taken in one of these places that were not.
func (t *Tally) Missing(places ...Where) (missing []Action) {
	for i, a := range Actions() {
		if (t.counts == nil || t.counts[i].times == 0) && slices.Contains(places, a.Where) {
			missing = append(missing, a)
		}
	}
	return missing
}

// String names the action as MODEL.NAME.
func (a Action) String() string { return a.Model + "." + a.Name }

// String is the tally as a table: of each action how often it was taken, in how many traces, and where first; or why it was not.
func (t *Tally) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "MODEL\tACTION\tTIMES\tTRACES (OF %d)\tFIRST\n", t.traces)
	for i, a := range Actions() {
		c := count{}
		if t.counts != nil {
			c = t.counts[i]
		}
		if c.first == "" && a.Where != Simulated {
			c.first = fmt.Sprintf("%s: %s", a.Where, a.Why)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", a.Model, a.Name, c.times, c.traces, c.first)
	}
	w.Flush()
	return b.String()
}
