package node

import "slices"

// Next is the state after an action.
func Next(d Domain, s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(d, s, nil), a) {
		return s, false
	}
	return after(d, s, a), true
}

// after is Next for an action that is enabled.
func after(d Domain, s State, a Action) State {
	next := s.taken(d, a)
	if next.noneReady(d) {
		next.Dawn = 0
	}
	if d.Prompt && next.Up {
		next = next.prompt()
	}
	if s.Up && next.Up && s.showsNoneReady(d) && !next.showsNoneReady(d) {
		// The first node of all is back. The others may be about to come: each has its grace period again.
		for i := range next.Seen {
			next.Seen[i].Quiet = 0
		}
	}
	return next
}

// prompt is the state after the cache has shown everything.
func (s State) prompt() State {
	for o := range objects {
		if s.behind(o) {
			s = s.seen(o)
		}
	}
	for i := range s.Seen {
		if s.Seen[i].Renewed {
			s.Seen[i].Renewed, s.Seen[i].Quiet = false, 0
		}
	}
	return s
}

// noneReady: no node is ready, as the store has it; showsNoneReady: as the controller's view has it.
func (s State) noneReady(d Domain) bool {
	for _, n := range s.Nodes {
		if n.UID != 0 && n.Condition == Ready {
			return false
		}
	}
	return d.Steady+d.Elsewhere == 0
}

func (s State) showsNoneReady(d Domain) bool {
	for i := range d.Nodes {
		if n := s.shown(d, i); n.UID != 0 && n.Condition == Ready {
			return false
		}
	}
	return d.Steady+d.Elsewhere == 0
}

func (s State) taken(d Domain, a Action) State {
	o := a.Object
	switch a.Kind {
	case Cut, Link:
		s.Cuts--
		s.Linked[o] = a.Kind == Link
	case Ail, Mark, Retire, Unregister, Register, Appear, Tolerate, Delete:
		s.Changes--
		return s.changed(a)
	case Renew:
		return s.renewed(o)
	case Report:
		if o >= Names {
			s.Pods[o-Names].Ready = true
			return s.touched(o)
		}
		s.Nodes[o].Condition = Ready
		return s.renewed(o).touched(o)
	case Remove:
		s.Pods[o-Names] = StoredPod{}
		return s.touched(o)
	case SeeRenewal:
		s.Seen[o].Renewed, s.Seen[o].Quiet = false, 0
	case See:
		return s.seen(o)
	case Look:
		return s.looked(o)
	case Work:
		s.Writes[o] = Write{Verb: a.Verb, Way: Sent, UID: s.uidSeen(o), Stale: s.behind(o)}
		if a.Verb == Taint {
			s.Since[d.zone(o)], s.Paced[d.zone(o)] = 0, 0
		}
	case Arrive:
		s = s.arrived(o, s.Writes[o])
		if s.Writes[o].Way = Answered; !s.behind(o) {
			s.Writes[o] = Write{} // it was refused, and the cache shows why
		}
	case GiveUp:
		s.Losses--
		s.Late[o], s.Writes[o].Way = s.Writes[o], Open
		if s.passed(o) {
			s.Writes[o] = Write{}
		}
	case Land:
		s = s.arrived(o, s.Late[o])
		s.Late[o] = Write{}
	case Drop:
		s.Late[o] = Write{}
	case Resolve:
		s.Writes[o].Way = Sent // with the same precondition: of the two at most one takes effect
	case Crash:
		s.Crashes--
		return s.crashed()
	case Start:
		return s.started()
	case Heal:
		s.Healed, s.Cuts, s.Changes, s.Losses, s.Crashes = true, 0, 0, 0, 0
	case Tick:
		return s.later(d)
	}
	return s
}

func (s State) changed(a Action) State {
	o := a.Object
	switch a.Kind {
	case Ail:
		s.Nodes[o].Condition = NotReady
		s.Excused = true
	case Mark:
		s.Nodes[o].Tainted, s.Held[o] = !s.Nodes[o].Tainted, 0
	case Retire:
		s.Nodes[o].OutOfService = !s.Nodes[o].OutOfService
	case Unregister:
		s.Nodes[o], s.Silent[o], s.Held[o] = StoredNode{}, 0, 0
		s.Excused = true
	case Register:
		// Its registration is its first renewal.
		s.Nodes[o], s.Linked[o] = StoredNode{UID: s.NextUID}, true
		s.NextUID++
	case Appear:
		s.Pods[o-Names] = StoredPod{Phase: Running, UID: s.NextUID}
		s.NextUID++
	case Tolerate:
		s.Pods[o-Names].Forever = true
	case Delete:
		s.Pods[o-Names].Phase = Leaving
	}
	return s.touched(o)
}

