package endpoints

import "slices"

// Domain bounds the world: how many pods there are at first, how many endpoints a slice holds, whether the service publishes what is not
// ready, and how often what may happen does. Anyhow: the world begins in any state at all; see [anyhow].
type Domain struct {
	Pods, Room int
	Publishes  bool
	Anyhow     bool
	Bounds
}

// Bounds are how many changes users make to services, how many happen to pods, how many slices are changed by hand, how many requests and
// answers are lost or late, and how often the controller crashes.
type Bounds struct{ Services, Pods, Edits, Losses, Crashes uint8 }

// Enabled appends the actions that may happen.
func Enabled(s State, actions []Action) []Action {
	add := func(yes bool, k Kind, n int) {
		if yes {
			actions = append(actions, Action{k, n})
		}
	}
	if !s.Healed {
		actions = s.changes(actions)
	}
	for i, at := range s.Slices {
		add(at.There && at.Owner != 0 && at.Owner != s.Service.UID, Collect, i)
	}
	if s.Up {
		add(s.SeenService != s.Service, SeeService, 0)
		for i := range s.Pods {
			add(s.SeenPods[i] != s.Pods[i], SeePod, i)
		}
		for i := range s.Slices {
			add(s.Seen[i] != s.Slices[i], See, i)
		}
		add(len(s.plan()) > 0, Work, 0)
	}
	for i, w := range s.Writes {
		faulty := s.Left.Losses > 0 && !s.Healed
		add(w.Way == Sent, Arrive, i)
		add(w.Way == Done || w.Way == Refused, Answer, i)
		add(faulty && w.Way == Done, LoseAnswer, i)
		add(faulty && w.Way == Sent && s.Late[i].Way == None, GiveUp, i)
		add(w.Way == Unknown, Resolve, i)
	}
	for i, w := range s.Late {
		add(w.Way != None, Land, i)
		add(w.Way != None, Drop, i)
	}
	add(s.Up && s.Left.Crashes > 0 && !s.Healed && s.quietWay(), Crash, 0)
	add(!s.Up, Start, 0)
	add(!s.Healed, Heal, 0)
	return actions
}

