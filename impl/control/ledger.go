package control

import (
	"bytes"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/trace"
)

// state is how far an own write has come.
type state uint8

const (
	planned state = iota
	sent
	acknowledged // OK: expect is the server's answer
	unknown      // may be done, may still be done later
)

// write is one entry of the ledger.
type write struct {
	effect Effect
	cache  *cache
	entry  *entry
	state  state
	before metav1.Object // what was shown when it was planned; nil: nothing
	expect metav1.Object // nil: gone

	// requires and uid are the write's preconditions; create has none but that the name is free.
	create   bool
	requires int64
	uid      types.UID

	// rv is the resourceVersion that an acknowledged write took place at; 0: the server did not say.
	rv int64
	// under is the acknowledged write that this one was made on top of.
	under *write

	// Of an unknown write: when to ask next, how often that was tried, and whether by reading or by repeating.
	askAt  time.Time
	asked  int
	asking bool
	read   bool

	ledger     *ledger
	prev, next *write
}

// ledger is the list of all own writes that the caches do not show yet, oldest first.
type ledger struct {
	first, last *write
	unknown     []*write
	size        int
}

func (l *ledger) add(w *write) {
	w.ledger, w.prev = l, l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	l.size++
}

func (l *ledger) remove(w *write) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next, w.ledger = nil, nil, nil
	l.size--
	for i, u := range l.unknown {
		if u == w {
			l.unknown = append(l.unknown[:i], l.unknown[i+1:]...)
			return
		}
	}
}

// newWrite reads the preconditions of a predicted effect. A write without them cannot be kept in a ledger, because
// nothing could ever tell that it will not happen any more.
func newWrite(effect Effect, c *cache, n name) *write {
	w := &write{effect: effect, cache: c, expect: effect.Expect}
	r := effect.Request
	if r == nil {
		return w
	}
	switch {
	case r.Verb == api.Create && r.Subresource == "":
		w.create, w.read = true, true
	case r.Verb == api.Create:
		if b, ok := r.Object.(*corev1.Binding); ok {
			w.requires, w.uid = revisionOf(b), b.UID
		}
	case r.Verb == api.Update:
		if obj, ok := r.Object.(metav1.Object); ok {
			w.requires, w.uid = revisionOf(obj), obj.GetUID()
		}
	case r.Verb == api.Patch:
		if effect.Expect != nil && bytes.Contains(r.Patch, []byte(`"resourceVersion"`)) {
			w.requires, w.uid = revisionOf(effect.Expect), effect.Expect.GetUID()
		}
	case r.Verb == api.Delete && r.Delete != nil && r.Delete.Preconditions != nil:
		p := r.Delete.Preconditions
		if p.UID != nil {
			w.uid = *p.UID
		}
		if p.ResourceVersion != nil {
			w.requires, _ = api.ParseResourceVersion(*p.ResourceVersion)
		}
	}
	check(w.create || w.requires > 0 || r.Verb == api.Delete && w.uid != "",
		"%s of %s %s/%s carries a prediction but no precondition", r.Verb, c.source.Name, n.namespace, n.name)
	return w
}

func revisionOf(obj metav1.Object) int64 {
	rv, _ := api.ParseResourceVersion(obj.GetResourceVersion())
	return rv
}

// passedBy reports whether what the source shows tells that the write has happened, or never will.
func (w *write) passedBy(base metav1.Object, rv int64) bool {
	switch {
	case w.rv > 0:
		return rv >= w.rv
	case w.effect.Request == nil:
		return false // a local source tells only by reaching a list
	case w.create:
		// While it is under way, what has its name may be one that was there before and is gone by now: the answer tells.
		return base != nil && w.state == unknown
	case base == nil || w.uid != "" && base.GetUID() != w.uid:
		return rv > w.requires
	case w.requires > 0:
		return rv > w.requires
	}
	return base.GetDeletionTimestamp() != nil && w.expect != nil // a delete by UID alone
}

// attach lays w over the entry.
func (w *write) attach(l *ledger, e *entry) {
	w.entry = e
	w.before = e.shown
	w.under = e.own
	e.own = w
	l.add(w)
}

