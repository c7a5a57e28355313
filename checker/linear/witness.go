package linear

import (
	"cmp"
	"slices"

	"orrery/checker/history"
)

// Witness is an order of operations that explains what they all saw.
type Witness []Placed

// Placed is one operation in the order.
type Placed struct {
	Operation *history.Operation
	// After is the number of log entries that are committed when the operation took effect, its own included.
	After int
	// Commit: it made the entry with that number.
	Commit bool
}

// witness puts every operation whose place is known at its place. Reads that may be stale have none in the order.
func (j *judge) witness(o *order) Witness {
	w := Witness{}
	for _, f := range j.facts {
		if f.start == ever || !f.certain() {
			continue
		}
		s := f.spans[0]
		// As late as the commits, each at its earliest moment, allow.
		w = append(w, Placed{f.op, max(s.from, min(s.to, o.ceiling(f.end))), s.commit})
	}
	slices.SortStableFunc(w, func(a, b Placed) int {
		if a.After == b.After && a.Commit != b.Commit {
			if a.Commit {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.After, b.After), cmp.Compare(a.Operation.Start, b.Operation.Start))
	})
	return w
}
