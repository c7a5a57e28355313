package controltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// Choose picks one of n, 0 <= n.
type Choose func(label string, n int) int

// Fate is what becomes of one effect.
type Fate int

const (
	Answered  Fate = iota // done, and the answer arrives
	Refused               // not done, and known not to be
	Lost                  // not done, and nobody knows
	Unheard               // done, and nobody knows
	Late                  // done at some later time, and nobody knows
	faultFate             // how many there are
)

// Process runs one component, and can crash.
type Process struct {
	API       *API
	Component func() control.Component
	Loop      *control.Loop
	Config    func(*control.Config) // may change what the loop is made with; nil: nothing
	Made      func(*control.Loop)   // is shown every new loop; nil: nobody
	Sent      func(control.Effect)  // is shown every effect when the loop wants it done; nil: nobody
	Carried   func(control.Effect)  // is shown every effect, before the API carries it out; nil: nobody

	// Late are the effects that have left and not been carried out; they outlive a crash.
	Late []control.Effect
	// Hash sums up everything the loop has said, for comparing two runs.
	Hash uint64

	cursors map[string]int64
	flying  []control.Effect
	starts  int
}

// Start begins the process anew: what it knew is gone, what it had sent without an answer may still happen.
func (p *Process) Start() {
	p.Late = append(p.Late, p.flying...)
	p.flying, p.cursors = nil, map[string]int64{}
	p.starts++
	config := control.Config{Component: p.Component(), ID: fmt.Sprintf("p%d", p.starts), Trace: p}
	if p.Config != nil {
		p.Config(&config)
	}
	p.Loop = control.New(config)
	if p.Made != nil {
		p.Made(p.Loop)
	}
}

// Emit sums up the trace.
func (p *Process) Emit(line trace.Line) {
	h := fnv.New64a()
	fmt.Fprintf(h, "%x", p.Hash)
	if err := json.NewEncoder(h).Encode(line); err != nil {
		panic(err)
	}
	p.Hash = h.Sum64()
}

// Observe gives the loop its first list of one source, or the next event; false: there is nothing new.
func (p *Process) Observe(choose Choose) bool {
	behind := p.Behind()
	if len(behind) == 0 {
		return false
	}
	s := behind[choose("source", len(behind))]
	at, listed := p.cursors[s.Name]
	if !listed {
		p.Relist(s)
		return true
	}
	event, rv, _ := p.API.After(s.Resource, at)
	p.cursors[s.Name] = rv
	must(p.Loop.Observe(s.Name, event))
	return true
}

// Behind are the sources of which the loop has not seen everything.
func (p *Process) Behind() (behind []control.Source) {
	for _, s := range p.Loop.Component().Sources() {
		at, listed := p.cursors[s.Name]
		if _, _, more := p.API.After(s.Resource, at); !listed || more {
			behind = append(behind, s)
		}
	}
	return behind
}

// Relist gives the loop a list of one source.
func (p *Process) Relist(s control.Source) {
	rv, objects := p.API.List(s.Resource)
	p.cursors[s.Name] = rv
	must(p.Loop.ObserveList(s.Name, rv, objects))
}

// Work lets the loop work once and takes what it wants done.
func (p *Process) Work() bool {
	worked := p.Loop.Work(p.API.Now)
	for e, ok := p.Loop.Next(p.API.Now); ok; e, ok = p.Loop.Next(p.API.Now) {
		p.flying = append(p.flying, e)
		worked = true
		if p.Sent != nil {
			p.Sent(e)
		}
	}
	return worked
}

// Flying is how many effects are under way.
func (p *Process) Flying() int { return len(p.flying) }

// Perform decides the fate of the effect at position i of those under way.
func (p *Process) Perform(i int, fate Fate) {
	e := p.flying[i]
	p.flying = slices.Delete(p.flying, i, i+1)
	answer := control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}
	switch fate {
	case Answered:
		answer = p.carryOut(e)
	case Refused:
		answer = control.Answer{Outcome: trace.Failed, Err: api.ErrNotSent}
	case Unheard:
		p.carryOut(e)
	case Late:
		p.Late = append(p.Late, e)
	}
	p.Loop.Done(p.API.Now, e.ID, answer)
}

// Land carries out the late effect at position i.
func (p *Process) Land(i int) {
	e := p.Late[i]
	p.Late = slices.Delete(p.Late, i, i+1)
	p.carryOut(e)
}

func (p *Process) carryOut(e control.Effect) control.Answer {
	if p.Carried != nil {
		p.Carried(e)
	}
	if r := e.Request; r.Verb == api.List {
		return control.Answer{Outcome: trace.OK, List: p.list(r)}
	}
	obj, err := p.API.Do(*e.Request)
	answer := control.Answer{Outcome: api.OutcomeOf(err), Err: err}
	if obj != nil {
		answer.Object = obj.(metav1.Object)
	}
	return answer
}

func (p *Process) list(r *api.Request) *control.Listed {
	rv, objects := p.API.List(r.Resource)
	all := &control.Listed{ResourceVersion: rv}
	for _, obj := range objects {
		if r.Namespace == "" || obj.GetNamespace() == r.Namespace {
			all.Items = append(all.Items, obj)
		}
	}
	return all
}

// Step does one thing that is possible, chosen; faults tells whether effects may meet other fates than Answered.
func (p *Process) Step(choose Choose, faults bool) {
	switch kind := choose("step", 10); {
	case kind < 3 && p.Observe(choose):
	case kind < 6 && p.Work():
	case kind < 8 && len(p.flying) > 0:
		fate := Answered
		if faults {
			fate = Fate(choose("fate", int(faultFate)))
		}
		p.Perform(choose("effect", len(p.flying)), fate)
	case kind == 8 && len(p.Late) > 0:
		p.Land(choose("late", len(p.Late)))
	default:
		p.Tick()
	}
}

// Tick moves the clock to when the loop is due, if it is.
func (p *Process) Tick() bool {
	due, ok := p.Loop.Due()
	if ok && due.After(p.API.Now) {
		p.API.Now = due
	}
	return ok
}

// settleBound is how many steps a process may take to come to rest.
const settleBound = 20_000

// Settle runs the process without faults until it has nothing to do for the given time.
func (p *Process) Settle(quiet time.Duration) {
	first := func(string, int) int { return 0 }
	for len(p.Late) > 0 {
		p.Land(0)
	}
	for range settleBound {
		switch {
		case p.Observe(first) || p.Work():
		case len(p.flying) > 0:
			p.Perform(0, Answered)
		default:
			due, ok := p.Loop.Due()
			if !ok || due.Sub(p.API.Now) > quiet {
				return
			}
			p.Tick()
		}
	}
	panic(fmt.Sprintf("controltest: no rest after %d steps; wants %v", settleBound, p.Loop.Wants()))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
