package node

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Cut Kind = iota
	Link
	Ail
	Mark
	Retire
	Unregister
	Register
	Appear
	Tolerate
	Delete
	Renew
	Report
	Remove
	SeeRenewal
	See
	Look
	Work
	Arrive
	GiveUp
	Land
	Drop
	Resolve
	Crash
	Start
	Heal
	Tick
)

// Action is one action: its kind, the verb of what is decided, and the node or pod that it is about, if it is about one.
type Action struct {
	Kind   Kind
	Verb   Verb
	Object int
}

// Classes are those of fairness.
var Classes = []string{"kubelet", "its pods", "watch of nodes", "watch of pods", "controller", "network", "late", "restart", "heal", "time"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	pod := 0
	if a.Object >= Names {
		pod = 1
	}
	switch a.Kind {
	case Renew, Report, Remove:
		return 0 + pod
	case SeeRenewal, See:
		return 2 + pod
	case Look, Work, Resolve:
		return 4
	case Arrive:
		return 5
	case Land, Drop:
		return 6
	case Start:
		return 7
	case Heal:
		return 8
	case Tick:
		return 9
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	it := name(a.Object)
	switch a.Kind {
	case Cut:
		return it + " dies, or is cut off"
	case Link:
		return it + " is back"
	case Ail:
		return "its kubelet says that " + it + " is not ready"
	case Mark:
		return "a user taints " + it + ", or takes the taint from it"
	case Retire:
		return "a user says that " + it + " is out of service, or takes that back"
	case Unregister:
		return it + " is deleted"
	case Register:
		return it + " is registered anew"
	case Appear:
		return it + " is created and bound to its node"
	case Tolerate:
		return "a user has " + it + " tolerate the taint for ever"
	case Delete:
		return "a user deletes " + it
	case Renew:
		return "the kubelet of " + it + " renews its lease"
	case Report:
		return "its kubelet says that " + it + " is ready"
	case Remove:
		return "the kubelet has stopped " + it + ", and it is gone"
	case SeeRenewal:
		return "the controller sees that the lease of " + it + " was renewed"
	case See:
		return "the controller sees " + it
	case Look:
		return "the controller reads " + it + " and its lease live"
	case Work:
		return fmt.Sprintf("the controller decides: %v %s", a.Verb, it)
	case Arrive:
		return "its request for " + it + " arrives"
	case GiveUp:
		return "the controller gives the request for " + it + " up, which is still on its way"
	case Land:
		return "the late request for " + it + " arrives"
	case Drop:
		return "the late request for " + it + " is lost"
	case Resolve:
		return "the controller sends the request for " + it + " again"
	case Crash:
		return "the controller crashes"
	case Start:
		return "the controller starts"
	case Heal:
		return "the faults end"
	}
	return "time passes"
}

// name is an object in words.
func name(object int) string {
	if object < Names {
		return fmt.Sprintf("node %d", object)
	}
	return fmt.Sprintf("pod %d", object-Names)
}

// effect is Work's plan.
func (a Action) effect() Effect {
	if a.Verb.ofPod() {
		return Effect{a.Verb, a.Object - Names}
	}
	return Effect{a.Verb, a.Object}
}

// work is the action that decides an effect.
func work(e Effect) Action {
	if e.Verb.ofPod() {
		e.Object += Names
	}
	return Action{Kind: Work, Verb: e.Verb, Object: e.Object}
}
