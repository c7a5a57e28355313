package endpoints

import (
	"fmt"
	"slices"
	"strings"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "endpoints",
		Init:    []State{Init(d)},
		Enabled: Enabled,
		Next:    func(s State, a Action) (State, bool) { return after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  within, Canonical: rebased,
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{Single},
		AlwaysStep: []machine.StepProperty[State, Action]{Justified, OnceAtATime, Selecting, LivingPods, Conditions, Managed, Unchanged, Kept},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Stable, Quiet},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow { // an endpoint may be in several slices, and may be wanted by no doing of the controller's
		m.Init, m.Always = anyhow(d), nil
		m.AlwaysStep = slices.DeleteFunc(m.AlwaysStep, func(p machine.StepProperty[State, Action]) bool { return p.Name == Kept.Name })
		if d.Bounds.Pods == 0 && d.Edits == 0 {
			m.Within = nil // there are names enough for all that the controller may create
		}
	}
	return m
}

// within: the world ends where there is no name for one more slice.
func within(s State) bool {
	return slices.ContainsFunc(s.Slices[:], func(at Stored) bool { return !at.There })
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if before.Service != after.Service {
		say("service: %v", after.Service)
	}
	if before.SeenService != after.SeenService && after.Up {
		say("the controller's cache: service: %v", after.SeenService)
	}
	for i := range after.Pods {
		if before.Pods[i] != after.Pods[i] {
			say("pod %d: %v", i, after.Pods[i])
		}
		if before.SeenPods[i] != after.SeenPods[i] && after.Up {
			say("the controller's cache: pod %d: %v", i, after.SeenPods[i])
		}
	}
	for i := range after.Slices {
		if before.Slices[i] != after.Slices[i] {
			say("slice %d: %v", i, after.Slices[i])
		}
		if before.Seen[i] != after.Seen[i] && after.Up {
			say("the controller's cache: slice %d: %v", i, after.Seen[i])
		}
		if w := after.Writes[i]; before.Writes[i] != w {
			say("request for slice %d: %v", i, w)
		}
		if w := after.Late[i]; before.Late[i] != w {
			say("late request for slice %d: %v", i, w)
		}
	}
	return lines
}

func (s Service) String() string {
	if s.UID == 0 {
		return "none"
	}
	return fmt.Sprintf("UID %d%s", s.UID, listed(
		!s.Selects, "no selector", s.Publishes, "publishes what is not ready", s.Leaving, "being deleted"))
}

func (p Pod) String() string {
	if p.Phase == Absent {
		return "absent"
	}
	return fmt.Sprintf("UID %d, %v%s", p.UID, p.Phase, listed(
		p.Address != 0, fmt.Sprint("address ", p.Address), p.Ready, "ready", p.Leaving, "being deleted", !p.Matches, "does not match"))
}

func (e Endpoint) String() string {
	return fmt.Sprintf("address %d of pod %d%s", e.Address, e.Pod, listed(e.Ready, "ready", e.Serving, "serving", e.Terminating, "terminating"))
}

func (h Held) String() string {
	var text []string
	for _, e := range h.list() {
		text = append(text, e.String())
	}
	return "[" + strings.Join(text, "; ") + "]"
}

func (s Stored) String() string {
	if !s.There {
		return "absent"
	}
	return fmt.Sprintf("version %d%s, holds %v", s.Version, listed(
		!s.Ours, "managed by somebody else", s.Owner != 0, fmt.Sprint("of service UID ", s.Owner)), s.Endpoints)
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "carried out", "refused", "of unknown outcome"}[w.Way]
	switch {
	case w.Way == None:
		return way
	case w.Verb == Remove:
		return fmt.Sprintf("%v, %s", w.Verb, way)
	}
	return fmt.Sprintf("%v with %v, %s", w.Verb, w.Endpoints, way)
}

// listed are the words of which the flag before them is set.
func listed(pairs ...any) (text string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) {
			text += ", " + pairs[i+1].(string)
		}
	}
	return text
}
