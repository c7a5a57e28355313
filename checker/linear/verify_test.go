package linear

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history/historytest"
	"orrery/checker/verdict"
)

// Goal: the verifier believes no order but a right one, and a search that is given up says so.

const explained = `
held 1 /registry/pods/default/x uid=u1
1 a get pods/default/x
2 a ok rv=1
3 b update pods/default/x rv=1
4 log 2 /registry/pods/default/x prev=1 uid=u1
5 b ok rv=2
6 c get pods/default/x
7 c ok rv=2
8 d list pods/default
9 d ok rev=2 items=default/x@2
10 e delete pods/default/x
11 log 3 /registry/pods/default/x prev=2 uid=u1 deleted
12 e ok
13 f get pods/default/x
14 f failed NotFound
15 g get configmaps/default/x
16 g failed NotFound
`

func TestVerifyRefuses(t *testing.T) {
	h := historytest.Parse(explained)
	result, right := Linearize(context.Background(), h, verdict.DefaultLimits)
	require.Equal(t, verdict.Ok, result.Verdict(), result)
	require.Len(t, right, 7)
	require.NoError(t, Verify(h, right))

	for _, c := range []struct {
		name   string
		change func(Witness)
		want   string
	}{
		{"two operations in the wrong order", func(w Witness) { w[2], w[3] = w[3], w[2] },
			"get pods/default/x by c (line 6) comes after list pods/default by d (line 8), which began when it was over"},
		{"a read before the write that it saw", func(w Witness) { w[0].After = 1 },
			"get pods/default/x by a (line 1): it read revision 1, and 2 was there"},
		{"not found too early", func(w Witness) { copy(w[4:], w[5:6]); w[4].After = 1 },
			"get pods/default/x by f (line 13): it failed with NotFound, and revision 2 was there"},
		{"a list of what has gone", func(w Witness) { w[3].After = 2 },
			"list pods/default by d (line 8): it listed revision 2 of x, and 0 was there"},
		{"a write of another's entry", func(w Witness) { w[4].Operation = h.Operations[6] },
			"get configmaps/default/x by g (line 15): revision 3 is another's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := slices.Clone(right)
			c.change(wrong)
			require.EqualError(t, Verify(h, wrong), c.want)
		})
	}
}

const ambiguous = `
1 a create pods/default/x
1 b delete pods/default/x
1 c create pods/default/x
5 d get pods/default/x
9 d failed NotFound
20 log 1 /registry/pods/default/x uid=u1
20 log 2 /registry/pods/default/x prev=1 uid=u1 deleted
20 log 3 /registry/pods/default/x uid=u2
21 a ok rv=1
21 b ok
21 c ok rv=3
`

func TestASearchThatIsGivenUpIsUnknown(t *testing.T) {
	h := historytest.Parse(ambiguous)
	result := Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
	require.Equal(t, verdict.Ok, result.Verdict())
	result = Checker{}.Check(context.Background(), h, verdict.Limits{States: 1})
	require.Equal(t, verdict.Unknown, result.Verdict())
	require.Equal(t, []string{"the search for an order of the operations on pods/default/x was given up after 1 states"}, result.Unknown)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, verdict.Unknown, Checker{}.Check(ctx, h, verdict.DefaultLimits).Verdict())
}
