package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/impl/trace"
)

// Tally counts what lines tell. The zero value has seen none.
type Tally struct {
	Lines int
	// Operations by layer and verb. Those that have not returned count as unknown.
	Operations map[trace.Layer]map[string]*Outcomes
	Watches    map[trace.Layer]int
	// Events are the watch events of clients by type.
	Events map[string]int
	// Requests are those of pods to services, by the node of the pod. Those that were refused count as failed.
	Requests map[string]*Outcomes
	// Revision is the last one of the store's log, Phase the last that began.
	Revision int64
	Phase    string
	// Faults began; Bit had an effect; Ended are over.
	Faults, Ended, Bit int
	Sometimes          map[string]bool

	open map[string]*Outcomes
	api  map[string]bool // the watches of clients
}

// Outcomes counts operations.
type Outcomes struct {
	OK, Failed, Unknown int
}

func (o *Outcomes) all() int { return o.OK + o.Failed + o.Unknown }

// Add counts one line.
func (t *Tally) Add(l *trace.Line) {
	if t.open == nil {
		t.Operations, t.Watches, t.Events = map[trace.Layer]map[string]*Outcomes{}, map[trace.Layer]int{}, map[string]int{}
		t.Requests = map[string]*Outcomes{}
		t.Sometimes, t.open, t.api = map[string]bool{}, map[string]*Outcomes{}, map[string]bool{}
	}
	t.Lines++
	switch {
	case l.Call != nil:
		t.call(l.Call)
	case l.Return != nil:
		t.finish(l.Return)
	case l.Revision != nil:
		t.Revision = l.Revision.Revision
	case l.Watch != nil:
		t.Watches[l.Watch.Layer]++
		t.api[l.Watch.ID] = l.Watch.Layer == trace.API
	case l.Event != nil && t.api[l.Event.Watch]:
		t.Events[l.Event.Type]++
	case l.Request != nil:
		t.request(l.Request)
	case l.Phase != nil:
		t.Phase = l.Phase.Name
	case l.Sometimes != nil:
		t.Sometimes[l.Sometimes.Name] = true
	case l.Fault != nil && l.Fault.State == "begin":
		t.Faults++
	case l.Fault != nil:
		t.Ended++
		if l.Fault.Bit {
			t.Bit++
		}
	}
}

func (t *Tally) call(c *trace.Call) {
	verbs := t.Operations[c.Layer]
	if verbs == nil {
		verbs = map[string]*Outcomes{}
		t.Operations[c.Layer] = verbs
	}
	o := verbs[c.Verb]
	if o == nil {
		o = &Outcomes{}
		verbs[c.Verb] = o
	}
	o.Unknown++
	t.open[c.ID] = o
}

func (t *Tally) finish(r *trace.Return) {
	o := t.open[r.ID]
	if o == nil {
		return
	}
	delete(t.open, r.ID)
	switch r.Outcome {
	case trace.OK:
		o.Unknown--
		o.OK++
	case trace.Failed:
		o.Unknown--
		o.Failed++
	}
}

func (t *Tally) request(r *trace.Request) {
	o := t.Requests[r.Node]
	if o == nil {
		o = &Outcomes{}
		t.Requests[r.Node] = o
	}
	switch r.Outcome {
	case trace.OK:
		o.OK++
	case trace.Failed:
		o.Failed++
	default:
		o.Unknown++
	}
}

// Of sums up the operations of a layer.
func (t *Tally) Of(layer trace.Layer) Outcomes {
	var sum Outcomes
	for _, o := range t.Operations[layer] {
		sum.OK, sum.Failed, sum.Unknown = sum.OK+o.OK, sum.Failed+o.Failed, sum.Unknown+o.Unknown
	}
	return sum
}

// WatchEvents counts those that carried a change.
func (t *Tally) WatchEvents() int {
	return t.Events["ADDED"] + t.Events["MODIFIED"] + t.Events["DELETED"]
}

// String is one line, short enough for a terminal.
func (t *Tally) String() string {
	ops := t.Of(trace.API)
	parts := []string{
		fmt.Sprintf("%d operations (%d failed, %d unknown)", ops.all(), ops.Failed, ops.Unknown),
		fmt.Sprintf("revision %d", t.Revision),
		fmt.Sprintf("%d watch events", t.WatchEvents()),
		fmt.Sprintf("faults %d/%d", t.Bit, t.Faults),
	}
	if t.Phase != "" {
		parts = append([]string{t.Phase}, parts...)
	}
	return strings.Join(parts, " · ")
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
