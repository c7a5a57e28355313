package cluster

import "orrery/model/machine"

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	always("a pod is being adopted", func(s State) bool { return s.Writes[Replication].verb() == Adopt }),
	always("a pod is being released", func(s State) bool { return s.Writes[Replication].verb() == Release }),
	always("a bind is sent a second time", func(s State) bool { return s.Writes[Scheduler].verb() == Bind && s.Writes[Scheduler].is(again) }),
	always("the controller works for an owner that is gone, and another has its name", func(s State) bool {
		r := s.Writes[Replication]
		return r.verb() == Create && s.Owner.uid() != 0 && r.next() != uint32(s.Owner.uid())
	}),
	always("a late request is about a pod whose name another has", func(s State) bool {
		p := s.Pods[s.Late.name()]
		return s.Late.verb() > Create && s.Late.verb() < MakeSlice && p.is(there) && p.uid() != Pod(s.Late.base()).uid()
	}),
	always("a late request is about a slice that was written since", func(s State) bool {
		return s.Late.verb() == FillSlice && uint32(s.Slice) != s.Late.base()
	}),
	always("a request waits, as the store stalls", func(s State) bool { return s.Stalled && s.Writes != [writers]Write{} }),
	always("a pod waits for room that another takes which is being deleted", func(s State) bool {
		return some(s, func(p Pod) bool { return p.runs() && p.node() == 0 }) && some(s, func(p Pod) bool { return p.is(there | leaving) })
	}),
	always("a pod runs on a node that is cut off, and the one that makes up for it elsewhere", func(s State) bool {
		return s.Cut != 0 && some(s, func(p Pod) bool { return p.is(there | leaving) }) && some(s, func(p Pod) bool { return p.runs() && p.shown() == Ready })
	}),
	always("two pods of a name run, as a user had the first removed by force", func(s State) bool { return !oneOfName(s) }),
	always("containers run, and the API does not know", func(s State) bool {
		return lifeWhere(s, func(p Pod, l Life) bool { return l.stage() == Alive && p.uid() == l.uid() && p.shown() == Waiting })
	}),
	always("containers have exited, and rules lead to them", func(s State) bool {
		return lifeWhere(s, func(_ Pod, l Life) bool { return l.stage() == Dead && s.Rules[0]&target(l.address()) != 0 })
	}),
	always("rules lead to an address that nobody has", func(s State) bool { return s.targets()&^s.addresses() != 0 }),
	always("rules lead to a pod that was never ready, as it has the address of one that was", func(s State) bool { return !onlyOnceReady(s) }),
	always("the rules of two nodes differ", func(s State) bool { return s.Rules[0] != 0 && s.Rules[1] != 0 && s.Rules[0] != s.Rules[1] }),
	always("the rules of two nodes lead to a pod on each", func(s State) bool {
		return s.Rules[0] == target(1)|target(Names+1) && s.Rules[1] == s.Rules[0]
	}),
	always("rules work while no proxy runs", func(s State) bool { return !s.up(Proxy1) && s.Rules[0]&^rejects != 0 }),
	always("the slice is gone, and rules work", func(s State) bool { return s.Slice == 0 && s.Rules[0]&^rejects != 0 }),
	always("an API server that is behind knows of a pod that is gone", func(s State) bool {
		for i, p := range s.Old.Pods {
			if p.is(there) && !s.Pods[i].is(there) {
				return true
			}
		}
		return false
	}),
	always("after all this there are pods, and nothing is to be done", func(s State) bool {
		return s.Left == Bounds{} && s.Writes == [writers]Write{} && s.counted() > 0 && s.targets() == s.addresses()
	}),
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	always("rules lead only to addresses that somebody has", func(s State) bool { return s.targets()&^s.addresses() == 0 }),
	// Addresses are used again before everybody has heard that they are free.
	always("rules lead only to pods that are or were ready", onlyOnceReady),
	always("all nodes have the same rules", func(s State) bool { return s.Rules[0] == s.Rules[1] }),
	always("what the API shows as ready runs", func(s State) bool {
		return !lifeWhere(s, func(p Pod, l Life) bool { return p.uid() == l.uid() && p.shown() == Ready && l.stage() != Alive })
	}),
	always("the slice speaks only of pods that there are", func(s State) bool {
		for i, p := range s.Pods {
			if e := s.Slice.entry(i); e != 0 && !(p.is(there) && p.uid() == e.uid()) {
				return false
			}
		}
		return true
	}),
	// Row 65: a pod that is being deleted is replaced at once.
	always("no more pods of an owner run than were ever wanted", func(s State) bool {
		n := 0
		lifeWhere(s, func(p Pod, l Life) bool {
			if l.stage() == Alive && p.controlled(s.Owner) {
				n++
			}
			return false
		})
		return s.Excused || n <= int(s.Wanted)
	}),
	// Row 87 has its exception.
	always("of a name at most one pod runs", oneOfName),
}

func some(s State, is func(Pod) bool) bool { return is(s.Pods[0]) || is(s.Pods[1]) || is(s.Pods[2]) }

// lifeWhere: something is true of what a runtime has, and the pod of that name.
func lifeWhere(s State, is func(Pod, Life) bool) bool {
	for n := range s.Lives {
		for i, l := range s.Lives[n] {
			if l != 0 && is(s.Pods[i], l) {
				return true
			}
		}
	}
	return false
}

func oneOfName(s State) bool {
	for i, l := range s.Lives[0] {
		if l.stage() == Alive && s.Lives[1][i].stage() == Alive {
			return false
		}
	}
	return true
}

// onlyOnceReady: no rule leads to a pod that was never shown as ready.
func onlyOnceReady(s State) bool {
	return !lifeWhere(s, func(p Pod, l Life) bool {
		return l.stage() == Alive && p.uid() == l.uid() && p.shown() == Waiting && s.targets()&target(l.address()) != 0
	})
}

// targets are the addresses to which some rule leads.
func (s *State) targets() Rules { return (s.Rules[0] | s.Rules[1]) &^ rejects }

// addresses are those that somebody has.
func (s *State) addresses() (r Rules) {
	for n := range s.Lives {
		for _, l := range s.Lives[n] {
			if a := l.address(); a != 0 {
				r |= target(a)
			}
		}
	}
	return r
}
