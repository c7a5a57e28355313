package linear

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// fact is what one operation says about the order.
type fact struct {
	op *history.Operation
	// start and end bound its moment; start is ever for a read that may be stale.
	start, end int64

	// spans are known from the answer alone, where it names revisions. Otherwise they are found by holds and makes:
	spans []span
	// holds says in which versions of its object (nil: absent) it can have taken effect without a write, from state
	// least on,
	holds func(*history.Version) bool
	least int
	// makes, which versions it can have made.
	makes func(*history.Version) bool
	chain []*history.Version

	// guarantee is the one that is broken if nothing explains it, and text says what it claimed.
	guarantee error
	text      string
}

// certain reports whether the answer alone tells where it took effect.
func (f *fact) certain() bool { return len(f.spans) == 1 && f.holds == nil && f.makes == nil }

// judge collects facts and findings.
type judge struct {
	h     *history.History
	log   *history.Log
	facts []*fact

	findings []verdict.Finding
	unknown  []string
	beyond   int64 // the highest revision seen beyond the end of the log

	// made are the operations that made each entry, per layer; index 0 is not used.
	madeStore, madeAPI []*history.Operation
	// lost are store writes of unknown outcome, failed those that definitely failed; by key, in the order of calls.
	lost, failed map[string][]*history.Operation
	// pages are the lists that gave a token to continue.
	pages map[string]*history.Operation
	// selected is what selectors said of versions.
	selected map[selection]bool
	// upserts are updates that were answered with the first version of an object.
	upserts []*history.Operation
}

func newJudge(h *history.History) *judge {
	n := len(h.Log.Entries) + 1
	return &judge{
		h: h, log: h.Log,
		madeStore: make([]*history.Operation, n), madeAPI: make([]*history.Operation, n),
		lost: map[string][]*history.Operation{}, failed: map[string][]*history.Operation{},
		pages: map[string]*history.Operation{}, selected: map[selection]bool{},
	}
}

// state is the number of the state at a revision.
func (j *judge) state(revision int64) int {
	entries := j.log.Entries
	return sort.Search(len(entries), func(i int) bool { return entries[i].Revision > revision })
}

// known reports whether the log tells the state at a revision; if not, because the log ends before, that is noted.
func (j *judge) known(revision int64) bool {
	if revision > j.log.End() {
		j.beyond = max(j.beyond, revision)
		return false
	}
	return revision >= j.log.Start
}

func (j *judge) last() int { return len(j.log.Entries) }

// span is the states in which a version was current.
func (j *judge) span(v *history.Version) span {
	return span{from: j.state(v.Revision), to: j.before(v.Until())}
}

// before is the last state before a revision.
func (j *judge) before(revision int64) int {
	if revision == history.Never {
		return j.last()
	}
	return j.state(revision - 1)
}

func (j *judge) fact(op *history.Operation) *fact {
	f := &fact{op: op, start: op.Start, end: op.End}
	j.facts = append(j.facts, f)
	return f
}

// find adds a finding. Its line is where the operation's answer stands, or else its call.
func (j *judge) find(guarantee error, op *history.Operation, format string, args ...any) {
	j.add(guarantee, cmp.Or(op.ReturnLine, op.CallLine), describe(op)+" "+fmt.Sprintf(format, args...))
}

func (j *judge) add(guarantee error, line int64, text string) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: guarantee, Row: rows[guarantee], Line: line, Text: text})
}

// nearest adds to the last finding what would have been allowed.
func (j *judge) nearest(text string) {
	f := &j.findings[len(j.findings)-1]
	f.Nearest = append(f.Nearest, text)
}

// claim notes that op made entry i, and is the only one of its layer.
func (j *judge) claim(op *history.Operation, i int) bool {
	made := j.madeAPI
	if op.Layer == trace.Store {
		made = j.madeStore
	}
	if other := made[i]; other != nil && other != op {
		j.find(ErrOnce, op, "was told that it made revision %d, which is what %s was told too", j.log.Entries[i-1].Revision, describe(other))
		return false
	}
	made[i] = op
	return true
}

// expand finds the spans of a fact that lie within the states lo to hi.
func (j *judge) expand(f *fact, lo, hi int) []span {
	if f.holds == nil && f.makes == nil {
		return f.spans
	}
	spans := slices.Clone(f.spans)
	add := func(v *history.Version, from, to int) {
		from, to = max(from, f.least), min(to, hi)
		if f.holds == nil || from > to || to < lo || !f.holds(v) {
			return
		}
		if n := len(spans); n > 0 && !spans[n-1].commit && spans[n-1].to == from-1 {
			spans[n-1].to = to
			return
		}
		spans = append(spans, span{from: from, to: to})
	}
	switch {
	case len(f.chain) == 0:
		add(nil, 0, j.last())
	case f.chain[0].Line != nil:
		add(nil, 0, j.before(f.chain[0].Revision))
	}
	for _, v := range f.chain[firstAfter(f.chain, j.revision(lo)):] {
		s := j.span(v)
		if s.from > hi {
			break
		}
		if f.makes != nil && v.Line != nil && j.free(f, s.from) && f.makes(v) {
			spans = append(spans, span{from: s.from, to: s.from, commit: true})
		}
		if v.Deleted {
			v = nil
		}
		add(v, s.from, s.to)
	}
	return spans
}

// free: f may have made entry i. What failed made nothing, and is only explained by what others made.
func (j *judge) free(f *fact, i int) bool {
	return j.madeAPI[i] == nil || j.madeAPI[i] == f.op || !f.op.OK()
}

// revision is that of a state.
func (j *judge) revision(state int) int64 {
	if state == 0 {
		return j.log.Start
	}
	return j.log.Entries[state-1].Revision
}

// firstAfter is the place in a chain of the version that was current at a revision; 0 if none was.
func firstAfter(chain []*history.Version, revision int64) int {
	i := sort.Search(len(chain), func(i int) bool { return chain[i].Revision > revision })
	return max(0, i-1)
}

// describe names an operation: "update pods/default/a by c1".
func describe(op *history.Operation) string {
	what := op.Key
	if op.Layer == trace.API {
		what = strings.TrimSuffix(op.Object().String(), "/")
		if op.Subresource != "" {
			what += "/" + op.Subresource
		}
	}
	return fmt.Sprintf("%s %s by %s (line %d)", op.Verb, what, op.Client, op.CallLine)
}
