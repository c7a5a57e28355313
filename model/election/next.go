package election

// Domain bounds the world. A tick is so many units of each candidate's clock. Acting: what a leader does is on its way for a while. The rest is
// how often what may go wrong does; Changes are those of users, who touch the lease and tell candidates to end.
type Domain struct {
	LeaseDuration, RenewDeadline uint8
	Rates                        [Candidates]uint8
	Acting                       bool
	Crashes, Losses, Changes     uint8
}

// close: the rates of the clocks differ by less than LeaseDuration/RenewDeadline.
func (d Domain) close() bool {
	slow, fast := int(min(d.Rates[0], d.Rates[1])), int(max(d.Rates[0], d.Rates[1]))
	return fast*int(d.RenewDeadline) < int(d.LeaseDuration)*slow
}

// Enabled appends the actions that may happen.
func Enabled(d Domain, s State, actions []Action) []Action {
	begin := len(actions)
	add := func(yes bool, kind Kind, i int) {
		if yes {
			actions = append(actions, Action{kind, i})
		}
	}
	for i, c := range s.All {
		v := s.view(d, i)
		free := c.Up && c.Request.Way == None
		wants := free && !c.Asked && c.Ending != Told
		mine := c.Known && int(c.Seen) == i+1
		add(wants && v.Refuses(Take) != "" && !(c.Ending == Stopped && c.Known), Look, i)
		add(wants && v.Refuses(Take) == "", Hold, i)
		add(c.Request.Way == Sent, Arrive, i)
		add(c.Request.Way == Done || c.Request.Way == Refused, Hear, i)
		add(c.Request.Way != None && s.Losses > 0 && !s.Healed && s.Late[i].Way == None, Lose, i)
		add(s.Late[i].Way != None, Land, i)
		add(s.Late[i].Way != None, Drop, i)
		add(d.Acting && s.acts(i) && !s.Effects[i] && !s.Healed, Act, i)
		add(s.Effects[i], Effect, i)
		add(c.Up && c.Ending == Stays && s.Changes > 0 && !s.Healed, End, i)
		add(c.Up && c.Ending == Told, Stop, i)
		add(free && v.Refuses(Give) == "", Release, i)
		add(free && c.Ending == Stopped && c.Known && !mine, Leave, i)
		add(c.Up && s.Crashes > 0 && !s.Healed && s.Late[i].Way == None, Crash, i)
		add(!c.Up, Start, i)
	}
	add(s.Changes > 0 && !s.Healed, Touch, 0)
	add(!s.Healed || len(actions) == begin, Tick, 0)
	add(!s.Healed, Heal, 0)
	return actions
}

// after is the state after an action that is enabled.
func after(d Domain, s State, a Action) State {
	i := a.Who
	c := &s.All[i]
	switch a.Kind {
	case Look:
		c.Request = Request{Way: Done, Verb: Read, Shown: s.Holder, Same: c.Fresh, Fresh: true}
	case Hold:
		c.Request = Request{Way: Sent, Verb: Take, Fresh: c.Fresh}
	case Release:
		c.Request = Request{Way: Sent, Verb: Give, Fresh: c.Fresh}
	case Arrive:
		if c.Request.Way = Refused; c.Request.Fresh {
			s = s.written(c.Request.names(i))
			s.All[i].Request.Way, s.All[i].Request.Fresh = Done, true
		}
	case Hear:
		*c = heard(d, *c, i)
	case Lose:
		s.Losses--
		s.Late[i] = c.late(i)
		c.Request, c.Known, c.Asked = Request{}, false, true
	case Land:
		if w := s.Late[i]; w.Fresh {
			s = s.written(w.Holder)
		}
		s.Late[i] = Write{}
	case Drop:
		s.Late[i] = Write{}
	case Act, Effect:
		s.Effects[i] = a.Kind == Act
	case End:
		s.Changes--
		c.Ending = Told
	case Stop:
		c.Ending, c.Leads, c.Led, c.Asked = Stopped, false, 0, false
	case Touch:
		s.Changes--
		s = s.written(s.Holder)
	case Crash:
		s.Crashes--
		late := c.late(i)
		s = s.left(i)
		if late.Way == Sent {
			if late.Holder != 0 {
				late.Holder = Gone
			}
			s.Late[i] = late
		}
	case Leave:
		s = s.left(i)
	case Start:
		*c = Candidate{Up: true}
	case Heal:
		s.Healed, s.Crashes, s.Losses, s.Changes = true, 0, 0, 0
	case Tick:
		for i := range s.All {
			s.All[i] = s.All[i].older(d, i)
		}
	}
	return s
}

// written is the state after a write to the lease: what anybody knew of it is out of date.
func (s State) written(holder uint8) State {
	s.Holder = holder
	for i := range s.All {
		s.All[i].Fresh, s.All[i].Request.Fresh, s.Late[i].Fresh = false, false, false
	}
	return s
}

// names is whom a write names.
func (r Request) names(i int) uint8 {
	if r.Verb == Take {
		return uint8(i + 1)
	}
	return 0
}

// late is what is left of a candidate's request if nobody waits for it any more.
func (c Candidate) late(i int) Write {
	if c.Request.Way != Sent {
		return Write{}
	}
	return Write{Way: Sent, Holder: c.Request.names(i), Fresh: c.Request.Fresh}
}

// heard is a candidate after an answer.
func heard(d Domain, c Candidate, i int) Candidate {
	r := c.Request
	c.Request = Request{}
	switch {
	case r.Verb == Read:
		if c.Known, c.Seen, c.Fresh = true, r.Shown, r.Fresh; !r.Same {
			c.Since = 0
		}
		if int(c.Seen) != i+1 {
			c.Leads, c.Led = false, 0
		}
		c.Asked = c.Seen != 0 && int(c.Seen) != i+1 && c.Since < d.LeaseDuration
	case r.Way == Refused:
		c.Known = false
	default:
		c.Known, c.Seen, c.Since, c.Fresh, c.Asked = true, r.names(i), 0, r.Fresh, true
		if r.Verb == Take && r.Age < d.RenewDeadline && c.Ending != Stopped {
			c.Leads, c.Led = true, r.Age
		}
	}
	return c
}

// left is the state after a candidate has gone: who has its number next is somebody else.
func (s State) left(i int) State {
	me := uint8(i + 1)
	rename := func(n *uint8) {
		if *n == me {
			*n = Gone
		}
	}
	s.All[i] = Candidate{}
	rename(&s.Holder)
	for j := range s.All {
		rename(&s.All[j].Seen)
		rename(&s.All[j].Request.Shown)
		rename(&s.Late[j].Holder)
	}
	return s
}

// older is a candidate after a tick.
func (c Candidate) older(d Domain, i int) Candidate {
	by := d.Rates[i]
	if !c.Up {
		return c
	}
	if c.Asked = false; c.Seen != 0 && int(c.Seen) != i+1 {
		c.Since = min(c.Since+by, d.LeaseDuration)
	}
	if c.Request.Way != None && c.Request.Verb == Take {
		c.Request.Age = min(c.Request.Age+by, d.RenewDeadline)
	}
	if c.Leads {
		if c.Led = min(c.Led+by, d.RenewDeadline); c.Led == d.RenewDeadline {
			c.Leads, c.Led = false, 0
		}
	}
	return c
}
