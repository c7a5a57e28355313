package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/request"
	"orrery/impl/client"
	"orrery/impl/trace"
)

// requestTimeout is after how long a caller gives a request up; what it sent may still arrive.
const requestTimeout = 10 * time.Second

// What a caller hears where no server has answered.
var (
	errReset   = errors.New("the connection was lost")
	errTimeout = fmt.Errorf("no answer: %w", context.DeadlineExceeded)
)

type callState uint8

const (
	sent     callState = iota // on its way
	serving                   // the server waits for the store
	waiting                   // the server waits for its caches
	answered                  // the answer is on its way
)

// call is one request of a process to an API server.
type call struct {
	world  *World
	id     string
	issuer trace.Issuer
	from   *Process
	of     *shell // of from, that sent it; nil: another part of it
	life   int    // of from
	server *Server
	req    api.Request
	then   func(api.Response, *stream, error)

	state    callState
	tried    int // servers that refused the connection
	machine  *request.Machine
	wait     request.Op
	until    time.Time // how long the server waits for its caches
	deadline time.Time
	held     time.Time // it does not arrive before
	response api.Response
	stream   *stream
	err      error
	// told: the caller has heard the end, or is gone. What is left of the request goes on without it.
	told bool
}

// words are those of the request, for scripts.
func (c *call) words() string {
	what := c.req.Resource.Name
	if c.req.Subresource != "" {
		what += "/" + c.req.Subresource
	}
	name := c.req.Name
	if obj, ok := c.req.Object.(metav1.Object); ok && name == "" {
		name = obj.GetName()
	}
	if c.req.Namespace != "" && name != "" {
		name = c.req.Namespace + "/" + name
	}
	text := fmt.Sprintf("%s %s %s", c.from.Name, c.req.Verb, what)
	if name != "" {
		text += " " + name
	}
	if c.told {
		text += " late"
	}
	return text
}

// call sends a request to the server that the process speaks to now. id is that of the effect that it performs; empty: none.
func (p *Process) call(id string, req api.Request, then func(api.Response, *stream, error)) *call {
	w := p.world
	issuer, own := p.issuers.Take()
	if id == "" {
		id = own
	}
	c := &call{world: w, id: id, issuer: issuer, from: p, life: p.life, server: w.Servers[p.server], req: req, then: then, deadline: w.now.Add(requestTimeout)}
	if req.Verb == api.Watch {
		w.emit(p.trace, trace.Line{Watch: client.WatchOf(id, issuer.String(), c.server.Name, req)})
	} else {
		w.emit(p.trace, trace.Line{Call: client.CallOf(id, issuer.String(), c.server.Name, req)})
	}
	w.calls = append(w.calls, c)
	return c
}

func (w *World) addCalls(steps []Step) []Step {
	for i, c := range w.calls {
		if !c.told && c.from.running() && (c.state == answered && w.hears(c.server.Machine, c.from.Machine) || !c.deadline.After(w.now)) {
			steps = append(steps, Step{Kind: Answer, actor: int32(i)})
		}
	}
	for i, c := range w.calls {
		if c.state == waiting && c.server.running() && c.reached() {
			steps = append(steps, Step{Kind: Reach, actor: int32(i)})
		}
	}
	for i, c := range w.calls {
		if c.state == sent && !c.held.After(w.now) && !c.server.paused && w.hears(c.from.Machine, c.server.Machine) && w.hears(c.server.Machine, c.from.Machine) {
			steps = append(steps, Step{Kind: Arrive, actor: int32(i)})
		}
	}
	return steps
}

// reached reports whether the caches have come to where the request waits for them, or will not within its bound.
func (c *call) reached() bool {
	cached := c.server.set.Of(c.wait.Resource)
	return cached.Ready() && cached.Revision() >= c.wait.Revision || !c.until.After(c.world.now)
}

// arrive begins to serve the request; where no server listens, the next is tried, as nothing was sent.
func (c *call) arrive() {
	w := c.world
	if !c.server.up {
		if c.told {
			w.calls = remove(w.calls, c)
			return
		}
		c.tried++
		if c.tried == len(w.Servers) {
			c.end(api.Response{}, nil, fmt.Errorf("connection refused: %w", api.ErrNotSent))
			return
		}
		c.server = w.Servers[(c.server.number+1)%len(w.Servers)]
		c.from.server = c.server.number
		return
	}
	c.machine = request.New(c.req, c.server, c.server.env)
	c.advance()
}

// advance goes on until the request needs the store or the caches, or is over.
func (c *call) advance() {
	op, result := c.machine.Next()
	switch {
	case result != nil && result.Err == nil && result.Watch != nil:
		c.open(result)
	case result != nil:
		c.end(result.Response, nil, result.Err)
	case op.Kind == request.Wait:
		c.state, c.wait, c.until = waiting, op, c.world.now.Add(request.WaitBound)
		c.server.notice()
	default:
		c.state = serving
		c.server.ask(op, func(a request.Answer) {
			c.machine.Done(a)
			c.advance()
		})
	}
}

func (c *call) reach() {
	cached := c.server.set.Of(c.wait.Resource)
	answer := request.Answer{}
	if !cached.Ready() || cached.Revision() < c.wait.Revision {
		answer.Err = request.ErrWaited
	}
	c.machine.Done(answer)
	c.advance()
}

// open begins the watch that was asked for. As over HTTP, what comes too late or too early is told as its first event.
func (c *call) open(result *request.Result) {
	s := &stream{server: c.server, life: c.server.life, cache: c.server.set.Of(c.req.Resource)}
	var err error
	s.watcher, err = s.cache.Watch(*result.Watch)
	if err != nil && !apierrors.IsResourceExpired(err) && !apierrors.IsTimeout(err) {
		c.end(api.Response{}, nil, err)
		return
	}
	s.failed = err
	c.end(api.Response{}, s, nil)
}

// end puts the answer on its way.
func (c *call) end(response api.Response, s *stream, err error) {
	c.state, c.response, c.stream, c.err = answered, response, s, err
	if c.told {
		c.world.calls = remove(c.world.calls, c)
	}
}

// hear tells the caller how its request ended: answered, or given up.
func (c *call) hear() {
	if c.state != answered || !c.world.hears(c.server.Machine, c.from.Machine) {
		c.giveUp(errTimeout)
		return
	}
	c.world.calls = remove(c.world.calls, c)
	c.tell(c.response, c.stream, c.err)
}

// giveUp tells the caller that there is no answer, and lets what was sent go on. A read that nobody hears does nothing.
func (c *call) giveUp(err error) {
	if c.state == answered || !c.req.Verb.Writes() {
		c.world.calls = remove(c.world.calls, c)
	}
	c.tell(api.Response{}, nil, err)
}

func (c *call) tell(response api.Response, s *stream, err error) {
	c.told = true
	p := c.from
	outcome := api.OutcomeOf(err)
	if c.req.Verb != api.Watch {
		c.world.emit(p.trace, trace.Line{Return: client.ReturnOf(c.id, c.req, response, err)})
	}
	if outcome != trace.Unknown && c.req.Verb != api.Watch {
		p.issuers.Give(c.issuer)
	}
	if outcome == trace.Unknown {
		p.server = (p.server + 1) % len(c.world.Servers)
	}
	if s != nil {
		s.id, s.issuer = c.id, c.issuer
	}
	c.then(response, s, err)
}
