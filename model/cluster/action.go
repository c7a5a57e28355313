package cluster

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Scale Kind = iota
	Vanish
	Again
	Appear
	Delete
	Relabel
	Force
	Erase
	End
	Collect
	SeeOwner
	See
	SeeSlice
	Look
	Work
	Arrive
	Unheard
	GiveUp
	Repeat
	Land
	Drop
	Crash
	Start
	Cut
	Mend
	Stall
	Resume
	Lag
	CatchUp
	Heal
)

// Action is one action: its kind; the component, the pod and the node that it is about, if it is about one; the number that Scale sets; and
// what Work asks for.
type Action struct {
	Kind Kind
	Who  Component
	Pod  uint8
	Node uint8
	N    uint8
	Verb Verb
}

// The classes of fairness that are not one for each component.
const (
	garbage = iota
	mends
	_ // of the second node
	resumes
	catchesUp
	heals
	late
	watches
	works    = watches + int(components)
	starts   = works + int(components)
	networks = starts + int(components)
)

// Classes are those of fairness.
var Classes = classes()

func classes() (names []string) {
	names = append(names, "garbage", "node 1 is mended", "node 2 is mended", "the stall ends", "the lag ends", "heal", "late")
	for _, of := range []string{"watch of ", "work of ", "start of "} {
		for c := range components {
			names = append(names, of+c.String())
		}
	}
	for c := range writers {
		names = append(names, "network of "+c.String())
	}
	return names
}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Collect:
		return garbage
	case SeeOwner, See, SeeSlice:
		return watches + int(a.Who)
	case Look, Work, Repeat:
		return works + int(a.Who)
	case Arrive:
		return networks + int(a.Who)
	case Land, Drop:
		return late
	case Start:
		return starts + int(a.Who)
	case Mend:
		return mends + int(a.Node-1)
	case Resume:
		return resumes
	case CatchUp:
		return catchesUp
	case Heal:
		return heals
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	who := a.Who.String()
	switch a.Kind {
	case Scale:
		return fmt.Sprintf("a user wants %d pods", a.N)
	case Vanish:
		return "the owner is gone"
	case Again:
		return "a user creates an owner of the same name"
	case Appear:
		return fmt.Sprintf("a user creates pod %d, which matches and has no controller", a.Pod)
	case Delete:
		return fmt.Sprintf("a user deletes pod %d", a.Pod)
	case Relabel:
		return fmt.Sprintf("a user changes the labels of pod %d", a.Pod)
	case Force:
		return fmt.Sprintf("a user has pod %d removed at once", a.Pod)
	case Erase:
		return "a user deletes the slice"
	case End:
		return fmt.Sprintf("the containers of pod %d on node %d exit", a.Pod, a.Node)
	case Collect:
		return fmt.Sprintf("the garbage collector deletes pod %d, whose owner is gone", a.Pod)
	case SeeOwner:
		return who + " sees the owner"
	case See:
		return fmt.Sprintf("%s sees pod %d", who, a.Pod)
	case SeeSlice:
		return who + " sees the slice"
	case Look:
		return who + " reads the owner live"
	case Work:
		return who + " decides" + a.plan()
	case Arrive:
		return "the request of " + who + " arrives, and is answered"
	case Unheard:
		return "the request of " + who + " arrives, and the answer is lost"
	case GiveUp:
		return who + " gives its request up, which is still on its way"
	case Repeat:
		return who + " sends its request again"
	case Land:
		return "the late request arrives"
	case Drop:
		return "the late request is lost"
	case Crash:
		return who + " crashes"
	case Start:
		return who + " starts"
	case Cut:
		return fmt.Sprintf("node %d is cut off", a.Node)
	case Mend:
		return fmt.Sprintf("node %d is cut off no longer", a.Node)
	case Stall:
		return "the store stalls"
	case Resume:
		return "the store stalls no longer"
	case Lag:
		return "an API server lags"
	case CatchUp:
		return "the API server has caught up"
	}
	return "no more faults begin, and users rest"
}

func (a Action) plan() string {
	switch {
	case a.Verb == Bind:
		return fmt.Sprintf(": bind pod %d to node %d", a.Pod, a.Node)
	case a.Verb == MakeSlice, a.Verb == FillSlice:
		return ": " + a.Verb.String()
	case a.Who >= Proxy1:
		return ": replace the rules"
	case a.Verb == 0:
		return fmt.Sprintf(" about pod %d", a.Pod)
	}
	return fmt.Sprintf(": %v pod %d", a.Verb, a.Pod)
}
