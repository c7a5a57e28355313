package kubelet

import "orrery/model/machine"

// What holds in every state.
var (
	// OneAttempt is row 81.
	OneAttempt = always("of a container at most one attempt runs", func(_ State, n *Name) bool {
		return !n.some(func(uid, role int) bool {
			r := n.Runtime[uid].Records[role]
			return r.Beside && (r.Stage == Alive || r.Stage == Stopping)
		})
	})
	// OnePod is row 87, on one node. It holds even where a user removes a pod by force: only on two nodes does that break it.
	OnePod = always("of a name at most one pod runs", func(_ State, n *Name) bool { return !n.Runtime[0].may() || !n.Runtime[1].may() })
	// EndedRests is row 78. A phase that another component sets is no news of what runs.
	EndedRests = always("nothing runs of a pod that has ended by the kubelet's word", func(_ State, n *Name) bool {
		p := n.Pod
		return p.UID == 0 || !p.Phase.Terminal() || p.Imposed || !n.Runtime[p.UID-1].may()
	})
	// GoneRests is rows 87 and 88: this is what a StatefulSet relies on when it makes the next pod of a name.
	GoneRests = always("nothing runs of a pod that is gone from the API, unless a user had it removed by force", func(_ State, n *Name) bool {
		for i := range n.Runtime {
			if n.Runtime[i].may() && n.Pod.UID != uint8(i+1) && !n.Past[i].Forced {
				return false
			}
		}
		return true
	})
)

// The claims about single steps.
var (
	Justified = step("the view justifies what is decided", func(s State, a Action, after State) bool {
		return a.Kind != Work || s.View(a.Name).Refuses(sent(after, a.Name)) == ""
	})
	// ListsFirst is row 90.
	ListsFirst = step("nothing is decided before every source has been listed", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.ListedPods && s.ListedRuntime
	})
	// EndStays is row 78.
	EndStays = pod("a pod that has ended has ended for good", func(before, after Pod) bool {
		return !before.Phase.Terminal() || after.Phase == before.Phase
	})
	// CountsUp is row 83.
	CountsUp = pod("the number of restarts never falls", func(before, after Pod) bool {
		return after.Status[Init].Restarts >= before.Status[Init].Restarts && after.Status[Main].Restarts >= before.Status[Main].Restarts
	})
	// NoWaitAfterRun is row 93.
	NoWaitAfterRun = pod("a container that is shown running is not shown waiting next", func(before, after Pod) bool {
		for role, c := range before.Status {
			if c.Stage == Alive && after.Status[role].Stage == None {
				return false
			}
		}
		return true
	})
	// Rests is row 82. An init container may run again in another sandbox, and so after it has succeeded; never with Never.
	Rests = started("nothing is started that its restart policy lets rest", func(s State, past Past, role int, _ uint16) bool {
		return (s.Spec.Policy != Never || past.Begun[role] == 0) && (s.Spec.Policy != OnFailure || role == Init || !past.Well[role])
	})
	// OnceEach is K05. The record of an attempt is made before it is started, so that it shows what may have been.
	OnceEach = started("no attempt is started twice, nor one that is older than another", func(_ State, past Past, role int, attempt uint16) bool {
		return attempt >= past.Begun[role]
	})
	// InitFirst is row 85.
	InitFirst = started("no main container is started before the init container has succeeded", func(s State, past Past, role int, _ uint16) bool {
		return role == Init || !s.Spec.WithInit || past.Well[Init]
	})
	// TornRests is row 80.
	TornRests = started("nothing is started of a pod whose end has begun", func(_ State, past Past, _ int, _ uint16) bool { return !past.Torn })
	// ToldFirst is row 86, without its clock. What a call has started that the kubelet had given up, and that it has not seen running, it
	// may end unawares.
	ToldFirst = step("no process is killed by a kubelet that has not told it to stop", func(s State, a Action, after State) bool {
		if a.Kind != Arrive && a.Kind != Land {
			return true
		}
		n, next := &s.Names[a.Name], &after.Names[a.Name]
		return !n.some(func(uid, role int) bool {
			r := n.Runtime[uid].Records[role]
			return r.Stage == Alive && !n.Runtime[uid].Unseen[role] && !next.Runtime[uid].Records[role].MayRun()
		})
	})
	// WantedRuns is rows 77, 90 and 92: nothing is told to stop but what is no longer wanted, or what has lost its sandbox. Both are for ever,
	// so that a view of the past is good enough.
	WantedRuns = step("no container is told to stop that is wanted, and whose sandbox is ready", func(s State, a Action, after State) bool {
		n, next := &s.Names[a.Name], &after.Names[a.Name]
		p := n.Pod
		if p.UID == 0 || p.Leaving || p.Phase.Terminal() || !n.Runtime[p.UID-1].Sandbox.Ready || a.Kind != Arrive && a.Kind != Land {
			return true
		}
		for role, r := range n.Runtime[p.UID-1].Records {
			now := next.Runtime[p.UID-1].Records[role]
			if r.Stage == Alive && r.Sandbox == n.Runtime[p.UID-1].Sandbox.Number && now.Stage != Alive && !now.Beside {
				return false
			}
		}
		return true
	})
	// GoneLast is rows 88 and 89.
	GoneLast = step("a pod that the kubelet removes was deleted, has ended in the API, and does not run", func(s State, a Action, after State) bool {
		n := &s.Names[a.Name]
		if !writes(a) || n.Pod.UID == 0 || after.Names[a.Name].Pod.UID == n.Pod.UID {
			return true
		}
		return n.Pod.Leaving && n.Pod.Phase.Terminal() && !n.Runtime[n.Pod.UID-1].may()
	})
	// SamePod is row 9, for what a kubelet writes.
	SamePod = step("what is decided about a pod is not written to another of its name", func(s State, a Action, after State) bool {
		n := &s.Names[a.Name]
		w := n.Write
		if a.Kind == WriteLands {
			w = n.LateWrite
		}
		return !writes(a) || n.Pod == after.Names[a.Name].Pod || n.Pod.UID == w.Base.UID
	})
	// Undisturbed is row 92.
	Undisturbed = step("the kubelet's death, start and lists change nothing that runs", func(s State, a Action, after State) bool {
		if a.Kind != Crash && a.Kind != Boot && a.Kind != ListPods && a.Kind != ListRuntime {
			return true
		}
		for i := range s.Names {
			for uid := range UIDs {
				before, after := &s.Names[i].Runtime[uid], &after.Names[i].Runtime[uid]
				for role := range Roles {
					if before.Records[role].Stage != after.Records[role].Stage {
						return false
					}
				}
			}
		}
		return true
	})
)

