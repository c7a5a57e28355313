package api

// The world is so big at most: two names, two servers, two writers, so many revisions of the store.
const (
	Names     = 2
	Servers   = 2
	Writers   = 2
	Revisions = 7
)

// kubelet is the number of the call that is not a writer's.
const kubelet = Writers

// State is the world of one resource.
type State struct {
	// Log is the store: entry r is the change of revision r. What is older than Compacted can be read no more.
	Log                 [Revisions + 1]Change
	Revision, Compacted uint8
	NextUID             uint16

	Servers [Servers]Server
	// Calls are the requests to write: one of each writer's, and the kubelet's.
	Calls  [Writers + 1]Call
	Reader Reader
	Watch  Watch

	// Changes, Reads, Crashes, Losses and Compactions are how many of each are left. Healed: none are, for good.
	Changes, Reads, Crashes, Losses, Compactions uint8
	Healed                                       bool
}

// Change is one entry of the log: the object of that name afterwards.
type Change struct {
	Name   uint8
	Object Object
}

// Server is an API server: whether it runs, and its watch cache.
type Server struct {
	Up bool
	// Revision is up to where the cache has seen everything, Objects what it holds.
	Revision uint8
	Objects  [Names]Object
	// Floor is the lowest revision from which every change is in the window, Window the revisions of the changes in it, a bit each.
	Floor  uint8
	Window uint16
}

// Stage is how far a request has come.
type Stage uint8

// The stages of a request.
const (
	Idle     Stage = iota
	Reading        // the store is to be read
	Swapping       // a write was decided on, and is on its way to the store
	Late           // the same, but nobody waits for it any more
	Counting       // the store is to be asked for its revision
	Waiting        // the cache is to come to a revision
	Answered       // the answer is on its way back
)

// Call is a request to write at a server.
type Call struct {
	Stage   Stage
	Server  uint8
	Request Request
	// On is the version that was decided on, 0: that there is no object. Stored: it was read from the store, and not from a cache.
	On     uint16
	Stored bool
	Answer Answer
}

// From is how new a list must be (row 19).
type From uint8

// The ways to ask for a list.
const (
	Consistent   From = iota // resourceVersion unset: everything that was written before it was asked for
	Any                      // resourceVersion 0: whatever the server has
	NotOlderThan             // resourceVersion N
	Exact                    // a further page: exactly the revision of the first
)

// Read is a list at a server.
type Read struct {
	Stage  Stage
	Server uint8
	From   From
	// Limit: only the first object is wanted, and where to go on.
	Limit bool
	// Bound is the revision that is asked for or waited for, Began that of the store when the list was asked for, there to be judged.
	Bound, Began uint8

	// The answer: the objects at a revision. It speaks of the names in Part, a bit each, and there are more if More says so.
	Reason   Reason
	Revision uint8
	Objects  [Names]Object
	Part     uint8
	More     bool
}

// Reader is a client that lists, one list at a time.
type Reader struct {
	Read Read
	// Newest is the newest revision that it was ever shown, Last that which it was shown last. Token is the revision of its list that is
	// to be continued, 0: none is.
	Newest, Last, Token uint8
}

// Watch is a client that watches the objects with the label, and the watch that it has open, if it has one.
type Watch struct {
	// Listed: Shown is what it has been told, by a list and what followed it, as of the revision Told.
	Listed bool
	Told   uint8
	Shown  [Names]Object
	// Open: Server has a watch for it, and has looked at all changes up to Sent.
	Open   bool
	Server uint8
	Sent   uint8
	// Event is what it was told last.
	Event Event
}

// EventType is what an event says of an object, as the watcher sees it.
type EventType uint8

// The types of events.
const (
	NoEvent EventType = iota
	Added
	Modified
	Deleted
	Bookmark // it has been told everything up to the revision Told
)

func (t EventType) String() string {
	return [...]string{"none", "ADDED", "MODIFIED", "DELETED", "BOOKMARK"}[t]
}

// Event is one event of a watch.
type Event struct {
	Type   EventType
	Name   uint8
	Object Object
}

