package node

import "orrery/model/machine"

// Measured is why a controller that was down, or whose watch is late, evicts nobody for that: it measures from when it saw what a duration
// begins with, and that is later than when it began.
var Measured = machine.Property[State]{Name: "no duration is measured longer than it is", Holds: func(s State) bool {
	for i, c := range s.Seen {
		if c.Quiet > s.Awake || c.Held > s.Awake || c.Missing > s.Awake {
			return false
		}
		if c.Behind || c.UID == 0 {
			continue
		}
		if !c.Renewed && c.Quiet > s.Silent[i] || c.Held > s.Held[i] {
			return false
		}
	}
	return true
}}

// decided are the claims about what is decided, in the view and by what was really so.
func decided(d Domain) []machine.StepProperty[State, Action] {
	return []machine.StepProperty[State, Action]{
		step("the view justifies what is decided", func(s State, a Action, _ State) bool {
			return a.Kind != Work || s.View(d).Refuses([]Effect{a.effect()}) == ""
		}),
		// Row 40.
		step("nothing is decided about an object while the last request for it is open", func(s State, a Action, _ State) bool {
			return a.Kind != Work || s.Writes[a.Object].Way == None
		}),
		// Row 68, and stricter than upstream (N03): it is the store that knows of no renewal.
		decision("a node is doubted only if the store, when last asked, had seen no renewal for the grace period", func(s State, a Action) bool {
			return s.Seen[a.Object].Truth.Silent
		}, Doubt),
		// Row 71, and stricter than upstream (N05).
		decision("a pod is evicted only if its node, when last read, had had the taint for longer than the pod tolerates", func(s State, a Action) bool {
			p, t := s.Shown[a.Object-Names], s.Seen[d.nodeOf(a.Object-Names)].Truth
			return t.Tainted && !p.Forever && int(t.Held) >= d.Tolerates
		}, Evict),
		// Rows 73 and 74.
		decision("a pod is collected only if its node, when last read, was absent, or out of service and the pod being deleted", func(s State, a Action) bool {
			t := s.Seen[d.nodeOf(a.Object-Names)].Truth
			return t.Absent || t.OutOfService && s.Shown[a.Object-Names].Phase == Leaving
		}, Collect),
		// Row 72, within a zone. The time is the real one: it goes on while the controller is down.
		decision("nodes of a zone are tainted one at a time, each the zone's pace after the last", func(s State, a Action) bool {
			v := s.View(d)
			paces, _ := v.Policy.Paces(v.Nodes)
			pace := paces[d.zone(a.Object)]
			return pace != Never && int(s.Paced[d.zone(a.Object)]) >= pace
		}, Taint),
		NoneReady(d),
		// The counterpart of the grace period, for the controller's own silence.
		decision("a node in doubt is tainted only by a controller that has watched it for the grace period, and after some node has been ready for as long",
			func(s State, a Action) bool {
				return s.Seen[a.Object].Condition == NotReady || int(s.Awake) >= small.Grace && (s.Excused || int(s.Dawn) >= small.Grace)
			}, Taint),
	}
}

// NoneReady is row 72 for all zones (N01), as the store has it, and not only the cache: it is the controller itself that says of the last
// node that it is not ready, and it remembers. Who else does: a kubelet, whoever deletes a node, and a controller that crashed.
func NoneReady(d Domain) machine.StepProperty[State, Action] {
	return decision("nothing is tainted or evicted while no node is ready", func(s State, _ Action) bool {
		return !s.noneReady(d) || s.Excused
	}, Taint, Evict)
}

// The claims about what is carried out, at that moment.
var (
	SameObject = step("a decision about an object is not carried out on another of its name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.UID == s.uid(a.Object)
	})
	DoubtsNoReport    = effect("no node is doubted whose kubelet has reported since that was decided", Doubt, func(_ State, w Write, _ int) bool { return !w.Stale })
	TaintsUnready     = effect("what is tainted is not ready at that moment", Taint, func(s State, _ Write, o int) bool { return s.Nodes[o].Condition != Ready })
	UntaintsReady     = effect("what is untainted is ready at that moment", Untaint, func(s State, _ Write, o int) bool { return s.Nodes[o].Condition == Ready })
	EvictsUntolerated = effect("what is evicted does not tolerate the taint for ever at that moment", Evict, func(s State, _ Write, o int) bool {
		return !s.Pods[o-Names].Forever
	})
	// Graceful is row 73 (N10).
	Graceful = step("a pod goes because its kubelet says so, or because it is collected", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb == Collect || a.Object < Names || after.Pods[a.Object-Names].Phase != Absent
	})
)

