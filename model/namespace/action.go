package namespace

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Open Kind = iota
	Close
	Touch
	Hold
	Release
	LetGo
	Ask
	ServerSees
	Admit
	Consult
	Commit
	Lose
	Wash
	Sink
	See
	Begin
	Look
	Confirm
	Work
	Arrive
	GiveUp
	Land
	Drop
	Crash
	Start
	Heal
)

// Action is one action: its kind, and the server and the object, or the namespace, that it is about.
type Action struct {
	Kind   Kind
	Server int
	Object int
	// Verb and Objects are Work's plan: what it does, to which objects, a bit each.
	Verb    Verb
	Objects uint8
	Forced  bool
}

// Classes are those of fairness.
var Classes = []string{"others", "watch", "servers", "store", "controller", "network", "restart", "heal", "late"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case LetGo:
		return 0
	case ServerSees, See:
		return 1
	case Admit, Consult:
		return 2
	case Commit:
		return 3
	case Begin, Look, Confirm, Work:
		return 4
	case Arrive:
		return 5
	case Start:
		return 6
	case Heal:
		return 7
	case Land, Drop, Wash, Sink:
		return 8
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	object := named(a.Object)
	switch a.Kind {
	case Open:
		return "a user creates the namespace"
	case Close:
		return "a user deletes the namespace"
	case Touch:
		return "somebody writes to the namespace"
	case Hold:
		return "somebody gives the namespace a finalizer"
	case Release:
		return "somebody takes the foreign finalizer from the namespace"
	case LetGo:
		return fmt.Sprintf("%s has stopped, and is gone", object)
	case Ask:
		return fmt.Sprintf("a user asks server %d to create %s", a.Server, object)
	case ServerSees:
		return fmt.Sprintf("server %d sees the namespace", a.Server)
	case Admit:
		return fmt.Sprintf("server %d looks into its cache", a.Server)
	case Consult:
		return fmt.Sprintf("server %d reads the namespace live", a.Server)
	case Commit:
		return fmt.Sprintf("server %d's write arrives in the store", a.Server)
	case Lose:
		return fmt.Sprintf("server %d gives the creation up, or is gone", a.Server)
	case Wash:
		return fmt.Sprintf("the write that server %d has given up arrives in the store", a.Server)
	case Sink:
		return fmt.Sprintf("the write that server %d has given up is lost", a.Server)
	case See:
		return "the controller sees the namespace"
	case Begin:
		return "the controller begins"
	case Look:
		return fmt.Sprintf("the controller lists, and so reads %s", object)
	case Confirm:
		return "the controller reads the namespace live"
	case Work:
		return "the controller decides: " + a.plan()
	case Arrive:
		return fmt.Sprintf("its request for %s arrives", object)
	case GiveUp:
		return fmt.Sprintf("the controller gives the request for %s up, which is still on its way", object)
	case Land:
		return fmt.Sprintf("the late request for %s arrives", object)
	case Drop:
		return fmt.Sprintf("the late request for %s is lost", object)
	case Crash:
		return "the controller crashes"
	case Start:
		return "the controller starts"
	}
	return "the faults end"
}

// named is what a request is about, in words.
func named(i int) string {
	if i == itself {
		return "the namespace"
	}
	return fmt.Sprintf("object %d", i)
}

func (a Action) plan() string {
	if a.Verb == Finalize {
		return "finalize the namespace"
	}
	text := ""
	for _, e := range a.effects() {
		text += fmt.Sprintf(", %v object %d", e.Verb, e.Content)
	}
	return text[2:]
}

// effects are Work's plan.
func (a Action) effects() (plan []Effect) {
	if a.Verb == Finalize {
		return []Effect{{Verb: Finalize}}
	}
	for i := range Names {
		if a.Objects&(1<<i) != 0 {
			plan = append(plan, Effect{a.Verb, i, a.Forced})
		}
	}
	return plan
}
