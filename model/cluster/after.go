package cluster

// after is the state after an action that is enabled.
func (w *world) after(s State, a Action) State {
	w.take(&s, a)
	return s
}

// take changes a state by an action. It and all below work on the one copy that [world.after] was given: a state is large, and copied often
// enough.
func (w *world) take(s *State, a Action) {
	c := a.Who
	switch a.Kind {
	case Scale, Vanish, Again:
		s.Left.Owners--
		ownerChanged(s, a)
	case Appear, Delete, Relabel, Force:
		s.Left.Pods--
		podChanged(s, a)
	case Erase:
		s.Left.Edits--
		s.Slice = 0
		s.Named |= w.absent
	case End:
		s.Left.Ends--
		l := &s.Lives[a.Node-1][a.Pod]
		*l = lifeOf(l.uid(), Dead, l.address())
	case Collect:
		s.Pods[a.Pod] = s.Pods[a.Pod].deleted()
	case SeeOwner:
		s.SeenOwner, s.Live, s.Looked = s.Owner, 0, false
	case See:
		s.Seen[c][a.Pod] = s.Pods[a.Pod].to(c)
		if r := s.Writes[c]; r.is(unknown) && r.name() == a.Pod && uint32(s.Seen[c][a.Pod]) != r.base() {
			s.Writes[c] = 0 // it is not as the request requires: it took effect, or never will
		}
	case SeeSlice:
		s.Slices[c.sees()] = s.Slice.to(c)
		if r := s.Writes[Endpoints]; c == Endpoints && r.is(unknown) && uint32(s.Slice) != r.base() {
			s.Writes[c] = 0
		}
	case Look:
		s.Live, s.Looked = s.Owner, true
	case Work:
		w.worked(s, a)
	case Arrive:
		w.arrived(s, c)
	case Unheard:
		s.Left.Losses--
		w.carryOut(s, s.Writes[c])
		s.Writes[c] |= unknown
	case GiveUp:
		s.Left.Losses--
		s.Late = s.Writes[c]
		s.Writes[c] |= unknown
	case Repeat:
		s.Writes[c] = s.Writes[c]&^unknown | again
	case Land:
		w.carryOut(s, s.Late)
		s.Late = 0
	case Drop:
		s.Late = 0
	default:
		faulted(s, a)
	}
}

func ownerChanged(s *State, a Action) {
	switch a.Kind {
	case Scale:
		s.Owner = ownerOf(s.Owner.uid(), a.N)
		s.Wanted = max(s.Wanted, a.N)
	case Vanish:
		s.Owner = Owner(s.Owner.uid())
	case Again:
		s.Owner = ownerOf(uint8(s.Owner)+1, 1)
		s.Wanted = 1
	}
}

func podChanged(s *State, a Action) {
	p := &s.Pods[a.Pod]
	switch a.Kind {
	case Appear:
		*p = p.next()
	case Delete:
		*p = p.deleted()
	case Relabel:
		*p ^= matches
		s.Excused = s.Excused || p.is(matches)
	case Force:
		*p = p.gone()
		s.Forced = true
	}
}

// worked is for a component that has decided: its request is on its way, and a kubelet has done what it does to containers, a proxy what it does
// to rules.
func (w *world) worked(s *State, a Action) {
	c, i := a.Who, a.Pod
	if c >= writers {
		s.Rules[c.node()-1] = w.of(s.Slices[c.sees()])
		return
	}
	base, next := uint32(s.Seen[c][i]), uint32(0)
	switch c {
	case Replication:
		s.Live, s.Looked = 0, false
		next = uint32(s.SeenOwner.uid())
	case Scheduler:
		next = uint32(a.Node)
	case Endpoints:
		base, next = uint32(s.Slices[0]), uint32(w.slice(s.Seen[c]))
	default:
		w.kept(s, c, i)
		return
	}
	s.Writes[c] = write(a.Verb, i, base, next)
}

