package replication

// anyhow are the states in which a world begins that no history need have led to (row 123): the owner wants as many pods as may be, or is
// being deleted, or is gone; and under the first names there is anything: pods of the owner's, too many of them, of nobody's, of one that is
// gone, that match or do not, that run or have ended or are being deleted. The last of them is perhaps about to be deleted by a request that
// nobody remembers. Names can be exchanged, and so they are in order.
func anyhow(d Domain) (begins []State) {
	for _, o := range owners(d) {
		s := Init(Domain{Crashes: d.Crashes, Losses: d.Losses, Changes: d.Changes})
		s.Owner, s.NextUID = o, 1+Names+former
		begins = append(begins, s.filled(0, max(d.Pods, 1), 0)...)
	}
	return begins
}

// former is the UID of an owner that had the name.
const former = 2

func owners(d Domain) (all []Owner) {
	for n := range d.Most + 1 {
		all = append(all, Owner{UID: 1, Replicas: n})
	}
	return append(all, Owner{UID: 1, Replicas: 1, Leaving: true}, Owner{})
}

// filled are the states with anything under the names from one on, of the kinds from one on.
func (s State) filled(name, names, kind int) (all []State) {
	if name == names {
		all = append(all, s.started())
		if p := s.Pods[name-1]; p.Phase == Running {
			s.Late[name-1] = Write{Verb: Remove, Way: Sent, Owner: p.Owner, Version: p.Version, UID: p.UID}
			all = append(all, s.started())
		}
		return all
	}
	kinds := kinds(uint8(1 + former + name))
	for k := kind; k < len(kinds); k++ {
		s.Pods[name] = kinds[k]
		all = append(all, s.filled(name+1, names, k)...)
	}
	return all
}

// kinds is everything that there may be under a name.
func kinds(uid uint8) []Stored {
	all := []Stored{{}, {Phase: Gone, Version: 2}}
	for phase := Running; phase <= Leaving; phase++ {
		for owner := range uint8(former + 1) {
			for _, matches := range []bool{true, false} {
				all = append(all, Stored{Phase: phase, UID: uid, Owner: owner, Matches: matches, Version: 1})
			}
		}
	}
	return all
}
