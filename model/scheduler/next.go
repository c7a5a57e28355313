package scheduler

import "slices"

// Domain bounds the world: how much each node has at first, and each pod asks for; 0: there is no such node or pod. Direct: users may create
// pods with a node of their choice. Anyhow: the world begins in any state at all; see [anyhow]. The rest is how often what may go wrong does.
type Domain struct {
	Nodes                    [NodeNames]uint8
	Pods                     [PodNames]uint8
	Direct, Anyhow           bool
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
		add(s.Pods[i].Phase == Leaving, Action{Kind: Remove, Pod: i})
	}
	if s.Up {
		for i := range s.Nodes {
			add(s.SeenNodes[i] != s.Nodes[i], Action{Kind: SeeNode, Node: i + 1})
		}
		for i := range s.Pods {
			add(s.Seen[i] != s.Pods[i], Action{Kind: See, Pod: i})
		}
		actions = choices(s, actions)
	}
	for i, w := range s.Writes {
		faulty := s.Losses > 0 && !s.Healed
		add(w.Way == Sent, Action{Kind: Arrive, Pod: i})
		add(w.Way == Done || w.Way == Refused, Action{Kind: Answer, Pod: i})
		add(faulty && (w.Way == Done || w.Way == Refused), Action{Kind: LoseAnswer, Pod: i})
		add(faulty && w.Way == Sent && s.Late[i].Way == None, Action{Kind: GiveUp, Pod: i})
		add(w.Way == Unknown, Action{Kind: Repeat, Pod: i})
		add(w.Way == Moot, Action{Kind: Look, Pod: i})
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

// changes are what users do, the pods themselves, and whoever looks after the nodes.
func changes(d Domain, s State, actions []Action) []Action {
	for i, p := range s.Pods {
		switch {
		case d.Pods[i] == 0:
		case p.Phase == Absent:
			actions = append(actions, Action{Kind: Create, Pod: i, N: d.Pods[i]})
			for n := range d.Nodes {
				if d.Direct && d.Nodes[n] > 0 {
					actions = append(actions, Action{Kind: Place, Pod: i, Node: n + 1, N: d.Pods[i]})
				}
			}
		case p.Phase == Present:
			actions = append(actions, Action{Kind: Touch, Pod: i}, Action{Kind: Delete, Pod: i})
			if p.Node != 0 {
				actions = append(actions, Action{Kind: End, Pod: i})
			}
		case p.Phase == Ended:
			actions = append(actions, Action{Kind: Delete, Pod: i})
		}
	}
	for i, n := range s.Nodes {
		switch {
		case d.Nodes[i] == 0:
			continue
		case !n.There:
			actions = append(actions, Action{Kind: Return, Node: i + 1, N: d.Nodes[i]})
			continue
		case n.Shut:
			actions = append(actions, Action{Kind: Open, Node: i + 1})
		default:
			actions = append(actions, Action{Kind: Shut, Node: i + 1})
		}
		for allocatable := range d.Nodes[i] + 1 {
			if allocatable != n.Allocatable {
				actions = append(actions, Action{Kind: Resize, Node: i + 1, N: allocatable})
			}
		}
		actions = append(actions, Action{Kind: Vanish, Node: i + 1})
	}
	return actions
}

// choices are what the scheduler may decide now: for each pod that is due any node that the view does not refuse; if there is none, that the
// pod waits. Of the same pod the last bind must be answered (row 40); other pods do not wait for that.
func choices(s State, actions []Action) []Action {
	for i, due := range s.Due {
		if !due || s.Writes[i].Way != None {
			continue
		}
		v := s.View()
		for n := range NodeNames + 1 {
			if v.Refuses(Choice{i, n}) == "" {
				actions = append(actions, Action{Kind: Choose, Pod: i, Node: n})
			}
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

// Next is the state after an action.
func Next(d Domain, s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(d, s, nil), a) {
		return s, false
	}
	return after(s, a), true
}

// after is Next for an action that is enabled.
func after(s State, a Action) State { return woken(s, taken(s, a)) }

// taken is the state after an action, but for who is woken by it.
func taken(s State, a Action) State {
	i := a.Pod
	switch a.Kind {
	case Create, Place, Touch, End, Delete:
		s.Changes--
		return changedPod(s, a)
	case Shut, Open, Resize, Vanish, Return:
		s.Changes--
		return changedNode(s, a)
	case Remove:
		s.Pods[i] = s.Pods[i].gone()
	case See:
		s.Seen[i] = s.Pods[i]
		if w := s.Writes[i]; w.Way == Unknown || w.Way == Moot {
			s.Writes[i] = Write{} // another version: the bind took effect, or never will
		}
	case SeeNode:
		s.SeenNodes[a.Node-1] = s.Nodes[a.Node-1]
	case Choose:
		if s.Due[i] = false; a.Node != 0 {
			s.Writes[i] = Write{Way: Sent, Node: uint8(a.Node), UID: s.Seen[i].UID, Version: s.Seen[i].Version}
		}
	case Arrive:
		s, s.Writes[i].Way = arrive(s, i, s.Writes[i])
	case Land:
		s, _ = arrive(s, i, s.Late[i])
		s.Late[i] = Write{}
	case Drop:
		s.Late[i] = Write{}
	case Answer:
		return heard(s, i)
	case LoseAnswer:
		s.Losses--
		return doubted(s, i)
	case GiveUp:
		s.Losses--
		s.Late[i] = s.Writes[i]
		return doubted(s, i)
	case Repeat:
		s.Writes[i].Way, s.Writes[i].Again = Sent, true
	case Look:
		s.Seen[i], s.Writes[i] = s.Pods[i], Write{}
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

func changedPod(s State, a Action) State {
	p := &s.Pods[a.Pod]
	if a.Kind == Delete && p.Phase == Ended {
		*p = p.gone() // at once, as upstream: nothing of it runs
		return s
	}
	switch a.Kind {
	case Create, Place:
		*p = StoredPod{Phase: Present, UID: p.UID + 1, Version: p.Version, Node: uint8(a.Node), Request: a.N}
		if a.Kind == Place {
			p.By = ByUser
		}
	case End:
		p.Phase = Ended
	case Delete:
		p.Phase = Leaving
	}
	p.Version++
	return s
}

func changedNode(s State, a Action) State {
	n := &s.Nodes[a.Node-1]
	switch a.Kind {
	case Shut, Open:
		n.Shut = a.Kind == Shut
	case Resize:
		n.Allocatable = a.N
	case Vanish:
		*n = StoredNode{}
	case Return:
		*n = StoredNode{There: true, Allocatable: a.N}
	}
	s.Most[a.Node-1] = max(s.Most[a.Node-1], n.Allocatable)
	return s
}

// arrive carries a bind out, as the server does: whether its precondition holds is decided there and then.
func arrive(s State, i int, w Write) (State, Way) {
	p := &s.Pods[i]
	if !p.waits() || p.UID != w.UID || p.Version != w.Version {
		return s, Refused
	}
	*p = p.bound(w)
	return s, Done
}

// bound is a pod after a bind.
func (p StoredPod) bound(w Write) StoredPod {
	p.Node, p.Version = w.Node, p.Version+1
	if w.Orphan {
		p.By = ByOrphan
	}
	return p
}

// heard is the state after an answer. The pod is looked at again: perhaps it needs another node.
func heard(s State, i int) State {
	w := s.Writes[i]
	s.Due[i] = true
	switch {
	case s.passed(i):
		s.Writes[i] = Write{}
	case w.Way == Done:
		s.Seen[i].Node, s.Seen[i].Version = w.Node, w.Version+1 // it is shown until the cache shows a later version
		s.Writes[i] = Write{}
	case w.Again:
		s.Writes[i].Way = Moot
	default:
		s.Writes[i] = Write{} // it has not happened, and never will
	}
	return s
}

// doubted is the state after it is clear that there will be no answer.
func doubted(s State, i int) State {
	s.Due[i] = true
	if s.Writes[i].Way = Unknown; s.passed(i) {
		s.Writes[i] = Write{}
	}
	return s
}

// crashed is the state after a crash: what was sent and has not arrived is late.
func crashed(s State) State {
	for i, w := range s.Writes {
		if w.Way == Sent {
			s.Late[i] = w
		}
		s.Late[i].Orphan = s.Late[i].Way != None
	}
	s.Up, s.SeenNodes, s.Seen = false, [NodeNames]StoredNode{}, [PodNames]StoredPod{}
	s.Due, s.Writes = [PodNames]bool{}, [PodNames]Write{}
	return s
}

// woken is the state after a step, with those pods due that the change of the view concerns: a pod that itself looks otherwise, and all that
// wait if the change may help them. What is due is only what waits.
func woken(before, s State) State {
	if !before.Up || !s.Up {
		return s
	}
	helped := false
	for i := range s.Pods {
		was, is := before.shown(i), s.shown(i)
		s.Due[i] = s.Due[i] || was != is
		left := !is.occupies() || is.Node != was.Node || is.UID != was.UID
		helped = helped || was.occupies() && left
	}
	for i, is := range s.SeenNodes {
		helped = helped || is.There && is != before.SeenNodes[i]
	}
	for i := range s.Due {
		s.Due[i] = (s.Due[i] || helped) && s.shown(i).waits()
	}
	return s
}
