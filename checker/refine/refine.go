package refine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Allowed is what is promised of every component that has a model.
//
//lint:ignore ST1012 a guarantee is named by what is promised
var Allowed = errors.New("a component decides only what its model allows in the view that it says it had")

// Forward is row 39, of every component's caches.
//
//lint:ignore ST1012 a guarantee is named by what is promised
var Forward = errors.New("what a component's caches show never goes back")

// Decided is what is promised of every component that tells its steps.
//
//lint:ignore ST1012 a guarantee is named by what is promised
var Decided = errors.New("a component does only what a step of it has decided before, and as it has decided it")

// Checker is the checker of decisions.
type Checker struct{}

// Name is "refine".
func (Checker) Name() string { return "refine" }

// judged are the components that have a model, each with what judges one of its steps.
var judged = map[string]component{
	"replication-controller":       replicates("replicationcontrollers"),
	"replicaset-controller":        replicates("replicasets"),
	defaultScheduler:               {schedules, schedulerReads},
	"kubelet":                      {runs, nil},
	"endpoint-slice-controller":    {publishes, servicesReads},
	oldController:                  {publishesOld, oldReads},
	"namespace-controller":         {empties, nil},
	nodeLifecycle:                  {looksAfter, nil},
	"garbage-collector-controller": {collects, nil},
	accountController:              {accounts, accountReads},
	"proxy":                        {proxies, nil},
}

// component is how the steps of a component are judged. reads are the versions that a step's decision depends on, in order, by the resource
// of the cache that shows them; nil: the component also decides from what no store holds, so that views cannot be tried.
type component struct {
	judge func(*judge, *step) opinion
	reads func(*judge, *step) map[string][]*history.Version
}

// opinion is what is to be said of one step.
type opinion struct {
	// There is something to judge, and the view is known, so that it can be.
	any, known bool
	// why the model refuses the plan, and what it allows; empty: it allows the plan.
	why, allowed string
}

// Components are the names of the components whose steps are judged, sorted.
func Components() []string { return slices.Sorted(maps.Keys(judged)) }

// Check judges every step.
func (Checker) Check(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	j := all(ctx, h)
	return verdict.Result{Findings: verdict.Keep(j.findings, limits), Unknown: j.unknown}
}

// Share is of how many of a component's decisions the view was known, so that they were judged, of all in which there was something to judge.
type Share struct{ Judged, All int }

// Shares are those of the components, by name.
func Shares(h *history.History) map[string]Share { return all(context.Background(), h).shares }

// all judges every step.
func all(ctx context.Context, h *history.History) *judge {
	j := &judge{h: h, operations: make(map[string]*history.Operation, len(h.Operations)), last: map[lastKey]*step{}, views: map[viewKey]int64{}, written: map[writtenKey][]*writing{},
		sent: map[writtenKey]trace.Effect{}, plans: map[string]planned{}, calls: map[callKey]int64{}, deciders: map[string]bool{}, pods: map[*history.Version]*pod{}, boots: map[string]int{}, applied: map[string]string{}, shares: map[string]Share{}}
	for _, op := range h.Operations {
		j.operations[op.ID] = op
	}
	const often = 1 << 10
	for n, l := range h.Steps {
		if n%often == 0 && ctx.Err() != nil {
			j.unknown = append(j.unknown, "there was no time to judge all decisions")
			break
		}
		j.step(l)
	}
	j.undecided()
	return j
}

const notFound = 404

type judge struct {
	h          *history.History
	operations map[string]*history.Operation
	last       map[lastKey]*step
	views      map[viewKey]int64
	// written are the writes to each object, sent the last that has a call.
	written map[writtenKey][]*writing
	sent    map[writtenKey]trace.Effect
	// plans are what was decided, by the ID of the request; calls those to a runtime, with the line of the first decision; deciders the processes
	// that tell their steps.
	plans    map[string]planned
	calls    map[callKey]int64
	deciders map[string]bool
	answers  map[string][]answer       // see answered
	pods     map[*history.Version]*pod // as a kubelet's model needs them
	// boots are how many times the kubelet of each node was started again, as the first of the lives tell that are counted in booted.
	boots  map[string]int
	booted int
	// applied are the rules of each node that were applied last, as the first of the sets tell that are counted in told.
	applied  map[string]string
	told     int
	inside   map[string][]string // the keys of what was in each namespace; see within
	shares   map[string]Share
	findings []verdict.Finding
	unknown  []string
	bad      bool // a stored object could not be read, which is said once
}

