package replication

import "slices"

// Domain bounds the world: how many pods are wanted at first and at most, how many there are at first, and how often what may go wrong
// does. Anyhow: it begins in any state at all, with anything under so many names; see [anyhow].
type Domain struct {
	Replicas, Most, Pods     int
	Anyhow                   bool
	Crashes, Losses, Changes uint8
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	if s.Changes > 0 && !s.Healed {
		actions = changes(d, s, actions)
	}
	for i := range s.Pods {
		add(s.Pods[i].Phase == Leaving, Action{Kind: RemovePod, Pod: i})
	}
	if s.Up {
		add(s.SeenOwner != s.Owner, Action{Kind: SeeOwner})
		for i := range s.Pods {
			add(s.Seen[i] != s.Pods[i], Action{Kind: See, Pod: i})
		}
		actions = append(actions, decisions(s)...)
	}
	for i, w := range s.Writes {
		faulty := s.Losses > 0 && !s.Healed
		add(w.Way == Sent, Action{Kind: Arrive, Pod: i})
		add(w.Way == Done || w.Way == Refused, Action{Kind: Answer, Pod: i})
		add(faulty && w.Way == Done, Action{Kind: LoseAnswer, Pod: i})
		add(faulty && w.Way == Sent && s.Late[i].Way == None, Action{Kind: GiveUp, Pod: i})
		add(w.Way == Unknown, Action{Kind: Resolve, Pod: i})
	}
	for i, w := range s.Late {
		add(w.Way != None, Action{Kind: Land, Pod: i})
		add(w.Way != None, Action{Kind: Drop, Pod: i})
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.quietWay(), Action{Kind: Crash})
	add(!s.Up, Action{Kind: Start})
	add(!s.Healed, Action{Kind: Heal})
	return actions
}

// changes are what users and the pods themselves do.
func changes(d Domain, s State, actions []Action) []Action {
	there := s.Owner.UID != 0
	for n := range d.Most + 1 {
		if there && !s.Owner.Leaving && n != s.Owner.Replicas {
			actions = append(actions, Action{Kind: Scale, N: n})
		}
	}
	switch {
	case !there:
		actions = append(actions, Action{Kind: Again})
	case s.Owner.Leaving:
		actions = append(actions, Action{Kind: Vanish})
	default:
		actions = append(actions, Action{Kind: Leave}, Action{Kind: Vanish})
	}
	for i, p := range s.Pods {
		switch p.Phase {
		case Absent, Gone:
			actions = append(actions, Action{Kind: Appear, Pod: i})
		case Running:
			actions = append(actions, Action{Kind: Relabel, Pod: i}, Action{Kind: End, Pod: i}, Action{Kind: Delete, Pod: i})
		case Ended:
			actions = append(actions, Action{Kind: Delete, Pod: i})
		}
	}
	return actions
}

// quietWay: what a crash leaves on its way has room among what is late.
func (s State) quietWay() bool {
	for i, w := range s.Writes {
		if w.Way == Sent && s.Late[i].Way != None {
			return false
		}
	}
	return true
}

// decisions are what the controller may do now: every plan that its view does not refuse and that does all there is to do.
func decisions(s State) (actions []Action) {
	for _, w := range s.Writes {
		if w.open() {
			return nil // no key is worked while an effect of its last plan is unanswered (row 40)
		}
	}
	v := s.View()
	if v.Owner.UID == 0 || v.Owner.Leaving {
		return nil
	}
	if claims := s.claims(v); claims != nil {
		return claims
	}
	surely, perhaps := v.Counted()
	switch missing := v.Owner.Replicas - surely - perhaps; {
	case missing > 0:
		if a, ok := s.creation(v, missing); ok {
			return []Action{a}
		}
	case surely > v.Owner.Replicas:
		return victims(v, surely-v.Owner.Replicas)
	}
	return nil
}

// claims release what does not match and adopt what does, after a live read; nil: there is nothing to claim.
func (s State) claims(v View) []Action {
	var release, adopt uint8
	for i, p := range v.Pods {
		switch {
		case p.Open || p.Phase != Running || p.Predicted:
		case p.Owner == v.Owner.UID && !p.Matches:
			release |= 1 << i
		case p.Owner == 0 && p.Matches:
			adopt |= 1 << i
		}
	}
	switch {
	case release != 0:
		return []Action{{Kind: Work, Verb: Release, Pods: release}}
	case adopt == 0:
		return nil
	case v.Live == nil:
		return []Action{{Kind: Look}}
	case v.Live.UID != v.Owner.UID || v.Live.Leaving:
		return []Action{} // the cache must show first what the live read has shown
	}
	return []Action{{Kind: Work, Verb: Adopt, Pods: adopt}}
}

// creation takes the first free names, so that one whose creation was given up is taken again.
func (s State) creation(v View, missing int) (Action, bool) {
	a := Action{Kind: Work, Verb: Create}
	for i, p := range v.Pods {
		if p.Phase == Absent && missing > 0 {
			a.Pods |= 1 << i
			missing--
		}
	}
	return a, a.Pods != 0
}

