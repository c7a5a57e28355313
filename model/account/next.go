package account

// Domain bounds the world: what there is at first, and how often what may go wrong does.
type Domain struct {
	// Settled: the account and the map are there at first. Pod: so is the pod. Generates: every account has a token that nobody asked for.
	Settled, Pod, Generates bool
	// Changes is what users do, Tokens how often somebody gets a token.
	Changes, Tokens, Losses, Crashes uint8
	// Prompt: the controller's cache shows everything at once. With it, worlds with tokens are small enough.
	Prompt bool
	// Anyhow: the world begins in any state at all; see [anyhow].
	Anyhow bool
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, kind Kind, object int) {
		if yes {
			actions = append(actions, Action{Kind: kind, Object: object})
		}
	}
	if s.Changes > 0 && !s.Healed {
		actions = changes(d, s, actions)
	}
	if s.Tokens > 0 && !s.Healed {
		actions = tokens(s, actions)
	}
	ending := s.Phase == Terminating
	for o := range objects + 1 {
		add(ending && s.there(o), Empty, o)
	}
	add(ending && s.empty(), Finish, 0)
	add(s.accepts(), Accept, 0)
	add(d.Tokens > 0 && s.Known != s.shown(), Learn, 0)
	if s.Up {
		add(s.SeenPhase != s.Phase, SeePhase, 0)
		for o := range objects {
			add(s.behind(o), See, o)
		}
		actions = decisions(d, s, actions)
	}
	for o, w := range s.Writes {
		late := s.Late[o].Way != None
		add(w.Way == Sent, Arrive, o)
		add(w.Way == Sent && !late && s.Losses > 0 && !s.Healed, GiveUp, o)
		add(w.Way == Open, Resolve, o)
		add(late, Land, o)
		add(late, Drop, o)
	}
	add(s.Up && s.Crashes > 0 && !s.Healed && s.quietWay(), Crash, 0)
	add(!s.Up, Start, 0)
	add(!s.Healed, Heal, 0)
	// An authenticator may be late, but not for longer than a tick. Only tokens have to do with time.
	add(d.Tokens > 0 && s.Known == s.shown() && (s.Token.Left > 0 || s.Lived != s.lives()), Tick, 0)
	return actions
}

// changes are what users do. A pod cannot be created without its account.
func changes(d Domain, s State, actions []Action) []Action {
	add := func(yes bool, kind Kind, object int) {
		if yes {
			actions = append(actions, Action{Kind: kind, Object: object})
		}
	}
	active := s.Phase == Active
	add(active, End, 0)
	add(s.Phase == Gone, Again, 0)
	add(active && s.Account == 0, Make, 0)
	add(s.Map == Right, Edit, theMap)
	for o := range objects {
		add(active && s.there(o), Erase, o)
	}
	add(active && s.Secrets[1].UID == 0, Ask, firstSecret+1)
	add(d.Tokens > 0 && active && s.Account != 0 && s.Pod == 0, Begin, 0)
	add(active && s.Pod != 0, Stop, 0)
	return actions
}

// tokens are those that somebody may get: the API server issues one for an account and a pod that are there.
func tokens(s State, actions []Action) []Action {
	if s.Account == 0 {
		return actions
	}
	if s.Pod != 0 {
		actions = append(actions, Action{Kind: Issue, Source: FromPod})
	}
	actions = append(actions, Action{Kind: Issue, Source: FromForeign})
	for i, c := range s.Secrets {
		if c.Filled {
			actions = append(actions, Action{Kind: Issue, Source: FromSecret, Object: firstSecret + i})
		}
	}
	return actions
}

// decisions are what the controller may do now: everything that its view does not refuse, and a live read of the account if something would be
// decided if it were read. A plan of several effects is several decisions.
func decisions(d Domain, s State, actions []Action) []Action {
	v := s.View(d)
	look := false
	for _, e := range effects {
		if v.Refuses([]Effect{e}) == "" {
			actions = append(actions, work(e))
			continue
		}
		if live := &v.Accounts[0].Live; !*live {
			*live = true
			look = look || v.Refuses([]Effect{e}) == ""
			*live = false
		}
	}
	if look {
		actions = append(actions, Action{Kind: Look})
	}
	return actions
}

// effects are all that there are. Only one name is that of a generated secret.
var effects = []Effect{{Create, 0}, {Publish, 0}, {Repair, 0}, {Generate, 0}, {Fill, 0}, {Fill, 1}, {Purge, 0}, {Purge, 1}}

// quietWay: what a crash leaves on its way has room among what is late.
func (s State) quietWay() bool {
	for o, w := range s.Writes {
		if w.Way == Sent && s.Late[o].Way != None {
			return false
		}
	}
	return true
}

// there reports whether the store holds an object, or the pod.
func (s State) there(o int) bool {
	switch o {
	case theAccount:
		return s.Account != 0
	case theMap:
		return s.Map != Absent
	case objects:
		return s.Pod != 0
	}
	return s.Secrets[o-firstSecret].UID != 0
}

func (s State) empty() bool {
	for o := range objects + 1 {
		if s.there(o) {
			return false
		}
	}
	return true
}

// behind: the cache does not show the object as the store holds it.
func (s State) behind(o int) bool {
	switch o {
	case theAccount:
		return s.SeenAccount.Behind
	case theMap:
		return s.SeenMap.Behind
	}
	return s.SeenSecrets[o-firstSecret].Behind
}
