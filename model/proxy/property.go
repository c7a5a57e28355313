package proxy

import (
	"slices"

	"orrery/model/machine"
)

// Knows is row 115: a write that has failed, or whose outcome nobody knows, is not taken for done. (As the proxy looks again from time to time
// the rules would come right all the same, in the end.)
var Knows = machine.Property[State]{Name: "the kernel holds what the proxy believes, unless somebody else has removed it", Holds: func(s State) bool {
	return !s.Sure || s.Tampered || s.Table == s.Known
}}

// The claims about single steps. Those about decisions are said without [View.Refuses], so that they judge it, too.
var (
	Justified = step("the view justifies what is decided", func(s State, a Action, after State) bool {
		switch a.Kind {
		case Work:
			return s.View().Refuses(Plan{Verb: Replace, Rules: after.Write.Table.rules()}) == ""
		case End:
			return s.View().Refuses(Plan{Verb: Flush, Flows: ended(s, after)}) == ""
		}
		return true
	})
	// Listed is row 114. Without it a proxy that has seen services and no slices rejects every client of the node.
	Listed = step("nothing is done before all services and all slices were listed", func(s State, a Action, _ State) bool {
		return a.Kind != Work && a.Kind != End || s.ServicesListed && s.SlicesListed
	})
	// Whole is the one half of row 113: clients never meet a part of the rules.
	Whole = step("the kernel holds no rules but those that were decided together", func(s State, a Action, after State) bool {
		return s.Table == after.Table || a.Kind == Tamper || s.Write.Way == Sent && after.Table == s.Write.Table
	})
	// Kept is row 117.
	Kept = step("whether the proxy runs makes no difference to what the kernel holds", func(s State, a Action, after State) bool {
		return a.Kind != Crash && a.Kind != Start && a.Kind != ListServices && a.Kind != ListSlices ||
			s.Table == after.Table && s.Flow == after.Flow && s.Sticky == after.Sticky
	})
	// ToReady, ToDraining and ToNobody are row 118; that the proxy sees slices late is its lag.
	ToReady = written("where there are ready endpoints, new flows go to all of them, and to no other", func(e Entry, seen usable) bool {
		return seen.ready == nobody || e.Verdict == Forward && e.Targets == seen.ready
	})
	ToDraining = written("where there are none, they go to those that are being deleted and still serve", func(e Entry, seen usable) bool {
		return seen.ready != nobody || seen.draining == nobody || e.Verdict == Forward && e.Targets == seen.draining
	})
	ToNobody = written("where there are none of those either, they are rejected, or dropped if other nodes have some", func(e Entry, seen usable) bool {
		if seen.ready != nobody || seen.draining != nobody {
			return true
		}
		return seen.elsewhere && e.Verdict == Drop || !seen.elsewhere && e.Verdict == Reject
	})
	// Ended is row 116, as far as the view goes.
	Ended = step("after flows were ended, none of UDP is at what is no endpoint", func(s State, a Action, after State) bool {
		return a.Kind != End || after.Flow == Flow{} || s.View().Keeps(after.Flow)
	})
	// TCP is the exception of row 116.
	TCP = step("no flow of TCP is ended", func(s State, a Action, after State) bool {
		return a.Kind != End || s.Flow.UDP || s.Flow == after.Flow
	})
	// NotInVain: what may begin may stay. Upstream: ends flows to endpoints that do not serve, though new ones are sent there if the service
	// publishes what is not ready, so that each sync breaks them (conntrack/cleanup.go).
	NotInVain = step("no flow is ended that would begin again at the same endpoint", func(s State, a Action, after State) bool {
		return a.Kind != End || s.Flow == after.Flow || !s.Table.to(s.Flow.Address, s.Flow.Target)
	})
	// Affine is what affinity is for: neither other changes nor a restart move a client.
	Affine = step("a client with affinity stays with its endpoint as long as new flows go there", func(s State, a Action, after State) bool {
		f := s.Sticky
		return a.Kind == Connect || f == after.Sticky || !(after.Table.to(f.Address, f.Target) && after.Table[f.Address-1].Affinity)
	})
)

// Stable is rows 113, 115 and 119: in the end, and for good, the kernel holds the rules that services and slices want.
var Stable = machine.Property[State]{Name: "the kernel holds the rules that are wanted", Holds: func(s State) bool {
	return s.Table == tableOf(s.truth().Wanted())
}}

