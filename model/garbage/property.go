package garbage

import "orrery/model/machine"

// KeptBySomething is the second half of row 16: the write that takes the last finalizer removes what is being deleted.
var KeptBySomething = machine.Property[State]{Name: "what is being deleted and still there is kept by a finalizer", Holds: func(s State) bool {
	for _, o := range s.Objects {
		if o.UID != 0 && o.Leaving && !o.Held && o.Wish == Background {
			return false
		}
	}
	return true
}}

// The claims about single steps.
var (
	// HeldStays is the first half of row 16.
	HeldStays = step("what a finalizer keeps is not removed", func(s State, a Action, after State) bool {
		for i, o := range s.Objects {
			if o.UID != 0 && o.UID != after.Objects[i].UID && o.Held && a.Kind != LetGo {
				return false
			}
		}
		return true
	})
	Justified = step("the view justifies what is decided", func(s State, a Action, _ State) bool {
		return a.Kind != Work || s.View().Refuses(a.effects()) == ""
	})
	// SameObject is row 37 and the end of row 109.
	SameObject = step("a decision about an object is not carried out on another of its name", func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.UID == s.Objects[a.Object].UID
	})
	// Ownerless is row 109. Upstream, too, collects what an owner waits for.
	Ownerless = effect("what is collected had owners, and each is gone or waits for it to go", Collect, func(s State, _ Write, x Stored) bool {
		n := 0
		for owner, l := range x.Links {
			if o := s.Objects[owner]; l.UID != 0 {
				if n++; o.UID == l.UID && !o.Leaving {
					return false
				}
			}
		}
		return n > 0
	})
	// NotOrphaned is row 110, as a dependent sees it.
	NotOrphaned = effect("what was to be orphaned is not collected", Collect, func(s State, _ Write, x Stored) bool {
		for _, l := range x.Links {
			if l.UID != 0 && s.Orphaned&(1<<l.UID) != 0 && !l.Belated {
				return false
			}
		}
		return true
	})
	// OrphansFirst is row 110.
	OrphansFirst = effect("an owner that orphans its dependents is finalized when none refers to it", Finalize, func(s State, _ Write, x Stored) bool {
		return x.Wish != Orphan || !s.refers(x, func(l Link) bool { return !l.Belated })
	})
	// DependentsFirst is row 111.
	DependentsFirst = effect("an owner that waits is finalized when no dependent blocks it", Finalize, func(s State, _ Write, x Stored) bool {
		return x.Wish != Foreground || !s.refers(x, func(l Link) bool { return l.Blocks && !l.Belated })
	})
	// KeepsOwners: an object that the collector has taken its owners from would never be collected.
	KeepsOwners = effect("no reference is taken away whose owner stays", Unlink, func(s State, w Write, x Stored) bool {
		o := s.Objects[w.Owner]
		return o.UID != x.Links[w.Owner].UID || o.Leaving
	})
	// BreaksCircles: who only waits for others will see them go. The owner may have been told meanwhile to wait no more, and never waits again.
	BreaksCircles = effect("a reference is unblocked only if its object waits, and its owner is being deleted or gone", Unblock,
		func(s State, w Write, x Stored) bool {
			o := s.Objects[w.Owner]
			return x.waits() && (o.UID != x.Links[w.Owner].UID || o.Leaving)
		})
)