// count counts a decision in which there is something to judge.
func (j *judge) count(s *step, o opinion) {
	if !o.any {
		return
	}
	share := j.shares[s.Component]
	share.All++
	if o.known {
		share.Judged++
	}
	j.shares[s.Component] = share
}

// lastKey names a key of a process's loop, writtenKey an object that a process has written.
type (
	lastKey    struct{ process, component, key string }
	writtenKey struct {
		process string
		object  history.ObjectName
	}
	viewKey struct{ process, component, resource string }
)

// writing is one write to an object, as it was decided.
type writing struct {
	effect trace.Effect
	plan   []trace.Effect // of the step that decided it
	again  bool           // it repeats the one before, whose outcome is unknown
	read   string         // the call that was to tell what became of it
}

// step is one decision under judgement.
type step struct {
	*trace.Step
	line *trace.Line
	// before is the key's step before, of the same process; nil: this is the first.
	before *step
	// Of a kubelet: in which of its lives, and the number of the look from which it last decided to call the runtime about the key. A call is
	// followed by a look, which has a greater number. 0: it did not in this life.
	boot   int
	called int64
}

func (j *judge) step(l *trace.Line) {
	s := &step{Step: l.Step, line: l}
	j.forward(s)
	if c, ok := judged[s.Component]; ok && s.Key != "" {
		at := lastKey{l.Process, s.Component, s.Key}
		s.before = j.last[at]
		o := opinion{}
		if s.View == nil && c.reads != nil {
			o = j.inSomeView(s, c)
		} else {
			o = c.judge(j, s)
		}
		if j.count(s, o); o.why != "" {
			j.refused(s, o.why, o.allowed)
		}
		s.before = nil // one is enough
		j.last[at] = s
	}
	j.decides(s)
	for _, e := range s.Plan {
		at := writtenKey{l.Process, history.NameOf(e.Object)}
		if e.Verb == "list" {
			continue
		}
		before := j.unrefused(at, l.Seq)
		if e.Verb == "get" {
			if n := len(before); n > 0 {
				before[n-1].read = e.Call
			}
			continue
		}
		sent := j.operations[e.Call] != nil
		if sent {
			j.sent[at] = e
		}
		if sent || !j.open(s, at.object, before) {
			j.written[at] = append(before, &writing{effect: e, plan: s.Plan, again: s.Key == ""})
		}
	}
}

// open: nobody knew what had become of the last of the component's writes to an object, or it had not been answered, so that another was held back. Of one
// that was answered without a version, as a binding is, there is nothing to wait for.
func (j *judge) open(s *step, object history.ObjectName, writes []*writing) bool {
	if n := len(writes); n > 0 {
		if op := j.operations[writes[n-1].effect.Call]; op != nil && op.OK() && op.ReturnLine < s.line.Seq {
			return false
		}
	}
	return slices.ContainsFunc(s.Own, func(ref trace.Ref) bool { return ref.Revision == 0 && history.NameOf(ref) == object })
}

// forward judges that no cache goes back, not even that of a process that has been started again: its first list is a consistent read. What
// is no resource of the store is counted by the process itself.
func (j *judge) forward(s *step) {
	for _, resource := range slices.Sorted(maps.Keys(s.View)) {
		if _, stored := j.h.Log.Prefix(resource, ""); !stored {
			continue
		}
		at := viewKey{s.line.Process, s.Component, resource}
		if seen, before := j.views[at]; before && s.View[resource] < seen {
			j.findings = append(j.findings, verdict.Finding{Guarantee: Forward, Row: 39, Line: s.line.Seq,
				Text: fmt.Sprintf("%s saw %s at %d, and had seen them at %d: its cache went back", s.Component, resource, s.View[resource], seen)})
		}
		j.views[at] = s.View[resource]
	}
}

