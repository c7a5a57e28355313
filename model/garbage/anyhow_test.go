package garbage

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// round is a collector that breaks no circle of a single object.
func round(domains ...Domain) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "does not see that an object waits for itself", Machines: steps(func(s State, a Action) State {
		if a.Kind == Work && a.Verb == Unblock && a.Owner == s.Key {
			return s.idle()
		}
		return after(s, a)
	}, domains...)}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A collector that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true}, 112, 49375},
		{Domain{Anyhow: true, Blocking: true}, 112, 77003},
	} {
		m := New(c.domain)
		out := machine.Explore(m, o)
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.Outside != 0 || len(m.Init) != c.begins || out.States != c.states {
			t.Errorf("%+v: %d states from %d, want %d from %d, complete: %v", c.domain, out.States, len(m.Init), c.states, c.begins, out.Complete)
		}
	}
	if broken := mutant.Broken(round(ring, heir, losing), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(round(Domain{Anyhow: true, Blocking: true}), o); !slices.Contains(broken, Vanishes.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
