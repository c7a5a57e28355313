package endpoints

import (
	_ "embed"
	"slices"
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
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Services: 3}}, 1574},
		{Domain{Pods: 2, Room: 1, Bounds: Bounds{Pods: 2}}, 9721},
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Pods: 3}}, 7417},
		{Domain{Pods: 1, Room: 2, Publishes: true, Bounds: Bounds{Services: 1, Pods: 2}}, 15249},
		{Domain{Pods: 2, Room: 1, Bounds: Bounds{Edits: 2}}, 3979},
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Pods: 1, Edits: 1, Losses: 1}}, 14171},
		{Domain{Pods: 2, Room: 1, Bounds: Bounds{Pods: 1, Losses: 1, Crashes: 1}}, 30270},
		{Domain{Pods: 2, Room: 1, Bounds: Bounds{Services: 2, Losses: 1}}, 25102},
		{Domain{Pods: 1, Room: 2, Bounds: Bounds{Services: 2, Edits: 1, Crashes: 1}}, 37329},
		{Domain{Pods: 1, Room: 1, Bounds: Bounds{Services: 1, Pods: 1, Edits: 1}}, 25238},
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

// Goal: versions are names that can be exchanged. Method: worlds that are finite without that are explored with it and without, and so is
// one that breaks.
func TestSymmetry(t *testing.T) {
	for _, b := range []Bounds{{Pods: 1, Losses: 1}, {Edits: 1, Crashes: 1}} {
		for _, right := range []bool{true, false} {
			m := New(Domain{Pods: 1, Room: 2, Bounds: b})
			if !right {
				m.Always = []machine.Property[State]{{Name: "slices are seen at once", Holds: func(s State) bool { return !s.Up || s.Seen == s.Slices }}}
			}
			less, whole := machine.Explore(m, machine.Options{}), machine.Explore(m, machine.Options{NoSymmetry: true})
			if (less.Violation == nil) != right || (whole.Violation == nil) != right || less.States > whole.States {
				t.Errorf("%+v: %d states with symmetry, %d without; %v and %v", b, less.States, whole.States, less.Violation, whole.Violation)
			}
		}
	}
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		broken := false
		for _, b := range []Bounds{{Pods: 1}, {Services: 2}, {Pods: 1, Losses: 1}} {
			m := New(Domain{Pods: 2, Room: 1, Bounds: b})
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
			broken = broken || machine.Explore(m, machine.Options{}).Violation != nil
		}
		if !broken {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: a judge can ask about any number of pods and slices. Method: views that the machine never has, each with one plan.
func TestRefuses(t *testing.T) {
	service := Service{UID: 1, Selects: true}
	pods := []Pod{
		{UID: 1, Address: 1, Phase: Alive, Ready: true, Matches: true},
		{UID: 2, Address: 2, Phase: Alive, Ready: true, Leaving: true, Matches: true},
		{UID: 3, Address: 3, Phase: Alive, Matches: true},
		{UID: 4, Address: 1, Phase: Ended, Ready: true, Matches: true},
		{UID: 5, Phase: Alive, Matches: true},
		{UID: 6, Address: 6, Phase: Alive, Ready: true},
	}
	all := []Endpoint{{1, 1, true, true, false}, {2, 2, false, true, true}, {3, 3, false, false, false}}
	own := func(e ...Endpoint) Slice { return Slice{There: true, Ours: true, Owner: 1, Endpoints: e} }
	for _, c := range []struct {
		name    string
		slices  []Slice
		plan    []Effect
		refused string
	}{
		{"everything in one", []Slice{{}}, []Effect{{Create, 0, all}}, ""},
		{"too much for one", []Slice{{}, {}}, []Effect{{Create, 0, append(slices.Clone(all), Endpoint{4, 4, false, false, false})}}, "slice 0: it is to hold 4 endpoints, and has room for 3"},
		{"a part of it", []Slice{{}, own(all[0])}, []Effect{{Create, 0, all[1:]}}, ""},
		{"a duplicate", []Slice{{}, own(all[0])}, []Effect{{Create, 0, all}}, "address 1 comes to be in 2 slices"},
		{"a duplicate goes", []Slice{own(all...), own(all[0])}, []Effect{{Update, 1, nil}}, ""},
		{"both duplicates go", []Slice{own(all[0]), own(all[0])}, []Effect{{Update, 0, nil}, {Update, 1, nil}}, "address 1 is wanted, and is withdrawn"},
		{"an ended pod", []Slice{{}}, []Effect{{Create, 0, []Endpoint{{1, 4, true, true, false}}}}, "slice 0: nothing that the view shows wants address 1 of pod 4 like that"},
		{"a pod that is being deleted, as ready", []Slice{{}}, []Effect{{Create, 0, []Endpoint{{2, 2, true, true, true}}}}, "slice 0: nothing that the view shows wants address 2 of pod 2 like that"},
		{"an open request elsewhere", []Slice{{}, {Open: true}}, []Effect{{Create, 0, all}}, "nobody knows yet what became of the last request for slice 1"},
		{"another's", []Slice{{There: true}}, []Effect{{Update, 0, all}}, "slice 0: it is not the controller's"},
		{"a leftover is replaced", []Slice{{There: true, Ours: true, Owner: 9, Endpoints: all}, own(all...)}, []Effect{{Remove, 0, nil}}, ""},
		{"a leftover is not replaced yet", []Slice{{There: true, Ours: true, Owner: 9, Endpoints: all}, own()}, []Effect{{Remove, 0, nil}}, "address 1 is wanted, and is withdrawn"},
		{"the last slice", []Slice{own()}, []Effect{{Remove, 0, nil}}, "slice 0: the service is left without a slice"},
		{"a deletion beside a write", []Slice{own(), {}}, []Effect{{Create, 1, all}, {Remove, 0, nil}}, "slice 0 is deleted together with writes that may fail"},
		{"nothing new", []Slice{own(all...)}, []Effect{{Update, 0, all}}, "slice 0: it is written, and does not change"},
	} {
		if got := (View{Service: service, Pods: pods, Slices: c.slices, Room: 3}).Refuses(c.plan); got != c.refused {
			t.Errorf("%s: refused because %q, want %q", c.name, got, c.refused)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// worlds are those in which a mutant is explored.
type worlds []Domain

// small are worlds in one of which every mutant shows.
var small = worlds{
	{Pods: 1, Room: 2, Bounds: Bounds{Services: 2}},
	{Pods: 2, Room: 1, Bounds: Bounds{Pods: 1}},
	{Pods: 1, Room: 2, Bounds: Bounds{Edits: 1, Losses: 1}},
	{Pods: 1, Room: 2, Bounds: Bounds{Pods: 1, Edits: 1}},
}

// changed is the machine with something changed in it, in all small worlds.
func (w worlds) changed(change func(m *Machine)) (machines []*Machine) {
	for _, d := range w {
		m := New(d)
		change(m)
		machines = append(machines, m)
	}
	return machines
}

// next has steps do otherwise.
func (w worlds) next(after func(State, Action) State) []*Machine {
	return w.changed(func(m *Machine) { m.Next = func(s State, a Action) (State, bool) { return after(s, a), true } })
}

// without has the controller never do a thing.
func (w worlds) without(kind Kind) []*Machine {
	return w.changed(func(m *Machine) {
		m.Enabled = func(s State, actions []Action) []Action {
			return slices.DeleteFunc(Enabled(s, actions), func(a Action) bool { return a.Kind == kind })
		}
	})
}

// works has the controller decide otherwise: what it sends is chosen from its right plan, perhaps in a view that is not its own.
func (w worlds) works(see func(State) State, plan func(State, []Effect) []Effect) []*Machine {
	decide := func(s State) []Effect { return plan(s, see(s).plan()) }
	return w.changed(func(m *Machine) {
		m.Enabled = func(s State, actions []Action) []Action {
			actions = slices.DeleteFunc(Enabled(s, actions), func(a Action) bool { return a.Kind == Work })
			if s.Up && len(decide(s)) > 0 {
				actions = append(actions, Action{Kind: Work})
			}
			return actions
		}
		m.Next = func(s State, a Action) (State, bool) {
			if a.Kind != Work {
				return after(s, a), true
			}
			for _, e := range decide(s) {
				s.Writes[e.Slice] = Write{e.Verb, Sent, s.SeenService.UID, s.Seen[e.Slice].Version, held(e.Endpoints)}
			}
			return s, true
		}
	})
}

// asIs sees and plans what the right controller does.
func asIs(s State) State                      { return s }
func thePlan(_ State, plan []Effect) []Effect { return plan }
func idle(s State) bool                       { return s.Writes == [Slices]Write{} }
func eachSeen(s State, f func(int, Stored)) {
	for i, at := range s.Seen {
		f(i, at)
	}
}
func has(plan []Effect, slice int) bool {
	return slices.ContainsFunc(plan, func(e Effect) bool { return e.Slice == slice })
}

// mutants have one thing wrong each.
func mutants(w worlds) []mutant.Mutant[State, Action] {
	return []mutant.Mutant[State, Action]{
		{Name: "keeps pods that have ended", Machines: w.works(func(s State) State {
			for i := range s.SeenPods {
				if s.SeenPods[i].Phase == Ended {
					s.SeenPods[i].Phase = Alive
				}
			}
			return s
		}, thePlan)},
		{Name: "takes readiness for the pod's alone", Machines: w.works(asIs, func(_ State, plan []Effect) []Effect {
			for _, e := range plan {
				for i := range e.Endpoints {
					e.Endpoints[i].Ready = e.Endpoints[i].Serving
				}
			}
			return plan
		})},
		{Name: "drops pods that are being deleted", Machines: w.works(func(s State) State {
			for i := range s.SeenPods {
				s.SeenPods[i].Matches = s.SeenPods[i].Matches && !s.SeenPods[i].Leaving
			}
			return s
		}, thePlan)},
		{Name: "works for a service without a selector", Machines: w.works(func(s State) State {
			s.SeenService.Selects = true
			return s
		}, thePlan)},
		{Name: "sweeps slices that others manage", Machines: w.works(asIs, func(s State, plan []Effect) []Effect {
			eachSeen(s, func(i int, at Stored) {
				if at.There && !at.Ours && idle(s) {
					plan = append(plan, Effect{Verb: Remove, Slice: i})
				}
			})
			return plan
		})},
		{Name: "deletes leftovers before they are replaced", Machines: w.works(asIs, func(s State, plan []Effect) []Effect {
			eachSeen(s, func(i int, at Stored) {
				if at.There && at.Ours && at.Owner != s.SeenService.UID && s.SeenService.Selects && idle(s) && !has(plan, i) {
					plan = append(plan, Effect{Verb: Remove, Slice: i})
				}
			})
			return plan
		})},
		{Name: "writes what has not changed", Machines: w.works(asIs, func(s State, plan []Effect) []Effect {
			eachSeen(s, func(i int, at Stored) {
				if at.There && at.Ours && at.Owner == s.SeenService.UID && s.SeenService.Selects && idle(s) && !has(plan, i) {
					plan = append(plan, Effect{Update, i, at.Endpoints.list()})
				}
			})
			return plan
		})},
		{Name: "empties a slice and fills it, again and again", Machines: w.works(asIs, func(s State, plan []Effect) []Effect {
			eachSeen(s, func(i int, at Stored) {
				owned := at.There && at.Ours && at.Owner == s.SeenService.UID && s.SeenService.Selects
				if owned && at.Endpoints != (Held{}) && idle(s) && len(plan) == 0 {
					plan = append(plan, Effect{Verb: Update, Slice: i})
				}
			})
			return plan
		})},
		{Name: "decides again before the outcome is known", Machines: w.works(func(s State) State {
			s.Writes = [Slices]Write{}
			return s
		}, func(s State, plan []Effect) []Effect {
			return slices.DeleteFunc(plan, func(e Effect) bool { return s.Writes[e.Slice].Way != None && s.Writes[e.Slice].Way != Unknown })
		})},
		{Name: "never deletes", Machines: w.works(asIs, func(_ State, plan []Effect) []Effect {
			return slices.DeleteFunc(plan, func(e Effect) bool { return e.Verb == Remove })
		})},
		{Name: "writes without a precondition", Machines: w.next(func(s State, a Action) State {
			at := &s.Writes[a.N%Slices]
			if a.Kind == Land {
				at = &s.Late[a.N]
			}
			if (a.Kind == Arrive || a.Kind == Land) && s.Slices[a.N].There && at.Verb != Create {
				at.Version = s.Slices[a.N].Version
			}
			return after(s, a)
		})},
		{Name: "forgets what it has created, and takes another name", Machines: small[:1].next(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Answer && s.Seen[a.N].There {
				s.Seen[a.N].Ours = false
			}
			return s
		})},
		{Name: "takes a refused write for done", Machines: w.next(func(s State, a Action) State {
			if a.Kind == Answer && s.Writes[a.N].Way == Refused {
				s.Writes[a.N].Way = Unknown
				return s
			}
			return after(s, a)
		})},
		{Name: "does not look at slices again", Machines: w.without(See)},
		{Name: "does not look at the service again", Machines: w.without(SeeService)},
		tidy(anyhows),
		{Name: "never asks what became of a write", Machines: w.without(Resolve)},
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
