package kubelet

import "slices"

// Domain bounds the world: what all pods have in common, how many names there are, each with a pod at first, and how often what may go
// wrong does.
type Domain struct {
	Policy                            Policy
	Init                              bool
	Names                             int
	Changes, Losses, Crashes, Reboots uint8
}

// Begin is a node that has just been given its pods, and has not started its kubelet.
func Begin(d Domain) State {
	s := State{Spec: Spec{d.Policy, d.Init}, Changes: d.Changes, Losses: d.Losses, Crashes: d.Crashes, Reboots: d.Reboots}
	for i := range d.Names {
		s.Names[i] = Name{Pod: Pod{UID: 1}, Used: 1}
	}
	return s
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	return enabled(d, View.Decide, s, actions)
}

// enabled is Enabled for a kubelet that decides so.
func enabled(d Domain, decide func(View) Plan, s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	for i := range d.Names {
		if s.Changes > 0 && !s.Healed {
			actions = changes(s, i, actions)
		}
		actions = ends(s, i, actions)
	}
	add(!s.Up, Action{Kind: Boot})
	add(s.Up && !s.ListedPods, Action{Kind: ListPods})
	add(s.Up && !s.ListedRuntime, Action{Kind: ListRuntime})
	for i := range d.Names {
		n := &s.Names[i]
		add(s.ListedPods && n.Seen != n.Pod, Action{Kind: See, Name: i})
		add(s.ListedRuntime && n.Call == Call{} && (n.Stale || n.Look != seen(n.Runtime)), Action{Kind: Look, Name: i})
		add(s.Up && works(s, i, decide), Action{Kind: Work, Name: i})
		actions = onTheWay(s, i, actions)
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.room(), Action{Kind: Crash})
	add(s.Reboots > 0 && !s.Healed && s.room(), Action{Kind: Reboot})
	add(!s.Healed, Action{Kind: Heal})
	return actions
}

// changes are what users and other components do, and what happens to processes by itself.
func changes(s State, name int, actions []Action) []Action {
	n := &s.Names[name]
	add := func(yes bool, a Action) {
		if a.Name = name; yes {
			actions = append(actions, a)
		}
	}
	there := n.Pod.UID != 0
	add(!there && n.Used < UIDs, Action{Kind: Bind})
	add(there && !n.Pod.Leaving, Action{Kind: Delete})
	add(there, Action{Kind: Force})
	add(there && !n.Pod.Phase.Terminal(), Action{Kind: Impose})
	for i := range n.Runtime {
		uid := uint8(i + 1)
		add(n.Runtime[i].Sandbox.Ready, Action{Kind: Die, UID: uid})
		for role, r := range n.Runtime[i].Records {
			add(r.Stage == Alive && role == Main, Action{Kind: End, UID: uid, Role: role, Well: true})
			add(r.Stage == Alive, Action{Kind: End, UID: uid, Role: role})
			add(r.Stage.Ended() && s.known(name, uid, role), Action{Kind: Tidy, UID: uid, Role: role})
		}
	}
	return actions
}

// known: the API shows how the newest attempt ended, and so does the kubelet's cache. Records are tidied up by whoever looks at the API
// first; the runtime does not lose them.
func (s State) known(name int, uid uint8, role int) bool {
	n := &s.Names[name]
	shown := Status{n.Runtime[uid-1].Records[role].Stage, n.Runtime[uid-1].Records[role].Attempt}
	return n.Pod.UID == uid && n.Pod.Status[role] == shown && (!s.ListedPods || n.Seen.UID == uid && n.Seen.Status[role] == shown)
}

// ends are those of containers that were told to stop, and of init containers, which succeed if nothing else happens.
func ends(s State, name int, actions []Action) []Action {
	for i, life := range s.Names[name].Runtime {
		for role, r := range life.Records {
			a := Action{Name: name, UID: uint8(i + 1), Role: role}
			if r.Stage == Alive && role == Init {
				a.Kind, a.Well = Succeed, true
				actions = append(actions, a)
			}
			if r.Stage == Stopping {
				a.Kind, a.Well = Obey, true
				actions = append(actions, a)
			}
			if r.Told && s.Up {
				a.Kind, a.Well = Kill, false
				actions = append(actions, a)
			}
		}
	}
	return actions
}

// works: the answers to all that the last plan sent are here, and there is something to do.
func works(s State, name int, decide func(View) Plan) bool {
	n := &s.Names[name]
	if n.Call != (Call{}) || n.Write != (Write{}) {
		return false
	}
	p := decide(s.View(name))
	return len(p.Calls) > 0 || p.Report != nil || p.Finish
}

