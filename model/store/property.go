package store

import (
	"slices"

	"orrery/model/machine"
)

// The claims about what members hold.
var (
	Numbered = state("every revision after the first has one change", everyMember(func(_ World, m Member) bool { // row 4
		for i, c := range m.State.Log {
			if c.Revision != int64(i)+2 {
				return false
			}
		}
		return m.State.Revision == int64(len(m.State.Log))+1
	}))
	// Continues is row 1: each write sees what the one before it left.
	Continues = state("a change creates what was absent, or replaces or deletes what was there", everyMember(func(_ World, m Member) bool {
		return !slices.ContainsFunc(m.State.Log, func(c Change) bool {
			before, existed := m.State.replaced(c)
			return !continues(before, existed, c)
		})
	}))
	CompactsPast = state("history is compacted no further than it goes", everyMember(func(_ World, m Member) bool {
		return m.State.Compacted <= m.State.Revision
	}))
	// Replicated is rows 1 and 2: all members agree, and none holds what was not agreed on.
	Replicated = state("a member is the store alone after the entries that it has carried out", everyMember(func(w World, m Member) bool {
		s := w.at(int(m.Applied))
		return m.State.Revision == s.Revision && m.State.Compacted == s.Compacted && slices.Equal(m.State.Log, s.Log)
	}))
	Grows = step("the order only grows", func(w World, _ Move, after World) bool { // rows 1, 2
		return len(after.Order) >= len(w.Order) && slices.Equal(after.Order[:len(w.Order)], w.Order)
	})
	Forward = step("a member only goes forward", func(w World, _ Move, after World) bool { // row 4
		for i, m := range w.Members {
			if n := after.Members[i]; n.Applied < m.Applied || n.State.Revision < m.State.Revision || n.State.Compacted < m.State.Compacted {
				return false
			}
		}
		return true
	})
)

// The claims about what clients are told.
var (
	// Agreed makes the order one that real time allows (row 1): a write is placed at its end, behind all that anybody was told of.
	Agreed = state("nobody was told of what is not agreed on", func(w World) bool { return int(w.Known) <= len(w.Order) })
	Kept   = state("a write that was told as done is agreed on", func(w World) bool { // row 2
		return w.Done&^w.agreed() == 0
	})
	NotDone = state("a write that was told as not done is never agreed on", func(w World) bool { // row 3
		return w.Refused&w.agreed() == 0
	})
	// Once is row 3: what becomes of a write does not depend on whether its client still waits.
	Once = state("a write takes effect once or not at all", func(w World) bool {
		var seen uint16
		for _, e := range w.effects() {
			if seen&(1<<e.Number) != 0 {
				return false
			}
			seen |= 1 << e.Number
		}
		return true
	})
	// OneWins is compare-and-swap as clients see it. A key that is absent may be created again if it was deleted between.
	OneWins = state("of all who would replace one version, one at most is told that it did", func(w World) bool {
		for i, e := range w.Order {
			for j := i + 1; j < len(w.Order) && w.won(e); j++ {
				f := w.Order[j]
				if f.Request.Key != e.Request.Key || !f.Request.changes() {
					continue
				}
				if e.Request.Expected == 0 && f.Request.Verb == ToDelete {
					break
				}
				if f.Request.Expected == e.Request.Expected && f.Number != e.Number && w.won(f) {
					return false
				}
			}
		}
		return true
	})
	// Answered is row 1.
	Answered = reply("a write is answered as the store alone would answer at its place in the order", func(w World, c Call, told Answer) bool {
		return c.Request.Verb == ToList || c.Place > 0 && same(told, AnswerTo(w.at(int(c.Place)-1), c.Request.action(c.Number)))
	})
	Prefix = reply("a list shows the store as it is after some of the entries", func(w World, c Call, told Answer) bool { // row 1
		return c.Request.Verb != ToList || w.explains(0, c, told)
	})
	Fresh = reply("a list that is not serializable shows all that anybody knew of when it was asked for", func(w World, c Call, told Answer) bool { // row 1
		return c.Request.Verb != ToList || c.Request.Serializable || w.explains(int(c.Began), c, told)
	})
)

// The claims about what watchers are told: row 5.
var (
	Complete = state("a watcher was told every change up to where it believes that it was", func(w World) bool {
		now := w.now()
		for _, v := range w.Watchers {
			var due uint16
			for _, c := range now.Log {
				if v.Scope != Nothing && c.Revision <= int64(v.Position) && v.asksFor(c.Key) {
					due |= 1 << c.Revision
				}
			}
			if v.Told != due {
				return false
			}
		}
		return true
	})
	Truthful = told("what a watcher is told happened, and replaced what it is said to have replaced", func(w World, v Watcher, told Answer) bool {
		if told.Failure != None {
			return true
		}
		now := w.now()
		before, existed := now.replaced(*told.Change)
		return slices.Contains(now.Log, *told.Change) && v.asksFor(told.Change.Key) &&
			existed == (told.Replaced != nil) && (!existed || *told.Replaced == before)
	})
	Ordered = told("a watcher is told nothing twice, and nothing after what came later", func(_ World, v Watcher, told Answer) bool {
		return told.Failure != None || told.Revision > int64(v.Position) && uint16(1)<<told.Revision > v.Told
	})
	Needed = told("a watcher is told that history is gone only if some that it was not told is", func(w World, v Watcher, told Answer) bool {
		return told.Failure == None || w.now().Compacted > int64(v.Position)
	})
)

