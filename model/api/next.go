package api

import "slices"

// Domain bounds the world: how many names, servers and writers there are, two of each at most; how many of the names have objects at first,
// and of what kind; how many events a cache keeps; what the writers do; and how often what may go wrong does.
type Domain struct {
	Names, Servers, Writers, Objects int
	Window                           int
	// Period is the grace that objects ask for.
	Period uint8
	// Finalizers, Labels, Statuses: the writers change those as well.
	Finalizers, Labels, Statuses bool
	// Watcher: there is one.
	Watcher                                      bool
	Changes, Reads, Crashes, Losses, Compactions uint8
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	actions = asks(d, s, actions)
	lossy := s.Losses > 0 && !s.Healed
	for i, c := range s.Calls {
		call := uint8(i)
		add(c.Stage == Reading, Action{Kind: Load, Call: call})
		add(c.Stage == Swapping, Action{Kind: Swap, Call: call})
		add(c.Stage == Late, Action{Kind: Land, Call: call})
		add(c.Stage == Late, Action{Kind: Drop, Call: call})
		add(c.Stage == Answered, Action{Kind: Hear, Call: call})
		add(lossy && (c.Stage == Swapping || c.Stage == Answered), Action{Kind: Lose, Call: call})
	}
	actions = lists(d, s, actions)
	if d.Watcher {
		actions = watches(s, actions)
	}
	for i, v := range s.Servers {
		k := uint8(i)
		// At the very revision of the compaction the store goes on with a watch, or ends it: see model/store.
		add(v.Up && v.Revision < s.Revision && v.Revision+1 >= s.Compacted, Action{Kind: Feed, Server: k})
		add(v.Up && v.Revision < s.Compacted, Action{Kind: Replace, Server: k})
		add(v.Up && s.Crashes > 0 && !s.Healed, Action{Kind: Crash, Server: k})
		add(!v.Up && i < d.Servers, Action{Kind: Start, Server: k})
	}
	for r := s.Compacted + 1; r <= s.Revision && s.Compactions > 0 && !s.Healed; r++ {
		actions = append(actions, Action{Kind: Compact, Revision: r})
	}
	add(!s.Healed, Action{Kind: Heal})
	return actions
}

// asks are what writers may ask for now, and what the kubelet does.
func asks(d Domain, s State, actions []Action) []Action {
	writer := slices.IndexFunc(s.Calls[:d.Writers], func(c Call) bool { return c.Stage == Idle })
	writing := writer >= 0 && s.Changes > 0 && !s.Healed
	for i, v := range s.Servers {
		for name := uint8(0); v.Up && int(name) < d.Names; name++ {
			if writing {
				for _, q := range requests(d, s, name) {
					actions = append(actions, Action{Kind: Ask, Call: uint8(writer), Server: uint8(i), Request: q})
				}
			}
			// The kubelet removes a pod that it has stopped, and no other of its name: by then the grace period is over.
			if o := v.Objects[name]; o.Deleting && o.Grace > 0 && s.Calls[kubelet].Stage == Idle {
				finish := Request{Verb: Delete, Name: name, UID: o.UID, Graced: true}
				actions = append(actions, Action{Kind: Finish, Call: kubelet, Server: uint8(i), Request: finish})
			}
		}
	}
	return actions
}

// requests are what a writer may ask for about a name, who was shown the object as some cache has it. It may insist on what it was shown, or
// not.
func requests(d Domain, s State, name uint8) (all []Request) {
	create := Request{Verb: Create, Name: name, Spec: 1, Labeled: true, Period: d.Period}
	all = append(all, create)
	if d.Finalizers {
		create.Finalizers = 1
		all = append(all, create)
	}
	for k, v := range s.Servers {
		o := v.Objects[name]
		if o.UID == 0 || k > 0 && o == s.Servers[0].Objects[name] {
			continue
		}
		all = append(all, updates(d, o, name)...)
		all = append(all, deletes(o, name)...)
	}
	return all
}

func updates(d Domain, o Object, name uint8) (all []Request) {
	same := Request{Verb: Update, Name: name, Spec: o.Spec, Finalizers: o.Finalizers, Labeled: o.Labeled}
	spec, label, finalizer := same, same, same
	spec.Spec, label.Labeled, finalizer.Finalizers = 3-o.Spec, !o.Labeled, 1-o.Finalizers
	all = append(all, spec)
	if d.Labels {
		all = append(all, label)
	}
	if d.Finalizers {
		all = append(all, finalizer)
	}
	for _, q := range all {
		q.Version = o.Version
		all = append(all, q)
	}
	if d.Statuses {
		// Who reports on a generation means that object, and no other of its name.
		status := same
		status.Verb, status.Spec, status.UID, status.Observed = UpdateStatus, 0, o.UID, o.Generation
		all = append(all, status)
	}
	return all
}

func deletes(o Object, name uint8) (all []Request) {
	plain := Request{Verb: Delete, Name: name}
	uid, version := plain, plain
	uid.UID, version.Version = o.UID, o.Version
	all = append(all, plain, uid, version)
	for grace := int8(o.Period) - 1; grace >= 0; grace-- {
		graced := plain
		graced.Graced, graced.Grace = true, grace
		all = append(all, graced)
	}
	return all
}

