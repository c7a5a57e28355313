package membership

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// decide is a [Next], or one with a bug.
type decide func([]Member, []Want) (Change, error)

// Goal: from every cluster of up to four members, of which any may be unwanted, learners or silent, to every wanted one of up to three: each change
// keeps a quorum of answering voters, and the wanted members come to be all there are, or it is said why not. Method: all of them.
func TestEveryCluster(t *testing.T) {
	n := 0
	every(func(members []Member, wanted []Want) {
		n++
		require.Empty(t, follow(Next, members, wanted), "from %v to %v", members, wanted)
	})
	require.Greater(t, n, 4_000)
	t.Logf("%d pairs of clusters", n)
}

// Goal: the claims above are seen to fail. Method: each bug breaks one of them for some cluster.
func TestEveryClusterFindsBugs(t *testing.T) {
	for _, bug := range []struct {
		name string
		next decide
		why  string
	}{
		{"members are added with a vote", func(m []Member, w []Want) (Change, error) {
			c, err := Next(m, w)
			if c.Verb == Add {
				c.Verb = "join"
			}
			return c, err
		}, "no quorum"},
		{"a silent member counts", func(m []Member, w []Want) (Change, error) {
			all := slices.Clone(m)
			for i := range all {
				all[i].Answers = true
			}
			return Next(all, w)
		}, "no quorum"},
		{"what is lost is not replaced", func(m []Member, w []Want) (Change, error) {
			all := slices.Clone(w)
			for i := range all {
				all[i].Not = 0
			}
			return Next(m, all)
		}, "is not what is wanted"},
		{"the leader is removed", func(m []Member, w []Want) (Change, error) {
			all := slices.Clone(m)
			for i := range all {
				all[i].Leads = false
			}
			return Next(all, w)
		}, "leads"},
	} {
		found := ""
		every(func(members []Member, wanted []Want) {
			if why := follow(bug.next, members, wanted); found == "" && strings.Contains(why, bug.why) {
				found = why
			}
		})
		require.NotEmpty(t, found, bug.name)
	}
}

// every calls f with every cluster and every wish. Of members 1 to 3 each is absent, a silent or an answering voter, or (one of them) a learner;
// the first voter that answers leads. Wanted are some of the three addresses, the first perhaps anew.
func every(f func([]Member, []Want)) {
	const addresses, kinds = 4, 4
	total := 1
	for range addresses {
		total *= kinds
	}
	for code := range total {
		var members []Member
		learners := 0
		for i, rest := 0, code; i < addresses; i, rest = i+1, rest/kinds {
			m := Member{ID: uint64(i + 1), Name: fmt.Sprint("m", i), Peer: fmt.Sprint("p", i)}
			switch rest % kinds {
			case 0:
				continue
			case 1:
				m.Answers = true
			case 2:
			case 3:
				m.Learner, m.Answers = true, true
				learners++
			}
			members = append(members, m)
		}
		if voters, answering := count(members); learners > 1 || voters == 0 || answering == 0 {
			continue
		}
		elect(members)
		for wish := 1; wish < 1<<addresses; wish++ {
			for _, anew := range []bool{false, true} {
				var wanted []Want
				for i := range addresses {
					if wish>>i&1 == 1 {
						wanted = append(wanted, Want{Name: fmt.Sprint("m", i), Peer: fmt.Sprint("p", i)})
					}
				}
				if anew {
					wanted[0].Not = uint64(wanted[0].Peer[1]-'0') + 1
				}
				f(members, wanted)
			}
		}
	}
}

// elect has one lead that may.
func elect(members []Member) {
	for i := range members {
		if members[i].Leads {
			return
		}
	}
	for i := range members {
		if !members[i].Learner && members[i].Answers {
			members[i].Leads = true
			return
		}
	}
}

// follow carries out one change after the other, and says what was broken.
func follow(next decide, members []Member, wanted []Want) string {
	members = slices.Clone(members)
	id := uint64(10)
	const bound = 30
	for range bound {
		had := hasQuorum(members)
		c, err := next(members, wanted)
		if err != nil {
			return "" // it is said why
		}
		at := slices.IndexFunc(members, func(m Member) bool { return m.ID == c.Member.ID })
		switch c.Verb {
		case Done:
			if len(members) != len(wanted) || slices.ContainsFunc(members, func(m Member) bool { return m.Learner || !isWanted(m, wanted) }) {
				return fmt.Sprintf("%v is not what is wanted", members)
			}
			return ""
		case Add, "join":
			if slices.ContainsFunc(members, func(m Member) bool { return m.Peer == c.Want.Peer }) {
				return "an address is used twice"
			}
			if slices.ContainsFunc(members, func(m Member) bool { return m.Learner }) {
				return "there are two learners"
			}
			members = append(members, Member{ID: id, Name: c.Want.Name, Peer: c.Want.Peer, Learner: c.Verb == Add})
			id++
		case Promote:
			members[at].Learner = false
		case Remove:
			if members[at].Leads {
				return "one that leads is removed"
			}
			members = slices.Delete(members, at, at+1)
		case Lead:
			for i := range members {
				members[i].Leads = i == at
			}
			if members[at].Learner || !members[at].Answers {
				return "one leads that cannot"
			}
		case Wait:
			if members[at].ID < 10 {
				return ""
			}
		}
		if had && !hasQuorum(members) {
			return fmt.Sprintf("no quorum after: %v", c)
		}
		for i := range members {
			members[i].Answers = members[i].Answers || members[i].ID >= 10 // what was added is started
		}
	}
	return "it comes to no end"
}

func hasQuorum(members []Member) bool {
	voters, answering := count(members)
	return answering >= quorum(voters)
}

// Goal: what cannot be is refused in words that say what would help.
func TestRefusals(t *testing.T) {
	a, b := Member{ID: 1, Name: "a", Peer: "pa", Answers: true, Leads: true}, Member{ID: 2, Name: "b", Peer: "pb"}
	for _, c := range []struct {
		name    string
		members []Member
		wanted  []Want
		why     string
	}{
		{"nothing wanted", []Member{a}, nil, "a cluster has at least one"},
		{"one name twice", []Member{a}, []Want{{Name: "a", Peer: "pa"}, {Name: "a", Peer: "pb"}}, "names and addresses must differ"},
		{"no quorum", []Member{a, b}, []Want{{Name: "a", Peer: "pa"}}, "1 of 2 voting members answer, and 2 are needed to change anything: start the others, or restore a snapshot"},
		{"the last one anew", []Member{a}, []Want{{Name: "a", Peer: "pa", Not: 1}}, "without a 0 of 0 voting members answer, and 1 are needed: add another first"},
	} {
		_, err := Next(c.members, c.wanted)
		require.ErrorContains(t, err, c.why, c.name)
	}
}
