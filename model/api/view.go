package api

// Object is one version of one object: a pod, which has a spec, a status, and somebody who stops it. UID 0: there is none.
type Object struct {
	// UID is the object's for life; Version is the revision of the store at which it was written so.
	UID, Version uint16
	// Generation counts the versions of the spec, Observed is the generation that the status was last reported for.
	Generation, Observed uint16
	Spec                 uint8
	// Finalizers are a bit each.
	Finalizers uint8
	// Period is the grace that it asks for itself. 0: nobody has to stop it, so that it never gets any (a pod without a node).
	Period uint8
	// Deleting: its deletionTimestamp is set. Grace is deletionGracePeriodSeconds, and stands for the time stamp as well: that is the moment
	// at which the deletion was asked for, and Grace later.
	Deleting bool
	Grace    uint8
	// Labeled: the watcher's selector selects it.
	Labeled bool
}

// Verb is what a request does.
type Verb uint8

// The verbs that are about one object. Lists are [Read], watches [Watch].
const (
	Get Verb = iota
	Create
	Update
	UpdateStatus
	Delete
)

func (v Verb) String() string {
	return [...]string{"get", "create", "update", "update the status of", "delete"}[v]
}

// Request asks for one thing to be done to one object.
type Request struct {
	Verb Verb
	Name uint8
	// UID and Version are what the client requires of the object, 0: nothing. An update has them in its body, a delete as preconditions.
	UID, Version uint16
	// Spec, Observed, Finalizers, Labeled and Period are the body. Of a status update Observed is never 0, which would keep what there is.
	Spec       uint8
	Observed   uint16
	Finalizers uint8
	Labeled    bool
	Period     uint8
	// Graced: a delete asks for the grace period Grace.
	Graced bool
	Grace  int8
}

// Reason is why a request was refused, as upstream's StatusReason has it.
type Reason uint8

// The reasons.
const (
	OK Reason = iota
	BadRequest
	NotFound
	AlreadyExists
	Conflict
	Expired
	Invalid
	Timeout // with the cause ResourceVersionTooLarge
)

func (r Reason) String() string {
	return [...]string{"", "BadRequest", "NotFound", "AlreadyExists", "Conflict", "Expired", "Invalid", "Timeout"}[r]
}

// Code is the HTTP status of an answer to a verb.
func (r Reason) Code(v Verb) int {
	if r == OK && v == Create {
		return 201
	}
	return [...]int{200, 400, 404, 409, 409, 410, 422, 504}[r]
}

// Write is what a decision does to the store.
type Write uint8

// The writes.
const (
	Nothing Write = iota
	Put
	Remove
)

func (w Write) String() string { return [...]string{"write nothing", "put", "remove"}[w] }

// Decision is what is done about a request: a write that holds if the object is still the one decided on, or an answer.
type Decision struct {
	Write Write
	// Object is the object afterwards, to which its write will give a version; of a removal, as the answer shows it.
	Object Object
	// Reason is why nothing is written, if that is not because all is so already.
	Reason Reason
}

// Decide is what a request does to an object. It is a function of the two alone: the UID is that of a new object.
func Decide(old Object, q Request, uid uint16) Decision {
	switch {
	case q.Verb == Create && q.Version != 0:
		return Decision{Reason: BadRequest}
	case q.Verb == Create && old.UID != 0:
		return Decision{Reason: AlreadyExists} // row 8
	case q.Verb == Create:
		return Decision{Write: Put, Object: Object{UID: uid, Generation: 1, Spec: q.Spec, Finalizers: q.Finalizers, Labeled: q.Labeled, Period: q.Period}}
	case old.UID == 0:
		return Decision{Reason: NotFound} // row 11
	case q.Verb == Get:
		return Decision{Object: old}
	case q.UID != 0 && q.UID != old.UID, q.Version != 0 && q.Version != old.Version:
		return Decision{Reason: Conflict} // rows 7, 10
	case q.Verb == Delete:
		return old.deleted(q)
	}
	return old.updated(q)
}

// updated is what an update does. Its body is the object that the client wants, but for what is not its to change: by the object itself the
// status, by the status the spec (row 12). Metadata can be changed by both.
func (o Object) updated(q Request) Decision {
	next := o
	next.Finalizers, next.Labeled = q.Finalizers, q.Labeled
	if q.Verb == UpdateStatus {
		next.Observed = q.Observed
	} else if next.Spec = q.Spec; next.Spec != o.Spec {
		next.Generation++ // row 13
	}
	switch {
	case o.Deleting && q.Finalizers&^o.Finalizers != 0:
		return Decision{Reason: Invalid} // row 17
	case next.due():
		return Decision{Write: Remove, Object: next} // row 16
	case next == o:
		return Decision{Object: o}
	}
	return Decision{Write: Put, Object: next}
}

// deleted is what a delete does. The first begins the deletion, later ones can only make the grace period shorter (rows 13 to 15).
func (o Object) deleted(q Request) Decision {
	next, wanted := o, q.wanted(o.Period)
	switch {
	case !o.Deleting:
		next.Deleting, next.Grace = true, wanted
		next.Generation++
		if o.Period == 0 {
			next.Grace = 0
		}
	case o.Grace > 0 && q.Graced && wanted < o.Grace:
		next.Grace = wanted
	}
	switch {
	case next.due():
		return Decision{Write: Remove, Object: next}
	case next == o:
		return Decision{Object: o}
	}
	return Decision{Write: Put, Object: next}
}

// wanted is the grace that a delete asks for: a negative one is 1 (row 15).
func (q Request) wanted(period uint8) uint8 {
	switch {
	case !q.Graced:
		return period
	case q.Grace < 0:
		return 1
	}
	return uint8(q.Grace)
}

// due: the object is being deleted, and nothing keeps it.
func (o Object) due() bool { return o.Deleting && o.Grace == 0 && o.Finalizers == 0 }

// View is what a decision about a request is made from.
type View struct {
	// Old is the object that is looked at.
	Old Object
	// Stored: it was read from the store while the request was worked on. If not, it is from a cache, and may be of the past.
	Stored bool
}

// Refuses is why a decision about a request is not allowed in a view; empty: it is. What a cache shows is a suggestion: a write that was
// decided on it is held against the store, but a refusal, and that there is nothing to do, would be believed (row 10).
func (v View) Refuses(q Request, d Decision) string {
	want := Decide(v.Old, q, d.Object.UID)
	if d.Write != Nothing {
		d.Object.Version, want.Object.Version = 0, 0 // the store gives it
	}
	switch {
	case d.Write == Nothing && !v.Stored:
		return "nothing is written because of what a cache shows: the store must be read first"
	case d.Reason != want.Reason:
		return "the answer is " + d.Reason.words() + ", and should be " + want.Reason.words()
	case d.Write != want.Write:
		return "the decision is to " + d.Write.String() + ", and should be to " + want.Write.String()
	case d.Write != Remove && d.Object != want.Object:
		return "the object is not what the request makes of it"
	}
	return ""
}

func (r Reason) words() string {
	if r == OK {
		return "success"
	}
	return r.String()
}
