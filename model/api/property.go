package api

import (
	"math/bits"

	"orrery/model/machine"
)

// The claims about what is stored.
var (
	Versioned = state("an object's version is the revision at which it was written", func(s State) bool { // row 6
		for r := uint8(1); r <= s.Revision; r++ {
			if o := s.Log[r].Object; o.UID != 0 && o.Version != uint16(r) {
				return false
			}
		}
		return true
	})
	Observed = state("nobody has reported on a generation that is not there yet", everyStored(func(o Object) bool { // row 13
		return o.Observed <= o.Generation
	}))
	Kept = state("what is being deleted is there only while something keeps it", everyStored(func(o Object) bool { // row 16
		return !o.due()
	}))
)

// The claims about writes.
var (
	Replaces = write("a write that names a version replaces that version", func(q Request, old, _ Object) bool { // row 7
		return q.Version == 0 || q.Version == old.Version
	})
	Same = write("a write that names a UID changes that object, and no other of its name", func(q Request, old, _ Object) bool { // row 10
		return q.UID == 0 || q.UID == old.UID
	})
	Creates = write("a create makes an object where there is none, and nothing else does", func(q Request, old, _ Object) bool { // rows 8, 11
		return (q.Verb == Create) == (old.UID == 0)
	})
	// Identity is row 9.
	Identity = step("an object keeps its UID, and another of its name has one that never was", func(s State, a Action, after State) bool {
		_, old, now, ok := wrote(s, a, after)
		if !ok || now.UID == 0 || old.UID != 0 {
			return old.UID == now.UID || now.UID == 0
		}
		for r := range s.Revision {
			if s.Log[r+1].Object.UID == now.UID {
				return false
			}
		}
		return true
	})
	Parts = change("the spec is written by the object, and the status by the status", func(q Request, old, now Object) bool { // row 12
		return (q.Verb == Update || old.Spec == now.Spec) && (q.Verb == UpdateStatus || old.Observed == now.Observed)
	})
	// Generations is row 13.
	Generations = change("the generation rises by one when the spec changes or the deletion begins, and only then", func(_ Request, old, now Object) bool {
		rises := old.Spec != now.Spec || !old.Deleting && now.Deleting
		return now.Generation == old.Generation+uint16(bit(rises))
	})
	Terminal = change("what is being deleted stays so, and its time does not grow", func(_ Request, old, now Object) bool { // rows 14, 15
		return !old.Deleting || now.Deleting && now.Grace <= old.Grace
	})
	NoNewFinalizers = change("nothing that is being deleted gets another finalizer", func(_ Request, old, now Object) bool { // row 17
		return !old.Deleting || now.Finalizers&^old.Finalizers == 0
	})
	Finalized = write("what has finalizers is not removed, but by the write that takes away the last", func(q Request, old, now Object) bool { // row 16
		return now.UID != 0 || old.Finalizers == 0 || q.Verb != Delete && q.Finalizers == 0
	})
	Graceful = write("what has time left is not removed, but by who says that it needs none", func(q Request, old, now Object) bool { // row 15
		none := old.Period == 0 || old.Deleting && old.Grace == 0
		return now.UID != 0 || none || q.Verb == Delete && q.Graced && q.Grace == 0
	})
)

