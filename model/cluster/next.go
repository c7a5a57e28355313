package cluster

// world is what all that happens depends on beside the state.
type world struct {
	Domain
	*tables
}

// enabled appends the actions that may happen.
func (w *world) enabled(s *State, actions []Action) []Action {
	if !s.Stalled {
		actions = w.changes(s, actions)
		for i, p := range s.Pods {
			if p.is(there) && !p.is(leaving) && p.owner() != 0 && !p.controlled(s.Owner) {
				actions = append(actions, Action{Kind: Collect, Pod: uint8(i)})
			}
		}
	}
	actions = w.ends(s, actions)
	for c := range components {
		switch {
		case c.node() > uint8(w.Nodes):
		case s.up(c):
			actions = w.lives(s, c, actions)
		case s.linked(c) && !s.Behind:
			actions = append(actions, Action{Kind: Start, Who: c})
		}
	}
	if s.Late != 0 {
		if !s.Stalled {
			actions = append(actions, Action{Kind: Land})
		}
		actions = append(actions, Action{Kind: Drop})
	}
	return w.faults(s, actions)
}

// changes are what users do.
func (w *world) changes(s *State, actions []Action) []Action {
	if s.Left.Owners > 0 {
		switch {
		case s.Owner.uid() != 0:
			for n := range uint8(w.Most + 1) {
				if n != s.Owner.replicas() {
					actions = append(actions, Action{Kind: Scale, N: n})
				}
			}
			actions = append(actions, Action{Kind: Vanish})
		case s.Owner < mostUID:
			actions = append(actions, Action{Kind: Again})
		}
	}
	if s.Left.Pods > 0 {
		unused := false
		for i, p := range s.Pods {
			switch {
			case p == 0 && unused:
				// Of the names that were never used users take the first, like everybody.
			case !p.is(there):
				actions = append(actions, Action{Kind: Appear, Pod: uint8(i)})
				unused = unused || p == 0
			case !p.is(leaving):
				actions = append(actions, Action{Kind: Delete, Pod: uint8(i)}, Action{Kind: Relabel, Pod: uint8(i)})
			}
			if w.Force && p.is(there) && p.node() != 0 {
				actions = append(actions, Action{Kind: Force, Pod: uint8(i)})
			}
		}
	}
	if s.Left.Edits > 0 && s.Slice&sliceThere != 0 {
		actions = append(actions, Action{Kind: Erase})
	}
	return actions
}

// ends are those of containers, by themselves.
func (w *world) ends(s *State, actions []Action) []Action {
	if s.Left.Ends == 0 {
		return actions
	}
	for n := range s.Lives {
		for i, l := range s.Lives[n] {
			if l.stage() == Alive {
				actions = append(actions, Action{Kind: End, Pod: uint8(i), Node: uint8(n + 1)})
			}
		}
	}
	return actions
}

// lives are what a component that runs may do, and what may become of its request.
func (w *world) lives(s *State, c Component, actions []Action) []Action {
	if s.linked(c) {
		actions = sees(s, c, actions)
	}
	if c >= writers {
		return w.proxies(s, c, actions)
	}
	switch r := s.Writes[c]; {
	case r == 0:
		return w.decisions(s, c, actions)
	case r.is(unknown):
		return append(actions, Action{Kind: Repeat, Who: c})
	}
	faulty := s.Left.Losses > 0
	if s.linked(c) && !s.Stalled {
		actions = append(actions, Action{Kind: Arrive, Who: c})
		if faulty {
			actions = append(actions, Action{Kind: Unheard, Who: c})
		}
	}
	if faulty && s.Late == 0 {
		actions = append(actions, Action{Kind: GiveUp, Who: c})
	}
	return actions
}