// victims are all the ways of choosing so many of those that count.
func victims(v View, excess int) (actions []Action) {
	for set := uint8(1); set < 1<<len(v.Pods); set++ {
		n, known := 0, true
		for i, p := range v.Pods {
			if set&(1<<i) != 0 {
				n, known = n+1, known && v.Counts(p) && !p.Predicted && !p.Open
			}
		}
		if n == excess && known {
			actions = append(actions, Action{Kind: Work, Verb: Remove, Pods: set})
		}
	}
	return actions
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
	switch a.Kind {
	case Scale, Leave, Vanish, Again, Appear, Relabel, End, Delete:
		s.Changes--
		return changed(s, a)
	case RemovePod:
		s.Pods[a.Pod] = Stored{Phase: Gone, Version: s.Pods[a.Pod].Version + 1}
	case SeeOwner:
		s.SeenOwner, s.Live = s.Owner, Live{}
	case See:
		s.Seen[a.Pod] = s.Pods[a.Pod]
		if s.Writes[a.Pod].Way == Unknown {
			s.Writes[a.Pod] = Write{} // another version: the write took effect, or never will
		}
	case Look:
		s.Live = Live{true, s.Owner}
	case Work:
		for _, e := range a.effects() {
			s.Writes[e.Pod] = Write{Verb: e.Verb, Way: Sent, Owner: s.SeenOwner.UID, Version: s.Seen[e.Pod].Version, UID: s.Seen[e.Pod].UID}
		}
		s.Live = Live{}
	case Arrive:
		s, s.Writes[a.Pod] = arrive(s, a.Pod, s.Writes[a.Pod])
	case Land:
		s, _ = arrive(s, a.Pod, s.Late[a.Pod])
		s.Late[a.Pod] = Write{}
	case Drop:
		s.Late[a.Pod] = Write{}
	case Answer:
		return heard(s, a.Pod)
	case LoseAnswer:
		s.Losses--
		s.Writes[a.Pod] = doubted(s, a.Pod)
	case GiveUp:
		s.Losses--
		s.Late[a.Pod] = s.Writes[a.Pod]
		s.Writes[a.Pod] = doubted(s, a.Pod)
	case Resolve:
		return resolved(s, a.Pod)
	case Crash:
		s.Crashes--
		return crashed(s)
	case Start:
		return s.started()
	case Heal:
		s.Healed, s.Crashes, s.Losses, s.Changes = true, 0, 0, 0
	}
	return s
}

func changed(s State, a Action) State {
	p := &s.Pods[a.Pod]
	switch a.Kind {
	case Scale:
		s.Owner.Replicas = a.N
		s.Wanted = max(s.Wanted, a.N)
		return s
	case Leave:
		s.Owner.Leaving = true
		return s
	case Vanish:
		s.Owner = Owner{}
		return s
	case Again:
		s.Owner = Owner{UID: s.NextUID, Replicas: 1}
		s.NextUID++
		s.Wanted = 1
		return s
	case Appear:
		*p = Stored{Phase: Running, UID: s.NextUID, Matches: true, Version: p.Version}
		s.NextUID++
	case Relabel:
		p.Matches = !p.Matches
		s.Excused = s.Excused || p.Matches
	case End:
		p.Phase = Ended
	case Delete:
		p.Phase = Leaving
	}
	p.Version++
	return s
}

// arrive carries a request out, as the server does: whether its precondition holds is decided there and then.
func arrive(s State, i int, w Write) (State, Write) {
	p := &s.Pods[i]
	free := p.Phase == Absent || p.Phase == Gone
	switch {
	case w.Verb == Create && free:
		s.Excused = s.Excused || p.Phase == Gone
		*p = Stored{Phase: Running, UID: s.NextUID, Owner: w.Owner, Matches: true, Version: p.Version + 1}
		w.UID = s.NextUID
		s.NextUID++
	case w.Verb == Create || free || p.Version != w.Version:
		w.Way = Refused
		return s, w
	case w.Verb == Remove:
		p.Phase = Leaving
	case w.Verb == Adopt:
		p.Owner = w.Owner
		s.Adopted, s.Excused = true, true
	case w.Verb == Release:
		p.Owner = 0
	}
	if w.Verb != Create {
		p.Version++
	}
	w.Way = Done
	return s, w
}

// heard is the state after an answer. One that says that the write was carried out holds the object, which the view shows until the cache
// shows a later one.
func heard(s State, i int) State {
	w, seen := s.Writes[i], s.Seen[i]
	if s.Writes[i] = (Write{}); w.Way == Refused || seen.Version > w.Version {
		return s
	}
	switch w.Verb {
	case Create:
		seen = Stored{Phase: Running, UID: w.UID, Owner: w.Owner, Matches: true}
	case Remove:
		seen.Phase = Leaving
	case Adopt:
		seen.Owner = w.Owner
	case Release:
		seen.Owner = 0
	}
	seen.Version = w.Version + 1
	s.Seen[i] = seen
	return s
}

// doubted is a write after it is clear that there will be no answer.
func doubted(s State, i int) Write {
	w := s.Writes[i]
	if s.passed(i) {
		return Write{}
	}
	w.Way = Unknown
	return w
}

// passed: the cache shows a later version than a write required, so that it took effect, or never will.
func (s State) passed(i int) bool { return s.Seen[i].Version > s.Writes[i].Version }

// resolved is the state after the controller has asked what became of a write.
func resolved(s State, i int) State {
	if s.Writes[i].Verb != Create {
		s.Writes[i].Way = Sent // again, with the same precondition: of the two at most one takes effect
		return s
	}
	// The name is read, and what was read is shown like what the cache shows. If there is nothing, it is decided again, by the same rule,
	// and so under the same name.
	s.Seen[i], s.Writes[i] = s.Pods[i], Write{}
	return s
}

// crashed is the state after a crash: what was sent and has not arrived is late.
func crashed(s State) State {
	for i, w := range s.Writes {
		if w.Way == Sent {
			s.Late[i] = w
		}
	}
	s.Up, s.SeenOwner, s.Seen, s.Live, s.Writes = false, Owner{}, [Names]Stored{}, Live{}, [Names]Write{}
	s.Excused = true
	return s
}
