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

// Checker is the checker of this package.
type Checker struct{}

// Name is "linear".
func (Checker) Name() string { return "linear" }

// Check judges a history.
func (Checker) Check(ctx context.Context, h *history.History, limits verdict.Limits) verdict.Result {
	result, _ := Linearize(ctx, h, limits)
	operations := 0
	for _, op := range h.Operations {
		if op.Layer == trace.Store {
			operations++
		}
	}
	if operations > 0 && operations <= wholeOperations && len(result.Findings) == 0 && Whole(ctx, h, trace.Store, limits) == verdict.Illegal {
		result.Unknown = append(result.Unknown, "the checker contradicts itself: it found an order, and the search of the whole history found none")
	}
	return result
}

// Linearize judges, and returns the order that it found where nothing is wrong.
func Linearize(ctx context.Context, h *history.History, limits verdict.Limits) (verdict.Result, Witness) {
	j := newJudge(h)
	for _, op := range h.Operations {
		if op.Layer == trace.Store {
			j.storeFact(op)
		} else {
			j.apiFact(op)
		}
	}
	j.resolveLost()
	j.upserted()
	var witness Witness
	if o := j.solve(ctx, limits); len(j.findings) == 0 {
		witness = j.witness(o)
		if err := Verify(h, witness); err != nil {
			j.unknown = append(j.unknown, fmt.Sprintf("the checker contradicts itself: the order it found is none: %v", err))
		}
	}
	if j.beyond > 0 {
		j.unknown = append(j.unknown, fmt.Sprintf("the observer's log ends at revision %d, and an operation saw revision %d", h.Log.End(), j.beyond))
	}
	slices.SortStableFunc(j.findings, func(a, b verdict.Finding) int { return cmp.Compare(a.Line, b.Line) })
	return verdict.Result{Findings: verdict.Keep(j.findings, limits), Unknown: j.unknown}, witness
}

// resolveLost gives each entry that no acknowledged write of the store made to one of unknown outcome. Of several that
// could have made it, the one called first, which leaves the others most freedom. What stays was written by nobody.
// Where nothing at all was recorded of the store, nothing can be said.
func (j *judge) resolveLost() {
	if !slices.ContainsFunc(j.h.Operations, func(op *history.Operation) bool { return op.Layer == trace.Store }) {
		return
	}
	for i := 1; i <= j.last(); i++ {
		if j.madeStore[i] != nil {
			continue
		}
		v := j.log.Entries[i-1]
		lost := j.lost[v.Key]
		at := slices.IndexFunc(lost, func(op *history.Operation) bool { return j.couldMake(op, v) })
		if at < 0 {
			j.nobody(v)
			continue
		}
		op := lost[at]
		j.lost[v.Key] = slices.Delete(lost, at, at+1)
		j.madeStore[i] = op
		f := j.fact(op)
		f.spans = []span{{from: i, to: i, commit: true}}
		f.guarantee, f.text = ErrOrder, fmt.Sprintf("made revision %d", v.Revision)
	}
}

func (j *judge) couldMake(op *history.Operation, v *history.Version) bool {
	if v.Deleted != (op.Verb == "delete") || op.Expected != v.Previous {
		return false
	}
	if guard, _ := unmet(j.log, op, v.Revision-1); guard != nil {
		return false
	}
	return v.Deleted || op.Hash == "" || v.Hash == "" || op.Hash == v.Hash
}

// nobody asked for v, at least nobody who might have got it.
func (j *judge) nobody(v *history.Version) {
	for _, op := range j.failed[v.Key] {
		if j.couldMake(op, v) {
			j.add(ErrNoEffect, v.Seq(), fmt.Sprintf("%s failed, but revision %d is its effect", describe(op), v.Revision))
			return
		}
	}
	j.add(ErrAsked, v.Seq(), fmt.Sprintf("no operation on the store asked for revision %d, %s", v.Revision, entry(v)))
}
