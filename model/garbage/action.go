package garbage

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Create Kind = iota
	Own
	Disown
	Delete
	Hold
	LetGo
	See
	Begin
	Look
	Work
	Arrive
	GiveUp
	Land
	Drop
	Crash
	Start
	Heal
)

// None stands for no owner in a Create.
const None = Names

// Action is one action: its kind and the object that it is about; of Create, Own, Disown and Work the owner; of Delete and Work the policy.
type Action struct {
	Kind   Kind
	Object int
	Owner  int
	Blocks bool
	Policy Policy
	// Verb and Objects are Work's plan: what it does, to which objects, a bit each.
	Verb    Verb
	Objects uint8
}

// Classes are those of fairness.
var Classes = []string{"others", "watch", "collector", "network", "restart", "heal", "late"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case LetGo:
		return 0
	case See:
		return 1
	case Begin, Look, Work:
		return 2
	case Arrive:
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
	blocking := ""
	if a.Blocks {
		blocking = ", and blocks it"
	}
	switch a.Kind {
	case Create:
		if a.Owner == None {
			return fmt.Sprintf("a user creates object %d", a.Object)
		}
		return fmt.Sprintf("a user creates object %d, which object %d owns%s", a.Object, a.Owner, blocking)
	case Own:
		return fmt.Sprintf("a user has object %d refer to object %d as its owner%s", a.Object, a.Owner, blocking)
	case Disown:
		return fmt.Sprintf("a user takes the reference to object %d from object %d", a.Owner, a.Object)
	case Delete:
		return fmt.Sprintf("a user deletes object %d: %v", a.Object, a.Policy)
	case Hold:
		return fmt.Sprintf("a user gives object %d a finalizer", a.Object)
	case LetGo:
		return fmt.Sprintf("the finalizer of object %d is taken away by whoever it belongs to", a.Object)
	case See:
		return fmt.Sprintf("the collector sees object %d", a.Object)
	case Begin:
		return fmt.Sprintf("the collector begins with object %d, and reads it live", a.Object)
	case Look:
		return fmt.Sprintf("the collector reads object %d live", a.Object)
	case Work:
		return "the collector decides: " + a.plan()
	case Arrive:
		return fmt.Sprintf("its request for object %d arrives", a.Object)
	case GiveUp:
		return fmt.Sprintf("the collector gives the request for object %d up, which is still on its way", a.Object)
	case Land:
		return fmt.Sprintf("the late request for object %d arrives", a.Object)
	case Drop:
		return fmt.Sprintf("the late request for object %d is lost", a.Object)
	case Crash:
		return "the collector crashes"
	case Start:
		return "the collector starts"
	}
	return "the faults end"
}

func (a Action) plan() string {
	text := ""
	for _, e := range a.effects() {
		text += fmt.Sprintf(", %v object %d", e.Verb, e.Object)
		switch e.Verb {
		case Collect:
			text += fmt.Sprintf(" (%v)", e.Policy)
		case Unlink, Unblock:
			text += fmt.Sprintf(" (to object %d)", e.Owner)
		}
	}
	return text[2:]
}

// effects are Work's plan.
func (a Action) effects() (plan []Effect) {
	for i := range Names {
		if a.Objects&(1<<i) != 0 {
			plan = append(plan, Effect{a.Verb, i, a.Owner, a.Policy})
		}
	}
	return plan
}
