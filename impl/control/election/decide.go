package election

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Seen is what a candidate knows of the lease.
type Seen struct {
	// Lease is as it was last read; nil: there was none.
	Lease *coordinationv1.Lease
	// At is when, by the candidate's own clock, it was first known as it is.
	At time.Time
}

// Verb is what is to be done about the lease.
type Verb int

// The verbs.
const (
	Wait    Verb = iota // somebody else holds it
	Acquire             // nobody does any more
	Renew               // we do
)

// Decision is what a candidate decides.
type Decision struct {
	Verb Verb
	// Until is, of Wait, when the lease may be acquired if it stays as it is.
	Until time.Time
	Why   string
}

// Decide says what one whose identity that is does about a lease. Of the lease's record it takes the holder's name and for how long the
// lease is held, and no time.
func Decide(c Config, me string, seen Seen, now time.Time) Decision {
	if seen.Lease == nil {
		return Decision{Verb: Acquire, Why: "there is no lease"}
	}
	switch holder := holderOf(seen.Lease); holder {
	case me:
		return Decision{Verb: Renew, Why: "we hold it"}
	case "":
		return Decision{Verb: Acquire, Why: "nobody holds it"}
	default:
		held := heldFor(c, seen.Lease)
		if expires := seen.At.Add(held); expires.After(now) {
			return Decision{Verb: Wait, Until: expires, Why: holder + " holds it"}
		}
		return Decision{Verb: Acquire, Why: fmt.Sprintf("%s has not renewed it for %v", holder, held)}
	}
}

func holderOf(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// heldFor is for how long the holder may lead after the others have seen the record: what it says itself, as it may be configured otherwise.
func heldFor(c Config, lease *coordinationv1.Lease) time.Duration {
	if s := lease.Spec.LeaseDurationSeconds; s != nil && *s > 0 {
		return time.Duration(*s) * time.Second
	}
	return c.LeaseDuration
}

// held is the lease as it is to be written by its holder.
func held(c Config, me string, seen Seen, now time.Time) *coordinationv1.Lease {
	lease, stamp := &coordinationv1.Lease{}, metav1.NewMicroTime(now)
	transitions := int32(0)
	if seen.Lease != nil {
		lease = seen.Lease.DeepCopy()
		if lease.Spec.LeaseTransitions != nil {
			transitions = *lease.Spec.LeaseTransitions
		}
	}
	if seen.Lease == nil || holderOf(seen.Lease) != me {
		lease.Spec.AcquireTime = &stamp
		if seen.Lease != nil {
			transitions++
		}
	}
	seconds := int32(c.LeaseDuration / time.Second)
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds = &me, &seconds
	lease.Spec.RenewTime, lease.Spec.LeaseTransitions = &stamp, &transitions
	return lease
}

// released is the lease as its holder leaves it: nobody's. As upstream's, it is held for a second by nobody, in case somebody looks at that.
func released(seen Seen, now time.Time) *coordinationv1.Lease {
	lease, stamp := seen.Lease.DeepCopy(), metav1.NewMicroTime(now)
	nobody, second := "", int32(1)
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds = &nobody, &second
	lease.Spec.AcquireTime, lease.Spec.RenewTime = &stamp, &stamp
	return lease
}
