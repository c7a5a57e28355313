package membership

import (
	"fmt"
	"slices"
)

// Member is a member as it is.
type Member struct {
	ID uint64
	// Name is empty until it has started.
	Name, Peer string
	Learner    bool
	// Answers: it has answered just now. Leads: it leads, by the account of those that answer.
	Answers, Leads bool
}

// Want is a member as it is wanted. Not is the ID of a member that it must not be: one that had its name and has lost its data; 0: none.
type Want struct {
	Name, Peer string
	Not        uint64
}

func (w Want) is(m Member) bool { return m.Peer == w.Peer && m.ID != w.Not }

// Verb is what is to be done next.
type Verb string

// The verbs.
const (
	Done    Verb = "done"
	Wait    Verb = "wait"
	Add     Verb = "add"
	Promote Verb = "promote"
	Remove  Verb = "remove"
	Lead    Verb = "lead" // have the member lead
)

// Change is one step on the way. Member is what it is done to; of an addition, Want is what is added.
type Change struct {
	Verb   Verb
	Member Member
	Want   Want
	Why    string
}

// Next is the next change; an error says why there is none that is safe, and what would help.
func Next(members []Member, wanted []Want) (Change, error) {
	if err := sensible(wanted); err != nil {
		return Change{}, err
	}
	voters, answering := count(members)
	if answering < quorum(voters) {
		return Change{}, fmt.Errorf("%d of %d voting members answer, and %d are needed to change anything: start the others, or restore a snapshot", answering, voters, quorum(voters))
	}
	for _, m := range members {
		switch {
		case !m.Learner:
		case !isWanted(m, wanted):
			return Change{Verb: Remove, Member: m, Why: "a learner that is not wanted"}, nil
		case !m.Answers:
			return Change{Verb: Wait, Member: m, Why: "it was added, and does not answer yet"}, nil
		default:
			return Change{Verb: Promote, Member: m, Why: "it is wanted, and has no vote yet"}, nil
		}
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(w Want) bool { return slices.ContainsFunc(members, w.is) })
	for _, m := range members {
		if isWanted(m, wanted) {
			continue
		}
		inTheWay := slices.ContainsFunc(missing, func(w Want) bool { return w.Peer == m.Peer })
		if !m.Answers || inTheWay || len(missing) == 0 {
			return without(m, members, wanted)
		}
	}
	if len(missing) > 0 {
		return Change{Verb: Add, Want: missing[0], Why: "it is wanted"}, nil
	}
	return Change{Verb: Done}, nil
}

// sensible refuses what no cluster can be.
func sensible(wanted []Want) error {
	if len(wanted) == 0 {
		return fmt.Errorf("no members are wanted: a cluster has at least one")
	}
	for i, w := range wanted {
		for _, other := range wanted[:i] {
			if w.Name == other.Name || w.Peer == other.Peer {
				return fmt.Errorf("members %s at %s and %s at %s are wanted: names and addresses must differ", other.Name, other.Peer, w.Name, w.Peer)
			}
		}
	}
	return nil
}

// without removes a voting member, which must not lead, if those that remain can decide.
func without(m Member, members []Member, wanted []Want) (Change, error) {
	rest := slices.DeleteFunc(slices.Clone(members), func(other Member) bool { return other.ID == m.ID })
	voters, answering := count(rest)
	if voters == 0 || answering < quorum(voters) {
		return Change{}, fmt.Errorf("without %s %d of %d voting members answer, and %d are needed: add another first, or start those that do not answer", m.named(), answering, voters, quorum(voters))
	}
	if !m.Leads {
		return Change{Verb: Remove, Member: m, Why: "it is not wanted"}, nil
	}
	best := -1
	for i, other := range rest {
		if !other.Learner && other.Answers && (best < 0 || isWanted(other, wanted) && !isWanted(rest[best], wanted)) {
			best = i
		}
	}
	return Change{Verb: Lead, Member: rest[best], Why: m.named() + " leads, and is to be removed"}, nil
}

func isWanted(m Member, wanted []Want) bool {
	return slices.ContainsFunc(wanted, func(w Want) bool { return w.is(m) })
}

// count is how many members vote, and how many of those answer.
func count(members []Member) (voters, answering int) {
	for _, m := range members {
		if m.Learner {
			continue
		}
		if voters++; m.Answers {
			answering++
		}
	}
	return voters, answering
}

func quorum(voters int) int { return voters/2 + 1 }

func (m Member) named() string {
	if m.Name == "" {
		return fmt.Sprintf("member %x", m.ID)
	}
	return m.Name
}

// String is the change in words.
func (c Change) String() string {
	switch c.Verb {
	case Done, "":
		return "nothing is left to change"
	case Add:
		return fmt.Sprintf("add %s at %s: %s", c.Want.Name, c.Want.Peer, c.Why)
	case Lead:
		return fmt.Sprintf("have %s lead: %s", c.Member.named(), c.Why)
	case Wait:
		return fmt.Sprintf("wait for %s: %s", c.Member.named(), c.Why)
	}
	return fmt.Sprintf("%s %s: %s", c.Verb, c.Member.named(), c.Why)
}
