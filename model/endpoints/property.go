package endpoints

import (
	"slices"

	"orrery/model/machine"
)

// Single is stricter than row 101, which allows that an endpoint is in several slices for a while: as nothing but the controller's decisions
// puts it there, it is in one. What else does: a user who writes into slices, and a request that was late.
var Single = machine.Property[State]{Name: "no endpoint is in two slices of one service", Holds: func(s State) bool {
	if s.Edited || s.Loose {
		return true
	}
	for i, at := range s.Slices {
		for _, other := range s.Slices[:i] {
			both := func(e Endpoint) bool { return slices.ContainsFunc(other.Endpoints.list(), e.same) }
			if at.Ours && other.Ours && at.Owner == other.Owner && slices.ContainsFunc(at.Endpoints.list(), both) {
				return false
			}
		}
	}
	return true
}}

// The claims about single steps. Those about decisions are said without [View.Refuses], so that they judge it, too.
var (
	Justified = step("the view justifies what is decided", func(s State, a Action, after State) bool {
		return a.Kind != Work || s.View().Refuses(decided(s, after)) == ""
	})
	// OnceAtATime is row 40, for all slices of a service: what they hold together is what is decided.
	OnceAtATime = step("nothing is decided while the outcome of the last decision is open", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.Writes == [Slices]Write{}
	})
	// Selecting is row 100, about services.
	Selecting = step("nothing is decided for a service that is gone or has no selector", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.SeenService.UID != 0 && s.SeenService.Selects
	})
	// LivingPods is row 99; that an end is not seen yet is its lag.
	LivingPods = writes("no address of a pod is written that is seen to have ended", func(s State, e Endpoint) bool {
		return !slices.ContainsFunc(s.SeenPods[:], func(p Pod) bool { return p.UID == e.Pod && p.Phase == Ended })
	})
	// Conditions is row 98.
	Conditions = writes("conditions say what is seen of the pod, and ready is serving without terminating", func(s State, e Endpoint) bool {
		at := slices.IndexFunc(s.SeenPods[:], func(p Pod) bool { return p.UID == e.Pod })
		if at < 0 {
			return false
		}
		p := s.SeenPods[at]
		return e.Serving == p.Ready && e.Terminating == p.Leaving && (e.Ready == (e.Serving && !e.Terminating) || e.Ready && s.SeenService.Publishes)
	})
	// Managed is row 100, about slices, with row 33: what is seen may be long past, so that it takes a precondition.
	Managed = carried("a slice that somebody else manages is not written, nor deleted", func(w Write, at Stored) bool {
		return w.Verb == Create || at.Ours
	})
	Unchanged = carried("a slice is not written, nor deleted, that is not as it was when that was decided", func(w Write, at Stored) bool {
		return w.Verb == Create || at.Version == w.Version
	})
	// Kept says that slices are never filled at the expense of a service: not when duplicates are removed, not when a service was created
	// again. A view that shows less than is wanted by now is no excuse, as what it does not show was never published. A pod that matches
	// again is one, and so is a user who removes what the controller relied on.
	Kept = step("the controller does not withdraw an endpoint that is wanted", func(s State, a Action, after State) bool {
		if a.Kind != Arrive && a.Kind != Land || s.Edited || !s.Service.Selects {
			return true
		}
		before, now := s.truth(), after.truth()
		for _, e := range before.Wanted() {
			if shown(before.Slices, e) && !shown(now.Slices, e) {
				return false
			}
		}
		return true
	})
)

// Stable is rows 97, 101 and 102: in the end the slices hold each endpoint that is wanted once, just as it is wanted, and nothing else.
var Stable = machine.Property[State]{Name: "the slices of a service hold what is wanted, each endpoint once", Holds: func(s State) bool {
	v, n := s.truth(), 0
	var held []Endpoint
	for _, at := range v.Slices {
		switch {
		case !at.There || !at.Ours:
		case v.owned(at):
			n++
			held = append(held, at.Endpoints...)
		case s.Service.UID == 0 && at.Owner == 0:
			// A user has made it look like one of the service's. It belongs to nobody, and so it stays.
		case s.Service.UID == 0 || s.Service.Selects && !s.Service.Leaving:
			return false // a leftover
		}
	}
	if s.Service.UID == 0 || !s.Service.Selects {
		return true // without a selector they are not the controller's business
	}
	wanted := v.Wanted()
	missing := slices.DeleteFunc(slices.Clone(wanted), func(e Endpoint) bool { return slices.Contains(held, e) })
	if s.Service.Leaving {
		return !slices.ContainsFunc(held, func(e Endpoint) bool { return !slices.Contains(wanted, e) })
	}
	return n > 0 && len(missing) == 0 && len(held) == len(wanted)
}}