func onTheWay(s State, name int, actions []Action) []Action {
	n := &s.Names[name]
	add := func(yes bool, kind Kind) {
		if yes {
			actions = append(actions, Action{Kind: kind, Name: name})
		}
	}
	faulty := s.Losses > 0 && !s.Healed
	called, late := n.Call != Call{}, n.LateCall != Call{}
	add(called, Arrive)
	add(called && faulty && !late, GiveUp)
	add(late, Land)
	add(late, Drop)
	wrote, written := n.Write != Write{}, n.LateWrite != Write{}
	add(wrote, WriteArrives)
	add(wrote && faulty, WriteUnheard)
	add(wrote && faulty && !written, WriteGivenUp)
	add(written, WriteLands)
	add(written, WriteDropped)
	return actions
}

// room: what a crash leaves on its way has room among what is late.
func (s State) room() bool {
	for _, n := range s.Names {
		if n.Call != (Call{}) && n.LateCall != (Call{}) || n.Write != (Write{}) && n.LateWrite != (Write{}) {
			return false
		}
	}
	return true
}

// Next is the state after an action.
func Next(d Domain, s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(d, s, nil), a) {
		return s, false
	}
	return after(View.Decide, s, a), true
}

// after is Next for an action that is enabled.
func after(decide func(View) Plan, s State, a Action) State {
	n := &s.Names[a.Name]
	switch a.Kind {
	case Bind, Delete, Force, Impose, Die, Tidy:
		s.Changes--
		changed(n, a)
	case End:
		s.Changes--
		n.exit(a.UID, a.Role, a.Well)
	case Succeed, Obey, Kill:
		n.exit(a.UID, a.Role, a.Well)
	case Boot:
		s.Up = true
	case ListPods:
		s.ListedPods = true
		for i := range s.Names {
			s.Names[i].Seen = s.Names[i].Pod
		}
	case ListRuntime:
		s.ListedRuntime = true
		for i := range s.Names {
			s.Names[i].look()
		}
	case See:
		n.Seen = n.Pod
	case Look:
		n.look()
	case Work:
		n.send(s.first(), decide(s.View(a.Name)))
	case Arrive:
		carryOut(n, n.Call, s.first(), false)
		n.Call, n.Stale = Call{}, true
	case GiveUp:
		s.Losses--
		n.Call, n.LateCall, n.Stale = Call{}, n.Call, true
	case Land:
		carryOut(n, n.LateCall, s.first(), true)
		n.LateCall = Call{}
	case Drop:
		n.LateCall = Call{}
	case WriteArrives, WriteUnheard:
		// Where nothing is heard nothing needs to be found out: the precondition makes a repeated write harmless.
		if stored(n, n.Write) && a.Kind == WriteArrives {
			n.Seen = n.Pod
		}
		if n.Write = (Write{}); a.Kind == WriteUnheard {
			s.Losses--
		}
	case WriteGivenUp:
		s.Losses--
		n.Write, n.LateWrite = Write{}, n.Write
	case WriteLands:
		stored(n, n.LateWrite)
		n.LateWrite = Write{}
	case WriteDropped:
		n.LateWrite = Write{}
	case Crash:
		s.Crashes--
		return s.crashed()
	case Reboot:
		s.Reboots--
		return s.rebooted()
	case Heal:
		s.Healed, s.Changes, s.Losses, s.Crashes, s.Reboots = true, 0, 0, 0, 0
	}
	return s
}

func changed(n *Name, a Action) {
	switch a.Kind {
	case Bind:
		n.Used++
		n.Pod = Pod{UID: n.Used}
	case Delete:
		n.Pod.Leaving = true
	case Force:
		n.Past[n.Pod.UID-1].Forced = true
		n.Pod = Pod{}
	case Impose:
		n.Pod.Phase, n.Pod.Imposed = Failed, true
	case Die:
		n.Runtime[a.UID-1].Sandbox.Ready = false
	case Tidy:
		n.Runtime[a.UID-1].Records[a.Role] = Record{}
	}
}

// look takes what the runtime has into the kubelet's memory.
func (n *Name) look() {
	n.Look, n.Stale = seen(n.Runtime), false
	if n.LateCall == (Call{}) {
		n.Runtime = n.Look
	}
}

// exit ends the processes of a container.
func (n *Name) exit(uid uint8, role int, well bool) {
	r := &n.Runtime[uid-1].Records[role]
	r.Told, r.Beside = false, false
	switch {
	case r.Stage == Created: // only an older attempt ran
	case well:
		r.Stage, n.Past[uid-1].Well[role] = EndedWell, true
	default:
		r.Stage = EndedBadly
	}
	n.Runtime[uid-1].Unseen[role] = false
}

