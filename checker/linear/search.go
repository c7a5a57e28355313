package linear

import (
	"context"
	"fmt"

	"github.com/anishathalye/porcupine"

	"orrery/checker/verdict"
)

// input is one operation of the search over one object: a commit of the log, or a fact with several explanations.
type input struct {
	commit int // the entry; 0: a fact
	spans  []span
	claims bool // the fact needs an entry of its own
}

// place is the state of the search: the last entry of the object, and whether a fact has claimed it.
type place struct {
	entry   int
	claimed bool
}

// step is the whole model: commits come in order, a fact happens in a state that explains it.
func (p place) step(in input) (place, bool) {
	if in.commit > 0 {
		return place{entry: in.commit}, in.commit > p.entry
	}
	for _, s := range in.spans {
		switch {
		case !s.commit && s.from <= p.entry && p.entry <= s.to:
			return p, true
		case s.commit && s.from == p.entry && !in.claims:
			return p, true
		case s.commit && s.from == p.entry && !p.claimed:
			return place{p.entry, true}, true
		}
	}
	return p, false
}

// searchObject gives the facts about one object, which alone are explained but not together, to porcupine: with the
// object's commits, each somewhere within its bounds. It looks at one object, which is enough for linearizability
// (which is local), though not for the one order of all revisions.
func (j *judge) searchObject(ctx context.Context, o *order, facts []*fact, limits verdict.Limits) {
	var operations []porcupine.Operation
	add := func(in input, call, end int64) {
		operations = append(operations, porcupine.Operation{Input: in, Call: call, Return: end})
	}
	for _, v := range j.log.Of(facts[0].op.Object()) {
		if i := j.state(v.Revision); i > 0 {
			add(input{commit: i}, o.lower[i], o.upper[i])
		}
	}
	for _, f := range facts {
		var pieces []span
		for _, s := range j.possible(o, f) {
			// A state between two commits of the object is the same as the one after the first of them.
			pieces = append(pieces, span{from: j.entryOf(f, s.from), to: s.to, commit: s.commit})
		}
		add(input{spans: pieces, claims: f.op.OK()}, f.start, f.end)
	}
	states, over := 0, false
	model := porcupine.Model{
		Init: func() any { return place{} },
		Step: func(state, in, _ any) (bool, any) {
			if over = over || states >= limits.States || ctx.Err() != nil; over {
				return false, nil
			}
			states++
			next, ok := state.(place).step(in.(input))
			return ok, next
		},
	}
	ok := porcupine.CheckOperations(model, operations)
	switch {
	case ok:
	case over:
		j.unknown = append(j.unknown, fmt.Sprintf("the search for an order of the operations on %s was given up after %d states", facts[0].op.Object(), states))
	default:
		j.find(facts[0].guarantee, facts[0].op, "%s (together with the %d other operations on it that are open)", facts[0].text, len(facts)-1)
	}
}

// entryOf is the last entry of the fact's object up to a state.
func (j *judge) entryOf(f *fact, state int) int {
	chain := f.chain
	if len(chain) == 0 || chain[0].Revision > j.revision(state) {
		return 0
	}
	return j.state(chain[firstAfter(chain, j.revision(state))].Revision)
}
