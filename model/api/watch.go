package api

// watches are the watcher's actions.
func watches(s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	w := s.Watch
	if !w.Open {
		for i, v := range s.Servers {
			if v.Up && v.Revision >= w.Told { // before that the server lets it wait, as it may not go back (row 39)
				k := uint8(i)
				add(!w.Listed, Action{Kind: Relist, Server: k})
				add(w.Listed, Action{Kind: Resume, Server: k})
			}
		}
		return actions
	}
	v := s.Servers[w.Server]
	switch next := v.next(w.Sent); {
	case w.Sent < v.Floor:
		actions = append(actions, Action{Kind: End})
	case next > 0:
		actions = append(actions, Action{Kind: Tell})
	default:
		add(w.Told < v.Revision, Action{Kind: Mark})
	}
	add(s.Losses > 0 && !s.Healed, Action{Kind: Cut})
	return actions
}

// next is the revision of the first change in the window after a revision. 0: there is none.
func (v Server) next(after uint8) uint8 {
	for r := after + 1; r <= v.Revision; r++ {
		if v.Window&(1<<r) != 0 {
			return r
		}
	}
	return 0
}

// watched is the state after an action of the watcher's.
func (s State) watched(a Action) State {
	w := &s.Watch
	v := s.Servers[w.Server]
	switch a.Kind {
	case Relist:
		v = s.Servers[a.Server]
		*w = Watch{Listed: true, Open: true, Server: a.Server, Told: v.Revision, Sent: v.Revision}
		for name, o := range v.Objects {
			w.Shown[name] = selected(o)
		}
	case Resume:
		if w.Told < s.Servers[a.Server].Floor {
			*w = w.ended() // 410: what came since is not in the window (row 27)
		} else {
			w.Open, w.Server, w.Sent = true, a.Server, w.Told
		}
	case Tell:
		r := v.next(w.Sent)
		c := s.Log[r]
		w.Sent = r
		if e := eventOf(c.Name, s.at(int(c.Name), r-1), c.Object, r); e.Type != NoEvent {
			*w = w.told(e, r)
		}
	case Mark:
		w.Event, w.Told, w.Sent = Event{Type: Bookmark}, v.Revision, v.Revision
	case End:
		*w = w.ended()
	case Cut:
		s.Losses--
		w.Open = false
	}
	return s
}

// ended is a watcher who must list again. It remembers how far it was, so that the list is no older.
func (w Watch) ended() Watch { return Watch{Told: w.Told} }

// eventOf is a change as the watcher sees it: what does not match does not exist for it (row 23).
func eventOf(name uint8, before, after Object, revision uint8) Event {
	had, has := selected(before), selected(after)
	switch {
	case had.UID == 0 && has.UID == 0:
		return Event{}
	case had.UID == 0:
		return Event{Added, name, has}
	case has.UID == 0:
		had.Version = uint16(revision) // it shows the last state, with the version of its end (row 24)
		return Event{Deleted, name, had}
	}
	return Event{Modified, name, has}
}

// told is a watcher who has been told an event.
func (w Watch) told(e Event, revision uint8) Watch {
	w.Event, w.Told = e, revision
	if w.Shown[e.Name] = e.Object; e.Type == Deleted {
		w.Shown[e.Name] = Object{}
	}
	return w
}