// What comes to be once the faults have ended.
var (
	AllAnswered = state("nobody waits for an answer, and no write is late", func(w World) bool {
		for _, c := range slices.Concat(w.Clients[:], w.Late[:]) {
			if c.Stage != Idle {
				return false
			}
		}
		return true
	})
	AllApplied = state("every member has carried out every entry", everyMember(func(w World, m Member) bool { return int(m.Applied) == len(w.Order) }))
	AllTold    = state("every watcher was told every change, or that history is gone", func(w World) bool { // row 5
		now := w.now()
		for _, v := range w.Watchers {
			if v.Scope == Nothing || v.Gone {
				continue
			}
			for _, c := range now.Log {
				if v.asksFor(c.Key) && v.Told&(1<<c.Revision) == 0 {
					return false
				}
			}
		}
		return true
	})
)

// sometimes are the worlds without which the rest would say little.
var sometimes = []machine.Property[World]{
	state("a key is created again after its deletion", someMember(func(_ World, m Member) bool {
		return slices.ContainsFunc(m.State.Log, func(c Change) bool {
			_, existed := m.State.replaced(c)
			return !existed && slices.ContainsFunc(m.State.Log, func(d Change) bool { return d.Key == c.Key && d.Revision < c.Revision })
		})
	})),
	state("a member is two entries behind another", func(w World) bool {
		a, b := w.Members[0], w.Members[1]
		return a.There && b.There && max(a.Applied, b.Applied)-min(a.Applied, b.Applied) >= 2
	}),
	state("two writes that expect the same of a key are on their way", func(w World) bool {
		a, b := w.Clients[0], w.Clients[1]
		return a.Stage == Sent && b.Stage == Sent && a.Request.changes() && b.Request.changes() &&
			a.Request.Key == b.Request.Key && a.Request.Expected == b.Request.Expected
	}),
	state("a write took effect, and its client never heard of it", World.unheard),
	state("a late write expects what is not there any more", func(w World) bool {
		return slices.ContainsFunc(w.Late[:], func(c Call) bool {
			now := w.now()
			return c.Stage == Sent && c.Request.changes() && revisionOf(now.At(keys[c.Request.Key], now.Revision)) != int64(c.Request.Expected)
		})
	}),
	state("a write was told as not done", func(w World) bool { return w.Refused != 0 }),
	state("a write is late, and there is no leader", func(w World) bool {
		return !w.Led && slices.ContainsFunc(w.Late[:], func(c Call) bool { return c.Stage == Sent })
	}),
	state("a list waits for its member", anyCall(func(w World, c Call) bool {
		return c.Request.Verb == ToList && c.Stage == Placed && w.Members[c.Member].Applied < c.Place
	})),
	state("a list asks for what its member has forgotten", anyCall(func(w World, c Call) bool {
		s := w.Members[c.Member].State
		return c.Request.Verb == ToList && c.Request.Revision > 0 && int64(c.Request.Revision) < s.Compacted
	})),
	state("a list asks for what its member does not have yet", anyCall(func(w World, c Call) bool {
		return c.Request.Verb == ToList && int64(c.Request.Revision) > w.Members[c.Member].State.Revision
	})),
	state("compaction has passed a watch", someWatch(func(s State, w Watch) bool { return s.passed(w) })),
	state("compaction has passed a watch that waits exactly at it", someWatch(func(s State, w Watch) bool {
		return s.passed(w) && w.Position+1 == s.Compacted
	})),
	state("a watch at the compaction goes on", someWatch(func(s State, w Watch) bool {
		_, waits := s.waiting(w)
		return waits && !s.passed(w) && w.Position < s.Compacted
	})),
	state("a watch waits for what its member does not have yet", someWatch(func(s State, w Watch) bool { return w.After > s.Revision })),
	state("a watch is ahead of its watcher", func(w World) bool {
		return slices.ContainsFunc(w.Watchers[:], func(v Watcher) bool {
			return v.Open && slices.ContainsFunc(w.Members[v.Member].State.Watches, func(o Watch) bool { return o.Position > int64(v.Position) })
		})
	}),
	state("a watcher was told something, and then that history is gone", func(w World) bool {
		return slices.ContainsFunc(w.Watchers[:], func(v Watcher) bool { return v.Gone && v.Told != 0 })
	}),
}

