package sim

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/control"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/store/observe"
	"orrery/impl/trace"
)

// epoch is when every run begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// World is a cluster. New makes one without components; add those before the first step.
type World struct {
	now   time.Time
	lines []trace.Line

	Store     *memory.Store
	Members   []*Member
	Servers   []*Server
	Processes []*Process
	Nodes     []*Node

	ops    []*storeOp
	calls  []*call
	cuts   map[[2]string]time.Time
	issued int // UIDs and suffixes
	steps  []Step
	fault  error

	// items are what was stored, by revision, each decoded once for all servers: like all that is cached they are not modified.
	items map[int64]*cache.Item
}

// roomForLines is what most runs need.
const roomForLines = 1536

// New makes a cluster of control planes, each an API server and a member of the store.
func New(controlPlanes int) *World {
	w := &World{now: epoch, Store: memory.New(), cuts: map[[2]string]time.Time{}, items: map[int64]*cache.Item{}, lines: make([]trace.Line, 0, roomForLines)}
	observer := observe.New(w.Store, sink{w, "store"}, 1)
	observer.DecodeWith(func(kv store.KV) (api.Object, error) {
		item, err := w.decode(kv)
		if err != nil {
			return nil, err
		}
		return item.Object, nil
	})
	if err := observer.Open(context.Background()); err != nil {
		panic(fmt.Sprintf("sim: a fresh store refuses a watch: %v", err))
	}
	for i := range controlPlanes {
		machine := fmt.Sprintf("control-%d", i+1)
		w.Members = append(w.Members, &Member{Machine: machine})
		s := &Server{world: w, number: i, Name: machine, Machine: machine}
		w.Servers = append(w.Servers, s)
		s.start()
	}
	return w
}

// AddComponents adds a process that runs a component on a machine.
func (w *World) AddComponents(name, machine string, component func() control.Component) *Process {
	return w.add(name, machine, func(p *Process) program { return newShell(p, component(), p.ID()) })
}

func (w *World) add(name, machine string, boot func(*Process) program) *Process {
	p := &Process{world: w, number: len(w.Processes), Name: name, Machine: machine, boot: boot, trace: name, rate: 1000, turned: epoch, shown: epoch}
	p.server = p.number % len(w.Servers)
	w.Processes = append(w.Processes, p)
	p.start()
	return p
}

// Now is the world's time.
func (w *World) Now() time.Time { return w.now }

// Trace is everything recorded so far.
func (w *World) Trace() []trace.Line { return w.lines }

// Revision is the store's.
func (w *World) Revision() int64 {
	resp, err := w.Store.Count(context.Background(), "no such key")
	if err != nil {
		panic(fmt.Sprintf("sim: the store counts nothing: %v", err))
	}
	return resp.Revision
}

// decode is the [cache.Decoder] of all servers.
func (w *World) decode(kv store.KV) (*cache.Item, error) {
	if item := w.items[kv.Mod]; item != nil && item.KV.Key == kv.Key {
		return item, nil
	}
	item, err := cache.Decode(kv)
	if err == nil {
		w.items[kv.Mod] = item
	}
	return item, err
}

// Tampered is an error if somebody has modified what is shared by all who read it: an object in a cache.
func (w *World) Tampered() error {
	for _, revision := range slices.Sorted(maps.Keys(w.items)) {
		item := w.items[revision]
		stored, err := cache.Decode(item.KV)
		if err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(stored.Object, item.Object) {
			return fmt.Errorf("sim: somebody has modified %s of revision %d, which is shared: it is %v and was %v", item.KV.Key, revision, item.Object, stored.Object)
		}
	}
	return nil
}

// Err is what a component did that none may do by itself, such as to write what it cannot read.
func (w *World) Err() error { return w.fault }

func (w *World) broken(format string, args ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf("sim: "+format, args...)
	}
}

// Enabled lists what may happen now but for the going on of time, in a fixed order. The list is valid until the next call.
func (w *World) Enabled() []Step { return w.enabled(math.MaxInt) }

// First is the first step that [World.Enabled] lists; false: it lists none.
func (w *World) First() (Step, bool) {
	if steps := w.enabled(1); len(steps) > 0 {
		return steps[0], true
	}
	return Step{}, false
}

