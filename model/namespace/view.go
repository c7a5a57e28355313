package namespace

import "fmt"

// Namespace is what a view shows of the namespace. UID 0: there is none.
type Namespace struct {
	UID uint8
	// Leaving: it is being deleted, and its phase is Terminating; they are set in one write. Else it is Active.
	Leaving bool
	// Ours: the finalizer `kubernetes` is there, which every namespace is created with. Foreign: another one is.
	Ours, Foreign bool
}

// Active: objects may be created in it.
func (n Namespace) Active() bool { return n.UID != 0 && !n.Leaving }

// Admits is why a server that knows the namespace so does not have an object created in it; empty: it does, if the namespace is that still
// when the object is written (row 28).
func (n Namespace) Admits() string {
	switch {
	case n.UID == 0:
		return "there is no such namespace"
	case n.Leaving:
		return "the namespace is being deleted"
	}
	return ""
}

// Content is what a live read has shown under one name of one kind. UID 0: there is nothing.
type Content struct {
	Read    bool
	UID     uint8
	Leaving bool
}

// View is what the controller decides from: the namespace as the cache shows it, its content, read live after that, and the namespace's UID,
// read live after that. The cache will do at first, as a namespace that is leaving stays so. A list that was made before does not show that
// nothing is left: more may have come until the namespace was leaving. A list that nothing follows does not show that what is there is to go:
// it may be in another namespace of that name. What was listed while one namespace was leaving is in that namespace.
type View struct {
	Namespace Namespace
	Contents  []Content
	// Live is the UID that was read live, 0 if nothing was there; nil: it was not read.
	Live *uint8
}

// Verb is what an effect does.
type Verb uint8

// The verbs.
const (
	Delete   Verb = iota + 1 // an object of the content, of the UID that was read
	Finalize                 // take our finalizer from the namespace, at the version that was seen
)

func (v Verb) String() string { return [...]string{"nothing", "delete", "finalize"}[v] }

// Effect is one write: a verb, and if it is about an object of the content, its position in the view.
type Effect struct {
	Verb    Verb
	Content int
	// Forced: without grace, so that nobody is waited for who is to stop it.
	Forced bool
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(plan []Effect) string {
	if len(plan) > 0 && !v.Namespace.Leaving {
		return "the namespace is not being deleted"
	}
	for _, e := range plan {
		switch {
		case e.Verb == Finalize:
			if why := v.refusesFinalize(); why != "" {
				return why
			}
		case v.Live == nil:
			return "the namespace was not read live after its content"
		case *v.Live != v.Namespace.UID:
			return "another namespace has the name, or none"
		case v.Contents[e.Content].UID == 0 || v.Contents[e.Content].Leaving:
			return fmt.Sprintf("object %d is not there, or is being deleted already", e.Content)
		case e.Forced:
			return fmt.Sprintf("object %d has its grace: whoever stops it says when it is gone", e.Content) // row 73
		}
	}
	return ""
}

// refusesFinalize is row 29.
func (v View) refusesFinalize() string {
	if !v.Namespace.Ours {
		return "the namespace is finalized already"
	}
	for i, c := range v.Contents {
		switch {
		case !c.Read:
			return fmt.Sprintf("object %d was not looked for", i)
		case c.UID != 0:
			return fmt.Sprintf("object %d is there", i)
		}
	}
	return ""
}

// Allowed is what may be done, in words.
func (v View) Allowed() string {
	if v.Refuses([]Effect{{Verb: Finalize}}) == "" {
		return "finalize the namespace"
	}
	n := 0
	for i := range v.Contents {
		if v.Refuses([]Effect{{Verb: Delete, Content: i}}) == "" {
			n++
		}
	}
	if n > 0 {
		return fmt.Sprintf("delete %d objects", n)
	}
	return "do nothing"
}