// eventually is what must come of it once the faults have ended.
func eventually(d Domain) []machine.Property[State] {
	everyNode := func(holds func(State, int) bool) func(State) bool {
		return func(s State) bool {
			for i := range d.Nodes {
				if s.Nodes[i].UID != 0 && !holds(s, i) {
					return false
				}
			}
			return true
		}
	}
	everyPod := func(holds func(s State, p StoredPod, node int) bool) func(State) bool {
		return func(s State) bool {
			for i := range d.Pods {
				if p := s.Pods[i]; p.Phase != Absent && !holds(s, p, d.nodeOf(i)) {
					return false
				}
			}
			return true
		}
	}
	return []machine.Property[State]{
		// Row 70.
		{Name: "a silent node is in doubt", Holds: everyNode(func(s State, i int) bool { return s.Linked[i] || s.Nodes[i].Condition == Unknown })},
		// Row 76 (N12), and the end of row 71.
		{Name: "a node that renews its lease is ready and has no taint", Holds: everyNode(func(s State, i int) bool {
			return !s.Linked[i] || s.Nodes[i].Condition == Ready && !s.Nodes[i].Tainted
		})},
		// Row 72.
		{Name: "if no node is ready, none is tainted", Holds: func(s State) bool {
			return !s.noneReady(d) || everyNode(func(s State, i int) bool { return !s.Nodes[i].Tainted })(s)
		}},
		// Row 71, as far as row 72 lets it.
		{Name: "pods of a silent node are being deleted, unless they tolerate that or its zone is spared", Holds: everyPod(func(s State, p StoredPod, i int) bool {
			paces, _ := small.Paces(s.truth(d))
			return s.Linked[i] || s.Nodes[i].UID == 0 || p.Forever || p.Phase == Leaving || paces[d.zone(i)] == Never
		})},
		// P09: the endpoints follow from this.
		{Name: "pods of a silent node are not ready, and those of one that renews its lease are", Holds: everyPod(func(s State, p StoredPod, i int) bool {
			return s.Nodes[i].UID == 0 || p.Ready == (d.Serving && s.Linked[i])
		})},
		// Row 75, and what is left of row 74.
		{Name: "pods of a node that is gone, and deleted ones of one that is out of service, are gone", Holds: everyPod(func(s State, p StoredPod, i int) bool {
			n := s.Nodes[i]
			return n.UID != 0 && !(n.OutOfService && p.Phase == Leaving)
		})},
		// Row 119: who has nothing to do does nothing. Else a taint that is given and taken again and again would be as good as none.
		{Name: "the controller rests", Holds: func(s State) bool {
			return s.Up && len(decisions(d, s, nil)) == 0 && s.Writes == [objects]Write{} && s.Late == [objects]Write{}
		}},
	}
}

