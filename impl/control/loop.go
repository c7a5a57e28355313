package control

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/trace"
)

// maxPending bounds the effects that are planned and not yet handed out: while there are more, no further key is worked.
const maxPending = 4096

// Loop is ring 2: see the package comment.
type Loop struct {
	config    Config
	component Component
	ranked    Ranked
	caches    []*cache // in the order of Sources
	view      View
	synced    bool

	keys    map[Key]*keyState
	spare   *keyState // of the key that was last forgotten, to be used again
	queue   queue
	pending []*operation // to be handed out, first come first served, but see take
	told    []*operation // those of them that are best effort
	flying  map[string]*operation
	telling int // how many of flying are best effort
	ledger  ledger
	effects uint64
	queued  uint64

	// concerned is concern, as a value that is made once.
	concerned func(Key)

	// news is whether the present change is one that a source shows, or an answer to a question, and not one of the ledger.
	news bool

	// quiet is the key that is not concerned by the present change, because it makes it itself: see quietly.
	quiet *keyState

	// waits is whether the last plan waits for something and is looked at again by itself; for who measures.
	waits bool

	// blind switches the ledger off, so that a test can show what it is for.
	blind bool
}

// operation is one effect on its way.
type operation struct {
	effect Effect
	seq    uint64    // its place among those to be handed out
	key    *keyState // nil: a question that resolves an unknown write
	write  *write    // nil: nothing is predicted
}

// New makes a loop; it panics on a Config that cannot be meant.
func New(config Config) *Loop {
	check(config.Component != nil, "a loop needs a component")
	if config.Trace == nil {
		config.Trace = trace.Discard
	}
	if config.InFlight == 0 {
		config.InFlight = DefaultInFlight
	}
	if config.BackoffBase == 0 {
		config.BackoffBase = DefaultBackoffBase
	}
	if config.BackoffMax == 0 {
		config.BackoffMax = DefaultBackoffMax
	}
	l := &Loop{config: config, component: config.Component, keys: map[Key]*keyState{}, flying: map[string]*operation{}}
	l.ranked, _ = config.Component.(Ranked)
	l.view.ledger = &l.ledger
	l.concerned = l.concern
	for _, s := range config.Component.Sources() {
		check(l.view.find(s.Name) == nil, "%s names the source %q twice", config.Component.Name(), s.Name)
		l.caches = append(l.caches, newCache(s, l.changed))
		l.view.caches = l.caches
	}
	check(len(l.caches) > 0, "%s has no source", config.Component.Name())
	return l
}

// Component is what the loop runs.
func (l *Loop) Component() Component { return l.component }

// Work reconciles the first key that is due; false: none is.
func (l *Loop) Work(now time.Time) bool {
	l.queue.now = now
	if !l.synced || len(l.pending)+len(l.told) >= maxPending {
		return false
	}
	for len(l.queue.waiting) > 0 && !l.queue.waiting[0].at.After(now) {
		l.enqueue(l.queue.waiting[0])
	}
	if len(l.queue.ready) == 0 {
		return false
	}
	k := l.queue.pop()
	l.view.live, l.view.lists, l.view.failed, l.view.err = k.live, k.lists, k.failed, k.err
	plan := l.component.Reconcile(&l.view, now, k.key)
	l.view.live, l.view.lists, l.view.failed, l.view.err = nil, nil, nil, nil
	k.live, k.lists, k.failed, k.err = nil, nil, nil, nil
	l.begin(now, k, plan)
	return true
}

// begin takes over a plan: every effect gets its ID, and every prediction is laid over the cache at once.
func (l *Loop) begin(now time.Time, k *keyState, plan Plan) {
	if k.working {
		misused("%s: key %q is worked twice at once", l.component.Name(), k.key)
	}
	k.working, k.dirty, k.news, k.wrote, k.again, k.wants = true, false, false, false, plan.Again, plan.Wants
	l.waits = plan.Wants != "" && !plan.Again.IsZero()
	own, look := l.own(), l.look(k, plan)
	k.batches = k.batches[:0]
	for _, effects := range plan.Batches {
		if len(effects) == 0 {
			continue
		}
		batch := make([]*operation, len(effects))
		for i, e := range effects {
			batch[i] = l.plan(k, e)
		}
		k.batches = append(k.batches, batch)
	}
	l.step(k, plan, own, look)
	l.advance(now, k)
}

