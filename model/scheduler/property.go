package scheduler

import "orrery/model/machine"

// Fits is row 50, for a world in which nodes may shrink, users may place pods themselves, and a scheduler that crashed may have left a bind
// on its way: for the pods that none of these put there, and against the most that the node ever had.
var Fits = machine.Property[State]{Name: "the pods that the scheduler has put on a node fit it", Holds: func(s State) bool {
	return s.fit(func(p StoredPod) bool { return p.By == ByScheduler }, func(n int) uint8 { return s.Most[n] })
}}

// Charged is row 47, and the reason for row 50: what is on a node by the scheduler's doing, and what may still come to be, it counts.
var Charged = machine.Property[State]{Name: "a bind that took effect, or still may, is charged to its node", Holds: func(s State) bool {
	if !s.Up {
		return true
	}
	for i, p := range s.Pods {
		shown := s.shown(i)
		if p.occupies() && p.By == ByScheduler && !(shown.occupies() && shown.Node == p.Node) {
			return false
		}
		for _, w := range []Write{s.Writes[i], s.Late[i]} {
			if s.mayLand(i, w) && shown.Node != w.Node {
				return false
			}
		}
	}
	return true
}}

// The claims about single steps.
var (
	// Justified are rows 46, 48 and 49.
	Justified = step("the view justifies what is chosen", func(s State, a Action, _ State) bool {
		return a.Kind != Choose || s.View().Refuses(a.choice()) == ""
	})
	// Once is row 47, "no pod would be assumed twice", and row 40.
	Once = step("nothing is chosen for a pod while the outcome of its last bind is open", func(s State, a Action, _ State) bool {
		return a.Kind != Choose || s.Writes[a.Pod].Way == None
	})
	// SameObject is row 31, and S07.
	SameObject = step("a node that was chosen for a pod is not given to another of its name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || s.Pods[a.Pod].UID == w.UID
	})
	// NotLeaving is row 46, at commit.
	NotLeaving = step("no pod that is being deleted or has ended is given a node", func(s State, a Action, after State) bool {
		_, hit := carriedOut(s, a, after)
		return !hit || s.Pods[a.Pod].Phase == Present
	})
	// WriteOnce is row 31, and S17.
	WriteOnce = step("a pod that has a node keeps it", func(s State, _ Action, after State) bool {
		for i, p := range s.Pods {
			if q := after.Pods[i]; p.Node != 0 && q.Phase != Absent && q.UID == p.UID && q.Node != p.Node {
				return false
			}
		}
		return true
	})
)

// Settled is row 51: in the end no pod waits for which there is room.
var Settled = machine.Property[State]{Name: "no pod waits that a node has room for", Holds: func(s State) bool {
	v := viewOf(s.Nodes, s.Pods)
	for i, p := range v.Pods {
		if p.waits() && v.Refuses(Choice{Pod: i}) != "" {
			return false
		}
	}
	return true
}}

// Rests is the other half of eventually stable reconciliation (row 119): the scheduler comes to have nothing to do, and no bind is on its way.
var Rests = machine.Property[State]{Name: "the scheduler rests", Holds: func(s State) bool {
	return s.Up && s.Due == [PodNames]bool{} && s.Writes == [PodNames]Write{} && s.Late == [PodNames]Write{}
}}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "nobody knows what became of a bind", Holds: anyWrite(func(_ StoredPod, w Write) bool { return w.Way == Unknown })},
	{Name: "a bind is refused", Holds: anyWrite(func(_ StoredPod, w Write) bool { return w.Way == Refused && !w.Again })},
	{Name: "a repeated bind is carried out", Holds: anyWrite(func(_ StoredPod, w Write) bool { return w.Way == Done && w.Again })},
	{Name: "a repeated bind is refused, as the first was carried out", Holds: anyWrite(func(p StoredPod, w Write) bool {
		return w.Way == Moot && p.Node != 0
	})},
	{Name: "two binds are on their way at once", Holds: func(s State) bool {
		n := 0
		for _, w := range s.Writes {
			n += int(bit(w.Way == Sent))
		}
		return n > 1
	}},
	{Name: "a bind is on its way for a pod whose name another has", Holds: anyWrite(func(p StoredPod, w Write) bool {
		return w.Way == Sent && p.Phase == Present && p.UID != w.UID
	})},
	{Name: "a bind is on its way to a node that is gone", Holds: func(s State) bool {
		return anyWrite(func(_ StoredPod, w Write) bool { return w.Way == Sent && !s.Nodes[w.Node-1].There })(s)
	}},
	{Name: "a pod waits that fits nowhere", Holds: func(s State) bool {
		for i := range s.Pods {
			if s.Up && s.shown(i).waits() && !s.Due[i] {
				return true
			}
		}
		return false
	}},
	{Name: "what a scheduler that crashed left on its way has arrived", Holds: func(s State) bool {
		for _, p := range s.Pods {
			if p.By == ByOrphan {
				return true
			}
		}
		return false
	}},
	{Name: "a user has put a pod on a node that is full", Holds: func(s State) bool {
		most := func(n int) uint8 { return s.Most[n] }
		return s.fit(func(p StoredPod) bool { return p.By != ByUser }, most) && !s.fit(func(p StoredPod) bool { return p.By != ByOrphan }, most)
	}},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	// A node may shrink.
	{Name: "the pods on a node never ask for more than it has", Holds: func(s State) bool {
		return s.fit(func(StoredPod) bool { return true }, func(n int) uint8 { return s.Nodes[n].Allocatable })
	}},
	// A bind that a scheduler left on its way when it crashed lands after its successor has given the room away. Nothing prevents it: the
	// precondition is about the pod, and the room is a matter of the node.
	{Name: "one scheduler at a time never gives away more than a node has", Holds: func(s State) bool {
		return s.fit(func(StoredPod) bool { return true }, func(n int) uint8 { return s.Most[n] })
	}},
	// The node may vanish between choice and bind.
	{Name: "a pod is put on a node that is there", Holds: func(s State) bool {
		for _, p := range s.Pods {
			if p.Node != 0 && !s.Nodes[p.Node-1].There {
				return false
			}
		}
		return true
	}},
	// The ledger, which overlays the cache, is what knows.
	{Name: "the cache shows what is on a node", Holds: func(s State) bool {
		for i, p := range s.Pods {
			if s.Up && p.Node != s.Seen[i].Node {
				return false
			}
		}
		return true
	}},
}

// fit: on every node those pods that count ask for no more than it has.
func (s State) fit(counts func(StoredPod) bool, has func(node int) uint8) bool {
	var used [NodeNames]uint8
	for _, p := range s.Pods {
		if p.occupies() && counts(p) {
			used[p.Node-1] += p.Request
		}
	}
	for n, sum := range used {
		if sum > has(n) {
			return false
		}
	}
	return true
}

// mayLand: a bind of the scheduler's that is on its way would be carried out now.
func (s State) mayLand(i int, w Write) bool {
	if w.Way != Sent || w.Orphan {
		return false
	}
	_, way := arrive(s, i, w)
	return way == Done
}

func anyWrite(is func(StoredPod, Write) bool) func(State) bool {
	return func(s State) bool {
		for i, w := range s.Writes {
			if w.Way != None && is(s.Pods[i], w) {
				return true
			}
		}
		return false
	}
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// carriedOut is the bind that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (Write, bool) {
	w := s.Writes[a.Pod]
	if a.Kind == Land {
		w = s.Late[a.Pod]
	}
	return w, (a.Kind == Arrive || a.Kind == Land) && s.Pods[a.Pod] != after.Pods[a.Pod]
}
