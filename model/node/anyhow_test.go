package node

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// anyhows is a world that begins in any state.
var anyhows = Domain{Nodes: 1, Pods: 1, Tolerates: 1, Anyhow: true, Prompt: true}

// aloof is a controller that does not doubt a node that is out of service.
func aloof(domains ...Domain) (m mutant.Mutant[State, Action]) {
	m.Name = "does not doubt what is out of service"
	for _, d := range domains {
		wrong := New(d)
		wrong.Enabled = func(s State, actions []Action) []Action {
			return slices.DeleteFunc(Enabled(d, s, actions), func(a Action) bool {
				return a.Kind == Work && a.Verb == Doubt && s.Seen[a.Object].OutOfService
			})
		}
		m.Machines = append(m.Machines, wrong)
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
		{anyhows, 250, 4804},
		{Domain{Nodes: 1, Elsewhere: 1, Anyhow: true}, 50, 5112},
		{Domain{Nodes: 1, Pods: 1, Tolerates: 1, Elsewhere: 1, Serving: true, Anyhow: true, Prompt: true}, 450, 13822},
		{Domain{Nodes: 1, Pods: 1, Tolerates: 1, Elsewhere: 1, Losses: 1, Anyhow: true, Prompt: true}, 250, 25155},
		{Domain{Nodes: 2, Anyhow: true, Prompt: true}, 2500, 46320},
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
	if broken := mutant.Broken(aloof(cut, lossy, crashed), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(aloof(anyhows), o); !slices.Contains(broken, "a silent node is in doubt") {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