// The claims about decisions and answers.
var (
	Justified = step("the view justifies what is decided", func(s State, a Action, after State) bool { // row 10
		c := s.Calls[a.Call]
		if _, _, now, ok := wrote(s, a, after); ok {
			d := Decision{Write: Put, Object: now}
			if now.UID == 0 {
				d.Write = Remove
			}
			return View{s.version(c.On), c.Stored}.Refuses(c.Request, d) == ""
		}
		c, asked := answered(s, a, after)
		if !asked {
			return true
		}
		v := View{s.stored(c.Request.Name), true}
		if a.Kind == Ask || a.Kind == Finish { // the store was not asked yet
			v = View{Old: s.Servers[a.Server].Objects[c.Request.Name]}
		}
		return v.Refuses(c.Request, Decision{Object: c.Answer.Object, Reason: c.Answer.Reason}) == ""
	})
	// Alone has row 10 in it, and that a refused write did nothing. A write that comes to be when nobody waits for it is one, too (row 3).
	Alone = step("a request has the effect and the answer that it would have alone, at one moment", func(s State, a Action, after State) bool {
		c := s.Calls[a.Call]
		_, _, _, effect := wrote(s, a, after)
		told, answer := answered(s, a, after)
		if answer {
			c = told
		}
		if !effect && !answer {
			return s.Revision == after.Revision
		}
		stored, alone := Predict(s.stored(c.Request.Name), c.Request, Stamp{s.NextUID, uint16(s.Revision) + 1})
		return after.stored(c.Request.Name) == stored && (!answer || c.Answer == alone)
	})
)

// The claims about caches and lists.
var (
	CacheTrue = state("a cache at a revision is the store at that revision", everyServer(func(s State, v Server) bool { // row 26
		return v.Objects == s.all(v.Revision)
	}))
	WindowWhole = state("a window has every change after its floor", everyServer(func(_ State, v Server) bool { // row 27
		return bits.OnesCount16(v.Window) == int(v.Revision-v.Floor)
	}))
	Fresh = list("a consistent list shows all that was written before it was asked for", func(_ State, r Read) bool { // row 19
		return r.From != Consistent || r.Revision >= r.Began
	})
	NoOlder = list("a list is no older than was asked for", func(_ State, r Read) bool { // row 19
		return r.From != NotOlderThan || r.Revision >= r.Bound
	})
	Snapshot = list("a list shows one revision, and its further pages the same", func(s State, r Read) bool { // row 20
		for name, o := range s.all(r.Revision) {
			if r.Part&(1<<name) != 0 && o != r.Objects[name] {
				return false
			}
		}
		return r.From != Exact || r.Revision == s.Reader.Token
	})
	Whole = list("a list shows all, or says that there is more", func(_ State, r Read) bool { // row 20
		return r.From == Exact || r.Part == 1<<Names-1 || r.Limit && r.More
	})
	Onwards = step("a reader who does not ask for any state is not shown one older than before", func(s State, a Action, after State) bool { // row 39
		r := s.Reader.Read
		return a.Kind != HearList || r.From == Any || r.From == Exact || after.Reader.Last >= s.Reader.Newest
	})
	ListExpires = step("a further page is refused only if its revision is compacted", func(s State, a Action, after State) bool { // rows 20, 27
		r := after.Reader.Read
		return s.Reader.Read.Stage == Answered || r.Stage != Answered || r.Reason != Expired || r.Bound < s.Compacted
	})
)

// The claims about watches.
var (
	// Watched is rows 21, 22, 23 and 25: see the package comment.
	Watched = state("what a watcher has been told makes up what the store had then, of what it selects", func(s State) bool {
		for name, o := range s.all(s.Watch.Told) {
			if s.Watch.Listed && s.Watch.Shown[name] != selected(o) {
				return false
			}
		}
		return true
	})
	// Types is row 23.
	Types = step("an object that a watcher did not know is told as added, any other as modified or deleted", func(s State, _ Action, after State) bool {
		e, before := after.Watch.Event, s.Watch.Shown
		if e == s.Watch.Event || e.Type == NoEvent || e.Type == Bookmark {
			return true
		}
		return (e.Type == Added) == (before[e.Name].UID != e.Object.UID)
	})
	EndVersion = state("an event has the version of the change, a deletion too", func(s State) bool { // row 24
		e := s.Watch.Event
		return e.Type == NoEvent || e.Type == Bookmark || e.Object.Version == uint16(s.Watch.Told)
	})
	WatchOnwards = step("a watcher never goes back", func(s State, _ Action, after State) bool { // row 39
		return after.Watch.Told >= s.Watch.Told
	})
	// WatchEnds is row 27: the bound is exact.
	WatchEnds = step("a watch ends with 410 only if changes that it has not looked at have left the window", func(s State, a Action, after State) bool {
		w := s.Watch
		switch {
		case !w.Listed || after.Watch.Listed:
			return true
		case a.Kind == Resume:
			return w.Told < s.Servers[a.Server].Floor
		}
		return w.Sent < s.Servers[w.Server].Floor
	})
)

