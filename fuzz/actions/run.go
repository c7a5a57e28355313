package actions

import (
	"slices"
	"sort"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// run is a trace with what several finders need, worked out once.
type run struct {
	*history.History
	operations map[string]*history.Operation // by ID
	// stored are the operations on the store, by key.
	stored map[string][]*history.Operation
	// asked are the requests to the API that may change an object, by object.
	asked map[history.ObjectName][]*history.Operation
	// gets are the requests that read an object, by object.
	gets map[history.ObjectName][]*history.Operation
	// writers are the requests that were answered, by the revision that each made.
	writers map[int64]*history.Operation
	// doubts are the versions that nobody was told of.
	doubts []doubt
	// suffix is by operation the least revision of those from it on; see least.
	suffix []int64
	// exits and starts are those of each process, by the name under which it writes.
	exits, starts map[string][]int64
	// turns are the steps of a process for a key, wants the effects that a kubelet plans for a pod, by process and UID.
	turns map[[2]string][]int64
	wants map[[2]string][]want
	// runners are the processes that run a component, by its name.
	runners map[string]map[string]bool
	// deciders are the components that decided on requests, by their IDs.
	deciders map[string]string
}

func newRun(h *history.History) *run {
	r := &run{
		History: h, operations: map[string]*history.Operation{}, stored: map[string][]*history.Operation{},
		asked: map[history.ObjectName][]*history.Operation{}, gets: map[history.ObjectName][]*history.Operation{}, exits: map[string][]int64{}, starts: map[string][]int64{},
		turns: map[[2]string][]int64{}, wants: map[[2]string][]want{}, runners: map[string]map[string]bool{}, deciders: map[string]string{},
	}
	for _, op := range h.Operations {
		r.operations[op.ID] = op
		switch {
		case op.Layer == trace.Store:
			r.stored[op.Key] = append(r.stored[op.Key], op)
		case op.Writes():
			r.asked[op.Object()] = append(r.asked[op.Object()], op)
		case op.Verb == "get":
			r.gets[op.Object()] = append(r.gets[op.Object()], op)
		}
	}
	for _, l := range h.Lives {
		var of map[string][]int64
		switch l.Life.State {
		case "start":
			of = r.starts
		case "exit":
			of = r.exits
		default:
			continue
		}
		for _, process := range names(l.Life) {
			of[process] = append(of[process], l.Seq)
		}
	}
	for _, l := range h.Steps {
		if r.runners[l.Step.Component] == nil {
			r.runners[l.Step.Component] = map[string]bool{}
		}
		r.runners[l.Step.Component][l.Process] = true
		turn := [2]string{l.Process, l.Step.Key}
		r.turns[turn] = append(r.turns[turn], l.Seq)
		for _, e := range l.Step.Plan {
			if e.Call != "" {
				r.deciders[e.Call] = l.Step.Component
			}
			if pod := [2]string{l.Process, e.Object.UID}; l.Step.Component == theKubelet {
				r.wants[pod] = append(r.wants[pod], want{l, e})
			}
		}
	}
	r.attribute()
	r.suspect()
	return r
}

// names are those under which a process may write: there is one on each machine, or one alone.
func names(l *trace.Life) []string { return []string{l.Name, l.Name + "-" + l.Machine} }

// runs reports whether a process runs one of the components.
func (r *run) runs(process string, components ...string) bool {
	return slices.ContainsFunc(components, func(c string) bool { return r.runners[c][process] })
}

// component reports whether a process is part of the cluster, and no user.
func (r *run) component(process string) bool {
	for _, processes := range r.runners { // order does not matter: one is enough
		if processes[process] {
			return true
		}
	}
	return false
}

// exited is the first exit of a process after a line; false: there is none.
func (r *run) exited(process string, line int64) (int64, bool) { return after(r.exits[process], line) }

// life counts the starts and exits of a process before a line: two lines of the same count are of the same life.
func (r *run) life(process string, line int64) int {
	return before(r.exits[process], line) + before(r.starts[process], line)
}

// after is the first of sorted numbers that is greater.
func after(sorted []int64, n int64) (int64, bool) {
	i := sort.Search(len(sorted), func(i int) bool { return sorted[i] > n })
	if i == len(sorted) {
		return 0, false
	}
	return sorted[i], true
}

// before is how many of sorted numbers are smaller.
func before(sorted []int64, n int64) int {
	return sort.Search(len(sorted), func(i int) bool { return sorted[i] >= n })
}

// simulated: the order of lines is the order of what happened.
func (r *run) simulated() bool { return r.Header.Mode == trace.Simulated }

// content is the object that a version holds; nil: there is none, or it cannot be read, which is for the checkers to say.
func content(v *history.Version) *object.Object {
	o, err := v.Content()
	if err != nil {
		return nil
	}
	return o
}

// issuer is which life of a process, or of a loop in it, a client in the trace belongs to.
func issuer(client string) string {
	name, _, _ := strings.Cut(client, "/")
	return name
}

// answered: a server has answered the request, whatever it said. Where none listened there is no code.
func answered(op *history.Operation) bool {
	return op.OK() || op.Outcome() == trace.Failed && op.Return.Code != 0
}

// sortedOnce sorts numbers and leaves each once.
func sortedOnce(lines []int64) []int64 {
	slices.Sort(lines)
	return slices.Compact(lines)
}
