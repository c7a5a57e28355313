package cluster

import (
	_ "embed"
	"testing"

	"orrery/model/kubelet"
	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

//go:embed testdata/kills.txt
var kills string

// Small worlds, in one of which every mutant shows.
var (
	grows     = Domain{Nodes: 1, Room: 2, Replicas: 1, Most: 1, Bounds: Bounds{Losses: 1}}
	spreads   = Domain{Nodes: 2, Room: 1, Replicas: 2, Most: 2}
	binds     = Domain{Nodes: 2, Room: 1, Replicas: 1, Most: 1, Bounds: Bounds{Crashes: 1}}
	crashes   = Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Crashes: 1}}
	cuts      = Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Cuts: 1, Stalls: 1, Lags: 1}}
	replaces  = Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: Bounds{Pods: 1}}
	reuses    = Domain{Nodes: 1, Room: 1, Lone: true, Pods: 1, Bounds: Bounds{Pods: 2}}
	travels   = Domain{Nodes: 2, Room: 1, Lone: true, Pods: 1, Bounds: Bounds{Pods: 2}}
	adopts    = Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Lone: true, Pods: 1, Bounds: Bounds{Owners: 1}}
	recreates = Domain{Nodes: 1, Room: 0, Replicas: 1, Most: 1, Bounds: Bounds{Owners: 2}}
	ends      = Domain{Nodes: 1, Room: 1, Lone: true, Pods: 1, Policy: kubelet.Never, Bounds: Bounds{Ends: 1, Losses: 1}}
	repeats   = Domain{Nodes: 1, Room: 1, Lone: true, Pods: 1, Bounds: Bounds{Pods: 2, Losses: 1}}
	overrules = Domain{Nodes: 1, Room: 1, Pods: 1, Bounds: Bounds{Pods: 1, Losses: 1}}
	lags      = Domain{Nodes: 1, Room: 1, Lone: true, Pods: 1, Bounds: Bounds{Pods: 1, Crashes: 1, Lags: 1}}
)

// wrong is a machine with one thing wrong, in several worlds.
type wrong struct {
	name string
	in   []Domain
	// tables changes what components decide, steps and choices what the machine does.
	tables  func(*tables)
	steps   func(w *world, before State, a Action) State
	choices func(w *world, s *State, actions []Action) []Action
}

func (x wrong) machines() (list []*Machine) {
	for _, d := range x.in {
		asked := newTables(d)
		given := *asked
		if x.tables != nil {
			x.tables(&given)
		}
		w := &world{d, &given}
		m := build(w, asked)
		if x.steps != nil {
			m.Next = func(s State, a Action) (State, bool) { return x.steps(w, s, a), true }
		}
		if x.choices != nil {
			m.Enabled = func(s State, actions []Action) []Action { return x.choices(w, &s, w.enabled(&s, actions)) }
		}
		list = append(list, m)
	}
	return list
}

// on changes what comes of an action of that kind, if it is that component's.
func on(kind Kind, c Component, then func(w *world, before State, a Action, s State) State) func(*world, State, Action) State {
	return func(w *world, before State, a Action) State {
		s := w.after(before, a)
		if a.Kind == kind && a.Who == c {
			return then(w, before, a, s)
		}
		return s
	}
}

// without has nobody ever do such things.
func without(is func(Action) bool) func(*world, *State, []Action) []Action {
	return func(_ *world, _ *State, actions []Action) []Action {
		kept := actions[:0]
		for _, a := range actions {
			if !is(a) {
				kept = append(kept, a)
			}
		}
		return kept
	}
}

// believes is a server that does not look at the preconditions of requests of those verbs, but that there is an object of that name.
func believes(verbs ...Verb) func(*world, State, Action) State {
	return func(w *world, s State, a Action) State {
		r := &s.Late
		switch a.Kind {
		case Arrive, Unheard:
			r = &s.Writes[a.Who]
		case Land:
		default:
			return w.after(s, a)
		}
		p, was := s.Pods[r.name()], *r
		for _, verb := range verbs {
			switch {
			case verb != r.verb() || !p.is(there):
			case verb == Report || verb == Finish:
				if p.node() != 0 {
					*r = write(verb, r.name(), uint32(p.to(kubeletOf(p.node()))), r.next())
				}
			case verb == Bind:
				*r = write(verb, r.name(), uint32(p.to(Scheduler)), r.next())
			default:
				*r = write(verb, r.name(), uint32(p.to(Replication)), r.next())
			}
		}
		next := w.after(s, a)
		if a.Kind == Unheard {
			next.Writes[a.Who] = was | unknown
		}
		return next
	}
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	var mutants []mutant.Mutant[State, Action]
	for _, x := range mistakes {
		mutants = append(mutants, mutant.Mutant[State, Action]{Name: x.name, Machines: x.machines()})
	}
	got, alive, harmless := mutant.Kills(New(grows), mutants, machine.Options{Workers: 2, States: 60000})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}

