package garbage

import "slices"

// Domain bounds the world: how many objects there are at first, and how many names more users may use; how they own each other, whether
// their references block, and how often what may go wrong does. Anyhow: the world begins in any state of two objects; see [anyhow].
type Domain struct {
	Objects, Spare int
	Shape          Shape
	Blocking       bool
	Anyhow         bool

	Crashes, Losses, Deletions, Changes uint8
}

// Shape is how the objects own each other at first.
type Shape string

// The shapes. None other has any references.
const (
	Chain Shape = "chain" // each owns the next
	Ring  Shape = "ring"  // and the last the first
	Fan   Shape = "fan"   // the first owns all others
	Heir  Shape = "heir"  // the last is owned by all others
	Lost  Shape = "lost"  // the first is owned by one that was gone before the collector started
)

// owns reports whether one of n objects owns another.
func (s Shape) owns(owner, object, n int) bool {
	switch s {
	case Chain:
		return object == owner+1
	case Ring:
		return object == (owner+1)%n
	case Fan:
		return owner == 0 && object > 0
	case Heir:
		return object == n-1 && owner < object
	}
	return false
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	faulty := s.Losses > 0 && !s.Healed
	for i, o := range s.Objects {
		if s.Changes > 0 && !s.Healed {
			actions = changes(d, s, i, actions)
		}
		for policy := Background; policy <= Orphan && s.Deletions > 0 && o.UID != 0 && !s.Healed; policy++ {
			add(!o.Leaving || o.Wish != Background && o.Wish != policy, Action{Kind: Delete, Object: i, Policy: policy})
		}
		add(o.Held && o.Leaving, Action{Kind: LetGo, Object: i})
		add(s.Up && s.Seen[i] != o, Action{Kind: See, Object: i})
		add(s.Up && !s.Busy && s.Queue&(1<<i) != 0, Action{Kind: Begin, Object: i})
		add(s.Writes[i].Verb != 0, Action{Kind: Arrive, Object: i})
		add(faulty && s.Writes[i].Verb != 0 && s.Late[i].Verb == 0, Action{Kind: GiveUp, Object: i})
		add(s.Late[i].Verb != 0, Action{Kind: Land, Object: i})
		add(s.Late[i].Verb != 0, Action{Kind: Drop, Object: i})
	}
	if s.Busy {
		actions = append(actions, attempt(s)...)
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.quietWay(), Action{Kind: Crash})
	add(!s.Up, Action{Kind: Start})
	add(!s.Healed, Action{Kind: Heal})
	return actions
}

// changes are what users do to one object, but for deleting it. Who makes a reference may have read its owner long ago, so that it may be gone by then.
func changes(d Domain, s State, i int, actions []Action) []Action {
	o := s.Objects[i]
	if o.UID == 0 && i >= d.Objects+d.Spare {
		return actions
	}
	if o.UID == 0 {
		actions = append(actions, Action{Kind: Create, Object: i, Owner: None})
	}
	for owner, uid := range s.Last {
		switch {
		case uid == 0:
		case o.UID != 0 && o.Links[owner].UID != 0:
			actions = append(actions, Action{Kind: Disown, Object: i, Owner: owner})
		case o.UID != 0:
			actions = append(actions, Action{Kind: Own, Object: i, Owner: owner}, Action{Kind: Own, Object: i, Owner: owner, Blocks: true})
		case owner != i:
			actions = append(actions, Action{Kind: Create, Object: i, Owner: owner}, Action{Kind: Create, Object: i, Owner: owner, Blocks: true})
		}
	}
	if o.UID != 0 && !o.Leaving && !o.Held { // row 17
		actions = append(actions, Action{Kind: Hold, Object: i})
	}
	return actions
}

// quietWay: what a crash leaves on its way has room among what is late.
func (s State) quietWay() bool {
	for i, w := range s.Writes {
		if w.Verb != 0 && s.Late[i].Verb != 0 {
			return false
		}
	}
	return true
}

// attempt is what the collector does next about the object that it looks at: read what else is needed, and then decide.
func attempt(s State) []Action {
	if i, more := s.toRead(); more {
		return []Action{{Kind: Look, Object: i}}
	}
	a := decide(s.View())
	for _, e := range a.effects() {
		if s.Writes[e.Object].Verb != 0 {
			return nil // one request at a time about each object (row 40)
		}
	}
	return []Action{a}
}

// toRead is what is to be read next: the object's owners; or, if it has a wish for its dependents, everything, as all may be dependents, and
// the circle that it is part of is to be seen.
func (s State) toRead() (int, bool) {
	x := s.Reads[s.Key].Stored
	for i, r := range s.Reads {
		if !r.Made && (x.Leaving && x.Wish != Background || !x.Leaving && x.Links[i].UID != 0) {
			return i, true
		}
	}
	return 0, false
}

