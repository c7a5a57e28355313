package machine

import (
	"math"
	"slices"
)

// Options say how a machine is explored.
type Options struct {
	// Workers is how many goroutines share the work; at least one does.
	Workers int
	// Depth and States bound the search: what lies deeper is not visited, and no layer is begun with so many states visited. 0: no bound.
	Depth, States int
	// Exact tells states apart by their encodings, not by hashes of them.
	Exact bool
	// NoSymmetry visits states that differ in interchangeable names only, NoReduction takes local actions like any others.
	NoSymmetry, NoReduction bool
	// All goes on where a property is broken, and tells of all that are: see [Outcome.Broken].
	All bool
	// Keep keeps the whole graph, for [Outcome.Dot].
	Keep bool
	// Progress is told after each layer how far it is; nil: nobody.
	Progress func(Report)
}

// Report is what a search has come to.
type Report struct {
	// States are distinct ones, Steps all the steps from them, Depth is the length of the longest shortest path.
	States, Steps, Depth int
	// Outside are the states beyond the boundary, of which nothing is known but that they can be reached.
	Outside int
	// Complete: there is nothing more to visit within the boundary.
	Complete bool
	// Reached are the machine's Sometimes, in its order.
	Reached []Reached
	// Bytes is how much memory the visited states take, roughly.
	Bytes int
}

// Reached is how many steps away a property was reached first; Depth is -1 if it never was.
type Reached struct {
	Name  string
	Depth int
}

// Outcome is a report, and what was found wrong, if anything was.
type Outcome[S, A any] struct {
	Report
	// Violation is nil if every property holds as far as was explored. Eventually is decided only if that is Complete.
	Violation *Violation[S, A]
	// Broken are all properties that do not hold, in the machine's order, if [Options.All] was asked for.
	Broken []string

	graph *graph[S, A]
}

// Violation is a property that does not hold, and why.
type Violation[S, A any] struct {
	Property string
	Path     Path[S, A]
}

const (
	none   = -1
	noOne  = ^uint32(0) // the parent of an initial state
	layers = 1 << 20    // more layers than any machine has
)

// explorer is a search under way.
type explorer[S, A any] struct {
	m      *Machine[S, A]
	o      Options
	tables [shards]*table
	// By number of state: by which of its parent's actions it was found.
	parent []uint32
	via    []uint16
	// frontier are the states of the present layer, numbered from first on.
	frontier []S
	first    uint32
	steps    int
	outside  int
	graph    *graph[S, A] // nil: not kept
	reached  []Reached
	wrong    *finding
	broken   map[string]bool // if all are asked for
}

// finding is where a property is broken: in the state of that number, or in the step by one of its actions.
type finding struct {
	property string
	number   uint32
	action   int // none: in the state
}

// before orders findings, so that which is told does not depend on who found it.
func (f *finding) before(other *finding) bool {
	return other == nil || f.number < other.number || f.number == other.number && f.action < other.action
}

// worker is one goroutine's scratch space and what it found in the present layer.
type worker[S, A any] struct {
	actions []A
	code    []byte
	found   [shards][]candidate[S]
	edges   []edge
	masks   []uint64
	steps   int
	outside int
	wrong   *finding
	broken  map[string]bool
}

// candidate is a state that was not visited in an earlier layer.
type candidate[S any] struct {
	print  uint64
	parent uint32
	via    uint16
	number uint32
	state  S
	code   string // if encodings are kept
}

// Explore visits every state of a machine within its boundary and the bounds of the options.
func Explore[S, A any](m *Machine[S, A], o Options) Outcome[S, A] {
	e := &explorer[S, A]{m: m, o: o, broken: map[string]bool{}}
	e.o.Workers = max(o.Workers, 1)
	for i := range e.tables {
		e.tables[i] = newTable(o.Exact)
	}
	for _, p := range m.Sometimes {
		e.reached = append(e.reached, Reached{p.Name, none})
	}
	if o.Keep || len(m.Eventually) > 0 {
		e.graph = &graph[S, A]{m: m}
	}
	if len(m.Init) > math.MaxUint16 {
		panic("machine: " + m.Name + " begins in more states than can be told apart")
	}
	e.o.NoReduction = o.NoReduction || e.graph != nil || m.tempted()
	depth, complete := e.run()
	out := Outcome[S, A]{Report: e.report(depth, complete), graph: e.graph}
	if e.wrong != nil {
		out.Violation = &Violation[S, A]{e.wrong.property, e.pathOf(*e.wrong)}
	}
	if complete && len(m.Eventually) > 0 && (e.wrong == nil || o.All) {
		if v := e.starved(); out.Violation == nil {
			out.Violation = v
		}
	}
	for _, name := range m.Properties() {
		if e.broken[name] {
			out.Broken = append(out.Broken, name)
		}
	}
	return out
}

