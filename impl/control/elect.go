package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/control/election"
	"orrery/impl/trace"
)

// Elect runs what acts only while the candidate leads: act is started for each term, under a context that ends when the term does, because of
// [ErrLost], or when ctx does; it is waited for. Whatever act does, it must ask leads before. When ctx ends, act ends first, and only
// then is the lease given back (C10).
func Elect(ctx context.Context, elector *election.Elector, shell Shell, sink trace.Sink, act func(ctx context.Context, term int, leads func(time.Time) bool)) {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	e := &electing{elector: elector, shell: shell, sink: sink, act: act, answers: make(chan answered)}
	defer e.tasks.Wait()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		e.turn(sending, ctx)
		timer.Reset(time.Until(e.due()))
		select {
		case a := <-e.answers:
			e.done(a)
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	e.end()
	e.locked(elector.Release)
	late := time.After(elector.Timeout())
	for e.turn(sending, ctx); !elector.Over(); e.turn(sending, ctx) {
		select {
		case a := <-e.answers:
			e.done(a)
		case <-late:
			return
		}
	}
}

type electing struct {
	elector *election.Elector
	shell   Shell
	sink    trace.Sink
	act     func(context.Context, int, func(time.Time) bool)

	mu      sync.Mutex // of the elector
	answers chan answered
	tasks   sync.WaitGroup

	term  int // that is acted in; 0: none
	stop  context.CancelCauseFunc
	acted chan struct{}
}

type answered struct {
	number int
	answer any
	err    error
}

func (e *electing) locked(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
}

// turn sends what is to be sent, and has acted who leads and nobody else.
func (e *electing) turn(sending, acting context.Context) {
	var request election.Request
	var ok bool
	var term int
	e.locked(func() {
		now := time.Now()
		request, ok = e.elector.Next(now)
		term = e.elector.Term(now)
	})
	if ok {
		e.send(sending, request)
	}
	if term != e.term {
		e.end()
		if term != 0 {
			e.begin(acting, term)
		}
	}
}

func (e *electing) due() (at time.Time) {
	e.locked(func() { at, _ = e.elector.Due() })
	return at
}

func (e *electing) done(a answered) {
	e.locked(func() { e.elector.Done(time.Now(), a.number, a.answer, a.err) })
}

func (e *electing) send(ctx context.Context, r election.Request) {
	call := fmt.Sprintf("%s/%s-%d", e.elector.Identity(), e.elector.Lease(), r.Number)
	e.sink.Emit(e.elector.Step(r, call))
	e.tasks.Go(func() {
		ctx, stop := context.WithTimeout(client.WithCallID(ctx, call), e.elector.Timeout())
		defer stop()
		response, err := e.shell.Transport.Do(ctx, r.Request)
		if err != nil && e.shell.Log != nil && api.OutcomeOf(err) != trace.OK {
			e.shell.Log("%s %s: %v", r.Verb, e.elector.Lease(), err)
		}
		select {
		case e.answers <- answered{r.Number, response.Object, err}:
		case <-ctx.Done(): // it has been given up
		}
	})
}

func (e *electing) begin(ctx context.Context, term int) {
	ctx, e.stop = context.WithCancelCause(ctx)
	e.term, e.acted = term, make(chan struct{})
	e.sink.Emit(e.elector.Begins())
	acted := e.acted
	go func() {
		defer close(acted)
		e.act(ctx, term, func(now time.Time) (leads bool) {
			e.locked(func() { leads = e.elector.Term(now) == term })
			return leads
		})
	}()
}

// end ends what acts, and waits until it has ended.
func (e *electing) end() {
	if e.term == 0 {
		return
	}
	e.stop(ErrLost)
	<-e.acted
	e.term = 0
	e.sink.Emit(e.elector.Ends())
}