// decide is everything that there is to do about the object of a view. Of several references that are to go one goes at a time.
func decide(v View) Action {
	a := Action{Kind: Work, Objects: 1 << v.Key}
	nothing := Action{Kind: Work}
	x := v.Reads[v.Key].Object
	switch keeping := v.keeping(); {
	case x.UID == 0 || x.Leaving && x.Wish == Background:
		return nothing // what is being deleted only has to go
	case x.Leaving && len(keeping) == 0:
		a.Verb = Finalize
		return a
	case x.Leaving && x.Wish == Orphan:
		a.Verb, a.Owner, a.Objects = Unlink, v.Key, 0
		for _, i := range keeping {
			a.Objects |= 1 << i
		}
		return a
	}
	solid := v.count(x, stays) > 0
	for _, r := range x.Refs {
		a.Owner = r.Owner
		switch how := v.standing(r); {
		case x.Leaving && v.Circle(r):
			a.Verb = Unblock
			return a
		case !x.Leaving && solid && how != stays:
			a.Verb = Unlink
			return a
		}
	}
	if x.Leaving || solid || len(x.Refs) == 0 {
		return nothing
	}
	if a.Verb, a.Owner, a.Policy = Collect, 0, x.Wish; v.count(x, waits) > 0 && v.Dependents {
		a.Policy = Foreground
	}
	return a
}

// Next is the state after an action.
func Next(d Domain, s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(d, s, nil), a) {
		return s, false
	}
	return after(s, a), true
}

// after is Next for an action that is enabled.
func after(s State, a Action) State {
	i := a.Object
	switch a.Kind {
	case Create, Own, Disown, Hold:
		s.Changes--
		return changed(s, a)
	case Delete:
		s.Deletions--
		return changed(s, a)
	case LetGo:
		o := s.Objects[i]
		o.Held = false
		s.Objects[i] = o.kept()
	case See:
		s.Seen[i] = s.Objects[i]
		return s.queued()
	case Begin:
		s.Busy, s.Key, s.Queue = true, i, s.Queue&^(1<<i)
		return s.read(i)
	case Look:
		return s.read(i)
	case Work:
		for _, e := range a.effects() {
			x := s.Reads[e.Object].Stored
			w := Write{Verb: e.Verb, Policy: e.Policy, UID: x.UID, Version: x.Version}
			if e.Verb == Unlink || e.Verb == Unblock {
				w.Owner, w.OwnerUID = e.Owner, x.Links[e.Owner].UID
			}
			s.Writes[e.Object] = w
		}
		return s.idle()
	case Arrive:
		s = arrive(s, i, s.Writes[i])
		s.Writes[i] = Write{}
		return s.queued()
	case GiveUp:
		s.Losses--
		s.Late[i], s.Writes[i] = s.Writes[i], Write{}
		return s.queued()
	case Land:
		s = arrive(s, i, s.Late[i])
		s.Late[i] = Write{}
	case Drop:
		s.Late[i] = Write{}
	case Crash:
		s.Crashes--
		return crashed(s)
	case Start:
		return s.started()
	case Heal:
		s.Healed, s.Crashes, s.Losses, s.Deletions, s.Changes = true, 0, 0, 0, 0
	}
	return s
}

// read is the state after a live read.
func (s State) read(i int) State {
	s.Reads[i] = Reading{true, s.Objects[i]}
	if _, more := s.toRead(); !more && decide(s.View()).Verb == 0 {
		return s.idle() // the cache was wrong, or still is
	}
	return s
}

// idle is the state after the collector is done with the object that it looked at.
func (s State) idle() State {
	s.Busy, s.Key, s.Reads = false, 0, [Names]Reading{}
	return s
}

func changed(s State, a Action) State {
	o := s.Objects[a.Object]
	switch a.Kind {
	case Create:
		o = Stored{UID: s.NextUID, Version: o.Version}
		s.Last[a.Object] = s.NextUID
		s.NextUID++
		if a.Owner != None {
			o.Links[a.Owner] = s.link(a)
		}
	case Own:
		o.Links[a.Owner] = s.link(a)
	case Disown:
		o.Links[a.Owner] = Link{}
	case Hold:
		o.Held = true
	case Delete:
		if o.Leaving {
			a.Policy = Background // no finalizer is added any more: who changes the wish takes it away
		}
		o.Leaving, o.Wish = true, a.Policy
	}
	s.Objects[a.Object] = o.kept()
	return s
}

func (s State) link(a Action) Link {
	owner := s.Objects[a.Owner]
	return Link{UID: s.Last[a.Owner], Blocks: a.Blocks, Belated: owner.UID == 0 || owner.Leaving}
}

// arrive carries a request out, as the server does: whether its preconditions hold is decided there and then.
func arrive(s State, i int, w Write) State {
	o := s.Objects[i]
	if o.UID == 0 || o.UID != w.UID || o.Version != w.Version {
		return s
	}
	switch link := &o.Links[w.Owner]; w.Verb {
	case Collect:
		o.Leaving, o.Wish = true, w.Policy
	case Unlink:
		if link.UID == w.OwnerUID {
			*link = Link{}
		}
	case Unblock:
		link.Blocks = false
	case Finalize:
		if o.Wish == Orphan {
			s.Orphaned |= 1 << o.UID
		}
		o.Wish = Background
	}
	s.Objects[i] = o.kept()
	return s
}

// crashed is the state after a crash: what was sent is late.
func crashed(s State) State {
	for i, w := range s.Writes {
		if w.Verb != 0 {
			s.Late[i] = w
		}
	}
	s.Up, s.Queue, s.Seen, s.Writes = false, 0, [Names]Stored{}, [Names]Write{}
	return s.idle()
}
