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
