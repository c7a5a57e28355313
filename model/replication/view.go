package replication

import (
	"fmt"
	"strings"
)

// Phase is where a pod is in its life. A name that was used once is not used again by a controller.
type Phase uint8

// The phases of a pod.
const (
	Absent  Phase = iota // and was never there
	Running              // it counts
	Ended                // it has failed or succeeded
	Leaving              // it is being deleted
	Gone                 // it was there once
)

func (p Phase) String() string {
	return [...]string{"absent", "running", "ended", "leaving", "gone"}[p]
}

// Pod is what a view shows under one name.
type Pod struct {
	Phase Phase
	// Owner is the UID of its controller; 0: it has none.
	Owner uint8
	// Matches: the owner's selector selects it.
	Matches bool
	// Predicted: it is shown because the controller has asked for its creation; nobody has told its UID.
	Predicted bool
	// Open: the controller has written to it, and nobody knows with what outcome.
	Open bool
	// Doubtful: it is shown as leaving because a deletion was asked for whose outcome nobody knows.
	Doubtful bool
}

// Owner is what a view shows of the owner. UID 0: there is none.
type Owner struct {
	UID      uint8
	Replicas int
	Leaving  bool
}

// View is what a decision is made from: the cache, and over it the controller's own writes that the cache does not show.
type View struct {
	Owner Owner
	Pods  []Pod
	// Live is the owner as a live read has just shown it; nil: there was none.
	Live *Owner
}

// Verb is what an effect does to a pod.
type Verb uint8

// The verbs.
const (
	Create Verb = iota + 1
	Remove
	Adopt
	Release
)

func (v Verb) String() string {
	return [...]string{"nothing", "create", "delete", "adopt", "release"}[v]
}

// Effect is one write that a plan asks for: a verb, and the position of the pod in the view.
type Effect struct {
	Verb Verb
	Pod  int
}

// Counts reports whether the owner counts a pod: it controls it, it matches, and it has neither ended nor is it being deleted (rows 58, 66).
func (v View) Counts(p Pod) bool { return p.Owner == v.Owner.UID && p.Matches && p.Phase == Running }

// Counted is how many pods surely count, and how many more may: nobody knows whether they were created, adopted or deleted. What is not to
// be done twice relies on the greater number, what makes up for it on the smaller: pods are created only if even those that may count are
// too few, and deleted only if those that surely do are too many.
func (v View) Counted() (surely, perhaps int) {
	for _, p := range v.Pods {
		switch {
		case v.Counts(p) && !p.Open:
			surely++
		case v.Counts(p), p.Owner == v.Owner.UID && p.Matches && p.Doubtful:
			perhaps++
		}
	}
	return surely, perhaps
}

// Refuses is why a plan is not allowed in a view; empty: it is.
func (v View) Refuses(plan []Effect) string {
	if len(plan) == 0 {
		return ""
	}
	switch {
	case v.Owner.UID == 0:
		return "there is no owner"
	case v.Owner.Leaving:
		return "the owner is being deleted: its controller does nothing but report" // row 59
	}
	surely, perhaps := v.Counted()
	created, removed := 0, 0
	for _, e := range plan {
		p := v.Pods[e.Pod]
		if p.Open {
			return fmt.Sprintf("nobody knows yet what became of the last request for pod %d", e.Pod)
		}
		switch e.Verb {
		case Create:
			if created++; p.Phase != Absent {
				return fmt.Sprintf("pod %d is %v: the name is used", e.Pod, p.Phase)
			}
		case Remove:
			if removed++; !v.Counts(p) || p.Predicted {
				return fmt.Sprintf("pod %d is no pod of the owner's that counts and is known to exist", e.Pod) // rows 57, 58
			}
		case Adopt:
			if why := v.refusesAdoption(p); why != "" {
				return fmt.Sprintf("pod %d: %s", e.Pod, why) // row 60
			}
		case Release:
			if p.Owner != v.Owner.UID || p.Matches || p.Phase != Running {
				return fmt.Sprintf("pod %d is not one that runs, is the owner's and does not match", e.Pod) // row 61
			}
		}
	}
	switch {
	case created > 0 && surely+perhaps+created > v.Owner.Replicas:
		return fmt.Sprintf("%d are created beside %d that count and %d that may, and %d are wanted", created, surely, perhaps, v.Owner.Replicas) // row 64
	case removed > 0 && surely-removed < v.Owner.Replicas:
		return fmt.Sprintf("%d of %d that surely count are deleted, and %d are wanted", removed, surely, v.Owner.Replicas) // row 58
	}
	return ""
}

// Allowed is the greatest number that may be created or deleted in a view, in words, and what may be claimed.
func (v View) Allowed() string {
	if v.Owner.UID == 0 || v.Owner.Leaving {
		return "do nothing"
	}
	var may []string
	surely, perhaps := v.Counted()
	if n := v.Owner.Replicas - surely - perhaps; n > 0 {
		may = append(may, fmt.Sprintf("create %d pods", n))
	}
	if n := surely - v.Owner.Replicas; n > 0 {
		may = append(may, fmt.Sprintf("delete %d of its pods", n))
	}
	claims := map[Verb]int{}
	for i, p := range v.Pods {
		for _, verb := range []Verb{Adopt, Release} {
			if v.Refuses([]Effect{{verb, i}}) == "" && !p.Open {
				claims[verb]++
			}
		}
	}
	for _, verb := range []Verb{Adopt, Release} {
		if n := claims[verb]; n > 0 {
			may = append(may, fmt.Sprintf("%v %d", verb, n))
		}
	}
	if len(may) == 0 {
		return "do nothing"
	}
	return strings.Join(may, ", or ")
}

func (v View) refusesAdoption(p Pod) string {
	switch {
	case p.Owner != 0:
		return "somebody controls it"
	case !p.Matches:
		return "it does not match"
	case p.Phase != Running:
		return "it does not run"
	case v.Live == nil:
		return "the owner was not read live"
	case v.Live.UID != v.Owner.UID || v.Live.Leaving:
		return "the owner, read live, is gone or going"
	}
	return ""
}
