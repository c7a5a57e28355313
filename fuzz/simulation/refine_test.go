package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
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
	r, err := Replay(context.Background(), Size{ControlPlanes: 1, Workers: 1}, []string{"user create rc web 2", "settle", "user scale rc web 1", "settle"}, true)
	require.NoError(t, err)
	require.Empty(t, r.Broken())
	for _, test := range []tampering{
		{"untouched", func(_ *testing.T, lines []trace.Line) []trace.Line { return lines }, "", "", ""},
		{"a pod's creation is missing from the log", func(t *testing.T, lines []trace.Line) []trace.Line {
			return slices.Delete(lines, creation(t, lines, 0), creation(t, lines, 0)+1)
		}, "wellformed", "", ""},
		{"a decision is missing", func(t *testing.T, lines []trace.Line) []trace.Line {
			at := deciding(t, lines, "create")
			return slices.Delete(lines, at, at+1)
		}, "refine", "replication asked for create of pods/work/web-", "no step before had decided that"},
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
		t.Run(test.name, func(t *testing.T) { test.judged(t, r) })
	}
}

// tampering is what is done to the lines of a run, and what must be said of them then.
type tampering struct {
	name   string
	tamper func(t *testing.T, lines []trace.Line) []trace.Line
	judge  string // the first checker that finds something
	says   string
	refine string // what refine says when it is asked alone; empty: nothing
}

func (c tampering) judged(t *testing.T, r Result) {
	lines := c.tamper(t, slices.Clone(r.Lines))
	for i := range lines {
		lines[i].Seq = int64(i + 1)
	}
	h := history.New(r.Header, lines)
	name, finding, _ := checker.Judge(context.Background(), h, verdict.DefaultLimits).First()
	require.Equal(t, c.judge, name, "%v", finding)
	require.Contains(t, finding.Text, c.says)
	alone := refine.Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
	if c.refine == "" {
		require.Empty(t, alone.Findings)
		return
	}
	require.NotEmpty(t, alone.Findings)
	require.Contains(t, alone.Findings[0].Text, c.refine)
	require.Equal(t, errors.Is(alone.Findings[0].Guarantee, refine.Allowed), len(alone.Findings[0].Nearest) > 0, "what would have been allowed")
}

// Goal: a run is judged the same where components do not tell their views, as upstream's do not: nothing of a good one is refused, and a decision
// that fits no view is. Method: seeds under faults; what the steps of the replication controller and the scheduler say of their views is left out.
func TestTracesWithoutViews(t *testing.T) {
	judged := 0
	for seed := range uint64(40) {
		r, err := Explore(context.Background(), DefaultSize, Seed(seed+1))
		require.NoError(t, err)
		for i, l := range r.Lines {
			if l.Step != nil && (l.Step.Component == "replication-controller" || l.Step.Component == "default-scheduler") {
				s := *l.Step
				s.View, s.Own = nil, nil
				r.Lines[i].Step = &s
			}
		}
		h := history.New(r.Header, r.Lines)
		result := refine.Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
		require.Empty(t, result.Findings, "seed %d", seed+1)
		require.Empty(t, result.Unknown, "seed %d", seed+1)
		shares := refine.Shares(h)
		require.Equal(t, shares["replication-controller"].All, shares["replication-controller"].Judged)
		judged += shares["replication-controller"].Judged + shares["default-scheduler"].Judged
	}
	require.Greater(t, judged, 100)
}

