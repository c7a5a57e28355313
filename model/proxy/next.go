package proxy

import "slices"

// Domain bounds the world: how many ready endpoints there are at first, whether one slice is for a second service, whether the service stays
// on the node and has affinity, and how often what may happen does. Anyhow: the world begins in any state at all; see [anyhow].
type Domain struct {
	Endpoints               int
	Second, Local, Affinity bool
	Anyhow                  bool
	Bounds
}

// Bounds are how many changes users make to services, how often slices change, how often somebody removes the rules, how many writes to the
// kernel fail or are not answered, and how often the proxy crashes. Clients do what they like.
type Bounds struct{ Services, Slices, Tampers, Failures, Crashes uint8 }

// Enabled appends the actions that may happen.
func Enabled(s State, actions []Action) []Action {
	add := func(yes bool, a Action) {
		if yes {
			actions = append(actions, a)
		}
	}
	if !s.Healed {
		actions = s.changes(actions)
	}
	actions = s.clients(actions)
	add(s.Up && !s.ServicesListed, Action{Kind: ListServices})
	add(s.Up && !s.SlicesListed, Action{Kind: ListSlices})
	for i := range s.Services {
		add(s.ServicesListed && s.SeenServices[i] != s.Services[i], Action{Kind: SeeService, N: i})
	}
	for i := range s.Slices {
		add(s.SlicesListed && s.SeenSlices[i] != s.Slices[i], Action{Kind: SeeSlice, N: i})
	}
	faulty := s.Left.Failures > 0 && !s.Healed
	if s.ServicesListed && s.SlicesListed && s.Write.Way == None {
		current := s.Sure && s.Known == tableOf(s.View().Wanted())
		add(!current, Action{Kind: Work})
		add(current && !s.Clean, Action{Kind: End})
		add(current && !s.Clean && faulty, Action{Kind: FailToEnd})
		add(current && s.Clean, Action{Kind: Resync})
	}
	add(s.Write.Way == Sent, Action{Kind: Apply})
	add(s.Write.Way == Sent && faulty, Action{Kind: Fail})
	add(s.Write.Way == Done || s.Write.Way == Failed, Action{Kind: Answer})
	add(s.Write.Way == Done && faulty, Action{Kind: LoseAnswer})
	add(s.Up && s.Left.Crashes > 0 && !s.Healed, Action{Kind: Crash})
	add(!s.Up, Action{Kind: Start})
	add(!s.Healed, Action{Kind: Heal})
	return actions
}

// changes are what users, pods and others on the node do.
func (s State) changes(actions []Action) []Action {
	for i, v := range s.Services {
		if s.Left.Services == 0 {
			break
		}
		if v.UID != 0 {
			actions = append(actions, Action{Kind: Vanish, N: i}, Action{Kind: Policy, N: i})
			continue
		}
		for address := uint16(1); address <= Addresses; address++ {
			if s.free(address) {
				actions = append(actions, Action{Kind: Again, N: i, Address: address})
			}
		}
	}
	for i, at := range s.Slices {
		if s.Left.Slices == 0 {
			break
		}
		for target, now := range at.Conditions {
			for c := Out; c <= Draining; c++ {
				if c != now {
					actions = append(actions, Action{Kind: Set, N: i, Target: uint16(target + 1), Condition: c})
				}
			}
		}
	}
	if s.Left.Tampers > 0 {
		actions = append(actions, Action{Kind: Tamper})
	}
	return actions
}

// clients are what the one client does: it begins a flow, where the kernel's rules lead, or is silent.
func (s State) clients(actions []Action) []Action {
	if s.Flow != (Flow{}) {
		return append(actions, Action{Kind: Expire})
	}
	for i, e := range s.Table {
		address := uint16(i + 1)
		if e.Verdict == Absent {
			actions = append(actions, Action{Kind: Connect, Address: address})
		}
		for target := uint16(1); target <= Targets; target++ {
			elsewhere := s.Sticky.Address == address && s.Sticky.Target != target
			if s.Table.to(address, target) && !elsewhere {
				actions = append(actions, Action{Kind: Connect, Address: address, Target: target})
			}
		}
	}
	return actions
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
	switch a.Kind {
	case Vanish, Again, Policy:
		s.Left.Services--
		return s.serviceChanged(a)
	case Set:
		s.Left.Slices--
		s.Slices[a.N].Conditions[a.Target-1] = a.Condition
	case Tamper:
		s.Left.Tampers--
		s.Table, s.Tampered = Table{}, true
		return s.forgotten()
	case Connect:
		s.Flow = Flow{a.Address, isUDP(a.Address), a.Target}
		if s.Table[a.Address-1].Affinity {
			s.Sticky = s.Flow
		}
	case Expire:
		s.Flow = Flow{}
	case ListServices:
		s.ServicesListed, s.SeenServices = true, s.Services
	case ListSlices:
		s.SlicesListed, s.SeenSlices = true, s.Slices
	case SeeService:
		s.SeenServices[a.N], s.Clean = s.Services[a.N], false
	case SeeSlice:
		s.SeenSlices[a.N], s.Clean = s.Slices[a.N], false
	case Work:
		s.Write, s.Sure = Write{Sent, tableOf(s.View().Wanted())}, false
	case Apply:
		s.Table, s.Tampered, s.Write.Way = s.Write.Table, false, Done
		return s.forgotten()
	case Fail:
		s.Left.Failures--
		s.Write.Way = Failed
	case Answer:
		return s.heard(s.Write.Way == Done)
	case LoseAnswer:
		s.Left.Failures--
		return s.heard(false)
	case End:
		if s.Clean = true; s.Flow != (Flow{}) && !s.View().Keeps(s.Flow) {
			s.Flow = Flow{}
		}
	case FailToEnd:
		s.Left.Failures--
	case Resync:
		s.Sure, s.Clean = false, false
	case Crash:
		s.Left.Crashes--
		s.Up, s.ServicesListed, s.SlicesListed, s.SeenServices, s.SeenSlices = false, false, false, [Services]Service{}, [Slices]Stored{}
		s.Known, s.Sure, s.Clean, s.Write = Table{}, false, false, Write{}
	case Start:
		s.Up = true
	case Heal:
		s.Healed, s.Left = true, Bounds{}
	}
	return s
}

func (s State) serviceChanged(a Action) State {
	v := &s.Services[a.N]
	switch a.Kind {
	case Vanish:
		*v = Service{}
	case Again:
		*v = Service{Name: uint16(a.N + 1), UID: s.NextUID, Address: a.Address, UDP: isUDP(a.Address)}
		s.NextUID++
	case Policy:
		v.Local = !v.Local
	}
	return s
}

// heard is the state after the answer to a write. One that failed, or of which nothing is known, leaves the proxy with no notion of what the
// kernel holds, so that everything is written again.
func (s State) heard(done bool) State {
	s.Known, s.Sure, s.Clean = s.Write.Table, done, false
	if !done {
		s.Known = Table{}
	}
	s.Write = Write{}
	return s
}

// forgotten is the state after the kernel's rules have changed: it remembers where a client goes as long as the rule allows it.
func (s State) forgotten() State {
	if f := s.Sticky; f.Address != 0 && !(s.Table.to(f.Address, f.Target) && s.Table[f.Address-1].Affinity) {
		s.Sticky = Flow{}
	}
	return s
}
