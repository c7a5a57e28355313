package namespace

// anyhow are the states in which a world begins that no history need have led to (row 123): the namespace is there or not, is being deleted or
// not, and has finalizers or none; it holds anything, also if it is not there, or if what it holds was created in one that had its name; and
// a server's cache shows it as it was once, with a creation that waits or is guarded by a version that is gone.
//
// Some states have nobody who makes them right, upstream neither, and so are left out: what is being deleted and has nothing that keeps it
// (row 16); and a namespace that has not our finalizer and holds something, or may come to, as users make by force.
func anyhow(d Domain) (begins []State) {
	s := Init(Domain{Crashes: d.Crashes, Losses: d.Losses, Asks: d.Asks, Changes: d.Changes})
	s.NextUID = former + Names + 2
	for _, s.Namespace = range namespaces() {
		for _, s.Objects[0] = range objects(former + 2) {
			for _, s.Objects[1] = range objects(former + 3) {
				empty := s.Objects == [Names]Object{}
				if n := s.Namespace; n.UID != 0 && !n.Ours && !(n.Leaving && empty) || s.Objects[1].rank() < s.Objects[0].rank() {
					continue // of names that can be exchanged one order is enough
				}
				begins = append(begins, s.waiting()...)
			}
		}
	}
	for i, s := range begins {
		begins[i] = s.started()
	}
	return begins
}

// former is the UID of a namespace that had the name. The present one has the next.
const former = 1

// version is that of the namespace, of which there were others.
const version = 3

// namespaces is everything that there may be under the name.
func namespaces() []Stored {
	all := []Stored{{Version: version}}
	for flags := range 8 {
		n := Namespace{UID: former + 1, Leaving: flags&1 != 0, Ours: flags&2 != 0, Foreign: flags&4 != 0}
		if !n.Leaving || n.Ours || n.Foreign {
			all = append(all, Stored{n, version})
		}
	}
	return all
}

// objects is everything that there may be under a name in the namespace. One that nothing keeps was created in a namespace that is gone.
func objects(uid uint8) []Object {
	all := []Object{{}, {UID: uid, Of: former}}
	for _, keep := range []Keep{Slow, Stuck} {
		for _, leaving := range []bool{false, true} {
			all = append(all, Object{UID: uid, Of: former + 1, Keep: keep, Leaving: leaving})
		}
	}
	return all
}

// rank orders what there may be.
func (o Object) rank() int {
	if o.UID == 0 {
		return 0
	}
	return 1 + int(o.Keep)<<1 + int(bit(o.Leaving))
}

// waiting are the states with everything that a server may have in its cache and work on.
func (s State) waiting() (all []State) {
	for i := range s.Cached {
		s.Cached[i] = s.Namespace
	}
	all = append(all, s)
	for _, s.Cached[0] = range []Stored{{Version: 1}, {Namespace{UID: former, Ours: true}, version - 1}} {
		for _, s.Creations[0] = range []Creation{{Stage: Asked}, {Stage: Admitted, Guard: version - 1}} {
			all = append(all, s)
		}
	}
	return all
}
