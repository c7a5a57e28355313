package store

import (
	_ "embed"
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole, each
// for a part of what can be asked. The number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		// Writes that race, such of which nobody knows what became of them, and a leader that is lost.
		{Domain{Keys: 2, Members: 2, Clients: 2, Changes: 3}, 22606},
		{Domain{Keys: 1, Members: 1, Clients: 2, Changes: 3, Losses: 2}, 5944},
		{Domain{Keys: 1, Members: 2, Clients: 2, Changes: 2, Losses: 1, Elections: 1}, 2304},
		// Lists of the present, and of the past.
		{Domain{Keys: 2, Members: 2, Clients: 2, Changes: 2, Reads: 1}, 7443},
		{Domain{Keys: 1, Members: 2, Clients: 2, Puts: 1, Changes: 1, Reads: 2, Elections: 1}, 4456},
		{Domain{Keys: 1, Members: 2, Clients: 1, Puts: 2, Past: true, Changes: 1, Reads: 1, Compactions: 1}, 4578},
		{Domain{Keys: 1, Members: 2, Clients: 2, Puts: 2, Past: true, Reads: 1, Compactions: 2}, 12109},
		// Watchers that go from member to member, and are overtaken by compaction.
		{Domain{Keys: 1, Members: 2, Clients: 1, Watchers: 1, Puts: 1, Changes: 2, Compactions: 1, Cuts: 1}, 70356},
		{Domain{Keys: 2, Members: 2, Clients: 1, Watchers: 1, Puts: 1, Changes: 1, Compactions: 1, Cuts: 1}, 8086},
		{Domain{Keys: 1, Members: 2, Clients: 1, Watchers: 1, Puts: 3, Compactions: 1, Cuts: 2}, 2176},
		{Domain{Keys: 2, Members: 2, Clients: 1, Watchers: 2, Puts: 1, Changes: 1, Cuts: 1}, 11277},
		{Domain{Keys: 1, Members: 1, Clients: 1, Watchers: 1, Puts: 1, Changes: 1, Compactions: 1, Losses: 1, Elections: 1, Cuts: 1}, 22749},
	} {
		m := New(c.domain)
		out := machine.Explore(m, machine.Options{Workers: 2})
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.States != c.states {
			t.Errorf("%+v: %d states, want %d, complete: %v", c.domain, out.States, c.states, out.Complete)
		}
		for _, r := range out.Reached {
			reached[r.Name] = reached[r.Name] || r.Depth >= 0
		}
	}
	for _, p := range sometimes {
		if !reached[p.Name] {
			t.Errorf("never: %s", p.Name)
		}
	}
}

