package replication

import (
	_ "embed"
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
		{Domain{Replicas: 1, Most: 2, Changes: 1}, 674},
		{Domain{Replicas: 2, Most: 2, Changes: 2}, 126687},
		{Domain{Replicas: 1, Most: 2, Changes: 2, Losses: 1}, 510680},
		{Domain{Replicas: 1, Most: 1, Changes: 1, Crashes: 1, Losses: 1}, 30642},
		{Domain{Replicas: 1, Most: 1, Pods: 2, Changes: 1, Losses: 1}, 26934},
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
		m := New(Domain{Replicas: 1, Most: 1, Changes: 1})
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// worlds are those in which a mutant is explored.
type worlds []Domain

// small are worlds in one of which every mutant shows.
var small = worlds{{Replicas: 1, Most: 2, Changes: 1, Losses: 1}, {Replicas: 1, Most: 1, Changes: 2}, {Pods: 1, Changes: 2}}

// wrong is the machine with its steps, or the controller's decisions, replaced.
func (w worlds) wrong(next func(State, Action) State, decide func(State, []Action) []Action) (machines []*Machine) {
	for _, d := range w {
		m := New(d)
		if next != nil {
			m.Next = func(s State, a Action) (State, bool) { return next(s, a), true }
		}
		if decide != nil {
			enabled := m.Enabled
			m.Enabled = func(s State, actions []Action) []Action { return decide(s, enabled(s, actions)) }
		}
		machines = append(machines, m)
	}
	return machines
}

// believes is a server that does not look at the precondition of a request of that verb.
func believes(verb Verb) func(State, Action) State {
	return func(s State, a Action) State {
		at := &s.Writes[a.Pod]
		if a.Kind == Land {
			at = &s.Late[a.Pod]
		}
		if there := s.Pods[a.Pod].Phase; (a.Kind == Arrive || a.Kind == Land) && at.Verb == verb && there != Absent && there != Gone {
			at.Version = s.Pods[a.Pod].Version
		}
		return after(s, a)
	}
}

// adds has the controller make further plans, one for each pod that is chosen.
func adds(verb Verb, chosen func(s State, v View, i int) bool) func(State, []Action) []Action {
	return func(s State, actions []Action) []Action {
		if !s.Up {
			return actions
		}
		v := s.View()
		for i := range v.Pods {
			if s.Writes[i].open() {
				return actions
			}
		}
		for i := range v.Pods {
			if chosen(s, v, i) {
				actions = append(actions, Action{Kind: Work, Verb: verb, Pods: 1 << i})
			}
		}
		return actions
	}
}

// rebasing has the versions of each name counted from the oldest that matters, as all that is asked of two of them is which is later. So what
// is done and undone again and again is a cycle, and not an endless number of states.
func rebasing(machines []*Machine) []*Machine {
	for _, m := range machines {
		m.Canonical = func(s State) State {
			for i := range s.Pods {
				versions := []*uint8{&s.Pods[i].Version}
				if s.Up {
					versions = append(versions, &s.Seen[i].Version)
				}
				for _, w := range []*Write{&s.Writes[i], &s.Late[i]} {
					if w.Way != None {
						versions = append(versions, &w.Version)
					}
				}
				oldest := *versions[0]
				for _, v := range versions {
					oldest = min(oldest, *v)
				}
				for _, v := range versions {
					*v -= oldest
				}
			}
			return s
		}
	}
	return machines
}

// without has the controller never do a thing.
func without(verb Verb) func(State, []Action) []Action {
	return func(_ State, actions []Action) []Action {
		kept := actions[:0]
		for _, a := range actions {
			if a.Kind != Work || a.Verb != verb {
				kept = append(kept, a)
			}
		}
		return kept
	}
}

// mutants have one thing wrong each.
func mutants(w worlds) []mutant.Mutant[State, Action] {
	owned := func(v View, p Pod) bool { return p.Owner == v.Owner.UID && p.Owner != 0 && p.Phase == Running }
	return []mutant.Mutant[State, Action]{
		{Name: "forgets what it has created, and takes another name", Machines: worlds{{Replicas: 1, Most: 1}}.wrong(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Answer && s.Seen[a.Pod].Phase == Running {
				s.Seen[a.Pod] = Stored{Phase: Gone}
			}
			return s
		}, nil)},
		{Name: "takes an unknown creation for a failed one, and another name", Machines: w.wrong(func(s State, a Action) State {
			if s = after(s, a); a.Kind == LoseAnswer || a.Kind == GiveUp {
				s.Seen[a.Pod].Phase, s.Writes[a.Pod] = Gone, Write{}
			}
			return s
		}, nil)},
		{Name: "deletes without a precondition", Machines: w.wrong(believes(Remove), nil)},
		{Name: "adopts without a precondition", Machines: w.wrong(believes(Adopt), nil)},
		{Name: "releases without a precondition", Machines: w.wrong(believes(Release), nil)},
		{Name: "adopts without looking", Machines: w.wrong(nil, adds(Adopt, func(_ State, v View, i int) bool {
			p := v.Pods[i]
			return v.Live == nil && v.Owner.UID != 0 && !v.Owner.Leaving && p.Phase == Running && p.Owner == 0 && p.Matches && !p.Open
		}))},
		{Name: "makes up for what is doubtful", Machines: w.wrong(nil, adds(Remove, func(_ State, v View, i int) bool {
			surely, perhaps := v.Counted()
			return !v.Owner.Leaving && v.Counts(v.Pods[i]) && !v.Pods[i].Open && surely <= v.Owner.Replicas && surely+perhaps > v.Owner.Replicas
		}))},
		{Name: "acts for an owner that is being deleted", Machines: w.wrong(nil, adds(Remove, func(_ State, v View, i int) bool {
			return v.Owner.Leaving && owned(v, v.Pods[i]) && !v.Pods[i].Open
		}))},
		{Name: "writes again before the outcome is known", Machines: w.wrong(nil, adds(Remove, func(s State, v View, i int) bool {
			return !v.Owner.Leaving && v.Counts(v.Pods[i]) && s.Writes[i].Way == Unknown
		}))},
		{Name: "never releases", Machines: w.wrong(nil, without(Release))},
		{Name: "never creates", Machines: w.wrong(nil, without(Create))},
		{Name: "asks again and again for the deletion of what is gone", Machines: w.wrong(nil, adds(Remove, func(_ State, v View, i int) bool {
			return v.Owner.UID != 0 && v.Pods[i].Phase == Gone && !v.Pods[i].Open
		}))},
		{Name: "adopts what it has released", Machines: rebasing(w.wrong(nil, adds(Adopt, func(_ State, v View, i int) bool {
			p := v.Pods[i]
			return v.Owner.UID != 0 && !v.Owner.Leaving && p.Phase == Running && p.Owner == 0 && !p.Matches && !p.Open
		})))},
		fewer(worlds{{Anyhow: true, Pods: 2, Most: 1}}),
		{Name: "never asks what became of a write", Machines: w.wrong(nil, func(_ State, actions []Action) []Action {
			kept := actions[:0]
			for _, a := range actions {
				if a.Kind != Resolve {
					kept = append(kept, a)
				}
			}
			return kept
		})},
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
