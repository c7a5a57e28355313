package store

// Action is one of the actions of the package comment's table.
type Action interface{ action() }

// Put sets Key to Value if its revision is Expected (0: if it is absent) and all Guards hold.
type Put struct {
	Key, Value string
	Expected   int64
	Guards     []Guard
}

// Guard requires of another key that its revision is Expected; 0: that it is absent.
type Guard struct {
	Key      string
	Expected int64
}

// Delete removes Key if its revision is Expected.
type Delete struct {
	Key      string
	Expected int64
}

// Get reads Key at Revision; 0: now.
type Get struct {
	Key      string
	Revision int64
}

// List reads the keys under Prefix at Revision, beginning at From, at most Limit of them; 0: all.
type List struct {
	Prefix, From string
	Revision     int64
	Limit        int64
}

// Count counts the keys under Prefix.
type Count struct{ Prefix string }

// Compact forbids reads below Revision.
type Compact struct{ Revision int64 }

// Open opens a watch of the changes under Prefix after a revision.
type Open struct {
	Number int
	Prefix string
	After  int64
}

// Deliver tells a watch the next change it waits for, or that it cannot be told.
type Deliver struct{ Number int }

// Notice tells a watch that it has been told everything up to Revision.
type Notice struct {
	Number   int
	Revision int64
}

// Pass moves a watch past changes that it did not ask for.
type Pass struct{ Number int }

// Stop closes a watch.
type Stop struct{ Number int }

func (Put) action()     {}
func (Delete) action()  {}
func (Get) action()     {}
func (List) action()    {}
func (Count) action()   {}
func (Compact) action() {}
func (Open) action()    {}
func (Deliver) action() {}
func (Notice) action()  {}
func (Pass) action()    {}
func (Stop) action()    {}

// Domain bounds what an exploration tries.
type Domain struct {
	Keys, Values []string
	Watches      int
}

// Enabled lists the enabled actions over a domain that lead to another state, in a fixed order. Reads, and writes that
// fail to compare, are enabled everywhere and lead nowhere; of the latter one is listed for each key.
func Enabled(s State, d Domain) []Action {
	var all []Action
	for _, key := range d.Keys {
		now, exists := s.At(key, s.Revision)
		for _, value := range d.Values {
			all = append(all, Put{key, value, revisionOf(now, exists), nil})
		}
		all = append(all, Delete{key, revisionOf(now, exists)}, Delete{key, s.Revision + 1})
	}
	for r := s.Compacted + 1; r <= s.Revision; r++ {
		all = append(all, Compact{r})
	}
	if len(s.Watches) < d.Watches {
		for _, prefix := range append([]string{""}, d.Keys...) {
			for after := int64(0); after <= s.Revision+1; after++ {
				all = append(all, Open{s.unused(), prefix, after})
			}
		}
	}
	for _, w := range s.Watches {
		all = append(all, Deliver{w.Number}, Pass{w.Number}, Stop{w.Number})
		for r := w.Position; r <= s.Revision; r++ {
			all = append(all, Notice{w.Number, r})
		}
	}
	enabled := all[:0]
	for _, a := range all {
		if _, ok := Next(s, a); ok {
			enabled = append(enabled, a)
		}
	}
	return enabled
}

// unused is the smallest number that no watch has.
func (s State) unused() int {
	for n := 0; ; n++ {
		if _, used := s.Watch(n); !used {
			return n
		}
	}
}