// touched is the state after an object has got another version.
func (s State) touched(o int) State {
	switch {
	case !s.Up:
	case o < Names:
		s.Seen[o].Behind = true
		s.Seen[o].Swapped = s.Seen[o].Swapped || !s.Nodes[o].Tainted
	default:
		s.Shown[o-Names].Behind = true
	}
	for _, w := range []*Write{&s.Writes[o], &s.Late[o]} {
		w.Stale = w.Way != None
	}
	return s
}

// renewed is the state after a kubelet has renewed its lease, or its status.
func (s State) renewed(i int) State {
	s.Silent[i] = 0
	s.Seen[i].Renewed = s.Up
	return s
}

// arrived carries a request out, as the server does: whether its precondition holds is decided there and then.
func (s State) arrived(o int, w Write) State {
	if w.Stale {
		return s
	}
	switch w.Verb {
	case Doubt:
		s.Nodes[o].Condition = Unknown
	case Taint:
		s.Nodes[o].Tainted, s.Held[o] = true, 0
	case Untaint, Spare:
		s.Nodes[o].Tainted, s.Held[o] = false, 0
	case Unready:
		s.Pods[o-Names].Ready = false
	case Evict:
		s.Pods[o-Names].Phase = Leaving
	case Collect:
		s.Pods[o-Names] = StoredPod{}
	}
	return s.touched(o)
}

// seen is the state after the cache shows what the store holds. What was asked for before took effect, or never will.
func (s State) seen(o int) State {
	if w := &s.Writes[o]; w.Way == Answered || w.Way == Open {
		*w = Write{}
	}
	if o >= Names {
		s.Shown[o-Names] = SeenPod{StoredPod: s.Pods[o-Names]}
		return s
	}
	c, n := &s.Seen[o], s.Nodes[o]
	if c.UID != n.UID {
		c.Quiet, c.Missing, c.Renewed = 0, 0, false
	}
	if c.Swapped || !n.Tainted {
		c.Held = 0
	}
	c.StoredNode, c.Behind, c.Swapped = n, false, false
	c.Live, c.Truth = false, Truth{} // this is later than what was read
	return s
}

// looked is the state after a node and its lease were read live: the cache shows what was read.
func (s State) looked(i int) State {
	if s.Seen[i].Behind {
		s = s.seen(i)
	}
	c, n := &s.Seen[i], s.Nodes[i]
	if c.Renewed {
		c.Renewed, c.Quiet = false, 0
	}
	c.Live = true
	c.Truth = Truth{Absent: n.UID == 0, Silent: n.UID != 0 && int(s.Silent[i]) >= small.Grace, Tainted: n.Tainted, Held: s.Held[i], OutOfService: n.OutOfService}
	return s
}

// crashed is the state after a crash: what was sent and has not arrived is late.
func (s State) crashed() State {
	for o, w := range s.Writes {
		if w.Way == Sent {
			s.Late[o] = w
		}
		s.Excused = s.Excused || s.Late[o].Verb == Doubt
	}
	s.Up, s.Awake, s.Since = false, 0, [Names]uint8{}
	s.Seen, s.Shown, s.Writes = [Names]SeenNode{}, [Names]SeenPod{}, [objects]Write{}
	return s
}

// later is the state after time has passed. What was read live is not news any more.
func (s State) later(d Domain) State {
	pass := func(age *uint8, running bool) {
		if running && *age < longest {
			*age++
		}
	}
	for i := range Names {
		n, c := s.Nodes[i], &s.Seen[i]
		pass(&s.Silent[i], n.UID != 0)
		pass(&s.Held[i], n.Tainted)
		pass(&s.Paced[i], true)
		pass(&s.Since[i], s.Up)
		pass(&c.Quiet, c.UID != 0)
		pass(&c.Held, c.Tainted)
		pass(&c.Missing, s.Up && c.UID == 0 && i < d.Nodes)
		c.Live, c.Truth = false, Truth{}
	}
	pass(&s.Dawn, true)
	pass(&s.Awake, s.Up)
	return s
}

// behind: the cache does not show the object as the store holds it.
func (s State) behind(o int) bool {
	if o < Names {
		return s.Seen[o].Behind
	}
	return s.Shown[o-Names].Behind
}

// passed: the cache shows a later version than the request for an object requires, so that it took effect, or never will.
func (s State) passed(o int) bool { return s.Writes[o].Stale && !s.behind(o) }

// uid is that of an object, uidSeen the one that the cache shows.
func (s State) uid(o int) uint8 {
	if o < Names {
		return s.Nodes[o].UID
	}
	return s.Pods[o-Names].UID
}

func (s State) uidSeen(o int) uint8 {
	if o < Names {
		return s.Seen[o].UID
	}
	return s.Shown[o-Names].UID
}
