package namespace

import (
	_ "embed"
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole. The
// number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Objects: 1, Changes: 1, Asks: 1, Losses: 1, Crashes: 1}, 33177},
		{Domain{Asks: 1, Changes: 2}, 34801},
		{Domain{Asks: 2, Changes: 1}, 15014},
		{Domain{Objects: 2, Keep: Slow, Changes: 1, Losses: 1, Crashes: 1}, 7327},
		{Domain{Objects: 1, Keep: Slow, Changes: 2, Asks: 1}, 45687},
		{Domain{Objects: 1, Keep: Stuck, Changes: 2, Asks: 1}, 15364},
		{Domain{Objects: 1, Changes: 2, Asks: 1, Losses: 1}, 154322},
		{Domain{Changes: 3, Losses: 1}, 37550},
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

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		m := New(Domain{Asks: 1, Changes: 2})
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// The worlds in which mutants show.
var (
	racing    = Domain{Asks: 1, Changes: 1}
	again     = Domain{Asks: 1, Changes: 2}
	full      = Domain{Objects: 1, Changes: 1}
	slow      = Domain{Objects: 1, Keep: Slow, Changes: 1}
	stuck     = Domain{Objects: 1, Keep: Stuck, Changes: 1}
	held      = Domain{Changes: 2}
	losing    = Domain{Changes: 2, Losses: 1}
	outliving = Domain{Objects: 1, Asks: 1, Changes: 2, Losses: 1}
)

// steps is the machine with its steps replaced.
func steps(d Domain, next func(State, Action) State) []*Machine {
	m := New(d)
	m.Next = func(s State, a Action) (State, bool) { return next(s, a), true }
	return []*Machine{m}
}

// adds has the controller make another plan while it is busy.
func adds(d Domain, plan func(State) (Action, bool)) []*Machine {
	m := New(d)
	m.Enabled = func(s State, actions []Action) []Action {
		actions = Enabled(d, s, actions)
		a, ok := plan(s)
		if a.Kind = Work; s.Busy && ok && !slices.Contains(actions, a) {
			actions = append(actions, a)
		}
		return actions
	}
	return []*Machine{m}
}

// never has the controller never do a thing.
func never(d Domain, verb Verb) []*Machine {
	return steps(d, func(s State, a Action) State {
		if a.Kind == Work && a.Verb == verb {
			return s.idle()
		}
		return after(d, s, a)
	})
}

// believes is a server that does not look at the preconditions of a request of that verb.
func believes(d Domain, verb Verb) []*Machine {
	return steps(d, func(s State, a Action) State {
		w := &s.Writes[a.Object]
		if a.Kind == Land {
			w = &s.Late[a.Object]
		}
		switch {
		case a.Kind != Arrive && a.Kind != Land || w.Verb != verb:
		case verb == Finalize:
			w.UID, w.Version = s.Namespace.UID, s.Namespace.Version
		default:
			w.UID = s.Objects[a.Object].UID
		}
		return after(d, s, a)
	})
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[State, Action] {
	return []mutant.Mutant[State, Action]{
		{Name: "a server writes without a guard", Machines: steps(racing, func(s State, a Action) State {
			if a.Kind == Commit {
				s.Creations[a.Server].Guard = s.Namespace.Version
			}
			return after(racing, s, a)
		})},
		{Name: "a server guards that the namespace is there, and not its version", Machines: steps(racing, func(s State, a Action) State {
			if a.Kind == Commit && s.Namespace.UID != 0 {
				s.Creations[a.Server].Guard = s.Namespace.Version
			}
			return after(racing, s, a)
		})},
		{Name: "a server refuses what its cache would", Machines: steps(again, func(s State, a Action) State {
			if s = after(again, s, a); a.Kind == Admit && s.Creations[a.Server].Stage == Doubted {
				s.Creations[a.Server] = Creation{}
			}
			return s
		})},
		{Name: "a server tries again with the guard that failed", Machines: steps(racing, func(s State, a Action) State {
			if a.Kind == Commit && s.Creations[a.Server].Guard != s.Namespace.Version {
				return s
			}
			return after(racing, s, a)
		})},
		{Name: "a server removes the namespace that another finalizer keeps", Machines: steps(held, func(s State, a Action) State {
			if s = after(held, s, a); s.Namespace.Leaving && !s.Namespace.Ours {
				s.Namespace = Stored{Version: s.Namespace.Version}
			}
			return s
		})},
		{Name: "finalizes without a list", Machines: adds(full, func(s State) (Action, bool) {
			return Action{Verb: Finalize}, s.Contents == [Names]Reading{}
		})},
		{Name: "finalizes when all that is left is going", Machines: adds(slow, func(s State) (Action, bool) {
			return Action{Verb: Finalize}, s.Contents[0].Object.Leaving
		})},
		{Name: "finalizes without preconditions", Machines: believes(losing, Finalize)},
		{Name: "deletes without a precondition", Machines: believes(outliving, Delete)},
		{Name: "does not read the namespace after its content", Machines: adds(outliving, func(s State) (Action, bool) {
			a := decide(s.View())
			return a, s.Contents[Names-1].Made && a.Verb == Delete
		})},
		{Name: "deletes without grace", Machines: adds(slow, func(s State) (Action, bool) {
			a := decide(s.View())
			a.Forced = true
			return a, s.Confirmed && a.Verb == Delete
		})},
		{Name: "deletes again and again what is being deleted", Machines: adds(stuck, func(s State) (Action, bool) {
			c := s.Contents[0]
			return Action{Verb: Delete, Objects: 1}, c.Made && c.Object.Leaving
		})},
		loyal(Domain{Anyhow: true}),
		{Name: "never deletes", Machines: never(full, Delete)},
		{Name: "never finalizes", Machines: never(full, Finalize)},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(racing), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
