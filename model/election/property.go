package election

import "orrery/model/machine"

// Disjoint is row 44, for clocks whose rates do not differ by too much.
var Disjoint = machine.Property[State]{Name: "no two candidates act at once", Holds: func(s State) bool {
	return !s.acts(0) || !s.acts(1)
}}

// Named is why: for as long as a candidate acts, nobody else can have got the lease.
var Named = machine.Property[State]{Name: "who acts holds the lease", Holds: func(s State) bool {
	for i := range s.All {
		if s.acts(i) && int(s.Holder) != i+1 {
			return false
		}
	}
	return true
}}

// inTime is C07.
func inTime(d Domain) machine.Property[State] {
	return machine.Property[State]{Name: "nobody acts for longer than RenewDeadline after it sent its last write", Holds: func(s State) bool {
		for i, c := range s.All {
			if s.acts(i) && c.Led >= d.RenewDeadline {
				return false
			}
		}
		return true
	}}
}

// justified is row 45: what is known of the lease justifies what is written, and that is who holds it and for how long it has been so.
func justified(d Domain) machine.StepProperty[State, Action] {
	return step("what a candidate knows justifies its write", func(s State, a Action, _ State) bool {
		switch a.Kind {
		case Hold:
			return s.view(d, a.Who).Refuses(Take) == ""
		case Release:
			return s.view(d, a.Who).Refuses(Give) == ""
		}
		return true
	})
}

// The claims about single steps.
var (
	// StopsFirst is C10.
	StopsFirst = step("the lease is given back by who does not act", func(s State, a Action, after State) bool {
		return a.Kind != Arrive || after.Holder != 0 || s.Holder == 0 || !s.acts(a.Who)
	})
	// Precise: a write changes the lease only as it was known to its writer, so that of two who take it over one does.
	Precise = step("a write takes place only on the lease that its writer knew", func(s State, a Action, after State) bool {
		switch a.Kind {
		case Arrive:
			return s.All[a.Who].Request.Fresh || after.All[a.Who].Request.Way == Refused
		case Land:
			return s.Late[a.Who].Fresh || after.Holder == s.Holder
		}
		return true
	})
)

// Led is row 119: in the end one candidate acts, and goes on to.
var Led = machine.Property[State]{Name: "somebody acts", Holds: func(s State) bool { return s.acts(0) || s.acts(1) }}

// Fence is what leader election is not.
var Fence = machine.Property[State]{Name: "what a candidate did arrives before another acts", Holds: func(s State) bool {
	return !(s.Effects[0] && s.acts(1)) && !(s.Effects[1] && s.acts(0))
}}

// tempting are what one might believe; with clocks that differ too much, that no two act at once is one of them.
func tempting(d Domain) []machine.Property[State] {
	all := []machine.Property[State]{
		Fence,
		// A leader that stops at its deadline does not know whether its last renewal took place.
		{Name: "whom the lease names acts", Holds: func(s State) bool {
			return s.Holder == 0 || s.Holder == Gone || s.acts(int(s.Holder)-1)
		}},
		// A write of one who has crashed may arrive.
		{Name: "the lease names nobody who is gone, once it names somebody who is there", Holds: func(s State) bool {
			return s.Holder != Gone || s.All[0].Seen != 1 && s.All[1].Seen != 2
		}},
	}
	if !d.close() {
		all = append(all, Disjoint, Named)
	}
	return all
}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "the second acts", Holds: func(s State) bool { return s.acts(1) }},
	{Name: "a lease is taken over from one that does not act any more, and is there", Holds: func(s State) bool {
		return s.acts(1) && s.All[0].Up && s.All[0].Seen == 1 && !s.All[0].Leads
	}},
	{Name: "two ask for the lease at once", Holds: func(s State) bool {
		return s.All[0].Request.Way == Sent && s.All[1].Request.Way == Sent && s.All[0].Request.Fresh && s.All[1].Request.Fresh
	}},
	{Name: "a write is refused", Holds: anyOne(func(s State, i int) bool { return s.All[i].Request.Way == Refused })},
	{Name: "a renewal took place whose answer comes too late", Holds: anyOne(func(s State, i int) bool {
		return s.All[i].Request.Way == Done && s.All[i].Request.Verb == Take && !s.acts(i) && int(s.Holder) == i+1
	})},
	{Name: "a late write has made somebody the holder who is gone", Holds: func(s State) bool {
		return s.Holder == Gone && s.All[0].Seen == 0 && s.All[0].Known
	}},
	{Name: "a lease that was given back is free, and its holder is gone", Holds: anyOne(func(s State, i int) bool { return s.Holder == 0 && !s.All[i].Up })},
}

func anyOne(is func(State, int) bool) func(State) bool {
	return func(s State) bool { return is(s, 0) || is(s, 1) }
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}