// Next is the state after an action.
func Next(d Domain, s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(d, s, nil), a) {
		return s, false
	}
	return after(d, s, a), true
}

// after is Next for an action that is enabled.
func after(d Domain, s State, a Action) State {
	v, c := &s.Servers[a.Server], &s.Calls[a.Call]
	switch a.Kind {
	case Ask:
		s.Changes--
		return s.begun(a)
	case Finish:
		return s.begun(a)
	case Load:
		return s.found(a.Call)
	case Swap:
		return s.swapped(a.Call)
	case Land:
		landed := s.swapped(a.Call)
		if landed.Revision == s.Revision {
			landed = s // it is not tried again: nobody waits for it
		}
		landed.Calls[a.Call] = Call{}
		return landed
	case Drop, Hear:
		*c = Call{}
	case Lose:
		s.Losses--
		*c = c.late()
	case Feed:
		*v = s.fed(*v, d.Window)
	case Replace, Start:
		*v = s.started()
	case Compact:
		s.Compactions--
		s.Compacted = a.Revision
	case Crash:
		s.Crashes--
		return s.crashed(a.Server)
	case Heal:
		s.Healed, s.Changes, s.Reads, s.Crashes, s.Losses, s.Compactions = true, 0, 0, 0, 0, 0
	case List, Count, Serve, TimeOut, LoadList, HearList, LoseList:
		return s.read(a)
	default:
		return s.watched(a)
	}
	return s
}

// begun is the state after a server has begun with a request. A version from its cache is a suggestion: if a write is decided on it, that
// is held against the store; anything else is decided again on what the store has.
func (s State) begun(a Action) State {
	c := Call{Stage: Reading, Server: a.Server, Request: a.Request}
	old := s.Servers[a.Server].Objects[a.Request.Name]
	switch {
	case a.Request.Verb == Create:
		c.Stage, c.Stored = Swapping, true // that the name is free is for the swap to say
	case Decide(old, a.Request, 0).Write != Nothing:
		c.Stage, c.On = Swapping, old.Version
	}
	s.Calls[a.Call] = c
	return s
}

// found is the state after a request has been decided on what the store has now.
func (s State) found(call uint8) State {
	c := &s.Calls[call]
	old := s.stored(c.Request.Name)
	c.Stored, c.On = true, old.Version
	if d := Decide(old, c.Request, 0); d.Write == Nothing {
		*c = c.answered(Answer{d.Reason, d.Object})
	} else {
		c.Stage = Swapping
	}
	return s
}

// answered is a request on whose answer nothing depends any more but who is told.
func (c Call) answered(a Answer) Call {
	c.Stage, c.Answer, c.On, c.Stored = Answered, a, 0, false
	return c
}

// swapped is the state after a write has arrived at the store, where it takes effect if the object is the one that was decided on. If it is
// not, the request is decided again.
func (s State) swapped(call uint8) State {
	c := s.Calls[call]
	old := s.stored(c.Request.Name)
	if old.Version != c.On {
		return s.found(call)
	}
	shown := Decide(old, c.Request, s.NextUID).Object
	s = s.committed(c.Request, c.On)
	shown.Version = uint16(s.Revision)
	s.Calls[call] = c.answered(Answer{OK, shown})
	return s
}

// committed is the state after a request's write, decided on that version, has taken effect.
func (s State) committed(q Request, on uint16) State {
	d := Decide(s.version(on), q, s.NextUID)
	if q.Verb == Create {
		s.NextUID++
	}
	s.Revision++
	if d.Object.Version = uint16(s.Revision); d.Write == Remove {
		d.Object = Object{}
	}
	s.Log[s.Revision] = Change{q.Name, d.Object}
	return s
}

// late is a request of which nobody will hear: its write may be on its way, and that is all that is left of it.
func (c Call) late() Call {
	if c.Stage != Swapping && c.Stage != Late {
		return Call{}
	}
	c.Stage = Late
	return c
}

// fed is a server whose cache has seen the next change. The window forgets the oldest change when it is full.
func (s State) fed(v Server, window int) Server {
	v.Revision++
	c := s.Log[v.Revision]
	v.Objects[c.Name] = c.Object
	v.Window |= 1 << v.Revision
	kept := 0
	for r := v.Revision; r > v.Floor; r-- {
		if v.Window&(1<<r) == 0 {
			continue
		}
		if kept++; kept > window {
			v.Window &^= 1 << r
			v.Floor = r
		}
	}
	return v
}

// crashed is the state after a server has lost everything. What it had sent to the store is late.
func (s State) crashed(server uint8) State {
	s.Servers[server] = Server{}
	for i, c := range s.Calls {
		if c.Stage != Idle && c.Stage != Answered && c.Server == server {
			s.Calls[i] = c.late()
		}
	}
	if r := &s.Reader.Read; r.Stage != Idle && r.Stage != Answered && r.Server == server {
		*r = Read{}
	}
	if s.Watch.Open && s.Watch.Server == server {
		s.Watch.Open = false
	}
	return s
}
