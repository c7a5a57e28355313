package kubelet

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Bind Kind = iota
	Delete
	Force
	Impose
	End
	Die
	Tidy
	Succeed
	Obey
	Kill
	Boot
	ListPods
	ListRuntime
	See
	Look
	Work
	Arrive
	GiveUp
	Land
	Drop
	WriteArrives
	WriteUnheard
	WriteGivenUp
	WriteLands
	WriteDropped
	Crash
	Reboot
	Heal
)

// Action is one action: its kind, the name, UID and container that it is about, and whether a process ends well.
type Action struct {
	Kind Kind
	Name int
	UID  uint8
	Role int
	Well bool
}

// Classes are those of fairness.
var Classes = []string{"grace", "watch", "runtime look", "kubelet", "runtime", "network", "start", "list", "heal", "late", "init"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Kill:
		return 0
	case See:
		return 1
	case Look:
		return 2
	case Work:
		return 3
	case Arrive:
		return 4
	case WriteArrives:
		return 5
	case Boot:
		return 6
	case ListPods, ListRuntime:
		return 7
	case Heal:
		return 8
	case Land, Drop, WriteLands, WriteDropped:
		return 9
	case Succeed:
		return 10
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	pod := fmt.Sprintf("pod %c", 'a'+a.Name)
	container := fmt.Sprintf("the %s container of %s, UID %d,", [...]string{"init", "main"}[a.Role], pod, a.UID)
	how := map[bool]string{true: "with 0", false: "badly"}[a.Well]
	switch a.Kind {
	case Bind:
		return pod + " is bound to the node"
	case Delete:
		return "a user deletes " + pod
	case Force:
		return "a user has " + pod + " removed at once"
	case Impose:
		return "another component says that " + pod + " has failed"
	case End:
		return container + " ends " + how
	case Die:
		return fmt.Sprintf("the sandbox of %s, UID %d, dies", pod, a.UID)
	case Tidy:
		return "somebody removes the record of " + container[:len(container)-1]
	case Succeed:
		return container + " succeeds"
	case Obey:
		return container + " obeys TERM"
	case Kill:
		return container + " is killed, as its grace is over"
	case Boot:
		return "the kubelet starts"
	case ListPods:
		return "the kubelet lists the pods"
	case ListRuntime:
		return "the kubelet lists the runtime"
	case See:
		return "the kubelet sees " + pod + " in the API"
	case Look:
		return "the kubelet looks at " + pod + " in the runtime"
	case Work:
		return "the kubelet decides about " + pod
	case Arrive:
		return "its call about " + pod + " is carried out, and answered or not"
	case GiveUp:
		return "its call about " + pod + " is given up, and is still on its way"
	case Land:
		return "the late call about " + pod + " is carried out"
	case Drop:
		return "the late call about " + pod + " is lost"
	case WriteArrives:
		return "its write to " + pod + " arrives and is answered"
	case WriteUnheard:
		return "its write to " + pod + " arrives, and the answer is lost"
	case WriteGivenUp:
		return "its write to " + pod + " is given up, and is still on its way"
	case WriteLands:
		return "the late write to " + pod + " arrives"
	case WriteDropped:
		return "the late write to " + pod + " is lost"
	case Crash:
		return "the kubelet crashes"
	case Reboot:
		return "the node reboots"
	}
	return "the faults end"
}
