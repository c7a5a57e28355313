package sim

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/election"
)

// AddCandidate adds a process that runs a component while it holds the lease of that name.
func (w *World) AddCandidate(name, machine, lease string, component func() control.Component) *Process {
	return w.add(name, machine, func(p *Process) program {
		return &candidate{p: p, component: component, elector: election.New(election.Default, metav1.NamespaceSystem, lease, p.ID())}
	})
}

// candidate is what impl/control's Elect is in the real world: a shell for each term in which it leads.
type candidate struct {
	p         *Process
	component func() control.Component
	elector   *election.Elector
	shell     *shell // nil: it does not lead
	term      int
	left      bool // it was told to end
}

func (c *candidate) leads() bool { return c.shell != nil && c.elector.Leads(c.p.now()) }

func (c *candidate) enabled(steps []Step, self int32) []Step {
	if c.leads() {
		steps = c.shell.enabled(steps, self)
	}
	if at, ok := c.elector.Due(); ok && !at.After(c.p.now()) {
		steps = append(steps, Step{Kind: Stand, actor: self})
	}
	return steps
}

func (c *candidate) take(kind Kind, item int) {
	if kind != Stand {
		c.shell.take(kind, item)
		return
	}
	if r, ok := c.elector.Next(c.p.now()); ok {
		call := fmt.Sprintf("%s/%s-%d", c.p.ID(), c.elector.Lease(), r.Number)
		c.p.Emit(c.elector.Step(r, call))
		c.p.do(call, r.Request, func(response api.Response, err error) {
			c.elector.Done(c.p.now(), r.Number, response.Object, err)
			c.follow()
		})
	}
	c.follow()
}

// follow has the component run if the process leads, and nothing of it if not.
func (c *candidate) follow() {
	term := c.elector.Term(c.p.now())
	if term == c.term {
		return
	}
	c.stop()
	if c.term = term; term == 0 {
		return
	}
	c.p.Emit(c.elector.Begins())
	c.shell = newShell(c.p, c.component(), fmt.Sprintf("%s.term-%d", c.p.ID(), term))
	c.shell.leads = c.leads
}

// stop abandons all that is under way for the term.
func (c *candidate) stop() {
	if c.shell == nil {
		return
	}
	c.shell.end()
	c.p.abandon(func(call *call) bool { return call.of == c.shell })
	c.shell = nil
	c.p.Emit(c.elector.Ends())
}

// Leaders are the processes that run and hold a lease.
func (w *World) Leaders() (all []*Process) {
	for _, p := range w.Processes {
		if c, ok := p.program.(*candidate); ok && p.running() && c.leads() {
			all = append(all, p)
		}
	}
	return all
}

// Leave tells a candidate to end: it stops what it does, gives the lease back if it holds it, and stands no more; false: the process is none.
func (w *World) Leave(p *Process) bool {
	c, ok := p.program.(*candidate)
	if ok && p.running() {
		c.stop()
		c.term, c.left = 0, true
		c.elector.Release()
	}
	return ok && p.running()
}

func (c *candidate) due() (time.Time, bool) {
	var next earliest
	if at, ok := c.elector.Due(); ok {
		next.add(c.p.at(at))
	}
	if c.leads() {
		if at, ok := c.shell.due(); ok {
			next.add(at)
		}
	}
	return next.at, next.any
}

func (c *candidate) words(kind Kind, item int) string {
	if kind == Stand {
		return ""
	}
	return c.shell.words(kind, item)
}

func (c *candidate) wants() []control.Want {
	if !c.leads() {
		return nil
	}
	return c.shell.wants()
}

func (c *candidate) mark() {
	if c.leads() {
		c.shell.mark()
	}
}

func (c *candidate) end() {
	if c.shell != nil {
		c.shell.end()
	}
}