// sees are the objects that a component's cache shows as they no longer are.
func sees(s *State, c Component, actions []Action) []Action {
	if c == Replication && s.SeenOwner != s.Owner {
		actions = append(actions, Action{Kind: SeeOwner, Who: c})
	}
	if c < writers {
		for i, p := range s.Pods {
			if s.Seen[c][i] != p.to(c) {
				actions = append(actions, Action{Kind: See, Who: c, Pod: uint8(i)})
			}
		}
	}
	if at := c.sees(); at >= 0 && s.Slices[at] != s.Slice.to(c) {
		actions = append(actions, Action{Kind: SeeSlice, Who: c})
	}
	return actions
}

// decisions are what a component that has no request open decides: whatever its package does not refuse.
func (w *world) decisions(s *State, c Component, actions []Action) []Action {
	switch c {
	case Replication:
		return w.replicates(s, actions)
	case Scheduler:
		for allowed, i := w.scheduler[schedulerKey(&s.Seen[c])], 0; i < Names; i++ {
			for n := uint8(1); n <= Nodes; n++ {
				if allowed&choice(i, n) != 0 {
					actions = append(actions, Action{Kind: Work, Who: c, Verb: Bind, Pod: uint8(i), Node: n})
				}
			}
		}
	case Endpoints:
		switch {
		case s.Slices[0]&sliceThere == 0:
			actions = append(actions, Action{Kind: Work, Who: c, Verb: MakeSlice})
		case s.Slices[0] != w.slice(s.Seen[c]):
			actions = append(actions, Action{Kind: Work, Who: c, Verb: FillSlice})
		}
	default:
		for i, seen := range s.Seen[c] {
			l := s.Lives[c.node()-1][i]
			if k := w.kubelet[kubeletKey(seen, l)]; k.stage != l.stage() || k.verb != 0 {
				actions = append(actions, Action{Kind: Work, Who: c, Verb: k.verb, Pod: uint8(i)})
			}
		}
	}
	return actions
}

// replicates are the effects that the replication controller may have. Of the names that are free it takes the first, so that a creation
// that it has forgotten is asked for again under the same name.
func (w *world) replicates(s *State, actions []Action) []Action {
	if s.SeenOwner.uid() == 0 {
		return actions
	}
	allowed := w.replication[replicationKey(s.SeenOwner, &s.Seen[Replication], s.Live, s.Looked)]
	if allowed == 0 {
		return actions
	}
	if allowed&lacksLook != 0 {
		actions = append(actions, Action{Kind: Look, Who: Replication})
	}
	for verb := Create; verb <= Release; verb++ {
		for i := range Names {
			if allowed&effect(verb, i) != 0 {
				actions = append(actions, Action{Kind: Work, Who: Replication, Verb: verb, Pod: uint8(i)})
				if verb == Create {
					break
				}
			}
		}
	}
	return actions
}

func (w *world) proxies(s *State, c Component, actions []Action) []Action {
	if s.Rules[c.node()-1] != w.of(s.Slices[c.sees()]) {
		actions = append(actions, Action{Kind: Work, Who: c})
	}
	return actions
}

// faults are those that may begin, and the ends of those that have begun.
func (w *world) faults(s *State, actions []Action) []Action {
	l := &s.Left
	if l.Crashes > 0 {
		for c := range components {
			if s.up(c) && (s.Late == 0 || c >= writers || s.Writes[c] == 0 || s.Writes[c].is(unknown)) {
				actions = append(actions, Action{Kind: Crash, Who: c})
			}
		}
	}
	for n := range uint8(w.Nodes) {
		switch cut := s.Cut&(1<<n) != 0; {
		case cut:
			actions = append(actions, Action{Kind: Mend, Node: n + 1})
		case l.Cuts > 0:
			actions = append(actions, Action{Kind: Cut, Node: n + 1})
		}
	}
	switch {
	case s.Stalled:
		actions = append(actions, Action{Kind: Resume})
	case l.Stalls > 0:
		actions = append(actions, Action{Kind: Stall})
	}
	switch {
	case s.Behind:
		actions = append(actions, Action{Kind: CatchUp})
	case l.Lags > 0:
		actions = append(actions, Action{Kind: Lag})
	}
	if *l != (Bounds{}) {
		actions = append(actions, Action{Kind: Heal})
	}
	return actions
}
