package endpoints

import (
	"fmt"
	"slices"
)

// Service is what a view shows of the service. UID 0: there is none.
type Service struct {
	UID uint16
	// Selects: it has a selector, and is not the name of something outside. Publishes: it wants addresses that are not ready, too
	// (publishNotReadyAddresses).
	Selects, Publishes, Leaving bool
}

// Phase is where a pod is in its life, as far as its address is concerned.
type Phase uint8

// The phases of a pod.
const (
	Absent Phase = iota
	Alive        // its containers run, or will
	Ended        // it has failed or succeeded, for good
)

func (p Phase) String() string { return [...]string{"absent", "alive", "ended"}[p] }

// Pod is what a view shows of a pod.
type Pod struct {
	UID uint16
	// Address is its address; 0: it has none yet. An ended pod still shows the one it had, which may be another's by now.
	Address uint16
	Phase   Phase
	// Matches: the service's selector selects it.
	Ready, Leaving, Matches bool
}

// Endpoint is one entry of a slice: an address, the pod that has it, and what is said of it.
type Endpoint struct {
	Address, Pod                uint16
	Ready, Serving, Terminating bool
}

// same: both are about that address of that pod, whatever they say of it.
func (e Endpoint) same(other Endpoint) bool { return e.Address == other.Address && e.Pod == other.Pod }

// Slice is what a view shows under one name of a slice.
type Slice struct {
	// There: the name is used. Ours: its labels say that it is this service's, and that this controller manages it.
	There, Ours bool
	// Owner is the UID of the service that it belongs to; 0: none.
	Owner     uint16
	Endpoints []Endpoint
	// Open: the controller has written to it, and nobody knows with what outcome.
	Open bool
}

// View is what a decision is made from: the cache, in which the controller's own writes are shown once they are answered.
type View struct {
	Service Service
	Pods    []Pod
	Slices  []Slice
	// Room is how many endpoints a slice holds at most.
	Room int
}

// Verb is what an effect does to a slice.
type Verb uint8

// The verbs.
const (
	Create Verb = iota + 1
	Update
	Remove
)

func (v Verb) String() string { return [...]string{"nothing", "create", "update", "delete"}[v] }

// Effect is one write that a plan asks for: a verb, the position of the slice in the view, and what it is to hold.
type Effect struct {
	Verb      Verb
	Slice     int
	Endpoints []Endpoint
}

// Wanted are the endpoints of a service: those of all pods that it selects, that have an address and have not ended (rows 97, 99). A
// pod that is being deleted stays among them, so that connections to it may come to their end.
func (v View) Wanted() (wanted []Endpoint) {
	for _, p := range v.Pods {
		if p.Phase == Alive && p.Address != 0 && p.Matches {
			wanted = append(wanted, v.Service.endpoint(p))
		}
	}
	return wanted
}

// endpoint says of a pod what is to be said (row 98).
func (s Service) endpoint(p Pod) Endpoint {
	return Endpoint{Address: p.Address, Pod: p.UID, Ready: s.Publishes || p.Ready && !p.Leaving, Serving: p.Ready, Terminating: p.Leaving}
}

// owned: the slice is the present service's own. One that is ours and not owned is a leftover of a service that had the same name.
func (v View) owned(s Slice) bool { return s.There && s.Ours && s.Owner == v.Service.UID }

// Refuses is why a plan is not allowed in a view; empty: it is.
//
// It does not ask whether a plan does all there is to do: that is for the properties that hold eventually.
func (v View) Refuses(plan []Effect) string {
	if len(plan) == 0 {
		return ""
	}
	switch {
	case v.Service.UID == 0:
		return "there is no service: what it leaves behind is the garbage collector's"
	case !v.Service.Selects:
		return "the service has no selector: its slices are somebody else's" // row 100
	}
	for i, s := range v.Slices {
		if s.Open {
			return fmt.Sprintf("nobody knows yet what became of the last request for slice %d", i)
		}
	}
	wanted, after := v.Wanted(), v.after(plan)
	for n, e := range plan {
		if slices.ContainsFunc(plan[:n], func(other Effect) bool { return other.Slice == e.Slice }) {
			return fmt.Sprintf("slice %d is written twice", e.Slice)
		}
		if why := v.refuses(e, wanted, after); why != "" {
			return fmt.Sprintf("slice %d: %s", e.Slice, why)
		}
		if e.Verb == Remove && slices.ContainsFunc(plan, func(other Effect) bool { return other.Verb != Remove }) {
			return fmt.Sprintf("slice %d is deleted together with writes that may fail", e.Slice)
		}
	}
	for _, e := range wanted {
		if before, now := v.count(v.Slices, e), v.count(after, e); now > max(before, 1) {
			return fmt.Sprintf("address %d comes to be in %d slices", e.Address, now)
		} else if shown(v.Slices, e) && !shown(after, e) {
			return fmt.Sprintf("address %d is wanted, and is withdrawn", e.Address)
		}
	}
	return ""
}

// refuses is why one effect of a plan is not allowed. after are the slices as they are once the plan is carried out.
func (v View) refuses(e Effect, wanted []Endpoint, after []Slice) string {
	s := v.Slices[e.Slice]
	switch {
	case e.Verb == Create && s.There:
		return "the name is used"
	case e.Verb == Create && v.Service.Leaving:
		return "the service is being deleted, and gets no more slices"
	case e.Verb == Create && len(e.Endpoints) == 0 && slices.ContainsFunc(v.Slices, v.owned):
		return "an empty slice is made though there is one already"
	case e.Verb != Create && !(s.There && s.Ours):
		return "it is not the controller's" // row 100
	case e.Verb == Update && s.Owner != v.Service.UID:
		return "it belongs to another service that had the name, and is being collected with it"
	case e.Verb == Update && slices.Equal(e.Endpoints, s.Endpoints):
		return "it is written, and does not change" // row 113 has the same for rules
	case e.Verb != Remove && len(e.Endpoints) > max(v.Room, len(s.Endpoints)):
		return fmt.Sprintf("it is to hold %d endpoints, and has room for %d", len(e.Endpoints), v.Room)
	case e.Verb == Remove && !slices.ContainsFunc(after, v.owned) && !(v.Service.Leaving && s.Owner != v.Service.UID): // who is leaving gets none for a leftover
		return "the service is left without a slice"
	}
	for _, p := range e.Endpoints {
		if !slices.Contains(wanted, p) {
			return fmt.Sprintf("nothing that the view shows wants address %d of pod %d like that", p.Address, p.Pod) // rows 97 to 99
		}
	}
	return ""
}

// after are the slices as a plan leaves them.
func (v View) after(plan []Effect) []Slice {
	after := slices.Clone(v.Slices)
	for _, e := range plan {
		switch s := &after[e.Slice]; e.Verb {
		case Create:
			*s = Slice{There: true, Ours: true, Owner: v.Service.UID, Endpoints: e.Endpoints}
		case Update:
			s.Endpoints = e.Endpoints
		case Remove:
			*s = Slice{}
		}
	}
	return after
}

// count is how many slices of the service hold an endpoint.
func (v View) count(in []Slice, e Endpoint) (n int) {
	for _, s := range in {
		if v.owned(s) && slices.ContainsFunc(s.Endpoints, e.same) {
			n++
		}
	}
	return n
}

// shown: some slice that is ours holds it, a leftover included, as those who read slices do not look at owners.
func shown(in []Slice, e Endpoint) bool {
	return slices.ContainsFunc(in, func(s Slice) bool { return s.There && s.Ours && slices.ContainsFunc(s.Endpoints, e.same) })
}
