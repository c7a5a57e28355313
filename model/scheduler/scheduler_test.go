package scheduler

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole. The
// number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Nodes: [2]uint8{1, 1}, Pods: [3]uint8{1, 1}, Changes: 2}, 54151},
		{Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 2, Losses: 1}, 58704},
		{Domain{Nodes: [2]uint8{2}, Pods: [3]uint8{2, 1, 1}, Changes: 1, Losses: 1}, 36984},
		{Domain{Nodes: [2]uint8{2, 1}, Pods: [3]uint8{2, 1, 1}, Losses: 1}, 3065},
		{Domain{Nodes: [2]uint8{2, 1}, Pods: [3]uint8{2, 1}, Losses: 1, Crashes: 1}, 5617},
		{Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 1, Losses: 1, Crashes: 1}, 30168},
		{Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Direct: true, Changes: 2}, 10974},
		{Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1}, Changes: 3, Losses: 2}, 43171},
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

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		m := New(Domain{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 1, Crashes: 1})
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: a choice is refused for the right reason, also in views that the machine never has. Method: one view that allows the choice, and one
// thing changed in it at a time.
func TestRefuses(t *testing.T) {
	const cordon, ssd = 1, 2
	for _, c := range []struct {
		name   string
		change func(v *View)
		node   int
		want   string // a part of the reason
	}{
		{"it fits", func(*View) {}, 1, ""},
		{"it fits, and is to wait", func(*View) {}, 0, "node 1 would do"},
		{"it fits nowhere, and is to wait", func(v *View) { v.Nodes[0].There = false }, 0, ""},
		{"the node is gone", func(v *View) { v.Nodes[0].There = false }, 1, "not there"},
		{"the view does not show the node", func(*View) {}, 2, "not there"},
		{"the node is cordoned", func(v *View) { v.Nodes[0].Taints = cordon }, 1, "taint"},
		{"the node is cordoned, and the pod tolerates it", func(v *View) { v.Nodes[0].Taints, v.Pods[0].Tolerates = cordon, cordon }, 1, ""},
		{"the pod selects what the node lacks", func(v *View) { v.Pods[0].Selects = ssd }, 1, "label"},
		{"the pod selects what the node has", func(v *View) { v.Nodes[0].Labels, v.Pods[0].Selects = ssd|cordon, ssd }, 1, ""},
		{"another pod leaves too little", func(v *View) { v.Pods[1].Requests[0] = 2 }, 1, "of which 2 are used"},
		{"that one is being deleted", func(v *View) { v.Pods[1].Requests[0], v.Pods[1].Phase = 2, Leaving }, 1, "of which 2 are used"},
		{"that one has ended", func(v *View) { v.Pods[1].Requests[0], v.Pods[1].Phase = 2, Ended }, 1, ""},
		{"its port is taken", func(v *View) { v.Pods[1].Requests[1] = 1 }, 1, "of resource 1"},
		{"the node has too little of what it does not ask for", func(v *View) { v.Pods[0].Requests[0], v.Nodes[0].Allocatable[0] = 0, 0 }, 1, ""},
		{"it has a node", func(v *View) { v.Pods[0].Node = 1 }, 1, "already"},
		{"it is on a node that the view does not show", func(v *View) { v.Pods[0].Node = 7 }, 1, "already"},
		{"it is being deleted", func(v *View) { v.Pods[0].Phase = Leaving }, 1, "being deleted"},
		{"it has ended", func(v *View) { v.Pods[0].Phase = Ended }, 1, "at its end"},
		{"it is another scheduler's", func(v *View) { v.Pods[0].Ours = false }, 1, "another scheduler's"},
	} {
		v := View{
			Nodes: []Node{{There: true, Allocatable: []int{3, 1}}},
			Pods:  []Pod{{Phase: Present, Requests: []int{2, 1}, Ours: true}, {Phase: Present, Node: 1, Requests: []int{1, 0}}},
		}
		c.change(&v)
		if got := v.Refuses(Choice{Pod: 0, Node: c.node}); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

// Goal: a preemption is refused for the right reason, and a promise counts for those that it is to count for. Method: one view that allows the
// preemption, and one thing changed in it at a time.
func TestRefusesPreemption(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(v *View)
		victims []int
		want    string // a part of the reason
	}{
		{"the lower one goes", func(*View) {}, []int{1}, ""},
		{"nobody goes", func(*View) {}, nil, "does not fit even without them"},
		{"one more goes than must", func(*View) {}, []int{1, 2}, "pod 2 need not be deleted"},
		{"that one will do as well", func(v *View) { v.Pods[1].Requests[0], v.Pods[2].Requests[0] = 1, 2 }, []int{2}, ""},
		{"it is an equal (row 52)", func(v *View) { v.Pods[1].Priority = 5 }, []int{1}, "it is no lower"},
		{"it is a higher one", func(v *View) { v.Pods[1].Priority = 6 }, []int{1}, "it is no lower"},
		{"it has ended", func(v *View) { v.Pods[1].Phase = Ended }, []int{1}, "node 1 would do"},
		{"it is being deleted already", func(v *View) { v.Pods[1].Phase = Leaving }, []int{1}, "pod 1 is being deleted"},
		{"it is being deleted, and nobody else goes", func(v *View) { v.Pods[1].Phase = Leaving }, nil, ""},
		{"it is being deleted, and another goes in vain", func(v *View) { v.Pods[1].Phase = Leaving }, []int{2}, "pod 2 need not be deleted"},
		{"it is being deleted, and that is not enough (S15)", func(v *View) { v.Pods[1].Phase, v.Pods[0].Requests[0] = Leaving, 3 }, []int{2}, ""},
		{"one that is higher is being deleted", func(v *View) { v.Pods[1].Phase, v.Pods[1].Priority = Leaving, 6 }, nil, "does not fit even without them"},
		{"it is elsewhere", func(v *View) { v.Pods[1].Node = 2; v.Pods[2].Requests[0] = 2 }, []int{1}, "not on node 1"},
		{"it goes twice", func(*View) {}, []int{1, 1}, "named twice"},
		{"the pod fits", func(v *View) { v.Nodes[0].Allocatable[0] = 9 }, []int{1}, "node 1 would do"},
		{"the pod is never to preempt", func(v *View) { v.Pods[0].Never = true }, []int{1}, "never to preempt"},
		{"the pod has a node", func(v *View) { v.Pods[0].Node = 1 }, []int{1}, "already"},
		{"the node has a taint", func(v *View) { v.Nodes[0].Taints = 1 }, []int{1}, "taint"},
		{"the room is promised to an equal", func(v *View) { v.Pods[3].Priority = 5 }, []int{1}, "does not fit even without them"},
		{"and both go", func(v *View) { v.Pods[3].Priority, v.Pods[3].Requests[0] = 5, 1 }, []int{1, 2}, ""},
		{"the room is promised to a lower one", func(v *View) { v.Pods[3].Priority = 4 }, []int{1}, ""},
		{"the room was promised to an equal that has ended", func(v *View) { v.Pods[3].Priority, v.Pods[3].Phase = 5, Ended }, []int{1}, ""},
	} {
		v := View{
			Nodes: []Node{{There: true, Allocatable: []int{3}}},
			Pods: []Pod{{Phase: Present, Requests: []int{2}, Ours: true, Priority: 5}, {Phase: Present, Node: 1, Requests: []int{2}},
				{Phase: Present, Node: 1, Requests: []int{1}, Priority: 1}, {Phase: Present, Nominated: 1, Requests: []int{2}, Ours: true}},
		}
		c.change(&v)
		if got := v.RefusesPreemption(Preemption{Pod: 0, Node: 1, Victims: c.victims}); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// worlds are those in which a mutant is explored.
type worlds []Domain

// small are worlds in one of which every mutant shows.
var small = worlds{
	{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 1, Losses: 1},
	{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Changes: 2},
	{Nodes: [2]uint8{1, 1}, Pods: [3]uint8{1}, Changes: 1, Losses: 1},
	{Nodes: [2]uint8{1}, Pods: [3]uint8{1, 1}, Crashes: 1},
}

// wrong is the machine with its steps, or the scheduler's choices, replaced.
func (w worlds) wrong(next func(State, Action) State, choose func(State, []Action) []Action) (machines []*machine.Machine[State, Action]) {
	for _, d := range w {
		m := New(d)
		if next != nil {
			m.Next = func(s State, a Action) (State, bool) { return next(s, a), true }
		}
		if choose != nil {
			enabled := m.Enabled
			m.Enabled = func(s State, actions []Action) []Action { return choose(s, enabled(s, actions)) }
		}
		machines = append(machines, m)
	}
	return machines
}

// sees has the scheduler choose also by another view than its own, for those pods of which the last bind is answered.
func sees(view func(State) View) func(State, []Action) []Action {
	return func(s State, actions []Action) []Action {
		if !s.Up {
			return actions
		}
		v := view(s)
		for i, p := range v.Pods {
			for n := range v.Nodes {
				a := Action{Kind: Choose, Pod: i, Node: n + 1}
				if p.waits() && s.Writes[i].Way == None && v.Refuses(a.choice()) == "" && !slices.Contains(actions, a) {
					actions = append(actions, a)
				}
			}
		}
		return actions
	}
}

// server is one that also carries out binds whose precondition does not hold.
func server(accepts func(p StoredPod, w Write) bool) func(State, Action) State {
	return func(s State, a Action) State {
		w, p := s.Writes[a.Pod], s.Pods[a.Pod]
		if a.Kind == Land {
			w = s.Late[a.Pod]
		}
		t := after(s, a)
		if (a.Kind == Arrive || a.Kind == Land) && accepts(p, w) {
			if t.Pods[a.Pod] = p.bound(w); a.Kind == Arrive {
				t.Writes[a.Pod].Way = Done
			}
		}
		return t
	}
}

// asleep is a scheduler that an action of that kind wakes for no other pods than the one that it is about.
func asleep(kinds ...Kind) func(State, Action) State {
	return func(s State, a Action) State {
		t := after(s, a)
		for i := range t.Due {
			if slices.Contains(kinds, a.Kind) && (i != a.Pod || a.Kind == SeeNode) {
				t.Due[i] = s.Due[i]
			}
		}
		return t
	}
}

// mutants have one thing wrong each.
func mutants(w worlds) []mutant.Mutant[State, Action] {
	return []mutant.Mutant[State, Action]{
		{Name: "chooses by the cache alone", Machines: w.wrong(nil, sees(func(s State) View {
			s.Writes = [PodNames]Write{}
			return s.View()
		}))},
		{Name: "forgets a bind before the cache shows it (S02)", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if a.Kind == Answer {
				t.Seen[a.Pod] = s.Seen[a.Pod]
			}
			return t
		}, nil)},
		{Name: "takes an unknown bind for a failed one", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if a.Kind == LoseAnswer || a.Kind == GiveUp {
				t.Writes[a.Pod], t.Due[a.Pod] = Write{}, true
			}
			return t
		}, nil)},
		{Name: "reads what became of an unknown bind, instead of repeating it", Machines: w.wrong(func(s State, a Action) State {
			if a.Kind == Repeat {
				a.Kind = Look
			}
			return after(s, a)
		}, nil)},
		{Name: "takes a repeat that is refused for a bind that failed", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if t.Writes[a.Pod].Way == Moot {
				t.Writes[a.Pod], t.Due[a.Pod] = Write{}, true
			}
			return t
		}, nil)},
		{Name: "begins before it has listed the pods (row 43)", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if a.Kind == Start {
				t.Seen[0], t.Due[0] = StoredPod{}, false
			}
			return t
		}, nil)},
		{Name: "charges a bind that was refused for ever (S01)", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if a.Kind == Answer && s.Writes[a.Pod].Way == Refused {
				t.Writes[a.Pod], t.Due[a.Pod] = Write{Way: Done, Node: s.Writes[a.Pod].Node, Version: 99}, false
			}
			return t
		}, func(s State, actions []Action) []Action {
			return slices.DeleteFunc(actions, func(a Action) bool { return a.Kind == Answer && s.Writes[a.Pod].Version == 99 })
		})},
		{Name: "binds by name (S07)", Machines: w.wrong(server(func(p StoredPod, _ Write) bool { return p.waits() }), nil)},
		{Name: "binds by UID, whatever the version", Machines: w.wrong(server(func(p StoredPod, w Write) bool {
			return p.waits() && p.UID == w.UID
		}), nil)},
		{Name: "binds a pod that has a node (S17)", Machines: w.wrong(server(func(p StoredPod, w Write) bool {
			return p.Phase == Present && p.UID == w.UID
		}), nil)},
		{Name: "binds a pod that is being deleted", Machines: w.wrong(server(func(p StoredPod, w Write) bool {
			return p.Phase == Leaving && p.Node == 0 && p.UID == w.UID
		}), nil)},
		{Name: "chooses again before the outcome is known", Machines: w.wrong(nil, func(s State, actions []Action) []Action {
			for i, w := range s.Writes {
				if w.Way == Unknown {
					actions = append(actions, Action{Kind: Choose, Pod: i, Node: int(w.Node)})
				}
			}
			return actions
		})},
		{Name: "keeps a node that is gone (S04)", Machines: w.wrong(nil, sees(func(s State) View {
			v := s.View()
			for i := range v.Nodes {
				if !v.Nodes[i].There {
					v.Nodes[i] = Node{There: s.Most[i] > 0, Allocatable: []int{int(s.Most[i])}}
				}
			}
			return v
		}))},
		{Name: "does not look at taints", Machines: w.wrong(nil, sees(func(s State) View {
			v := s.View()
			for i := range v.Nodes {
				v.Nodes[i].Taints = 0
			}
			return v
		}))},
		{Name: "counts only pods that stay", Machines: w.wrong(nil, sees(func(s State) View {
			v := s.View()
			for i, p := range v.Pods {
				if p.Phase == Leaving {
					v.Pods[i].Phase = Absent
				}
			}
			return v
		}))},
		{Name: "finds a node for a pod that is being deleted", Machines: w.wrong(nil, sees(func(s State) View {
			v := s.View()
			for i, p := range v.Pods {
				if p.Phase == Leaving {
					v.Pods[i].Phase = Present
				}
			}
			return v
		}))},
		{Name: "is not woken by a pod", Machines: w.wrong(asleep(See), nil)},
		{Name: "is not woken by a node", Machines: w.wrong(asleep(SeeNode), nil)},
		{Name: "is not woken by a bind that did not happen", Machines: w.wrong(asleep(Answer, Look), nil)},
		stumbling(anyhows),
		{Name: "never asks what became of a bind", Machines: w.wrong(nil, func(_ State, actions []Action) []Action {
			return slices.DeleteFunc(actions, func(a Action) bool { return a.Kind == Repeat })
		})},
		{Name: "tries again and again what fits nowhere", Machines: w.wrong(func(s State, a Action) State {
			t := after(s, a)
			if a.Kind == Choose && a.Node == 0 {
				t.Due[a.Pod] = true
			}
			return t
		}, nil)},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(small[0]), mutants(small), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
