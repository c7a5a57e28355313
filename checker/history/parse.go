package history

import (
	"io"

	"orrery/impl/trace"
)

// Parse reads a whole trace and indexes it. A merged trace is numbered already; other traces are numbered here.
func Parse(r *trace.Reader) (*History, error) {
	h := &History{Header: r.Header}
	for {
		line, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line.Seq = int64(len(h.Lines)) + 1
		h.Lines = append(h.Lines, line)
	}
	h.index()
	return h, nil
}

// New indexes lines that are in memory, numbering them.
func New(header trace.Header, lines []trace.Line) *History {
	h := &History{Header: header, Lines: lines}
	for i := range h.Lines {
		h.Lines[i].Seq = int64(i) + 1
	}
	h.index()
	return h
}

// indexer holds what is open while lines are read in order.
type indexer struct {
	*History
	operations map[string]*Operation
	watches    map[string]*Watch
	faults     map[string]*Fault
}

func (h *History) index() {
	x := &indexer{h, map[string]*Operation{}, map[string]*Watch{}, map[string]*Fault{}}
	h.Log = newLog(h.Header)
	for i := range h.Lines {
		x.line(&h.Lines[i])
	}
	if n := len(h.Phases); n > 0 {
		h.Phases[n-1].To = int64(len(h.Lines))
	}
	h.Log.finish()
}

func (x *indexer) line(l *trace.Line) {
	switch {
	case l.Call != nil:
		x.call(l)
	case l.Return != nil:
		x.finish(l)
	case l.Revision != nil:
		x.Log.append(l)
	case l.Compact != nil:
		x.Compacts = append(x.Compacts, l)
	case l.Watch != nil:
		x.watch(l)
	case l.Event != nil:
		x.event(l)
	case l.Step != nil:
		x.Steps = append(x.Steps, l)
	case l.Container != nil:
		x.Containers = append(x.Containers, l)
	case l.Rules != nil:
		x.Rules = append(x.Rules, l)
	case l.Request != nil:
		x.Requests = append(x.Requests, l)
	case l.Digest != nil:
		x.Digests = append(x.Digests, l)
	case l.Fault != nil:
		x.fault(l)
	case l.Phase != nil:
		x.phase(l)
	case l.Sometimes != nil:
		x.Sometimes = append(x.Sometimes, l)
	case l.Life != nil:
		x.Lives = append(x.Lives, l)
	}
}

func (x *indexer) stray(l *trace.Line) { x.Stray = append(x.Stray, l) }

func (x *indexer) call(l *trace.Line) {
	if x.operations[l.Call.ID] != nil {
		x.stray(l)
		return
	}
	o := &Operation{Call: l.Call, Process: l.Process, CallLine: l.Seq, Start: x.Clock(l), End: Never}
	x.operations[l.Call.ID] = o
	x.Operations = append(x.Operations, o)
}

func (x *indexer) finish(l *trace.Line) {
	o := x.operations[l.Return.ID]
	if o == nil || o.Return != nil {
		x.stray(l)
		return
	}
	o.Return, o.ReturnLine = l.Return, l.Seq
	if o.Outcome() != trace.Unknown {
		o.End = x.Clock(l)
	}
}

func (x *indexer) watch(l *trace.Line) {
	if x.watches[l.Watch.ID] != nil {
		x.stray(l)
		return
	}
	w := &Watch{Watch: l.Watch, Line: l}
	x.watches[l.Watch.ID] = w
	x.Watches = append(x.Watches, w)
}

func (x *indexer) event(l *trace.Line) {
	w := x.watches[l.Event.Watch]
	if w == nil {
		x.stray(l)
		return
	}
	w.Events = append(w.Events, l)
}

func (x *indexer) fault(l *trace.Line) {
	f := x.faults[l.Fault.ID]
	switch {
	case l.Fault.State == "begin" && f == nil:
		f = &Fault{Begin: l}
		x.faults[l.Fault.ID] = f
		x.Faults = append(x.Faults, f)
	case l.Fault.State == "end" && f != nil && f.End == nil:
		f.End = l
	default:
		x.stray(l)
	}
}

func (x *indexer) phase(l *trace.Line) {
	if n := len(x.Phases); n > 0 {
		x.Phases[n-1].To = l.Seq - 1
	}
	x.Phases = append(x.Phases, Phase{Name: l.Phase.Name, From: l.Seq})
}
