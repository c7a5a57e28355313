package proxy

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// tiny are worlds that are small enough to explore every mutant in them twice more.
var tiny = worlds{{Endpoints: 1, Bounds: Bounds{Slices: 1, Failures: 1}}, {Endpoints: 1, Bounds: Bounds{Services: 1, Crashes: 1}}}

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right one and every mutant's; and a mutant is found no more if it is said to be local too that slices are listed, whatever happens to them.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{Domain{Endpoints: 1, Bounds: Bounds{Slices: 1}}, 3220, 2566},
		{Domain{Endpoints: 1, Second: true, Bounds: Bounds{Services: 2}}, 3531, 3056},
		{Domain{Endpoints: 2, Local: true, Affinity: true, Bounds: Bounds{Slices: 1, Crashes: 1}}, 8366, 7174},
		{Domain{Endpoints: 1, Bounds: Bounds{Tampers: 1, Slices: 1, Failures: 1}}, 14896, 13528},
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
	hidden := all[slices.IndexFunc(all, func(m mutant.Mutant[State, Action]) bool { return m.Name == "writes before slices are listed" })]
	for _, m := range hidden.Machines {
		m.Local = func(_ State, a Action) bool { return a.Kind == ListSlices }
	}
	if _, _, differs := mutant.Reduced(hidden, o); !slices.Contains(differs, Listed.Name) {
		t.Errorf("%s: it is found all the same; only one of both finds %q", hidden.Name, differs)
	}
}
