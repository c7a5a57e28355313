package actions

import (
	"slices"
	"strconv"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// What became of a request is told by the log. A version that an answer names was made by the request that was answered so. What is left was
// made by requests of whose end nobody heard: if it can have been one only, it was that one.

// attribute finds the writer of every version that an answered request has made.
func (r *run) attribute() {
	r.writers = map[int64]*history.Operation{}
	for _, op := range r.Operations {
		if op.Layer != trace.API || !op.Writes() || !op.OK() {
			continue
		}
		if v := r.made(op); v != nil {
			r.writers[v.Revision] = op
		}
	}
}

// made is the version that an answered request has made; nil: it changed nothing.
func (r *run) made(op *history.Operation) *history.Version {
	if o := op.Return.Object; o != nil {
		v := r.Log.Entry(o.Revision)
		if v == nil || v.Object != op.Object() || r.writers[v.Revision] != nil || !r.began(op, v) {
			return nil
		}
		return v
	}
	// A bind and a removal are answered without the object.
	for _, v := range r.Log.Of(op.Object()) {
		if v.Line != nil && r.writers[v.Revision] == nil && r.fits(op, v) && r.began(op, v) && r.over(op, v) {
			return v
		}
	}
	return nil
}

// began: the request was there when the version was made.
func (r *run) began(op *history.Operation, v *history.Version) bool {
	if r.simulated() {
		return op.CallLine < v.Line.Seq
	}
	for _, s := range r.makers(v) {
		if s.Start >= op.Start {
			return true
		}
	}
	return false
}

// over: the version had been made when the request was answered.
func (r *run) over(op *history.Operation, v *history.Version) bool {
	if r.simulated() {
		return v.Line.Seq < op.ReturnLine
	}
	for _, s := range r.makers(v) {
		if s.End <= op.End {
			return true
		}
	}
	return false
}

// makers are the operations on the store of which one has made the version.
func (r *run) makers(v *history.Version) (candidates []*history.Operation) {
	verb := "put"
	if v.Deleted {
		verb = "delete"
	}
	for _, s := range r.stored[v.Key] {
		switch {
		case s.Verb != verb:
		case s.OK() && s.Return.Succeeded && s.Return.Revision == v.Revision:
			return []*history.Operation{s}
		case s.Outcome() == trace.Unknown && s.Expected == v.Previous && (v.Deleted || s.Hash == v.Hash):
			candidates = append(candidates, s)
		}
	}
	return candidates
}

// fits: the version may be what the request asked for.
func (r *run) fits(op *history.Operation, v *history.Version) bool {
	if op.UID != "" && op.UID != v.UID || op.ResourceVersion != "" && op.ResourceVersion != strconv.FormatInt(v.Previous, 10) {
		return false
	}
	c := r.change(v)
	switch {
	case op.Subresource == "binding":
		return c.placed()
	case op.Deletes():
		return c.goes() || c.stays() && leaving(c.is)
	case op.Verb == "create":
		return c.appears()
	}
	return c.was != nil
}

// lost is a request of whose end its issuer has not heard.
type lost struct {
	*history.Operation
	// line is where that was clear: its return, or the exit of its process.
	line    int64
	crashed bool
}

// lost returns op if it was lost, for one reason or the other.
func (r *run) lost(op *history.Operation) (lost, bool) {
	if op.Return != nil {
		return lost{op, op.ReturnLine, false}, op.Outcome() == trace.Unknown
	}
	line, exited := r.exited(op.Process, op.CallLine)
	return lost{op, line, true}, exited
}

// doubt is a version that no answer names, and the lost requests that may have made it.
type doubt struct {
	*history.Version
	suspects []lost
}

// suspect finds all doubts.
func (r *run) suspect() {
	for _, v := range r.Log.Entries {
		if r.writers[v.Revision] != nil {
			continue
		}
		d := doubt{Version: v}
		for _, op := range r.asked[v.Object] {
			if l, ok := r.lost(op); ok && op.Start <= r.Clock(v.Line) && r.fits(op, v) {
				d.suspects = append(d.suspects, l)
			}
		}
		if len(d.suspects) > 0 {
			r.doubts = append(r.doubts, d)
		}
	}
}

// late: the version was made after the request was given up. In a real run the log is read with a delay, so that only an operation shows
// that, which began afterwards and was answered by a store that was not yet so far.
func (r *run) late(l lost, v *history.Version) bool {
	if r.simulated() {
		return v.Line.Seq > l.line
	}
	return r.least(r.Clock(r.Line(l.line))) < v.Revision
}

// least is the least revision by which the store has answered an operation that began after a time.
func (r *run) least(time int64) int64 {
	if r.suffix == nil {
		r.suffix = make([]int64, len(r.Operations)+1)
		r.suffix[len(r.Operations)] = history.Never
		for i, op := range slices.Backward(r.Operations) {
			if r.suffix[i] = r.suffix[i+1]; op.Layer == trace.Store && op.OK() {
				r.suffix[i] = min(r.suffix[i], op.Return.Revision)
			}
		}
	}
	i, _ := slices.BinarySearchFunc(r.Operations, time, func(op *history.Operation, t int64) int {
		if op.Start <= t {
			return -1
		}
		return 1
	})
	return r.suffix[i]
}

// requests are those to the API for which of is true.
type requests func(r *run, op *history.Operation) bool

// each calls f for every request.
func (of requests) each(r *run, f func(op *history.Operation)) {
	for _, op := range r.Operations {
		if op.Layer == trace.API && of(r, op) {
			f(op)
		}
	}
}

// asked finds the requests that a server has answered, where they were asked.
func (of requests) asked(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if answered(op) {
			at(op.CallLine)
		}
	})
}

