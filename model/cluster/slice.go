package cluster

import "fmt"

// Slice is the service's EndpointSlice, in 32 bits: whether it is there, and an entry for each name of a pod.
type Slice uint32

const sliceThere Slice = 1 << 24

// unnamed is a slice without the UIDs: proxies do not look at them.
const unnamed Slice = sliceThere | 0xf8f8f8

// Entry is what a slice says of a pod: its UID, its address, and its condition. 0: nothing.
type Entry uint8

// Condition is what is said of an endpoint.
type Condition uint8

// The conditions.
const (
	Unready  Condition = iota // it does not serve
	Serves                    // it is ready, and serves
	Dying                     // it is being deleted, and does not serve
	Draining                  // it is being deleted, and serves
)

func entryOf(address uint8, c Condition) Entry { return Entry(address<<3 | uint8(c)<<6) }

func (e Entry) uid() uint8           { return uint8(e & 7) }
func (e Entry) address() uint8       { return uint8(e >> 3 & 7) }
func (e Entry) condition() Condition { return Condition(e >> 6) }

func (z Slice) entry(i int) Entry { return Entry(z >> (8 * i)) }

func (z Slice) with(i int, e Entry) Slice { return z | Slice(e)<<(8*i) }

// to is what a component sees of the slice: proxies see no UIDs.
func (z Slice) to(c Component) Slice {
	if c == Endpoints {
		return z
	}
	return z & unnamed
}

// index is what the rules for a slice depend on, in 15 bits.
func (z Slice) index() int { return int(z>>3&31 | z>>6&(31<<5) | z>>9&(31<<10)) }

func (z Slice) String() string {
	if z&sliceThere == 0 {
		return "absent"
	}
	text := "there"
	for i := range Names {
		if e := z.entry(i); e != 0 {
			text += fmt.Sprintf(", pod %d of UID %d has address %d, %s", i, e.uid(), e.address(),
				[...]string{"not ready", "ready", "dying", "draining"}[e.condition()])
		}
	}
	return text
}

// Rules are what a node does with packets to the service: a bit for each address that they are sent to, or one that says that they are
// rejected. 0: there is no rule yet.
type Rules uint8

const rejects Rules = 1 << 6

func target(address uint8) Rules { return 1 << (address - 1) }

func (r Rules) String() string {
	switch r {
	case 0:
		return "none"
	case rejects:
		return "reject"
	}
	text := "to"
	for a := range uint8(Nodes * Names) {
		if r&target(a+1) != 0 {
			text += fmt.Sprintf(" %d", a+1)
		}
	}
	return text
}
