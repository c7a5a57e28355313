package refine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// most is how many views are tried for one step: bounded, so that judging stays linear in the trace.
const most = 1000

// inSomeView judges a step of a component that does not tell its view, as upstream's own do not: it is refused only if it is in no view that
// it may have had, newest first. Each cache may lag by itself, and may or may not have been overlaid with the component's own writes.
//
// Views older than the recording are not known. Where there are more than can be tried, nothing can be said.
func (j *judge) inSomeView(s *step, c component) opinion {
	if len(s.Plan) == 0 {
		return opinion{}
	}
	reads := c.reads(j, s)
	views := newViews(reads, j.latest(s), j.h.Log.Start)
	mine := j.answered(s.line.Process)
	first := opinion{}
	for n := range most {
		view, ok := views.next()
		if !ok {
			return first.inNone(n)
		}
		for _, own := range [][]trace.Ref{nil, after(mine, s.line.Seq, view)} {
			try := *s
			told := *s.Step
			told.View, told.Own = view, own
			try.Step = &told
			o := c.judge(j, &try)
			if !o.any || !o.known || o.why == "" {
				return o
			}
			if first.why == "" {
				first = o
			}
		}
	}
	j.unknown = append(j.unknown, fmt.Sprintf("line %d: %s does not tell its view, and none of the %d newest that it may have had allows what it decided about %s; older ones were not tried",
		s.line.Seq, s.Component, most, s.Key))
	return opinion{any: true}
}

// inNone is what is said of a step that no view allows.
func (o opinion) inNone(views int) opinion {
	o.why = fmt.Sprintf("in the newest of the %d views that it may have had: %s", views, o.why)
	return o
}

// latest is the last revision that a step can have seen: the one before the first that it made itself, or the last that was there when it was
// taken.
func (j *judge) latest(s *step) int64 {
	for _, e := range s.Plan {
		if op := j.operations[e.Call]; op != nil && op.OK() && op.Return.Object != nil && op.Return.Object.Revision > 0 {
			return op.Return.Object.Revision - 1
		}
	}
	entries := j.h.Log.Entries
	if n := sort.Search(len(entries), func(i int) bool { return entries[i].Seq() > s.line.Seq }); n > 0 {
		return entries[n-1].Revision
	}
	return j.h.Log.Start
}

// answer is a write that was answered, and where.
type answer struct {
	line   int64
	object trace.Ref
}

// answered are the writes of a process that were answered, by their revision.
func (j *judge) answered(process string) []answer {
	if j.answers == nil {
		j.answers = map[string][]answer{}
		for _, op := range j.h.Operations {
			if op.Layer == trace.API && op.Writes() && op.OK() && op.Return.Object != nil {
				j.answers[op.Process] = append(j.answers[op.Process], answer{op.ReturnLine, *op.Return.Object})
			}
		}
		for _, all := range j.answers { // order does not matter: each is sorted by itself
			slices.SortStableFunc(all, func(a, b answer) int { return cmp.Compare(a.object.Revision, b.object.Revision) })
		}
	}
	return j.answers[process]
}

// after are those of the writes that were answered before a line and that a view does not show.
func after(answers []answer, line int64, view map[string]int64) (own []trace.Ref) {
	oldest := int64(math.MaxInt64)
	for _, revision := range view { // order does not matter: the least
		oldest = min(oldest, revision)
	}
	first := sort.Search(len(answers), func(i int) bool { return answers[i].object.Revision > oldest })
	for _, a := range answers[first:] {
		if a.line < line && a.object.Revision > view[a.object.Resource] {
			own = append(own, a.object)
		}
	}
	return own
}

// views goes through the combinations of revisions, one of each resource, the newest first.
type views struct {
	resources []string
	at        [][]int64 // of each, newest first
	index     []int
	done      bool
}

func newViews(reads map[string][]*history.Version, last, start int64) *views {
	v := &views{}
	for resource := range reads {
		v.resources = append(v.resources, resource)
	}
	slices.Sort(v.resources)
	for _, resource := range v.resources {
		at := []int64{start}
		for _, version := range reads[resource] {
			if version.Revision > start && version.Revision <= last {
				at = append(at, version.Revision)
			}
		}
		slices.Reverse(at)
		v.at = append(v.at, at)
	}
	v.index = make([]int, len(v.resources))
	return v
}

func (v *views) next() (map[string]int64, bool) {
	if v.done {
		return nil, false
	}
	view := make(map[string]int64, len(v.resources))
	for i, resource := range v.resources {
		view[resource] = v.at[i][v.index[i]]
	}
	v.done = true
	for i := range v.index {
		if v.index[i]++; v.index[i] < len(v.at[i]) {
			v.done = false
			break
		}
		v.index[i] = 0
	}
	return view, true
}