// Goal: members and clients can be exchanged. Method: without that the verdicts are the same, in worlds that are right and in such that
// are wrong.
func TestSymmetry(t *testing.T) {
	for _, d := range []Domain{races, breaks} {
		whole, less := machine.Explore(New(d), machine.Options{NoSymmetry: true}), machine.Explore(New(d), machine.Options{})
		if whole.Violation != nil || less.Violation != nil || less.States >= whole.States {
			t.Errorf("%+v: %d states, and %d without symmetry; %v, %v", d, less.States, whole.States, less.Violation, whole.Violation)
		}
		for i, r := range less.Reached {
			if r != whole.Reached[i] {
				t.Errorf("%+v: %+v, and %+v without symmetry", d, r, whole.Reached[i])
			}
		}
	}
	for _, m := range mutants() {
		whole := machine.Explore(m.Machines[0], machine.Options{Workers: 2, All: true, NoSymmetry: true})
		less := machine.Explore(m.Machines[0], machine.Options{Workers: 2, All: true})
		if !slices.Equal(less.Broken, whole.Broken) {
			t.Errorf("%s: %q, and %q without symmetry", m.Name, less.Broken, whole.Broken)
		}
	}
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		broken := false
		for _, d := range []Domain{losing, breaks, compacted} {
			m := New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[World]{claim}, nil, nil
			broken = broken || machine.Explore(m, machine.Options{}).Violation != nil
		}
		if !broken {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// The worlds in which mutants show.
var (
	races     = Domain{Keys: 1, Members: 2, Clients: 2, Changes: 2}
	again     = Domain{Keys: 1, Members: 1, Clients: 1, Puts: 1, Changes: 2}
	losing    = Domain{Keys: 1, Members: 1, Clients: 1, Changes: 2, Losses: 1}
	elections = Domain{Keys: 1, Members: 2, Clients: 1, Changes: 1, Elections: 1}
	lists     = Domain{Keys: 2, Members: 2, Clients: 1, Puts: 1, Changes: 1, Reads: 1}
	forgets   = Domain{Keys: 1, Members: 1, Clients: 1, Puts: 2, Changes: 1, Compactions: 1}
	past      = Domain{Keys: 1, Members: 1, Clients: 1, Puts: 2, Past: true, Reads: 1, Compactions: 1}
	breaks    = Domain{Keys: 2, Members: 2, Clients: 1, Watchers: 1, Puts: 1, Changes: 1, Cuts: 1}
	compacted = Domain{Keys: 1, Members: 2, Clients: 1, Watchers: 1, Puts: 3, Compactions: 1, Cuts: 1}
)

// next is a way to take a step.
type next func(World, Move) World

// wrong is the machine of a world that takes its steps in another way.
func wrong(d Domain, step next) []*Machine {
	m := New(d)
	m.Next = func(w World, m Move) (World, bool) { return step(w, m), true }
	return []*Machine{m}
}

// listing is the machine of a world that lists more moves, or fewer, and takes its steps in another way.
func listing(d Domain, list func(World, []Move) []Move, step next) []*Machine {
	m := wrong(d, step)
	m[0].Enabled = func(w World, _ []Move) []Move { return list(w, Enabled(d, w, nil)) }
	return m
}

// without is the machine of a world in which something never happens.
func without(d Domain, is func(World, Move) bool) []*Machine {
	return listing(d, func(w World, moves []Move) []Move {
		return slices.DeleteFunc(moves, func(m Move) bool { return is(w, m) })
	}, after)
}

// applies is a member that does something else with the next entry: before is what it held, and now what it should.
func applies(d Domain, spoil func(e Entry, before State, now *State)) []*Machine {
	return wrong(d, func(w World, m Move) World {
		next := after(w, m)
		if m.Kind == Apply {
			at := w.Members[m.Member]
			spoil(w.Order[at.Applied], at.State, &next.Members[m.Member].State)
		}
		return next
	})
}

// answers is a member that tells clients something else.
func answers(d Domain, spoil func(w World, c Call, told *Answer)) []*Machine {
	return wrong(d, func(w World, m Move) World {
		if m.Kind != Reply {
			return after(w, m)
		}
		c := w.Clients[m.Client]
		if c.Request.Verb == ToList {
			next := after(w, m)
			spoil(w, c, &next.Told)
			return next
		}
		told := *c.Answer
		spoil(w, c, &told)
		w.Clients[m.Client].Answer = &told
		return after(w, m)
	})
}

// attaches is a watch that begins somewhere else.
func attaches(d Domain, from func(w World, v Watcher, at State) int64) []*Machine {
	return wrong(d, func(w World, m Move) World {
		next := after(w, m)
		if m.Kind == Attach {
			at := w.Members[m.Member].State
			after := from(w, w.Watchers[m.Watcher], at)
			next.Members[m.Member].State, _ = Next(at, Open{int(m.Watcher), scopes[w.Watchers[m.Watcher].Scope], after})
		}
		return next
	})
}

// tells is a watch that tells something else.
func tells(d Domain, spoil func(w World, v Watcher, told *Answer)) []*Machine {
	return wrong(d, func(w World, m Move) World {
		next := after(w, m)
		if m.Kind != Tell {
			return next
		}
		next.Watchers[m.Watcher] = w.Watchers[m.Watcher]
		spoil(w, w.Watchers[m.Watcher], &next.Told)
		return next.told(m.Watcher)
	})
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[World, Move] {
	return []mutant.Mutant[World, Move]{
		{Name: "a deletion takes no revision", Machines: applies(losing, func(e Entry, before State, now *State) {
			if e.Request.Verb == ToDelete && now.Revision > before.Revision {
				now.Revision--
				now.Log[len(now.Log)-1].Revision--
			}
		})},
		{Name: "a key that is created again goes on where it ended", Machines: applies(again, func(e Entry, before State, now *State) {
			if c := &now.Log[len(now.Log)-1]; now.Revision > before.Revision && c.Created > 2 {
				c.Created, c.Version = 2, 2
			}
		})},
		{Name: "compaction goes beyond the present", Machines: applies(past, func(e Entry, _ State, now *State) {
			if e.Request.Verb == ToCompact {
				now.Compacted = now.Revision + 1
			}
		})},
		{Name: "a put does not compare", Machines: wrong(races, func(w World, m Move) World {
			if m.Kind != Apply {
				return after(w, m)
			}
			at, order := w.Members[m.Member], w.Order
			w.Order = slices.Clone(order)
			if q := &w.Order[at.Applied].Request; q.Verb == ToPut {
				q.Expected = uint8(revisionOf(at.State.At(keys[q.Key], at.State.Revision)))
			}
			w = after(w, m)
			w.Order = order
			return w
		})},
		{Name: "a member that is compacted refuses (E10)", Machines: applies(forgets, func(e Entry, before State, now *State) {
			if e.Request.changes() && before.Compacted > 0 {
				*now = before
			}
		})},
		{Name: "everybody is told that he won", Machines: answers(races, func(_ World, _ Call, told *Answer) { told.Succeeded = true })},
		{Name: "an election forgets an entry", Machines: wrong(elections, func(w World, m Move) World {
			next := after(w, m)
			if m.Kind != Elect {
				return next
			}
			next.Order = next.Order[:max(len(next.Order)-1, 0)]
			for i, at := range next.Members {
				if at.There && int(at.Applied) > len(next.Order) {
					next.Members[i] = Member{true, uint8(len(next.Order)), next.now()}
				}
			}
			return next
		})},
		{Name: "a member goes back when it starts (E08)", Machines: wrong(elections, func(w World, m Move) World {
			next := after(w, m)
			if at := &next.Members[0]; m.Kind == Elect && at.Applied > 0 {
				*at = Member{true, at.Applied - 1, w.at(int(at.Applied) - 1)}
			}
			return next
		})},
		{Name: "a write is answered before it is agreed on (E02)", Machines: listing(losing, func(w World, moves []Move) []Move {
			if w.Clients[0].Stage == Sent && w.Late[0].Stage == Idle {
				moves = append(moves, Move{Kind: Reply})
			}
			return moves
		}, func(w World, m Move) World {
			c := &w.Clients[0]
			if m.Kind != Reply || c.Stage != Sent {
				return after(w, m)
			}
			told := AnswerTo(w.now(), c.Request.action(c.Number))
			w.Late[0] = Call{Stage: Sent, Number: c.Number, Request: c.Request}
			c.Answer, c.Place = &told, uint8(len(w.Order))+1
			return after(w, m)
		})},
		{Name: "a write that was lost is sent again (A15)", Machines: wrong(losing, func(w World, m Move) World {
			next := after(w, m)
			if m.Kind == Lose {
				next.Late[1] = next.Late[0]
			}
			return next
		})},
		{Name: "a write that was lost is told as not done", Machines: wrong(losing, func(w World, m Move) World {
			next := after(w, m)
			if m.Kind == Lose {
				next.Refused |= 1 << w.Clients[m.Client].Number
			}
			return next
		})},
		{Name: "a list does not ask the leader (E13)", Machines: wrong(lists, func(w World, m Move) World {
			next := after(w, m)
			if m.Kind == Confirm {
				next.Clients[m.Client].Place = 0
			}
			return next
		})},
		{Name: "a list shows each key as of another moment", Machines: answers(lists, func(w World, c Call, told *Answer) {
			if n := w.Members[c.Member].Applied; c.Request.Verb == ToList && n > 0 {
				old := AnswerTo(w.at(int(n)-1), c.Request.action(0)).Held
				told.Held = slices.DeleteFunc(slices.Clone(told.Held), func(c Change) bool { return c.Key == keys[0] })
				told.Held = append(slices.DeleteFunc(old, func(c Change) bool { return c.Key != keys[0] }), told.Held...)
			}
		})},
		{Name: "a list of what is compacted shows what is left", Machines: answers(past, func(w World, c Call, told *Answer) {
			if told.Failure == Compacted {
				*told = AnswerTo(w.Members[c.Member].State, List{})
			}
		})},
		{Name: "a watch goes on from where its member is (E05)", Machines: attaches(breaks, func(_ World, v Watcher, at State) int64 {
			return at.Revision
		})},
		{Name: "a watch goes on from what was told last", Machines: attaches(breaks, func(_ World, v Watcher, _ State) int64 {
			return max(int64(v.Position)-1, 0)
		})},
		{Name: "a watch that compaction has passed goes on after it (E11)", Machines: attaches(compacted, func(_ World, v Watcher, at State) int64 {
			return max(int64(v.Position), at.Compacted)
		})},
		{Name: "a watch drops a change (E07)", Machines: wrong(breaks, func(w World, m Move) World {
			next := after(w, m)
			if m.Kind == Tell && next.Told.Revision == 2 {
				next.Watchers[m.Watcher] = w.Watchers[m.Watcher]
			}
			return next
		})},
		{Name: "a notice overtakes changes (E04)", Machines: listing(breaks, func(w World, moves []Move) []Move {
			if v := w.Watchers[0]; v.Open && int64(v.Position) < w.Members[v.Member].State.Revision {
				moves = append(moves, Move{Kind: Mark})
			}
			return moves
		}, after)},
		{Name: "a watch does not say what was replaced", Machines: tells(compacted, func(_ World, _ Watcher, told *Answer) { told.Replaced = nil })},
		{Name: "a watch tells of every key", Machines: wrong(breaks, func(w World, m Move) World {
			if m.Kind != Attach {
				return after(w, m)
			}
			v := &w.Watchers[m.Watcher]
			v.Scope = EveryKey
			w = after(w, m)
			w.Watchers[m.Watcher].Scope = FirstKey
			return w
		})},
		{Name: "compaction ends every watch", Machines: tells(compacted, func(w World, v Watcher, told *Answer) {
			if w.Members[v.Member].State.Compacted > 0 {
				*told = Answer{Failure: Compacted}
			}
		})},
		{Name: "a watch that compaction has passed is not told so", Machines: without(compacted, func(w World, m Move) bool {
			v := w.Watchers[m.Watcher]
			s := w.Members[v.Member].State
			return m.Kind == Tell && AnswerTo(s, Deliver{int(m.Watcher)}).Failure == Compacted
		})},
		{Name: "a member that lags stays behind", Machines: without(breaks, func(w World, m Move) bool {
			return m.Kind == Apply && w.Members[m.Member].Applied > 0
		})},
		{Name: "nobody is elected", Machines: without(elections, func(_ World, m Move) bool { return m.Kind == Elect })},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(races), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
