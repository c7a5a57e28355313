package account

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// anyhows is a world that begins in any state.
var anyhows = Domain{Anyhow: true, Prompt: true}

// trusting is a controller that takes it that a secret which says the UID of its account has its token, as both are written at once.
func trusting(domains ...Domain) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "takes a secret that says a UID for filled", Machines: wrong(nil, without(func(s State, a Action) bool {
		return a.Kind == Work && a.Verb == Fill && s.SeenSecrets[a.Object-firstSecret].For != 0
	}), domains...)}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A controller that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true}, 168, 25382},
		{Domain{Anyhow: true, Generates: true, Prompt: true}, 294, 7662},
		{Domain{Anyhow: true, Losses: 1, Prompt: true}, 168, 33655},
		{Domain{Anyhow: true, Tokens: 1, Prompt: true}, 448, 34979},
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
	if broken := mutant.Broken(trusting(settled, lossy, generating), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(trusting(anyhows), o); !slices.Contains(broken, "every secret that is to hold a token has one, of an account that is there") {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
