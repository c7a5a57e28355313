package cluster

import (
	"reflect"
	"testing"

	"orrery/model/kubelet"
	"orrery/model/machine"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole. The
// number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Nodes: 2, Room: 2, Replicas: 2, Most: 2}, 12030},
		{Domain{Nodes: 2, Room: 2, Replicas: 1, Most: 1, Pods: 2, Bounds: Bounds{Losses: 1}}, 11860},
		{Domain{Nodes: 2, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1, Cuts: 1}}, 52471},
		{Domain{Nodes: 2, Room: 2, Lone: true, Force: true, Pods: 1, Bounds: Bounds{Pods: 2}}, 68687},
		{Domain{Nodes: 2, Room: 1, Replicas: 1, Most: 1, Bounds: Bounds{Crashes: 1}}, 12918},
		{Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1, Losses: 1}}, 28921},
		{Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1, Edits: 1}}, 16613},
		{Domain{Nodes: 1, Room: 1, Lone: true, Pods: 1, Bounds: Bounds{Pods: 2, Losses: 1}}, 50490},
		{Domain{Nodes: 1, Room: 2, Lone: true, Pods: 1, Bounds: Bounds{Pods: 1, Lags: 1, Crashes: 1}}, 19780},
		{Domain{Nodes: 1, Room: 2, Replicas: 1, Most: 1, Pods: 1, Lone: true, Bounds: Bounds{Owners: 1}}, 2274},
		{Domain{Nodes: 1, Room: 0, Replicas: 1, Most: 1, Bounds: Bounds{Owners: 2}}, 2600},
		{Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Policy: kubelet.Never, Bounds: Bounds{Ends: 1, Losses: 1}}, 3952},
		{Domain{Nodes: 1, Room: 2, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Losses: 1, Crashes: 1, Cuts: 1, Stalls: 1, Lags: 1, Edits: 1}}, 13365},
	} {
		m := New(c.domain)
		out := machine.Explore(m, machine.Options{Workers: 2})
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.States != c.states {
			t.Errorf("%+v: %d states, want %d, complete: %v", c.domain, out.States, c.states, out.Complete)
		}
		for _, r := range out.Reached {
			reached[r.Name] = reached[r.Name] || r.Depth >= 0
		}
	}
	for _, p := range sometimes {
		if !reached[p.Name] {
			t.Errorf("never: %s", p.Name)
		}
	}
}

// Goal: what is claimed holds in the world that figures are about, and what is said of its size is true. Method: as above.
func TestScope(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	m := New(Scope)
	out := machine.Explore(m, machine.Options{Workers: 2})
	if size := reflect.TypeFor[State]().Size(); size != 152 || out.Bytes/out.States != 23 || out.Steps/out.States != 5 {
		t.Errorf("a state takes %d bytes, and %d among those visited; %d steps lead from it", size, out.Bytes/out.States, out.Steps/out.States)
	}
	if out.Violation != nil {
		t.Fatalf("not always: %s\n%s", out.Violation.Property, out.Violation.Path.Words(m))
	}
	if want := 724920; !out.Complete || out.States != want {
		t.Errorf("%d states, want %d, complete: %v", out.States, want, out.Complete)
	}
}

// BenchmarkScope tells how many distinct states are visited in a second, with all that is claimed checked, and what each takes in the set of
// visited states.
func BenchmarkScope(b *testing.B) {
	states, bytes := 0, 0
	for b.Loop() {
		out := machine.Explore(New(Scope), machine.Options{Workers: 2})
		states, bytes = states+out.States, bytes+out.Bytes
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
	b.ReportMetric(float64(bytes)/float64(states), "bytes/state")
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		broken := false
		for _, d := range []Domain{
			{Nodes: 2, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1}},
			{Nodes: 1, Room: 2, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Ends: 1}},
			{Nodes: 2, Room: 2, Lone: true, Force: true, Pods: 1, Bounds: Bounds{Pods: 2}},
		} {
			m := New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
			broken = broken || machine.Explore(m, machine.Options{}).Violation != nil
		}
		if !broken {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: row 123: the cluster comes right from wherever it begins. Method: begin with everything that may be wrong, in all combinations, and
// explore what comes to hold in the end; what holds always is not asked for, as it did not hold at first.
func TestRecovery(t *testing.T) {
	pod := func(uid uint8, s Shown, address uint8, flags Pod) Pod {
		return (Pod(uid) | there | flags).withNode(1).withShown(s).withAddress(address)
	}
	m := New(Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1})
	well := m.Init[0]
	m.Init = nil
	for _, first := range []Pod{
		well.Pods[0],
		pod(1, Ready, 3, matches|leaving).withOwner(1),         // with an address that is not its own
		pod(2, Ready, 2, matches).withOwner(1).withNode(0),     // ready, and bound nowhere
		pod(2, Down, 1, 0).withOwner(1),                        // down, and not the owner's to keep; another of its name runs
		pod(1, Waiting, 0, ended|leaving|matches).withOwner(3), // ended without having begun, and its owner never was
	} {
		for _, second := range []Pod{0, pod(1, Ready, 1, matches), pod(1, Down, 2, matches|ended).withOwner(1)} {
			for _, other := range []Life{0, lifeOf(1, Alive, 2), lifeOf(3, Dead, 3), lifeOf(2, Rests, 0)} {
				for _, slice := range []Slice{0, sliceThere.with(0, entryOf(6, Serves)|5).with(2, entryOf(2, Draining)|1)} {
					for _, rules := range []Rules{0, target(2) | target(3)} {
						s := well
						s.Pods[0], s.Pods[1], s.Slice, s.Rules[0], s.Lives[0][1] = first, second, slice, rules, other
						for c := range components {
							if c.node() < Nodes {
								s.start(c)
							}
						}
						m.Init = append(m.Init, s)
					}
				}
			}
		}
	}
	m.Always, m.AlwaysStep, m.Sometimes = nil, nil, nil
	out := machine.Explore(m, machine.Options{Workers: 2})
	if out.Violation != nil {
		t.Fatalf("%s, beginning with\n%+v\n%s", out.Violation.Property, out.Violation.Path.Init, out.Violation.Path.Words(m))
	}
	if want := 459837; !out.Complete || out.States != want {
		t.Errorf("%d states, want %d, complete: %v", out.States, want, out.Complete)
	}
}