// at is the object of a name at a revision of the store.
func (s State) at(name int, revision uint8) Object {
	for r := revision; r > 0; r-- {
		if int(s.Log[r].Name) == name {
			return s.Log[r].Object
		}
	}
	return Object{}
}

// stored is the object of a name that the store holds now.
func (s State) stored(name uint8) Object { return s.at(int(name), s.Revision) }

// all are the objects at a revision of the store.
func (s State) all(revision uint8) (objects [Names]Object) {
	for name := range objects {
		objects[name] = s.at(name, revision)
	}
	return objects
}

// version is the object that was written at a revision. 0: none.
func (s State) version(v uint16) Object { return s.Log[v].Object }

// selected is an object as a watcher sees it who selects those with the label: what does not match does not exist for it (row 23).
func selected(o Object) Object {
	if !o.Labeled {
		return Object{}
	}
	return o
}

// Init is a store with so many objects, and servers that have just started.
func Init(d Domain) State {
	s := State{NextUID: 1, Changes: d.Changes, Reads: d.Reads, Crashes: d.Crashes, Losses: d.Losses, Compactions: d.Compactions}
	for name := range d.Objects {
		s = s.committed(Request{Verb: Create, Name: uint8(name), Spec: 1, Labeled: true, Period: d.Period}, 0)
	}
	for k := range d.Servers {
		s.Servers[k] = s.started()
	}
	return s
}

// started is a server that has just listed the store.
func (s State) started() Server {
	return Server{Up: true, Revision: s.Revision, Floor: s.Revision, Objects: s.all(s.Revision)}
}

// Encode writes everything that tells states apart. No count in it is greater than a byte's.
func (s State) Encode(b []byte) []byte {
	object := func(o *Object) {
		if b = append(b, byte(o.UID)); o.UID != 0 {
			b = append(b, byte(o.Version), byte(o.Generation), byte(o.Observed), o.Spec<<4|o.Finalizers, o.Period, o.Grace, bit(o.Deleting)|bit(o.Labeled)<<1)
		}
	}
	for r := range s.Revision {
		b = append(b, s.Log[r+1].Name)
		object(&s.Log[r+1].Object)
	}
	for k := range s.Servers {
		v := &s.Servers[k]
		if b = append(b, bit(v.Up)); v.Up {
			b = append(b, v.Revision, v.Floor, byte(v.Window), byte(v.Window>>8))
			object(&v.Objects[0])
			object(&v.Objects[1])
		}
	}
	for i := range s.Calls {
		c, q := &s.Calls[i], &s.Calls[i].Request
		if b = append(b, byte(c.Stage)); c.Stage != Idle {
			b = append(b, c.Server, byte(c.On), bit(c.Stored), byte(c.Answer.Reason), byte(q.Verb), q.Name, byte(q.UID), byte(q.Version), q.Spec<<4|q.Finalizers,
				byte(q.Observed), q.Period, byte(q.Grace), bit(q.Graced)|bit(q.Labeled)<<1)
			object(&c.Answer.Object)
		}
	}
	r, w := &s.Reader.Read, &s.Watch
	if b = append(b, byte(r.Stage)); r.Stage != Idle {
		b = append(b, r.Server, byte(r.From), bit(r.Limit)|bit(r.More)<<1, r.Bound, r.Began, byte(r.Reason), r.Revision, r.Part)
		object(&r.Objects[0])
		object(&r.Objects[1])
	}
	object(&w.Shown[0])
	object(&w.Shown[1])
	if b = append(b, byte(w.Event.Type)<<4|w.Event.Name); w.Event.Type != NoEvent {
		object(&w.Event.Object)
	}
	return append(b, s.Reader.Newest, s.Reader.Last, s.Reader.Token, w.Told, w.Server, w.Sent, bit(w.Listed)|bit(w.Open)<<1|bit(s.Healed)<<2,
		s.Revision, s.Compacted, byte(s.NextUID), s.Changes, s.Reads, s.Crashes, s.Losses, s.Compactions)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
