package machine

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// graph is every state and step that was visited.
type graph[S, A any] struct {
	m      *Machine[S, A]
	states []S
	// masks are, by number of state, the classes of fairness that are enabled there.
	masks []uint64
	// edges are in the order of where they come from; those of a state begin at starts[number].
	edges  []edge
	starts []uint32
}

// beyond marks a state beyond the boundary: nothing is known of what is enabled there.
const beyond = ^uint64(0)

// edge is a step between two states.
type edge struct {
	from, to uint32
	via      uint16 // which of the enabled actions
	class    int8
	// pending: to is not known yet, but it is where that candidate of its finder will be.
	pending bool
	shard   uint8
	at      uint32
}

// take takes over the layer that the workers have expanded, and the states that they found.
func (g *graph[S, A]) take(e *explorer[S, A], workers []*worker[S, A]) {
	for _, w := range workers {
		for _, step := range w.edges {
			if step.pending {
				c := &w.found[step.shard][step.at]
				step.to, _ = e.tables[step.shard].find(c.print, []byte(c.code))
			}
			g.edges = append(g.edges, step)
		}
		g.masks = append(g.masks, w.masks...)
		w.edges, w.masks = w.edges[:0], w.masks[:0]
	}
	g.states = append(g.states, e.frontier...)
}

// finish makes the edges of each state easy to find.
func (g *graph[S, A]) finish() {
	if g.starts != nil {
		return
	}
	g.starts = make([]uint32, len(g.states)+1)
	for _, step := range g.edges {
		g.starts[step.from+1]++
	}
	for i := range g.states {
		g.starts[i+1] += g.starts[i]
	}
	for len(g.masks) < len(g.states) {
		g.masks = append(g.masks, beyond) // the search ended before
	}
}

// of are the edges of a state.
func (g *graph[S, A]) of(number uint32) []edge { return g.edges[g.starts[number]:g.starts[number+1]] }

// action is that of an edge.
func (g *graph[S, A]) action(step edge) A { return g.m.Enabled(g.states[step.from], nil)[step.via] }

// Dot writes the graph in the language of Graphviz, if [Options.Keep] had it kept. name is what is shown of a state; nil: its number.
func (o Outcome[S, A]) Dot(w io.Writer, name func(S) string) error {
	g := o.graph
	if g == nil {
		return fmt.Errorf("machine: the graph was not kept")
	}
	g.finish()
	var text strings.Builder
	fmt.Fprintf(&text, "digraph %q {\n  node [shape=box];\n", g.m.Name)
	for i, s := range g.states {
		label := fmt.Sprint(i)
		if name != nil {
			label = name(s)
		}
		shape := ""
		if i < len(g.m.Init) {
			shape = ", style=bold"
		}
		fmt.Fprintf(&text, "  %d [label=%q%s];\n", i, label, shape)
	}
	for _, step := range slices.Clone(g.edges) {
		fmt.Fprintf(&text, "  %d -> %d [label=%q];\n", step.from, step.to, g.m.Action(g.action(step)))
	}
	text.WriteString("}\n")
	_, err := io.WriteString(w, text.String())
	return err
}
