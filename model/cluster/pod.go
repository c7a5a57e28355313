package cluster

import "fmt"

// Names is how many names of pods there are, Nodes how many nodes at most. Each node has as many addresses for pods as there are names, so
// that it always has one to give: those of the first node are 1 to 3, those of the second 4 to 6.
const (
	Names = 3
	Nodes = 2
)

// Pod is a pod, in sixteen bits: what is stored of it, or the part of that which somebody sees. Its fields are those that some component
// decides from. Of a pod that is gone the UID is remembered, so that the next of its name gets another.
type Pod uint16

// The fields.
const (
	uidField     Pod = 7 << 0
	there        Pod = 1 << 3
	ownerField   Pod = 3 << 4 // the UID of its controller; 0: none
	matches      Pod = 1 << 6 // the owner's selector and the service's
	shownField   Pod = 3 << 7
	ended        Pod = 1 << 9 // it is in a terminal phase
	leaving      Pod = 1 << 10
	nodeField    Pod = 3 << 11
	addressField Pod = 7 << 13
)

// Shown is what the API shows of a pod's containers.
type Shown uint8

// What may be shown.
const (
	Waiting Shown = iota // none was ever seen to run
	Ready                // they run
	Down                 // they ran
)

func (p Pod) uid() uint8     { return uint8(p & uidField) }
func (p Pod) owner() uint8   { return uint8(p & ownerField >> 4) }
func (p Pod) shown() Shown   { return Shown(p & shownField >> 7) }
func (p Pod) node() uint8    { return uint8(p & nodeField >> 11) }
func (p Pod) address() uint8 { return uint8(p & addressField >> 13) }
func (p Pod) is(f Pod) bool  { return p&f == f }

func (p Pod) withOwner(uid uint8) Pod  { return p&^ownerField | Pod(uid)<<4 }
func (p Pod) withShown(s Shown) Pod    { return p&^shownField | Pod(s)<<7 }
func (p Pod) withNode(n uint8) Pod     { return p&^nodeField | Pod(n)<<11 }
func (p Pod) withAddress(a uint8) Pod  { return p&^addressField | Pod(a)<<13 }
func (p Pod) gone() Pod                { return p & uidField }
func (p Pod) next() Pod                { return p&uidField + 1 | there | matches }
func (p Pod) runs() bool               { return p&(there|leaving|ended) == there }
func (p Pod) controlled(by Owner) bool { return p.owner() != 0 && p.owner() == by.uid() }

// deleted is a pod after somebody has deleted it: one that no kubelet has, or that has ended, is gone at once, as upstream.
func (p Pod) deleted() Pod {
	if p.node() == 0 || p.is(ended) {
		return p.gone()
	}
	return p | leaving
}

// spent is what the replication controller sees under a name of which no pod counts, nor could: whoever has it, or had it.
const spent Pod = 1

// to is what a component sees of a pod. What makes no difference to any of its decisions it does not see, so that there is nothing to be seen
// late; that it makes none is shown by TestSeen.
func (p Pod) to(c Component) Pod {
	switch c {
	case Replication:
		switch {
		case p.runs():
			return p & (uidField | there | ownerField | matches)
		case p != 0:
			return spent
		}
	case Scheduler:
		switch {
		case p&(there|ended) != there, p.node() == 0 && p.is(leaving):
		case p.node() != 0:
			return p & (there | nodeField) // somebody uses room there
		default:
			return p & (uidField | there)
		}
	case Endpoints:
		if p&(there|ended|matches) == there|matches && p.address() != 0 {
			return p & (uidField | there | matches | shownField | leaving | addressField)
		}
	default:
		if p.is(there) && p.node() == c.node() { // it has no other pods
			return p & (uidField | there | shownField | ended | leaving | nodeField | addressField)
		}
	}
	return 0
}

func (p Pod) String() string {
	if !p.is(there) {
		return [...]string{"absent", "gone"}[min(p, 1)]
	}
	who := fmt.Sprintf("UID %d", p.uid())
	if p.uid() == 0 {
		who = "somebody" // the scheduler does not see whom
	}
	return who + listed(
		p.owner() != 0, fmt.Sprintf("controlled by UID %d", p.owner()), p.is(matches), "matches",
		p.node() != 0, fmt.Sprintf("on node %d", p.node()), p.address() != 0, fmt.Sprintf("address %d", p.address()),
		p.shown() == Ready, "ready", p.shown() == Down && !p.is(ended), "down", p.is(ended), "ended", p.is(leaving), "being deleted")
}

// Life is what the runtime of a node has under the name of a pod, in eight bits: the UID, the stage, and the address of its sandbox.
type Life uint8

// Stage is how far the containers of a pod are.
type Stage uint8

// The stages.
const (
	None  Stage = iota // there is nothing
	Alive              // they run
	Dead               // they have exited; the sandbox is ready
	Rests              // they have exited, and the sandbox was stopped: its address is free
)

func lifeOf(uid uint8, g Stage, address uint8) Life {
	switch g {
	case None:
		return 0
	case Rests:
		address = 0
	}
	return Life(uid | uint8(g)<<3 | address<<5)
}

func (l Life) uid() uint8     { return uint8(l & 7) }
func (l Life) stage() Stage   { return Stage(l >> 3 & 3) }
func (l Life) address() uint8 { return uint8(l >> 5) }

func (l Life) String() string {
	if l == 0 {
		return "nothing"
	}
	return fmt.Sprintf("UID %d %s%s", l.uid(), [...]string{"", "runs", "has exited", "has exited, and rests"}[l.stage()],
		listed(l.address() != 0, fmt.Sprintf("address %d", l.address())))
}

// listed are the words of which the flag before them is set.
func listed(pairs ...any) (text string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) {
			text += ", " + pairs[i+1].(string)
		}
	}
	return text
}
