package scheduler

import (
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// anyhows is a world that begins in any state.
var anyhows = worlds{{Anyhow: true, Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}}}

// stumbling is a scheduler that does nothing while it sees a pod on a node that is not there.
func stumbling(w worlds) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "stumbles over a pod whose node is not there", Machines: w.wrong(nil, func(s State, actions []Action) []Action {
		return slices.DeleteFunc(actions, func(a Action) bool {
			return a.Kind == Choose && slices.ContainsFunc(s.Seen[:], func(p StoredPod) bool { return p.Node != 0 && !s.SeenNodes[p.Node-1].There })
		})
	})}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A scheduler that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true, Nodes: [2]uint8{1, 1}, Pods: [3]uint8{1, 1}, Losses: 1}, 1675, 39060},
		{Domain{Anyhow: true, Nodes: [2]uint8{2}, Pods: [3]uint8{2, 1}, Crashes: 1}, 847, 12497},
		{Domain{Anyhow: true, Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 1}, 335, 38877},
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
	well := worlds{{Nodes: [2]uint8{1, 1}, Pods: [3]uint8{1, 1}, Losses: 1}, {Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Losses: 1, Crashes: 1}}
	if broken := mutant.Broken(stumbling(well), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(stumbling(anyhows), o); !slices.Contains(broken, Settled.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
