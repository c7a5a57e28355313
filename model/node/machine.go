package node

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "node",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(d, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{Measured},
		AlwaysStep: append(decided(d), SameObject, DoubtsNoReport, TaintsUnready, UntaintsReady, EvictsUntolerated, Graceful),
		Sometimes:  sometimes(d),
		Eventually: eventually(d),
		Tempting:   tempting(d),
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
	for i := range Names {
		if before.Nodes[i] != after.Nodes[i] {
			say("node %d: %v", i, after.Nodes[i])
		}
		if before.Silent[i] != after.Silent[i] && after.Silent[i] > 0 {
			say("node %d: silent for %d", i, after.Silent[i])
		}
		if before.Seen[i] != after.Seen[i] && after.Up {
			say("the controller's cache: node %d: %v", i, after.Seen[i])
		}
		if before.Pods[i] != after.Pods[i] {
			say("pod %d: %v", i, after.Pods[i])
		}
		if before.Shown[i] != after.Shown[i] && after.Up {
			say("the controller's cache: pod %d: %v%s", i, after.Shown[i].StoredPod, stale(after.Shown[i].Behind))
		}
	}
	for o := range objects {
		if w := after.Writes[o]; before.Writes[o] != w {
			say("request for %s: %v", name(o), w)
		}
		if w := after.Late[o]; before.Late[o] != w {
			say("late request for %s: %v", name(o), w)
		}
	}
	return lines
}

func (n StoredNode) String() string {
	if n.UID == 0 {
		return "none"
	}
	text := fmt.Sprintf("UID %d, %v", n.UID, n.Condition)
	if n.Tainted {
		text += ", tainted"
	}
	if n.OutOfService {
		text += ", out of service"
	}
	return text
}

func (c SeenNode) String() string {
	text := c.StoredNode.String() + stale(c.Behind)
	if c.UID == 0 {
		text += fmt.Sprintf(", missing for %d", c.Missing)
	} else {
		text += fmt.Sprintf(", quiet for %d", c.Quiet)
	}
	if c.Renewed {
		text += " (but its lease was renewed)"
	}
	if c.Tainted {
		text += fmt.Sprintf(", with the taint for %d", c.Held)
	}
	if c.Live {
		text += ", read live"
	}
	return text
}

func (p StoredPod) String() string {
	if p.Phase == Absent {
		return "none"
	}
	text := fmt.Sprintf("UID %d, %v", p.UID, p.Phase)
	if p.Ready {
		text += ", ready"
	}
	if p.Forever {
		text += ", tolerates the taint for ever"
	}
	return text
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "answered", "of unknown outcome"}[w.Way]
	if w.Way == None {
		return way
	}
	return fmt.Sprintf("%v, %s%s", w.Verb, way, stale(w.Stale))
}

func stale(yes bool) string {
	if yes {
		return " (there is a later version)"
	}
	return ""
}
