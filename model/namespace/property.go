package namespace

import "orrery/model/machine"

// HasNamespace is row 107: no object outlives its namespace, or appears after it.
var HasNamespace = machine.Property[State]{Name: "every object's namespace is there, and is the one that it was created in", Holds: func(s State) bool {
	return s.all(func(o Object) bool { return s.Namespace.UID == o.Of })
}}

// The claims about single steps.
var (
	// CreatedInActive is row 28. Upstream does not promise it: see the package comment.
	CreatedInActive = step("an object is created in a namespace that is Active at that moment", func(s State, _ Action, after State) bool {
		for i, o := range after.Objects {
			if o.UID != 0 && o.UID != s.Objects[i].UID && !s.Namespace.Active() {
				return false
			}
		}
		return true
	})
	// RefusedRightly is what a client may expect who has seen the namespace, whatever server it asks.
	RefusedRightly = step("nobody is refused for what a cache shows: the namespace is not Active at that moment", func(s State, a Action, after State) bool {
		c := s.Creations[a.Server]
		if c.Stage == Idle || after.Creations[a.Server].Stage != Idle || a.Kind == Lose {
			return true
		}
		done := a.Kind == Commit && after.Objects[c.Name].UID != 0 // it is there, or the name was taken
		return done || !s.Namespace.Active()
	})
	// RemovedEmpty is row 29.
	RemovedEmpty = step("the namespace is removed when it has no finalizer and holds nothing", func(s State, a Action, after State) bool {
		if s.Namespace.UID == after.Namespace.UID || s.Namespace.UID == 0 {
			return true
		}
		last := s.Namespace.Foreign != s.Namespace.Ours && s.Namespace.Foreign == (a.Kind == Release)
		return last && s.all(func(Object) bool { return false })
	})
	Justified = step("the view justifies what is decided", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.View().Refuses(a.effects()) == ""
	})
	// FinalizesEmpty is row 29 for the controller's part, where others keep the namespace for longer.
	FinalizesEmpty = effect("the controller finalizes a namespace that is being deleted and holds nothing at that moment", Finalize,
		func(s State) bool { return s.Namespace.Leaving && s.all(func(Object) bool { return false }) })
	DeletesInLeaving = effect("the controller deletes from a namespace that is being deleted at that moment", Delete,
		func(s State) bool { return s.Namespace.Leaving })
	// SameObject is row 37.
	SameObject = step("a decision is not carried out on another of that name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		switch {
		case !hit:
			return true
		case w.Verb == Finalize:
			return w.UID == s.Namespace.UID
		}
		return w.UID == s.Objects[a.Object].UID
	})
	// OnlySignals is row 73.
	OnlySignals = step("what must be stopped is not gone before whoever stops it says so", func(s State, a Action, after State) bool {
		for i, o := range s.Objects {
			if o.UID != 0 && o.Keep != Free && o.UID != after.Objects[i].UID && a.Kind != LetGo {
				return false
			}
		}
		return true
	})
)

