package script

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
	"orrery/model/machine"
)

// ran is the world to which a script leads that takes every action. It breaks nothing but perhaps that guarantee.
func ran(t *testing.T, s Script, but ...string) world {
	t.Helper()
	require.Empty(t, s.Missing, "%s", s.Text())
	size, lines, err := simulation.ParseScript(s.Text())
	require.NoError(t, err)
	run, err := simulation.Replay(t.Context(), size, lines, true)
	require.NoError(t, err, "%s", s.Text())
	if broken := run.Broken(); !slices.Contains(but, broken) {
		require.Equal(t, verdict.Ok, run.Report.Verdict(), "%s\n%s", broken, s.Text())
	}
	w, err := read(run)
	require.NoError(t, err)
	return w
}

// end is the last state of a path.
func end[S, A any](path machine.Path[S, A]) S {
	if len(path.Steps) == 0 {
		return path.Init
	}
	return path.Steps[len(path.Steps)-1].State
}

// without leaves actions out of a machine.
func without[S, A any](m *machine.Machine[S, A], out func(A) bool) {
	enabled := m.Enabled
	m.Enabled = func(s S, actions []A) []A { return slices.DeleteFunc(enabled(s, actions), out) }
}

// each runs a test of every path, by the words of its last action.
func each[S any, A fmt.Stringer](t *testing.T, paths map[string]machine.Path[S, A], test func(*testing.T, machine.Path[S, A])) {
	for kind, path := range paths {
		t.Run(kind+": "+path.Steps[len(path.Steps)-1].Action.String(), func(t *testing.T) {
			t.Parallel()
			test(t, path)
		})
	}
}

// shortest are paths to where the first action of each kind is taken.
func shortest[S, A any](m *machine.Machine[S, A], kind func(S, A) string) map[string]machine.Path[S, A] {
	type node struct {
		state  S
		action A
		parent int
	}
	nodes, visited, first := []node{}, map[string]bool{}, map[string]machine.Path[S, A]{}
	visit := func(n node) {
		if code := string(m.Encode(nil, n.state)); !visited[code] {
			visited[code] = true
			nodes = append(nodes, n)
		}
	}
	for _, s := range m.Init {
		visit(node{state: s, parent: -1})
	}
	for at := 0; at < len(nodes); at++ {
		if s := nodes[at].state; m.Within == nil || m.Within(s) {
			for _, a := range m.Enabled(s, nil) {
				next, _ := m.Next(s, a)
				if k := kind(s, a); len(first[k].Steps) == 0 {
					p := machine.Path[S, A]{Cycle: -1, Steps: []machine.Step[S, A]{{Action: a, State: next}}}
					up := at
					for ; nodes[up].parent >= 0; up = nodes[up].parent {
						p.Steps = append(p.Steps, machine.Step[S, A]{Action: nodes[up].action, State: nodes[up].state})
					}
					slices.Reverse(p.Steps)
					p.Init = nodes[up].state
					first[k] = p
				}
				visit(node{next, a, at})
			}
		}
	}
	return first
}
