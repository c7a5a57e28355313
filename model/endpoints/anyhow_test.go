package endpoints

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// anyhows is a world that begins in any state.
var anyhows = worlds{{Anyhow: true, Room: 1}}

// tidy is a controller that takes it that no slice holds more than it has room for, and so does nothing about one that does.
func tidy(w worlds) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "leaves slices that are too full", Machines: w.works(asIs, func(s State, plan []Effect) []Effect {
		return slices.DeleteFunc(plan, func(e Effect) bool { return len(s.Seen[e.Slice].Endpoints.list()) > s.Room })
	})}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A controller that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true, Room: 1}, 1740, 20072},
		{Domain{Anyhow: true, Room: 2, Publishes: true}, 1740, 20072},
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
	if broken := mutant.Broken(tidy(small[:3]), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(tidy(anyhows), o); !slices.Contains(broken, Stable.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