// enabled lists at least so many of the steps as there are; whoever wants few need not look at every process.
func (w *World) enabled(enough int) []Step {
	steps := w.addCalls(w.addOps(w.steps[:0]))
	for i, s := range w.Servers {
		if s.fed() {
			steps = append(steps, Step{Kind: Feed, actor: int32(i)})
		}
	}
	for i, p := range w.Processes {
		if len(steps) >= enough {
			break
		}
		if p.running() {
			steps = p.program.enabled(steps, int32(i))
		}
	}
	w.steps = steps
	return steps
}

// Take takes a step of the last list, or a Tick.
func (w *World) Take(s Step) {
	switch s.Kind {
	case Hear:
		w.hear(w.ops[s.actor])
	case Commit:
		w.commit(w.ops[s.actor])
	case Answer:
		w.calls[s.actor].hear()
	case Reach:
		w.calls[s.actor].reach()
	case Arrive:
		w.calls[s.actor].arrive()
	case Feed:
		w.Servers[s.actor].feed()
	case Tick:
		w.tick()
	default:
		w.Processes[s.actor].program.take(s.Kind, int(s.item))
	}
}

// Due is when time alone enables something; false: never.
func (w *World) Due() (time.Time, bool) {
	var next earliest
	for _, op := range w.ops {
		if !op.told {
			next.add(op.deadline)
		}
	}
	for _, c := range w.calls {
		if !c.told {
			next.add(c.deadline)
		}
		if c.state == waiting {
			next.add(c.until)
		}
		if c.state == sent && c.held.After(w.now) {
			next.add(c.held)
		}
	}
	for _, s := range w.Servers {
		if s.running() && !s.retry.IsZero() {
			next.add(s.retry)
		}
	}
	for _, p := range w.Processes {
		if !p.running() {
			continue
		}
		if at, ok := p.program.due(); ok {
			next.add(at)
		}
	}
	for _, n := range w.Nodes {
		if at, ok := n.Runtime.Due(); ok {
			next.add(at)
		}
	}
	return next.at, next.any
}

// grain is the least that time goes on by.
const grain = time.Millisecond

// tick lets time go on to when something is due that is not yet.
func (w *World) tick() {
	next := w.now.Add(grain)
	if at, ok := w.Due(); ok && at.After(next) {
		next = at
	}
	w.advance(next)
}

func (w *World) advance(to time.Time) {
	w.now = to
	for _, n := range w.Nodes {
		n.Runtime.Advance(to)
	}
}

// Steps take no time, so that what goes on for ever would have all that is due later wait for ever. So many of them in a row are taken to last so
// long, as they would for a real cluster.
const (
	busy  = 2000
	spell = time.Second
)

// Settle takes the first step again and again, and lets time go on where there is none, until that time; false: it took more than so many steps.
func (w *World) Settle(until time.Time, bound int) bool {
	taken := 0 // since time last went on
	for range bound {
		first, ok := w.First()
		if ok && (taken < busy || !w.now.Before(until)) {
			w.Take(first)
			taken++
			continue
		}
		taken = 0
		if ok {
			w.advance(w.now.Add(min(spell, until.Sub(w.now))))
			continue
		}
		at, due := w.Due()
		if !due || at.After(until) {
			w.advance(until)
			return true
		}
		w.advance(at)
	}
	return false
}

// Wants is what the components still want, and why they have not got it.
func (w *World) Wants() []control.Want {
	var wants []control.Want
	for _, p := range w.Processes {
		if p.up {
			wants = append(wants, p.program.wants()...)
		}
	}
	return wants
}

// clock is a time as the trace tells it.
func (w *World) clock(at time.Time) int64 { return at.Sub(epoch).Nanoseconds() }

func (w *World) emit(process string, l trace.Line) {
	l.Seq, l.Time, l.Process = int64(len(w.lines)+1), w.clock(w.now), process
	w.lines = append(w.lines, l)
}

// Emit writes a line of the run's own: a phase, a fault.
func (w *World) Emit(l trace.Line) { w.emit("runner", l) }

type sink struct {
	w       *World
	process string
}

// Emit implements [trace.Sink].
func (s sink) Emit(l trace.Line) { s.w.emit(s.process, l) }
