package control

import (
	"context"
	"errors"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/metrics"
	"orrery/impl/trace"
)

// Shell is what a loop is connected to in the real world.
type Shell struct {
	Transport client.Transport
	// Perform performs the effects that are not API requests. It must return when ctx ends.
	Perform func(ctx context.Context, effect Effect) Answer
	// Feeds keep the local sources fed, each in a goroutine of its own, until ctx ends.
	Feeds []func(ctx context.Context, list func(source string, rv int64, objects []metav1.Object) error)
	// Leads reports whether the loop may do anything now: it is asked before each step and before each effect is sent. nil: always.
	Leads func(now time.Time) bool
	// Meter counts what is done; nil: nobody does.
	Meter *metrics.Loops
	// Log is told what went wrong and is being tried again; nil: nobody.
	Log func(format string, args ...any)
}

// Run serves the loop until ctx ends and everything it started has ended too: one goroutine per source, one per effect
// in flight, and a lock around the loop. Effects in flight are given a moment to be answered, but for where ctx was ended
// because of [ErrLost]: then they are abandoned at once.
func Run(ctx context.Context, loop *Loop, shell Shell) {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	r := &runner{loop: loop, shell: shell, sending: sending}
	r.timer = time.AfterFunc(time.Hour, func() { r.turn(ctx, nil) })
	for _, source := range loop.component.Sources() {
		if source.Resource != nil {
			r.tasks.Go(func() { r.reflect(ctx, source) })
		}
	}
	for _, feed := range shell.Feeds {
		r.tasks.Go(func() {
			feed(ctx, func(source string, rv int64, objects []metav1.Object) (err error) {
				r.turn(ctx, func(time.Time) { err = loop.ObserveList(source, rv, objects) })
				return err
			})
		})
	}
	<-ctx.Done()
	wait := shutdownGrace
	if errors.Is(context.Cause(ctx), ErrLost) {
		wait = 0
	}
	grace := time.AfterFunc(wait, stop)
	defer grace.Stop()
	r.timer.Stop()
	r.mu.Lock() // a turn that began before the end has started its tasks when this is passed
	//lint:ignore SA2001 that is all that is waited for
	r.mu.Unlock()
	r.tasks.Wait()
}

type runner struct {
	mu    sync.Mutex
	loop  *Loop
	shell Shell
	timer *time.Timer
	tasks sync.WaitGroup
	// sending is the context of the effects: it outlives that of Run by the grace.
	sending context.Context
	// added and retried are what of the queue's counts was told.
	added, retried uint64
}

// ErrLost is why a context ends under which a process acts that does not lead any more.
var ErrLost = errors.New("the lease was lost")

// shutdownGrace is how long effects in flight may take to be answered when Run is told to end.
const shutdownGrace = 2 * time.Second

// turn lets the loop take something over, then work as far as it can, and sends what it wants done.
func (r *runner) turn(ctx context.Context, take func(now time.Time)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loop.queue.now = time.Now()
	if take != nil {
		take(r.loop.queue.now)
	}
	defer r.measure()
	if ctx.Err() != nil {
		return
	}
	for worked := true; worked; {
		now := time.Now()
		if !r.leads(now) {
			return
		}
		r.measure()
		worked = r.loop.Work(now)
		if worked && r.shell.Meter != nil {
			r.shell.Meter.Worked(r.loop.component.Name(), r.loop.queue.waited, time.Since(now), r.loop.waits)
		}
		for e, ok := r.loop.Next(now); ok; e, ok = r.loop.Next(now) {
			r.tasks.Go(func() { r.perform(ctx, e) })
		}
		if r.loop.full() {
			break // the next answer makes a turn; it would have to wait while all that is due is decided
		}
	}
	if due, ok := r.loop.Due(); ok {
		r.timer.Reset(max(time.Until(due), 0))
	}
}

// measure tells what the loop holds now, and what its queue has counted since it was last told.
func (r *runner) measure() {
	if r.shell.Meter == nil {
		return
	}
	q := &r.loop.queue
	r.shell.Meter.Holds(r.loop.component.Name(), len(q.ready), len(r.loop.flying), q.added-r.added, q.retried-r.retried)
	r.added, r.retried = q.added, q.retried
}

func (r *runner) leads(now time.Time) bool { return r.shell.Leads == nil || r.shell.Leads(now) }

func (r *runner) perform(ctx context.Context, e Effect) {
	var answer Answer
	if !r.leads(time.Now()) {
		answer = Answer{Outcome: trace.Failed, Err: ErrLost}
	} else if e.Request == nil {
		answer = r.shell.Perform(r.sending, e)
	} else {
		answer = AnswerOf(r.shell.Transport.Do(client.WithCallID(r.sending, e.ID), *e.Request))
	}
	if r.shell.Meter != nil {
		t := describe(e)
		r.shell.Meter.Performed(r.loop.component.Name(), t.Verb, t.Object.Resource, t.Subresource, string(answer.Outcome))
	}
	if answer.Outcome != trace.OK && r.shell.Log != nil {
		r.shell.Log("%s: %s: %s: %v", r.loop.component.Name(), inWords(e), answer.Outcome, answer.Err)
	}
	r.turn(ctx, func(now time.Time) { r.loop.Done(now, e.ID, answer) })
}

// reflect keeps one source of the API fed.
func (r *runner) reflect(ctx context.Context, s Source) {
	reflector := client.NewReflector(api.Request{Resource: s.Resource, Namespace: s.Namespace, Labels: s.Labels, Fields: s.Fields})
	client.Reflect(ctx, r.shell.Transport, reflector, client.Observer{
		List: func(rv int64, objects []metav1.Object) (err error) {
			r.turn(ctx, func(time.Time) { err = r.loop.ObserveList(s.Name, rv, objects) })
			return err
		},
		Event: func(event api.WatchEvent) (err error) {
			r.turn(ctx, func(time.Time) { err = r.loop.Observe(s.Name, event) })
			return err
		},
		Log: r.shell.Log,
	})
}
