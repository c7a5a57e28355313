package replication

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// tiny are worlds that are small enough to explore every mutant in them twice more.
var tiny = worlds{{Replicas: 1, Most: 2, Changes: 1, Losses: 1}, {Replicas: 1, Most: 1, Losses: 1, Crashes: 1}}

// Goal: what is local makes no difference but to how many states there are. Method: worlds are explored with reduction and without, the
// right one and every mutant's; and a mutant is found no more if it is said to be local too that every late request is lost.
func TestLocal(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		whole, reduced int
	}{
		{Domain{Replicas: 1, Most: 2, Changes: 1}, 674, 426},
		{Domain{Replicas: 2, Most: 2, Changes: 1}, 3274, 1392},
		{Domain{Replicas: 1, Most: 1, Pods: 2, Changes: 1, Losses: 1}, 26934, 17976},
		{Domain{Replicas: 1, Most: 1, Crashes: 1, Losses: 1}, 111, 110},
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
	hidden := all[slices.IndexFunc(all, func(m mutant.Mutant[State, Action]) bool { return m.Name == "adopts without a precondition" })]
	for _, m := range hidden.Machines {
		m.Local = func(_ State, a Action) bool { return a.Kind == Drop }
	}
	if _, _, differs := mutant.Reduced(hidden, o); !slices.Contains(differs, AdoptsMatching.Name) {
		t.Errorf("%s: it is found all the same; only one of both finds %q", hidden.Name, differs)
	}
}