// refused records that the model refuses a plan.
func (j *judge) refused(s *step, why, allowed string) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: Allowed, Line: s.line.Seq,
		Text:    fmt.Sprintf("%s decided about %s what its model refuses: %s", s.Component, s.Key, why),
		Nearest: []string{"in that view it may " + allowed}})
}

// content is the object in a version; nil where there is none. One that cannot be read makes the verdict Unknown.
func (j *judge) content(v *history.Version) *object.Object {
	obj, err := v.Content()
	if err != nil && !j.bad {
		j.bad = true
		j.unknown = append(j.unknown, fmt.Sprintf("the object at revision %d of %s cannot be read: %v", v.Revision, v.Key, err))
	}
	return obj
}

// unrefused are the writes to an object without those at the end that had been refused by a line, or given up: of these there is nothing left, and the
// one before counts again. That a repeat was refused does not tell what became of the first.
func (j *judge) unrefused(at writtenKey, line int64) []*writing {
	all := j.written[at]
	for n := len(all); n > 0; n-- {
		w := all[n-1]
		op := j.operations[w.effect.Call]
		if w.again || op == nil && !j.givenUp(w.plan, line) || op != nil && !refused(op, line) {
			return all[:n]
		}
	}
	return nil
}

// givenUp: by a line, a request of the plan had not succeeded, and those that were sent with it had been answered, so that nothing more of it is sent. An
// Event may fail, and is not waited for; what a read does not find is its answer.
func (j *judge) givenUp(plan []trace.Effect, line int64) bool {
	failed := false
	for _, e := range plan {
		op := j.operations[e.Call]
		switch {
		case e.Object.Resource == "events" || e.Verb == "get" || op == nil || op.CallLine > line:
		case op.Return == nil || op.ReturnLine > line:
			return false
		case !op.OK():
			failed = true
		}
	}
	return failed
}

// refused: the component knew at a line that the request was refused.
func refused(op *history.Operation, line int64) bool {
	return op.Outcome() == trace.Failed && op.ReturnLine < line
}

// own is a write of the component's own that its cache did not show: the object, the version that it made if it was answered, and else the
// request, if there was one.
type own struct {
	object  history.ObjectName
	version *history.Version
	gone    bool // answered, and the object is gone
	effect  trace.Effect
	request *history.Operation
	// bind is the request that gave this pod a node, which may have been followed by others; nil: there was none.
	bind *history.Operation
}

// owned are the own writes to objects of a resource, by name.
func (j *judge) owned(s *step, resource string) map[history.ObjectName]own {
	all := map[history.ObjectName]own{}
	for _, ref := range s.Own {
		if ref.Resource != resource {
			continue
		}
		o := own{object: history.NameOf(ref)}
		if ref.Revision > 0 {
			chain := j.h.Log.Of(o.object)
			o.version = history.At(chain, ref.Revision)
			o.gone = o.version == nil
		} else {
			var last writing
			writes := j.unrefused(writtenKey{s.line.Process, o.object}, s.line.Seq)
			if len(writes) > 0 {
				last = *writes[len(writes)-1]
			}
			o.effect, o.request = last.effect, j.operations[last.effect.Call]
			for _, w := range writes {
				if op := j.operations[w.effect.Call]; binds(w.effect) && op != nil && !refused(op, s.line.Seq) && w.effect.Object.UID == last.effect.Object.UID {
					o.bind = op
				}
			}
			read := j.operations[last.read]
			o.gone = read != nil && read.Return != nil && read.Return.Code == notFound && read.ReturnLine < s.line.Seq ||
				o.effect.Verb == "delete" && o.request != nil && o.request.OK() && o.request.ReturnLine < s.line.Seq // at once, and the answer has no object
		}
		all[o.object] = o
	}
	return all
}