// What comes to hold, and stays, once the faults have ended.
var (
	// Runs is rows 77 and 82.
	Runs = always("a pod that is not deleted runs, or has ended and rests, and the API says so", func(_ State, n *Name) bool {
		p := n.Pod
		if p.UID == 0 || p.Leaving {
			return true
		}
		life := &n.Runtime[p.UID-1]
		if p.Phase.Terminal() {
			return !life.may() && !life.Sandbox.Ready
		}
		r := life.Records[Main]
		return p.Phase == Running && r.Stage == Alive && life.Sandbox.Ready && r.Sandbox == life.Sandbox.Number &&
			p.Status[Main] == Status{Alive, r.Attempt}
	})
	// Goes is rows 88 and 95.
	Goes = always("a pod that is deleted is gone, and nothing is left of any that is gone", func(_ State, n *Name) bool {
		for i := range n.Runtime {
			if n.Pod.UID != uint8(i+1) && n.Runtime[i] != (Life{}) {
				return false
			}
		}
		return !n.Pod.Leaving
	})
)

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	once("a pod has succeeded", func(_ State, n *Name) bool { return n.Pod.Phase == Succeeded }),
	once("a pod has failed by the kubelet's word", func(_ State, n *Name) bool { return n.Pod.Phase == Failed && !n.Pod.Imposed }),
	once("a container was started again", func(_ State, n *Name) bool {
		return n.Runtime[0].Records[Main] == Record{Stage: Alive, Attempt: 1, Sandbox: 1}
	}),
	once("an init container runs again in another sandbox", func(_ State, n *Name) bool {
		r := n.Runtime[0].Records[Init]
		return r.Stage == Alive && r.Sandbox == 2 && n.Past[0].Well[Init]
	}),
	once("the second pod of a name runs", func(_ State, n *Name) bool { return n.Pod.UID == 2 && n.Pod.Phase == Running }),
	once("the API has the second pod of a name, and the first still runs", func(_ State, n *Name) bool {
		return n.Pod.UID == 2 && n.Runtime[0].may()
	}),
	once("a container runs that a late call has started", func(_ State, n *Name) bool { return n.Runtime[0].Unseen[Main] }),
	once("a late call has made a sandbox for a pod that is gone", func(_ State, n *Name) bool {
		return n.Pod.UID != 1 && n.Past[0] == Past{Torn: true} && n.Runtime[0].Sandbox.Ready
	}),
	once("a container was created in a sandbox that died", func(_ State, n *Name) bool {
		return n.Runtime[0].Records[Main].Stage == Created && !n.Runtime[0].Sandbox.Ready
	}),
	once("what runs was listed, and the pods were not", func(s State, n *Name) bool { return s.ListedRuntime && !s.ListedPods && n.Look[0].may() }),
	once("a container was told to stop by a kubelet that has crashed", func(s State, n *Name) bool {
		r := n.Runtime[0].Records[Main]
		return r.Stage == Stopping && !r.Told && s.Up
	}),
	once("a write of a kubelet that has crashed is on its way to the next pod of that name", func(s State, n *Name) bool {
		return n.LateWrite.Base.UID == 1 && n.Pod.UID == 2
	}),
	once("a record is gone, and the API knows that the container ran", func(s State, n *Name) bool {
		return n.Pod.UID == 1 && n.Pod.Status[Main].Stage.Ended() && n.Runtime[0].Sandbox.Number != 0 && n.Runtime[0].Records[Main].Stage == None
	}),
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	always("what the API shows running runs", func(_ State, n *Name) bool {
		return n.Pod.UID == 0 || n.Pod.Status[Main].Stage != Alive || n.Runtime[n.Pod.UID-1].may()
	}),
	always("what is gone from the API does not run", func(_ State, n *Name) bool {
		return n.Pod.UID == 1 || !n.Runtime[0].may()
	}),
	always("what another component says has failed does not run", func(_ State, n *Name) bool {
		return n.Pod.UID != 1 || n.Pod.Phase != Failed || !n.Runtime[0].may()
	}),
	always("the kubelet never knows of two pods of one name", func(_ State, n *Name) bool { return n.Seen.UID != 2 || n.Look[0] == Life{} }),
}

