package proxy

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// anyhows is a world that begins in any state.
var anyhows = worlds{{Anyhow: true}}

// modest is a proxy that leaves alone, when it writes for the first time, what it finds for addresses that no service has.
func modest(w worlds) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "leaves rules for which it knows no service", Machines: w.next(func(s State, a Action) State {
		t := after(s, a)
		for i := range t.Table {
			if a.Kind == Apply && s.Known == (Table{}) && t.Table[i].Verdict == Absent {
				t.Table[i] = s.Table[i]
			}
		}
		return t
	})}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A proxy that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true}, 3024, 45638},
		{Domain{Anyhow: true, Local: true, Bounds: Bounds{Crashes: 1}}, 3024, 68457},
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
	if broken := mutant.Broken(modest(worlds{{Endpoints: 1, Bounds: Bounds{Slices: 1}}, {Endpoints: 1, Second: true, Bounds: Bounds{Services: 2}}}), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(modest(anyhows), o); !slices.Contains(broken, Stable.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
