package account

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	End Kind = iota
	Again
	Make
	Edit
	Erase
	Ask
	Begin
	Stop
	Empty
	Finish
	Issue
	Accept
	Learn
	SeePhase
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

// Source is where a token comes from.
type Source uint8

// The sources of tokens.
const (
	FromPod     Source = iota // requested for the pod, bound to it
	FromForeign               // requested for another audience
	FromSecret                // read from a secret
)

// Action is one action: its kind, the verb of what is decided, the object that it is about, if it is about one, and where a token comes from.
type Action struct {
	Kind   Kind
	Verb   Verb
	Object int
	Source Source
}

// Classes are those of fairness.
var Classes = []string{"namespace", "authenticator", "watch", "controller", "network", "late", "restart", "heal", "time"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Empty, Finish:
		return 0
	case Learn:
		return 1
	case SeePhase, See:
		return 2
	case Look, Work, Resolve:
		return 3
	case Arrive:
		return 4
	case Land, Drop:
		return 5
	case Start:
		return 6
	case Heal:
		return 7
	case Tick:
		return 8
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	it := name(a.Object)
	switch a.Kind {
	case End:
		return "a user deletes the namespace"
	case Again:
		return "a user creates a namespace of the same name"
	case Make:
		return "a user creates the account"
	case Edit:
		return "a user changes " + it
	case Erase:
		return "a user deletes " + it
	case Ask:
		return "a user creates " + it + ", which is to hold a token of the account"
	case Begin:
		return "a pod of the account is created"
	case Stop:
		return "the pod is gone"
	case Empty:
		return "the namespace controller deletes " + it
	case Finish:
		return "the namespace is empty, and gone"
	case Issue:
		return "somebody gets a token: " + [...]string{"bound to the pod", "for another audience", "from " + it}[a.Source]
	case Accept:
		return "the token is presented, and accepted"
	case Learn:
		return "the authenticator sees what there is"
	case SeePhase:
		return "the controller sees the namespace"
	case See:
		return "the controller sees " + it
	case Look:
		return "the controller reads the account live"
	case Work:
		return "the controller decides: " + a.effect().String()
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
	switch object {
	case theAccount:
		return "the account"
	case theMap:
		return "the map"
	case objects:
		return "the pod"
	}
	return fmt.Sprintf("secret %d", object-firstSecret)
}

// effect is Work's plan.
func (a Action) effect() Effect {
	if a.Object >= firstSecret {
		return Effect{a.Verb, a.Object - firstSecret}
	}
	return Effect{a.Verb, 0}
}

// work is the action that decides an effect.
func work(e Effect) Action {
	a := Action{Kind: Work, Verb: e.Verb, Object: theMap}
	switch e.Verb {
	case Create:
		a.Object = theAccount
	case Generate, Fill, Purge:
		a.Object = firstSecret + e.Object
	}
	return a
}
