package election

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain. It has no boundary: durations end, and so does all that users and faults may do.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "election",
		Init:    anyhow(d),
		Enabled: func(s State, actions []Action) []Action { return Enabled(d, s, actions) },
		Next:    func(s State, a Action) (State, bool) { return after(d, s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{inTime(d)},
		AlwaysStep: []machine.StepProperty[State, Action]{justified(d), StopsFirst, Precise},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Led},
		Tempting:   tempting(d),
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.close() {
		m.Always = append(m.Always, Disjoint, Named)
	}
	return m
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if before.Holder != after.Holder {
		say("the lease: %s", named(after.Holder))
	}
	for i := range after.All {
		if before.All[i] != after.All[i] {
			say("candidate %d: %v", i+1, after.All[i])
		}
		if w := after.Late[i]; before.Late[i] != w {
			if w.Way == None {
				say("late write of candidate %d: none", i+1)
			} else {
				say("late write of candidate %d: %s%s", i+1, named(w.Holder), stale(w.Fresh))
			}
		}
		if before.Effects[i] != after.Effects[i] {
			say("something that candidate %d did is on its way: %v", i+1, after.Effects[i])
		}
	}
	return lines
}

func named(holder uint8) string {
	switch holder {
	case 0:
		return "nobody's"
	case Gone:
		return "of somebody who is gone"
	}
	return fmt.Sprintf("of candidate %d", holder)
}

func (c Candidate) String() string {
	if !c.Up {
		return "gone"
	}
	text := "does not know the lease"
	if c.Known {
		text = fmt.Sprintf("knows the lease %s for %d%s", named(c.Seen), c.Since, stale(c.Fresh))
	}
	if c.Leads {
		text += fmt.Sprintf(", acts, by a write that it sent %d ago", c.Led)
	}
	text += [...]string{"", ", was told to end", ", has stopped"}[c.Ending]
	if r := c.Request; r.Way != None {
		text += fmt.Sprintf("; %s %s%s", [...]string{"a read", "a write that names it", "a write that names nobody"}[r.Verb],
			[...]string{"", "is on its way", "was answered", "was refused"}[r.Way], stale(r.Fresh))
	}
	return text
}

func stale(fresh bool) string {
	if fresh {
		return ""
	}
	return " (there is a later version)"
}
