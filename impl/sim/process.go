package sim

import (
	"fmt"
	"slices"
	"time"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// Process is what can crash by itself: it runs a program on a machine, has a clock of its own, and speaks to one API server
// at a time.
type Process struct {
	world   *World
	number  int
	Name    string
	Machine string
	boot    func(*Process) program

	program program
	up      bool
	paused  bool
	lost    bool // with its machine, for good
	life    int
	trace   string // its name in the trace
	issuers *trace.Issuers
	server  int
	// rate is how many nanoseconds its clock goes on in a thousand of the world's, since the world's turned, when it showed shown.
	rate          int64
	turned, shown time.Time
}

// program is what a process runs. Its steps are those of the kinds from Deliver to Work, told apart by an item.
type program interface {
	enabled(steps []Step, self int32) []Step
	take(kind Kind, item int)
	words(kind Kind, item int) string
	// due is when time alone enables something, by the world's clock.
	due() (time.Time, bool)
	wants() []control.Want
	// end closes what is open, when the process crashes.
	end()
}

func (p *Process) running() bool { return p.up && !p.paused }

// start begins a life: nothing of the one before is left but what it sent.
func (p *Process) start() {
	p.up, p.paused = true, false
	p.life++
	p.issuers = trace.NewIssuers(p.ID())
	p.program = p.boot(p)
}

// ID names this life of the process.
func (p *Process) ID() string { return fmt.Sprintf("%s-%d", p.Name, p.life) }

func (p *Process) crash() {
	p.up = false
	p.program.end()
	p.abandon(func(*call) bool { return true })
}

// abandon has nobody of the process hear of those of its requests any more.
func (p *Process) abandon(which func(*call) bool) {
	w := p.world
	for _, c := range slices.Clone(w.calls) {
		if c.from == p && !c.told && which(c) {
			c.told = true
			if c.state == answered || !c.req.Verb.Writes() {
				w.calls = remove(w.calls, c)
			}
		}
	}
}

// now is the process's own clock.
func (p *Process) now() time.Time {
	if p.rate == 1000 && p.shown.Equal(p.turned) {
		return p.world.now
	}
	return p.shown.Add(p.world.now.Sub(p.turned) / 1000 * time.Duration(p.rate))
}

// at is when, by the world's clock, the process's own shows that time, or a moment after.
func (p *Process) at(own time.Time) time.Time {
	return p.turned.Add((own.Sub(p.shown)/time.Duration(p.rate) + 1) * 1000)
}

// Emit implements [trace.Sink].
func (p *Process) Emit(l trace.Line) { p.world.emit(p.trace, l) }

// do sends a request that is no watch, and hands the answer, or the want of one, to then.
func (p *Process) do(id string, req api.Request, then func(api.Response, error)) {
	p.call(id, req, func(response api.Response, _ *stream, err error) { then(response, err) })
}