// sometimes are the states without which the rest would say little.
func sometimes(d Domain) []machine.Property[State] {
	anyNode := func(is func(s State, i int) bool) func(State) bool {
		return func(s State) bool {
			for i := range d.Nodes {
				if is(s, i) {
					return true
				}
			}
			return false
		}
	}
	anyWrite := func(is func(w Write, late bool, s State, o int) bool) func(State) bool {
		return func(s State) bool {
			for o, w := range s.Writes {
				if is(w, false, s, o) || is(s.Late[o], true, s, o) {
					return true
				}
			}
			return false
		}
	}
	sent := func(verb Verb) func(State) bool {
		return anyWrite(func(w Write, late bool, _ State, _ int) bool { return !late && w.Verb == verb && w.Way == Sent })
	}
	return []machine.Property[State]{
		{Name: "the watch is late, and a node that renews its lease looks quiet for the grace period", Holds: anyNode(func(s State, i int) bool {
			return s.Linked[i] && s.Seen[i].Renewed && int(s.Seen[i].Quiet) >= small.Grace
		})},
		{Name: "a node is being doubted that has renewed its lease since it was read", Holds: anyNode(func(s State, i int) bool {
			return s.Writes[i].Verb == Doubt && s.Writes[i].Way == Sent && !s.Writes[i].Stale && s.Seen[i].Renewed
		})},
		{Name: "the cache shows another node of that name than there is", Holds: anyNode(func(s State, i int) bool {
			return s.Seen[i].UID != 0 && s.Nodes[i].UID != 0 && s.Seen[i].UID != s.Nodes[i].UID
		})},
		{Name: "a node is silent, and spared as its zone is small and partially down", Holds: anyNode(func(s State, i int) bool {
			paces, down := small.Paces(s.truth(d))
			return !down && s.Nodes[i].Condition == Unknown && paces[d.zone(i)] == Never
		})},
		{Name: "a node is silent, and waits longer as its zone is large and partially down", Holds: anyNode(func(s State, i int) bool {
			paces, _ := small.Paces(s.truth(d))
			return s.Nodes[i].Condition == Unknown && paces[d.zone(i)] == small.Slow && int(s.Since[d.zone(i)]) == small.Pace
		})},
		{Name: "both nodes of a zone have been tainted", Holds: func(s State) bool { return !d.Apart && s.Nodes[0].Tainted && s.Nodes[1].Tainted }},
		{Name: "a node is being spared", Holds: sent(Spare)},
		{Name: "a pod is being evicted", Holds: sent(Evict)},
		{Name: "a pod is being collected", Holds: sent(Collect)},
		{Name: "an eviction is on its way, and the taint is gone", Holds: anyWrite(func(w Write, late bool, s State, o int) bool {
			return w.Verb == Evict && !w.Stale && !s.Nodes[d.nodeOf(o-Names)].Tainted
		})},
		{Name: "a request is on its way whose object was created anew", Holds: anyWrite(func(w Write, _ bool, s State, o int) bool {
			return w.Verb != 0 && s.uid(o) != 0 && w.UID != s.uid(o)
		})},
		{Name: "the controller has just started, and a node is tainted", Holds: anyNode(func(s State, i int) bool { return s.Up && s.Awake == 0 && s.Nodes[i].Tainted })},
	}
}

// tempting are what one might believe.
func tempting(d Domain) []machine.Property[State] {
	return []machine.Property[State]{
		{Name: "a node in doubt is silent", Holds: func(s State) bool { return s.Nodes[0].Condition != Unknown || int(s.Silent[0]) >= small.Grace }},
		{Name: "nothing is tainted if all nodes fell silent at once", Holds: func(s State) bool {
			return !s.Nodes[0].Tainted || s.Silent[0] != s.Silent[1] || int(s.Silent[0]) < small.Grace
		}},
		{Name: "a pod that is on its way out has a node with a taint", Holds: func(s State) bool {
			return s.Writes[Names].Verb != Evict || s.Writes[Names].Stale || s.Nodes[0].Tainted
		}},
		{Name: "a pod that is being collected has no node", Holds: func(s State) bool {
			return s.Writes[Names].Verb != Collect || s.Writes[Names].Stale || s.Nodes[0].UID == 0
		}},
	}
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// decision is a claim about what is decided with one of the verbs.
func decision(name string, holds func(State, Action) bool, verbs ...Verb) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, _ State) bool {
		for _, verb := range verbs {
			if a.Kind == Work && a.Verb == verb && !holds(s, a) {
				return false
			}
		}
		return true
	})
}

// effect is a claim about the object that a request of that verb changes, at the moment at which it does.
func effect(name string, verb Verb, holds func(s State, w Write, object int) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != verb || holds(s, w, a.Object)
	})
}

// carriedOut is the request that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (Write, bool) {
	w := s.Writes[a.Object]
	if a.Kind == Land {
		w = s.Late[a.Object]
	}
	return w, (a.Kind == Arrive || a.Kind == Land) && (s.Nodes != after.Nodes || s.Pods != after.Pods)
}
