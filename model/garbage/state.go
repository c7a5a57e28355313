package garbage

// Names is how many names of objects there are.
const Names = 3

// State is the world of a few objects that own each other.
type State struct {
	// Objects are what the store holds, Last the UID that was given out last under each name, whether it is there or gone.
	Objects [Names]Stored
	Last    [Names]uint8
	NextUID uint8

	// Up is whether the collector runs; what follows is what it knows, and nothing if it does not. Queue are the names that are to be looked
	// at, a bit each. Busy: it looks at Key, and Reads is what it has read for it.
	Up    bool
	Seen  [Names]Stored
	Queue uint8
	Busy  bool
	Key   int
	Reads [Names]Reading

	// Writes are requests on their way, Late those whose issuer is gone or has given them up; one of each for a name.
	Writes, Late [Names]Write

	// Crashes, Losses, Deletions and other Changes by users are how many of each are left. Healed: none are, for good.
	Crashes, Losses, Deletions, Changes uint8
	Healed                              bool

	// Orphaned are the UIDs of those that the collector has finalized after it had orphaned their dependents, a bit each. It decides nothing:
	// it is there to be judged.
	Orphaned uint16
}

// Stored is an object as the store holds it. UID 0: there is none. Its version counts the writes to its name.
type Stored struct {
	UID, Version uint8
	Leaving      bool
	Wish         Policy
	// Held: another finalizer keeps it, whose owner will take it away when the object is being deleted.
	Held bool
	// Links are its references, by the owner's name.
	Links [Names]Link
}

// Link is a reference as the store holds it. UID 0: there is none.
type Link struct {
	UID    uint8
	Blocks bool
	// Belated: it was made when its owner was being deleted or gone. That cannot be forbidden, and excuses the collector. It decides nothing.
	Belated bool
}

// Reading is a live read that was made.
type Reading struct {
	Made   bool
	Stored Stored
}

// Write is one request of the collector's, with the UID and version of its object as preconditions. An unlinking tells the owner by UID too.
type Write struct {
	Verb         Verb
	Owner        int
	OwnerUID     uint8
	Policy       Policy
	UID, Version uint8
}

// waits: it is being deleted and waits for its dependents.
func (o Stored) waits() bool { return o.Leaving && o.Wish == Foreground }

// kept is an object after a write, which is gone if it is being deleted and no finalizer is left (row 16).
func (o Stored) kept() Stored {
	if o.Version++; o.Leaving && !o.Held && o.Wish == Background {
		return Stored{Version: o.Version}
	}
	return o
}

func (o Stored) object() Object {
	shown := Object{UID: o.UID, Leaving: o.Leaving, Wish: o.Wish}
	for owner, l := range o.Links {
		if l.UID != 0 {
			shown.Refs = append(shown.Refs, Ref{owner, l.UID, l.Blocks})
		}
	}
	return shown
}

// View is the collector's of the object that it looks at.
func (s State) View() View { return s.view(s.Key, s.Reads) }

func (s State) view(key int, reads [Names]Reading) View {
	v := View{Key: key}
	for i, r := range reads {
		v.Reads = append(v.Reads, Read{r.Made, r.Stored.object()})
		v.Dependents = v.Dependents || s.Seen[i].Links[key].UID != 0 && s.Seen[i].Links[key].UID == reads[key].Stored.UID
	}
	return v
}

// suspect reports whether there would be something to do about an object if the cache were true. That is a reason to look at it, and no more.
func (s State) suspect(i int) bool {
	var believed [Names]Reading
	for j, o := range s.Seen {
		believed[j] = Reading{true, o}
	}
	return decide(s.view(i, believed)).Verb != 0
}

// queued is the state after all suspects were put into the queue.
func (s State) queued() State {
	for i := range Names {
		if s.Up && s.suspect(i) {
			s.Queue |= 1 << i
		}
	}
	return s
}

// Init is a world of a few objects that own each other; the collector has just started.
func Init(d Domain) State {
	s := State{NextUID: 1, Crashes: d.Crashes, Losses: d.Losses, Deletions: d.Deletions, Changes: d.Changes}
	for i := range d.Objects {
		s.Objects[i] = Stored{UID: s.NextUID, Version: 1}
		s.Last[i] = s.NextUID
		s.NextUID++
	}
	for i := range d.Objects {
		for owner := range d.Objects {
			if d.Shape.owns(owner, i, d.Objects) {
				s.Objects[i].Links[owner] = Link{UID: s.Last[owner], Blocks: d.Blocking}
			}
		}
	}
	if d.Shape == Lost {
		s.Last[Names-1], s.NextUID = s.NextUID, s.NextUID+1
		s.Objects[0].Links[Names-1] = Link{UID: s.Last[Names-1], Blocks: d.Blocking}
	}
	return s.started()
}

// started is the state after the collector has listed everything.
func (s State) started() State {
	s.Up, s.Seen = true, s.Objects
	return s.queued()
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	stored := func(o *Stored) {
		b = append(b, o.UID, o.Version, bit(o.Leaving)|bit(o.Held)<<1|byte(o.Wish)<<2)
		for _, l := range o.Links {
			b = append(b, l.UID<<2|bit(l.Blocks)<<1|bit(l.Belated))
		}
	}
	for i := range Names {
		stored(&s.Objects[i])
		stored(&s.Seen[i])
		b = append(b, bit(s.Reads[i].Made), s.Last[i])
		if s.Reads[i].Made {
			stored(&s.Reads[i].Stored)
		}
		for _, w := range []*Write{&s.Writes[i], &s.Late[i]} {
			b = append(b, byte(w.Verb)|byte(w.Policy)<<4, byte(w.Owner), w.OwnerUID, w.UID, w.Version)
		}
	}
	return append(b, s.NextUID, s.Queue, byte(s.Key), s.Crashes, s.Losses, s.Deletions, s.Changes, byte(s.Orphaned), byte(s.Orphaned>>8),
		bit(s.Up)|bit(s.Healed)<<1|bit(s.Busy)<<2)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