// changes are what users and the pods themselves do.
func (s State) changes(actions []Action) []Action {
	add := func(yes bool, k Kind, n int) {
		if yes {
			actions = append(actions, Action{k, n})
		}
	}
	if s.Left.Services > 0 {
		there := s.Service.UID != 0
		add(there, Select, 0)
		add(there, Publish, 0)
		add(there && !s.Service.Leaving, Leave, 0)
		add(there, Vanish, 0)
		add(!there, Again, 0)
	}
	for i, p := range s.Pods {
		may := s.Left.Pods > 0
		add(may && p.Phase == Absent, Appear, i)
		add(may && p.Phase == Alive && p.Address == 0, Begin, i)
		add(may && p.Phase == Alive && p.Address != 0, Ready, i)
		add(may && p.Phase == Alive, Relabel, i)
		add(may && p.Phase == Alive, End, i)
		add(may && p.Phase == Alive && !p.Leaving, Delete, i)
		add(may && p.Phase != Absent && (p.Leaving || p.Phase == Ended), RemovePod, i)
	}
	for i, at := range s.Slices {
		may := s.Left.Edits > 0
		add(may && at.There && at.Ours, Edit, i)
		add(may && at.There, Disown, i)
		add(may && at.There && at.Ours, Erase, i)
		add(may && !at.There, Foreign, i)
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

// plan is what the controller does now. It is one of the plans that its view does not refuse, and does all there is to do: first what is
// missing or wrong is written, each endpoint staying in the slice in which it is; and when the view shows that nothing is, what is too much
// is deleted.
func (s State) plan() []Effect {
	v := s.View()
	if v.Service.UID == 0 || !v.Service.Selects || slices.ContainsFunc(v.Slices, func(s Slice) bool { return s.Open }) {
		return nil
	}
	if writes, missing := v.writes(); len(writes) > 0 || missing {
		return writes
	}
	return v.deletions()
}

// writes are what makes the service's slices hold what is wanted; missing: there is no name for all of it.
func (v View) writes() (plan []Effect, missing bool) {
	left := v.Wanted()
	kept := make([][]Endpoint, len(v.Slices))
	for i, s := range v.Slices {
		if !v.owned(s) {
			continue
		}
		for _, e := range s.Endpoints { // of duplicates the first stays
			if at := slices.IndexFunc(left, e.same); at >= 0 && len(kept[i]) < v.Room {
				kept[i] = append(kept[i], left[at])
				left = slices.Delete(left, at, at+1)
			}
		}
	}
	for i, s := range v.Slices {
		if !v.owned(s) {
			continue
		}
		n := min(v.Room-len(kept[i]), len(left))
		kept[i], left = append(kept[i], left[:n]...), left[n:]
		if slices.SortFunc(kept[i], compare); !slices.Equal(kept[i], s.Endpoints) {
			plan = append(plan, Effect{Update, i, kept[i]})
		}
	}
	if v.Service.Leaving {
		return plan, len(left) > 0 // a service that goes gets no more slices
	}
	none := !slices.ContainsFunc(v.Slices, v.owned)
	for i, s := range v.Slices {
		if !s.There && (len(left) > 0 || none) { // the first free name, so that a create that was given up is sent again under its name
			n := min(v.Room, len(left))
			plan = append(plan, Effect{Create, i, slices.Clone(left[:n])})
			left, none = left[n:], false
		}
	}
	return plan, len(left) > 0 || none
}

// deletions are the leftovers, and empty slices but for one, as every service has at least one.
func (v View) deletions() (plan []Effect) {
	if !slices.ContainsFunc(v.Slices, v.owned) {
		return nil
	}
	full := slices.ContainsFunc(v.Slices, func(s Slice) bool { return v.owned(s) && len(s.Endpoints) > 0 })
	for i, s := range v.Slices {
		switch {
		case !s.There || !s.Ours || len(s.Endpoints) > 0 && v.owned(s):
		case v.owned(s) && !full:
			full = true // this is the one
		default:
			plan = append(plan, Effect{Verb: Remove, Slice: i})
		}
	}
	return plan
}

// Next is the state after an action.
func Next(s State, a Action) (State, bool) {
	if !slices.Contains(Enabled(s, nil), a) {
		return s, false
	}
	return after(s, a), true
}

// after is Next for an action that is enabled.
func after(s State, a Action) State {
	i := a.N
	switch a.Kind {
	case Select, Publish, Leave, Vanish, Again:
		s.Left.Services--
		return s.serviceChanged(a.Kind)
	case Appear, Begin, Ready, Relabel, End, Delete, RemovePod:
		s.Left.Pods--
		return s.podChanged(a.Kind, i)
	case Edit, Disown, Erase, Foreign:
		s.Left.Edits--
		return s.edited(a.Kind, i)
	case Collect:
		s.Slices[i] = Stored{Version: s.Slices[i].Version + 1}
	case SeeService:
		s.SeenService = s.Service
	case SeePod:
		s.SeenPods[i] = s.Pods[i]
	case See:
		if s.Seen[i] = s.Slices[i]; s.Writes[i].Way == Unknown && s.passed(i) {
			s.Writes[i] = Write{}
		}
	case Work:
		for _, e := range s.plan() {
			s.Writes[e.Slice] = Write{e.Verb, Sent, s.SeenService.UID, s.Seen[e.Slice].Version, held(e.Endpoints)}
		}
	case Arrive:
		s, s.Writes[i] = arrive(s, i, s.Writes[i])
	case Land:
		s, _ = arrive(s, i, s.Late[i])
		s.Late[i] = Write{}
	case Drop:
		s.Late[i] = Write{}
	case Answer:
		return heard(s, i)
	case LoseAnswer:
		s.Left.Losses--
		s.Writes[i] = doubted(s, i)
	case GiveUp:
		s.Left.Losses--
		s.Late[i], s.Loose = s.Writes[i], true
		s.Writes[i] = doubted(s, i)
	case Resolve:
		return resolved(s, i)
	case Crash:
		s.Left.Crashes--
		return crashed(s)
	case Start:
		return s.started()
	case Heal:
		s.Healed, s.Left = true, Bounds{}
	}
	return s
}

func (s State) serviceChanged(k Kind) State {
	switch k {
	case Select:
		s.Service.Selects = !s.Service.Selects
	case Publish:
		s.Service.Publishes = !s.Service.Publishes
	case Leave:
		s.Service.Leaving = true
	case Vanish:
		s.Service = Service{}
	case Again:
		s.Service = Service{UID: s.NextUID, Selects: true}
		s.NextUID++
	}
	return s
}

func (s State) podChanged(k Kind, i int) State {
	p := &s.Pods[i]
	switch k {
	case Appear:
		*p = Pod{UID: s.NextUID, Phase: Alive, Matches: true}
		s.NextUID++
	case Begin:
		return s.begun(i)
	case Ready:
		p.Ready = !p.Ready
	case Relabel:
		p.Matches = !p.Matches
		s.Edited = s.Edited || p.Matches
	case End:
		p.Phase = Ended // its conditions and its address stay, as the worst that a status may show
	case Delete:
		p.Leaving = true
	case RemovePod:
		*p = Pod{}
	}
	return s
}

// nonsense is what nobody wants: the address of no pod.
var nonsense = Held{{Address: 9, Ready: true, Serving: true}}

func (s State) edited(k Kind, i int) State {
	at := &s.Slices[i]
	s.Edited = s.Edited || k != Foreign
	switch k {
	case Edit:
		at.Endpoints = nonsense
	case Disown:
		at.Ours = !at.Ours
	case Erase:
		*at = Stored{Version: at.Version}
	case Foreign:
		*at = Stored{There: true, Version: at.Version, Endpoints: nonsense}
	}
	at.Version++
	return s
}

// arrive carries a request out, as the server does: whether its precondition holds is decided there and then.
func arrive(s State, i int, w Write) (State, Write) {
	at := &s.Slices[i]
	if w.Verb == Create && at.There || w.Verb != Create && (!at.There || at.Version != w.Version) {
		w.Way = Refused
		return s, w
	}
	w.Way, w.Version = Done, at.Version
	switch w.Verb {
	case Create:
		*at = Stored{There: true, Ours: true, Owner: w.Owner, Endpoints: w.Endpoints}
	case Update:
		at.Endpoints = w.Endpoints
	case Remove:
		*at = Stored{}
	}
	at.Version = w.Version + 1
	return s, w
}

// heard is the state after an answer. One that says that the write was carried out holds the object, which the view shows until the cache
// shows a later one.
func heard(s State, i int) State {
	w := s.Writes[i]
	if s.Writes[i] = (Write{}); w.Way == Refused || s.Seen[i].Version > w.Version {
		return s
	}
	if s.Seen[i] = (Stored{}); w.Verb != Remove {
		s.Seen[i] = Stored{There: true, Ours: true, Owner: w.Owner, Endpoints: w.Endpoints}
	}
	s.Seen[i].Version = w.Version + 1
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

// passed: the cache shows that a write took effect or never will, as the name is used that it was to take, or the version is gone that it
// required.
func (s State) passed(i int) bool {
	if w := s.Writes[i]; w.Verb != Create {
		return s.Seen[i].Version > w.Version
	}
	return s.Seen[i].There
}

// resolved is the state after the controller has asked what became of a write.
func resolved(s State, i int) State {
	if s.Writes[i].Verb != Create {
		s.Writes[i].Way = Sent // again, with the same precondition: of the two at most one takes effect
		return s
	}
	s.Seen[i], s.Writes[i] = s.Slices[i], Write{} // the name is read; if it is free, it is the first free one again
	return s
}

// crashed is the state after a crash: what was sent and has not arrived is late.
func crashed(s State) State {
	for i, w := range s.Writes {
		if w.Way == Sent {
			s.Late[i] = w
		}
	}
	s.Up, s.SeenService, s.SeenPods, s.Seen, s.Writes = false, Service{}, [Pods]Pod{}, [Slices]Stored{}, [Slices]Write{}
	s.Loose = true
	return s
}