func (l *Loop) plan(k *keyState, e Effect) *operation {
	check((e.Request == nil) != (e.Other == nil), "%s: an effect is either an API request or something else", l.component.Name())
	if r := e.Request; r != nil && r.Verb == api.List {
		check(r.ResourceVersion == "" && r.Match == "" && r.Limit == 0 && r.Continue == "" && r.Labels == "" && r.Fields == "",
			"%s: a live list shows the latest of everything: no resourceVersion, no selector, no pages", l.component.Name())
	}
	l.name(&e)
	op := &operation{effect: e, key: k}
	if l.blind || e.BestEffort || e.Expect == nil && !e.Gone {
		return op
	}
	c, n := l.target(e)
	if c == nil {
		return op
	}
	op.write = newWrite(e, c, n)
	entry := c.entry(n)
	if own := entry.own; own != nil && own.state != acknowledged {
		return op // the object's state is open: advance answers for it
	}
	op.write.attach(&l.ledger, entry)
	l.quietly(k, func() { c.refresh(entry) })
	return op
}

func (l *Loop) name(e *Effect) {
	l.effects++
	e.ID = l.config.ID + "/" + strconv.FormatUint(l.effects, 10)
}

// target is the cache that will show the effect, and under which name; nil where none will.
func (l *Loop) target(e Effect) (*cache, name) {
	n := name{}
	switch {
	case e.Request != nil && e.Request.Name != "":
		n = name{e.Request.Namespace, e.Request.Name}
	case e.Expect != nil:
		n = nameOf(e.Expect)
	}
	check(n.name != "", "%s: the object that an effect predicts has no name", l.component.Name())
	for _, c := range l.caches {
		if e.Source == c.source.Name || e.Source == "" && e.Request != nil && c.source.Resource == e.Request.Resource {
			return c, n
		}
	}
	check(e.Source == "", "%s: there is no source %q", l.component.Name(), e.Source)
	return nil, n
}

// advance queues the next batch of k's plan, or ends the plan. Nobody waits for effects that are best effort.
func (l *Loop) advance(now time.Time, k *keyState) {
	for len(k.batches) > 0 {
		batch := k.batches[0]
		k.batches = k.batches[1:]
		var held []*operation
		for _, op := range batch {
			switch {
			case op.effect.BestEffort:
				l.send(&l.told, op)
				continue
			case op.write != nil && op.write.entry == nil:
				held = append(held, op)
			default:
				l.send(&l.pending, op)
			}
			k.open++
		}
		for _, op := range held {
			l.done(now, op, Answer{Outcome: trace.Failed, Err: errHeld})
		}
		if k.open > 0 || len(held) > 0 {
			return
		}
	}
	l.finish(now, k)
}

var errHeld = errors.New("not sent: the outcome of an earlier write to the object is still open")

// Next hands out one effect to be performed; false: none may be sent now.
func (l *Loop) Next(now time.Time) (Effect, bool) {
	if len(l.flying) >= l.config.InFlight {
		return Effect{}, false
	}
	for _, w := range l.ledger.unknown {
		if !w.asking && !w.askAt.After(now) {
			w.asking = true
			op := &operation{effect: w.question(), write: w}
			l.name(&op.effect)
			l.question(op)
			l.flying[op.effect.ID] = op
			return op.effect, true
		}
	}
	op := l.take()
	if op == nil {
		return Effect{}, false
	}
	if op.effect.BestEffort {
		l.telling++
	}
	if op.write != nil && op.write.state == planned {
		op.write.state = sent
	}
	l.flying[op.effect.ID] = op
	return op.effect, true
}

func (l *Loop) send(to *[]*operation, op *operation) {
	l.queued++
	op.seq = l.queued
	*to = append(*to, op)
}