// detach takes w out of the ledger: the cache, or the write that w was made on, counts again.
func (w *write) detach() {
	if w.ledger == nil {
		return
	}
	w.ledger.remove(w)
	w.cache.forget(w)
	if e := w.entry; e.own == w {
		e.own = w.under
		if e.own != nil && e.own.ledger == nil {
			e.own = nil
		}
	}
	w.under = nil
}

// acknowledge makes obj, the server's answer, what is shown until the source has reached it.
func (w *write) acknowledge(obj metav1.Object, reached int64) {
	if w.ledger == nil {
		return
	}
	if w.under != nil {
		w.under.detach()
		w.under = nil
	}
	w.settle()
	w.state, w.rv = acknowledged, reached
	if obj != nil && !w.effect.Gone {
		w.expect = obj
	}
	if obj != nil && w.effect.Request != nil {
		w.rv = max(w.rv, revisionOf(obj))
	}
	if (w.rv > 0 && w.rv <= w.cache.rv) || (w.rv == 0 && w.entry.base == nil && w.expect == nil) {
		w.detach()
	} else if w.rv > 0 {
		w.cache.acknowledge(w)
	}
	w.cache.refresh(w.entry)
}

// drop forgets w: it has definitely not happened.
func (w *write) drop() {
	if w.ledger == nil {
		return
	}
	w.detach()
	w.cache.refresh(w.entry)
}

// doubt keeps w as a write of unknown outcome, to be asked about at the given time.
func (w *write) doubt(at time.Time) {
	if w.ledger == nil {
		return
	}
	if w.state != unknown {
		w.state = unknown
		w.ledger.unknown = append(w.ledger.unknown, w)
	}
	w.asking, w.askAt = false, at
	w.asked++
}

// settle takes w off the list of those to ask about.
func (w *write) settle() {
	for i, u := range w.ledger.unknown {
		if u == w {
			w.ledger.unknown = append(w.ledger.unknown[:i], w.ledger.unknown[i+1:]...)
			return
		}
	}
}

// question is the request that resolves an unknown write: a live read, or the write once more.
func (w *write) question() Effect {
	if !w.read {
		e := w.effect
		e.Why = "repeats " + e.ID + ", whose outcome is unknown"
		return e
	}
	r := w.effect.Request
	return Effect{
		Request: &api.Request{Verb: api.Get, Resource: r.Resource, Namespace: r.Namespace, Name: w.entry.name.name},
		Why:     "reads what became of " + w.effect.ID,
	}
}

// resolve takes the definite answer to a question. It returns false where the answer leaves the outcome unknown.
func (w *write) resolve(answer Answer) bool {
	reason := apierrors.ReasonForError(answer.Err)
	absent := reason == metav1.StatusReasonNotFound || reason == metav1.StatusReasonGone
	switch {
	case answer.Err == nil && !w.read:
		w.acknowledge(answer.Object, answer.Reached)
	case answer.Err == nil && answer.Object != nil:
		w.found(answer.Object)
	case w.read && absent && w.create:
		w.drop()
	case w.read && absent:
		w.effect.Gone, w.expect = true, nil
		w.acknowledge(nil, 0)
	default:
		// The repeat was refused. Something has changed: the object, or what the server lets pass. Whether it was this write, only the object
		// can tell.
		w.read = w.read || !transient(answer.Err, reason)
		return false
	}
	return true
}

// found takes the object as a live read shows it.
func (w *write) found(obj metav1.Object) {
	unchanged := !w.create && obj.GetUID() == w.uid && revisionOf(obj) == w.requires
	if unchanged {
		w.drop() // and the repeat was refused
		return
	}
	w.effect.Gone = false
	w.acknowledge(obj, 0)
}

// transient: the refusal says nothing about the request, only about the moment.
func transient(err error, reason metav1.StatusReason) bool {
	return reason == metav1.StatusReasonTooManyRequests || reason == metav1.StatusReasonServiceUnavailable ||
		api.OutcomeOf(err) != trace.Failed || !isStatus(err)
}

func isStatus(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status)
}
