package cluster

import "orrery/model/machine"

// What holds in every state.
var (
	// OneOfName is row 87, for the whole cluster.
	OneOfName = always("of a name at most one pod runs in the whole cluster, unless a user had one removed by force", func(s State) bool {
		return s.Forced || oneOfName(s)
	})
	// OnItsNode is rows 77 and 79: a pod runs where it is bound to, and nowhere else.
	OnItsNode = lives("a pod runs on no node but its own", func(_ bool, p Pod, l Life, node uint8) bool {
		return !p.is(there) || p.uid() != l.uid() || l.stage() != Alive || p.node() == node
	})
	// GoneRests is rows 87 and 88: whoever makes the next pod of a name relies on it.
	GoneRests = lives("nothing runs of a pod that is gone from the API, unless a user had it removed by force", func(forced bool, p Pod, l Life, _ uint8) bool {
		return forced || l.stage() != Alive || p.is(there) && p.uid() == l.uid()
	})
	// EndedRests is row 78.
	EndedRests = lives("nothing runs of a pod that the API shows as ended", func(_ bool, p Pod, l Life, _ uint8) bool {
		return p.uid() != l.uid() || !p.is(there|ended) || l.stage() != Alive
	})
	// NoExcess is row 64: doubt, crashes and lost answers make no pod too many. What does is somebody who makes pods the owner's that it has not
	// asked for: a user who has one match again, an adoption; and a creation that lands late, when the pod that it was for has come and gone.
	NoExcess = always("an owner has no more pods than were ever wanted of it, but for what others gave it", func(s State) bool {
		return s.Excused || s.counted() <= int(s.Wanted)
	})
	// Truthful is rows 98 and 99, and 37 for those who read a slice: it speaks of a pod, and not of a name. What it says is late, and is of that
	// pod.
	Truthful = always("what a slice says of a pod that there is has been true of it", func(s State) bool {
		for i, p := range s.Pods {
			e := s.Slice.entry(i)
			if e == 0 || !p.is(there) || e.uid() != p.uid() {
				continue
			}
			deleted := e.condition() == Dying || e.condition() == Draining
			if e.address() != p.address() || p.shown() == Waiting || deleted && !p.is(leaving) {
				return false
			}
		}
		return true
	})
	// ReadyRan is what a ready condition is for.
	ReadyRan = always("the API shows as ready only what the kubelet of the pod's node has started", func(s State) bool {
		for i, p := range s.Pods {
			if p.is(there) && p.shown() == Ready && (p.node() == 0 || s.Lives[p.node()-1][i].uid() != p.uid()) {
				return false
			}
		}
		return true
	})
	// Past is rows 113 and 118, from end to end: proxies are late, and make nothing up.
	Past = always("rules lead to no address that the slice has never named, and reject only if it has once named nobody", func(s State) bool {
		return (s.Rules[0]|s.Rules[1])&^s.Named == 0
	})
)

// fit is row 50, where room comes back only once the kubelet has stopped a pod and the API has heard of it. The binds of a scheduler that has
// crashed are an excuse, as its successor cannot know of them.
func (w *world) fit() machine.Property[State] {
	return always("the pods on a node have room there, unless a scheduler that has crashed had left a bind on its way", func(s State) bool {
		used := [Nodes + 1]int{}
		for _, p := range s.Pods {
			if p.is(there) && !p.is(ended) {
				used[p.node()]++
			}
		}
		return s.Orphaned || used[1] <= w.Room && used[2] <= w.Room
	})
}

// The claims about single steps.
var (
	// Lasting is rows 31, 14 and 78.
	Lasting = step("a pod keeps its node, and what has ended or is being deleted stays so", func(s State, _ Action, after State) bool {
		for i, p := range s.Pods {
			q := after.Pods[i]
			if p != q && q.is(there) && p.uid() == q.uid() && (p&(ended|leaving)&^q != 0 || p.node() != 0 && p.node() != q.node()) {
				return false
			}
		}
		return true
	})
	// AsSeen is rows 7, 9, 10, 46, 57 and 60: a decision is made from the past, and is carried out only if what it was made from is true.
	AsSeen = step("what is decided about a pod is carried out on that pod alone, and while all that it was decided from is true", func(s State, a Action, after State) bool {
		if a.Kind != Arrive && a.Kind != Unheard && a.Kind != Land || s.Pods == after.Pods {
			return true
		}
		r := s.Late
		if a.Kind != Land {
			r = s.Writes[a.Who]
		}
		p, base := s.Pods[r.name()], Pod(r.base())
		if r.verb() == Create {
			return true
		}
		same := p.is(there) && p.uid() == base.uid()
		switch r.verb() {
		case Bind:
			return same && p.runs() && p.node() == 0
		case Report, Finish:
			return same && p.shown() == base.shown() && p&(ended|leaving) == base&(ended|leaving)
		}
		return same && p.runs() && p.owner() == base.owner() && p&matches == base&matches
	})
	// WantedRuns is rows 77, 90 and 92.
	WantedRuns = step("no kubelet stops a pod that is wanted on its node", func(s State, a Action, after State) bool {
		if a.Kind != Work || a.Who < Kubelet1 || a.Who > Kubelet2 {
			return true
		}
		p, node := s.Pods[a.Pod], a.Who.node()
		l, now := s.Lives[node-1][a.Pod], after.Lives[node-1][a.Pod]
		return l.stage() != Alive || now == l || l.uid() != p.uid() || !p.runs() || p.node() != node
	})
	// Undisturbed is rows 92, 96, 117 and 121: who dies, starts or is cut off disturbs nothing that works.
	Undisturbed = step("faults change nothing that runs, and no rules", func(s State, a Action, after State) bool {
		return a.Kind < Crash || s.Lives == after.Lives && s.Rules == after.Rules
	})
)

