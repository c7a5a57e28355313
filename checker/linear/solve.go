package linear

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// maxRounds bounds how often facts with several explanations are narrowed. Every round but the last settles one.
const maxRounds = 64

// solve finds bounds on the moments of all commits that every fact allows; facts that do not fit become findings and
// are left out, each compared with those that come before it in this order: writes, reads, the rest.
func (j *judge) solve(ctx context.Context, limits verdict.Limits) *order {
	o := newOrder(j.h)
	slices.SortStableFunc(j.facts, func(a, b *fact) int { return cmp.Compare(a.op.CallLine, b.op.CallLine) })
	var writes, reads, open []*fact
	for _, f := range j.facts {
		switch {
		case !f.certain():
			open = append(open, f)
		case f.spans[0].commit:
			writes = append(writes, f)
		default:
			reads = append(reads, f)
		}
	}
	settled := j.settle(o, nil, writes)
	// What contradicts the writes alone is no witness against other reads.
	reads = slices.DeleteFunc(reads, func(f *fact) bool { return j.tooLate(o, f) || j.tooEarly(o, f) })
	settled = j.settle(o, settled, reads)
	open = j.narrow(o, settled, open)
	j.search(ctx, o, open, limits)
	return o
}

// settle adds certain facts to the order. Those that began too late for what others have shown are findings, and the
// order is built again without them. Nothing else need be asked: where two facts contradict each other, one of them began
// when the other was over, and it is that one which should have known.
func (j *judge) settle(o *order, settled, more []*fact) []*fact {
	for _, f := range more {
		o.require(f, f.spans[0])
	}
	o.tighten()
	fit := slices.DeleteFunc(more, func(f *fact) bool { return j.tooLate(o, f) })
	settled = append(settled, fit...)
	if len(fit) < len(more) {
		j.rebuild(o, settled)
	}
	return settled
}

func (j *judge) rebuild(o *order, settled []*fact) {
	o.reset(j.h)
	for _, f := range settled {
		o.require(f, f.spans[0])
	}
	o.tighten()
}

// tooLate reports, and makes a finding of, a certain fact whose state was over when it began.
func (j *judge) tooLate(o *order, f *fact) bool {
	s := f.spans[0]
	if !o.late(f, s) {
		return false
	}
	if s.commit {
		shown := o.since[s.from]
		guarantee := f.guarantee
		if shown == s.from {
			guarantee = ErrFuture
		}
		j.find(guarantee, f.op, "%s, but revision %d was there before it began, as %s shows", f.text, j.revision(shown), j.shower(o, shown))
		return true
	}
	next := s.to + 1
	j.find(f.guarantee, f.op, "%s, but revision %d was there before it began, as %s shows", f.text, j.revision(next), j.shower(o, o.since[next]))
	if now := j.current(f.op, o.floor(f.start)); now != nil {
		j.nearest(fmt.Sprintf("revision %d, which was the last one then", now.Revision))
	}
	return true
}

// shower names what showed that an entry was committed.
func (j *judge) shower(o *order, entry int) string {
	if op := o.why[entry]; op != nil {
		return describe(op)
	}
	return fmt.Sprintf("the observer (line %d)", j.log.Entries[entry-1].Seq())
}

// current is the version of an operation's object in a state.
func (j *judge) current(op *history.Operation, state int) *history.Version {
	chain := j.log.Chain(op.Key)
	if op.Layer == trace.API {
		chain = j.log.Of(op.Object())
	}
	return history.At(chain, j.revision(state))
}

// tooEarly reports, and makes a finding of, a certain fact whose state had not begun when it was over.
func (j *judge) tooEarly(o *order, f *fact) bool {
	if !o.early(f, f.spans[0]) {
		return false
	}
	j.find(ErrFuture, f.op, "%s, which nobody had asked for when it was over", f.text)
	return true
}

// narrow settles the facts of which one explanation is left, until none is; it returns the others.
func (j *judge) narrow(o *order, settled, open []*fact) []*fact {
	for range maxRounds {
		var one, several []*fact
		for _, f := range open {
			spans := j.possible(o, f)
			switch {
			case len(spans) == 0:
				j.find(f.guarantee, f.op, "%s", f.text)
			case len(spans) > 1:
				several = append(several, f)
			case spans[0].commit && f.op.OK() && !j.claim(f.op, spans[0].from):
			default:
				f.settle(spans[0])
				one = append(one, f)
			}
		}
		settled = j.settle(o, settled, one)
		open = several
		if len(one) == 0 || len(open) == 0 {
			break
		}
	}
	return open
}

// settle fixes the explanation of a fact.
func (f *fact) settle(s span) { f.spans, f.holds, f.makes = []span{s}, nil, nil }

func (j *judge) possible(o *order, f *fact) []span {
	spans := j.expand(f, o.floor(f.start), o.ceiling(f.end))
	return slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return !o.fits(f, s) })
}

// search settles what has several explanations, object by object: the earliest moments of all commits are one solution of
// all else, so what has an explanation under them is explained. Where something of an object has none, all that is open
// of it goes to porcupine.
func (j *judge) search(ctx context.Context, o *order, open []*fact, limits verdict.Limits) {
	for len(open) > 0 {
		name := open[0].op.Object()
		var same, others []*fact
		for _, f := range open {
			if f.op.Object() == name {
				same = append(same, f)
			} else {
				others = append(others, f)
			}
		}
		if !j.explain(o, same) {
			j.searchObject(ctx, o, same, limits)
		}
		open = others
	}
}

// explain settles all of these facts, or none.
func (j *judge) explain(o *order, facts []*fact) bool {
	chosen := make([]span, len(facts))
	var claimed []int
	for i, f := range facts {
		spans := j.possible(o, f)
		at := slices.IndexFunc(spans, func(s span) bool { return !s.commit && o.holds(f, s) })
		if at < 0 {
			at = slices.IndexFunc(spans, func(s span) bool { return s.commit && o.holds(f, s) })
		}
		if at < 0 {
			for _, entry := range claimed {
				j.madeAPI[entry] = nil
			}
			return false
		}
		chosen[i] = spans[at]
		if chosen[i].commit && f.op.OK() {
			j.madeAPI[chosen[i].from] = f.op
			claimed = append(claimed, chosen[i].from)
		}
	}
	for i, f := range facts {
		f.settle(chosen[i])
	}
	return true
}
