package namespace

const (
	// Names is how many objects the namespace can hold. As each is read by itself, they may as well be of several kinds.
	Names = 2
	// Servers is how many API servers there are.
	Servers = 2
	// itself is, among the controller's requests, the one about the namespace.
	itself = Names
)

// State is the world of one namespace.
type State struct {
	// Namespace and Objects are what the store holds.
	Namespace Stored
	Objects   [Names]Object
	NextUID   uint8

	// Cached are the API servers' caches of the namespace, Creations what each works on. Adrift are creations that were sent to the store, and
	// whose server is gone or has given them up.
	Cached            [Servers]Stored
	Creations, Adrift [Servers]Creation

	// Up is whether the controller runs; what follows is what it knows, and nothing if it does not. Busy: it works on the namespace as it was Begun;
	// Contents are what it has read since, and Live, once Confirmed, is the UID of the namespace that it has read then.
	Up        bool
	Seen      Stored
	Busy      bool
	Begun     Stored
	Contents  [Names]Reading
	Confirmed bool
	Live      uint8

	// Writes are the controller's requests on their way, Late those whose issuer is gone or has given them up.
	Writes, Late [Names + 1]Write

	// Crashes, Losses, Asks for an object and other Changes by users are how many of each are left. Healed: none are, for good.
	Crashes, Losses, Asks, Changes uint8
	Healed                         bool
}

// Stored is the namespace as the store holds it. The version counts the writes to its name, over all namespaces that ever had it.
type Stored struct {
	Namespace
	Version uint8
}

// Keep is what keeps an object when it is deleted.
type Keep uint8

// The ways of being kept.
const (
	Free  Keep = iota // nothing: it is gone at once
	Slow              // somebody who stops it first, as the kubelet does a pod, or a finalizer whose owner works
	Stuck             // a finalizer that nobody takes away
)

// Object is one of the namespace's. Of is the UID of the namespace that it was created in.
type Object struct {
	UID, Of uint8
	Keep    Keep
	Leaving bool
}

// Reading is what was read under a name.
type Reading struct {
	Made   bool
	Object Object
}

// Creation is a request for a new object that a server works on.
type Creation struct {
	Stage Stage
	Name  int
	// Guard is the version that the namespace must have when the object is written.
	Guard uint8
}

// Stage is how far a creation has come.
type Stage uint8

// The stages of a creation.
const (
	Idle     Stage = iota
	Asked          // received
	Doubted        // the cache would refuse it, and is not believed
	Admitted       // on its way to the store, guarded
)

// Write is one request of the controller's. UID is its precondition, and for the namespace the version too.
type Write struct {
	Verb         Verb
	UID, Version uint8
	Forced       bool
}

// kept is the namespace after a write: it is gone if it is being deleted and no finalizer is left (rows 16, 29).
func (n Stored) kept() Stored {
	if n.Version++; n.Leaving && !n.Ours && !n.Foreign {
		return Stored{Version: n.Version}
	}
	return n
}

// View is the controller's.
func (s State) View() View {
	v := View{Namespace: s.Begun.Namespace}
	for _, c := range s.Contents {
		v.Contents = append(v.Contents, Content{c.Made, c.Object.UID, c.Object.Leaving})
	}
	if live := s.Live; s.Confirmed {
		v.Live = &live
	}
	return v
}

// Init is an active namespace with some objects; everybody has just started.
func Init(d Domain) State {
	s := State{Namespace: Stored{Namespace{UID: 1, Ours: true}, 1}, NextUID: 2,
		Crashes: d.Crashes, Losses: d.Losses, Asks: d.Asks, Changes: d.Changes}
	for i := range d.Objects {
		s.Objects[i] = Object{UID: s.NextUID, Of: s.Namespace.UID, Keep: d.Keep}
		s.NextUID++
	}
	for i := range s.Cached {
		s.Cached[i] = s.Namespace
	}
	return s.started()
}

// started is the state after the controller has listed the namespaces.
func (s State) started() State {
	s.Up, s.Seen = true, s.Namespace
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	stored := func(n Stored) {
		b = append(b, n.UID, n.Version, bit(n.Leaving)|bit(n.Ours)<<1|bit(n.Foreign)<<2)
	}
	object := func(o Object) { b = append(b, o.UID, o.Of, byte(o.Keep)|bit(o.Leaving)<<2) }
	stored(s.Namespace)
	stored(s.Seen)
	stored(s.Begun)
	for i := range Servers {
		stored(s.Cached[i])
		for _, a := range []Creation{s.Creations[i], s.Adrift[i]} {
			b = append(b, byte(a.Stage)|byte(a.Name)<<4, a.Guard)
		}
	}
	for i := range Names {
		object(s.Objects[i])
		object(s.Contents[i].Object)
		b = append(b, bit(s.Contents[i].Made))
	}
	for i := range s.Writes {
		for _, w := range []Write{s.Writes[i], s.Late[i]} {
			b = append(b, byte(w.Verb)|bit(w.Forced)<<4, w.UID, w.Version)
		}
	}
	return append(b, s.NextUID, s.Live, s.Crashes, s.Losses, s.Asks, s.Changes, bit(s.Up)|bit(s.Busy)<<1|bit(s.Healed)<<2|bit(s.Confirmed)<<3)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
