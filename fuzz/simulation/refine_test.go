package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/refine"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: a trace of a good run in which one line is not what happened is refused, each for its own reason, by the judge as a whole and, where
// it is a decision that does not fit, by refine alone. Method: one simulated run, and what is done to a copy of its lines.
func TestTracesThatAreTamperedWith(t *testing.T) {
	r, err := Replay(context.Background(), Size{1, 1}, []string{"user create rc web 2", "settle", "user scale rc web 1", "settle"}, true)
	require.NoError(t, err)
	require.Empty(t, r.Broken())
	for _, test := range []struct {
		name   string
		tamper func(t *testing.T, lines []trace.Line) []trace.Line
		judge  string // the first checker that finds something
		says   string
		refine string // what refine says when it is asked alone; empty: nothing
	}{
		{"untouched", func(_ *testing.T, lines []trace.Line) []trace.Line { return lines }, "", "", ""},
		{"a pod's creation is missing from the log", func(t *testing.T, lines []trace.Line) []trace.Line {
			return slices.Delete(lines, creation(t, lines, 0), creation(t, lines, 0)+1)
		}, "wellformed", "", ""},
		{"a decision is missing", func(t *testing.T, lines []trace.Line) []trace.Line {
			at := deciding(t, lines, "create")
			return slices.Delete(lines, at, at+1)
		}, "", "", ""},
		{"two decisions have changed places", func(t *testing.T, lines []trace.Line) []trace.Line {
			a, b := deciding(t, lines, "create"), deciding(t, lines, "delete")
			lines[a].Step, lines[b].Step = lines[b].Step, lines[a].Step
			return lines
		}, "refine", "went back", "went back"},
		{"a decision says that it saw the past", func(t *testing.T, lines []trace.Line) []trace.Line {
			s := *lines[deciding(t, lines, "delete")].Step
			s.View = map[string]int64{"pods": s.View["pods"], "replicationcontrollers": s.View["replicationcontrollers"] - 1}
			for s.View["replicationcontrollers"] > 0 && wanted(lines, s.View["replicationcontrollers"]) < 2 {
				s.View["replicationcontrollers"]--
			}
			lines[deciding(t, lines, "delete")].Step = &s
			return lines
		}, "refine", "1 of 2 that surely count are deleted, and 2 are wanted", "1 of 2 that surely count are deleted"},
		{"a decision keeps silent about what it had created", func(t *testing.T, lines []trace.Line) []trace.Line {
			s := *lines[deciding(t, lines, "create")].Step
			s.Plan = append(slices.Clone(s.Plan), s.Plan[0])
			s.Plan[len(s.Plan)-1].Object.Name = "web-other"
			lines[deciding(t, lines, "create")].Step = &s
			return lines
		}, "refine", "3 are created beside 0 that count and 0 that may, and 2 are wanted", "3 are created"},
		{"the pods are another owner's", func(t *testing.T, lines []trace.Line) []trace.Line {
			for i, l := range lines {
				if l.Revision != nil && l.Revision.Resource == "pods" {
					v := *l.Revision
					v.Object = json.RawMessage(strings.ReplaceAll(string(v.Object), `"uid":"`+ownerUID(lines)+`"`, `"uid":"other"`))
					lines[i].Revision = &v
				}
			}
			return lines
		}, "invariant", "", "is no pod of the owner's that counts"},
		{"the owner has another UID", func(t *testing.T, lines []trace.Line) []trace.Line {
			uid := ownerUID(lines)
			for i, l := range lines {
				if l.Revision != nil && l.Revision.Resource == "replicationcontrollers" {
					v := *l.Revision
					v.UID = "other"
					v.Object = json.RawMessage(strings.ReplaceAll(string(v.Object), `"uid":"`+uid+`"`, `"uid":"other"`))
					lines[i].Revision = &v
				}
			}
			return lines
		}, "linear", "", "is no pod of the owner's that counts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := test.tamper(t, slices.Clone(r.Lines))
			for i := range lines {
				lines[i].Seq = int64(i + 1)
			}
			h := history.New(r.Header, lines)
			name, finding, _ := checker.Judge(context.Background(), h, verdict.DefaultLimits).First()
			require.Equal(t, test.judge, name, "%v", finding)
			require.Contains(t, finding.Text, test.says)
			alone := refine.Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
			if test.refine == "" {
				require.Empty(t, alone.Findings)
				return
			}
			require.NotEmpty(t, alone.Findings)
			require.Contains(t, alone.Findings[0].Text, test.refine)
			require.Equal(t, errors.Is(alone.Findings[0].Guarantee, refine.Allowed), len(alone.Findings[0].Nearest) > 0, "what would have been allowed")
		})
	}
}

// deciding is the line of the replication controller's first decision with that verb.
func deciding(t *testing.T, lines []trace.Line, verb string) int {
	i := slices.IndexFunc(lines, func(l trace.Line) bool {
		return l.Step != nil && l.Step.Component == "replication-controller" && len(l.Step.Plan) > 0 && l.Step.Plan[0].Verb == verb && l.Step.Plan[0].Object.Resource == "pods"
	})
	require.GreaterOrEqual(t, i, 0, "no decision to %s", verb)
	return i
}

// creation is the line of the n-th creation of a pod in the log.
func creation(t *testing.T, lines []trace.Line, n int) int {
	for i, l := range lines {
		if l.Revision != nil && l.Revision.Resource == "pods" && l.Revision.Previous == 0 && !l.Revision.Deleted {
			if n--; n < 0 {
				return i
			}
		}
	}
	t.Fatal("there are fewer pods")
	return -1
}

func ownerUID(lines []trace.Line) string {
	for _, l := range lines {
		if l.Revision != nil && l.Revision.Resource == "replicationcontrollers" {
			return l.Revision.UID
		}
	}
	return ""
}

// wanted is how many pods the owner wanted at a revision.
func wanted(lines []trace.Line, revision int64) (replicas int) {
	for _, l := range lines {
		if l.Revision != nil && l.Revision.Resource == "replicationcontrollers" && l.Revision.Revision <= revision {
			var owner struct{ Spec struct{ Replicas int } }
			_ = json.Unmarshal(l.Revision.Object, &owner)
			replicas = owner.Spec.Replicas
		}
	}
	return replicas
}