// What comes to be once the faults have ended.
var (
	AllAnswered = state("nobody waits for an answer", func(s State) bool {
		for _, c := range s.Calls {
			if c.Stage != Idle {
				return false
			}
		}
		return s.Reader.Read.Stage == Idle
	})
	CachesCatchUp = state("every cache shows what is stored", everyServer(func(s State, v Server) bool { return v.Revision == s.Revision })) // row 34
	WatcherShows  = state("the watcher shows what is stored, of what it selects", func(s State) bool {                                       // row 34
		for name := range s.Watch.Shown {
			if s.Watch.Shown[name] != selected(s.at(name, s.Revision)) {
				return false
			}
		}
		return true
	})
	Gone = state("what is being deleted, and no finalizer keeps, is gone", everyStored(func(o Object) bool { // rows 15, 16
		return !o.Deleting || o.Finalizers != 0
	}))
)

// sometimes are the states without which the rest would say little.
var sometimes = []machine.Property[State]{
	state("a cache is two changes behind", someServer(func(s State, v Server) bool { return v.Up && v.Revision+1 < s.Revision })),
	state("a cache shows another object of a name than there is", someServer(func(s State, v Server) bool {
		return v.Objects[0].UID != 0 && s.stored(0).UID != 0 && v.Objects[0].UID != s.stored(0).UID
	})),
	state("a write was decided on a version that is not there any more", anyCall(func(s State, c Call) bool {
		return c.Stage == Swapping && c.On != s.stored(c.Request.Name).Version
	})),
	state("an update and a delete that were decided on one version are on their way", func(s State) bool {
		a, b := s.Calls[0], s.Calls[1]
		return a.Stage == Swapping && b.Stage == Swapping && a.On == b.On && a.Request.Verb == Update && b.Request.Verb == Delete
	}),
	state("a write of which nobody will hear is on its way", anyCall(func(_ State, c Call) bool { return c.Stage == Late })),
	refusal(NotFound), refusal(AlreadyExists), refusal(Conflict), refusal(Invalid),
	state("an object is kept by a finalizer alone", someStored(func(o Object) bool { return o.Deleting && o.Grace == 0 && o.Finalizers != 0 })),
	state("a grace period was made shorter", someStored(func(o Object) bool { return o.Deleting && o.Grace > 0 && o.Grace < o.Period })),
	state("a server has lost its place to compaction", someServer(func(s State, v Server) bool { return v.Up && v.Revision+1 < s.Compacted })),
	answer("a further page is answered", func(s State, r Read) bool { return r.From == Exact && r.Reason == OK && r.Revision < s.Revision }),
	answer("a further page is refused", func(_ State, r Read) bool { return r.Reason == Expired }),
	answer("the reader is ahead of a server", func(_ State, r Read) bool { return r.Reason == Timeout }),
	answer("a list is older than what the reader has seen", func(s State, r Read) bool { return r.Revision < s.Reader.Newest }),
	state("a watcher has a deletion to hear of an object that is there", func(s State) bool {
		e := s.Watch.Event
		return e.Type == Deleted && s.at(int(e.Name), s.Watch.Told).UID != 0
	}),
	state("a watcher was sent a bookmark", func(s State) bool { return s.Watch.Event.Type == Bookmark }),
	state("a watcher must list again", func(s State) bool { return !s.Watch.Listed && s.Watch.Told > 0 }),
}