// Quiet is row 119: whoever has nothing to do does nothing. Without it two decisions could undo each other for ever.
var Quiet = machine.Property[State]{Name: "the controller rests", Holds: func(s State) bool {
	return s.Up && len(s.plan()) == 0 && s.Writes == [Slices]Write{}
}}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "nobody knows what became of a request", Holds: anyWrite(func(w Write) bool { return w.Way == Unknown })},
	{Name: "a creation was refused", Holds: anyWrite(func(w Write) bool { return w.Verb == Create && w.Way == Refused })},
	{Name: "an update was refused", Holds: anyWrite(func(w Write) bool { return w.Verb == Update && w.Way == Refused })},
	{Name: "a slice is being deleted by the controller", Holds: anyWrite(func(w Write) bool { return w.Verb == Remove && w.Way == Sent })},
	{Name: "a request is late", Holds: func(s State) bool { return s.Late != [Slices]Write{} }},
	{Name: "a service without endpoints has a slice", Holds: func(s State) bool {
		return s.Service.UID != 0 && anySlice(s, func(at Stored) bool { return at.Ours && at.Owner == s.Service.UID && at.Endpoints == Held{} })
	}},
	{Name: "a service has two full slices", Holds: func(s State) bool {
		v := s.truth()
		return len(slices.DeleteFunc(v.Slices, func(at Slice) bool { return !v.owned(at) || len(at.Endpoints) < s.Room })) == 2
	}},
	{Name: "there are slices of a service that had the same name", Holds: func(s State) bool {
		return s.Service.UID != 0 && anySlice(s, func(at Stored) bool { return at.Owner != 0 && at.Owner != s.Service.UID })
	}},
	{Name: "the cache shows another service of that name than there is", Holds: func(s State) bool {
		return s.SeenService.UID != 0 && s.Service.UID != 0 && s.SeenService.UID != s.Service.UID
	}},
	{Name: "an address of an ended pod is another pod's", Holds: func(s State) bool {
		return s.Pods[0].Address == s.Pods[1].Address && s.Pods[0].Phase == Ended && s.Pods[1].Phase == Alive
	}},
	{Name: "a pod that is being deleted is still published, and serves", Holds: func(s State) bool {
		return anyEndpoint(s, func(e Endpoint) bool { return e.Serving && e.Terminating && !e.Ready })
	}},
	{Name: "a pod that is not ready is published as ready, as its service wants", Holds: func(s State) bool {
		return anyEndpoint(s, func(e Endpoint) bool { return e.Ready && !e.Serving })
	}},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "an endpoint is never in two slices", Holds: func(s State) bool {
		v := s.truth()
		return !slices.ContainsFunc(v.Wanted(), func(e Endpoint) bool { return v.count(v.Slices, e) > 1 })
	}},
	{Name: "an address in a slice is that of a pod that lives", Holds: func(s State) bool {
		return !anyEndpoint(s, func(e Endpoint) bool {
			return e != nonsense[0] && !slices.ContainsFunc(s.Pods[:], func(p Pod) bool { return p.UID == e.Pod && p.Phase == Alive })
		})
	}},
	{Name: "slices belong to the service that there is", Holds: func(s State) bool {
		return !anySlice(s, func(at Stored) bool { return at.Ours && at.Owner != s.Service.UID })
	}},
}

// decided are the effects that a step sends.
func decided(before, after State) (plan []Effect) {
	for i, w := range after.Writes {
		if w.Way == Sent && before.Writes[i] != w {
			plan = append(plan, Effect{w.Verb, i, w.Endpoints.list()})
		}
	}
	return plan
}

func anyWrite(is func(Write) bool) func(State) bool {
	return func(s State) bool { return slices.ContainsFunc(s.Writes[:], is) }
}

func anySlice(s State, is func(Stored) bool) bool {
	return slices.ContainsFunc(s.Slices[:], func(at Stored) bool { return at.There && is(at) })
}

func anyEndpoint(s State, is func(Endpoint) bool) bool {
	return anySlice(s, func(at Stored) bool { return slices.ContainsFunc(at.Endpoints.list(), is) })
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// writes is a claim about each endpoint that a decision has written.
func writes(name string, holds func(State, Endpoint) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		if a.Kind != Work {
			return true
		}
		for _, e := range decided(s, after) {
			if slices.ContainsFunc(e.Endpoints, func(p Endpoint) bool { return !holds(s, p) }) {
				return false
			}
		}
		return true
	})
}

// carried is a claim about the slice that a request changes, at the moment at which it does.
func carried(name string, holds func(Write, Stored) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		if a.Kind != Arrive && a.Kind != Land || s.Slices[a.N] == after.Slices[a.N] {
			return true
		}
		w := s.Writes[a.N]
		if a.Kind == Land {
			w = s.Late[a.N]
		}
		return holds(w, s.Slices[a.N])
	})
}
