package namespace

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// loyal is a controller that deletes what was created in the namespace that it empties, and waits for the rest to go.
func loyal(domains ...Domain) (m mutant.Mutant[State, Action]) {
	m.Name = "deletes only what was created in the namespace that is there"
	for _, d := range domains {
		m.Machines = append(m.Machines, steps(d, func(s State, a Action) State {
			if a.Kind == Work && a.Verb == Delete {
				for i, c := range s.Contents {
					if c.Object.Of != s.Begun.UID {
						a.Objects &^= 1 << i
					}
				}
			}
			return after(d, s, a)
		})...)
	}
	return m
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A controller that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true}, 530, 9178},
		{Domain{Anyhow: true, Losses: 1}, 530, 29945},
		{Domain{Anyhow: true, Changes: 1}, 530, 124546},
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
	if broken := mutant.Broken(loyal(racing, full, slow, losing), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(loyal(Domain{Anyhow: true}), o); !slices.Contains(broken, Vanishes.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
