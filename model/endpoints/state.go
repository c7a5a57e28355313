package endpoints

import "slices"

// Pods and Slices are how many names of each there are.
const (
	Pods   = 2
	Slices = 3
)

// State is the world of one service.
type State struct {
	// Service, Pods and Slices are what the store holds; of a slice its version counts the writes to its name.
	Service Service
	Pods    [Pods]Pod
	Slices  [Slices]Stored
	NextUID uint16
	Room    int

	// Up is whether the controller runs; what follows is what it knows, and nothing if it does not.
	Up          bool
	SeenService Service
	SeenPods    [Pods]Pod
	Seen        [Slices]Stored
	Writes      [Slices]Write

	// Late are requests on their way whose issuer is gone or has given them up.
	Late [Slices]Write

	// Left is how many of what may happen are left. Healed: none are, for good.
	Left   Bounds
	Healed bool

	// Edited: somebody has changed a slice of ours by hand, or had a pod match again. Loose: a request was late. They decide nothing: they
	// excuse what they are the cause of.
	Edited, Loose bool
}

// Held are the endpoints of a slice, by address and pod; what is not used is zero, and stands at the end.
type Held [Pods]Endpoint

// held are those endpoints, in order.
func held(endpoints []Endpoint) (h Held) {
	copy(h[:], slices.SortedFunc(slices.Values(endpoints), compare))
	return h
}

func compare(a, b Endpoint) int {
	return (int(a.Address)-int(b.Address))<<16 + int(a.Pod) - int(b.Pod)
}

// list is the same as a slice of any length.
func (h Held) list() []Endpoint {
	for i, e := range h {
		if e == (Endpoint{}) {
			return h[:i]
		}
	}
	return h[:]
}

// Stored is a slice as the store holds it.
type Stored struct {
	There, Ours bool
	Owner       uint16
	Version     uint8
	Endpoints   Held
}

// Write is one request of the controller's, from when it is planned until its answer is heard, or its cache shows what became of it.
type Write struct {
	Verb Verb
	Way  Way
	// Owner is the UID of the service that it is for, Version the precondition: the slice's version. A create has none but that the name
	// is free. Once the request is carried out, Version is the one that it replaced.
	Owner     uint16
	Version   uint8
	Endpoints Held
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

// View is the controller's.
func (s State) View() View {
	v := View{Service: s.SeenService, Pods: s.SeenPods[:], Room: s.Room}
	for i, seen := range s.Seen {
		v.Slices = append(v.Slices, Slice{seen.There, seen.Ours, seen.Owner, seen.Endpoints.list(), s.Writes[i].Way != None})
	}
	return v
}

// truth is the view of one who sees everything as it is.
func (s State) truth() View {
	v := View{Service: s.Service, Pods: s.Pods[:], Room: s.Room}
	for _, at := range s.Slices {
		v.Slices = append(v.Slices, Slice{at.There, at.Ours, at.Owner, at.Endpoints.list(), false})
	}
	return v
}

// Init is a service with so many pods, all ready, and no slices; the controller has just started.
func Init(d Domain) State {
	s := State{Service: Service{UID: 1, Selects: true, Publishes: d.Publishes}, NextUID: 2, Room: d.Room, Left: d.Bounds}
	for i := range d.Pods {
		s.Pods[i] = Pod{UID: s.NextUID, Phase: Alive, Matches: true}
		s.NextUID++
		s = s.begun(i)
	}
	return s.started()
}

// begun is the state after a pod got an address: the lowest that no living pod has.
func (s State) begun(i int) State {
	address := uint16(1)
	for slices.ContainsFunc(s.Pods[:], func(p Pod) bool { return p.Phase == Alive && p.Address == address }) {
		address++
	}
	s.Pods[i].Address, s.Pods[i].Ready = address, true
	return s
}

// started is the state after the controller has listed everything.
func (s State) started() State {
	s.Up, s.SeenService, s.SeenPods, s.Seen = true, s.Service, s.Pods, s.Slices
	return s
}

// rebased is the state with the versions of each name counted from the oldest that matters. What is compared are two versions of one name,
// so that the states before and after differ in nothing that can be seen; and what is done and undone again and again, as by a controller
// that makes its slices while the garbage collector deletes them, is a cycle and not an endless number of states.
func rebased(s State) State {
	for i := range s.Slices {
		versions := []*uint8{&s.Slices[i].Version}
		if s.Up {
			versions = append(versions, &s.Seen[i].Version)
		}
		if w := &s.Writes[i]; w.Way != None && (w.Verb != Create || w.Way == Done) {
			versions = append(versions, &w.Version)
		} else {
			w.Version = 0
		}
		if w := &s.Late[i]; w.Verb == Create || w.Way == None {
			w.Version = 0
		} else {
			if w.Version < s.Slices[i].Version {
				w.Version = s.Slices[i].Version - 1 // it is refused when it arrives, however old it is
			}
			versions = append(versions, &w.Version)
		}
		oldest := *versions[0]
		for _, v := range versions {
			oldest = min(oldest, *v)
		}
		for _, v := range versions {
			*v -= oldest
		}
	}
	return s
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	held := func(h *Held) {
		for _, e := range h {
			b = append(b, byte(e.Address), byte(e.Pod), bits(e.Ready, e.Serving, e.Terminating))
		}
	}
	for _, v := range []*Service{&s.Service, &s.SeenService} {
		b = append(b, byte(v.UID), bits(v.Selects, v.Publishes, v.Leaving))
	}
	for i := range s.Pods {
		for _, p := range []*Pod{&s.Pods[i], &s.SeenPods[i]} {
			b = append(b, byte(p.UID), byte(p.Address), byte(p.Phase), bits(p.Ready, p.Leaving, p.Matches))
		}
	}
	for i := range s.Slices {
		for _, at := range []*Stored{&s.Slices[i], &s.Seen[i]} {
			b = append(b, bits(at.There, at.Ours), byte(at.Owner), at.Version)
			held(&at.Endpoints)
		}
		for _, w := range []*Write{&s.Writes[i], &s.Late[i]} {
			b = append(b, byte(w.Verb)|byte(w.Way)<<4, byte(w.Owner), w.Version)
			held(&w.Endpoints)
		}
	}
	l := s.Left
	return append(b, byte(s.NextUID), l.Services, l.Pods, l.Edits, l.Losses, l.Crashes, bits(s.Up, s.Healed, s.Edited, s.Loose))
}

// bits are those flags in a byte.
func bits(flags ...bool) (b byte) {
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return b
}