// some reports whether something holds of one of the containers of a name.
func (n *Name) some(is func(uid, role int) bool) bool {
	for uid := range UIDs {
		for role := range Roles {
			if is(uid, role) {
				return true
			}
		}
	}
	return false
}

// always is a claim about every name.
func always(name string, holds func(State, *Name) bool) machine.Property[State] {
	return machine.Property[State]{Name: name, Holds: func(s State) bool {
		for i := range s.Names {
			if !holds(s, &s.Names[i]) {
				return false
			}
		}
		return true
	}}
}

// once is a claim about one of the names.
func once(name string, holds func(State, *Name) bool) machine.Property[State] {
	return machine.Property[State]{Name: name, Holds: func(s State) bool {
		for i := range s.Names {
			if holds(s, &s.Names[i]) {
				return true
			}
		}
		return false
	}}
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// pod is a claim about every step of a pod that stays in the API.
func pod(name string, holds func(before, after Pod) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		before, next := s.Names[a.Name].Pod, after.Names[a.Name].Pod
		return before.UID == 0 || next.UID != before.UID || holds(before, next)
	})
}

// started is a claim about every start of a process, and what the pod's past was before it.
func started(name string, holds func(s State, past Past, role int, attempt uint16) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		n, next := &s.Names[a.Name], &after.Names[a.Name]
		return !n.some(func(uid, role int) bool {
			r := n.Runtime[uid].Records[role]
			return r.Stage == Created && next.Runtime[uid].Records[role].Stage == Alive && !holds(s, n.Past[uid], role, r.Attempt)
		})
	})
}

// writes: a write of the kubelet's reaches the API.
func writes(a Action) bool {
	return a.Kind == WriteArrives || a.Kind == WriteUnheard || a.Kind == WriteLands
}

// sent is the plan that is on its way.
func sent(s State, name int) (p Plan) {
	n := &s.Names[name]
	if n.Call != (Call{}) {
		p.Calls = []Call{n.Call}
	}
	switch w := n.Write; {
	case w == Write{}:
	case w.Next.UID == 0:
		p.Finish = true
	default:
		p.Report = &Report{w.Next.Phase, w.Next.Status[s.first():]}
	}
	return p
}