// justified asks what the packages of those who decide have said: see [tables].
func (w *world) justified(asked *tables) machine.StepProperty[State, Action] {
	return step("the view of whoever decides justifies what is decided", func(s State, a Action, after State) bool {
		if a.Kind != Work {
			return true
		}
		switch c := a.Who; c {
		case Replication:
			return asked.replication[replicationKey(s.SeenOwner, &s.Seen[c], s.Live, s.Looked)]&effect(a.Verb, int(a.Pod)) != 0
		case Scheduler:
			return asked.scheduler[schedulerKey(&s.Seen[c])]&choice(int(a.Pod), a.Node) != 0
		case Endpoints:
			want := asked.slice(s.Seen[c])
			return Slice(after.Writes[c].next()) == want && s.Slices[0] != want
		case Kubelet1, Kubelet2:
			k := asked.kubelet[kubeletKey(s.Seen[c][a.Pod], s.Lives[c.node()-1][a.Pod])]
			return !k.refused && k.stage == after.Lives[c.node()-1][a.Pod].stage() && k.verb == after.Writes[c].verb()
		default:
			return asked.of(s.Slices[c.sees()]) == after.Rules[c.node()-1]
		}
	})
}

// What comes to hold, and stays, once no more faults begin and those that have begun are over: row 119, for each controller and from end to
// end.
var (
	// Replicated is rows 55, 61 and 67.
	Replicated = always("the owner has as many pods as it wants, and none that do not match", func(s State) bool {
		for _, p := range s.Pods {
			if p.runs() && p.controlled(s.Owner) && !p.is(matches) {
				return false
			}
		}
		return s.Owner.uid() == 0 || s.counted() == int(s.Owner.replicas())
	})
	// NoneLeft is row 112.
	NoneLeft = always("there is no pod whose owner is gone", func(s State) bool {
		for _, p := range s.Pods {
			if p.is(there) && p.owner() != 0 && !p.controlled(s.Owner) {
				return false
			}
		}
		return true
	})
	// Running is rows 77, 88, 95 and 97: what is bound and wanted runs and is shown ready, what is deleted is gone, and nothing else is left.
	Running = always("every pod that is bound runs and is ready, or has ended, and of no other is anything left", func(s State) bool {
		for i, p := range s.Pods {
			if p.is(there | leaving) {
				return false
			}
			for n := range s.Lives {
				l := s.Lives[n][i]
				switch here := p.is(there) && int(p.node()) == n+1; {
				case here && p.is(ended):
					if l.stage() != Rests && l != 0 || l != 0 && l.uid() != p.uid() {
						return false
					}
				case here:
					if p.shown() != Ready || l != lifeOf(p.uid(), Alive, p.address()) {
						return false
					}
				case l != 0:
					return false
				}
			}
		}
		return true
	})
)

// scheduled is row 51.
func (w *world) scheduled() machine.Property[State] {
	return always("no pod waits that a node has room for", func(s State) bool {
		seen := [Names]Pod{}
		for i, p := range s.Pods {
			seen[i] = p.to(Scheduler)
		}
		return w.scheduler[schedulerKey(&seen)] == 0
	})
}

// published is rows 97 and 102.
func (w *world) published() machine.Property[State] {
	return always("the slice holds the pods that are ready, and match", func(s State) bool {
		want := sliceThere
		for i, p := range s.Pods {
			if p.runs() && p.is(matches) && p.shown() == Ready {
				want = want.with(i, entryOf(p.address(), Serves)|Entry(p.uid()))
			}
		}
		return s.Slice == want
	})
}

// proxied is row 113.
func (w *world) proxied() machine.Property[State] {
	return always("the rules of every node are those that the slice asks for", func(s State) bool {
		for n := range w.Nodes {
			if s.Rules[n] != w.of(s.Slice) {
				return false
			}
		}
		return true
	})
}

// reached is what the cluster is for: nothing of it is said by any component alone.
func (w *world) reached() machine.Property[State] {
	return always("on every node packets to the service are sent to exactly the pods that match, are ready, and run", func(s State) bool {
		want := Rules(0)
		for i, p := range s.Pods {
			for n := range s.Lives {
				l := s.Lives[n][i]
				if p.runs() && p.is(matches) && p.shown() == Ready && l.stage() == Alive && l.uid() == p.uid() {
					want |= target(l.address())
				}
			}
		}
		if want == 0 {
			want = rejects
		}
		for n := range w.Nodes {
			if s.Rules[n] != want {
				return false
			}
		}
		return true
	})
}

// rested: nobody has anything to do, as else two could undo each other's work for ever.
func (w *world) rested() machine.Property[State] {
	return always("all components run, know what there is, and rest", func(s State) bool {
		return s.Writes == [writers]Write{} && s.Left == Bounds{} && len(w.enabled(&s, nil)) == 0
	})
}

// counted is how many pods there are that the owner controls, that match and run.
func (s *State) counted() (n int) {
	for _, p := range s.Pods {
		if p.runs() && p.controlled(s.Owner) && p.is(matches) {
			n++
		}
	}
	return n
}

func always(name string, holds func(State) bool) machine.Property[State] {
	return machine.Property[State]{Name: name, Holds: holds}
}

// lives is a claim about everything that a runtime has, and the pod of that name that the API has or had last.
func lives(name string, holds func(forced bool, p Pod, l Life, node uint8) bool) machine.Property[State] {
	return always(name, func(s State) bool {
		for n := range s.Lives {
			for i, l := range s.Lives[n] {
				if l != 0 && !holds(s.Forced, s.Pods[i], l, uint8(n+1)) {
					return false
				}
			}
		}
		return true
	})
}

func step(name string, holds func(s State, a Action, after State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}
