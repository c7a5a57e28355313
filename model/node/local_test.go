package node

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right ones, and those of mutants in which a request may be late; and a mutant is found no more if it is said that every late request may
// as well be lost.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{lossy, 7029, 5788},
		{Domain{Nodes: 1, Elsewhere: 1, Changes: 1, Losses: 1}, 7534, 6434},
		{Domain{Nodes: 1, Elsewhere: 1, Cuts: 1, Losses: 1, Crashes: 1}, 1243, 1144},
	} {
		right := mutant.Mutant[State, Action]{Machines: []*Machine{New(c.domain)}}
		if whole, reduced, differs := mutant.Reduced(right, o); whole != c.whole || reduced != c.reduced || len(differs) > 0 {
			t.Errorf("%+v: %d of %d states, want %d of %d; only one of both finds %q", c.domain, reduced, whole, c.reduced, c.whole, differs)
		}
	}
	for _, m := range mutants() {
		m.Machines = slices.DeleteFunc(m.Machines, func(m *Machine) bool { return m.Init[0].Losses == 0 && m.Init[0].Crashes == 0 })
		if _, _, differs := mutant.Reduced(m, o); len(differs) > 0 {
			t.Errorf("%s: only one of both finds %q", m.Name, differs)
		}
	}
	late := mutant.Mutant[State, Action]{Machines: steps(believes(Doubt), lossy)}
	late.Machines[0].Local = func(_ State, a Action) bool { return a.Kind == Drop }
	if _, _, differs := mutant.Reduced(late, o); !slices.Contains(differs, DoubtsNoReport.Name) {
		t.Errorf("a late doubt needs no precondition, and is found all the same; only one of both finds %q", differs)
	}
}
