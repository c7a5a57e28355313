package election

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Look Kind = iota
	Hold
	Arrive
	Hear
	Lose
	Land
	Drop
	Act
	Effect
	End
	Stop
	Release
	Leave
	Touch
	Crash
	Start
	Heal
	Tick
)

// Action is one action: its kind, and the candidate that it is about, from 0, if it is about one.
type Action struct {
	Kind Kind
	Who  int
}

// Classes are those of fairness: what one candidate does does not make up for the other.
var Classes = []string{"first", "second", "late", "restart", "heal", "time", "effects"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Look, Hold, Arrive, Hear, Stop, Release, Leave:
		return a.Who
	case Land, Drop:
		return 2
	case Start:
		return 3
	case Heal:
		return 4
	case Tick:
		return 5
	case Effect:
		return 6
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	who := a.Who + 1
	switch a.Kind {
	case Look:
		return fmt.Sprintf("candidate %d reads the lease", who)
	case Hold:
		return fmt.Sprintf("candidate %d asks for the lease", who)
	case Arrive:
		return fmt.Sprintf("the write of candidate %d arrives", who)
	case Hear:
		return fmt.Sprintf("candidate %d hears the answer", who)
	case Lose:
		return fmt.Sprintf("candidate %d gives its request up", who)
	case Land:
		return fmt.Sprintf("a late write of candidate %d arrives", who)
	case Drop:
		return fmt.Sprintf("a late write of candidate %d is lost", who)
	case Act:
		return fmt.Sprintf("candidate %d does something", who)
	case Effect:
		return fmt.Sprintf("what candidate %d did arrives", who)
	case End:
		return fmt.Sprintf("candidate %d is told to end", who)
	case Stop:
		return fmt.Sprintf("nothing acts any more for candidate %d", who)
	case Release:
		return fmt.Sprintf("candidate %d gives the lease back", who)
	case Leave:
		return fmt.Sprintf("candidate %d has ended", who)
	case Touch:
		return "somebody writes to the lease"
	case Crash:
		return fmt.Sprintf("candidate %d crashes", who)
	case Start:
		return fmt.Sprintf("candidate %d starts, with another identity", who)
	case Heal:
		return "the faults end"
	}
	return "time passes"
}
