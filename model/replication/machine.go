package replication

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "replication",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  within,
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always: []machine.Property[State]{NoExcess},
		AlwaysStep: []machine.StepProperty[State, Action]{Justified, TerminatingQuiet, OnceAtATime, DeletesOwn, AdoptsOrphans, AdoptsMatching,
			ReleasesUnmatched, SameObject},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Stable, Rests},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow {
		m.Init, m.Always = anyhow(d), nil // how many pods there are is no history's doing
		if d.Changes == 0 && d.Pods+d.Most <= Names {
			m.Within = nil // there are names enough for all that the controller may create
		}
	}
	return m
}

// within: a controller never uses a name twice, so the world ends where there are no free ones.
func within(s State) bool {
	free := 0
	for _, p := range s.Pods {
		if p.Phase == Absent {
			free++
		}
	}
	return free > 0
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if before.Owner != after.Owner {
		say("owner: %v", after.Owner)
	}
	if before.SeenOwner != after.SeenOwner && after.Up {
		say("the controller's cache: owner: %v", after.SeenOwner)
	}
	for i := range after.Pods {
		if before.Pods[i] != after.Pods[i] {
			say("pod %d: %v", i, after.Pods[i])
		}
		if before.Seen[i] != after.Seen[i] && after.Up {
			say("the controller's cache: pod %d: %v", i, after.Seen[i])
		}
		if w := after.Writes[i]; before.Writes[i] != w {
			say("request for pod %d: %v", i, w)
		}
		if w := after.Late[i]; before.Late[i] != w {
			say("late request for pod %d: %v", i, w)
		}
	}
	return lines
}

func (o Owner) String() string {
	if o.UID == 0 {
		return "none"
	}
	leaving := ""
	if o.Leaving {
		leaving = ", being deleted"
	}
	return fmt.Sprintf("UID %d, wants %d%s", o.UID, o.Replicas, leaving)
}

func (p Stored) String() string {
	if p.Phase == Absent || p.Phase == Gone {
		return p.Phase.String()
	}
	owner, matches := "no controller", "matches"
	if p.Owner != 0 {
		owner = fmt.Sprintf("controlled by UID %d", p.Owner)
	}
	if !p.Matches {
		matches = "does not match"
	}
	return fmt.Sprintf("%v, UID %d, version %d, %s, %s", p.Phase, p.UID, p.Version, owner, matches)
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "carried out", "refused", "of unknown outcome"}[w.Way]
	if w.Way == None {
		return way
	}
	return fmt.Sprintf("%v, %s", w.Verb, way)
}
