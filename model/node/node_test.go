package node

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
	reached, claims := map[string]bool{}, sometimes(Domain{})
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Nodes: 1, Pods: 1, Tolerates: 2, Elsewhere: 1, Changes: 2}, 52505},
		{Domain{Nodes: 1, Elsewhere: 1, Changes: 1, Crashes: 1}, 8339},
		{Domain{Nodes: 1, Pods: 1, Tolerates: 2, Elsewhere: 1, Cuts: 2, Losses: 1, Crashes: 1}, 78514},
		{Domain{Nodes: 1, Pods: 1, Tolerates: 1, Elsewhere: 1, Serving: true, Changes: 1}, 17311},
		{Domain{Nodes: 1, Pods: 2, Tolerates: 1, Elsewhere: 1, Cuts: 2}, 21613},
		{Domain{Nodes: 2, Apart: true, Cuts: 2}, 33545},
		{Domain{Nodes: 2, Apart: true, Cuts: 3, Losses: 1, Prompt: true}, 37994},
		{Domain{Nodes: 2, Pods: 1, Tolerates: 1, Apart: true, Serving: true, Cuts: 3, Prompt: true}, 28519},
		{Domain{Nodes: 2, Elsewhere: 1, Cuts: 2, Prompt: true}, 465},
		{Domain{Nodes: 2, Steady: 1, Cuts: 2, Crashes: 1, Prompt: true}, 11492},
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
	for _, p := range claims {
		if !reached[p.Name] {
			t.Errorf("never: %s", p.Name)
		}
	}
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for i, claim := range tempting(Domain{}) {
		broken := false
		for _, d := range []Domain{{Nodes: 1, Pods: 1, Elsewhere: 1, Cuts: 2}, {Nodes: 1, Pods: 1, Elsewhere: 1, Changes: 2}, {Nodes: 2, Apart: true, Cuts: 2, Prompt: true}} {
			m := New(d)
			m.Always, m.AlwaysStep, m.Eventually = m.Tempting[i:i+1], nil, nil
			broken = broken || machine.Explore(m, machine.Options{}).Violation != nil
		}
		if !broken {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

// Goal: the pace of every zone is upstream's. Method: row 72 as a table; each zone is its number of ready nodes and of others.
func TestPaces(t *testing.T) {
	for _, c := range []struct {
		name  string
		zones [][2]int
		want  []int
		down  bool
	}{
		{"all is well", [][2]int{{3, 0}, {1, 0}}, []int{10, 10}, false},
		{"one node of three is down", [][2]int{{2, 1}}, []int{10}, false},
		{"two of three are, and that is too few to be a zone's fault", [][2]int{{1, 2}}, []int{10}, false},
		{"three of five are: that is 60 percent", [][2]int{{2, 3}}, []int{Never}, false},
		{"six of eleven are: that is less than 55 percent", [][2]int{{5, 6}}, []int{10}, false},
		{"eleven of twenty are: that is 55 percent", [][2]int{{9, 11}}, []int{Never}, false},
		{"fifty nodes are no large zone", [][2]int{{20, 30}}, []int{Never}, false},
		{"one more is", [][2]int{{20, 31}}, []int{100}, false},
		{"a zone is down, and another is not", [][2]int{{0, 60}, {1, 0}}, []int{10, 10}, false},
		{"all zones are down", [][2]int{{0, 60}, {0, 1}}, []int{Never, Never}, true},
		{"there are no nodes", nil, nil, true},
	} {
		var nodes []Node
		for zone, counts := range c.zones {
			for i := range counts[0] + counts[1] {
				n := Node{UID: 1, Zone: zone, Condition: Unknown}
				if i < counts[0] {
					n.Condition = Ready
				}
				nodes = append(nodes, n)
			}
		}
		if paces, down := Upstream.Paces(nodes); !slices.Equal(paces, c.want) || down != c.down {
			t.Errorf("%s: %v, all down: %v, want %v, %v", c.name, paces, down, c.want, c.down)
		}
	}
}

// Goal: what the machine cannot show of [View.Refuses], as its worlds are small and its plans have one effect, is right too. Method: a table.
func TestRefuses(t *testing.T) {
	well := Node{UID: 1}
	silent := Node{UID: 1, Condition: Unknown, Quiet: 50}
	quiet := Node{UID: 1, Quiet: 50, Live: true}
	for _, c := range []struct {
		name  string
		nodes []Node
		since int
		plan  []Effect
		want  string
	}{
		{"one of three is tainted", []Node{well, silent, well}, 10, []Effect{{Taint, 1}}, ""},
		{"another was a moment ago", []Node{well, silent, well}, 9, []Effect{{Taint, 1}}, "node 1: the last taint in its zone was 9 ago, and one is allowed each 10"},
		{"two at once", []Node{well, silent, silent}, 10, []Effect{{Taint, 1}, {Taint, 2}}, "node 2: a node of its zone is tainted in the same plan"},
		{"two of different zones", []Node{well, silent, {UID: 1, Zone: 1, Condition: NotReady}}, 10, []Effect{{Taint, 1}, {Taint, 2}}, ""},
		{"the last that was ready is doubted in the same plan", []Node{quiet, silent}, 10, []Effect{{Doubt, 0}, {Taint, 1}}, "node 1: no node of any zone is ready"},
		{"what the plan itself doubts is not tainted", []Node{quiet, well}, 10, []Effect{{Doubt, 0}, {Taint, 0}}, "node 0: it is ready"},
		{"several are doubted", []Node{quiet, quiet}, 0, []Effect{{Doubt, 0}, {Doubt, 1}}, ""},
		{"a node that is not there", []Node{{}, well}, 10, []Effect{{Untaint, 0}}, "node 0: there is none"},
	} {
		v := View{Policy: Upstream, Nodes: c.nodes, Since: []int{c.since, c.since}}
		if got := v.Refuses(c.plan); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	v := View{Policy: Upstream, Nodes: []Node{quiet, {}}, Pods: []Pod{{Phase: Running}}}
	if got, want := v.Allowed(), "doubt node 0"; got != want {
		t.Errorf("allowed: %q, want %q", got, want)
	}
}

// Goal: row 69. Method: upstream's durations, and each of them too long.
func TestGrace(t *testing.T) {
	for _, c := range []struct {
		h       Heartbeats
		refused bool
	}{
		{Heartbeats{Period: 10, Retries: 4, Connection: 45}, false},
		{Heartbeats{Period: 10, Retries: 5, Connection: 45}, true},
		{Heartbeats{Period: 10, Retries: 4, Connection: 50}, true},
	} {
		if got := Upstream.Refuses(c.h); (got != "") != c.refused {
			t.Errorf("%+v: %q", c.h, got)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// The worlds in which mutants show.
var (
	cut      = Domain{Nodes: 1, Pods: 1, Tolerates: 1, Elsewhere: 1, Cuts: 2}
	serving  = Domain{Nodes: 1, Pods: 1, Elsewhere: 1, Serving: true, Cuts: 2}
	lossy    = Domain{Nodes: 1, Elsewhere: 1, Cuts: 2, Losses: 1}
	late     = Domain{Nodes: 1, Pods: 1, Tolerates: 2, Elsewhere: 1, Changes: 2}
	anew     = Domain{Nodes: 1, Elsewhere: 1, Changes: 2}
	gone     = Domain{Nodes: 1, Pods: 1, Elsewhere: 1, Changes: 2, Prompt: true}
	changed  = Domain{Nodes: 1, Pods: 1, Elsewhere: 1, Changes: 3, Prompt: true}
	replaced = Domain{Nodes: 1, Elsewhere: 1, Cuts: 1, Changes: 2, Prompt: true}
	crashed  = Domain{Nodes: 1, Elsewhere: 1, Cuts: 1, Crashes: 1}
	ailing   = Domain{Nodes: 1, Elsewhere: 1, Changes: 1, Crashes: 1}
	apart    = Domain{Nodes: 2, Pods: 1, Apart: true, Cuts: 3, Prompt: true}
	blind    = Domain{Nodes: 2, Apart: true, Cuts: 2}
	crowded  = Domain{Nodes: 2, Steady: 1, Cuts: 2, Prompt: true}
)

// steps is the machine with its steps replaced.
func steps(next func(Domain, State, Action) State, domains ...Domain) (machines []*Machine) {
	for _, d := range domains {
		m := New(d)
		m.Next = func(s State, a Action) (State, bool) { return next(d, s, a), true }
		machines = append(machines, m)
	}
	return machines
}

// believes is a server that does not look at the precondition of a request of that verb.
func believes(verb Verb) func(Domain, State, Action) State {
	return func(d Domain, s State, a Action) State {
		w := &s.Writes[a.Object]
		if a.Kind == Land {
			w = &s.Late[a.Object]
		}
		if (a.Kind == Arrive || a.Kind == Land) && w.Verb == verb && s.uid(a.Object) != 0 {
			w.Stale = false
		}
		return after(d, s, a)
	}
}

// overlooks is the machine whose controller also decides what its view would allow if it were another.
func overlooks(verb Verb, other func(s State, v *View, object int), domains ...Domain) (machines []*Machine) {
	for _, d := range domains {
		m := New(d)
		m.Enabled = func(s State, actions []Action) []Action {
			actions = Enabled(d, s, actions)
			for _, e := range d.effects() {
				v := s.View(d)
				if e.Verb != verb || !s.Up || v.Refuses([]Effect{e}) == "" {
					continue
				}
				if other(s, &v, e.Object); v.Refuses([]Effect{e}) == "" {
					actions = append(actions, work(e))
					continue
				}
				n := v.about(e)
				if v.Nodes[n].Live = true; v.Refuses([]Effect{e}) == "" && !slices.Contains(actions, Action{Kind: Look, Object: n}) {
					actions = append(actions, Action{Kind: Look, Object: n})
				}
			}
			return actions
		}
		machines = append(machines, m)
	}
	return machines
}

// without is the machine in which such actions never happen.
func without(is func(Action) bool, domains ...Domain) (machines []*Machine) {
	for _, d := range domains {
		m := New(d)
		m.Enabled = func(s State, actions []Action) []Action {
			return slices.DeleteFunc(Enabled(d, s, actions), is)
		}
		machines = append(machines, m)
	}
	return machines
}

func never(verb Verb) func(Action) bool {
	return func(a Action) bool { return a.Kind == Work && a.Verb == verb }
}

// mutants have one thing wrong each.
func mutants() []mutant.Mutant[State, Action] {
	live := func(_ State, v *View, _ int) {
		for i := range v.Nodes {
			v.Nodes[i].Live = true
		}
	}
	return []mutant.Mutant[State, Action]{
		{Name: "doubts by its watch alone", Machines: overlooks(Doubt, live, cut)},
		{Name: "evicts by its watch alone", Machines: overlooks(Evict, live, cut)},
		{Name: "collects by its watch alone", Machines: overlooks(Collect, live, late)},
		{Name: "collects without a quarantine", Machines: overlooks(Collect, func(_ State, v *View, i int) { v.Nodes[v.Pods[i].Node].Missing = longest }, gone)},
		{Name: "collects what is not being deleted", Machines: overlooks(Collect, func(_ State, v *View, i int) { v.Pods[i].Phase = Leaving }, gone)},
		{Name: "does not wait as long as pods tolerate", Machines: overlooks(Evict, func(_ State, v *View, i int) { v.Pods[i].Tolerates = 0 }, cut)},
		{Name: "writes again before the outcome is known", Machines: overlooks(Untaint, func(_ State, v *View, i int) { v.Nodes[i].Open = false }, lossy)},
		{Name: "taints what was in doubt when it started", Machines: overlooks(Taint, func(_ State, v *View, i int) { v.Nodes[i].Quiet = longest }, crashed)},
		{Name: "has one pace for all zones", Machines: overlooks(Taint, func(_ State, v *View, _ int) { v.Policy.Share = 101 }, crowded)},
		{Name: "has no pace", Machines: overlooks(Taint, func(_ State, v *View, i int) { v.Since[v.Nodes[i].Zone] = longest }, crowded)},
		{Name: "starts as if it had not tainted for long", Machines: steps(func(d Domain, s State, a Action) State {
			if s = after(d, s, a); a.Kind == Start {
				s.Since = [Names]uint8{longest, longest}
			}
			return s
		}, ailing)},
		{Name: "taints although all zones are down", Machines: overlooks(Taint, func(_ State, v *View, i int) { v.Nodes[len(v.Nodes)-1-i].Condition = Ready }, apart)},
		{Name: "evicts although all zones are down", Machines: overlooks(Evict, func(_ State, v *View, i int) { v.Nodes[len(v.Nodes)-1].Condition = Ready }, apart)},
		{Name: "forgets what it has written", Machines: steps(func(d Domain, s State, a Action) State {
			if s = after(d, s, a); a.Kind == Arrive {
				s.Writes[a.Object] = Write{}
			}
			return s
		}, blind)},
		{Name: "does not give the others time when the first node is back", Machines: steps(func(d Domain, s State, a Action) State {
			next := s.taken(d, a)
			if next.noneReady(d) {
				next.Dawn = 0
			}
			return next.prompt()
		}, apart)},
		{Name: "goes on counting where it crashed", Machines: steps(func(d Domain, s State, a Action) State {
			if s = after(d, s, a); a.Kind == Start {
				for i := range s.Seen {
					s.Seen[i].Quiet, s.Seen[i].Held = longest, longest*bit(s.Seen[i].Tainted)
				}
			}
			return s
		}, crashed)},
		{Name: "takes a new taint for the old one", Machines: steps(func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if c, before := &next.Seen[0], s.Seen[0]; s.Up && next.Up && c.Tainted && before.Tainted {
				c.Held = max(c.Held, before.Held)
			}
			return next
		}, anew)},
		{Name: "takes a new node for the old one", Machines: steps(func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if c, before := &next.Seen[0], s.Seen[0]; s.Up && next.Up && c.UID != before.UID && c.UID != 0 {
				c.Quiet = before.Quiet
			}
			return next
		}, anew)},
		{Name: "evicts without grace", Machines: steps(func(d Domain, s State, a Action) State {
			next := after(d, s, a)
			if w, hit := carriedOut(s, a, next); hit && w.Verb == Evict {
				next.Pods[a.Object-Names] = StoredPod{}
			}
			return next
		}, cut)},
		{Name: "doubts without a precondition", Machines: steps(believes(Doubt), lossy, replaced)},
		{Name: "taints without a precondition", Machines: steps(believes(Taint), lossy, replaced)},
		{Name: "untaints without a precondition", Machines: steps(believes(Untaint), lossy, replaced)},
		{Name: "evicts without a precondition", Machines: steps(believes(Evict), changed)},
		{Name: "collects without a precondition", Machines: steps(believes(Collect), changed)},
		{Name: "never doubts", Machines: without(never(Doubt), cut)},
		{Name: "never untaints", Machines: without(never(Untaint), cut)},
		{Name: "never spares", Machines: without(never(Spare), apart)},
		{Name: "leaves pods of a silent node ready", Machines: without(never(Unready), serving)},
		{Name: "never evicts", Machines: without(never(Evict), cut)},
		{Name: "never collects", Machines: without(never(Collect), gone)},
		{Name: "gives a taint and takes it, again and again", Machines: overlooks(Taint, func(_ State, v *View, i int) {
			v.Nodes[i].Condition, v.Nodes[i].Quiet = Unknown, longest
		}, Domain{Nodes: 1, Elsewhere: 1})},
		aloof(anyhows),
		{Name: "never asks what became of a write", Machines: without(func(a Action) bool { return a.Kind == Resolve }, lossy)},
		{Name: "is a kubelet whose first renewal that hangs is its last", Machines: without(func(a Action) bool { return a.Kind == Report }, cut)},
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	got, alive, harmless := mutant.Kills(New(cut), mutants(), machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
