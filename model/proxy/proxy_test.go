package proxy

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
		{Domain{Endpoints: 1, Bounds: Bounds{Slices: 2}}, 68558},
		{Domain{Endpoints: 1, Second: true, Bounds: Bounds{Services: 2}}, 3531},
		{Domain{Endpoints: 2, Local: true, Bounds: Bounds{Slices: 1, Services: 1}}, 26820},
		{Domain{Endpoints: 1, Bounds: Bounds{Slices: 1, Failures: 1, Crashes: 1}}, 12604},
		{Domain{Endpoints: 1, Second: true, Bounds: Bounds{Services: 2, Failures: 1, Crashes: 1}}, 14525},
		{Domain{Endpoints: 2, Affinity: true, Bounds: Bounds{Slices: 1, Tampers: 1}}, 14332},
		{Domain{Endpoints: 2, Affinity: true, Bounds: Bounds{Slices: 1, Crashes: 1}}, 14052},
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
		m := New(Domain{Endpoints: 2, Bounds: Bounds{Services: 2, Slices: 1, Tampers: 1}})
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: the rules are a function of services and slices, for any number of them. Method: one view with everything in it, and one plan each
// that is nearly right.
func TestRefuses(t *testing.T) {
	ready := func(addresses ...uint16) (s Slice) {
		for _, a := range addresses {
			s.Endpoints = append(s.Endpoints, Endpoint{Address: a, Here: a < 10, Ready: true, Serving: true})
		}
		return s
	}
	draining := Endpoint{Address: 1, Here: true, Serving: true, Terminating: true}
	v := View{
		ServicesListed: true, SlicesListed: true,
		Services: []Service{
			{Name: 1, UID: 1, Address: 100}, {Name: 2, UID: 2, Address: 100, UDP: true, Local: true}, {Name: 3, UID: 3, Address: 103, Local: true},
			{Name: 4, UID: 4, Address: 104, Affinity: true}, {Name: 5, UID: 5, Address: 105}, {Name: 6, UID: 6}, {Name: 7, UID: 7, Address: 105},
		},
		Slices: []Slice{ready(1, 11), ready(1, 11), ready(11), {Endpoints: []Endpoint{draining, {Address: 2, Here: true, Terminating: true}}}, ready(5)},
		Flows:  []Flow{{100, true, 1}, {100, true, 11}, {100, true, 9}, {100, true, 0}, {999, true, 1}, {999, true, 0}, {999, false, 1}},
	}
	for i := range v.Slices {
		v.Slices[i].Service = uint16(i + 1)
	}
	right := []Rule{
		{Address: 100, Verdict: Forward, Targets: []uint16{1, 11}},
		{Address: 100, UDP: true, Verdict: Forward, Targets: []uint16{1}},
		{Address: 103, Verdict: Drop},
		{Address: 104, Verdict: Forward, Affinity: true, Targets: []uint16{1}},
		{Address: 105, Verdict: Reject}, // service 7 is later than service 5, and has no slices
	}
	but := func(i int, r Rule) []Rule {
		rules := slices.Clone(right)
		rules[i] = r
		return rules
	}
	unlisted, current := v, v
	unlisted.SlicesListed = false
	current.Kernel, current.Sure = right, true
	for _, c := range []struct {
		name    string
		view    View
		plan    Plan
		refused string
	}{
		{"what is right", v, Plan{Verb: Replace, Rules: right}, ""},
		{"before all was listed", unlisted, Plan{Verb: Replace, Rules: right}, "slices have not been listed yet"},
		{"again", current, Plan{Verb: Replace, Rules: right}, "the kernel holds these rules already"},
		{"one too few", v, Plan{Verb: Replace, Rules: right[1:]}, "there is no rule for address 100"},
		{"one twice", v, Plan{Verb: Replace, Rules: append(slices.Clone(right), right[0])}, "an address has two rules"},
		{"one of nobody", v, Plan{Verb: Replace, Rules: but(0, Rule{Address: 1})}, "there is a rule for address 1, and no service has it"},
		{"an endpoint of another node", v, Plan{Verb: Replace, Rules: but(1, Rule{Address: 100, UDP: true, Verdict: Forward, Targets: []uint16{1, 11}})}, "address 100: forward to [1 11], and wanted is: forward to [1]"},
		{"no affinity", v, Plan{Verb: Replace, Rules: but(3, Rule{Address: 104, Verdict: Forward, Targets: []uint16{1}})}, "address 104: forward to [1], and wanted is: forward to [1], each client to one"},
		{"all flows that must go", current, Plan{Verb: Flush, Flows: []Flow{v.Flows[2], v.Flows[3], v.Flows[4]}}, ""},
		{"flows before rules", v, Plan{Verb: Flush, Flows: []Flow{v.Flows[2], v.Flows[3], v.Flows[4]}}, "the rules are not in the kernel yet, and what is ended would begin again as it was"},
		{"not that of the service that is gone", current, Plan{Verb: Flush, Flows: []Flow{v.Flows[2], v.Flows[3]}}, "the flow to 999 is at 1, and stays there"},
		{"not that without a target", current, Plan{Verb: Flush, Flows: []Flow{v.Flows[2], v.Flows[4]}}, "the flow to 100 is at 0, and stays there"},
		{"one that may stay", current, Plan{Verb: Flush, Flows: v.Flows[1:5]}, "the flow to 100 is at 11, and may stay there"},
	} {
		if got := c.view.Refuses(c.plan); got != c.refused {
			t.Errorf("%s: refused because %q, want %q", c.name, got, c.refused)
		}
	}
}