// run visits layer by layer, and returns how deep it came.
func (e *explorer[S, A]) run() (depth int, complete bool) {
	workers := make([]*worker[S, A], e.o.Workers)
	for i := range workers {
		workers[i] = &worker[S, A]{broken: map[string]bool{}}
	}
	e.begin(workers)
	for depth = range layers {
		e.settle(workers, depth)
		if e.o.Progress != nil {
			e.o.Progress(e.report(depth, false))
		}
		switch {
		case e.wrong != nil && !e.o.All:
			return depth, false
		case len(e.frontier) == 0:
			return max(depth-1, 0), true
		case e.o.Depth > 0 && depth >= e.o.Depth, e.o.States > 0 && len(e.parent) >= e.o.States:
			return depth, false
		}
		share := (len(e.frontier) + len(workers) - 1) / len(workers)
		each(len(workers), func(w int) {
			from := min(w*share, len(e.frontier))
			for i, s := range e.frontier[from:min(from+share, len(e.frontier))] {
				e.expand(workers[w], s, e.first+uint32(from+i))
			}
		})
		for _, w := range workers {
			e.steps, e.outside = e.steps+w.steps, e.outside+w.outside
			w.steps, w.outside = 0, 0
			if w.wrong != nil && w.wrong.before(e.wrong) {
				e.wrong = w.wrong
			}
			for name := range w.broken { // order does not matter: they are put into a set
				e.broken[name] = true
			}
		}
	}
	panic("machine: " + e.m.Name + " has more layers than can be")
}

// each runs n goroutines and waits for them.
func each(n int, do func(int)) {
	if n == 1 {
		do(0)
		return
	}
	done := make(chan struct{}, n)
	for i := range n {
		go func() {
			do(i)
			done <- struct{}{}
		}()
	}
	for range n {
		<-done
	}
}

// begin offers the initial states.
func (e *explorer[S, A]) begin(workers []*worker[S, A]) {
	for i, s := range e.m.Init {
		e.offer(workers[0], e.representative(s), noOne, i, none)
	}
}

func (e *explorer[S, A]) representative(s S) S {
	if e.o.NoSymmetry {
		return s
	}
	return e.m.canonical(s)
}

// expand offers everything that one step leads to.
func (e *explorer[S, A]) expand(w *worker[S, A], s S, number uint32) {
	if !e.m.within(s) {
		w.outside++
		if e.graph != nil {
			w.masks = append(w.masks, beyond)
		}
		return
	}
	w.actions = e.m.Enabled(s, w.actions[:0])
	from, to := 0, len(w.actions)
	if i := e.local(w, s); i >= 0 {
		from, to = i, i+1
	}
	var mask uint64
	for i := from; i < to; i++ {
		a := w.actions[i]
		next, ok := e.m.Next(s, a)
		if !ok {
			panic("machine: " + e.m.Name + " lists an action that is not enabled: " + e.m.Action(a))
		}
		w.steps++
		e.judge(w, s, a, next, number, i)
		class := none
		if e.m.Fair != nil {
			if class = e.m.Fair(a); class >= 0 {
				mask |= 1 << class
			}
		}
		e.offer(w, e.representative(next), number, i, class)
	}
	if e.graph != nil {
		w.masks = append(w.masks, mask)
	}
}

// judge looks whether a step breaks a property.
func (e *explorer[S, A]) judge(w *worker[S, A], s S, a A, next S, number uint32, action int) {
	for _, p := range e.m.AlwaysStep {
		if w.broken[p.Name] || p.Holds(s, a, next) {
			continue
		}
		if f := (&finding{p.Name, number, action}); f.before(w.wrong) {
			w.wrong = f
		}
		if !e.o.All {
			return
		}
		w.broken[p.Name] = true
	}
}

// local is the first local action that leads to a state not yet visited; none: there is none, or it is not to be looked for.
func (e *explorer[S, A]) local(w *worker[S, A], s S) int {
	if e.m.Local == nil || e.o.NoReduction || len(w.actions) < 2 {
		return none
	}
	for i, a := range w.actions {
		if !e.m.Local(s, a) {
			continue
		}
		next, ok := e.m.Next(s, a)
		if !ok {
			continue
		}
		print := e.print(w, e.representative(next))
		if _, visited := e.tables[shardOf(print)].find(print, w.code); !visited {
			return i
		}
	}
	return none
}

