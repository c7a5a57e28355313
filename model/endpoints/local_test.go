package endpoints

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// tiny are worlds that are small enough to explore every mutant in them twice more.
var tiny = worlds{{Pods: 1, Room: 2, Bounds: Bounds{Pods: 1, Losses: 1}}, {Pods: 1, Room: 2, Bounds: Bounds{Edits: 1, Crashes: 1}}}

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right one and every mutant's; and a mutant is found no more if it is said to be local too that every request arrives.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Services: 3}}, 1574, 1097},
		{Domain{Pods: 2, Room: 1, Bounds: Bounds{Pods: 2}}, 9721, 5903},
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Pods: 1, Losses: 1, Crashes: 1}}, 2022, 2003},
	} {
		right := mutant.Mutant[State, Action]{Machines: []*Machine{New(c.domain)}}
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
	hidden := all[slices.IndexFunc(all, func(m mutant.Mutant[State, Action]) bool { return m.Name == "writes without a precondition" })]
	for _, m := range hidden.Machines {
		m.Local = func(_ State, a Action) bool { return a.Kind == Arrive }
	}
	if _, _, differs := mutant.Reduced(hidden, o); !slices.Contains(differs, Unchanged.Name) {
		t.Errorf("%s: it is found all the same; only one of both finds %q", hidden.Name, differs)
	}
}
