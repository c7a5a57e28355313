package api

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right one and every mutant's; and a mutant is found no more if it is said to be local too that caches see changes.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Changes: 2}, 1151, 863},
		{Domain{Names: 2, Servers: 1, Writers: 1, Objects: 2, Window: 1, Changes: 1, Reads: 2}, 6122, 2382},
		{Domain{Names: 1, Servers: 2, Writers: 1, Objects: 1, Window: 1, Changes: 1, Reads: 2}, 12438, 2704},
		{Domain{Names: 1, Servers: 1, Writers: 2, Objects: 1, Window: 2, Changes: 2, Crashes: 1, Losses: 1}, 5225, 4986},
	} {
		right := mutant.Mutant[State, Action]{Machines: []*Machine{New(c.domain)}}
		if whole, reduced, differs := mutant.Reduced(right, o); whole != c.whole || reduced != c.reduced || len(differs) > 0 {
			t.Errorf("%+v: %d of %d states, want %d of %d; only one of both finds %q", c.domain, reduced, whole, c.reduced, c.whole, differs)
		}
	}
	all := mutants()
	for _, m := range all {
		if _, _, differs := mutant.Reduced(m, o); len(differs) > 0 {
			t.Errorf("%s: only one of both finds %q", m.Name, differs)
		}
	}
	hidden := all[slices.IndexFunc(all, func(m mutant.Mutant[State, Action]) bool {
		return m.Name == "a consistent list does not ask how far the store is"
	})]
	for _, m := range hidden.Machines {
		m.Local = func(_ State, a Action) bool { return a.Kind == Feed }
	}
	if _, _, differs := mutant.Reduced(hidden, o); !slices.Contains(differs, Fresh.Name) {
		t.Errorf("%s: it is found all the same; only one of both finds %q", hidden.Name, differs)
	}
}