// take is the effect to be handed out next, the one that has waited longest; nil: there is none. While others wait, no more than an eighth of what may
// be in flight is best effort: of pods that are to be bound none should wait until users were told of those that are.
func (l *Loop) take() *operation {
	from := &l.pending
	if len(l.told) > 0 && (len(l.pending) == 0 || l.told[0].seq < l.pending[0].seq && l.telling < max(l.config.InFlight/8, 1)) {
		from = &l.told
	}
	if len(*from) == 0 {
		return nil
	}
	op := (*from)[0]
	(*from)[0] = nil
	*from = (*from)[1:]
	return op
}

// Done tells the answer to an effect that Next handed out.
func (l *Loop) Done(now time.Time, id string, answer Answer) {
	op := l.flying[id]
	if op == nil {
		misused("%s: an answer to %q, which is not in flight", l.component.Name(), id)
	}
	delete(l.flying, id)
	if op.key == nil {
		l.resolve(now, op.write, answer)
		return
	}
	l.done(now, op, answer)
}

func (l *Loop) done(now time.Time, op *operation, answer Answer) {
	if op.effect.BestEffort {
		l.telling--
		return
	}
	k := op.key
	if r := op.effect.Request; r != nil && r.Verb == api.Get {
		answer = l.takeLive(op, answer)
	} else if r != nil && r.Verb == api.List && answer.Outcome == trace.OK {
		check(answer.List != nil, "%s: a live list was answered without one", l.component.Name())
		k.lists = append(k.lists, liveList{r.Resource, r.Namespace, answer.List})
		k.wrote = true
	}
	if answer.Outcome != trace.OK && k.failed == nil {
		k.failed, k.err = &op.effect, answer.Err
	}
	if w := op.write; w != nil && w.entry != nil {
		k.wrote = k.wrote || answer.Outcome == trace.OK
		l.quietly(k, func() { l.answered(now, w, answer) })
	}
	k.open--
	if k.open > 0 {
		return
	}
	if k.failed != nil {
		l.abandon(k)
		l.finish(now, k)
		return
	}
	l.advance(now, k)
}

// answered tells the ledger what became of a write.
func (l *Loop) answered(now time.Time, w *write, answer Answer) {
	switch {
	case answer.Outcome == trace.Failed:
		w.drop()
	case w.effect.Request == nil:
		check(answer.Reached > 0, "%s: the answer to a local effect must say which list shows it", l.component.Name())
		w.acknowledge(answer.Object, answer.Reached)
	case answer.Outcome == trace.Unknown:
		w.doubt(now.Add(l.backoff(w.asked)))
	default:
		w.acknowledge(answer.Object, answer.Reached)
	}
}

// quietly changes the ledger without k being concerned: a key whose write has failed must wait for its backoff, and one
// whose plan was done is reconciled once more anyway.
func (l *Loop) quietly(k *keyState, change func()) {
	l.quiet = k
	change()
	l.quiet = nil
}

// takeLive keeps the answer of a live read for the next Reconcile of the key. That the object is absent is an answer.
func (l *Loop) takeLive(op *operation, answer Answer) Answer {
	r := op.effect.Request
	source := op.effect.Source
	for _, c := range l.caches {
		if source == "" && c.source.Resource == r.Resource {
			source = c.source.Name
		}
	}
	switch {
	case answer.Outcome == trace.OK && answer.Object != nil:
	case apierrors.IsNotFound(answer.Err):
		answer = Answer{Outcome: trace.OK}
	default:
		return answer
	}
	op.key.live = append(op.key.live, liveRead{source, name{r.Namespace, r.Name}, answer.Object})
	op.key.wrote = true
	return answer
}

// abandon drops the batches that will not be sent, because one before was not OK.
func (l *Loop) abandon(k *keyState) {
	for _, batch := range k.batches {
		for _, op := range batch {
			if op.write != nil && op.write.entry != nil {
				l.quietly(k, op.write.drop)
			}
		}
	}
	k.batches = k.batches[:0]
}

