package cache

import (
	"sort"

	"orrery/impl/api"
)

// event is one change of one object.
type event struct {
	revision      int64
	before, after *Item // nil: absent
	// gone is before as the deletion shows it; nil where the object was not deleted.
	gone api.Object
	// state is the resource right after the change.
	state *tree
	// encoded keeps the serialized forms of after, or of gone.
	encoded api.Encodings
}

// window is a ring of the latest events. Each has a number, counted from 0 since the cache began; the ring holds those
// from first up to, and without, next.
type window struct {
	ring        []*event
	first, next uint64
}

func newWindow(size int) window { return window{ring: make([]*event, size)} }

func (w *window) get(n uint64) *event { return w.ring[n%uint64(len(w.ring))] }

// push adds e and returns the event that had to go for it, or nil.
func (w *window) push(e *event) (evicted *event) {
	if w.next-w.first == uint64(len(w.ring)) {
		evicted = w.get(w.first)
		w.first++
	}
	w.ring[w.next%uint64(len(w.ring))] = e
	w.next++
	return evicted
}

// clear forgets all events, and uses up one number, so that whoever had seen all of them is behind too.
func (w *window) clear() {
	clear(w.ring)
	w.next++
	w.first = w.next
}

// after is the number of the first event with a revision greater than r.
func (w *window) after(r int64) uint64 {
	n := sort.Search(int(w.next-w.first), func(i int) bool { return w.get(w.first+uint64(i)).revision > r })
	return w.first + uint64(n)
}
