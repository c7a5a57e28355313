package api

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "api",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(d, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  func(s State) bool { return s.Revision < Revisions },
		Local:   func(s State, a Action) bool { return local(d, s, a) },
		Classes: Classes, Fair: Fair,
		Always: []machine.Property[State]{Versioned, Observed, Kept, CacheTrue, WindowWhole, Watched, EndVersion},
		AlwaysStep: []machine.StepProperty[State, Action]{Replaces, Same, Creates, Identity, Parts, Generations, Terminal, NoNewFinalizers,
			Finalized, Graceful, Justified, Alone, Fresh, NoOlder, Snapshot, Whole, Onwards, ListExpires, Types, WatchOnwards, WatchEnds},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{AllAnswered, CachesCatchUp, Gone},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Watcher {
		m.Eventually = append(m.Eventually, WatcherShows)
	}
	return m
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if r := after.Revision; r != before.Revision {
		say("revision %d: object %d: %v", r, after.Log[r].Name, after.Log[r].Object)
	}
	for k, v := range after.Servers {
		if w := before.Servers[k]; v.Up && v != w {
			say("server %d's cache is at revision %d, its window begins after %d", k, v.Revision, v.Floor)
		}
	}
	for i, c := range after.Calls {
		if b := before.Calls[i]; c.Stage != b.Stage || c.On != b.On {
			say("request of %s: %v", who(uint8(i)), c)
		}
	}
	if r := after.Reader.Read; r != before.Reader.Read {
		say("list: %v", r)
	}
	if after.Reader.Last != before.Reader.Last {
		say("the reader was shown revision %d", after.Reader.Last)
	}
	if w := after.Watch; w != before.Watch {
		say("watcher: told up to %d, looked at up to %d, %v, %v; shows %v", w.Told, w.Sent, yes(w.Open, "open"), w.Event.Type, w.Shown)
	}
	return lines
}

func yes(is bool, word string) string {
	if is {
		return word
	}
	return "not " + word
}

func (o Object) String() string {
	if o.UID == 0 {
		return "none"
	}
	text := fmt.Sprintf("UID %d, version %d, generation %d, reported %d, spec %d, finalizers %b",
		o.UID, o.Version, o.Generation, o.Observed, o.Spec, o.Finalizers)
	if o.Deleting {
		text += fmt.Sprintf(", being deleted with grace %d", o.Grace)
	}
	return text + ", " + yes(o.Labeled, "labeled")
}

func (s Stage) String() string {
	return [...]string{"none", "the store is to be read", "a write is on its way", "a write is on its way, and nobody waits",
		"the store's revision is to be asked for", "waits for the cache", "answered"}[s]
}

func (c Call) String() string {
	switch c.Stage {
	case Swapping, Late:
		return fmt.Sprintf("%v, decided on version %d", c.Stage, c.On)
	case Answered:
		if c.Answer.Reason != OK {
			return fmt.Sprintf("answered with %v", c.Answer.Reason)
		}
		return fmt.Sprintf("answered with %v", c.Answer.Object)
	}
	return c.Stage.String()
}

func (r Read) String() string {
	switch {
	case r.Stage != Answered:
		return r.Stage.String()
	case r.Reason != OK:
		return fmt.Sprintf("answered with %v", r.Reason)
	}
	return fmt.Sprintf("answered with revision %d: %v", r.Revision, r.Objects)
}
