package linear

import (
	"math"
	"sort"

	"orrery/checker/history"
)

// ever is the beginning of what has none: a read that may be stale.
const ever int64 = math.MinInt64

// A span says where in the log an operation may have taken effect. State i is the store after the i-th entry of the
// log, state 0 what it held when recording began.
type span struct {
	// from and to are the states in which it may have happened.
	from, to int
	// commit: it made entry from (and to is the same).
	commit bool
}

// order holds what is known about the moments at which the entries of the log were committed: entry i not before
// earliest[i] and not after latest[i]. Entries count from 1.
type order struct {
	n                int
	earliest, latest []int64
	// why names the operation that set the bound; nil: the observer.
	why []*history.Operation

	// What follows with c(i) <= c(i+1), after tighten. Both never fall.
	lower, upper []int64
	// since[i] is the entry, i or later, whose bound is upper[i].
	since []int
}

func newOrder(h *history.History) *order {
	n := len(h.Log.Entries)
	o := &order{n: n, earliest: make([]int64, n+2), latest: make([]int64, n+2), why: make([]*history.Operation, n+2)}
	o.lower, o.upper, o.since = make([]int64, n+2), make([]int64, n+2), make([]int, n+2)
	o.reset(h)
	return o
}

// reset forgets everything but what the observer says.
func (o *order) reset(h *history.History) {
	for i := range o.earliest {
		o.earliest[i], o.latest[i], o.why[i] = ever, history.Never, nil
	}
	for i, v := range h.Log.Entries {
		o.latest[i+1] = h.Clock(v.Line)
	}
}

// require adds what follows if f took effect at s.
func (o *order) require(f *fact, s span) {
	if s.from > 0 && f.end < o.latest[s.from] {
		o.latest[s.from], o.why[s.from] = f.end, f.op
	}
	first := s.to + 1 // the first entry that must not have been committed before f began
	if s.commit {
		first = s.from
	}
	if first <= o.n {
		o.earliest[first] = max(o.earliest[first], f.start)
	}
}

// tighten draws the conclusions from c(i) <= c(i+1).
func (o *order) tighten() {
	o.lower[0] = ever
	for i := 1; i <= o.n; i++ {
		o.lower[i] = max(o.lower[i-1], o.earliest[i])
	}
	o.upper[o.n+1] = history.Never
	for i := o.n; i >= 1; i-- {
		o.upper[i], o.since[i] = o.upper[i+1], o.since[i+1]
		if o.latest[i] <= o.upper[i] {
			o.upper[i], o.since[i] = o.latest[i], i
		}
	}
}

// floor is the last entry that was certainly committed before t.
func (o *order) floor(t int64) int {
	return sort.Search(o.n, func(i int) bool { return o.upper[i+1] >= t })
}

// ceiling is the last entry that may have been committed by t.
func (o *order) ceiling(t int64) int {
	return sort.Search(o.n, func(i int) bool { return o.lower[i+1] > t })
}

// late: f began when s was certainly over.
func (o *order) late(f *fact, s span) bool {
	if s.commit {
		return o.floor(f.start) >= s.from
	}
	return o.floor(f.start) > s.to
}

// early: f was over when s had certainly not begun.
func (o *order) early(f *fact, s span) bool { return o.ceiling(f.end) < s.from }

func (o *order) fits(f *fact, s span) bool { return !o.late(f, s) && !o.early(f, s) }

// holds reports whether s explains f if every entry is committed at the earliest moment.
func (o *order) holds(f *fact, s span) bool {
	if s.from > 0 && o.lower[s.from] > f.end {
		return false
	}
	if s.commit {
		return o.lower[s.from] >= f.start
	}
	return s.to >= o.n || o.lower[s.to+1] >= f.start
}