// finish ends the plan of k and says when it is looked at again.
func (l *Loop) finish(now time.Time, k *keyState) {
	k.working = false
	switch {
	case k.failed != nil:
		at := now.Add(l.backoff(k.failures))
		k.failures++
		if k.news {
			l.enqueue(k)
		} else {
			l.queue.retryAt(k, at)
		}
		return
	case k.dirty || k.wrote:
		l.enqueue(k)
	case !k.again.IsZero():
		l.queue.pushAt(k, k.again)
	case k.wants == "":
		delete(l.keys, k.key)
		l.spare = k
	}
	k.failures = 0
}

// resolve takes the answer to a question about an unknown write.
func (l *Loop) resolve(now time.Time, w *write, answer Answer) {
	if w.ledger == nil {
		return // the cache has told meanwhile
	}
	l.news = true
	defer l.old()
	if answer.Outcome == trace.Unknown || !w.resolve(answer) {
		w.doubt(now.Add(l.backoff(w.asked)))
	}
}

func (l *Loop) backoff(failures int) time.Duration {
	d := l.config.BackoffBase
	for ; failures > 0 && d < l.config.BackoffMax; failures-- {
		d *= 2
	}
	return min(d, l.config.BackoffMax)
}

// changed is told by the caches; it queues the keys that a change concerns.
func (l *Loop) changed(c *cache, old, new metav1.Object) {
	if l.synced {
		l.component.Keys(&l.view, c.source.Name, old, new, l.concerned)
	}
}

// concern queues a key because something that it depends on has changed. A key whose writes fail is woken from its backoff by
// news only: else keys that fail would wake each other, as each failure drops a prediction that concerns the others.
func (l *Loop) concern(key Key) {
	k := l.keys[key]
	switch {
	case k == nil:
		if k = l.spare; k == nil {
			k = &keyState{}
		}
		l.spare = nil
		*k = keyState{key: key, batches: k.batches[:0]}
		l.keys[key] = k
		l.enqueue(k)
	case k == l.quiet:
	case k.working:
		k.dirty, k.news = true, k.news || l.news
	case k.failures > 0 && !l.news:
	case k.place != ready:
		l.enqueue(k)
	}
}

func (l *Loop) enqueue(k *keyState) {
	rank := Rank{}
	if l.ranked != nil {
		rank = l.ranked.Rank(&l.view, k.key)
	}
	l.queue.push(k, rank)
}

// Due is when time alone will let Work or Next do something, after both have said false; false: only an observation or
// an answer will.
func (l *Loop) Due() (time.Time, bool) {
	due, any := time.Time{}, false
	sooner := func(at time.Time) {
		if !any || at.Before(due) {
			due, any = at, true
		}
	}
	if l.synced && len(l.queue.waiting) > 0 {
		sooner(l.queue.waiting[0].at)
	}
	for _, w := range l.ledger.unknown {
		if !w.asking {
			sooner(w.askAt)
		}
	}
	return due, any
}

// Ready reports whether Work or Next would do something now.
func (l *Loop) Ready(now time.Time) bool {
	if l.synced && len(l.pending)+len(l.told) < maxPending {
		if len(l.queue.ready) > 0 || len(l.queue.waiting) > 0 && !l.queue.waiting[0].at.After(now) {
			return true
		}
	}
	if len(l.flying) >= l.config.InFlight {
		return false
	}
	if len(l.pending)+len(l.told) > 0 {
		return true
	}
	for _, w := range l.ledger.unknown {
		if !w.asking && !w.askAt.After(now) {
			return true
		}
	}
	return false
}

// full reports whether more effects are planned than may be in flight, so that an answer is certain to come.
func (l *Loop) full() bool {
	return len(l.pending)+len(l.told) > 0 && len(l.flying) >= l.config.InFlight
}

func check(holds bool, format string, args ...any) {
	if !holds {
		misused(format, args...)
	}
}

// misused panics. Where it is done for every event, its caller tests the condition itself: to hand the words to check costs as much
// as all the rest.
//
//go:noinline
func misused(format string, args ...any) { panic("control: " + fmt.Sprintf(format, args...)) }