// tempting are what one might believe.
var tempting = []machine.Property[State]{
	state("what a cache shows is stored", everyServer(func(s State, v Server) bool { return !v.Up || v.Objects == s.all(s.Revision) })),
	state("what a reader was shown last is the newest that it was shown", func(s State) bool { return s.Reader.Last == s.Reader.Newest }),
	state("a write of which nobody will hear can take effect no more", func(s State) bool {
		c := s.Calls[0]
		return c.Stage != Late || c.On != s.stored(c.Request.Name).Version
	}),
	state("who hears that it is done finds the object so", func(s State) bool {
		c := s.Calls[0]
		return c.Stage != Answered || c.Answer.Reason != OK || c.Request.Verb == Delete || c.Answer.Object == s.stored(c.Request.Name)
	}),
}

// wrote is the write that a step carries out, if it does one: the request, and the object before and after.
func wrote(s State, a Action, after State) (q Request, old, now Object, ok bool) {
	if after.Revision == s.Revision || a.Kind != Swap && a.Kind != Land {
		return q, old, now, false
	}
	q = s.Calls[a.Call].Request
	return q, s.stored(q.Name), after.stored(q.Name), true
}

// answered is the request that a step answers, if it answers one.
func answered(s State, a Action, after State) (Call, bool) {
	c := after.Calls[a.Call]
	return c, c.Stage == Answered && s.Calls[a.Call].Stage != Answered
}

func state(name string, holds func(State) bool) machine.Property[State] {
	return machine.Property[State]{Name: name, Holds: holds}
}

func step(name string, holds func(State, Action, State) bool) machine.StepProperty[State, Action] {
	return machine.StepProperty[State, Action]{Name: name, Holds: holds}
}

// write is a claim about every write: the request, and the object before and after.
func write(name string, holds func(q Request, old, now Object) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, a Action, after State) bool {
		q, old, now, ok := wrote(s, a, after)
		return !ok || holds(q, old, now)
	})
}

// change is a claim about every write that leaves an object which was there.
func change(name string, holds func(q Request, old, now Object) bool) machine.StepProperty[State, Action] {
	return write(name, func(q Request, old, now Object) bool { return old.UID == 0 || now.UID == 0 || holds(q, old, now) })
}

// list is a claim about every list that is answered with objects, at the moment at which it is.
func list(name string, holds func(State, Read) bool) machine.StepProperty[State, Action] {
	return step(name, func(s State, _ Action, after State) bool {
		r := after.Reader.Read
		return s.Reader.Read.Stage == Answered || r.Stage != Answered || r.Reason != OK || holds(after, r)
	})
}

func everyStored(holds func(Object) bool) func(State) bool {
	return func(s State) bool {
		for name := range uint8(Names) {
			if o := s.stored(name); o.UID != 0 && !holds(o) {
				return false
			}
		}
		return true
	}
}

func someStored(is func(Object) bool) func(State) bool {
	every := everyStored(func(o Object) bool { return !is(o) })
	return func(s State) bool { return !every(s) }
}

func everyServer(holds func(State, Server) bool) func(State) bool {
	return func(s State) bool {
		for _, v := range s.Servers {
			if v.Up && !holds(s, v) {
				return false
			}
		}
		return true
	}
}

func someServer(is func(State, Server) bool) func(State) bool {
	every := everyServer(func(s State, v Server) bool { return !is(s, v) })
	return func(s State) bool { return !every(s) }
}

func anyCall(is func(State, Call) bool) func(State) bool {
	return func(s State) bool {
		for _, c := range s.Calls {
			if is(s, c) {
				return true
			}
		}
		return false
	}
}

func refusal(why Reason) machine.Property[State] {
	return state("a request is answered with "+why.String(), anyCall(func(_ State, c Call) bool { return c.Answer.Reason == why }))
}

func answer(name string, is func(State, Read) bool) machine.Property[State] {
	return state(name, func(s State) bool { return s.Reader.Read.Stage == Answered && is(s, s.Reader.Read) })
}
