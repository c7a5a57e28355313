package endpoints

// anyhow are the states in which a world begins that no history need have led to (row 123): the service is there or not, is being deleted, or
// has no selector; there is a pod, beside it perhaps one that has ended with the same address, or there is none; and under the first names
// of slices there is anything: slices of the service's, of one that is gone, of nobody's, of somebody else's, that hold what is wanted, the same
// with a stale readiness, nonsense, more than they have room for, or nothing. The names of slices can be exchanged, and so are in order.
func anyhow(d Domain) (begins []State) {
	p := d.Publishes
	for _, service := range []Service{{}, {present, true, p, false}, {present, true, p, true}, {present, false, p, false}} {
		for pods := range Pods + 1 {
			s := Init(Domain{Pods: min(pods, 1), Room: d.Room, Bounds: d.Bounds})
			s.Service, s.NextUID = service, former+1
			if pods == 2 {
				s.Pods[1] = s.Pods[0]
				s.Pods[1].UID, s.Pods[1].Phase = s.NextUID, Ended
				s.NextUID++
			}
			kinds := kinds(service, s.Pods[0])
			for i, at := range kinds {
				for _, other := range kinds[i:] {
					s.Slices[0], s.Slices[1] = at, other
					begins = append(begins, s.started())
				}
			}
		}
	}
	return begins
}

// The UIDs of the service that there is, and of one that had its name.
const (
	present = 1
	former  = 3
)

// kinds is everything that there may be under the name of a slice.
func kinds(service Service, p Pod) []Stored {
	wanted := service.endpoint(p)
	stale := wanted
	stale.Ready, stale.Serving, stale.Terminating = false, true, true
	contents := []Held{{}, nonsense}
	if p.Phase == Alive {
		contents = append(contents, Held{wanted}, Held{stale}, Held{wanted, nonsense[0]})
	}
	all := []Stored{{}}
	for _, owner := range []uint16{0, present, former} {
		for _, content := range contents {
			all = append(all, Stored{There: true, Ours: true, Owner: owner, Version: 1, Endpoints: content})
		}
		all = append(all, Stored{There: true, Owner: owner, Version: 1, Endpoints: contents[len(contents)-1]})
	}
	return all
}
