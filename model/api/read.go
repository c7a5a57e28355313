package api

// lists are the reader's actions, and what servers do about its list.
func lists(d Domain, s State, actions []Action) []Action {
	r := s.Reader.Read
	switch r.Stage {
	case Idle:
		if s.Reads > 0 && !s.Healed {
			actions = lookups(s, actions)
		}
	case Counting:
		actions = append(actions, Action{Kind: Count})
	case Waiting:
		if s.Servers[r.Server].Revision >= r.Bound {
			return append(actions, Action{Kind: Serve})
		}
		actions = append(actions, Action{Kind: TimeOut})
	case Reading:
		actions = append(actions, Action{Kind: LoadList})
	case Answered:
		actions = append(actions, Action{Kind: HearList})
	}
	if r.Stage != Idle && s.Losses > 0 && !s.Healed {
		actions = append(actions, Action{Kind: LoseList})
	}
	return actions
}

// lookups are the lists that the reader may ask for.
func lookups(s State, actions []Action) []Action {
	for i, v := range s.Servers {
		if !v.Up {
			continue
		}
		k := uint8(i)
		for _, from := range []From{Consistent, Any, NotOlderThan} {
			actions = append(actions, Action{Kind: List, Server: k, From: from})
		}
		actions = append(actions, Action{Kind: List, Server: k, From: Consistent, Limit: true})
		if s.Reader.Token > 0 {
			actions = append(actions, Action{Kind: List, Server: k, From: Exact})
		}
	}
	return actions
}

// read is the state after an action of the reader's, or one for its list.
func (s State) read(a Action) State {
	r := &s.Reader.Read
	switch a.Kind {
	case List:
		s.Reads--
		*r = s.listed(a)
	case Count:
		r.Bound = s.Revision
		*r = s.waiting(*r)
	case Serve:
		*r = s.served(*r)
	case TimeOut:
		if r.Stage = Reading; r.From == NotOlderThan {
			*r = r.refused(Timeout)
		}
	case LoadList:
		*r = s.loaded(*r)
	case HearList:
		return s.heard()
	case LoseList:
		s.Losses--
		*r = Read{}
	}
	return s
}

// listed is a list that was asked for just now.
func (s State) listed(a Action) Read {
	r := Read{Server: a.Server, From: a.From, Limit: a.Limit, Began: s.Revision}
	switch a.From {
	case Consistent:
		r.Stage = Counting
		return r
	case NotOlderThan:
		r.Bound = s.Reader.Newest
	case Exact:
		r.Bound = s.Reader.Token
	}
	return s.waiting(r)
}

// waiting is a list that needs the cache to have come to its bound. One that waits for it no longer reads the store.
func (s State) waiting(r Read) Read {
	if r.Stage = Waiting; s.Servers[r.Server].Revision >= r.Bound {
		return s.served(r)
	}
	return r
}

// served is a list that is answered from the cache, which has come far enough. A further page is of the revision of the first: where the
// window does not reach back to it, the store's history is read.
func (s State) served(r Read) Read {
	v := s.Servers[r.Server]
	if r.From == Exact && r.Bound < v.Revision {
		if r.Stage = Reading; r.Bound < v.Floor {
			return r
		}
		return r.page(s.all(r.Bound), r.Bound) // row 26: that is what the cache had then
	}
	return r.page(v.Objects, v.Revision)
}

// loaded is a list that is answered from the store.
func (s State) loaded(r Read) Read {
	switch {
	case r.From != Exact:
		return r.page(s.all(s.Revision), s.Revision)
	case r.Bound < s.Compacted:
		return r.refused(Expired)
	}
	return r.page(s.all(r.Bound), r.Bound)
}

// page is a list that is answered with the objects at a revision, or with the first of them, or with what comes after that.
func (r Read) page(objects [Names]Object, revision uint8) Read {
	r.Stage, r.Revision, r.Objects, r.Part = Answered, revision, objects, 1<<Names-1
	switch {
	case r.From == Exact:
		r.Objects[0], r.Part = Object{}, 1<<1
	case r.Limit && objects[0].UID != 0 && objects[1].UID != 0:
		r.Objects[1], r.Part, r.More = Object{}, 1<<0, true
	}
	return r
}

func (r Read) refused(why Reason) Read {
	r.Stage, r.Reason = Answered, why
	return r
}

// heard is the state after the reader has heard the answer. A list that has to be continued goes on from its token.
func (s State) heard() State {
	r := s.Reader.Read
	s.Reader.Read, s.Reader.Token = Read{}, 0
	switch {
	case r.Reason != OK:
		return s
	case r.More:
		s.Reader.Token = r.Revision
	}
	if r.From != Exact { // further pages show what is older than their first
		s.Reader.Last, s.Reader.Newest = r.Revision, max(s.Reader.Newest, r.Revision)
	}
	return s
}
