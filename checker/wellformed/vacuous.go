package wellformed

import (
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// vacuous tells what the run should have reached and did not. Operations, writes and watch events are those of clients.
func vacuous(h *history.History) []string {
	var missing []string
	miss := func(format string, args ...any) { missing = append(missing, fmt.Sprintf(format, args...)) }

	if len(h.Operations) == 0 && len(h.Log.Entries) == 0 && len(h.Containers) == 0 {
		miss("the run is vacuous: nothing happened")
	}
	counts := Count(h)
	expect := h.Header.Expect
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"operations that ended", counts.Operations, expect.Operations},
		{"writes that succeeded", counts.Writes, expect.Writes},
		{"watch events", counts.WatchEvents, expect.WatchEvents},
	} {
		if c.got < c.want {
			miss("the run is vacuous: %d %s, expected at least %d", c.got, c.what, c.want)
		}
	}
	for _, name := range expect.Sometimes {
		if !slices.ContainsFunc(h.Sometimes, func(l *trace.Line) bool { return l.Sometimes.Name == name }) {
			miss("the run is vacuous: it never reached %q", name)
		}
	}
	for _, kind := range expect.Faults {
		if !slices.ContainsFunc(h.Faults, func(f *history.Fault) bool { return f.Begin.Fault.Kind == kind }) {
			miss("the run is vacuous: there was no fault of the kind %q", kind)
		}
	}
	for _, f := range h.Faults {
		begin := f.Begin.Fault
		switch {
		case f.End == nil:
			miss("the fault %s (%s of %s) has no end, so nobody knows whether it had an effect", begin.ID, begin.Kind, begin.Target)
		case !f.Bit():
			miss("the fault %s (%s of %s) had no effect that was observed", begin.ID, begin.Kind, begin.Target)
		}
	}
	return missing
}

// Counts sum up what clients did.
type Counts struct {
	Operations, Writes, WatchEvents int
}

// Count counts the operations at the API that did not end Unknown, the writes among them that succeeded, and the watch
// events that carried an object.
func Count(h *history.History) Counts {
	var c Counts
	for _, o := range h.Operations {
		if o.Layer != trace.API || o.Outcome() == trace.Unknown {
			continue
		}
		c.Operations++
		if o.OK() && o.Writes() {
			c.Writes++
		}
	}
	for _, w := range h.Watches {
		if w.Layer != trace.API {
			continue
		}
		for _, l := range w.Events {
			switch l.Event.Type {
			case "ADDED", "MODIFIED", "DELETED":
				c.WatchEvents++
			}
		}
	}
	return c
}
