package machine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Path is a finite sequence of steps that a machine can take.
type Path[S, A any] struct {
	Init  S
	Steps []Step[S, A]
	// Cycle is the number of steps after which the rest repeats for ever; none, -1, if the path just ends.
	Cycle int
}

// Step is an action and the state after it.
type Step[S, A any] struct {
	Action A
	State  S
}

// Actions are those of the path, in order.
func (p Path[S, A]) Actions() (actions []A) {
	for _, s := range p.Steps {
		actions = append(actions, s.Action)
	}
	return actions
}

// pathOf is a shortest path to what was found.
func (e *explorer[S, A]) pathOf(f finding) Path[S, A] {
	chain := e.chain(f.number)
	init := e.m.Init[e.via[chain[0]]]
	path := Path[S, A]{Init: init, Cycle: none}
	// The search knows representatives only. The path is taken again, with the names that really follow each other.
	known := e.representative(init)
	for _, number := range chain[1:] {
		next, _ := e.m.Next(known, e.m.Enabled(known, nil)[e.via[number]])
		known = e.representative(next)
		path.Steps = append(path.Steps, e.towards(path.end(), known))
	}
	if f.action != none {
		last := path.end()
		for _, a := range e.m.Enabled(last, nil) {
			if next, ok := e.m.Next(last, a); ok && e.breaks(f.property, last, a, next) {
				path.Steps = append(path.Steps, Step[S, A]{a, next})
				break
			}
		}
	}
	return path
}

func (e *explorer[S, A]) breaks(property string, before S, a A, after S) bool {
	return slices.ContainsFunc(e.m.AlwaysStep, func(p StepProperty[S, A]) bool { return p.Name == property && !p.Holds(before, a, after) })
}

// chain are the numbers of the states on a shortest path to one.
func (e *explorer[S, A]) chain(number uint32) []uint32 {
	chain := []uint32{number}
	for e.parent[number] != noOne {
		number = e.parent[number]
		chain = append(chain, number)
	}
	slices.Reverse(chain)
	return chain
}

// towards is a step from a state to one for which that representative stands.
func (e *explorer[S, A]) towards(from, known S) Step[S, A] {
	want := e.m.Encode(nil, known)
	for _, a := range e.m.Enabled(from, nil) {
		if next, ok := e.m.Next(from, a); ok && bytes.Equal(e.m.Encode(nil, e.representative(next)), want) {
			return Step[S, A]{a, next}
		}
	}
	panic("machine: " + e.m.Name + ": states that are said to differ in names only do not have the same steps")
}

// end is the path's last state.
func (p Path[S, A]) end() S {
	if len(p.Steps) == 0 {
		return p.Init
	}
	return p.Steps[len(p.Steps)-1].State
}

// Words tells a path in numbered steps, each with what it changed, and first where it begins, if that is not the same for all.
func (p Path[S, A]) Words(m *Machine[S, A]) string {
	var text strings.Builder
	if len(m.Init) > 1 && m.Changes != nil {
		var nothing S
		text.WriteString("  0. it begins\n")
		for _, line := range m.Changes(nothing, p.Init) {
			fmt.Fprintf(&text, "       %s\n", line)
		}
	}
	before := p.Init
	for i, s := range p.Steps {
		if i == p.Cycle {
			text.WriteString("    and then, again and again:\n")
		}
		fmt.Fprintf(&text, "%3d. %s\n", i+1, m.Action(s.Action))
		if m.Changes != nil {
			for _, line := range m.Changes(before, s.State) {
				fmt.Fprintf(&text, "       %s\n", line)
			}
		}
		before = s.State
	}
	if p.Cycle == len(p.Steps) {
		text.WriteString("    and then nothing more has to happen\n")
	}
	return text.String()
}
