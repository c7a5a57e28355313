package cluster

import "fmt"

// Write is one request of a component's, from when it is decided until it is known what became of it, in 64 bits: its verb; the name of the
// pod; whether its outcome is unknown, and whether it is sent again; its base, and what it asks for. 0: there is none.
//
// The base is what the cache showed of the object when it was decided, and its precondition; a creation requires that the name is free. What
// it asks for is the UID of the owner, the number of the node, the pod as the kubelet reports it, or the slice.
type Write uint64

// A request that arrives is answered at once, or never. One of unknown outcome may have been carried out, or may still be.
const (
	unknown Write = 1 << 6
	again   Write = 1 << 7
)

func write(verb Verb, name uint8, base, next uint32) Write {
	return Write(verb) | Write(name)<<4 | Write(base)<<8 | Write(next)<<33
}

func (r Write) verb() Verb      { return Verb(r & 15) }
func (r Write) name() uint8     { return uint8(r >> 4 & 3) }
func (r Write) base() uint32    { return uint32(r >> 8 & (1<<25 - 1)) }
func (r Write) next() uint32    { return uint32(r >> 33) }
func (r Write) is(f Write) bool { return r&f != 0 }

// Verb is what a request asks for.
type Verb uint8

// The verbs.
const (
	Create Verb = iota + 1
	Remove
	Adopt
	Release
	Bind
	Report
	Finish
	MakeSlice
	FillSlice
)

func (v Verb) String() string {
	return [...]string{"nothing", "create", "delete", "adopt", "release", "bind", "report on", "finally remove", "create the slice", "update the slice"}[v]
}

func (r Write) String() string {
	if r == 0 {
		return "none"
	}
	text := r.verb().String()
	switch r.verb() {
	case MakeSlice, FillSlice:
		text += fmt.Sprintf(", to be %v", Slice(r.next()))
	case Report:
		text += fmt.Sprintf(" pod %d, to be %v", r.name(), Pod(r.next()))
	case Bind:
		text += fmt.Sprintf(" pod %d to node %d, if it is %v", r.name(), r.next(), Pod(r.base()))
	default:
		text += fmt.Sprintf(" pod %d, if it is %v", r.name(), Pod(r.base()))
	}
	if r.is(unknown) {
		return text + ", of unknown outcome"
	}
	return text + ", on its way"
}