// What must come of it once the faults have ended.
var (
	// Vanishes is row 108: only what nobody takes away keeps a namespace for ever, and then nothing else is left.
	Vanishes = machine.Property[State]{Name: "what is being deleted is gone, but for what is stuck", Holds: func(s State) bool {
		stuck := !s.all(func(o Object) bool { return o.Keep != Stuck })
		return !s.Namespace.Leaving || s.all(func(o Object) bool { return o.Leaving && o.Keep == Stuck }) &&
			(stuck || s.Namespace.Foreign && !s.Namespace.Ours)
	}}
	// Rests is row 119: who has nothing to do writes nothing. Where something is stuck, the controller looks again and again.
	Rests = machine.Property[State]{Name: "the controller writes nothing more", Holds: func(s State) bool {
		return s.Up && s.Writes == [Names + 1]Write{} && s.Late == [Names + 1]Write{}
	}}
	// Answered: guards that fail do not hold a creation up for ever.
	Answered = machine.Property[State]{Name: "every creation is answered", Holds: func(s State) bool {
		return s.Creations == [Servers]Creation{}
	}}
)

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "a server's cache shows an Active namespace, and it is being deleted", Holds: func(s State) bool {
		return s.cached(func(c Stored) bool { return c.Active() && s.Namespace.Leaving })
	}},
	{Name: "a server's cache shows an Active namespace, and it is gone", Holds: func(s State) bool {
		return s.cached(func(c Stored) bool { return c.Active() && s.Namespace.UID == 0 })
	}},
	{Name: "a server's cache shows another namespace of that name, and both are Active", Holds: func(s State) bool {
		return s.cached(func(c Stored) bool { return c.Active() && s.Namespace.Active() && c.UID != s.Namespace.UID })
	}},
	{Name: "a server's cache would refuse what is to be admitted", Holds: func(s State) bool {
		return s.cached(func(c Stored) bool { return c.Admits() != "" && s.Namespace.Active() })
	}},
	{Name: "a write is on its way to the store, and its namespace is being deleted", Holds: func(s State) bool {
		return s.admitted() && s.Namespace.Leaving
	}},
	{Name: "a write is on its way to the store, and its namespace is gone", Holds: func(s State) bool { return s.admitted() && s.Namespace.UID == 0 }},
	{Name: "a write that was given up is on its way to the store, and another namespace is there", Holds: func(s State) bool {
		for _, c := range s.Adrift {
			if c.Stage == Admitted && s.Namespace.Active() && s.Namespace.UID != 1 {
				return true
			}
		}
		return false
	}},
	{Name: "a late deletion is on its way, and another object has the name, in another namespace", Holds: func(s State) bool {
		for i, o := range s.Objects {
			if s.Late[i].Verb == Delete && o.UID != 0 && o.UID != s.Late[i].UID {
				return true
			}
		}
		return false
	}},
	{Name: "a late finalization is on its way, and another namespace is there", Holds: func(s State) bool {
		w := s.Late[itself]
		return w.Verb == Finalize && s.Namespace.UID != 0 && w.UID != s.Namespace.UID
	}},
	{Name: "the controller believes that the namespace is being deleted, and another one is Active", Holds: func(s State) bool {
		return s.Seen.Leaving && s.Namespace.Active()
	}},
	{Name: "the namespace is finalized, and somebody else keeps it", Holds: func(s State) bool { return s.Namespace.Leaving && !s.Namespace.Ours }},
	{Name: "an object is stuck", Holds: func(s State) bool {
		return s.Healed && !s.all(func(o Object) bool { return !o.Leaving || o.Keep != Stuck })
	}},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "a namespace that a server's cache shows as Active is Active", Holds: func(s State) bool {
		return !s.cached(func(c Stored) bool { return c.Active() && c.UID == s.Namespace.UID && !s.Namespace.Active() })
	}},
	{Name: "a namespace that a server's cache does not show as Active is not", Holds: func(s State) bool {
		return !s.cached(func(c Stored) bool { return !c.Active() && s.Namespace.Active() })
	}},
	{Name: "an admitted creation succeeds, but for a taken name", Holds: func(s State) bool {
		return !s.admitted() || s.Namespace.Active()
	}},
	{Name: "a namespace that its controller has finalized is gone", Holds: func(s State) bool { return s.Namespace.UID == 0 || s.Namespace.Ours }},
}

// all reports whether every object that is there is so.
func (s State) all(is func(Object) bool) bool {
	for _, o := range s.Objects {
		if o.UID != 0 && !is(o) {
			return false
		}
	}
	return true
}

// cached reports whether a server's cache is so.
func (s State) cached(is func(Stored) bool) bool {
	for _, c := range s.Cached {
		if is(c) {
			return true
		}
	}
	return false
}

func (s State) admitted() bool {
	for _, c := range s.Creations {
		if c.Stage == Admitted {
			return true
		}
	}
	return false
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// effect is a claim about the state in which a request of that verb is carried out.
func effect(name string, verb Verb, holds func(State) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != verb || holds(s)
	})
}

// carriedOut is the request of the controller's that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (Write, bool) {
	w := s.Writes[a.Object]
	if a.Kind == Land {
		w = s.Late[a.Object]
	}
	return w, (a.Kind == Arrive || a.Kind == Land) && (s.Namespace != after.Namespace || s.Objects != after.Objects)
}
