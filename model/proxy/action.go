package proxy

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Vanish Kind = iota
	Again
	Policy
	Set
	Tamper
	Connect
	Expire
	ListServices
	ListSlices
	SeeService
	SeeSlice
	Work
	Apply
	Fail
	Answer
	LoseAnswer
	End
	FailToEnd
	Resync
	Crash
	Start
	Heal
)

// Action is one action: its kind; the number of the service or slice that it is about; for Again and Connect the address, for Set and Connect
// the target; and for Set what the slice says of it from then on.
type Action struct {
	Kind            Kind
	N               int
	Address, Target uint16
	Condition       Condition
}

// Classes are those of fairness. Each kind of object has a watch of its own.
var Classes = []string{"watch of services", "watch of slices", "proxy", "kernel", "clock", "restart", "heal"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case ListServices, SeeService:
		return 0
	case ListSlices, SeeSlice:
		return 1
	case Work, End:
		return 2
	case Apply, Answer:
		return 3
	case Resync:
		return 4
	case Start:
		return 5
	case Heal:
		return 6
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	switch a.Kind {
	case Vanish:
		return fmt.Sprintf("service %d is gone", a.N)
	case Again:
		return fmt.Sprintf("a user creates service %d, and it gets address %d", a.N, a.Address)
	case Policy:
		return fmt.Sprintf("a user changes whether service %d stays on the node", a.N)
	case Set:
		return fmt.Sprintf("slice %d says that target %d is %v", a.N, a.Target, a.Condition)
	case Tamper:
		return "somebody removes all rules from the kernel"
	case Connect:
		if a.Target == 0 {
			return fmt.Sprintf("the client sends to address %d, for which there is no rule", a.Address)
		}
		return fmt.Sprintf("the client sends to address %d, and the kernel chooses target %d", a.Address, a.Target)
	case Expire:
		return "the client is silent for so long that the kernel forgets its flow"
	case ListServices:
		return "the proxy lists services"
	case ListSlices:
		return "the proxy lists slices"
	case SeeService:
		return fmt.Sprintf("the proxy sees service %d", a.N)
	case SeeSlice:
		return fmt.Sprintf("the proxy sees slice %d", a.N)
	case Work:
		return "the proxy replaces the rules"
	case Apply:
		return "the kernel takes the rules"
	case Fail:
		return "the kernel refuses the rules"
	case Answer:
		return "the proxy hears what became of the rules"
	case LoseAnswer:
		return "the proxy is not told what became of the rules"
	case End:
		return "the proxy ends the flows that must not stay"
	case FailToEnd:
		return "the proxy cannot end flows"
	case Resync:
		return "the proxy has not looked at the kernel for long"
	case Crash:
		return "the proxy crashes"
	case Start:
		return "the proxy starts"
	}
	return "the faults end"
}