// Goal: the same of a kubelet's decisions, and of what they say that the runtime showed. Method: a pod's life from its creation to its removal.
func TestKubeletsTracesThatAreTamperedWith(t *testing.T) {
	r, err := Replay(context.Background(), Size{ControlPlanes: 1, Workers: 1}, []string{"user create pod once run", "settle", "user delete pod once", "settle"}, true)
	require.NoError(t, err)
	require.Empty(t, r.Broken())
	// decision changes the kubelet's n-th decision with that verb.
	decision := func(verb string, n int, change func(s *trace.Step, lines []trace.Line)) func(*testing.T, []trace.Line) []trace.Line {
		return func(t *testing.T, lines []trace.Line) []trace.Line {
			at := kubelets(t, lines, verb, n)
			s := *lines[at].Step
			s.View, s.Plan = maps.Clone(s.View), slices.Clone(s.Plan)
			look := *s.Look
			look.Seen = slices.Clone(look.Seen)
			s.Look = &look
			change(&s, lines)
			lines[at].Step = &s
			return lines
		}
	}
	missing := func(find func(l trace.Line) bool) func(*testing.T, []trace.Line) []trace.Line {
		return func(t *testing.T, lines []trace.Line) []trace.Line {
			at := slices.IndexFunc(lines, find)
			require.GreaterOrEqual(t, at, 0)
			return slices.Delete(lines, at, at+1)
		}
	}
	stored := func(words string) func(trace.Line) bool {
		return func(l trace.Line) bool {
			return l.Revision != nil && l.Revision.Resource == "pods" && strings.Contains(string(l.Revision.Object), words)
		}
	}
	for _, test := range []tampering{
		{"untouched", func(_ *testing.T, lines []trace.Line) []trace.Line { return lines }, "", "", ""},
		{"the pod's binding is missing from the log", missing(stored(`"nodeName"`)), "wellformed", "", "there is no pod"},
		{"a status is missing from the log", missing(stored(`"phase":"Failed"`)), "wellformed", "", "its records are needed until the API shows how the deleted pod ended"},
		{"the user's deletion is missing from the log", missing(stored(`"deletionTimestamp"`)), "wellformed", "", "the pod is wanted"},
		{"a decision is missing", func(t *testing.T, lines []trace.Line) []trace.Line {
			at := kubelets(t, lines, "start container", 0)
			return slices.Delete(lines, at, at+1)
		}, "refine", "container main, attempt 0, of pod work/once", "no step of the kubelet's before had decided that"},
		{"two decisions have changed places", func(t *testing.T, lines []trace.Line) []trace.Line {
			a, b := kubelets(t, lines, "create container", 0), kubelets(t, lines, "stop container", 0)
			lines[a].Step, lines[b].Step = lines[b].Step, lines[a].Step
			return lines
		}, "refine", "went back", "went back"},
		{"a decision is taken twice", func(t *testing.T, lines []trace.Line) []trace.Line {
			lines[kubelets(t, lines, "ensure image", 0)].Step = lines[kubelets(t, lines, "run sandbox", 0)].Step
			return lines
		}, "refine", "older than the last call", "older than the last call"},
		{"a decision says that it was taken before the last call", decision("create container", 0, func(s *trace.Step, lines []trace.Line) {
			s.View["runtime"] = lines[kubelets(t, lines, "run sandbox", 0)].Step.View["runtime"]
		}), "refine", "create container main of UID uid-23: the look at the runtime is older than the last call", "older than the last call"},
		{"a decision says that the outcome of the last call was open", decision("create container", 0, func(s *trace.Step, _ []trace.Line) { s.Look.Stale = true }),
			"refine", "older than the last call", "older than the last call"},
		{"a decision says that nothing was listed", decision("run sandbox", 0, func(s *trace.Step, _ []trace.Line) { s.View["runtime"] = 0 }), "refine", "not every source has been listed", "not every source has been listed"},
		{"a decision says that it saw another's look", decision("start container", 0, func(s *trace.Step, lines []trace.Line) {
			s.Look = lines[kubelets(t, lines, "create container", 0)].Step.Look
		}), "refine", "start container main of UID uid-23: the runtime was not seen to have it", "was not seen to have it"},
		{"it is about another UID", decision("run sandbox", 0, func(s *trace.Step, _ []trace.Line) { s.Plan[0].Object.UID = "other" }), "refine", "run sandbox 0 of UID other: neither the API nor the runtime has such a pod", "neither the API"},
		{"what was seen is another UID's", decision("create container", 0, func(s *trace.Step, _ []trace.Line) { s.Look.Seen[0].UID = "other" }), "refine", "something is left of another pod of this name", "something is left of another"},
		{"two are made at once", decision("create container", 0, func(s *trace.Step, _ []trace.Line) {
			again := s.Plan[0]
			again.Object.Attempt++
			s.Plan = append(s.Plan, again)
		}), "refine", "it is not the next attempt", "it is not the next attempt"},
		{"a wanted container is stopped", decision("update", 2, func(s *trace.Step, lines []trace.Line) {
			s.Plan = append(s.Plan, lines[kubelets(t, lines, "stop container", 0)].Step.Plan[0])
		}), "refine", "the pod is wanted, and its sandbox is ready", "the pod is wanted"},
		{"the end is shown while a container runs", decision("update", 4, func(s *trace.Step, _ []trace.Line) { s.Look.Seen[1].State = "running" }), "refine", "an end, and a container may be running", "an end, and a container may be running"},
		{"the pod is removed while something is left", decision("delete", 0, func(s *trace.Step, lines []trace.Line) {
			s.Look = lines[kubelets(t, lines, "remove sandbox", 0)].Step.Look
		}), "refine", "a removal, and something is left of the pod", "something is left of the pod"},
		{"the pod is removed whatever its UID", decision("delete", 0, func(s *trace.Step, _ []trace.Line) { s.Plan[0].Object.UID = "" }), "refine", `it is to be of UID ""`, `it is to be of UID ""`},
		{"the pod in the store has another UID", func(_ *testing.T, lines []trace.Line) []trace.Line {
			for i, l := range lines {
				if l.Revision != nil && l.Revision.Resource == "pods" {
					v := *l.Revision
					v.UID, v.Object = "other", json.RawMessage(strings.ReplaceAll(string(v.Object), `"uid":"uid-23"`, `"uid":"other"`))
					lines[i].Revision = &v
				}
			}
			return lines
		}, "linear", "", `it is to be of UID "uid-23", and the pod's is "other"`},
	} {
		t.Run(test.name, func(t *testing.T) { test.judged(t, r) })
	}
}

// Goal: what refine says of simulated runs is said of their decisions, and not of a few of them. Method: fifty seeds, and how many decisions are
// judged of those in which there is something to judge.
func TestDecisionsAreJudged(t *testing.T) {
	shares := map[string]refine.Share{}
	for seed := uint64(1); seed <= 150; seed++ {
		r, err := Explore(context.Background(), DefaultSize, Seed(seed))
		require.NoError(t, err)
		for name, share := range refine.Shares(history.New(r.Header, r.Lines)) {
			shares[name] = refine.Share{Judged: shares[name].Judged + share.Judged, All: shares[name].All + share.All}
		}
	}
	for _, name := range refine.Components() {
		share := shares[name]
		require.Greater(t, share.All, 20, name)
		require.Greater(t, share.Judged*100, share.All*99, "%s: %+v", name, share)
	}
	t.Log(shares)
}

// kubelets is the line of the kubelet's n-th decision about a pod with that verb.
func kubelets(t *testing.T, lines []trace.Line, verb string, n int) int {
	for i, l := range lines {
		if l.Step == nil || l.Step.Look == nil || !slices.ContainsFunc(l.Step.Plan, func(e trace.Effect) bool { return e.Verb == verb }) {
			continue
		}
		if n--; n < 0 {
			return i
		}
	}
	t.Fatalf("no decision to %s", verb)
	return -1
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
