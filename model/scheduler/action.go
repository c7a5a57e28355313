package scheduler

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Create Kind = iota
	Place
	Touch
	End
	Delete
	Remove
	Shut
	Open
	Resize
	Vanish
	Return
	See
	SeeNode
	Choose
	Arrive
	Answer
	LoseAnswer
	GiveUp
	Land
	Drop
	Repeat
	Look
	Crash
	Start
	Heal
)

// Action is one action: its kind, the pod and the node that it is about, if it is about one, and what Resize leaves allocatable. That Choose
// has no node means that the pod waits.
type Action struct {
	Kind      Kind
	Pod, Node int
	N         uint8
}

// Classes are those of fairness.
var Classes = []string{"kubelet", "watch", "scheduler", "network", "restart", "heal", "late"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Remove:
		return 0
	case See, SeeNode:
		return 1
	case Choose, Repeat, Look:
		return 2
	case Arrive, Answer:
		return 3
	case Start:
		return 4
	case Heal:
		return 5
	case Land, Drop:
		return 6
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	switch a.Kind {
	case Create:
		return fmt.Sprintf("a user creates pod %d", a.Pod)
	case Place:
		return fmt.Sprintf("a user creates pod %d on node %d", a.Pod, a.Node)
	case Touch:
		return fmt.Sprintf("somebody writes to pod %d", a.Pod)
	case End:
		return fmt.Sprintf("pod %d ends", a.Pod)
	case Delete:
		return fmt.Sprintf("a user deletes pod %d", a.Pod)
	case Remove:
		return fmt.Sprintf("the kubelet has pod %d removed", a.Pod)
	case Shut:
		return fmt.Sprintf("node %d is cordoned or tainted", a.Node)
	case Open:
		return fmt.Sprintf("node %d is neither cordoned nor tainted any more", a.Node)
	case Resize:
		return fmt.Sprintf("node %d comes to have %d", a.Node, a.N)
	case Vanish:
		return fmt.Sprintf("node %d is gone", a.Node)
	case Return:
		return fmt.Sprintf("there is a node %d again", a.Node)
	case See:
		return fmt.Sprintf("the scheduler sees pod %d", a.Pod)
	case SeeNode:
		return fmt.Sprintf("the scheduler sees node %d", a.Node)
	case Choose:
		if a.Node == 0 {
			return fmt.Sprintf("the scheduler finds no node for pod %d, which waits", a.Pod)
		}
		return fmt.Sprintf("the scheduler binds pod %d to node %d", a.Pod, a.Node)
	case Arrive:
		return fmt.Sprintf("the bind of pod %d arrives", a.Pod)
	case Answer:
		return fmt.Sprintf("the scheduler hears the answer for pod %d", a.Pod)
	case LoseAnswer:
		return fmt.Sprintf("the answer for pod %d is lost", a.Pod)
	case GiveUp:
		return fmt.Sprintf("the scheduler gives the bind of pod %d up, which is still on its way", a.Pod)
	case Land:
		return fmt.Sprintf("the late bind of pod %d arrives", a.Pod)
	case Drop:
		return fmt.Sprintf("the late bind of pod %d is lost", a.Pod)
	case Repeat:
		return fmt.Sprintf("the scheduler repeats the bind of pod %d", a.Pod)
	case Look:
		return fmt.Sprintf("the scheduler reads pod %d live", a.Pod)
	case Crash:
		return "the scheduler crashes"
	case Start:
		return "the scheduler starts"
	}
	return "the faults end"
}

// choice is Choose's.
func (a Action) choice() Choice { return Choice{a.Pod, a.Node} }
