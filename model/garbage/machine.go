package garbage

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "garbage",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always: []machine.Property[State]{KeptBySomething},
		AlwaysStep: []machine.StepProperty[State, Action]{HeldStays, Justified, SameObject, Ownerless, NotOrphaned, OrphansFirst,
			DependentsFirst, KeepsOwners, BreaksCircles},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Collected, Vanishes, Rests},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow {
		m.Init = anyhow(d)
	}
	return m
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range after.Objects {
		if before.Objects[i] != after.Objects[i] {
			say("object %d: %v", i, after.Objects[i])
		}
		if before.Seen[i] != after.Seen[i] && after.Up {
			say("the collector's cache: object %d: %v", i, after.Seen[i])
		}
		if r := after.Reads[i]; r.Made && !before.Reads[i].Made {
			say("read live: object %d: %v", i, r.Stored)
		}
		if w := after.Writes[i]; before.Writes[i] != w {
			say("request for object %d: %v", i, w)
		}
		if w := after.Late[i]; before.Late[i] != w {
			say("late request for object %d: %v", i, w)
		}
	}
	return lines
}

func (o Stored) String() string {
	if o.UID == 0 {
		return "none"
	}
	text := fmt.Sprintf("UID %d, version %d", o.UID, o.Version)
	if o.Leaving {
		text += ", being deleted"
	}
	if o.Wish != Background {
		text += fmt.Sprintf(" (%v)", o.Wish)
	}
	if o.Held {
		text += ", held by a finalizer"
	}
	for owner, l := range o.Links {
		if l.UID == 0 {
			continue
		}
		text += fmt.Sprintf(", owned by object %d with UID %d", owner, l.UID)
		if l.Blocks {
			text += ", which it blocks"
		}
	}
	return text
}

func (w Write) String() string {
	if w.Verb == 0 {
		return "none"
	}
	return fmt.Sprintf("%v UID %d at version %d", w.Verb, w.UID, w.Version)
}
