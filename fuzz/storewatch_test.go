package fuzz

import (
	"sync"
	"time"

	"pgregory.net/rapid"

	"orrery/impl/store"
	model "orrery/model/store"
)

// storeWatch queues what a store delivers to one watch.
type storeWatch struct {
	stop func()

	mu     sync.Mutex
	queue  []store.WatchResponse
	more   chan struct{} // has an element when something came
	closed bool
	late   int // deliveries after stop
}

func (w *storeWatch) deliver(r store.WatchResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		w.late++
	}
	w.queue = append(w.queue, r)
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// next takes the next delivery, and waits for one at most so long.
func (w *storeWatch) next(wait time.Duration) (store.WatchResponse, bool) {
	deadline := time.Now().Add(wait)
	for {
		w.mu.Lock()
		if len(w.queue) > 0 {
			r := w.queue[0]
			w.queue = w.queue[1:]
			w.mu.Unlock()
			return r, true
		}
		w.mu.Unlock()
		left := time.Until(deadline)
		if left <= 0 {
			return store.WatchResponse{}, false
		}
		select {
		case <-w.more:
		case <-time.After(left):
		}
	}
}

// close is called when nothing more may come.
func (w *storeWatch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (m *storeMachine) open(t *rapid.T) {
	if len(m.state.Watches) >= mostWatches {
		t.Skip("enough watches")
	}
	m.opened++
	a := model.Open{Number: m.opened, Prefix: drawPrefix(t), After: m.drawRevision(t, "after")}
	w := &storeWatch{more: make(chan struct{}, 1)}
	stop, err := m.store.Watch(ctx, a.Prefix, a.After, w.deliver)
	if err != nil {
		t.Fatalf("%#v: %v", a, err)
	}
	w.stop = stop
	m.watches[a.Number] = w
	m.take(t, a)
}

func (m *storeMachine) stop(t *rapid.T) {
	if len(m.state.Watches) == 0 {
		t.Skip("no watch")
	}
	number := rapid.SampledFrom(m.state.Watches).Draw(t, "watch").Number
	w := m.watches[number]
	w.stop()
	w.close()
	m.take(t, model.Stop{Number: number})
}

// silence checks that nothing came where nothing more may.
func (m *storeMachine) silence(t *rapid.T) {
	for number := range m.opened {
		w := m.watches[number+1]
		w.mu.Lock()
		late := w.late
		w.mu.Unlock()
		if late > 0 {
			t.Fatalf("watch %d was told something after its end", number+1)
		}
	}
}

// deliveries takes what the watches have been told: all that the model says has to come, and nothing that it does not
// allow.
func (m *storeMachine) deliveries(t *rapid.T) {
	for _, w := range m.state.Watches {
		for open := true; open; _, open = m.state.Watch(w.Number) {
			wait := time.Duration(0)
			if _, due := model.Next(m.state, model.Deliver{Number: w.Number}); due && m.slow {
				wait = deliveryBound
			}
			r, told := m.watches[w.Number].next(wait)
			if !told {
				break
			}
			m.delivered(t, w.Number, r)
		}
		if _, due := model.Next(m.state, model.Deliver{Number: w.Number}); due {
			t.Fatalf("watch %d (%q after %d) was not told %s", w.Number, w.Prefix, w.After,
				printAnswer(model.AnswerTo(m.state, model.Deliver{Number: w.Number})))
		}
	}
}

// delivered compares one delivery with what the model says comes next.
func (m *storeMachine) delivered(t *rapid.T, number int, r store.WatchResponse) {
	t.Helper()
	if r.Err == nil && len(r.Changes) == 0 {
		m.take(t, model.Notice{Number: number, Revision: r.Revision})
		return
	}
	a := model.Deliver{Number: number}
	if _, due := model.Next(m.state, a); !due {
		t.Fatalf("watch %d was told what it has not to be told: %+v\n in %+v", number, r, m.state)
	}
	if len(r.Changes) > 1 {
		t.Fatalf("watch %d was told %d changes at once: %+v", number, len(r.Changes), r)
	}
	m.step(t, a, deliveryOf(t, r))
	if r.Err != nil {
		m.watches[number].close()
	}
}

func deliveryOf(t *rapid.T, r store.WatchResponse) model.Answer {
	if r.Err != nil {
		return model.Answer{Failure: failureOf(t, r.Err)}
	}
	c := r.Changes[0]
	change := heldOf(&c.KV)[0]
	change.Deleted = c.Deleted
	answer := model.Answer{Revision: r.Revision, Change: &change}
	if c.Previous != nil {
		answer.Replaced = &heldOf(c.Previous)[0]
	}
	return answer
}

// progress asks until every watch that can be told the present revision has been.
func (m *storeMachine) progress(t *rapid.T) {
	deadline := time.Now().Add(deliveryBound)
	for {
		if err := m.store.Progress(ctx); err != nil {
			t.Fatalf("progress: %v", err)
		}
		m.deliveries(t)
		behind := -1
		for _, w := range m.state.Watches {
			if m.state.Revision > w.After && w.Position < m.state.Revision {
				behind = w.Number
			}
		}
		switch {
		case behind < 0:
			return
		case !m.slow || time.Now().After(deadline):
			t.Fatalf("watch %d was not told that it has seen everything\n in %+v", behind, m.state)
		}
		m.notice(t, behind)
	}
}

// notice waits a moment for a delivery to one watch.
func (m *storeMachine) notice(t *rapid.T, number int) {
	if r, told := m.watches[number].next(askAgain); told {
		m.delivered(t, number, r)
	}
}
