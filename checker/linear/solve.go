package linear

import (
	"cmp"
	"context"
	"slices"

	"orrery/checker/verdict"
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
	reads = slices.DeleteFunc(reads, func(f *fact) bool { return j.misfit(o, f) })
	settled = j.settle(o, settled, reads)
	open = j.narrow(o, settled, open)
	j.search(ctx, o, open, limits)
	return o
}

// settle adds certain facts to the order. Those that began too late for what others have shown are findings, and the
// order is built again without them.
func (j *judge) settle(o *order, settled, more []*fact) []*fact {
	for _, f := range more {
		o.require(f, f.spans[0])
	}
	o.tighten()
	fit := slices.DeleteFunc(more, func(f *fact) bool { return j.misfit(o, f) })
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

// misfit reports, and makes a finding of, a certain fact that the order does not allow.
func (j *judge) misfit(o *order, f *fact) bool {
	s := f.spans[0]
	switch {
	case o.late(f, s):
		floor := o.floor(f.start)
		by := "the observer"
		if op := o.since[floor]; op != nil {
			by = describe(op)
		}
		guarantee := f.guarantee
		if s.commit && floor == s.from {
			guarantee = ErrFuture
		}
		j.find(guarantee, f.op, "%s, but revision %d had been seen before it began, by %s", f.text, j.revision(floor), by)
	case o.early(f, s):
		j.find(ErrFuture, f.op, "%s, which nobody had asked for when it was over", f.text)
	default:
		return false
	}
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

// search settles what has several explanations: the earliest moments of all commits are one solution of all else, so
// what has an explanation under them is explained. The rest goes to porcupine, object by object.
func (j *judge) search(ctx context.Context, o *order, open []*fact, limits verdict.Limits) {
	var left []*fact
	for _, f := range open {
		spans := j.possible(o, f)
		at := slices.IndexFunc(spans, func(s span) bool { return !s.commit && o.holds(f, s) })
		if at < 0 {
			at = slices.IndexFunc(spans, func(s span) bool { return s.commit && o.holds(f, s) && (!f.op.OK() || j.claim(f.op, s.from)) })
		}
		if at < 0 {
			left = append(left, f)
			continue
		}
		f.settle(spans[at])
	}
	for len(left) > 0 {
		name := left[0].op.Object()
		var same []*fact
		left = slices.DeleteFunc(left, func(f *fact) bool {
			if f.op.Object() == name {
				same = append(same, f)
			}
			return f.op.Object() == name
		})
		j.searchObject(ctx, o, same, limits)
	}
}