// Goal: it does not matter in which order services and slices stand (row 42). Method: two slices and two services that contradict each other,
// both ways round.
func TestOrder(t *testing.T) {
	var all []Endpoint
	for c := Unready; c <= Draining; c++ {
		all = append(all, c.endpoint(0))
	}
	for _, a := range all {
		for _, b := range all {
			one, other := Slice{1, []Endpoint{a}}, Slice{1, []Endpoint{b}}
			services := []Service{{Name: 1, UID: 1, Address: 1}, {Name: 2, UID: 2, Address: 1}, {Name: 1, UID: 3, Address: 2}}
			v := View{Services: services, Slices: []Slice{one, other}}
			w := View{Services: slices.Clone(services), Slices: []Slice{other, one}}
			slices.Reverse(w.Services)
			if got, want := v.Wanted(), w.Wanted(); !slices.EqualFunc(got, want, Rule.equal) {
				t.Errorf("%+v and %+v: %v, and the other way round %v", a, b, got, want)
			}
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// worlds are those in which a mutant is explored.
type worlds []Domain

// small are worlds in one of which every mutant shows.
var small = worlds{
	{Endpoints: 1, Bounds: Bounds{Slices: 1, Failures: 1}},
	{Endpoints: 2, Local: true, Affinity: true, Bounds: Bounds{Slices: 1}},
	{Endpoints: 1, Second: true, Bounds: Bounds{Services: 2, Crashes: 1}},
	{Endpoints: 1, Bounds: Bounds{Tampers: 1, Slices: 1}},
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

// without has a thing never done.
func (w worlds) without(kind Kind) []*Machine {
	return w.changed(func(m *Machine) {
		m.Enabled = func(s State, actions []Action) []Action {
			return slices.DeleteFunc(Enabled(s, actions), func(a Action) bool { return a.Kind == kind })
		}
	})
}

// also has a thing done at other times, too.
func (w worlds) also(kind Kind, when func(State) bool) []*Machine {
	return w.changed(func(m *Machine) {
		m.Enabled = func(s State, actions []Action) []Action {
			if actions = Enabled(s, actions); when(s) && !slices.Contains(actions, Action{Kind: kind}) {
				actions = append(actions, Action{Kind: kind})
			}
			return actions
		}
	})
}

// sees has the rules made from a view that is not what the proxy sees. What is made of it is taken for what is wanted.
func (w worlds) sees(see func(s State) State) []*Machine {
	return w.changed(func(m *Machine) {
		wrong := func(s State) Table { return tableOf(see(s).View().Wanted()) }
		m.Enabled = func(s State, actions []Action) []Action {
			current := s.Sure && s.Known == wrong(s)
			return slices.DeleteFunc(Enabled(s, actions), func(a Action) bool { return a.Kind == Work && current })
		}
		m.Next = func(s State, a Action) (State, bool) {
			t := after(s, a)
			if a.Kind == Work {
				t.Write.Table = wrong(s)
			}
			return t, true
		}
	})
}

// ends has flows ended by another rule.
func (w worlds) ends(keeps func(s State, f Flow) bool) []*Machine {
	return w.next(func(s State, a Action) State {
		t := after(s, a)
		if a.Kind == End {
			if t.Flow = s.Flow; !keeps(s, s.Flow) {
				t.Flow = Flow{}
			}
		}
		return t
	})
}

// each changes every condition that is seen.
func each(change func(Condition) Condition) func(State) State {
	return func(s State) State {
		for i := range s.SeenSlices {
			for target, c := range s.SeenSlices[i].Conditions {
				s.SeenSlices[i].Conditions[target] = change(c)
			}
		}
		return s
	}
}

// mutants have one thing wrong each.
func mutants(w worlds) []mutant.Mutant[State, Action] {
	const gone = 1 << 7 // set in NextUID: the proxy has crashed after a service was gone
	return []mutant.Mutant[State, Action]{
		{Name: "writes before slices are listed", Machines: w.also(Work, func(s State) bool {
			return s.ServicesListed && !s.SlicesListed && s.Write.Way == None
		})},
		{Name: "takes a failed write for done", Machines: w.next(func(s State, a Action) State {
			if a.Kind == Answer {
				return s.heard(true)
			}
			return after(s, a)
		})},
		{Name: "never looks at the kernel again", Machines: w.without(Resync)},
		{Name: "does not look at slices again", Machines: w.without(SeeSlice)},
		{Name: "removes all rules when it starts", Machines: w.next(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Start {
				s.Table = Table{}
			}
			return s
		})},
		{Name: "removes all rules before it writes them, again and again", Machines: w.next(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Work {
				s.Table = Table{}
			}
			return s
		})},
		{Name: "replaces one rule after the other", Machines: w.next(func(s State, a Action) State {
			if a.Kind == Apply && s.Table[0] != s.Write.Table[0] && s.Table[1] != s.Write.Table[1] {
				s.Table[0] = s.Write.Table[0]
				return s
			}
			return after(s, a)
		})},
		{Name: "forgets affinity with every write", Machines: w.next(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Apply {
				s.Sticky = Flow{}
			}
			return s
		})},
		{Name: "sends to those that are not ready", Machines: w.sees(each(func(c Condition) Condition {
			if c == Unready {
				return Ready
			}
			return c
		}))},
		{Name: "sends to those that are being deleted as to others", Machines: w.sees(each(func(c Condition) Condition {
			if c == Draining {
				return Ready
			}
			return c
		}))},
		{Name: "never falls back to those that are being deleted", Machines: w.sees(each(func(c Condition) Condition {
			if c == Draining {
				return Dying
			}
			return c
		}))},
		{Name: "takes of duplicates what the last slice says", Machines: w.sees(func(s State) State {
			if s.SeenSlices[0].Service == s.SeenSlices[1].Service {
				for target, c := range s.SeenSlices[1].Conditions {
					if c != Out {
						s.SeenSlices[0].Conditions[target] = Out
					}
				}
			}
			return s
		})},
		{Name: "ignores the policy", Machines: w.sees(func(s State) State {
			for i := range s.SeenServices {
				s.SeenServices[i].Local = false
			}
			return s
		})},
		{Name: "rejects where it should drop", Machines: w.next(func(s State, a Action) State {
			s = after(s, a)
			for i := range s.Write.Table {
				if e := &s.Write.Table[i]; a.Kind == Work && e.Verdict == Drop {
					e.Verdict = Reject
				}
			}
			return s
		})},
		{Name: "looks at flows to the services that there are", Machines: w.ends(func(s State, f Flow) bool {
			v := s.View()
			return v.Keeps(f) || v.at(f.Address, f.UDP).UID == 0
		})},
		{Name: "remembers which services are gone, and forgets when it crashes", Machines: w.next(func(s State, a Action) State {
			t := after(s, a)
			switch {
			case a.Kind == Crash && s.free(1):
				t.NextUID |= gone
			case a.Kind == End && s.NextUID&gone != 0 && s.View().at(s.Flow.Address, s.Flow.UDP).UID == 0:
				t.Flow = s.Flow
			}
			return t
		})},
		{Name: "leaves flows that are not translated", Machines: w.ends(func(s State, f Flow) bool { return f.Target == 0 || s.View().Keeps(f) })},
		{Name: "leaves flows where new ones are rejected", Machines: w.ends(func(s State, f Flow) bool {
			return s.View().Keeps(f) || s.Table[f.Address-1].Verdict == Reject
		})},
		{Name: "ends flows of TCP", Machines: w.ends(func(s State, f Flow) bool {
			f.UDP = true
			return s.View().Keeps(f) && (f.Target == 0 || s.Table.to(f.Address, f.Target))
		})},
		{Name: "ends flows to those that do not serve", Machines: w.ends(func(s State, f Flow) bool {
			serves := func(at Stored) bool {
				return f.Target != 0 && (at.Conditions[f.Target-1] == Ready || at.Conditions[f.Target-1] == Draining)
			}
			return s.View().Keeps(f) && (!f.UDP || f.Target == 0 || slices.ContainsFunc(s.SeenSlices[:], serves))
		})},
		{Name: "ends flows before it replaces the rules", Machines: w.also(End, func(s State) bool {
			return s.ServicesListed && s.SlicesListed && s.Write.Way == None && !s.Clean
		})},
		modest(anyhows),
		{Name: "never ends flows", Machines: w.without(End)},
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
