package store

// The world is so big at most: two members, two clients and two watchers, and so many writes that nobody waits for any more.
const (
	Members  = 2
	Clients  = 2
	Watchers = 2
	Lates    = 2
)

// World is a store that has several members, and who uses it.
type World struct {
	// Order are the writes that were agreed on, compactions among them. Every member carries them out in this order.
	Order []Entry
	// Led: there is a leader. Without one nothing is agreed on.
	Led     bool
	Members [Members]Member
	// Clients have a request each, or none. Late are writes on their way that nobody waits for any more.
	Clients  [Clients]Call
	Late     [Lates]Call
	Watchers [Watchers]Watcher
	// Asked is how many writes were ever asked for. The next has that number.
	Asked uint8

	// Changes, Reads, Compactions, Losses, Cuts and Elections are how many of each are left. Healed: none are, for good.
	Changes, Reads, Compactions, Losses, Cuts, Elections uint8
	Healed                                               bool

	// What follows decides nothing: it is there to be judged. Known is how many entries those who were told anything know of,
	// Done and Refused are the writes, by number, that somebody was told of as done, and as not done.
	Known         uint8
	Done, Refused uint16
	// Told is what the last step told a client or a watcher.
	Told Answer
}

// Entry is a write that was agreed on: the request with that number.
type Entry struct {
	Number  uint8
	Request Request
}

// Member is one of those who keep the store: alone, with the watches that it serves, after it has carried out so many entries.
type Member struct {
	There   bool
	Applied uint8
	State   State
}

// Verb is what a request is for.
type Verb uint8

// The verbs.
const (
	ToPut Verb = iota
	ToDelete
	ToCompact
	ToList
)

// Request is what a client asks for.
type Request struct {
	Verb Verb
	// Key and Expected are those of a put or a delete.
	Key, Expected uint8
	// Revision is where to compact, or what to list; 0: the present.
	Revision uint8
	// Serializable: of a list, whatever the member has will do.
	Serializable bool
}

// Stage is how far a request has come.
type Stage uint8

// The stages of a request.
const (
	Idle   Stage = iota // there is none
	Sent                // on its way to the leader
	Placed              // it has its place in the order, or, if it is a list, it waits until its member has come so far
)

// Call is a request at a member.
type Call struct {
	Stage   Stage
	Member  uint8
	Number  uint8
	Request Request
	// Place is how many entries the member must have carried out before it can answer.
	Place uint8
	// Answer is that to a write which the member has carried out.
	Answer *Answer
	// Began is what was known when a list was asked for. It is there to be judged.
	Began uint8
}

// Scope is what a watcher asks for.
type Scope uint8

// The scopes of watchers.
const (
	Nothing Scope = iota // there is no such watcher
	FirstKey
	EveryKey
)

// Watcher is a client that watches, from the beginning on, and the watch that it has open, if it has one.
type Watcher struct {
	Scope Scope
	// Position: it was told everything up to that revision, or so it believes.
	Position uint8
	// Open: Member has a watch for it.
	Open   bool
	Member uint8
	// Gone: it was told that history is gone.
	Gone bool
	// Told are the revisions of what it was told, a bit each. It is there to be judged.
	Told uint16
}

var (
	keys   = [...]string{"a", "b"}
	scopes = [...]string{"", keys[0], ""}
	values = [...]string{"p", "q", "r", "s", "t", "u", "v", "w"}
)

// action is a request as a store alone is asked. The value of a put tells its number.
func (q Request) action(number uint8) Action {
	switch q.Verb {
	case ToPut:
		return Put{Key: keys[q.Key], Value: values[number], Expected: int64(q.Expected)}
	case ToDelete:
		return Delete{keys[q.Key], int64(q.Expected)}
	case ToCompact:
		return Compact{int64(q.Revision)}
	}
	return List{Revision: int64(q.Revision)}
}

// at is the store alone after so many entries.
func (w World) at(entries int) State {
	s := Init()[0]
	for _, e := range w.Order[:entries] {
		s, _ = Next(s, e.Request.action(e.Number))
	}
	return s
}

// now is the store alone after all entries: what there is, whichever member has it.
func (w World) now() State { return w.at(len(w.Order)) }

// Begin is a fresh store with a leader, in which a key was put so many times. Every member has that, and no watcher.
func Begin(d Domain) World {
	w := World{Led: true, Changes: d.Changes, Reads: d.Reads, Compactions: d.Compactions, Losses: d.Losses, Cuts: d.Cuts, Elections: d.Elections}
	for range d.Puts {
		q := Request{Verb: ToPut}
		if len(w.Order) > 0 {
			q.Expected = uint8(w.now().Revision)
		}
		w.Order = append(w.Order, Entry{w.Asked, q})
		w.Done |= 1 << w.Asked
		w.Asked++
	}
	w.Known = uint8(len(w.Order))
	for i := range d.Members {
		w.Members[i] = Member{true, w.Known, w.now()}
	}
	for i := range d.Watchers {
		w.Watchers[i].Scope = FirstKey + Scope(i)
	}
	return w
}

// Encode writes everything that tells worlds apart. What the last step told does not: nothing depends on it, and the claims about steps see
// it before. No number in a world is greater than a byte's.
func (w World) Encode(b []byte) []byte {
	b = append(b, byte(len(w.Order)))
	for _, e := range w.Order {
		b = e.Request.encode(append(b, e.Number))
	}
	for i := range w.Members {
		if m := &w.Members[i]; m.There {
			b = m.State.encode(append(b, m.Applied))
		}
	}
	for i := range w.Clients {
		b = w.Clients[i].encode(b)
	}
	for i := range w.Late {
		b = w.Late[i].encode(b)
	}
	for i := range w.Watchers {
		v := &w.Watchers[i]
		b = append(b, byte(v.Scope)|v.Member<<2|bit(v.Open)<<3|bit(v.Gone)<<4, v.Position, byte(v.Told), byte(v.Told>>8))
	}
	return append(b, w.Asked, w.Changes, w.Reads, w.Compactions, w.Losses, w.Cuts, w.Elections, w.Known,
		byte(w.Done), byte(w.Done>>8), byte(w.Refused), byte(w.Refused>>8), bit(w.Led)|bit(w.Healed)<<1)
}

func (q Request) encode(b []byte) []byte {
	return append(b, byte(q.Verb)|q.Key<<2|bit(q.Serializable)<<3, q.Expected, q.Revision)
}

func (c Call) encode(b []byte) []byte {
	if b = append(b, byte(c.Stage)|c.Member<<2|bit(c.Answer != nil)<<3); c.Stage == Idle {
		return b
	}
	b = c.Request.encode(append(b, c.Number, c.Place, c.Began))
	if a := c.Answer; a != nil {
		b = append(b, byte(a.Revision), bit(a.Succeeded)|bit(a.Failure != None)<<1)
		b = encode(b, a.Held)
	}
	return b
}

func (s State) encode(b []byte) []byte {
	b = encode(append(b, byte(s.Revision), byte(s.Compacted), byte(len(s.Watches))), s.Log)
	for _, w := range s.Watches {
		b = append(b, byte(w.Number), byte(w.After), byte(w.Position))
	}
	return b
}

func encode(b []byte, changes []Change) []byte {
	b = append(b, byte(len(changes)))
	for _, c := range changes {
		b = append(b, byte(c.Revision), byte(c.Created), byte(c.Version), bit(c.Deleted))
		b = append(append(append(b, c.Key...), c.Value...), 0)
	}
	return b
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
