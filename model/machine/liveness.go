package machine

// starved looks for a fair behavior that has a state without one of the Eventually properties again and again.
func (e *explorer[S, A]) starved() (first *Violation[S, A]) {
	e.graph.finish()
	components := e.graph.components()
	for _, p := range e.m.Eventually {
		v := e.starves(p, components)
		if v == nil {
			continue
		}
		e.broken[p.Name] = e.o.All
		if first == nil {
			first = v
		}
	}
	return first
}

// starves finds the nearest state that will do, as states are numbered by their distance.
func (e *explorer[S, A]) starves(p Property[S], c *components) *Violation[S, A] {
	g := e.graph
	for number, s := range g.states {
		v := uint32(number)
		switch {
		case g.masks[number] == beyond || p.Holds(s):
		case g.masks[number] == 0:
			path := e.pathOf(finding{number: v, action: none})
			path.Cycle = len(path.Steps)
			return &Violation[S, A]{p.Name, path}
		case c.fair(c.of[v]):
			path := e.pathOf(finding{number: v, action: none})
			return &Violation[S, A]{p.Name, e.around(path, v, c)}
		}
	}
	return nil
}

// components are the strongly connected ones of a graph.
type components struct {
	of      []uint32
	enabled []uint64 // the classes that are enabled in all of its states
	taken   []uint64 // those of its inner steps
	inner   []bool   // it has an inner step at all
}

// fair reports whether a behavior may stay in a component for ever and visit all of it.
func (c *components) fair(n uint32) bool { return c.inner[n] && c.enabled[n]&^c.taken[n] == 0 }

// components finds them by Tarjan's algorithm, without recursion: paths are as long as a machine is deep.
func (g *graph[S, A]) components() *components {
	n := len(g.states)
	c := &components{of: make([]uint32, n)}
	const unseen = 0
	var (
		index = make([]uint32, n) // order of discovery, from 1
		low   = make([]uint32, n)
		open  = make([]bool, n) // on the stack
		stack []uint32
		next  = uint32(1)
	)
	type frame struct{ v, edge uint32 }
	var frames []frame
	visit := func(v uint32) {
		index[v], low[v] = next, next
		next++
		stack, open[v] = append(stack, v), true
		frames = append(frames, frame{v, g.starts[v]})
	}
	for root := range uint32(n) {
		if index[root] != unseen {
			continue
		}
		visit(root)
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			if f.edge < g.starts[f.v+1] {
				to := g.edges[f.edge].to
				f.edge++
				if index[to] == unseen {
					visit(to)
				} else if open[to] {
					low[f.v] = min(low[f.v], index[to])
				}
				continue
			}
			v := f.v
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				up := frames[len(frames)-1].v
				low[up] = min(low[up], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			number := uint32(len(c.enabled))
			enabled := ^uint64(0)
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				open[w], c.of[w] = false, number
				enabled &= g.masks[w]
				if w == v {
					break
				}
			}
			c.enabled = append(c.enabled, enabled)
		}
	}
	c.taken, c.inner = make([]uint64, len(c.enabled)), make([]bool, len(c.enabled))
	for _, step := range g.edges {
		if in := c.of[step.from]; in == c.of[step.to] {
			c.inner[in] = true
			if step.class >= 0 {
				c.taken[in] |= 1 << step.class
			}
		}
	}
	return c
}

// around adds a fair cycle through a state to the path that leads there: it takes every class that is enabled throughout, and meets a
// state without every other.
func (e *explorer[S, A]) around(path Path[S, A], v uint32, c *components) Path[S, A] {
	g, in := e.graph, c.of[v]
	path.Cycle = len(path.Steps)
	at := v
	walk := func(until func(edge) bool) {
		for _, step := range g.shortest(at, c, until) {
			path.Steps = append(path.Steps, e.towards(path.end(), g.states[step.to]))
			at = step.to
		}
	}
	for class := range e.m.Classes {
		bit := uint64(1) << class
		if c.enabled[in]&bit != 0 {
			walk(func(step edge) bool { return int(step.class) == class })
		} else if g.masks[at]&bit != 0 {
			walk(func(step edge) bool { return g.masks[step.to]&bit == 0 })
		}
	}
	if at != v || len(path.Steps) == path.Cycle {
		walk(func(step edge) bool { return step.to == v })
	}
	return path
}

// shortest is a shortest way within a component whose last step is one of those.
func (g *graph[S, A]) shortest(from uint32, c *components, last func(edge) bool) []edge {
	by := map[uint32]edge{}
	queue := []uint32{from}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, step := range g.of(v) {
			if c.of[step.to] != c.of[from] {
				continue
			}
			if last(step) {
				way := []edge{step}
				for v != from {
					way = append([]edge{by[v]}, way...)
					v = by[v].from
				}
				return way
			}
			if _, seen := by[step.to]; !seen && step.to != from {
				by[step.to] = step
				queue = append(queue, step.to)
			}
		}
	}
	return nil
}
