package garbage

import "fmt"

// Policy is what becomes of the dependents of an object that is deleted. Foreground and Orphan stand among its finalizers, and so keep it.
type Policy uint8

// The policies.
const (
	Background Policy = iota // they are collected once it is gone
	Foreground               // it stays until those that block it are gone
	Orphan                   // they lose their references to it, and stay
)

func (p Policy) String() string { return [...]string{"background", "foreground", "orphan"}[p] }

// Ref is a reference to an owner: its name, which is a position in the view, and its UID.
type Ref struct {
	Owner int
	UID   uint8
	// Blocks: an owner that is deleted in the foreground waits for whoever refers to it so (blockOwnerDeletion).
	Blocks bool
}

// Object is what was read under one name. UID 0: there is nothing.
type Object struct {
	UID     uint8
	Leaving bool
	// Wish is the policy that stands among its finalizers; Background: none does.
	Wish Policy
	Refs []Ref
}

// Waits reports whether an object is being deleted and waits for its dependents to go first.
func (o Object) Waits() bool { return o.Leaving && o.Wish == Foreground }

// Read is a live read of one name. A list is a read of all names of its kind.
type Read struct {
	Made   bool
	Object Object
}

// View is what a decision about one object is made from. The cache has only suggested to look at it: what is decided rests on live reads,
// all made for this decision, and none before that of the object itself. An owner that was looked for earlier may be younger than the look.
type View struct {
	// Key is the position of the object that is decided about.
	Key   int
	Reads []Read
	// Dependents: the cache shows objects that refer to it.
	Dependents bool
}

// Verb is what an effect does to an object. Each carries the UID and the version that were read as preconditions.
type Verb uint8

// The verbs.
const (
	Collect  Verb = iota + 1 // delete it
	Unlink                   // take its reference to an owner away
	Unblock                  // keep that reference, and have it block no more
	Finalize                 // take its wish from among its finalizers
)

func (v Verb) String() string {
	return [...]string{"do nothing to", "delete", "take a reference from", "unblock a reference of", "finalize"}[v]
}

// Effect is one write: a verb, the position of the object, and, as the verb needs them, the position of the owner and the policy. A patch
// that does several such things at once is several effects.
type Effect struct {
	Verb   Verb
	Object int
	Owner  int
	Policy Policy
}

// standing is how it stands with the owner that a reference names.
type standing uint8

const (
	unread standing = iota
	gone            // for good: a UID is never used again
	waits           // it waits for its dependents to go
	stays
)

func (v View) standing(r Ref) standing {
	switch o := v.Reads[r.Owner]; {
	case !o.Made:
		return unread
	case o.Object.UID != r.UID:
		return gone
	case o.Object.Waits():
		return waits
	}
	return stays
}

// count is how many of an object's owners stand so.
func (v View) count(o Object, how standing) (n int) {
	for _, r := range o.Refs {
		if v.standing(r) == how {
			n++
		}
	}
	return n
}

// keeping are the positions of what keeps the object of the view from being finalized: all that refers to it if its dependents are to be
// orphaned, those that block it if it waits for them.
func (v View) keeping() (positions []int) {
	x := v.Reads[v.Key].Object
	for i, d := range v.Reads {
		for _, r := range d.Object.Refs {
			if r.Owner == v.Key && r.UID == x.UID && (r.Blocks || x.Wish == Orphan) {
				positions = append(positions, i)
			}
		}
	}
	return positions
}

// Circle reports whether an object waits for itself by way of one of its references: each owner on the way waits for the one before.
func (v View) Circle(from Ref) bool {
	seen := make([]bool, len(v.Reads))
	var back func(Ref) bool
	back = func(r Ref) bool {
		switch {
		case !r.Blocks || v.standing(r) != waits:
			return false
		case r.Owner == v.Key:
			return true
		case seen[r.Owner]:
			return false
		}
		seen[r.Owner] = true
		for _, next := range v.Reads[r.Owner].Object.Refs {
			if back(next) {
				return true
			}
		}
		return false
	}
	return v.Reads[v.Key].Object.Waits() && back(from)
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(plan []Effect) string {
	if len(plan) == 0 {
		return ""
	}
	if x := v.Reads[v.Key]; !x.Made || x.Object.UID == 0 {
		return "the object was not read live, or is not there"
	}
	for _, e := range plan {
		why := ""
		switch e.Verb {
		case Collect:
			why = v.refusesCollect(e)
		case Unlink:
			why = v.refusesUnlink(e)
		case Unblock:
			why = v.refusesUnblock(e)
		case Finalize:
			why = v.refusesFinalize(e)
		}
		if why != "" {
			return fmt.Sprintf("object %d: %s", e.Object, why)
		}
	}
	return ""
}

// refusesCollect is row 109: everything that owns it is gone, or waits for it to go.
func (v View) refusesCollect(e Effect) string {
	x := v.Reads[v.Key].Object
	switch {
	case e.Object != v.Key:
		return "another is looked at"
	case x.Leaving:
		return "it is being deleted already"
	case len(x.Refs) == 0:
		return "it never had an owner"
	case v.count(x, unread) > 0:
		return "an owner was not read live"
	case v.count(x, stays) > 0:
		return "an owner is there"
	case e.Policy == Orphan && x.Wish != Orphan:
		return "nobody wished that its dependents stay"
	case e.Policy == Background && v.count(x, waits) > 0 && v.Dependents:
		return "an owner waits, and so must what depends on it be waited for"
	}
	return ""
}

// refusesUnlink: a reference goes if its owner is gone or waits while another one stays, or if its owner lets its dependents be (row 110).
func (v View) refusesUnlink(e Effect) string {
	d, x := v.Reads[e.Object], v.Reads[v.Key].Object
	if !d.Made {
		return "it was not read live"
	}
	for _, r := range d.Object.Refs {
		if r.Owner != e.Owner {
			continue
		}
		switch how := v.standing(r); {
		case e.Owner == v.Key && r.UID == x.UID && x.Leaving && x.Wish == Orphan:
			return ""
		case e.Object != v.Key:
			return "its owner does not orphan it"
		case how == unread || how == stays:
			return "the owner stays, or was not read live"
		case v.count(d.Object, stays) == 0:
			return "no other owner stays"
		}
		return ""
	}
	return "it has no such reference"
}

// refusesUnblock is the second half of row 111: only a circle is broken.
func (v View) refusesUnblock(e Effect) string {
	for _, r := range v.Reads[v.Key].Object.Refs {
		if e.Object == v.Key && r.Owner == e.Owner && v.Circle(r) {
			return ""
		}
	}
	return "it does not wait for itself by way of that owner"
}

// refusesFinalize is rows 110 and 111.
//
// Upstream: pkg/controller/garbagecollector trusts its graph there, and so misses a dependent that it has not seen yet.
func (v View) refusesFinalize(e Effect) string {
	x := v.Reads[v.Key].Object
	if e.Object != v.Key || !x.Leaving || x.Wish == Background {
		return "it is not being deleted with a wish for its dependents"
	}
	for i, d := range v.Reads {
		if !d.Made {
			return fmt.Sprintf("object %d, which may depend on it, was not read live", i)
		}
	}
	if keeping := v.keeping(); len(keeping) > 0 {
		return fmt.Sprintf("object %d still depends on it", keeping[0])
	}
	return ""
}
