package store

import "fmt"

// Kind is what a move does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Ask Kind = iota
	Commit
	Confirm
	Apply
	Reply
	Refuse
	Lose
	Land
	Drop
	Attach
	Tell
	Mark
	Skip
	Break
	Depose
	Elect
	Heal
)

// Move is one action of the world: its kind, who it is about, and the request that Ask sends.
type Move struct {
	Kind Kind
	// Client is the number of a client, Late that of a late write, Member and Watcher are those of a member and of a watcher.
	Client, Late, Member, Watcher uint8
	Request                       Request
}

// Classes are those of fairness.
var Classes = []string{"agreement", "members", "answers", "late", "watches", "election", "heal"}

// Fair is the class of a move; -1: it need never happen.
func Fair(m Move) int {
	switch m.Kind {
	case Commit, Confirm:
		return 0
	case Apply:
		return 1
	case Reply:
		return 2
	case Land, Drop:
		return 3
	case Attach, Tell:
		return 4
	case Elect:
		return 5
	case Heal:
		return 6
	}
	return -1
}

// String is the move in words.
func (m Move) String() string {
	switch m.Kind {
	case Ask:
		return fmt.Sprintf("client %d asks member %d to %v", m.Client, m.Member, m.Request)
	case Commit:
		return fmt.Sprintf("the write of client %d is agreed on", m.Client)
	case Confirm:
		return fmt.Sprintf("for the list of client %d the leader says how many entries there are", m.Client)
	case Apply:
		return fmt.Sprintf("member %d carries out the next entry", m.Member)
	case Reply:
		return fmt.Sprintf("client %d is answered", m.Client)
	case Refuse:
		return fmt.Sprintf("client %d is told that its request was not done, as there is no leader", m.Client)
	case Lose:
		return fmt.Sprintf("client %d gives up, and does not know what became of its write", m.Client)
	case Land:
		return fmt.Sprintf("late write %d is agreed on", m.Late)
	case Drop:
		return fmt.Sprintf("late write %d is lost", m.Late)
	case Attach:
		return fmt.Sprintf("watcher %d watches at member %d, from where it was", m.Watcher, m.Member)
	case Tell:
		return fmt.Sprintf("watcher %d is told the next change, or that history is gone", m.Watcher)
	case Mark:
		return fmt.Sprintf("watcher %d is told that it has been told everything so far", m.Watcher)
	case Skip:
		return fmt.Sprintf("the watch of watcher %d passes over what it does not ask for", m.Watcher)
	case Break:
		return fmt.Sprintf("the watch of watcher %d breaks off", m.Watcher)
	case Depose:
		return "the leader is lost"
	case Elect:
		return "a leader is elected"
	}
	return "the faults end"
}

// String is the request in words.
func (q Request) String() string {
	switch q.Verb {
	case ToPut:
		return fmt.Sprintf("put %s if its revision is %d", keys[q.Key], q.Expected)
	case ToDelete:
		return fmt.Sprintf("delete %s if its revision is %d", keys[q.Key], q.Expected)
	case ToCompact:
		return fmt.Sprintf("compact at revision %d", q.Revision)
	}
	what, how := "what there is", ", as of no earlier than now"
	if q.Revision > 0 {
		what = fmt.Sprintf("what there was at revision %d", q.Revision)
	}
	if q.Serializable {
		how = ", as it has it"
	}
	return "list " + what + how
}
