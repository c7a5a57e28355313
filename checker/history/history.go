package history

import (
	"math"

	"orrery/impl/trace"
)

// History is one run, indexed.
type History struct {
	Header trace.Header
	// Lines are all lines in their total order; Lines[n-1].Seq == n.
	Lines []trace.Line

	// Operations of both layers, in the order of their calls.
	Operations []*Operation
	// Log is what the store really went through.
	Log *Log
	// Watches, in the order of their opening, of both layers.
	Watches []*Watch
	// Faults, in the order of their beginning.
	Faults []*Fault
	// Phases, in their order.
	Phases []Phase

	// The remaining lines by kind, in order: each has the field of that name set.
	Steps, Containers, Rules, Requests, Digests, Lives, Sometimes, Compacts []*trace.Line

	// Stray are lines that belong to nothing: a Return, Event or end of a Fault whose beginning is missing, or a second
	// beginning or end of the same ID.
	Stray []*trace.Line
}

// Never is the end of what has no end.
const Never int64 = math.MaxInt64

// Operation is one request with its call and, perhaps, its return.
type Operation struct {
	*trace.Call
	// Return is nil where the operation never returned.
	Return *trace.Return
	// Process is who recorded it.
	Process string
	// CallLine and ReturnLine are the lines' Seq; ReturnLine is 0 where there is none.
	CallLine, ReturnLine int64
	// Start and End bound when it took effect, on the clock of [History.Clock]. End is Never where the outcome is
	// Unknown.
	Start, End int64
}

// Outcome is Unknown where the operation never returned.
func (o *Operation) Outcome() trace.Outcome {
	if o.Return == nil {
		return trace.Unknown
	}
	return o.Return.Outcome
}

// OK reports whether the operation was answered with success.
func (o *Operation) OK() bool { return o.Outcome() == trace.OK }

// Writes reports whether the verb may change the store.
func (o *Operation) Writes() bool {
	switch o.Verb {
	case "create", "update", "patch", "delete", "deletecollection", "put":
		return true
	}
	return false
}

// Deletes reports whether an operation of the API asks for one object to be deleted: by a delete, or by the eviction of a pod.
func (o *Operation) Deletes() bool {
	return o.Verb == "delete" || o.Verb == "create" && o.Subresource == "eviction"
}

// Before reports whether o was over when p began.
func (o *Operation) Before(p *Operation) bool { return o.End < p.Start }

// Object names what an operation of the API is about; where the server chose the name, as the server chose.
func (o *Operation) Object() ObjectName {
	if o.Name == "" && o.Return != nil && o.Return.Object != nil {
		return NameOf(*o.Return.Object)
	}
	return ObjectName{o.Resource, o.Namespace, o.Name}
}

// ObjectName names an object, whatever its incarnation.
type ObjectName struct {
	Resource, Namespace, Name string
}

// NameOf is the name in a Ref.
func NameOf(r trace.Ref) ObjectName { return ObjectName{r.Resource, r.Namespace, r.Name} }

func (o ObjectName) String() string {
	if o.Namespace == "" {
		return o.Resource + "/" + o.Name
	}
	return o.Resource + "/" + o.Namespace + "/" + o.Name
}

// Watch is one watch with what it delivered.
type Watch struct {
	*trace.Watch
	Line   *trace.Line
	Events []*trace.Line // each has Event set
}

// Fault is one fault. End is nil where it was never healed.
type Fault struct {
	Begin, End *trace.Line
}

// Bit reports whether the fault was seen to have had an effect.
func (f *Fault) Bit() bool { return f.End != nil && f.End.Fault.Bit }

// Phase is one part of the run: the lines From up to To, inclusive.
type Phase struct {
	Name     string
	From, To int64
}

// Line is the line with that number; nil if there is none.
func (h *History) Line(seq int64) *trace.Line {
	if seq < 1 || seq > int64(len(h.Lines)) {
		return nil
	}
	return &h.Lines[seq-1]
}

// Clock is the time of a line for comparing what happened first: in a simulated run, which is one total order, its
// number; in a real one its time, so that what has the same time counts as concurrent.
func (h *History) Clock(l *trace.Line) int64 {
	if h.Header.Mode == trace.Simulated {
		return l.Seq
	}
	return l.Time
}

// Phase is the phase with that name.
func (h *History) Phase(name string) (Phase, bool) {
	for _, p := range h.Phases {
		if p.Name == name {
			return p, true
		}
	}
	return Phase{}, false
}