// Unpinned is row 116, as far as services and slices go.
var Unpinned = machine.Property[State]{Name: "no flow of UDP is at what is no endpoint", Holds: func(s State) bool {
	return s.Flow == Flow{} || s.truth().Keeps(s.Flow)
}}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "clients are rejected", Holds: anyEntry(func(e Entry) bool { return e.Verdict == Reject })},
	{Name: "clients are dropped", Holds: anyEntry(func(e Entry) bool { return e.Verdict == Drop })},
	{Name: "clients are sent to two endpoints", Holds: anyEntry(func(e Entry) bool { return e.Targets == [Targets]bool{true, true} })},
	{Name: "clients are sent to an endpoint that is being deleted", Holds: func(s State) bool {
		return s.Table.to(1, 1) && s.Slices[0].Conditions[0] == Draining
	}},
	{Name: "slices say two things of one endpoint", Holds: func(s State) bool {
		a, b := s.SeenSlices[0], s.SeenSlices[1]
		return a.Service == b.Service && a.Conditions[0] == Draining && b.Conditions[0] == Ready
	}},
	{Name: "two services are shown with one address", Holds: func(s State) bool {
		return s.SeenServices[0].Address == s.SeenServices[1].Address && s.SeenServices[0].Address != 0
	}},
	{Name: "a flow is not translated, and there is a rule by now", Holds: func(s State) bool {
		return s.Flow.Address != 0 && s.Flow.Target == 0 && s.Table[s.Flow.Address-1].Verdict != Absent
	}},
	{Name: "there is a flow to a service that is gone, and its rule is gone", Holds: func(s State) bool {
		return s.Flow.Target != 0 && s.free(s.Flow.Address) && s.Table[s.Flow.Address-1].Verdict == Absent
	}},
	{Name: "a flow of TCP is at what is no endpoint", Holds: func(s State) bool {
		return s.Flow.Target != 0 && !s.Flow.UDP && s.free(s.Flow.Address)
	}},
	{Name: "a flow stays at an endpoint to which no new ones are sent", Holds: func(s State) bool {
		return s.Clean && s.Flow.UDP && s.Flow.Target != 0 && !s.Table.to(s.Flow.Address, s.Flow.Target)
	}},
	{Name: "the kernel has refused rules", Holds: func(s State) bool { return s.Write.Way == Failed }},
	{Name: "the proxy believes that the kernel holds rules, and it holds none", Holds: func(s State) bool {
		return s.Sure && s.Known != Table{} && s.Table == Table{}
	}},
	{Name: "rules work while no proxy runs", Holds: func(s State) bool { return !s.Up && s.Table[0].Verdict == Forward }},
	{Name: "a client has an endpoint of its own", Holds: func(s State) bool { return s.Sticky.Target != 0 && s.Flow == Flow{} }},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "once the rules are right, every flow is", Holds: func(s State) bool {
		return s.Table != tableOf(s.truth().Wanted()) || s.Flow == Flow{} || s.truth().Keeps(s.Flow)
	}},
	{Name: "a flow is at an endpoint to which new ones are sent", Holds: func(s State) bool {
		return !s.Clean || s.Flow.Target == 0 || s.Table.to(s.Flow.Address, s.Flow.Target)
	}},
	{Name: "a proxy that is sure knows what the kernel holds", Holds: func(s State) bool { return !s.Sure || s.Table == s.Known }},
	{Name: "no two services are shown with one address", Holds: func(s State) bool {
		return s.SeenServices[0].Address != s.SeenServices[1].Address || s.SeenServices[0].Address == 0
	}},
}

// ended are the flows that a step ended.
func ended(before, after State) []Flow {
	if before.Flow != (Flow{}) && after.Flow == (Flow{}) {
		return []Flow{before.Flow}
	}
	return nil
}

func anyEntry(is func(Entry) bool) func(State) bool {
	return func(s State) bool { return slices.ContainsFunc(s.Table[:], is) }
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// usable is what slices show of the targets that a service's policy allows, and whether others could be used but for the policy.
type usable struct {
	ready, draining [Targets]bool
	elsewhere       bool
}

var nobody [Targets]bool

// written is a claim about each rule that is sent to the kernel, and what was seen when it was.
func written(name string, holds func(Entry, usable) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		if a.Kind != Work {
			return true
		}
		for i, v := range s.SeenServices {
			other := s.SeenServices[1-i]
			later := other.UID > v.UID && other.Address == v.Address
			if v.UID != 0 && !later && !holds(after.Write.Table[v.Address-1], s.usable(v)) {
				return false
			}
		}
		return true
	})
}

func (s State) usable(v Service) (u usable) {
	for target := range Targets {
		seen := Out
		for _, at := range s.SeenSlices {
			if at.Service == v.Name {
				seen = max(seen, at.Conditions[target])
			}
		}
		ready, draining := seen == Ready || seen == Published, seen == Draining
		if v.Local && target != 0 {
			u.elsewhere = u.elsewhere || ready || draining
			continue
		}
		u.ready[target], u.draining[target] = ready, draining
	}
	return u
}
