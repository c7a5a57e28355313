package namespace

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "namespace",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(d, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Classes: Classes, Fair: Fair,
		Always: []machine.Property[State]{HasNamespace},
		AlwaysStep: []machine.StepProperty[State, Action]{CreatedInActive, RefusedRightly, RemovedEmpty, Justified, FinalizesEmpty,
			DeletesInLeaving, SameObject, OnlySignals},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Vanishes, Rests, Answered},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow { // that an object outlived its namespace is no history's doing
		m.Init, m.Always = anyhow(d), nil
	}
	return m
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if before.Namespace != after.Namespace {
		say("namespace: %v", after.Namespace)
	}
	if before.Seen != after.Seen && after.Up {
		say("the controller's cache: %v", after.Seen)
	}
	for i := range Servers {
		if before.Cached[i] != after.Cached[i] {
			say("server %d's cache: %v", i, after.Cached[i])
		}
		if before.Creations[i] != after.Creations[i] {
			say("server %d's creation: %v", i, after.Creations[i])
		}
		if before.Adrift[i] != after.Adrift[i] {
			say("adrift from server %d: %v", i, after.Adrift[i])
		}
	}
	for i := range Names {
		if before.Objects[i] != after.Objects[i] {
			say("object %d: %v", i, after.Objects[i])
		}
		if c := after.Contents[i]; before.Contents[i] != c && c.Made {
			say("the controller has read: object %d: %v", i, c.Object)
		}
	}
	for i := range after.Writes {
		if before.Writes[i] != after.Writes[i] {
			say("request for %s: %v", named(i), after.Writes[i])
		}
		if before.Late[i] != after.Late[i] {
			say("late request for %s: %v", named(i), after.Late[i])
		}
	}
	return lines
}

func (n Stored) String() string {
	if n.UID == 0 {
		return "none"
	}
	text := fmt.Sprintf("UID %d, version %d", n.UID, n.Version)
	if n.Leaving {
		text += ", being deleted"
	}
	if n.Ours {
		text += ", kept by our finalizer"
	}
	if n.Foreign {
		text += ", kept by a foreign finalizer"
	}
	return text
}

func (o Object) String() string {
	if o.UID == 0 {
		return "none"
	}
	leaving := ""
	if o.Leaving {
		leaving = ", being deleted"
	}
	return fmt.Sprintf("UID %d, of namespace %d, %s%s", o.UID, o.Of, [...]string{"free", "slow", "stuck"}[o.Keep], leaving)
}

func (c Creation) String() string {
	switch c.Stage {
	case Idle:
		return "none"
	case Admitted:
		return fmt.Sprintf("of object %d, on its way, guarded by version %d", c.Name, c.Guard)
	}
	return fmt.Sprintf("of object %d, %s", c.Name, [...]string{"", "received", "doubted"}[c.Stage])
}

func (w Write) String() string {
	if w.Verb == 0 {
		return "none"
	}
	return fmt.Sprintf("%v UID %d", w.Verb, w.UID)
}
