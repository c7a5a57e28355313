package election

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
)

// Elector is one candidate for one lease. It is not safe for use by several goroutines.
type Elector struct {
	config              Config
	namespace, name, me string

	known bool // what is seen was read, or written, since the last failure
	seen  Seen
	after time.Time // nothing is sent before

	flight *Request // the one request on its way
	sent   int      // how many requests were sent

	term  int // how many times it has come to lead
	leads bool
	until time.Time // it leads no longer

	ending bool // only what is held is given back
	over   bool
}

// Request is one request to be sent once.
type Request struct {
	api.Request
	// Number tells it from all others of the elector's.
	Number int
	Why    string

	at      time.Time // when it was handed out
	release bool
}

// New returns the candidate whose identity is me. It panics on a Config that is not valid.
func New(config Config, namespace, name, me string) *Elector {
	if err := config.Validate(); err != nil {
		panic("election: " + err.Error())
	}
	if me == "" {
		panic("election: a candidate needs an identity: the lease of one without would be nobody's")
	}
	return &Elector{config: config, namespace: namespace, name: name, me: me}
}

// Lease is the name of the lease.
func (e *Elector) Lease() string { return e.name }

// Identity is the candidate's.
func (e *Elector) Identity() string { return e.me }

// Leads reports whether the candidate may act now.
func (e *Elector) Leads(now time.Time) bool { return e.leads && now.Before(e.until) }

// Term is the number of the term in which it leads, from 1; 0: it does not. Another number than before means that it has not led in between:
// what acted for the term before must have stopped for good.
func (e *Elector) Term(now time.Time) int {
	if !e.Leads(now) {
		return 0
	}
	return e.term
}

// Timeout is how long a request may take. So two renewals at least may fail before the leader stops. Upstream: the same.
func (e *Elector) Timeout() time.Duration { return e.config.RenewDeadline / 2 }

// Release ends the candidacy: the lease is given back if it is held. Whoever acts must have stopped.
func (e *Elector) Release() { e.ending, e.leads, e.after = true, false, time.Time{} }

// Over reports whether an ended candidacy has nothing left to do.
func (e *Elector) Over() bool { return e.ending && e.over }

// Next is the request to be sent now, if there is one.
func (e *Elector) Next(now time.Time) (Request, bool) {
	if e.leads && !now.Before(e.until) {
		e.leads = false
	}
	if e.flight != nil {
		if now.Before(e.flight.at.Add(e.Timeout())) {
			return Request{}, false
		}
		e.failed(now) // what was sent may land yet: the record is read before anything else
	}
	if e.over || now.Before(e.after) {
		return Request{}, false
	}
	r, ok := e.wanted(now)
	if !ok {
		return Request{}, false
	}
	e.sent++
	r.Resource, r.Namespace, r.Number, r.at = leases, e.namespace, e.sent, now
	r.Name = e.name
	e.flight = &r
	return r, true
}

var leases = func() *api.Resource {
	r, ok := api.ByName("leases")
	if !ok {
		panic("election: leases are not served")
	}
	return r
}()

// wanted is the request to be sent, but for what all have in common.
func (e *Elector) wanted(now time.Time) (Request, bool) {
	switch {
	case !e.known:
		return Request{Request: api.Request{Verb: api.Get}, Why: "to see who holds the lease"}, true
	case e.ending:
		if e.seen.Lease == nil || holderOf(e.seen.Lease) != e.me {
			e.over = true
			return Request{}, false
		}
		return Request{Request: api.Request{Verb: api.Update, Object: released(e.seen, now)}, Why: "we end", release: true}, true
	}
	d := Decide(e.config, e.me, e.seen, now)
	if d.Verb == Wait {
		e.known = false // to be read again, as it is now
		return e.wanted(now)
	}
	lease := held(e.config, e.me, e.seen, now)
	verb := api.Update
	if e.seen.Lease == nil {
		verb = api.Create
		lease.Namespace, lease.Name = e.namespace, e.name
	}
	return Request{Request: api.Request{Verb: verb, Object: lease}, Why: d.Why}, true
}

// Done tells what became of a request; one that was given up meanwhile concerns nobody any more.
func (e *Elector) Done(now time.Time, number int, answer any, err error) {
	if e.flight == nil || e.flight.Number != number {
		return
	}
	r := *e.flight
	lease, _ := answer.(*coordinationv1.Lease)
	switch {
	case r.Verb == api.Get && apierrors.IsNotFound(err):
		e.flight = nil
		e.saw(now, nil)
	case err != nil || lease == nil:
		e.failed(now)
		if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
			e.after = now // somebody was quicker: who?
		}
	case r.Verb == api.Get:
		e.flight = nil
		e.saw(now, lease)
	default:
		e.wrote(now, r, lease)
	}
}

// failed: what became of the request is not known, or what was known is out of date.
func (e *Elector) failed(now time.Time) {
	r := e.flight
	e.flight, e.known, e.after = nil, false, now.Add(e.config.RetryPeriod)
	if e.ending {
		e.over = e.over || r.release || r.Verb == api.Get
		e.after = now
	}
}

// saw takes over what was read. That it is the same as before is told by its version.
func (e *Elector) saw(now time.Time, lease *coordinationv1.Lease) {
	if e.seen.Lease == nil || lease == nil || e.seen.Lease.UID != lease.UID || e.seen.Lease.ResourceVersion != lease.ResourceVersion {
		e.seen = Seen{Lease: lease, At: now}
	}
	e.known = true
	if lease == nil || holderOf(lease) != e.me {
		e.leads = false
	}
	if e.ending {
		return
	}
	if d := Decide(e.config, e.me, e.seen, now); d.Verb == Wait {
		e.after = now.Add(e.config.RetryPeriod)
		if d.Until.Before(e.after) {
			e.after = d.Until
		}
	}
}

// wrote takes over that a write took place: for the others not before it was sent, and from then on it is counted.
func (e *Elector) wrote(now time.Time, r Request, lease *coordinationv1.Lease) {
	e.flight, e.known, e.seen = nil, true, Seen{Lease: lease, At: now}
	if e.ending {
		e.over = r.release
		return
	}
	e.after = r.at.Add(e.config.RetryPeriod)
	if e.until = r.at.Add(e.config.RenewDeadline); !now.Before(e.until) {
		return
	}
	if !e.leads {
		e.leads = true
		e.term++
	}
}

// Due is when time alone lets something happen, after Next has said that there is nothing to be sent; false: never.
func (e *Elector) Due() (time.Time, bool) {
	if e.over {
		return time.Time{}, false
	}
	due := e.after
	if e.flight != nil {
		due = e.flight.at.Add(e.Timeout())
	}
	if e.leads && e.until.Before(due) {
		due = e.until
	}
	return due, true
}
