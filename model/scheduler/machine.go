package scheduler

import (
	"fmt"

	"orrery/model/machine"
)

// New returns the machine of the package comment, within a domain. It has no boundary: what users may do is counted, and so is all that
// follows from it.
func New(d Domain) *machine.Machine[State, Action] {
	m := &machine.Machine[State, Action]{
		Name:    "scheduler",
		Init:    []State{Init(d)},
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{Fits, Charged},
		AlwaysStep: []machine.StepProperty[State, Action]{Justified, Once, SameObject, NotLeaving, WriteOnce},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Settled, Rests},
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
	for i := range after.Nodes {
		if before.Nodes[i] != after.Nodes[i] {
			say("node %d: %v", i+1, after.Nodes[i])
		}
		if before.SeenNodes[i] != after.SeenNodes[i] && after.Up {
			say("the scheduler's cache: node %d: %v", i+1, after.SeenNodes[i])
		}
	}
	for i := range after.Pods {
		if before.Pods[i] != after.Pods[i] {
			say("pod %d: %v", i, after.Pods[i])
		}
		if before.Seen[i] != after.Seen[i] && after.Up {
			say("the scheduler's cache: pod %d: %v", i, after.Seen[i])
		}
		if w := after.Writes[i]; before.Writes[i] != w {
			say("bind of pod %d: %v", i, w)
		}
		if w := after.Late[i]; before.Late[i] != w {
			say("late bind of pod %d: %v", i, w)
		}
		if !before.Due[i] && after.Due[i] {
			say("pod %d is due", i)
		}
	}
	return lines
}

func (n StoredNode) String() string {
	if !n.There {
		return "not there"
	}
	shut := ""
	if n.Shut {
		shut = ", cordoned or tainted"
	}
	return fmt.Sprintf("has %d%s", n.Allocatable, shut)
}

func (p StoredPod) String() string {
	if p.Phase == Absent {
		return p.Phase.String()
	}
	node := "no node"
	if p.Node != 0 {
		node = fmt.Sprintf("node %d", p.Node)
	}
	return fmt.Sprintf("%v, UID %d, version %d, asks for %d, %s", p.Phase, p.UID, p.Version, p.Request, node)
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "carried out", "refused", "of unknown outcome", "refused when it was repeated"}[w.Way]
	if w.Way == None {
		return way
	}
	again := ""
	if w.Again && w.Way != Moot {
		again = ", again"
	}
	return fmt.Sprintf("to node %d, if the version is %d, %s%s", w.Node, w.Version, way, again)
}
