package election

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// even are clocks of one rate, the durations as short as they can be.
var even = Domain{LeaseDuration: 3, RenewDeadline: 2, Rates: [2]uint8{1, 1}}

func (d Domain) with(change func(*Domain)) Domain {
	change(&d)
	return d
}

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole. The
// number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{even.with(func(d *Domain) { d.Losses = 2 }), 116803},
		{even.with(func(d *Domain) { d.Crashes, d.Losses = 1, 1 }), 189530},
		{even.with(func(d *Domain) { d.Changes = 1 }), 90911},
		{even.with(func(d *Domain) { d.Crashes, d.Acting = 1, true }), 161865},
		{Domain{LeaseDuration: 9, RenewDeadline: 6, Rates: [2]uint8{3, 4}, Losses: 1}, 57203},
		{Domain{LeaseDuration: 9, RenewDeadline: 6, Rates: [2]uint8{4, 3}, Crashes: 1}, 47881},
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

// Goal: what is tempting to believe is wrong; with clocks whose rates differ by LeaseDuration/RenewDeadline or more, row 44 is among it.
// Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	d := Domain{LeaseDuration: 6, RenewDeadline: 4, Rates: [2]uint8{1, 2}, Acting: true, Crashes: 1}
	claims := New(d).Tempting
	if !slices.ContainsFunc(claims, func(p machine.Property[State]) bool { return p.Name == Disjoint.Name }) {
		t.Errorf("clocks that differ by a factor of 2 are said not to matter")
	}
	for _, claim := range claims {
		m := New(d)
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{Workers: 2}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: a write is refused for the right reason, also in views that the machine never has. Method: a table.
func TestRefuses(t *testing.T) {
	other := View{Known: true, Self: 1, Holder: 2, Since: 2, Held: 3}
	for _, c := range []struct {
		name   string
		change func(v *View)
		verb   Verb
		want   string // a part of the reason
	}{
		{"it may always look", func(v *View) { v.Known = false }, Read, ""},
		{"another holds it", func(*View) {}, Take, "candidate 2 holds"},
		{"another has held it for as long as it says", func(v *View) { v.Since = 3 }, Take, ""},
		{"nobody holds it", func(v *View) { v.Holder = 0 }, Take, ""},
		{"it holds it", func(v *View) { v.Holder = 1 }, Take, ""},
		{"it does not know", func(v *View) { v.Since, v.Known = 3, false }, Take, "does not know"},
		{"it was told to end", func(v *View) { v.Holder, v.Ending = 1, true }, Take, "told to end"},
		{"it gives it back", func(v *View) { v.Holder, v.Ending = 1, true }, Give, ""},
		{"it gives it back and was not told to end", func(v *View) { v.Holder = 1 }, Give, "not told"},
		{"it gives it back and still acts", func(v *View) { v.Holder, v.Ending, v.Acts = 1, true, true }, Give, "still act"},
		{"it gives back what another holds", func(v *View) { v.Ending = true }, Give, "candidate 2 holds"},
	} {
		v := other
		c.change(&v)
		if got := v.Refuses(c.verb); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// small are worlds in one of which every mutant shows.
var small = []Domain{
	even.with(func(d *Domain) { d.Losses = 1 }),
	even.with(func(d *Domain) { d.Crashes = 1 }),
}

// ended is a world in which a candidate is told to end.
var ended = []Domain{even.with(func(d *Domain) { d.Changes = 1 })}

// wrong is the machine with its steps, or what is enabled, replaced.
func wrong(name string, next func(Domain, State, Action) State, enabled func(Domain, State, []Action) []Action) (m mutant.Mutant[State, Action]) {
	return wrongIn(small, name, next, enabled)
}

func wrongIn(worlds []Domain, name string, next func(Domain, State, Action) State, enabled func(Domain, State, []Action) []Action) (m mutant.Mutant[State, Action]) {
	m.Name = name
	for _, d := range worlds {
		w := New(d)
		if next != nil {
			w.Next = func(s State, a Action) (State, bool) { return next(d, s, a), true }
		}
		if enabled != nil {
			w.Enabled = func(s State, actions []Action) []Action { return enabled(d, s, Enabled(d, s, actions)) }
		}
		m.Machines = append(m.Machines, w)
	}
	return m
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[State, Action] {
	return []mutant.Mutant[State, Action]{
		wrong("goes on after RenewDeadline (C07)", func(d Domain, s State, a Action) State {
			t := after(d, s, a)
			for i, c := range s.All {
				if a.Kind == Tick && c.Leads && !t.All[i].Leads {
					t.All[i].Leads, t.All[i].Led = true, d.RenewDeadline
				}
			}
			return t
		}, nil),
		wrong("compares the time in the record with its own clock (C09)", nil, func(_ Domain, s State, actions []Action) []Action {
			for i, c := range s.All { // clocks show anything, so that the record may seem old at any time
				if c.Up && c.Known && c.Request.Way == None && c.Ending == Stays && !slices.Contains(actions, Action{Hold, i}) {
					actions = append(actions, Action{Hold, i})
				}
			}
			return actions
		}),
		wrongIn(ended, "gives the lease back before what acts has stopped (C10)", nil, func(_ Domain, s State, actions []Action) []Action {
			for i, c := range s.All {
				if c.Up && c.Known && int(c.Seen) == i+1 && c.Request.Way == None && c.Ending == Told {
					actions = append(actions, Action{Release, i})
				}
			}
			return actions
		}),
		wrong("counts from the answer, as upstream does", func(d Domain, s State, a Action) State {
			if a.Kind == Hear && s.All[a.Who].Request.Verb == Take {
				s.All[a.Who].Request.Age = 0
			}
			return after(d, s, a)
		}, nil),
		wrong("writes without a precondition", func(d Domain, s State, a Action) State {
			if a.Kind == Arrive {
				s.All[a.Who].Request.Fresh = true
			}
			return after(d, s, a)
		}, nil),
		wrong("a late write is carried out whatever it requires", func(d Domain, s State, a Action) State {
			if a.Kind == Land {
				s.Late[a.Who].Fresh = true
			}
			return after(d, s, a)
		}, nil),
		wrong("counts on from the version before (waits for less than LeaseDuration)", func(d Domain, s State, a Action) State {
			if a.Kind == Hear {
				s.All[a.Who].Request.Same = true
			}
			return after(d, s, a)
		}, nil),
		wrong("takes a write without an answer for one that took place", func(d Domain, s State, a Action) State {
			if t := after(d, s, a); a.Kind == Lose && s.All[a.Who].Request.Verb == Take {
				t.All[a.Who].Leads, t.All[a.Who].Led = true, s.All[a.Who].Request.Age
				if t.All[a.Who].Led >= d.RenewDeadline {
					t.All[a.Who].Leads, t.All[a.Who].Led = false, 0
				}
				return t
			} else {
				return t
			}
		}, nil),
		wrong("never takes over what another holds", nil, func(_ Domain, s State, actions []Action) []Action {
			return slices.DeleteFunc(actions, func(a Action) bool {
				seen := s.All[a.Who].Seen
				return a.Kind == Hold && seen != 0 && int(seen) != a.Who+1
			})
		}),
		wrong("does not renew", nil, func(_ Domain, s State, actions []Action) []Action {
			actions = slices.DeleteFunc(actions, func(a Action) bool { return a.Kind == Hold && s.acts(a.Who) })
			if len(actions) == 0 {
				actions = append(actions, Action{Kind: Tick}) // which waits for nothing else then
			}
			return actions
		}),
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(small[0]), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