// send puts a plan on its way. A call names the container by its role, and a write starts from the pod in the cache.
func (n *Name) send(first int, p Plan) {
	for _, c := range p.Calls {
		n.Call = c
	}
	switch next := n.Seen; {
	case p.Finish:
		n.Write = Write{Base: n.Seen}
	case p.Report != nil:
		next.Phase = p.Report.Phase
		for i, status := range p.Report.Statuses {
			next.Status[first+i] = status
		}
		n.Write = Write{n.Seen, next}
	}
}

// stored carries a write out if its precondition holds, that the pod is as it was when it was decided, and reports whether it did.
func stored(n *Name, w Write) bool {
	if n.Pod != w.Base {
		return false
	}
	n.Pod = w.Next
	return true
}

// carryOut is what the runtime does at a call.
func carryOut(n *Name, c Call, first int, late bool) {
	life := &n.Runtime[c.UID-1]
	ended := false
	switch c.Verb {
	case RunSandbox:
		if life.Sandbox.Number < c.Sandbox { // else the name is taken
			life.Sandbox = Sandbox{c.Sandbox, true}
		}
	case StopSandbox, RemoveSandbox:
		if ended = life.Sandbox.Number == c.Sandbox; ended {
			n.endSandbox(c)
		}
	default:
		ended = carryOutOn(n, c, first+int(c.Container), late)
	}
	if unwanted := n.Seen.UID != c.UID || n.Seen.Leaving || n.Seen.Phase.Terminal(); ended && unwanted && !late {
		n.Past[c.UID-1].Torn = true
	}
}

// endSandbox kills what runs in a sandbox, and forgets it if that is asked for.
func (n *Name) endSandbox(c Call) {
	life := &n.Runtime[c.UID-1]
	life.Sandbox.Ready = false
	for role, r := range life.Records {
		if r.MayRun() && r.Sandbox == c.Sandbox {
			n.exit(c.UID, role, false)
		}
	}
	if c.Verb == RemoveSandbox {
		*life = Life{}
	}
}

// carryOutOn is what the runtime does at a call about a container, and whether a process was told to stop.
func carryOutOn(n *Name, c Call, role int, late bool) (ended bool) {
	life := &n.Runtime[c.UID-1]
	r := &life.Records[role]
	ready := life.Sandbox == Sandbox{c.Sandbox, true}
	that := r.Attempt == c.Attempt && r.Sandbox == c.Sandbox // else the call is about what is gone
	switch {
	case c.Verb == Create && ready && (r.Stage == None || r.Attempt < c.Attempt):
		*r = Record{Stage: Created, Attempt: c.Attempt, Sandbox: c.Sandbox, Beside: r.MayRun(), Last: r.ending()}
	case c.Verb == Start && that && r.Stage == Created && ready:
		r.Stage, r.Last, life.Unseen[role] = Alive, Ending{}, late
		n.Past[c.UID-1].Begun[role] = max(n.Past[c.UID-1].Begun[role], c.Attempt+1)
	case c.Verb == Start && that && r.Stage == Created:
		r.Stage = EndedBadly // it could not be started
	case c.Verb == Stop && that && r.MayRun():
		if r.Told = r.Told || !late; r.Stage == Alive {
			r.Stage = Stopping
		}
		return true
	case c.Verb == Remove && that:
		*r = Record{Stage: r.Last.Stage, Attempt: r.Last.Attempt, Sandbox: r.Last.Sandbox}
	}
	return false
}

// ending is what is known from a record once the next attempt is made.
func (r Record) ending() Ending {
	if r.Stage.Ended() {
		return Ending{r.Stage, r.Attempt, r.Sandbox}
	}
	return r.Last
}

// crashed: the kubelet is down, and all that it knows is gone; what it sent is late. Nobody kills any more what it has told to stop.
func (s State) crashed() State {
	s.Up, s.ListedPods, s.ListedRuntime = false, false, false
	for i := range s.Names {
		n := &s.Names[i]
		n.Seen, n.Look, n.Stale = Pod{}, [UIDs]Life{}, false
		if n.Call != (Call{}) {
			n.Call, n.LateCall = Call{}, n.Call
		}
		if n.Write != (Write{}) {
			n.Write, n.LateWrite = Write{}, n.Write
		}
		for uid := range n.Runtime {
			for role := range n.Runtime[uid].Records {
				n.Runtime[uid].Records[role].Told = false
			}
		}
	}
	return s
}

// rebooted: likewise, and every process has ended. The runtime's records are on disk; calls to it are lost.
func (s State) rebooted() State {
	s = s.crashed()
	for i := range s.Names {
		n := &s.Names[i]
		n.LateCall = Call{}
		for uid := range n.Runtime {
			n.Runtime[uid].Sandbox.Ready = false
			for role, r := range n.Runtime[uid].Records {
				if r.MayRun() {
					n.exit(uint8(uid+1), role, false)
				}
			}
		}
	}
	return s
}
