package replication

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Scale Kind = iota
	Leave
	Vanish
	Again
	Appear
	Relabel
	End
	Delete
	RemovePod
	SeeOwner
	See
	Look
	Work
	Arrive
	Answer
	LoseAnswer
	GiveUp
	Land
	Drop
	Resolve
	Crash
	Start
	Heal
)

// Action is one action: its kind, the pod it is about, if it is about one, the number that Scale sets, and the plan that Work sends,
// a bit for each pod.
type Action struct {
	Kind Kind
	Pod  int
	N    int
	// Verb and Pods are Work's plan: what it does, to which pods.
	Verb Verb
	Pods uint8
}

// Classes are those of fairness.
var Classes = []string{"kubelet", "watch", "controller", "network", "restart", "heal", "late"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case RemovePod:
		return 0
	case SeeOwner, See:
		return 1
	case Look, Work, Resolve:
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
	case Scale:
		return fmt.Sprintf("a user wants %d pods", a.N)
	case Leave:
		return "a user deletes the owner, which stays for a finalizer's sake"
	case Vanish:
		return "the owner is gone"
	case Again:
		return "a user creates an owner of the same name"
	case Appear:
		return fmt.Sprintf("a user creates pod %d, which matches and has no controller", a.Pod)
	case Relabel:
		return fmt.Sprintf("a user changes the labels of pod %d", a.Pod)
	case End:
		return fmt.Sprintf("pod %d ends", a.Pod)
	case Delete:
		return fmt.Sprintf("a user deletes pod %d", a.Pod)
	case RemovePod:
		return fmt.Sprintf("the kubelet has pod %d removed", a.Pod)
	case SeeOwner:
		return "the controller sees the owner"
	case See:
		return fmt.Sprintf("the controller sees pod %d", a.Pod)
	case Look:
		return "the controller reads the owner live"
	case Work:
		return "the controller decides: " + a.plan()
	case Arrive:
		return fmt.Sprintf("its request for pod %d arrives", a.Pod)
	case Answer:
		return fmt.Sprintf("the controller hears the answer for pod %d", a.Pod)
	case LoseAnswer:
		return fmt.Sprintf("the answer for pod %d is lost", a.Pod)
	case GiveUp:
		return fmt.Sprintf("the controller gives the request for pod %d up, which is still on its way", a.Pod)
	case Land:
		return fmt.Sprintf("the late request for pod %d arrives", a.Pod)
	case Drop:
		return fmt.Sprintf("the late request for pod %d is lost", a.Pod)
	case Resolve:
		return fmt.Sprintf("the controller finds out about pod %d", a.Pod)
	case Crash:
		return "the controller crashes"
	case Start:
		return "the controller starts"
	}
	return "the faults end"
}

func (a Action) plan() string {
	text := ""
	for i := range Names {
		if a.Pods&(1<<i) != 0 {
			text += fmt.Sprintf(", pod %d", i)
		}
	}
	return a.Verb.String() + " " + text[2:]
}

// effects are Work's plan.
func (a Action) effects() (plan []Effect) {
	for i := range Names {
		if a.Pods&(1<<i) != 0 {
			plan = append(plan, Effect{a.Verb, i})
		}
	}
	return plan
}