func (e *explorer[S, A]) print(w *worker[S, A], s S) uint64 {
	w.code = e.m.Encode(w.code[:0], s)
	return fingerprint(w.code)
}

// offer keeps a state to be added, unless it was visited in an earlier layer.
func (e *explorer[S, A]) offer(w *worker[S, A], s S, parent uint32, via, class int) {
	print := e.print(w, s)
	shard := shardOf(print)
	known, visited := e.tables[shard].find(print, w.code)
	if e.graph != nil && parent != noOne {
		w.edges = append(w.edges, edge{from: parent, to: known, class: int8(class), via: uint16(via), pending: !visited, shard: uint8(shard), at: uint32(len(w.found[shard]))})
	}
	if visited {
		return
	}
	c := candidate[S]{print: print, parent: parent, via: uint16(via), state: s}
	if e.o.Exact {
		c.code = string(w.code)
	}
	w.found[shard] = append(w.found[shard], c)
}

// fresh is what one shard has that is new in a layer.
type fresh[S any] struct {
	states  []*candidate[S]
	reached []int // of each Sometimes the first of them, or none
	broken  []int // of each Always likewise
}

// settle makes the next frontier of what the workers have found.
func (e *explorer[S, A]) settle(workers []*worker[S, A], depth int) {
	var news [shards]fresh[S]
	each(len(workers), func(w int) {
		for shard := w; shard < shards; shard += len(workers) {
			news[shard] = e.insert(workers, shard)
		}
	})
	e.first = uint32(len(e.parent))
	e.frontier = e.frontier[:0]
	var base [shards]uint32
	for shard, n := range news {
		base[shard] = e.first + uint32(len(e.frontier))
		for _, c := range n.states {
			e.frontier = append(e.frontier, c.state)
			e.parent, e.via = append(e.parent, c.parent), append(e.via, c.via)
		}
		for p, at := range n.reached {
			if at >= 0 && e.reached[p].Depth < 0 {
				e.reached[p].Depth = depth
			}
		}
		for p, at := range n.broken {
			if at < 0 {
				continue
			}
			if f := (&finding{e.m.Always[p].Name, base[shard] + uint32(at), none}); f.before(e.wrong) {
				e.wrong = f
			}
			e.broken[e.m.Always[p].Name] = e.o.All
		}
	}
	each(len(workers), func(w int) {
		for shard := w; shard < shards; shard += len(workers) {
			for i, c := range news[shard].states {
				c.number = base[shard] + uint32(i)
				e.tables[shard].renumber(c.print, c.code, c.number)
			}
		}
	})
	if e.graph != nil {
		e.graph.take(e, workers)
	}
	for _, w := range workers {
		for shard := range w.found {
			clear(w.found[shard])
			w.found[shard] = w.found[shard][:0]
		}
	}
}

// insert adds the candidates of one shard, in the order in which one worker alone would have found them.
func (e *explorer[S, A]) insert(workers []*worker[S, A], shard int) fresh[S] {
	n := fresh[S]{reached: slices.Repeat([]int{none}, len(e.m.Sometimes)), broken: slices.Repeat([]int{none}, len(e.m.Always))}
	t := e.tables[shard]
	for _, w := range workers {
		for i := range w.found[shard] {
			c := &w.found[shard][i]
			if _, known := t.find(c.print, []byte(c.code)); known {
				continue
			}
			t.add(c.print, c.code, 0)
			for p, property := range e.m.Sometimes {
				if e.reached[p].Depth < 0 && n.reached[p] < 0 && property.Holds(c.state) {
					n.reached[p] = len(n.states)
				}
			}
			for p, property := range e.m.Always {
				if n.broken[p] < 0 && !e.broken[property.Name] && !property.Holds(c.state) {
					n.broken[p] = len(n.states)
				}
			}
			n.states = append(n.states, c)
		}
	}
	return n
}

func (e *explorer[S, A]) report(depth int, complete bool) Report {
	r := Report{States: len(e.parent), Steps: e.steps, Depth: depth, Outside: e.outside, Complete: complete, Reached: slices.Clone(e.reached)}
	for _, t := range e.tables {
		r.Bytes += t.bytes()
	}
	r.Bytes += 6 * len(e.parent)
	return r
}
