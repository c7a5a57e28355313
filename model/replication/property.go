package replication

import "orrery/model/machine"

// NoExcess is row 64 for a whole life: as long as nothing but its decisions makes pods of the owner's, there are never more than were ever
// wanted. What else does: a user who has a pod match again, an adoption, a request that a crashed controller left on its way, and one that
// was given up and lands after the pod that made up for it was there and went.
var NoExcess = machine.Property[State]{Name: "there are no more pods than were ever wanted", Holds: func(s State) bool {
	return s.Excused || s.counted() <= s.Wanted
}}

// The claims about single steps.
var (
	Justified = step("the view justifies what is decided", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.View().Refuses(a.effects()) == ""
	})
	TerminatingQuiet = step("a controller whose owner is being deleted decides nothing", func(s State, a Action, _ State) bool {
		return a.Kind != Work || !s.SeenOwner.Leaving
	})
	OnceAtATime = step("nothing is decided about a pod while the outcome of the last decision about it is open", func(s State, a Action, _ State) bool {
		if a.Kind != Work {
			return true
		}
		for _, e := range a.effects() {
			if w := s.Writes[e.Pod]; w.open() || w.Way == Unknown {
				return false
			}
		}
		return true
	})
	DeletesOwn        = effect("what is deleted is the owner's at that moment", Remove, func(w Write, p Stored) bool { return p.Owner == w.Owner })
	AdoptsOrphans     = effect("what is adopted has no controller at that moment", Adopt, func(_ Write, p Stored) bool { return p.Owner == 0 })
	AdoptsMatching    = effect("what is adopted matches at that moment, and runs", Adopt, func(_ Write, p Stored) bool { return p.Matches && p.Phase == Running })
	ReleasesUnmatched = effect("what is released does not match at that moment", Release, func(_ Write, p Stored) bool { return !p.Matches })
	SameObject        = step("a decision about a pod is not carried out on another of its name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb == Create || s.Pods[a.Pod].UID == w.UID
	})
)

// Stable is row 55, with rows 61 and 67: an owner that stays comes to have as many pods as it wants, and none that do not match.
var Stable = machine.Property[State]{Name: "the owner has as many pods as it wants, and none that do not match", Holds: func(s State) bool {
	if s.Owner.UID == 0 || s.Owner.Leaving {
		return true
	}
	n := 0
	for _, p := range s.Pods {
		if p.Owner != s.Owner.UID || p.Phase != Running {
			continue
		}
		if !p.Matches {
			return false
		}
		n++
	}
	return n == s.Owner.Replicas
}}

// Rests is the other half of eventually stable reconciliation (row 119): that the pods are as wanted, and stay so, is not enough. Who has
// nothing to do does nothing.
var Rests = machine.Property[State]{Name: "the controller rests", Holds: func(s State) bool {
	return s.Up && len(decisions(s)) == 0 && s.Writes == [Names]Write{} && s.Late == [Names]Write{}
}}

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "a pod was adopted", Holds: func(s State) bool { return s.Adopted }},
	{Name: "nobody knows what became of a request", Holds: anyWrite(func(w Write) bool { return w.Way == Unknown })},
	{Name: "a creation was refused", Holds: anyWrite(func(w Write) bool { return w.Verb == Create && w.Way == Refused })},
	{Name: "a deletion was refused", Holds: anyWrite(func(w Write) bool { return w.Verb == Remove && w.Way == Refused })},
	{Name: "a pod is being released", Holds: anyWrite(func(w Write) bool { return w.Verb == Release })},
	{Name: "a request is late", Holds: func(s State) bool {
		for _, w := range s.Late {
			if w.Way != None {
				return true
			}
		}
		return false
	}},
	{Name: "the cache shows another pod of that name than there is", Holds: func(s State) bool {
		for i, p := range s.Pods {
			if s.Seen[i].UID != 0 && p.UID != 0 && s.Seen[i].UID != p.UID {
				return true
			}
		}
		return false
	}},
	{Name: "the cache shows another owner of that name than there is", Holds: func(s State) bool {
		return s.SeenOwner.UID != 0 && s.Owner.UID != 0 && s.SeenOwner.UID != s.Owner.UID
	}},
	{Name: "there are more pods than are wanted", Holds: func(s State) bool { return s.counted() > s.Owner.Replicas }},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "there are never more pods than the owner wants", Holds: func(s State) bool { return s.counted() <= s.Owner.Replicas }},
	{Name: "what the controller has been told was created is there", Holds: func(s State) bool {
		for i, p := range s.Seen {
			if p.Phase == Running && s.Pods[i].UID != p.UID {
				return false
			}
		}
		return true
	}},
}

// counted is how many pods there are that the owner controls, that match and run.
func (s State) counted() (n int) {
	for _, p := range s.Pods {
		if p.Owner == s.Owner.UID && p.Owner != 0 && p.Matches && p.Phase == Running {
			n++
		}
	}
	return n
}

func anyWrite(is func(Write) bool) func(State) bool {
	return func(s State) bool {
		for _, w := range s.Writes {
			if is(w) {
				return true
			}
		}
		return false
	}
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// effect is a claim about the pod that a request of that verb changes, at the moment at which it does.
func effect(name string, verb Verb, holds func(Write, Stored) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != verb || holds(w, s.Pods[a.Pod])
	})
}

// carriedOut is the request that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (Write, bool) {
	w := s.Writes[a.Pod]
	if a.Kind == Land {
		w = s.Late[a.Pod]
	}
	return w, (a.Kind == Arrive || a.Kind == Land) && s.Pods[a.Pod] != after.Pods[a.Pod]
}
