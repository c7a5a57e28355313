package actions

import (
	"slices"

	"orrery/impl/trace"
)

// verbOf is the call that leads to a state of a container.
var verbOf = map[string]string{"created": "create container", "started": "start container"}

// waits is until when a kubelet waits for a call: until its next step for the same pod, or its exit. 0: to the end.
func (w want) waits(r *run) (line int64, crashed bool) {
	next, goesOn := after(r.turns[[2]string{w.line.Process, w.line.Step.Key}], w.line.Seq)
	exit, exits := r.exited(w.line.Process, w.line.Seq)
	switch {
	case goesOn && (!exits || next < exit):
		return next, false
	case exits:
		return exit, true
	}
	return 0, false
}

// waited: what happened to a container was while the kubelet waited for the call.
func (w want) waited(r *run, l *trace.Line) bool {
	until, _ := w.waits(r)
	return until == 0 || r.when(l) < r.Clock(r.Line(until))
}

// carried finds the creations and starts of containers that came about while the kubelet waited for the last call that had asked for it, or
// later.
func carried(waited bool) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Containers {
			c := l.Container
			var last *want
			for _, w := range r.wantsOf(c) {
				if w.Verb == verbOf[c.State] && w.about(c) && r.Clock(w.line) < r.when(l) {
					last = &w
				}
			}
			if last != nil && last.waited(r, l) == waited {
				at(l.Seq)
			}
		}
	}
}

// uncarried finds the calls to start a container that had not been carried out when the kubelet no longer waited, and that hold. outcome is
// what happened to the container first: it was started, has ended, or was removed; nil: nothing.
func uncarried(holds func(r *run, w want, outcome *trace.Line) bool) finder {
	return func(r *run, at func(int64)) {
		for _, l := range r.Containers {
			c := l.Container
			if c.Container == "" || c.State != "created" {
				continue
			}
			wants := r.wantsOf(c)
			outcome := r.outcome(l)
			for _, w := range wants {
				until, _ := w.waits(r)
				if w.Verb != verbOf["started"] || !w.about(c) || w.line.Seq < l.Seq || until == 0 || outcome != nil && r.Clock(w.line) > r.when(outcome) {
					continue
				}
				if (outcome == nil || !w.waited(r, outcome)) && holds(r, w, outcome) {
					at(until)
				}
			}
		}
	}
}

// outcome is what happened first to a container after it was created.
func (r *run) outcome(created *trace.Line) *trace.Line {
	i := slices.IndexFunc(r.Containers, func(l *trace.Line) bool {
		return l.Seq > created.Seq && l.Container.Node == created.Container.Node && l.Container.ID == created.Container.ID
	})
	if i < 0 {
		return nil
	}
	return r.Containers[i]
}

// abandoned: the kubelet has gone on.
func abandoned(r *run, w want, _ *trace.Line) bool {
	_, crashed := w.waits(r)
	return !crashed
}

// lostCall: the container was never started, or only after another call for it.
func lostCall(r *run, w want, outcome *trace.Line) bool {
	if outcome == nil || outcome.Container.State != "started" {
		return true
	}
	return slices.ContainsFunc(r.wants[[2]string{w.line.Process, w.Object.UID}], func(other want) bool {
		return other.line.Seq > w.line.Seq && other.Verb == w.Verb && other.Object.Key == w.Object.Key && r.Clock(other.line) < r.when(outcome)
	})
}