// What must come of it once the faults have ended.
var (
	// Collected is row 112.
	Collected = machine.Property[State]{Name: "nothing dangles: what refers to owners has one that is there, or is being deleted", Holds: func(s State) bool {
		for _, x := range s.Objects {
			if !x.Leaving && x.dangles(s.Objects) {
				return false
			}
		}
		return true
	}}
	// Vanishes is the liveness of rows 110 and 111, circles included: all other finalizers are taken away here.
	Vanishes = machine.Property[State]{Name: "what is being deleted is gone", Holds: func(s State) bool {
		for _, x := range s.Objects {
			if x.Leaving {
				return false
			}
		}
		return true
	}}
	// Rests is row 119: who has nothing to do does nothing, and does not even look.
	Rests = machine.Property[State]{Name: "the collector rests", Holds: func(s State) bool {
		return s.Up && !s.Busy && s.Queue == 0 && s.Writes == [Names]Write{} && s.Late == [Names]Write{}
	}}
)

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	{Name: "the collector is down, and something dangles", Holds: func(s State) bool {
		return !s.Up && s.any(func(_ int, x Stored) bool { return x.dangles(s.Objects) })
	}},
	{Name: "the cache says that something dangles, and it does not", Holds: func(s State) bool {
		return s.Up && s.any(func(i int, x Stored) bool {
			return s.Seen[i].dangles(s.Seen) && s.Seen[i].UID == x.UID && !x.dangles(s.Objects)
		})
	}},
	{Name: "the cache shows another object of that name than there is", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool { return s.Seen[i].UID != 0 && s.Seen[i].UID != x.UID })
	}},
	{Name: "an owner that orphans its dependents has one that the cache does not show", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool { return x.Leaving && x.Wish == Orphan && s.unseenDependent(i) })
	}},
	{Name: "an owner that waits has a dependent that the cache does not show", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool { return x.waits() && s.unseenDependent(i) })
	}},
	{Name: "two objects wait for each other", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool {
			return s.any(func(j int, y Stored) bool {
				return i != j && x.waits() && y.waits() && x.Links[j] == Link{UID: y.UID, Blocks: true} && y.Links[i] == Link{UID: x.UID, Blocks: true}
			})
		})
	}},
	{Name: "a deletion is on its way, and its object has got an owner that stays", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool {
			return s.Writes[i].Verb == Collect && s.Writes[i].UID == x.UID && s.Writes[i].Version < x.Version && !x.Leaving && !x.dangles(s.Objects)
		})
	}},
	{Name: "a deletion is on its way, and its object was created anew", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool {
			return s.Writes[i].Verb == Collect && s.Writes[i].UID != x.UID || s.Late[i].Verb == Collect && s.Late[i].UID != x.UID
		})
	}},
	{Name: "a reference is taken away for the sake of an owner that stays", Holds: func(s State) bool {
		return s.any(func(i int, x Stored) bool {
			return s.Writes[i].Verb == Unlink && x.Version == s.Writes[i].Version && !x.dangles(s.Objects)
		})
	}},
	{Name: "a circle is being broken", Holds: func(s State) bool {
		return s.any(func(i int, _ Stored) bool { return s.Writes[i].Verb == Unblock })
	}},
	{Name: "a request is late", Holds: func(s State) bool { return s.Late != [Names]Write{} }},
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	{Name: "an owner that the cache does not show is not there", Holds: func(s State) bool {
		return !s.Up || !s.any(func(i int, x Stored) bool {
			return x.Links[0].UID == s.Objects[0].UID && i != 0 && x.UID != 0 && s.Seen[0].UID == 0
		})
	}},
	{Name: "nothing refers to an owner that has orphaned its dependents", Holds: func(s State) bool {
		return !s.any(func(_ int, x Stored) bool {
			for _, l := range x.Links {
				if l.UID != 0 && s.Orphaned&(1<<l.UID) != 0 {
					return true
				}
			}
			return false
		})
	}},
	{Name: "an owner that waits has a dependent to wait for", Holds: func(s State) bool {
		return !s.any(func(_ int, x Stored) bool { return x.waits() && !s.refers(x, func(l Link) bool { return l.Blocks }) })
	}},
}

// dangles: it has owners, and none is there.
func (o Stored) dangles(objects [Names]Stored) bool {
	n := 0
	for owner, l := range o.Links {
		if l.UID == 0 {
			continue
		}
		if n++; objects[owner].UID == l.UID {
			return false
		}
	}
	return n > 0
}

// refers reports whether anything refers to an object by such a link.
func (s State) refers(x Stored, by func(Link) bool) bool {
	return s.any(func(_ int, d Stored) bool {
		for _, l := range d.Links {
			if l.UID == x.UID && by(l) {
				return true
			}
		}
		return false
	})
}

func (s State) unseenDependent(owner int) bool {
	return s.Up && s.any(func(i int, d Stored) bool {
		l := d.Links[owner]
		return l.UID == s.Objects[owner].UID && !l.Belated && s.Seen[i].Links[owner] != l
	})
}

// any reports whether there is such an object.
func (s State) any(is func(int, Stored) bool) bool {
	for i, o := range s.Objects {
		if o.UID != 0 && is(i, o) {
			return true
		}
	}
	return false
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// effect is a claim about the object that a request of that verb changes, at the moment at which it does.
func effect(name string, verb Verb, holds func(State, Write, Stored) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		w, hit := carriedOut(s, a, after)
		return !hit || w.Verb != verb || holds(s, w, s.Objects[a.Object])
	})
}

// carriedOut is the request that a step carries out, if it does one.
func carriedOut(s State, a Action, after State) (Write, bool) {
	w := s.Writes[a.Object]
	if a.Kind == Land {
		w = s.Late[a.Object]
	}
	return w, (a.Kind == Arrive || a.Kind == Land) && s.Objects[a.Object] != after.Objects[a.Object]
}
