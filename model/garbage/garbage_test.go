package garbage

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
		{Domain{Objects: 1, Shape: Lost, Deletions: 1, Changes: 1, Crashes: 1, Losses: 1}, 60260},
		{Domain{Spare: 2, Changes: 2, Crashes: 1}, 219},
		{Domain{Objects: 1, Spare: 1, Deletions: 1, Changes: 1, Losses: 1}, 15806},
		{Domain{Objects: 2, Shape: Chain, Blocking: true, Deletions: 1, Losses: 1, Crashes: 1}, 1882},
		{Domain{Objects: 2, Shape: Chain, Blocking: true, Deletions: 1, Changes: 1}, 38127},
		{Domain{Objects: 2, Shape: Ring, Blocking: true, Deletions: 2}, 42153},
		{Domain{Objects: 3, Shape: Heir, Blocking: true, Deletions: 1, Losses: 1}, 1714},
		{Domain{Objects: 3, Shape: Fan, Blocking: true, Deletions: 1, Losses: 1}, 13624},
		{Domain{Objects: 3, Shape: Chain, Blocking: true, Deletions: 2}, 65318},
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
		broken := false
		for _, d := range []Domain{{Spare: 2, Changes: 2}, {Objects: 1, Spare: 1, Deletions: 1, Changes: 1}} {
			m := New(d)
			m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
			broken = broken || machine.Explore(m, machine.Options{}).Violation != nil
		}
		if !broken {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// The worlds in which mutants show.
var (
	lost    = Domain{Objects: 1, Shape: Lost, Deletions: 1, Changes: 1}
	losing  = Domain{Objects: 1, Shape: Lost, Losses: 1}
	young   = Domain{Spare: 2, Changes: 2}
	growing = Domain{Objects: 1, Spare: 1, Deletions: 1, Changes: 1}
	chain   = Domain{Objects: 2, Shape: Chain, Blocking: true, Deletions: 1}
	ring    = Domain{Objects: 2, Shape: Ring, Blocking: true, Deletions: 1}
	heir    = Domain{Objects: 3, Shape: Heir, Blocking: true, Deletions: 1}
)

// steps is the machine with its steps replaced.
func steps(next func(State, Action) State, domains ...Domain) (machines []*Machine) {
	for _, d := range domains {
		m := New(d)
		m.Next = func(s State, a Action) (State, bool) { return next(s, a), true }
		machines = append(machines, m)
	}
	return machines
}

// believes is a server that does not look at the preconditions of a request of that verb.
func believes(verb Verb, uid bool) func(State, Action) State {
	return func(s State, a Action) State {
		w := &s.Writes[a.Object]
		if a.Kind == Land {
			w = &s.Late[a.Object]
		}
		if o := s.Objects[a.Object]; (a.Kind == Arrive || a.Kind == Land) && w.Verb == verb {
			if !uid {
				w.UID = o.UID
			}
			if w.UID == o.UID {
				w.Version = o.Version
			}
		}
		return after(s, a)
	}
}

// adds has the collector make another plan about the object that it looks at.
func adds(plan func(s State, v View, x Object) (Action, bool), domains ...Domain) (machines []*Machine) {
	for _, d := range domains {
		m := New(d)
		m.Enabled = func(s State, actions []Action) []Action {
			actions = Enabled(d, s, actions)
			if !s.Busy {
				return actions
			}
			v := s.View()
			a, ok := plan(s, v, v.Reads[v.Key].Object)
			a.Kind, a.Objects = Work, 1<<s.Key
			if ok && s.Writes[s.Key].Verb == 0 && !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
			return actions
		}
		machines = append(machines, m)
	}
	return machines
}

// finalizes finalizes by what the cache shows.
func finalizes(wish Policy) func(State, View, Object) (Action, bool) {
	return func(s State, _ View, x Object) (Action, bool) {
		for _, d := range s.Seen {
			if d.Links[s.Key].UID == x.UID {
				return Action{}, false
			}
		}
		return Action{Verb: Finalize}, x.Leaving && x.Wish == wish
	}
}

// never has the collector never do a thing.
func never(verb Verb, domains ...Domain) []*Machine {
	return steps(func(s State, a Action) State {
		if a.Kind == Work && a.Verb == verb {
			return s.idle()
		}
		return after(s, a)
	}, domains...)
}

// upstream unblocks what it is about to delete if one of its dependents waits, and nothing else.
func upstream(d Domain) []*Machine {
	m := never(Unblock, d)[0]
	idle := m.Next
	waiting := func(s State) bool {
		return s.any(func(i int, _ Stored) bool {
			return s.Seen[i].waits() && s.Seen[i].Links[s.Key].UID == s.Reads[s.Key].Stored.UID
		})
	}
	m.Next = func(s State, a Action) (State, bool) {
		x := s.Reads[s.Key].Stored
		if a.Kind == Work && a.Verb == Collect && waiting(s) {
			for owner, l := range x.Links {
				if l.Blocks {
					return after(s, Action{Kind: Work, Verb: Unblock, Owner: owner, Objects: a.Objects}), true
				}
			}
		}
		return idle(s, a)
	}
	return []*Machine{m}
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[State, Action] {
	deaf := New(losing)
	deaf.Init[0].Queue = 0
	return []mutant.Mutant[State, Action]{
		{Name: "deletes without preconditions", Machines: steps(believes(Collect, false), lost)},
		{Name: "deletes with the UID alone", Machines: steps(believes(Collect, true), lost)},
		{Name: "takes references away without preconditions", Machines: steps(believes(Unlink, false), growing)},
		{Name: "reads the object again after its owners", Machines: steps(func(s State, a Action) State {
			if a.Kind == Work {
				s.Reads[s.Key].Stored = s.Objects[s.Key]
			}
			return after(s, a)
		}, lost)},
		{Name: "believes the cache that an owner is gone", Machines: adds(func(s State, _ View, x Object) (Action, bool) {
			gone := 0
			for _, r := range x.Refs {
				if s.Seen[r.Owner].UID != r.UID {
					gone++
				}
			}
			return Action{Verb: Collect}, !x.Leaving && gone > 0 && gone == len(x.Refs)
		}, young)},
		{Name: "deletes when one of several owners is gone", Machines: adds(func(_ State, v View, x Object) (Action, bool) {
			return Action{Verb: Collect}, !x.Leaving && v.count(x, gone) > 0 && v.count(x, stays) > 0
		}, heir)},
		{Name: "orphans the dependents that the cache shows", Machines: adds(finalizes(Orphan), growing)},
		{Name: "waits for the dependents that the cache shows", Machines: adds(finalizes(Foreground), growing)},
		{Name: "takes a reference away whose owner stays", Machines: adds(func(_ State, v View, x Object) (Action, bool) {
			for _, r := range x.Refs {
				if v.standing(r) == stays {
					return Action{Verb: Unlink, Owner: r.Owner}, true
				}
			}
			return Action{}, false
		}, heir)},
		{Name: "unblocks what is in no circle", Machines: adds(func(_ State, v View, x Object) (Action, bool) {
			for _, r := range x.Refs {
				if r.Blocks && !x.Leaving && v.standing(r) == waits {
					return Action{Verb: Unblock, Owner: r.Owner}, true
				}
			}
			return Action{}, false
		}, chain)},
		{Name: "never breaks a circle", Machines: never(Unblock, ring)},
		{Name: "breaks a circle only where it deletes, as upstream does", Machines: upstream(Domain{Objects: 2, Shape: Ring, Blocking: true, Deletions: 2})},
		{Name: "never takes a reference away", Machines: never(Unlink, heir)},
		{Name: "never deletes", Machines: never(Collect, losing)},
		{Name: "does not look at what it has listed", Machines: []*Machine{deaf}},
		{Name: "does not look again where it gave up", Machines: steps(func(s State, a Action) State {
			queue := s.Queue
			if s = after(s, a); a.Kind == GiveUp {
				s.Queue = queue
			}
			return s
		}, losing)},
		{Name: "looks again and again at what it has looked at", Machines: steps(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Begin {
				s.Queue |= 1 << a.Object
			}
			return s
		}, losing)},
		round(Domain{Anyhow: true, Blocking: true}),
		{Name: "the server removes what is held", Machines: steps(func(s State, a Action) State {
			if s = after(s, a); a.Kind == Delete && s.Objects[a.Object].Wish == Background {
				s.Objects[a.Object] = Stored{Version: s.Objects[a.Object].Version}
			}
			return s
		}, growing)},
		{Name: "the server leaves what nothing keeps", Machines: steps(func(s State, a Action) State {
			o := s.Objects[a.Object]
			if s = after(s, a); a.Kind == LetGo && s.Objects[a.Object].UID == 0 {
				o.Held, o.Version = false, s.Objects[a.Object].Version
				s.Objects[a.Object] = o
			}
			return s
		}, growing)},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(lost), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}

// Goal: an owner may be told to wait no more while a circle is being broken, and that is allowed. Method: one history of a world too large to be
// explored whole.
func TestCircleEndsWhileItIsBroken(t *testing.T) {
	d := Domain{Objects: 2, Shape: Ring, Blocking: true, Deletions: 3, Changes: 1}
	s, broken := Init(d), false
	for _, a := range []Action{
		{Kind: Hold, Object: 0}, {Kind: Delete, Object: 0, Policy: Foreground}, {Kind: See, Object: 0}, {Kind: Delete, Object: 1, Policy: Foreground},
		{Kind: Begin, Object: 1}, {Kind: Look, Object: 0}, {Kind: Look, Object: 2}, {Kind: Work, Verb: Unblock, Owner: 0, Objects: 1 << 1},
		{Kind: Delete, Object: 0, Policy: Background}, {Kind: Arrive, Object: 1},
	} {
		next, ok := Next(d, s, a)
		if !ok {
			t.Fatalf("not enabled: %v", a)
		}
		if !BreaksCircles.Holds(s, a, next) {
			t.Errorf("%v: %s", a, BreaksCircles.Name)
		}
		broken = broken || a.Kind == Arrive && !next.Objects[1].Links[0].Blocks && !s.Objects[0].waits()
		s = next
	}
	if !broken {
		t.Error("nothing was unblocked after its owner had been told to wait no more")
	}
}
