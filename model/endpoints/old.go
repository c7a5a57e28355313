package endpoints

import (
	"fmt"
	"slices"
)

// OldRoom is how many addresses the Endpoints of old hold at most.
const OldRoom = 1000

// Old is what a view shows of the Endpoints of old that have the service's name.
type Old struct {
	// There: there are some. Ours: their label says that the controller of Endpoints has made them.
	There, Ours bool
	Addresses   []OldAddress
	// Open: the controller has written to them, and nobody knows with what outcome.
	Open bool
}

// OldAddress is one entry of Endpoints: an address, the pod that has it, and whether it is among those that are ready.
type OldAddress struct {
	Address, Pod uint16
	Ready        bool
}

// OldWanted are the addresses that Endpoints are to have: those of the service's endpoints, and of a pod that is being deleted only if the service
// publishes what is not ready (rows 97 to 99).
func (v View) OldWanted() (wanted []OldAddress) {
	for _, e := range v.Wanted() {
		if !e.Terminating || v.Service.Publishes {
			wanted = append(wanted, OldAddress{e.Address, e.Pod, e.Ready})
		}
	}
	return wanted
}

// OldRefuses is why a write to Endpoints, after which they hold these addresses, is not allowed in a view; empty: it is.
//
// Unlike slices they hold all that is wanted or are not written, as they are one object.
func (v View) OldRefuses(at Old, verb Verb, addresses []OldAddress) string {
	switch {
	case at.Open:
		return "nobody knows yet what became of the last request for the Endpoints"
	case verb == Remove && v.Service.UID != 0:
		return "the service is there"
	case verb == Remove && !(at.There && at.Ours):
		return "they are not the controller's" // row 100
	case verb == Remove:
		return ""
	case v.Service.UID == 0:
		return "there is no service"
	case !v.Service.Selects:
		return "the service has no selector: its Endpoints are somebody else's" // row 100
	case verb == Create && at.There:
		return "the name is used"
	case verb == Update && !at.There:
		return "there are none"
	case verb == Update && at.Ours && slices.Equal(addresses, at.Addresses):
		return "they are written, and do not change"
	case len(addresses) > OldRoom:
		return fmt.Sprintf("they are to hold %d addresses, and have room for %d", len(addresses), OldRoom)
	}
	wanted := v.OldWanted()
	for _, a := range addresses {
		if !slices.Contains(wanted, a) {
			return fmt.Sprintf("nothing that the view shows wants address %d of pod %d like that", a.Address, a.Pod) // rows 97 to 99
		}
	}
	for _, a := range wanted {
		if len(wanted) <= OldRoom && !slices.Contains(addresses, a) {
			return fmt.Sprintf("address %d of pod %d is wanted, and left out", a.Address, a.Pod)
		}
	}
	return ""
}
