package proxy

import "slices"

// Services and Slices are how many names of each there are, Addresses how many a service may have, of which the first is for UDP and the other
// for TCP, and Targets how many addresses endpoints may have, of which the first is on this node.
const (
	Services  = 2
	Slices    = 2
	Addresses = 2
	Targets   = 2
)

// State is the world of one node.
type State struct {
	// Services and Slices are what the store holds, those of every name.
	Services [Services]Service
	Slices   [Slices]Stored
	NextUID  uint16

	// Table, Flow and Sticky are what the kernel holds: rules, what it remembers of one client, and to which endpoint that client's next flow
	// goes, if the service has affinity. They outlive the proxy.
	Table        Table
	Flow, Sticky Flow

	// Up is whether the proxy runs; what follows is what it knows, and nothing if it does not.
	Up                           bool
	ServicesListed, SlicesListed bool
	SeenServices                 [Services]Service
	SeenSlices                   [Slices]Stored
	// Known is the table that it has written last, and Sure whether the kernel holds it for all it knows. Clean: since anything has changed,
	// flows were flushed.
	Known       Table
	Sure, Clean bool
	Write       Write

	// Tampered: somebody else has removed rules since the proxy wrote some. It decides nothing: it excuses what it is the cause of.
	Tampered bool

	// Left is how many of what may happen are left. Healed: none are, for good.
	Left   Bounds
	Healed bool
}

// Stored is a slice as the store holds it: the service that it is for, and what it says of each target.
type Stored struct {
	Service    uint16
	Conditions [Targets]Condition
}

// Condition is what a slice says of a target.
type Condition uint8

// The conditions. Of two that slices say of one target, the later in this list counts.
const (
	Out       Condition = iota // nothing: it is no endpoint
	Unready                    // it does not serve
	Published                  // it does not serve, and is ready all the same, as the service publishes what is not
	Ready                      // it is ready, and serves
	Dying                      // it is being deleted, and does not serve
	Draining                   // it is being deleted, and serves
)

func (c Condition) String() string {
	return [...]string{"out", "not ready", "published though not ready", "ready", "dying", "draining"}[c]
}

// endpoint is the entry of a slice.
func (c Condition) endpoint(target int) Endpoint {
	return Endpoint{
		Address: uint16(target + 1), Here: target == 0,
		Ready: c == Ready || c == Published, Serving: c == Ready || c == Draining, Terminating: c == Dying || c == Draining,
	}
}

// Table are the rules, by address.
type Table [Addresses]Entry

// Entry is the rule for one address.
type Entry struct {
	Verdict  Verdict
	Affinity bool
	Targets  [Targets]bool
}

// isUDP: see [Addresses].
func isUDP(address uint16) bool { return address == 1 }

// rules are the table as a list.
func (t Table) rules() (rules []Rule) {
	for i, e := range t {
		if e.Verdict == Absent {
			continue
		}
		r := Rule{Address: uint16(i + 1), UDP: isUDP(uint16(i + 1)), Verdict: e.Verdict, Affinity: e.Affinity}
		for target, there := range e.Targets {
			if there {
				r.Targets = append(r.Targets, uint16(target+1))
			}
		}
		rules = append(rules, r)
	}
	return rules
}

// tableOf is the list as a table.
func tableOf(rules []Rule) (t Table) {
	for _, r := range rules {
		e := Entry{Verdict: r.Verdict, Affinity: r.Affinity}
		for _, target := range r.Targets {
			e.Targets[target-1] = true
		}
		t[r.Address-1] = e
	}
	return t
}

// to reports whether new flows to an address are sent to a target.
func (t Table) to(address, target uint16) bool {
	return address != 0 && target != 0 && t[address-1].Verdict == Forward && t[address-1].Targets[target-1]
}

// Write is one replacement of the rules.
type Write struct {
	Way   Way
	Table Table
}

// Way is how far a write has come. The kernel is near: nothing comes late, but a write may fail, and nobody may be told what became of it.
type Way uint8

// The ways of a write.
const (
	None Way = iota
	Sent
	Done
	Failed
)

// View is the proxy's.
func (s State) View() View {
	v := View{ServicesListed: s.ServicesListed, SlicesListed: s.SlicesListed, Kernel: s.Known.rules(), Sure: s.Sure}
	return v.with(s.SeenServices, s.SeenSlices, s.Flow)
}

// truth is the view of one who sees everything as it is.
func (s State) truth() View { return View{}.with(s.Services, s.Slices, s.Flow) }

func (v View) with(services [Services]Service, stored [Slices]Stored, flow Flow) View {
	v.Services = services[:]
	for _, at := range stored {
		slice := Slice{Service: at.Service}
		for target, c := range at.Conditions {
			if c != Out {
				slice.Endpoints = append(slice.Endpoints, c.endpoint(target))
			}
		}
		v.Slices = append(v.Slices, slice)
	}
	if flow != (Flow{}) {
		v.Flows = []Flow{flow}
	}
	return v
}

// Init is one service with an address for UDP and so many ready endpoints, perhaps an endpoint that waits for the other service, and a proxy
// that has never run.
func Init(d Domain) State {
	s := State{NextUID: 2, Left: d.Bounds}
	s.Services[0] = Service{Name: 1, UID: 1, Address: 1, UDP: true, Local: d.Local, Affinity: d.Affinity}
	for i := range s.Slices {
		s.Slices[i].Service = 1
	}
	if d.Second {
		s.Slices[1] = Stored{2, [Targets]Condition{Out, Ready}}
	}
	for target := range d.Endpoints {
		s.Slices[0].Conditions[target] = Ready
	}
	return s
}

// free: no service has that address.
func (s State) free(address uint16) bool {
	return !slices.ContainsFunc(s.Services[:], func(v Service) bool { return v.Address == address })
}

// Encode writes everything that tells states apart.
func (s State) Encode(b []byte) []byte {
	table := func(t *Table) {
		for _, e := range t {
			b = append(b, byte(e.Verdict)|bits(e.Affinity, e.Targets[0], e.Targets[1])<<4)
		}
	}
	for i := range s.Services {
		for _, v := range []*Service{&s.Services[i], &s.SeenServices[i]} {
			b = append(b, byte(v.UID), byte(v.Address), bits(v.UDP, v.Local, v.Affinity))
		}
	}
	for i := range s.Slices {
		for _, at := range []*Stored{&s.Slices[i], &s.SeenSlices[i]} {
			b = append(b, byte(at.Service))
			for _, c := range at.Conditions {
				b = append(b, byte(c))
			}
		}
	}
	for _, f := range []Flow{s.Flow, s.Sticky} {
		b = append(b, byte(f.Address), byte(f.Target))
	}
	table(&s.Table)
	table(&s.Known)
	table(&s.Write.Table)
	l := s.Left
	return append(b, byte(s.NextUID), byte(s.Write.Way), l.Services, l.Slices, l.Tampers, l.Failures, l.Crashes,
		bits(s.Up, s.ServicesListed, s.SlicesListed, s.Sure, s.Clean, s.Healed, s.Tampered))
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
