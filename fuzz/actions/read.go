package actions

import (
	"strconv"
	"strings"

	"orrery/checker/history"
	"orrery/impl/apiserver/cache"
	"orrery/impl/trace"
)

// reading is a list with what its server asked the store meanwhile.
type reading struct {
	*history.Operation
	counts, lists []*history.Operation
}

// consistent: it must show all that was written before it.
func (l reading) consistent() bool { return l.ResourceVersion == "" && l.Continue == "" }

// readings calls f for every list that a server has answered.
func (r *run) readings(f func(l reading)) {
	for _, op := range r.Operations {
		root, known := r.Log.Prefix(op.Resource, "")
		if op.Layer != trace.API || op.Verb != "list" || !answered(op) || !known {
			continue
		}
		l := reading{Operation: op}
		for _, s := range r.stored[root] {
			if r.serves(s, op) && s.Verb == "count" {
				l.counts = append(l.counts, s)
			}
		}
		if op.Namespace != "" {
			root += op.Namespace + "/"
		}
		for _, s := range r.stored[root] {
			if r.serves(s, op) && s.Verb == "list" {
				l.lists = append(l.lists, s)
			}
		}
		f(l)
	}
}

// serves: the operation on the store was carried out for the server of a request while that was open.
func (r *run) serves(s, op *history.Operation) bool {
	return s.OK() && s.Process == op.Server && op.Start <= s.Start && s.End <= op.End
}

func counted(r *run, at func(int64)) {
	r.readings(func(l reading) {
		for _, s := range l.counts {
			if l.consistent() {
				at(s.ReturnLine)
			}
		}
	})
}

func listedFromStore(r *run, at func(int64)) {
	r.readings(func(l reading) {
		for _, s := range l.lists {
			at(s.ReturnLine)
		}
	})
}

// served: a list that was answered as soon as the store had counted can show no more than the cache had then.
func served(r *run, at func(int64)) {
	r.readings(func(l reading) {
		if !l.OK() || !l.consistent() || len(l.counts) == 0 || len(l.lists) > 0 {
			return
		}
		last := l.counts[len(l.counts)-1]
		if l.Return.Revision > r.cached(last.Process, last.ReturnLine) {
			at(l.ReturnLine)
		}
	})
}

// cached is a revision that the caches of a server were not beyond at a line: where its watch of the store is recorded, the last that came by
// it, and else that of the store itself.
func (r *run) cached(server string, line int64) (revision int64) {
	watched := false
	for _, w := range r.Watches {
		if w.Layer != trace.Store || w.Line.Process != server {
			continue
		}
		watched = true
		for _, l := range w.Events {
			if l.Seq < line {
				revision = max(revision, l.Event.Object.Revision)
			}
		}
	}
	for _, s := range r.stored[cache.Root] {
		if s.Process == server && s.OK() && s.CallLine < line {
			revision = max(revision, s.Return.Revision)
		}
	}
	if watched {
		return revision
	}
	revision = r.Log.Start
	for _, v := range r.Log.Entries {
		if v.Line.Seq < line {
			revision = v.Revision
		}
	}
	return revision
}

func timedOut(r *run, at func(int64)) {
	r.readings(func(l reading) {
		for _, s := range l.lists {
			if l.consistent() && s.At == 0 && len(l.counts) > 0 && l.counts[0].ReturnLine < s.CallLine && issuer(l.counts[0].Client) == issuer(s.Client) {
				at(s.CallLine)
			}
		}
	})
	for _, op := range r.Operations {
		read := op.Verb == "get" || op.Verb == "list"
		if op.Layer == trace.API && read && op.ResourceVersion != "" && op.ResourceVersion != "0" && op.Return != nil && op.Return.Reason == "Timeout" && !r.asks(op) {
			at(op.ReturnLine)
		}
	}
}

// asks: the server has asked the store for something that the request is about; then it may be the store that has not answered.
func (r *run) asks(op *history.Operation) bool {
	for _, s := range r.Operations {
		if s.Layer == trace.Store && s.Process == op.Server && op.Start <= s.Start && s.Start <= op.End && strings.HasPrefix(s.Key, cache.Root+op.Resource+"/") {
			return true
		}
	}
	return false
}

// following is what a component asks in order to follow a resource.
type following struct{ issuer, resource, namespace, fields string }

// follows calls f for every watch of a component, with the list before it if there was none of the two in between.
func (r *run) follows(f func(w *history.Watch, list *history.Operation)) {
	lists := map[following]*history.Operation{}
	next := 0
	for _, w := range r.Watches {
		for ; next < len(r.Operations) && r.Operations[next].CallLine < w.Line.Seq; next++ {
			if op := r.Operations[next]; op.Layer == trace.API && op.Verb == "list" && op.OK() {
				lists[following{issuer(op.Client), op.Resource, op.Namespace, op.Fields}] = op
			}
		}
		if w.Layer != trace.API || !r.component(w.Line.Process) {
			continue
		}
		f(w, lists[followingOf(w)])
		lists[followingOf(w)] = nil
	}
}

func followingOf(w *history.Watch) following {
	return following{issuer(w.Client), w.Resource, w.Namespace, w.Fields}
}

func relisted(r *run, at func(int64)) {
	r.follows(func(w *history.Watch, list *history.Operation) {
		if list != nil && w.ResourceVersion == strconv.FormatInt(list.Return.Revision, 10) {
			at(w.Line.Seq)
		}
	})
}

func resumed(r *run, at func(int64)) {
	r.follows(func(w *history.Watch, list *history.Operation) {
		if list == nil {
			at(w.Line.Seq)
		}
	})
}

var (
	told   = events(trace.API, tells)
	marked = events(trace.API, func(e *trace.Event) bool { return e.Type == "BOOKMARK" })
)

func expired(r *run, at func(int64)) {
	for _, w := range r.Watches {
		for i, l := range w.Events {
			if w.Layer == trace.API && i > 0 && l.Event.Type == "ERROR" && l.Event.Code == 410 {
				at(l.Seq)
			}
		}
	}
}

// cut: a watch that was open is followed by another without a list, and its server is still there.
func cut(r *run, at func(int64)) {
	last := map[following]*history.Watch{}
	r.follows(func(w *history.Watch, list *history.Operation) {
		of := followingOf(w)
		if v := last[of]; list == nil && v != nil && brokeOff(v) && !r.crashed(v.Server, v.Line.Seq, w.Line.Seq) {
			at(v.Events[len(v.Events)-1].Seq)
		}
		last[of] = w
	})
}

// brokeOff: the watch was opened, and has ended without an error.
func brokeOff(w *history.Watch) bool {
	n := len(w.Events)
	if n == 0 || w.Events[n-1].Event.Type != "END" {
		return false
	}
	if n == 1 {
		return w.Events[0].Event.Reason == ""
	}
	return w.Events[n-2].Event.Type != "ERROR"
}

// crashed: the API server of that name has exited between two lines.
func (r *run) crashed(server string, from, to int64) bool {
	for _, process := range []string{server, "apiserver-" + server} {
		if line, exited := r.exited(process, from); exited && line < to {
			return true
		}
	}
	return false
}

// replaced: the first list of a life is its start.
func replaced(r *run, at func(int64)) {
	listed := map[string]bool{}
	for _, s := range r.stored[cache.Root] {
		if s.Verb != "list" || !s.OK() || s.Continue != "" {
			continue
		}
		if listed[issuer(s.Client)] {
			at(s.ReturnLine)
		}
		listed[issuer(s.Client)] = true
	}
}