// heard finds the answers.
func (of requests) heard(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if answered(op) {
			at(op.ReturnLine)
		}
	})
}

// arrived finds what requests have changed that were answered.
func (of requests) arrived(r *run, at func(int64)) {
	for _, v := range r.Log.Entries {
		if op := r.writers[v.Revision]; op != nil && of(r, op) {
			at(v.Line.Seq)
		}
	}
}

// given finds the requests of which their issuers have given up to hear.
func (of requests) given(r *run, at func(int64)) {
	of.each(r, func(op *history.Operation) {
		if l, ok := r.lost(op); ok && !l.crashed {
			at(l.line)
		}
	})
}

// unheard finds the requests that had been carried out when they were given up.
func (of requests) unheard(r *run, at func(int64)) {
	of.doubts(r, func(d doubt) {
		if l := d.suspects[0]; len(d.suspects) == 1 && !l.crashed && d.Line.Seq < l.line {
			at(l.line)
		}
	})
}

// open finds those that were carried out only afterwards.
func (of requests) open(r *run, at func(int64)) {
	of.doubts(r, func(d doubt) {
		if l := d.suspects[0]; len(d.suspects) == 1 && !l.crashed && r.late(l, d.Version) {
			at(l.line)
		}
	})
}

// landed finds what requests have changed after they were given up, or after their issuer had crashed: one request, or one of some that
// all had been.
func (of requests) landed(r *run, at func(int64)) {
	of.doubts(r, func(d doubt) {
		for _, l := range d.suspects {
			if !r.late(l, d.Version) {
				return
			}
		}
		at(d.Line.Seq)
	})
}

// dropped finds the lost requests that have changed nothing until the end of the run. That one arrives and is refused is the same to a model.
func (of requests) dropped(r *run, at func(int64)) {
	suspected := map[*history.Operation]bool{}
	for _, d := range r.doubts {
		for _, l := range d.suspects {
			suspected[l.Operation] = true
		}
	}
	of.each(r, func(op *history.Operation) {
		if l, ok := r.lost(op); ok && !suspected[op] {
			at(l.line)
		}
	})
}

// doubts calls f for every doubt whose suspects are all among these.
func (of requests) doubts(r *run, f func(d doubt)) {
	for _, d := range r.doubts {
		if !slices.ContainsFunc(d.suspects, func(l lost) bool { return !of(r, l.Operation) }) {
			f(d)
		}
	}
}