// tempting are what one might believe.
var tempting = []machine.Property[World]{
	state("every member has what anybody was told of", everyMember(func(w World, m Member) bool { return m.Applied >= w.Known })),
	state("who makes a change is told so, or waits for the answer", func(w World) bool { return !w.unheard() }),
	state("a watcher watches where all is known that it was told", func(w World) bool {
		return !slices.ContainsFunc(w.Watchers[:], func(v Watcher) bool { return v.Open && int64(v.Position) > w.Members[v.Member].State.Revision })
	}),
	state("a watch goes on that waits for what comes at the revision of the compaction", func(w World) bool {
		return !someWatch(func(s State, o Watch) bool { return s.passed(o) && o.Position+1 == s.Compacted })(w)
	}),
}

// changes reports whether a request is a put or a delete.
func (q Request) changes() bool { return q.Verb == ToPut || q.Verb == ToDelete }

// won reports whether an entry is a put or a delete whose client was told that it replaced the version that it expected.
func (w World) won(e Entry) bool { return e.Request.changes() && w.Done&(1<<e.Number) != 0 }

// agreed are the numbers of the writes that were agreed on, a bit each.
func (w World) agreed() (numbers uint16) {
	for _, e := range w.Order {
		numbers |= 1 << e.Number
	}
	return numbers
}

// waits reports whether a client waits for the answer to the write of that number.
func (w World) waits(number uint8) bool {
	return slices.ContainsFunc(w.Clients[:], func(c Call) bool { return c.Stage != Idle && c.Request.Verb != ToList && c.Number == number })
}

// effects are the entries that change something.
func (w World) effects() (entries []Entry) {
	s := w.at(0)
	for _, e := range w.Order {
		after, _ := Next(s, e.Request.action(e.Number))
		if after.Revision != s.Revision || after.Compacted != s.Compacted {
			entries = append(entries, e)
		}
		s = after
	}
	return entries
}

// unheard reports whether a write took effect whose client neither was told so nor waits for that.
func (w World) unheard() bool {
	return slices.ContainsFunc(w.effects(), func(e Entry) bool { return w.Done&(1<<e.Number) == 0 && !w.waits(e.Number) })
}

// explains reports whether a list may have been answered so after so many entries or more.
func (w World) explains(entries int, c Call, told Answer) bool {
	for n := entries; n <= len(w.Order); n++ {
		if same(told, AnswerTo(w.at(n), c.Request.action(0))) {
			return true
		}
	}
	return false
}

// continues reports whether a change is one that can follow what its key was before.
func continues(before Change, existed bool, c Change) bool {
	switch {
	case c.Deleted:
		return existed && c.Created == 0 && c.Version == 0
	case existed:
		return c.Created == before.Created && c.Version == before.Version+1
	}
	return c.Created == c.Revision && c.Version == 1
}

// same compares answers to requests, which hold no change that is told to a watch.
func same(a, b Answer) bool {
	return a.Failure == b.Failure && a.Revision == b.Revision && a.Succeeded == b.Succeeded && a.Count == b.Count && slices.Equal(a.Held, b.Held)
}

func state(name string, holds func(World) bool) machine.Property[World] {
	return machine.Property[World]{Name: name, Holds: holds}
}

func step(name string, holds func(World, Move, World) bool) machine.StepProperty[World, Move] {
	return machine.StepProperty[World, Move]{Name: name, Holds: holds}
}

// reply is a claim about what a client is told of its request, in the world before.
func reply(name string, holds func(World, Call, Answer) bool) machine.StepProperty[World, Move] {
	return step(name, func(w World, m Move, after World) bool {
		return m.Kind != Reply || holds(w, w.Clients[m.Client], after.Told)
	})
}

// told is a claim about what a watcher is told, in the world before.
func told(name string, holds func(World, Watcher, Answer) bool) machine.StepProperty[World, Move] {
	return step(name, func(w World, m Move, after World) bool {
		return m.Kind != Tell || holds(w, w.Watchers[m.Watcher], after.Told)
	})
}

func everyMember(is func(World, Member) bool) func(World) bool {
	some := someMember(func(w World, m Member) bool { return !is(w, m) })
	return func(w World) bool { return !some(w) }
}

func someMember(is func(World, Member) bool) func(World) bool {
	return func(w World) bool {
		return slices.ContainsFunc(w.Members[:], func(m Member) bool { return m.There && is(w, m) })
	}
}

func someWatch(is func(State, Watch) bool) func(World) bool {
	return someMember(func(_ World, m Member) bool {
		return slices.ContainsFunc(m.State.Watches, func(w Watch) bool { return is(m.State, w) })
	})
}

func anyCall(is func(World, Call) bool) func(World) bool {
	return func(w World) bool {
		return slices.ContainsFunc(w.Clients[:], func(c Call) bool { return c.Stage != Idle && is(w, c) })
	}
}