var mistakes = []wrong{
	{name: "creates again before it sees what it has created", in: []Domain{grows},
		steps: on(Arrive, Replication, func(_ *world, before State, a Action, s State) State {
			if before.Writes[a.Who].verb() == Create {
				s.Seen[a.Who][before.Writes[a.Who].name()] = spent // it takes another name
			}
			return s
		})},
	{name: "takes a creation of unknown outcome for a failed one", in: []Domain{grows},
		steps: func(w *world, before State, a Action) State {
			s := w.after(before, a)
			if r := before.Writes[Replication]; (a.Kind == Unheard || a.Kind == GiveUp) && a.Who == Replication && r.verb() == Create {
				s.Seen[a.Who][r.name()], s.Writes[a.Who] = spent, 0
			}
			return s
		}},
	{name: "deletes pods without a precondition", in: []Domain{overrules}, steps: believes(Remove)},
	{name: "adopts without a live read", in: []Domain{adopts},
		tables: func(t *tables) {
			for key := range t.replication {
				if key>>2&3 == notRead {
					t.replication[key] |= t.replication[key|same<<2]
				}
			}
		}},
	{name: "acts for an owner by its name, not its UID", in: []Domain{recreates},
		choices: func(w *world, s *State, actions []Action) []Action {
			for i, p := range s.Pods {
				if p.is(there) && p.owner() != 0 && p.owner() != s.SeenOwner.uid() && s.Writes[Replication] == 0 && s.SeenOwner.uid() != 0 {
					actions = append(actions, Action{Kind: Work, Who: Replication, Verb: Remove, Pod: uint8(i)})
				}
			}
			return actions
		}},
	{name: "never creates", in: []Domain{grows}, choices: without(func(a Action) bool { return a.Verb == Create })},
	{name: "nobody collects", in: []Domain{recreates}, choices: without(func(a Action) bool { return a.Kind == Collect })},
	{name: "binds without a precondition", in: []Domain{binds}, steps: believes(Bind)},
	{name: "forgets what it has bound", in: []Domain{spreads},
		steps: on(Arrive, Scheduler, func(_ *world, before State, a Action, s State) State {
			s.Seen[a.Who][before.Writes[a.Who].name()] = 0
			return s
		})},
	{name: "binds to a node that is full", in: []Domain{spreads},
		tables: func(t *tables) {
			for key := range t.scheduler {
				for i := range Names {
					if key>>(3*i)&7 == 1 {
						t.scheduler[key] |= choice(i, 1)
					}
				}
			}
		}},
	{name: "never binds", in: []Domain{grows}, choices: without(func(a Action) bool { return a.Verb == Bind })},
	{name: "reports without a precondition", in: []Domain{repeats, ends}, steps: believes(Report)},
	{name: "removes without a precondition", in: []Domain{repeats}, steps: believes(Finish)},
	{name: "removes a pod from the API that runs", in: []Domain{travels},
		tables: func(t *tables) {
			for key := range t.kubelet {
				if k := &t.kubelet[key]; key>>6 == int(Alive) && key&(1<<4) != 0 && key&(1<<5) == 0 {
					k.stage, k.verb = Alive, Finish
				}
			}
		}},
	{name: "reports an end before it comes", in: []Domain{replaces},
		tables: func(t *tables) {
			for key := range t.kubelet {
				if k := &t.kubelet[key]; key>>6 == int(Alive) && key&(1<<4) != 0 && k.verb == Report && k.ended != 0 {
					k.stage = Alive
				}
			}
		}},
	{name: "does not stop what is deleted", in: []Domain{replaces}, choices: without(func(a Action) bool { return a.Kind == Work && a.Who == Kubelet1 && a.Verb == Report })},
	{name: "a kubelet begins with an empty list", in: []Domain{crashes},
		steps: on(Start, Kubelet1, func(_ *world, _ State, a Action, s State) State {
			s.Seen[a.Who] = [Names]Pod{}
			return s
		})},
	{name: "a kubelet begins with a list of the past", in: []Domain{lags},
		choices: func(_ *world, s *State, actions []Action) []Action {
			if s.Behind && !s.up(Kubelet1) {
				actions = append(actions, Action{Kind: Start, Who: Kubelet1})
			}
			return actions
		},
		steps: on(Start, Kubelet1, func(_ *world, before State, a Action, s State) State {
			if before.Behind {
				for i, p := range before.Old.Pods {
					s.Seen[a.Who][i] = p.to(a.Who)
				}
			}
			return s
		})},
	{name: "a node that is cut off stops its pods", in: []Domain{cuts},
		steps: func(w *world, before State, a Action) State {
			s := w.after(before, a)
			if a.Kind == Cut {
				s.Lives[a.Node-1] = [Names]Life{}
			}
			return s
		}},
	{name: "names what is not ready", in: []Domain{replaces},
		tables: func(t *tables) {
			for i, e := range t.endpoints {
				if e.condition() == Draining {
					t.endpoints[i] = entryOf(e.address(), Serves)
				}
			}
		}},
	{name: "goes by the names of pods, not their UIDs", in: []Domain{reuses},
		steps: on(Work, Endpoints, func(_ *world, before State, a Action, s State) State {
			r, z := s.Writes[a.Who], before.Slices[0]
			next := Slice(r.next())
			for i, p := range before.Pods {
				if e := z.entry(i); e != 0 && p.is(there) && p.uid() != e.uid() && next.entry(i) == 0 {
					next = next.with(i, e&^7|Entry(p.uid()))
				}
			}
			s.Writes[a.Who] = write(a.Verb, 0, r.base(), uint32(next))
			return s
		})},
	{name: "never updates the slice", in: []Domain{grows, replaces}, choices: without(func(a Action) bool { return a.Verb == FillSlice })},
	{name: "a proxy begins with an empty list", in: []Domain{crashes},
		steps: on(Start, Proxy1, func(_ *world, _ State, _ Action, s State) State {
			s.Slices[1] = 0
			return s
		})},
	{name: "a proxy that ends takes its rules along", in: []Domain{crashes},
		steps: on(Crash, Proxy1, func(_ *world, _ State, _ Action, s State) State {
			s.Rules[0] = 0
			return s
		})},
	{name: "a proxy leads to whom nobody has named", in: []Domain{spreads},
		steps: on(Work, Proxy1, func(_ *world, _ State, _ Action, s State) State {
			if s.Rules[0] == target(1) {
				s.Rules[0] |= target(2)
			}
			return s
		})},
	{name: "a proxy sees slices once only", in: []Domain{grows},
		choices: func(_ *world, s *State, actions []Action) []Action {
			return without(func(a Action) bool { return a.Kind == SeeSlice && a.Who == Proxy1 && s.Slices[1] != 0 })(nil, s, actions)
		}},
	{name: "nobody starts what has crashed", in: []Domain{crashes}, choices: without(func(a Action) bool { return a.Kind == Start })},
	{name: "a node that is cut off stays so", in: []Domain{cuts}, choices: without(func(a Action) bool { return a.Kind == Mend })},
	{name: "the store stalls for ever", in: []Domain{cuts}, choices: without(func(a Action) bool { return a.Kind == Resume })},
	{name: "an API server lags for ever", in: []Domain{lags}, choices: without(func(a Action) bool { return a.Kind == CatchUp })},
	{name: "nobody asks what became of a request", in: []Domain{grows}, choices: without(func(a Action) bool { return a.Kind == Repeat })},
	{name: "writes the slice again and again", in: []Domain{grows},
		choices: func(_ *world, s *State, actions []Action) []Action {
			if s.up(Endpoints) && s.Writes[Endpoints] == 0 && s.Slices[0]&sliceThere != 0 {
				actions = append(actions, Action{Kind: Work, Who: Endpoints, Verb: FillSlice})
			}
			return actions
		}},
}
