package endpoints

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Select Kind = iota
	Publish
	Leave
	Vanish
	Again
	Appear
	Begin
	Ready
	Relabel
	End
	Delete
	RemovePod
	Edit
	Disown
	Erase
	Foreign
	Collect
	SeeService
	SeePod
	See
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

// Action is one action: its kind, and the number of the pod or the slice that it is about, if it is about one.
type Action struct {
	Kind Kind
	N    int
}

// Classes are those of fairness. Each kind of object has a watch of its own: that slices are seen does not mean that the service is.
var Classes = []string{"garbage", "watch of services", "watch of pods", "watch of slices", "controller", "network", "restart", "heal", "late"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Collect:
		return 0
	case SeeService:
		return 1
	case SeePod:
		return 2
	case See:
		return 3
	case Work, Resolve:
		return 4
	case Arrive, Answer:
		return 5
	case Start:
		return 6
	case Heal:
		return 7
	case Land, Drop:
		return 8
	}
	return -1
}

// words are the actions in words, by kind; %d stands for the pod or the slice.
var words = [...]string{
	Select:     "a user takes the service's selector away, or gives it back",
	Publish:    "a user changes whether the service publishes addresses that are not ready",
	Leave:      "a user deletes the service, which stays for a finalizer's sake",
	Vanish:     "the service is gone",
	Again:      "a user creates a service of the same name",
	Appear:     "pod %d is created, and matches",
	Begin:      "pod %d gets an address, and is ready",
	Ready:      "pod %d becomes ready, or no longer is",
	Relabel:    "a user changes the labels of pod %d",
	End:        "pod %d ends; its address is free",
	Delete:     "pod %d is being deleted",
	RemovePod:  "pod %d is gone",
	Edit:       "a user writes nonsense into slice %d",
	Disown:     "a user changes who manages slice %d",
	Erase:      "a user deletes slice %d",
	Foreign:    "somebody else creates slice %d, and manages it",
	Collect:    "the garbage collector deletes slice %d",
	SeeService: "the controller sees the service",
	SeePod:     "the controller sees pod %d",
	See:        "the controller sees slice %d",
	Work:       "the controller decides",
	Arrive:     "its request for slice %d arrives",
	Answer:     "the controller hears the answer for slice %d",
	LoseAnswer: "the answer for slice %d is lost",
	GiveUp:     "the controller gives the request for slice %d up, which is still on its way",
	Land:       "the late request for slice %d arrives",
	Drop:       "the late request for slice %d is lost",
	Resolve:    "the controller finds out about slice %d",
	Crash:      "the controller crashes",
	Start:      "the controller starts",
	Heal:       "the faults end",
}

// String is the action in words.
func (a Action) String() string {
	switch a.Kind {
	case Select, Publish, Leave, Vanish, Again, SeeService, Work, Crash, Start, Heal:
		return words[a.Kind]
	}
	return fmt.Sprintf(words[a.Kind], a.N)
}
