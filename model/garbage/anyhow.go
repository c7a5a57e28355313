package garbage

// anyhow are the states in which a world begins that no history need have led to (row 123): there are two objects, or fewer, that stay or are
// being deleted with any wish. One refers to itself, to the other, to an owner that is gone, or to two of these, the other to the one or to an
// owner that is gone. So they may wait for themselves and for each other, have owners of which one is gone, or be deleted with a wish that
// nobody can fulfil. What is being deleted and has no finalizer is left out: the write that takes the last away removes it (row 16).
func anyhow(d Domain) (begins []State) {
	s := Init(Domain{Crashes: d.Crashes, Losses: d.Losses, Deletions: d.Deletions, Changes: d.Changes})
	s.Last, s.NextUID = [Names]uint8{1, 2, 3}, 4
	s.Healed = s.Crashes+s.Losses+s.Deletions+s.Changes == 0
	const one, other, gone = 1 << 0, 1 << 1, 1 << 2
	for _, s.Objects[0] = range kinds(d, 1, one, other, one|other, gone, other|gone) {
		for _, s.Objects[1] = range kinds(d, 2, one, gone) {
			begins = append(begins, s.started())
		}
	}
	return begins
}

// kinds is everything that there may be under a name, with one of those sets of owners.
func kinds(d Domain, uid uint8, owners ...int) []Stored {
	all := []Stored{{Version: 1}}
	for _, set := range owners {
		o := Stored{UID: uid, Version: 1}
		for owner := range o.Links {
			if set&(1<<owner) != 0 {
				o.Links[owner] = Link{UID: uint8(owner + 1), Blocks: d.Blocking}
			}
		}
		all = append(all, o)
		for _, o.Wish = range []Policy{Foreground, Orphan} {
			o.Leaving = true
			all = append(all, o)
		}
	}
	return all
}