// kept is for a kubelet that has decided.
func (w *world) kept(s *State, c Component, i uint8) {
	seen, lives := s.Seen[c][i], &s.Lives[c.node()-1]
	k := w.kubelet[kubeletKey(seen, lives[i])]
	if l := lives[i]; k.stage != l.stage() {
		uid, address := l.uid(), l.address()
		if address == 0 && k.stage != None {
			uid, address = seen.uid(), free(lives, c.node())
		}
		lives[i] = lifeOf(uid, k.stage, address)
	}
	if k.verb == 0 {
		return
	}
	p := seen.withShown(k.shown) | k.ended
	if k.shown == Ready {
		p = p.withAddress(lives[i].address())
	}
	s.Writes[c] = write(k.verb, i, uint32(seen), uint32(p))
}

// free is the first address of a node that no sandbox has.
func free(lives *[Names]Life, node uint8) uint8 {
	for address := (node-1)*Names + 1; ; address++ {
		taken := false
		for _, l := range lives {
			taken = taken || l.address() == address
		}
		if !taken {
			return address
		}
	}
}

// arrived is for a request that has arrived and was answered. An answer holds the object as it is now. If a request that was
// repeated is refused, the object is read: perhaps the first has been carried out.
func (w *world) arrived(s *State, c Component) {
	r := s.Writes[c]
	done := w.carryOut(s, r)
	s.Writes[c] = 0
	switch {
	case !done && !r.is(again):
	case c == Endpoints:
		s.Slices[0] = s.Slice
	default:
		s.Seen[c][r.name()] = s.Pods[r.name()].to(c)
	}
}

// carryOut does what a request asks for, if its precondition holds when it reaches the server, and reports whether it did.
func (w *world) carryOut(s *State, r Write) bool {
	p := &s.Pods[r.name()]
	if !met(s, r) {
		return false
	}
	next := Pod(r.next())
	switch r.verb() {
	case Create:
		s.Excused = s.Excused || *p != 0
		*p = p.next().withOwner(uint8(r.next()))
	case Remove:
		*p = p.deleted()
	case Adopt:
		*p = p.withOwner(uint8(r.next()))
		s.Excused = true
	case Release:
		*p = p.withOwner(0)
	case Bind:
		*p = p.withNode(uint8(r.next()))
	case Report:
		*p = p.withShown(next.shown()) | next&ended
		if next.address() != 0 {
			*p = p.withAddress(next.address())
		}
	case Finish:
		*p = p.gone()
	default:
		s.Slice = Slice(r.next())
		s.Named |= w.of(s.Slice)
	}
	return true
}

// met: the precondition of a request holds.
func met(s *State, r Write) bool {
	p := s.Pods[r.name()]
	switch r.verb() {
	case Create:
		return !p.is(there)
	case Bind:
		return uint32(p.to(Scheduler)) == r.base()
	case Report, Finish:
		return p.node() == Pod(r.base()).node() && uint32(p.to(kubeletOf(p.node()))) == r.base()
	case MakeSlice:
		return s.Slice&sliceThere == 0
	case FillSlice:
		return uint32(s.Slice) == r.base()
	}
	return uint32(p.to(Replication)) == r.base()
}

// faulted is for a fault that begins or ends.
func faulted(s *State, a Action) {
	switch a.Kind {
	case Crash:
		s.Left.Crashes--
		s.crash(a.Who)
	case Start:
		s.start(a.Who)
	case Cut:
		s.Left.Cuts--
		s.Cut |= 1 << (a.Node - 1)
	case Mend:
		s.Cut &^= 1 << (a.Node - 1)
	case Stall:
		s.Left.Stalls--
		s.Stalled = true
	case Resume:
		s.Stalled = false
	case Lag:
		s.Left.Lags--
		s.Behind, s.Old = true, Old{s.Pods, s.Slice}
	case CatchUp:
		s.Behind, s.Old = false, Old{}
	case Heal:
		s.Left = Bounds{}
	}
}
