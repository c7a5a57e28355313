package namespace

import "slices"

// Domain bounds the world: how many objects there are at first, what keeps every object, and how often users ask for another one, change
// the namespace, and what may go wrong does. Anyhow: it begins in any state at all; see [anyhow].
type Domain struct {
	Anyhow                         bool
	Objects                        int
	Keep                           Keep
	Crashes, Losses, Asks, Changes uint8
}

// Enabled appends the actions that may happen.
func Enabled(_ Domain, s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	ns, faulty := s.Namespace, s.Losses > 0 && !s.Healed
	if s.Changes > 0 && !s.Healed {
		add(ns.UID == 0, Action{Kind: Open})
		add(ns.Active(), Action{Kind: Close})
		add(ns.UID != 0, Action{Kind: Touch})
		add(ns.Active() && !ns.Foreign, Action{Kind: Hold}) // row 17
		add(ns.Foreign, Action{Kind: Release})
	}
	for i, o := range s.Objects {
		add(o.Leaving && o.Keep == Slow, Action{Kind: LetGo, Object: i})
	}
	for i, c := range s.Creations {
		for name := range Names {
			add(s.Asks > 0 && !s.Healed && c.Stage == Idle, Action{Kind: Ask, Server: i, Object: name})
		}
		add(s.Cached[i] != ns, Action{Kind: ServerSees, Server: i})
		add(c.Stage == Asked, Action{Kind: Admit, Server: i})
		add(c.Stage == Doubted, Action{Kind: Consult, Server: i})
		add(c.Stage == Admitted, Action{Kind: Commit, Server: i})
		add(faulty && c.Stage != Idle && s.Adrift[i].Stage == Idle, Action{Kind: Lose, Server: i})
		add(s.Adrift[i].Stage != Idle, Action{Kind: Wash, Server: i})
		add(s.Adrift[i].Stage != Idle, Action{Kind: Sink, Server: i})
	}
	add(s.Up && s.Seen != ns, Action{Kind: See})
	// No key is worked while a request about it is unanswered (row 40).
	add(s.Up && !s.Busy && s.Seen.Leaving && s.Seen.Ours && s.Writes == [Names + 1]Write{}, Action{Kind: Begin})
	if s.Busy {
		actions = append(actions, attempt(s))
	}
	for i, w := range s.Writes {
		add(w.Verb != 0, Action{Kind: Arrive, Object: i})
		add(faulty && w.Verb != 0 && s.Late[i].Verb == 0, Action{Kind: GiveUp, Object: i})
		add(s.Late[i].Verb != 0, Action{Kind: Land, Object: i})
		add(s.Late[i].Verb != 0, Action{Kind: Drop, Object: i})
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.quietWay(), Action{Kind: Crash})
	add(!s.Up, Action{Kind: Start})
	add(!s.Healed, Action{Kind: Heal})
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

// attempt is what the controller does next: read what else is needed, and then decide.
func attempt(s State) Action {
	for i, c := range s.Contents {
		if !c.Made {
			return Action{Kind: Look, Object: i}
		}
	}
	a := decide(s.View())
	if a.Verb == Delete && !s.Confirmed {
		return Action{Kind: Confirm}
	}
	return a
}

// decide is everything that there is to do: delete what is there, and when nothing is, finalize.
func decide(v View) Action {
	a := Action{Kind: Work}
	if !v.Namespace.Leaving || !v.Namespace.Ours {
		return a
	}
	a.Verb = Finalize
	for i, c := range v.Contents {
		switch {
		case c.UID == 0:
			continue
		case !c.Leaving:
			a.Objects |= 1 << i
		}
		a.Verb = Delete
	}
	if a.Verb == Delete && a.Objects == 0 {
		a.Verb = 0 // what is being deleted is waited for
	}
	return a
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
	i := a.Object
	switch a.Kind {
	case Open, Close, Touch, Hold, Release:
		s.Changes--
		return changed(s, a.Kind)
	case LetGo:
		s.Objects[i] = Object{}
	case Ask, ServerSees, Admit, Consult, Commit, Lose, Wash, Sink:
		return served(d, s, a)
	case See:
		s.Seen = s.Namespace
	case Begin:
		s.Busy, s.Begun = true, s.Seen
	case Look:
		s.Contents[i] = Reading{true, s.Objects[i]}
		if i == Names-1 && decide(s.View()).Verb == 0 {
			return s.idle()
		}
	case Confirm:
		if s.Confirmed, s.Live = true, s.Namespace.UID; s.Live != s.Begun.UID {
			return s.idle() // the cache was late
		}
	case Work:
		for _, e := range a.effects() {
			if e.Verb == Finalize {
				s.Writes[itself] = Write{Verb: Finalize, UID: s.Begun.UID, Version: s.Begun.Version}
			} else {
				s.Writes[e.Content] = Write{Verb: Delete, UID: s.Contents[e.Content].Object.UID, Forced: e.Forced}
			}
		}
		return s.idle()
	case Arrive:
		s = arrive(s, i, s.Writes[i])
		s.Writes[i] = Write{}
	case GiveUp:
		s.Losses--
		s.Late[i], s.Writes[i] = s.Writes[i], Write{}
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
		s.Healed, s.Crashes, s.Losses, s.Asks, s.Changes = true, 0, 0, 0, 0
	}
	return s
}

// idle is the state after an attempt.
func (s State) idle() State {
	s.Busy, s.Begun, s.Contents, s.Confirmed, s.Live = false, Stored{}, [Names]Reading{}, false, 0
	return s
}

func changed(s State, k Kind) State {
	n := s.Namespace
	switch k {
	case Open:
		n = Stored{Namespace{UID: s.NextUID, Ours: true}, n.Version}
		s.NextUID++
	case Close:
		n.Leaving = true
	case Hold:
		n.Foreign = true
	case Release:
		n.Foreign = false
	}
	s.Namespace = n.kept()
	return s
}

// served is the state after a step of an API server's, or of what it has left behind.
func served(d Domain, s State, a Action) State {
	c := &s.Creations[a.Server]
	switch a.Kind {
	case Ask:
		s.Asks--
		*c = Creation{Stage: Asked, Name: a.Object}
	case ServerSees:
		s.Cached[a.Server] = s.Namespace
	case Admit:
		if *c = admitted(*c, s.Cached[a.Server]); c.Stage == Idle {
			*c = Creation{Stage: Doubted, Name: s.Creations[a.Server].Name}
		}
	case Consult:
		*c = admitted(*c, s.Namespace)
	case Commit:
		if c.Guard != s.Namespace.Version {
			*c = admitted(*c, s.Namespace) // the store has answered with what is there
			return s
		}
		s = created(d, s, *c)
		s.Creations[a.Server] = Creation{}
	case Lose:
		s.Losses--
		if c.Stage == Admitted {
			s.Adrift[a.Server] = *c
		}
		*c = Creation{}
	case Wash:
		if s.Adrift[a.Server].Guard == s.Namespace.Version {
			s = created(d, s, s.Adrift[a.Server])
		}
		s.Adrift[a.Server] = Creation{}
	case Sink:
		s.Adrift[a.Server] = Creation{}
	}
	return s
}

// admitted is a creation after a server has looked at the namespace: guarded by what it saw, or refused.
func admitted(c Creation, n Stored) Creation {
	if n.Admits() != "" {
		return Creation{}
	}
	c.Stage, c.Guard = Admitted, n.Version
	return c
}

// created is the state after a creation whose guard holds. If the name is taken, nothing is written.
func created(d Domain, s State, c Creation) State {
	if s.Objects[c.Name].UID == 0 {
		s.Objects[c.Name] = Object{UID: s.NextUID, Of: s.Namespace.UID, Keep: d.Keep}
		s.NextUID++
	}
	return s
}

// arrive carries a request of the controller's out, as the server does: whether its preconditions hold is decided there and then.
func arrive(s State, i int, w Write) State {
	if w.Verb == Finalize {
		if n := s.Namespace; n.Ours && n.UID == w.UID && n.Version == w.Version {
			n.Ours = false
			s.Namespace = n.kept()
		}
		return s
	}
	switch o := &s.Objects[i]; {
	case o.UID == 0 || o.UID != w.UID:
	case w.Forced || o.Keep == Free:
		*o = Object{}
	default:
		o.Leaving = true
	}
	return s
}

// crashed is the state after a crash of the controller: what was sent is late.
func crashed(s State) State {
	for i, w := range s.Writes {
		if w.Verb != 0 {
			s.Late[i] = w
		}
	}
	s.Up, s.Seen, s.Writes = false, Stored{}, [Names + 1]Write{}
	return s.idle()
}
