package cluster

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	t := newTables(d)
	return build(&world{d, t}, t)
}

// build is New for components that decide as the world's tables say, and are judged by what was asked.
func build(w *world, asked *tables) *Machine {
	return &Machine{
		Name:    "cluster",
		Init:    []State{w.begin()},
		Enabled: func(s State, actions []Action) []Action { return w.enabled(&s, actions) },
		Next:    func(s State, a Action) (State, bool) { return w.after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Within:  within,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{OneOfName, OnItsNode, GoneRests, EndedRests, NoExcess, w.fit(), ReadyRan, Truthful, Past},
		AlwaysStep: []machine.StepProperty[State, Action]{w.justified(asked), Lasting, AsSeen, WantedRuns, Undisturbed},
		Eventually: []machine.Property[State]{Replicated, NoneLeft, w.scheduled(), Running, w.published(), w.proxied(), w.reached(), w.rested()},
		Sometimes:  sometimes,
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
}

// within: a controller never uses a name twice, so its world ends where there are no free ones; and any where a name was used too often.
func within(s State) bool {
	free := s.Owner == 0
	for _, p := range s.Pods {
		if p.uid() == 7 {
			return false
		}
		free = free || p == 0
	}
	return free
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(changed bool, format string, args ...any) {
		if changed {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	say(before.Owner != after.Owner, "owner: %v", after.Owner)
	for i, p := range after.Pods {
		say(before.Pods[i] != p, "pod %d: %v", i, p)
	}
	say(before.Slice != after.Slice, "slice: %v", after.Slice)
	for n := range Nodes {
		for i, l := range after.Lives[n] {
			say(before.Lives[n][i] != l, "node %d: pod %d: %v", n+1, i, l)
		}
		say(before.Rules[n] != after.Rules[n], "node %d: rules: %v", n+1, after.Rules[n])
	}
	for c := range components {
		if after.up(c) {
			lines = append(lines, changesOf(c, &before, &after)...)
		}
	}
	say(before.Late != after.Late, "late: %v", after.Late)
	return lines
}

// changesOf are what a step changed of what a component knows.
func changesOf(c Component, before, after *State) (lines []string) {
	say := func(changed bool, format string, args ...any) {
		if changed {
			lines = append(lines, c.String()+": "+fmt.Sprintf(format, args...))
		}
	}
	if c == Replication {
		say(before.SeenOwner != after.SeenOwner, "owner: %v", after.SeenOwner)
		say(before.Live != after.Live, "owner, read live: %v", after.Live)
	}
	if at := c.sees(); at >= 0 {
		say(before.Slices[at] != after.Slices[at], "slice: %v", after.Slices[at])
	}
	if c >= writers {
		return lines
	}
	for i, p := range after.Seen[c] {
		if c == Replication && p == spent {
			say(before.Seen[c][i] != p, "pod %d: does not count, and never will", i)
			continue
		}
		say(before.Seen[c][i] != p, "pod %d: %v", i, p)
	}
	say(before.Writes[c] != after.Writes[c], "request: %v", after.Writes[c])
	return lines
}

func (o Owner) String() string {
	if o.uid() == 0 {
		return "none"
	}
	return fmt.Sprintf("UID %d, wants %d", o.uid(), o.replicas())
}
