package sim

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// shell is ring 3 of a component: what impl/control's Run is in the real world.
type shell struct {
	p         *Process
	loop      *control.Loop
	followers []*follower
	// local performs what is no API request; nil: there is nothing such.
	local func(control.Effect) control.Answer
	// acts are the effects on the own machine, made or not, that have not been answered.
	acts []*act
	// leads reports whether the loop may do anything now; nil: always.
	leads func() bool
}

// follower keeps one source of a loop fed.
type follower struct {
	source    control.Source
	reflector *client.Reflector
	asked     bool // a list, or the opening of a watch, is under way
	stream    *stream
	after     time.Time // not to be asked before
}

type act struct {
	effect control.Effect
	made   bool
	answer control.Answer
}

// newShell makes a shell whose effects have IDs that begin so.
func newShell(p *Process, component control.Component, id string) *shell {
	s := &shell{p: p, loop: control.New(control.Config{Component: component, ID: id, Trace: p})}
	for _, source := range component.Sources() {
		if source.Resource == nil {
			continue
		}
		s.followers = append(s.followers, &follower{source: source, reflector: client.NewReflector(api.Request{
			Resource: source.Resource, Namespace: source.Namespace, Labels: source.Labels, Fields: source.Fields})})
	}
	return s
}

func (s *shell) enabled(steps []Step, self int32) []Step {
	w := s.p.world
	for i, f := range s.followers {
		if f.stream != nil && w.hears(f.stream.server.Machine, s.p.Machine) && f.stream.delivers() {
			steps = append(steps, Step{Kind: Deliver, actor: self, item: int32(i)})
		}
	}
	for i, f := range s.followers {
		if f.stream != nil && s.broken(f) {
			steps = append(steps, Step{Kind: Hangup, actor: self, item: int32(i)})
		}
	}
	for i, a := range s.acts {
		if a.made {
			steps = append(steps, Step{Kind: Done, actor: self, item: int32(i)})
		} else {
			steps = append(steps, Step{Kind: Perform, actor: self, item: int32(i)})
		}
	}
	for i, f := range s.followers {
		if f.stream == nil && !f.asked && !f.after.After(w.now) {
			steps = append(steps, Step{Kind: Ask, actor: self, item: int32(i)})
		}
	}
	if s.loop.Ready(s.p.now()) {
		steps = append(steps, Step{Kind: Work, actor: self})
	}
	return steps
}

// broken reports whether the connection of a watch is known to be gone: closed, or silent for too long.
func (s *shell) broken(f *follower) bool {
	w, server := s.p.world, f.stream.server
	if since, cut := w.deaf(server.Machine, s.p.Machine); cut {
		return !since.Add(silence).After(w.now)
	}
	return f.stream.over || !f.stream.alive()
}

func (s *shell) take(kind Kind, item int) {
	switch kind {
	case Deliver:
		s.deliver(s.followers[item])
	case Hangup:
		s.hangup(s.followers[item], io.EOF)
	case Perform:
		a := s.acts[item]
		a.made, a.answer = true, s.local(a.effect)
	case Done:
		a := s.acts[item]
		s.acts = remove(s.acts, a)
		s.loop.Done(s.p.now(), a.effect.ID, a.answer)
		s.send()
	case Ask:
		s.ask(s.followers[item])
	case Work:
		s.loop.Work(s.p.now())
		s.send()
	}
}

// send hands over everything that the loop wants done now.
func (s *shell) send() {
	if s.leads != nil && !s.leads() {
		return
	}
	for e, ok := s.loop.Next(s.p.now()); ok; e, ok = s.loop.Next(s.p.now()) {
		if e.Request == nil {
			s.acts = append(s.acts, &act{effect: e})
			continue
		}
		s.p.call(e.ID, *e.Request, func(response api.Response, _ *stream, err error) {
			s.loop.Done(s.p.now(), e.ID, control.AnswerOf(response, err))
			s.send()
		}).of = s
	}
}

func (s *shell) ask(f *follower) {
	f.asked = true
	req := f.reflector.Next()
	var asked *call
	asked = s.p.call("", req, func(response api.Response, opened *stream, err error) {
		f.asked = false
		switch {
		case err != nil:
			if req.Verb == api.Watch {
				s.ended(asked.id, asked.issuer, err)
			}
			s.failed(f, err)
		case req.Verb == api.Watch:
			f.stream = opened
		default:
			rv, objects, err := f.reflector.Listed(response.Object)
			if err == nil {
				if err = s.loop.ObserveList(f.source.Name, rv, objects); err != nil {
					err = errors.Join(client.ErrRefused, err)
				}
			}
			if err != nil {
				s.failed(f, err)
			}
		}
	})
	asked.of = s
}

func (s *shell) failed(f *follower, err error) {
	f.reflector.Failed(err)
	f.after = s.p.world.now.Add(f.reflector.Wait())
}

func (s *shell) deliver(f *follower) {
	if event, ok := f.stream.next(); ok {
		s.observe(f, event)
	}
}

func (s *shell) observe(f *follower, event api.WatchEvent) {
	s.p.Emit(trace.Line{Event: client.EventOf(f.stream.id, f.source.Resource.Name, event)})
	err := f.reflector.Received(event)
	if err == nil {
		if refused := s.loop.Observe(f.source.Name, event); refused != nil {
			err = errors.Join(client.ErrRefused, refused)
		}
	}
	if err != nil {
		s.hangup(f, err)
	}
}

// mark delivers a bookmark to every watch that is due one.
func (s *shell) mark() {
	for _, f := range s.followers {
		if f.stream == nil || !s.p.world.hears(f.stream.server.Machine, s.p.Machine) {
			continue
		}
		if event, ok := f.stream.mark(); ok {
			s.observe(f, event)
		}
	}
}

func (s *shell) hangup(f *follower, err error) {
	s.ended(f.stream.id, f.stream.issuer, nil)
	f.stream = nil
	s.failed(f, err)
}

// ended writes the end of a watch into the trace.
func (s *shell) ended(id string, issuer trace.Issuer, err error) {
	s.p.Emit(trace.Line{Event: client.EndOf(id, err)})
	s.p.issuers.Give(issuer)
}

func (s *shell) end() {
	for _, f := range s.followers {
		if f.stream != nil {
			s.p.Emit(trace.Line{Event: client.EndOf(f.stream.id, nil)})
		}
	}
}

func (s *shell) due() (time.Time, bool) {
	var next earliest
	if at, ok := s.loop.Due(); ok {
		next.add(s.p.at(at))
	}
	for _, f := range s.followers {
		if f.stream == nil && !f.asked {
			next.add(f.after)
		}
		if f.stream != nil {
			if since, cut := s.p.world.deaf(f.stream.server.Machine, s.p.Machine); cut {
				next.add(since.Add(silence))
			}
		}
	}
	return next.at, next.any
}

func (s *shell) wants() []control.Want { return s.loop.Wants() }

func (s *shell) words(kind Kind, item int) string {
	switch kind {
	case Deliver, Hangup, Ask:
		return s.followers[item].source.Name
	case Perform, Done:
		if d, ok := s.acts[item].effect.Other.(control.Described); ok {
			verb, ref := d.Describe()
			return strings.Join(strings.Fields(fmt.Sprint(verb, " ", ref.Key, " ", ref.Namespace, "/", ref.Name)), " ")
		}
	}
	return ""
}

// earliest is the smallest of some times.
type earliest struct {
	at  time.Time
	any bool
}

func (e *earliest) add(at time.Time) {
	if !e.any || at.Before(e.at) {
		e.at, e.any = at, true
	}
}
