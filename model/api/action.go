package api

import "fmt"

// Kind is what an action does; see the table of the package comment.
type Kind uint8

// The kinds, in the order in which they are listed.
const (
	Ask Kind = iota
	Finish
	Load
	Swap
	Land
	Drop
	Hear
	Lose
	List
	Count
	Serve
	TimeOut
	LoadList
	HearList
	LoseList
	Relist
	Resume
	Tell
	Mark
	End
	Cut
	Feed
	Replace
	Compact
	Crash
	Start
	Heal
)

// Action is one action: its kind, and what it is about, as far as its kind needs it.
type Action struct {
	Kind    Kind
	Call    uint8
	Server  uint8
	Request Request
	// From and Limit are those of a List, Revision is that of a Compact.
	From     From
	Limit    bool
	Revision uint8
}

// Classes are those of fairness.
var Classes = []string{"kubelet", "server", "client", "late", "caches", "watcher", "restart", "heal"}

// Fair is the class of an action; -1: it need never happen.
func Fair(a Action) int {
	switch a.Kind {
	case Finish:
		return 0
	case Load, Swap, Count, Serve, LoadList:
		return 1
	case Hear, HearList:
		return 2
	case Land, Drop:
		return 3
	case Feed, Replace:
		return 4
	case Relist, Resume, Tell, Mark, End:
		return 5
	case Start:
		return 6
	case Heal:
		return 7
	}
	return -1
}

// String is the action in words.
func (a Action) String() string {
	switch a.Kind {
	case Ask:
		return fmt.Sprintf("%s asks server %d to %v", who(a.Call), a.Server, a.Request)
	case Finish:
		return fmt.Sprintf("the kubelet has stopped it, and asks server %d to %v", a.Server, a.Request)
	case Load:
		return fmt.Sprintf("for the request of %s the store is read", who(a.Call))
	case Swap:
		return fmt.Sprintf("the write for %s arrives at the store", who(a.Call))
	case Land:
		return fmt.Sprintf("the late write of %s arrives at the store", who(a.Call))
	case Drop:
		return fmt.Sprintf("the late write of %s is lost", who(a.Call))
	case Hear:
		return who(a.Call) + " hears the answer"
	case Lose:
		return who(a.Call) + " gives up, and will not hear the answer"
	case List:
		return fmt.Sprintf("the reader asks server %d for a list, %s", a.Server, a.how())
	case Count:
		return "the store is asked for its revision, for the list"
	case Serve:
		return "the cache has come far enough, and the list is served from it"
	case TimeOut:
		return "the list has waited for the cache too long"
	case LoadList:
		return "for the list the store is read"
	case HearList:
		return "the reader hears the answer"
	case LoseList:
		return "the reader gives up, and will not hear the answer"
	case Relist:
		return fmt.Sprintf("the watcher lists at server %d, and watches from there", a.Server)
	case Resume:
		return fmt.Sprintf("the watcher watches at server %d from where it was", a.Server)
	case Tell:
		return "the watch looks at the next change"
	case Mark:
		return "the watcher is sent a bookmark"
	case End:
		return "the watch ends with 410"
	case Cut:
		return "the watch breaks off"
	case Feed:
		return fmt.Sprintf("the cache of server %d sees the next change", a.Server)
	case Replace:
		return fmt.Sprintf("the cache of server %d is replaced by a list of the store", a.Server)
	case Compact:
		return fmt.Sprintf("the store is compacted at revision %d", a.Revision)
	case Crash:
		return fmt.Sprintf("server %d crashes", a.Server)
	case Start:
		return fmt.Sprintf("server %d starts", a.Server)
	}
	return "the faults end"
}

func who(call uint8) string {
	if call == kubelet {
		return "the kubelet"
	}
	return fmt.Sprintf("writer %d", call)
}

func (a Action) how() string {
	how := [...]string{"as new as can be", "as it has it", "no older than what it was shown", "continuing the last one"}[a.From]
	if a.Limit {
		how += ", of one object"
	}
	return how
}

// String is the request in words.
func (q Request) String() string {
	text := fmt.Sprintf("%v object %d", q.Verb, q.Name)
	switch q.Verb {
	case Create:
		text += fmt.Sprintf(" with finalizers %b", q.Finalizers)
	case Update:
		text += fmt.Sprintf(" to spec %d, finalizers %b, label %v", q.Spec, q.Finalizers, q.Labeled)
	case UpdateStatus:
		text += fmt.Sprintf(" to generation %d, finalizers %b, label %v", q.Observed, q.Finalizers, q.Labeled)
	}
	if q.Graced {
		text += fmt.Sprintf(" with grace %d", q.Grace)
	}
	if q.UID != 0 {
		text += fmt.Sprintf(" if its UID is %d", q.UID)
	}
	if q.Version != 0 {
		text += fmt.Sprintf(" if its version is %d", q.Version)
	}
	return text
}
