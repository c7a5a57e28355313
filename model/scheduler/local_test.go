package scheduler

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// tiny are worlds that are small enough to explore every mutant in them twice more.
var tiny = worlds{{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Losses: 1, Crashes: 1}, {Nodes: [2]uint8{1}, Pods: [3]uint8{1}, Changes: 2, Losses: 1}}

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right one and every mutant's; and a mutant is found no more if it is said to be local too that every late bind is lost.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{Domain{Nodes: [2]uint8{1, 1}, Pods: [3]uint8{1, 1}, Changes: 1}, 3530, 2026},
		{Domain{Nodes: [2]uint8{2, 1}, Pods: [3]uint8{2, 1, 1}, Losses: 1}, 3065, 2811},
		{Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Losses: 1, Crashes: 1}, 1045, 939},
	} {
		right := mutant.Mutant[State, Action]{Machines: []*machine.Machine[State, Action]{New(c.domain)}}
		if whole, reduced, differs := mutant.Reduced(right, o); whole != c.whole || reduced != c.reduced || len(differs) > 0 {
			t.Errorf("%+v: %d of %d states, want %d of %d; only one of both finds %q", c.domain, reduced, whole, c.reduced, c.whole, differs)
		}
	}
	all := mutants(tiny)
	for _, m := range all {
		if _, _, differs := mutant.Reduced(m, o); len(differs) > 0 {
			t.Errorf("%s: only one of both finds %q", m.Name, differs)
		}
	}
	hidden := all[slices.IndexFunc(all, func(m mutant.Mutant[State, Action]) bool {
		return m.Name == "reads what became of an unknown bind, instead of repeating it"
	})]
	for _, m := range hidden.Machines {
		m.Local = func(_ State, a Action) bool { return a.Kind == Drop }
	}
	if _, _, differs := mutant.Reduced(hidden, o); !slices.Contains(differs, Charged.Name) {
		t.Errorf("%s: it is found all the same; only one of both finds %q", hidden.Name, differs)
	}
}
