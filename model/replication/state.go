package replication

// Names is how many names of pods there are.
const Names = 4

// State is the world of one owner.
type State struct {
	// Owner and Pods are what the store holds; of a pod its version counts the writes to its name.
	Owner   Owner
	Pods    [Names]Stored
	NextUID uint8

	// Up is whether the controller runs; what follows is what it knows, and nothing if it does not.
	Up        bool
	SeenOwner Owner
	Seen      [Names]Stored
	Live      Live
	Writes    [Names]Write

	// Late are requests on their way whose issuer is gone or has given them up.
	Late [Names]Write

	// Crashes, Losses and Changes are how many of each are left. Healed: none are, for good.
	Crashes, Losses, Changes uint8
	Healed                   bool

	// Wanted is the greatest number that was ever wanted of the present owner, Adopted whether a pod ever was. Excused: there may be more
	// pods than were wanted for another reason than the controller's decisions; see [NoExcess]. They decide nothing: they are there to be
	// judged.
	Wanted           int
	Adopted, Excused bool
}

// Stored is a pod as the store holds it.
type Stored struct {
	Phase   Phase
	UID     uint8
	Owner   uint8
	Matches bool
	Version uint8
}

// Live is what a live read of the owner has shown.
type Live struct {
	Read  bool
	Owner Owner
}

// Write is one request of the controller's, from when it is planned until its answer is heard, or its cache shows what became of it.
type Write struct {
	Verb Verb
	Way  Way
	// Owner is the UID of the owner that it is for, Version the precondition: the pod's version, 0 for a create. UID is that of the pod
	// that was decided about, or made.
	Owner, Version, UID uint8
}

// Way is how far a request has come.
type Way uint8

// The ways of a request.
const (
	None    Way = iota
	Sent        // on its way to the server
	Done        // carried out, and the answer, with the object, is on its way back
	Refused     // refused, likewise
	Unknown     // not answered: it may have been carried out, or may still be
)

// open: the controller waits for its answer.
func (w Write) open() bool { return w.Way == Sent || w.Way == Done || w.Way == Refused }

// shown is what the controller's view shows under a name: its cache, and over it its own write.
func (s State) shown(i int) Pod {
	seen, w := s.Seen[i], s.Writes[i]
	p := Pod{Phase: seen.Phase, Owner: seen.Owner, Matches: seen.Matches, Open: w.Way == Unknown}
	if w.Way == None || w.Way == Refused {
		return p
	}
	switch w.Verb {
	case Create:
		return Pod{Phase: Running, Owner: w.Owner, Matches: true, Predicted: true, Open: w.Way == Unknown}
	case Remove:
		p.Phase, p.Doubtful = Leaving, w.Way == Unknown
	case Adopt:
		p.Owner = w.Owner
	case Release:
		p.Owner = 0
	}
	return p
}

// View is the controller's.
func (s State) View() View {
	v := View{Owner: s.SeenOwner}
	for i := range s.Pods {
		v.Pods = append(v.Pods, s.shown(i))
	}
	if s.Live.Read {
		live := s.Live.Owner
		v.Live = &live
	}
	return v
}

// Init is an owner that wants so many pods, and has so many; the controller has just started.
func Init(d Domain) State {
	s := State{Owner: Owner{UID: 1, Replicas: d.Replicas}, NextUID: 2, Crashes: d.Crashes, Losses: d.Losses, Changes: d.Changes, Wanted: max(d.Replicas, d.Pods)}
	for i := range d.Pods {
		s.Pods[i] = Stored{Phase: Running, UID: s.NextUID, Owner: s.Owner.UID, Matches: true, Version: 1}
		s.NextUID++
	}
	return s.started()
}

// started is the state after the controller has listed everything.
func (s State) started() State {
	s.Up, s.SeenOwner, s.Seen = true, s.Owner, s.Pods
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	owner := func(o Owner) { b = append(b, o.UID, byte(o.Replicas), bit(o.Leaving)) }
	owner(s.Owner)
	owner(s.SeenOwner)
	owner(s.Live.Owner)
	for i := range s.Pods {
		for _, p := range []*Stored{&s.Pods[i], &s.Seen[i]} {
			b = append(b, byte(p.Phase)|bit(p.Matches)<<7, p.UID, p.Owner, p.Version)
		}
		for _, w := range []*Write{&s.Writes[i], &s.Late[i]} {
			b = append(b, byte(w.Verb)|byte(w.Way)<<4, w.Owner, w.Version, w.UID)
		}
	}
	return append(b, s.NextUID, s.Crashes, s.Losses, s.Changes, byte(s.Wanted),
		bit(s.Up)|bit(s.Healed)<<1|bit(s.Live.Read)<<2|bit(s.Excused)<<3|bit(s.Adopted)<<4)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
