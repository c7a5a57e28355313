package replication

import (
	"math/bits"
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// fewer is a controller that makes up for one pod too many, as it may have made by its own doing, and never for more.
func fewer(w worlds) mutant.Mutant[State, Action] {
	return mutant.Mutant[State, Action]{Name: "deletes one pod too many, and never more", Machines: w.wrong(nil, func(_ State, actions []Action) []Action {
		return slices.DeleteFunc(actions, func(a Action) bool {
			return a.Kind == Work && a.Verb == Remove && bits.OnesCount8(a.Pods) > 1
		})
	})}
}

// Goal: from whatever state the world comes to be as it should, and stays so (row 123). Method: worlds that begin in any state are explored
// whole. A controller that recovers only from what its own world may come to is found there, and nowhere else.
func TestAnyhow(t *testing.T) {
	o := machine.Options{Workers: 2}
	for _, c := range []struct {
		domain         Domain
		begins, states int
	}{
		{Domain{Anyhow: true, Pods: 2, Most: 2}, 1215, 38888},
		{Domain{Anyhow: true, Pods: 3, Most: 1}, 6624, 163628},
		{Domain{Anyhow: true, Pods: 2, Most: 1, Losses: 1}, 972, 66180},
		{Domain{Anyhow: true, Pods: 2, Most: 1, Crashes: 1}, 972, 59921},
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
	if broken := mutant.Broken(fewer(tiny), o); len(broken) > 0 {
		t.Errorf("in worlds that begin well it breaks %q", broken)
	}
	if broken := mutant.Broken(fewer(worlds{{Anyhow: true, Pods: 2, Most: 1}}), o); !slices.Contains(broken, Stable.Name) {
		t.Errorf("in a world that begins anyhow it breaks %q only", broken)
	}
}
