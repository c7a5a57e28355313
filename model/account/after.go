package account

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
	before := s
	s = s.taken(a)
	for i, c := range s.Secrets {
		s.Alone[i] = c.UID != 0 && (s.Account == 0 || before.Alone[i] && before.Secrets[i].UID == c.UID)
	}
	if d.Prompt && s.Up {
		s = s.prompt()
	}
	if s.Lived |= s.lives(); d.Tokens == 0 {
		s.Lived, s.Known = 0, Shown{}
	}
	return s
}

// prompt is the state after the controller's cache has shown everything.
func (s State) prompt() State {
	s.SeenPhase = s.Phase
	for o := range objects {
		if s.behind(o) {
			s = s.seen(o)
		}
	}
	return s
}

func (s State) taken(a Action) State {
	o := a.Object
	switch a.Kind {
	case End, Again, Make, Edit, Erase, Ask, Begin, Stop:
		s.Changes--
		return s.changed(a)
	case Empty:
		return s.without(o)
	case Finish:
		s.Phase = Gone
	case Issue:
		s.Tokens--
		s.Token = s.issued(a)
	case Learn:
		s.Known = s.shown()
	case SeePhase:
		s.SeenPhase = s.Phase
	case See:
		return s.seen(o)
	case Look:
		if s.SeenAccount.Behind {
			s = s.seen(theAccount)
		}
		s.SeenAccount.Live = true
	case Work:
		w := Write{Verb: a.Verb, Way: Sent, For: s.SeenAccount.UID, Stale: s.behind(o)}
		if o >= firstSecret {
			w.UID = s.SeenSecrets[o-firstSecret].UID
		}
		s.Writes[o] = w
	case Arrive:
		s = s.arrived(o, s.Writes[o])
		if s.Writes[o].Way = Answered; !s.behind(o) {
			s.Writes[o] = Write{} // it was refused, and the cache shows why; or it is the namespace that is not active
		}
	case GiveUp:
		s.Losses--
		s.Late[o], s.Writes[o].Way = s.Writes[o], Open
		if s.Writes[o].Stale && !s.behind(o) {
			s.Writes[o] = Write{} // the cache shows a later version: it took effect, or never will
		}
	case Land:
		s = s.arrived(o, s.Late[o])
		s.Late[o] = Write{}
	case Drop:
		s.Late[o] = Write{}
	case Resolve:
		s.Writes[o].Way = Sent // the same request: of the two at most one takes effect
	case Crash:
		s.Crashes--
		return s.crashed()
	case Start:
		return s.started()
	case Heal:
		s.Healed, s.Changes, s.Tokens, s.Losses, s.Crashes = true, 0, 0, 0, 0
	case Tick:
		s.Lived = 0
		s.Token.Left -= min(s.Token.Left, 1)
	}
	return s
}

func (s State) changed(a Action) State {
	o := a.Object
	switch a.Kind {
	case End:
		s.Phase = Terminating
	case Again:
		s.Phase = Active
	case Make:
		s.Account = s.newUID()
		return s.touched(theAccount)
	case Edit:
		s.Map = Wrong
		return s.touched(theMap)
	case Erase:
		return s.without(o)
	case Ask:
		s.Secrets[o-firstSecret] = StoredSecret{UID: s.newUID()}
		return s.touched(o)
	case Begin:
		s.Pod = s.newUID()
	case Stop:
		s.Pod = 0
	}
	return s
}

func (s *State) newUID() uint8 {
	s.NextUID++
	return s.NextUID - 1
}

// without is the state after an object, or the pod, was deleted.
func (s State) without(o int) State {
	switch o {
	case theAccount:
		s.Account = 0
	case theMap:
		s.Map = Absent
	case objects:
		s.Pod = 0
		return s
	default:
		s.Secrets[o-firstSecret] = StoredSecret{}
	}
	return s.touched(o)
}

// touched is the state after an object has got another version.
func (s State) touched(o int) State {
	switch {
	case !s.Up:
	case o == theAccount:
		s.SeenAccount.Behind = true
	case o == theMap:
		s.SeenMap.Behind = true
	default:
		s.SeenSecrets[o-firstSecret].Behind = true
	}
	for _, w := range []*Write{&s.Writes[o], &s.Late[o]} {
		w.Stale = w.Way != None
	}
	return s
}

// issued is a token as the API server issues it, or as it stands in a secret.
func (s State) issued(a Action) Held {
	switch t := (Held{Account: s.Account, Left: lifetime}); a.Source {
	case FromPod:
		t.Pod = s.Pod
		return t
	case FromForeign:
		t.Foreign = true
		return t
	}
	c := s.Secrets[a.Object-firstSecret]
	return Held{Account: c.For, Secret: c.UID}
}

// arrived carries a request out, as the server does: whether its precondition holds is decided there and then. Creations require that the
// name is free and the namespace active (row 28), and all others a version.
func (s State) arrived(o int, w Write) State {
	creates := w.Verb == Create || w.Verb == Publish || w.Verb == Generate
	if creates && (s.there(o) || s.Phase != Active) || !creates && (w.Stale || !s.there(o)) {
		return s
	}
	switch w.Verb {
	case Create:
		s.Account = s.newUID()
	case Publish, Repair:
		s.Map = Right
	case Generate:
		s.Secrets[o-firstSecret] = StoredSecret{UID: s.newUID(), For: w.For, Filled: true, Generated: true}
	case Fill:
		c := &s.Secrets[o-firstSecret]
		c.For, c.Filled = w.For, true
	case Purge:
		return s.without(o)
	}
	return s.touched(o)
}

// seen is the state after the cache shows what the store holds. What was asked for before took effect, or never will.
func (s State) seen(o int) State {
	if w := &s.Writes[o]; w.Way == Answered || w.Way == Open {
		*w = Write{}
	}
	switch o {
	case theAccount:
		s.SeenAccount = SeenAccount{UID: s.Account}
	case theMap:
		s.SeenMap = SeenMap{Content: s.Map}
	default:
		s.SeenSecrets[o-firstSecret] = SeenSecret{StoredSecret: s.Secrets[o-firstSecret]}
		s.SeenAccount.Live = false
	}
	return s
}

// crashed is the state after a crash: what was sent and has not arrived is late.
func (s State) crashed() State {
	for o, w := range s.Writes {
		if w.Way == Sent {
			s.Late[o] = w
		}
	}
	s.Up, s.SeenPhase, s.SeenAccount, s.SeenMap = false, Gone, SeenAccount{}, SeenMap{}
	s.SeenSecrets, s.Writes = [Names]SeenSecret{}, [objects]Write{}
	return s
}
