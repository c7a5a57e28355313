package refine

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: each kind of decision that the model refuses is refused, with the reason, and each that it allows is not. Method: short recordings:
// what the store went through, and one decision in a view of it.

// recording is a trace under construction. Its revisions are the numbers of its lines.
type recording struct {
	lines    []trace.Line
	previous map[string]trace.Revision
}

func (r *recording) add(l trace.Line) *recording {
	l.Seq = int64(len(r.lines) + 1)
	l.Time = l.Seq
	if l.Process == "" {
		l.Process = "controllers"
	}
	r.lines = append(r.lines, l)
	return r
}

func (r *recording) store(resource, name, object string) *recording {
	if r.previous == nil {
		r.previous = map[string]trace.Revision{}
	}
	key := "/registry/" + resource + "/ns/" + name
	rev := trace.Revision{Revision: int64(len(r.lines) + 1), Key: key, Resource: resource, Namespace: "ns", Name: name, Object: json.RawMessage(object), Deleted: object == ""}
	if old, there := r.previous[key]; there && !old.Deleted {
		rev.Previous, rev.Created, rev.UID = old.Revision, old.Created, old.UID
	}
	var body struct{ Metadata struct{ UID string } }
	if object != "" {
		_ = json.Unmarshal(rev.Object, &body)
		rev.UID = body.Metadata.UID
	}
	r.previous[key] = rev
	return r.add(trace.Line{Process: "store", Revision: &rev})
}

// owner stores the owner web, which wants so many pods of the app web; pod a pod of an app with a controller's UID, if any.
func (r *recording) owner(uid string, replicas int, more string) *recording {
	return r.store("replicationcontrollers", "web", fmt.Sprintf(`{"metadata":{"uid":%q%s},"spec":{"replicas":%d,"selector":{"app":"web"}}}`, uid, more, replicas))
}

func podOf(name, app, controller, more string) string {
	ref := ""
	if controller != "" {
		ref = fmt.Sprintf(`,"ownerReferences":[{"uid":%q,"controller":true}]`, controller)
	}
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":"u-%s","labels":{"app":%q}%s}%s}`, name, name, app, ref, more)
}

func (r *recording) pod(name, app, controller, more string) *recording {
	return r.store("pods", name, podOf(name, app, controller, more))
}

// decides is a step of the controller for web in a view of everything so far; does its one effect, and sent the request for it.
func (r *recording) decides(own []trace.Ref, effects ...trace.Effect) *recording {
	return r.decidesAt(int64(len(r.lines)), own, effects...)
}

func (r *recording) decidesAt(view int64, own []trace.Ref, effects ...trace.Effect) *recording {
	return r.add(trace.Line{Step: &trace.Step{Component: "replication-controller", Key: "ns/web", View: map[string]int64{"replicationcontrollers": view, "pods": view}, Own: own, Plan: effects}})
}

func does(id, verb, pod string) trace.Effect {
	return trace.Effect{Call: id, Verb: verb, Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: pod}}
}

func looks(id string) trace.Effect {
	return trace.Effect{Call: id, Verb: "get", Object: trace.Ref{Resource: "replicationcontrollers", Namespace: "ns", Name: "web"}}
}

func (r *recording) sends(id, verb, pod, body string) *recording {
	return r.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: "pods", Namespace: "ns", Name: pod, Body: json.RawMessage(body)}})
}

// reads is a live read of the owner, which showed that version of it; 0: there was none.
func (r *recording) reads(id, uid string, version int64) *recording {
	r.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "get", Resource: "replicationcontrollers", Namespace: "ns", Name: "web"}})
	if version == 0 {
		return r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.Failed, Code: notFound}})
	}
	return r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK, Object: &trace.Ref{Resource: "replicationcontrollers", Namespace: "ns", Name: "web", UID: uid, Revision: version}}})
}

func written(pod string, revision int64) []trace.Ref {
	return []trace.Ref{{Resource: "pods", Namespace: "ns", Name: pod, Revision: revision}}
}

func (r *recording) history() *history.History {
	return history.New(trace.Header{Format: trace.Format, Mode: trace.Real}, r.lines)
}

func (r *recording) judge() verdict.Result {
	return Checker{}.Check(context.Background(), r.history(), verdict.DefaultLimits)
}

func TestReplication(t *testing.T) {
	start := func() *recording { return &recording{} }
	leaving := `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"as many are created as are missing", start().owner("o", 2, "").pod("a", "web", "o", "").decides(nil, does("1", "create", "b")), ""},
		{"more are created than are missing", start().owner("o", 2, "").pod("a", "web", "o", "").decides(nil, does("1", "create", "b"), does("2", "create", "c")),
			"2 are created beside 1 that count and 0 that may, and 2 are wanted"},
		{"ended pods do not count", start().owner("o", 1, "").pod("a", "web", "o", `,"status":{"phase":"Failed"}`).decides(nil, does("1", "create", "b")), ""},
		{"pods of another do not count", start().owner("o", 1, "").pod("a", "web", "x", "").decides(nil, does("1", "create", "b")), ""},
		{"pods that do not match do not count", start().owner("o", 1, "").pod("a", "db", "o", "").decides(nil, does("1", "create", "b")), ""},
		{"what the cache did not show yet need not be known", start().owner("o", 1, "").pod("a", "web", "o", "").decidesAt(1, nil, does("1", "create", "b")), ""},
		{"what it has created itself must be", start().owner("o", 1, "").pod("a", "web", "o", "").decidesAt(1, written("a", 2), does("1", "create", "b")),
			"1 are created beside 1 that count and 0 that may, and 1 are wanted"},
		{"what it has sent counts", start().owner("o", 1, "").decides(nil, does("1", "create", "a")).sends("1", "create", "a", podOf("a", "web", "o", "")).
			decidesAt(1, written("a", 0), does("2", "create", "b")), "1 are created beside 0 that count and 1 that may, and 1 are wanted"},
		{"a name is used", start().owner("o", 1, "").pod("a", "web", "", "").decides(nil, does("1", "create", "a")), "pods/ns/a is running: the name is used"},
		{"what is too many is deleted", start().owner("o", 0, "").pod("a", "web", "o", "").decides(nil, does("1", "delete", "a")), ""},
		{"what is not too many is deleted", start().owner("o", 1, "").pod("a", "web", "o", "").decides(nil, does("1", "delete", "a")), "1 of 1 that surely count are deleted, and 1 are wanted"},
		{"another's is deleted", start().owner("o", 0, "").pod("a", "web", "x", "").decides(nil, does("1", "delete", "a")), "pods/ns/a is no pod of the owner's"},
		{"one is deleted that was deleted already", start().owner("o", 0, "").pod("a", "web", "o", "").decides(nil, does("1", "delete", "a")).sends("1", "delete", "a", "").
			decidesAt(2, written("a", 0), does("2", "delete", "a")).sends("2", "delete", "a", ""), "nobody knows yet what became of the last request for pod 0"},
		{"it was held back", start().owner("o", 0, "").pod("a", "web", "o", "").decides(nil, does("1", "delete", "a")).sends("1", "delete", "a", "").
			decidesAt(2, written("a", 0), does("2", "delete", "a")), ""},
		{"a deletion was in doubt, and the pod is gone", start().owner("o", 0, "").pod("a", "web", "o", "").decides(nil, does("1", "delete", "a")).sends("1", "delete", "a", "").owner("o", 1, "").
			add(trace.Line{Step: &trace.Step{Component: "replication-controller", Plan: []trace.Effect{does("2", "get", "a")}}}).sends("2", "get", "a", "").
			add(trace.Line{Return: &trace.Return{ID: "2", Outcome: trace.Failed, Code: notFound}}).decidesAt(5, written("a", 0), does("3", "create", "b")), ""},
		{"a doubtful adoption makes another too many", start().owner("o", 1, "").pod("a", "web", "o", "").pod("b", "web", "", "").
			decides(nil, looks("0")).reads("0", "o", 1).decidesAt(3, nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")).
			decidesAt(3, written("b", 0), does("2", "delete", "a")), "1 of 1 that surely count are deleted, and 1 are wanted"},
		{"an orphan is adopted after a look", start().owner("o", 1, "").pod("b", "web", "", "").decides(nil, looks("0")).reads("0", "o", 1).
			decidesAt(2, nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")), ""},
		{"an orphan is adopted without a look", start().owner("o", 1, "").pod("b", "web", "", "").
			decides(nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")), "the owner was not read live"},
		{"an orphan is adopted for an owner that is gone", start().owner("o", 1, "").pod("b", "web", "", "").decides(nil, looks("0")).reads("0", "", 0).
			decidesAt(2, nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")), "the owner, read live, is gone or going"},
		{"an orphan is adopted for another owner of that name", start().owner("o", 1, "").pod("b", "web", "", "").owner("n", 1, "").decidesAt(2, nil, looks("0")).reads("0", "n", 3).
			decidesAt(2, nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")), "the owner, read live, is gone or going"},
		{"somebody's pod is adopted", start().owner("o", 1, "").pod("b", "web", "x", "").decides(nil, looks("0")).reads("0", "o", 1).
			decidesAt(2, nil, does("1", "update", "b")).sends("1", "update", "b", podOf("b", "web", "o", "")), "somebody controls it"},
		{"what does not match is released", start().owner("o", 1, "").pod("a", "db", "o", "").decides(nil, does("1", "update", "a")).sends("1", "update", "a", podOf("a", "db", "", "")), ""},
		{"what matches is released", start().owner("o", 1, "").pod("a", "web", "o", "").decides(nil, does("1", "update", "a")).sends("1", "update", "a", podOf("a", "web", "", "")),
			"is not one that runs, is the owner's and does not match"},
		{"the owner is being deleted", start().owner("o", 1, leaving).decides(nil, does("1", "create", "a")), "the owner is being deleted"},
		{"the owner is known from the answer to the last write to it", start().owner("o", 1, "").pod("a", "web", "o", "").owner("o", 0, "").
			decidesAt(2, []trace.Ref{{Resource: "replicationcontrollers", Namespace: "ns", Name: "web", Revision: 3}}, does("1", "delete", "a")), ""},
		{"there is no owner", start().owner("o", 1, "").store("replicationcontrollers", "web", "").decides(nil, does("1", "create", "a")), "there is no owner"},
		{"a step of nobody's is not judged", start().owner("o", 0, "").add(trace.Line{Step: &trace.Step{Component: "somebody", Key: "ns/web", Plan: []trace.Effect{does("1", "create", "a")}}}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Contains(t, result.Findings[0].Text, test.why)
			require.NotEmpty(t, result.Findings[0].Nearest)
		})
	}
}

// Goal: a cache that goes back is found, and one that begins to count anew is not. Method: two steps of one process.
func TestForward(t *testing.T) {
	step := func(pods, runtime int64) trace.Line {
		return trace.Line{Process: "kubelet-a", Step: &trace.Step{Component: "kubelet", Key: "ns/a", View: map[string]int64{"pods": pods, "runtime": runtime}}}
	}
	for _, c := range []struct {
		pods, runtime int64
		broken        bool
	}{{1, 9, false}, {3, 1, false}, {0, 9, true}} {
		result := (&recording{}).pod("a", "web", "", "").add(step(1, 8)).add(step(c.pods, c.runtime)).judge()
		require.Equal(t, c.broken, len(result.Findings) > 0, "%+v", c)
		if c.broken {
			require.ErrorIs(t, result.Findings[0].Guarantee, Forward)
		}
	}
}

func (r *recording) node(name, cpu, more string) *recording {
	return r.add(trace.Line{Process: "store", Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: "/registry/minions/" + name, Resource: "nodes", Name: name, UID: "u-" + name,
		Object: json.RawMessage(fmt.Sprintf(`{"metadata":{"uid":"u-%s"}%s,"status":{"allocatable":{"cpu":%q,"pods":"2"}}}`, name, more, cpu))}})
}

// asking stores a pod that asks for so much cpu and has no node, or that node.
func (r *recording) asking(name, cpu, node, more string) *recording {
	return r.store("pods", name, fmt.Sprintf(`{"metadata":{"uid":"u-%s"%s},"spec":{"schedulerName":"default-scheduler","nodeName":%q,"containers":[{"name":"main","resources":{"requests":{"cpu":%q}}}]}}`, name, more, node, cpu))
}

// binds is a step of the scheduler that gives a pod a node, in a view of everything so far but what comes after a line, and its request.
func (r *recording) binds(id, pod, node string, view int64, own ...trace.Ref) *recording {
	r.add(trace.Line{Process: "scheduler", Step: &trace.Step{Component: "default-scheduler", Key: "ns/" + pod, View: map[string]int64{"pods": view, "nodes": view}, Own: own,
		Plan: []trace.Effect{{Call: id, Verb: "create", Subresource: "binding", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: pod}}}}})
	return r.add(trace.Line{Process: "scheduler", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "create", Resource: "pods", Namespace: "ns", Name: pod, Subresource: "binding",
		Body: json.RawMessage(`{"target":{"kind":"Node","name":"` + node + `"}}`)}})
}

// refused is the answer to a request that was refused.
func (r *recording) refused(id string) *recording {
	return r.add(trace.Line{Process: "scheduler", Return: &trace.Return{ID: id, Outcome: trace.Failed, Code: 409}})
}

// unanswered is a request that is not answered.
func (r *recording) unanswered(e trace.Effect) *recording {
	return r.add(trace.Line{Process: "scheduler", Call: &trace.Call{ID: e.Call, Client: e.Call, Layer: trace.API, Verb: e.Verb, Resource: e.Object.Resource, Namespace: "ns", Name: e.Object.Name}})
}

// deletes is a step of the scheduler that has a pod deleted, and its request, which is not answered.
func (r *recording) deletes(id, pod string) *recording {
	r.add(trace.Line{Process: "scheduler", Step: &trace.Step{Component: "default-scheduler", Key: "ns/c", Plan: []trace.Effect{does(id, "delete", pod)}}})
	return r.add(trace.Line{Process: "scheduler", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "delete", Resource: "pods", Namespace: "ns", Name: pod}})
}

func TestScheduler(t *testing.T) {
	start := func() *recording { return (&recording{}).node("n", "1", "") }
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"it fits", start().asking("a", "1", "", "").binds("1", "a", "n", 2), ""},
		{"it does not fit", start().asking("a", "1001m", "", "").binds("1", "a", "n", 2), "node n has 1000 of cpu in thousandths, of which 0 are used and 1001 are asked for"},
		{"another is there", start().asking("a", "600m", "", "").asking("b", "600m", "n", "").binds("1", "a", "n", 3), "of which 600 are used and 600 are asked for"},
		{"another is there that has ended", start().asking("a", "600m", "", "").store("pods", "b", `{"metadata":{"uid":"u"},"spec":{"nodeName":"n","containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":{"phase":"Failed"}}`).binds("1", "a", "n", 3), ""},
		{"another was not seen yet", start().asking("a", "600m", "", "").asking("b", "600m", "n", "").binds("1", "a", "n", 2), ""},
		{"another was put there by itself", start().asking("a", "600m", "", "").asking("b", "600m", "", "").binds("1", "a", "n", 3).binds("2", "b", "n", 3, written("a", 0)...), "of which 600 are used"},
		{"another was put there by itself, and a deletion was held back since", start().asking("a", "600m", "", "").asking("b", "600m", "", "").binds("1", "a", "n", 3).
			add(trace.Line{Process: "scheduler", Step: &trace.Step{Component: "default-scheduler", Key: "ns/c", Own: written("a", 0), Plan: []trace.Effect{does("held", "delete", "a")}}}).
			binds("2", "b", "n", 3, written("a", 0)...), "of which 600 are used"},
		{"another was put there by itself, and its deletion was asked for since", start().asking("a", "600m", "", "").asking("b", "600m", "", "").binds("1", "a", "n", 3).
			deletes("3", "a").binds("2", "b", "n", 3, written("a", 0)...), "of which 600 are used"},
		{"and that is known by now", start().asking("a", "600m", "", "").asking("b", "600m", "", "").asking("a", "600m", "n", "").binds("2", "b", "n", 3, written("a", 4)...), "of which 600 are used"},
		{"and it is gone by now", start().asking("a", "600m", "", "").asking("b", "600m", "", "").binds("1", "a", "n", 3).store("pods", "a", "").binds("2", "b", "n", 3, written("a", 6)...), ""},
		{"it was read live in the place of one that did not fit", start().asking("a", "1001m", "", "").store("pods", "a", "").asking("a", "1", "", "").binds("1", "a", "n", 2, written("a", 4)...), ""},
		{"it was read live, and does not fit as the one before it did", start().asking("a", "1", "", "").store("pods", "a", "").asking("a", "1001m", "", "").binds("1", "a", "n", 2, written("a", 4)...),
			"of which 0 are used and 1001 are asked for"},
		{"there are as many pods as may be", start().asking("a", "0", "", "").asking("b", "0", "n", "").asking("c", "0", "n", "").binds("1", "a", "n", 4), "node n has 2000 of pods in thousandths"},
		{"the node is cordoned", (&recording{}).node("n", "1", `,"spec":{"unschedulable":true}`).asking("a", "1", "", "").binds("1", "a", "n", 2), "node n has a taint that the pod does not tolerate"},
		{"the node is not there", start().asking("a", "1", "", "").binds("1", "a", "m", 2), "node m is not there"},
		{"the pod has a node", start().asking("a", "1", "m", "").binds("1", "a", "n", 2), "pods/ns/a has node 2 already"},
		{"the pod is being deleted", start().asking("a", "1", "", `,"deletionTimestamp":"2026-01-01T00:00:30Z"`).binds("1", "a", "n", 2), "pods/ns/a is being deleted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
}

// ranked stores a pod of a priority; on is a part of its spec, and more of its status.
func (r *recording) ranked(name, cpu string, priority int, on, more string) *recording {
	return r.store("pods", name, fmt.Sprintf(`{"metadata":{"uid":"u-%s"},"spec":{"schedulerName":"default-scheduler","priority":%d%s,"containers":[{"name":"main","resources":{"requests":{"cpu":%q}}}]},"status":{%s}}`, name, priority, on, cpu, more))
}

const onN = `,"nodeName":"n"`

// preempts is a step of the scheduler that has the node n promised to a pod and others deleted, and its first request.
func (r *recording) preempts(pod string, view int64, victims ...string) *recording {
	var deletions []trace.Effect
	for _, v := range victims {
		deletions = append(deletions, ends(v))
	}
	return r.promises("told", pod, view, nil, deletions...)
}

// ends is a deletion, of which the request is named like the pod.
func ends(pod string) trace.Effect {
	return trace.Effect{Call: pod, Verb: "delete", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: pod, UID: "u-" + pod}}
}

// promises is a step of the scheduler that has the node n promised to a pod by a request of that name, which is sent, and then does the rest.
func (r *recording) promises(id, pod string, view int64, own []trace.Ref, rest ...trace.Effect) *recording {
	r.add(trace.Line{Process: "scheduler", Step: &trace.Step{Component: "default-scheduler", Key: "ns/" + pod, View: map[string]int64{"pods": view, "nodes": view}, Own: own,
		Plan: append([]trace.Effect{{Call: id, Verb: "update", Subresource: "status", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: pod}}}, rest...)}})
	return r.add(trace.Line{Process: "scheduler", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "update", Resource: "pods", Namespace: "ns", Name: pod, Subresource: "status",
		Body: json.RawMessage(`{"status":{"nominatedNodeName":"n"}}`)}})
}

// Goal: victims that the model refuses are found, and promises count (rows 52 and 53). Method: a node with two pods, and a third that wants room.
func TestPreemption(t *testing.T) {
	start := func() *recording {
		return (&recording{}).node("n", "1", "").ranked("low", "600m", 1, onN, "").ranked("mid", "400m", 2, onN, "")
	}
	two := func() *recording {
		return (&recording{}).node("n", "1", "").node("m", "1", "").ranked("b", "800m", 9, "", `"nominatedNodeName":"n"`).ranked("a", "500m", 1, "", "")
	}
	// own: low is put on the node and is then to go for a, after what is done besides.
	const done = "done"
	tells := trace.Effect{Call: "3", Verb: "create", Object: trace.Ref{Resource: "events", Namespace: "ns", Name: "e"}}
	own := func(bind string, besides ...trace.Effect) *recording {
		r := (&recording{}).node("n", "1", "").ranked("low", "600m", 1, "", "").ranked("a", "500m", 9, "", "").ranked("b", "500m", 9, "", "").binds("1", "low", "n", 4)
		if bind == done {
			r.add(trace.Line{Process: "scheduler", Return: &trace.Return{ID: "1", Outcome: trace.OK}})
		}
		return r.promises("told", "a", 4, written("low", 0), append(besides, does("low", "delete", "low"))...)
	}
	twice := append(written("low", 0), written("low", 0)...)
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"the lower one goes", start().ranked("a", "500m", 9, "", "").preempts("a", 4, "low"), ""},
		{"both go, and must", start().ranked("a", "1", 9, "", "").preempts("a", 4, "low", "mid"), ""},
		{"both go, and one need not", start().ranked("a", "500m", 9, "", "").preempts("a", 4, "low", "mid"), "pods/ns/mid need not be deleted"},
		{"an equal goes (row 52)", start().ranked("a", "500m", 1, "", "").preempts("a", 4, "low"), "pods/ns/low has priority 1, and pods/ns/a has 1: it is no lower"},
		{"it does not fit even so", start().ranked("a", "700m", 9, "", "").preempts("a", 4, "low"), "does not fit even without them"},
		{"it is leaving already", start().ranked("a", "500m", 9, "", "").store("pods", "low", `{"metadata":{"uid":"u-low","deletionTimestamp":"2026-01-01T00:00:30Z"},"spec":{"priority":1,"nodeName":"n","containers":[{"resources":{"requests":{"cpu":"600m"}}}]}}`).
			preempts("a", 5, "mid"), "pods/ns/mid need not be deleted"},
		{"it fits without", start().ranked("a", "500m", 9, "", "").store("pods", "low", "").preempts("a", 5, "mid"), "node n would do"},
		{"it is never to preempt", start().ranked("a", "500m", 9, `,"preemptionPolicy":"Never"`, "").preempts("a", 4, "low"), "never to preempt"},
		{"one elsewhere goes", start().ranked("b", "600m", 1, `,"nodeName":"m"`, "").ranked("a", "500m", 9, "", "").preempts("a", 5, "b"), "pods/ns/b is not on node n"},
		{"the room is promised to another", start().ranked("b", "500m", 9, "", `"nominatedNodeName":"n"`).ranked("a", "500m", 9, "", "").preempts("a", 5, "low"), "does not fit even without them"},
		{"the room is promised to a lower one", start().ranked("b", "500m", 8, "", `"nominatedNodeName":"n"`).ranked("a", "500m", 9, "", "").preempts("a", 5, "low"), ""},
		{"who wants nothing deleted waits for nothing", start().ranked("a", "500m", 9, "", "").preempts("a", 4), "does not fit even without them"},
		{"what is promised is given to another (row 53)", (&recording{}).node("n", "1", "").ranked("b", "800m", 9, "", `"nominatedNodeName":"n"`).ranked("a", "500m", 9, "", "").binds("1", "a", "n", 3), "of which 800 are used"},
		{"what is promised is given to a higher one", (&recording{}).node("n", "1", "").ranked("b", "800m", 8, "", `"nominatedNodeName":"n"`).ranked("a", "500m", 9, "", "").binds("1", "a", "n", 3), ""},
		{"who was promised it is given another, which is refused only later", two().binds("1", "b", "m", 4).binds("2", "a", "n", 4, written("b", 0)...).refused("1"), ""},
		{"who was promised it was to have another, which was refused", two().binds("1", "b", "m", 4).refused("1").binds("2", "a", "n", 4), "of which 800 are used"},
		{"the own promise counts before it is seen (S13)", (&recording{}).node("n", "1", "").ranked("low", "800m", 1, onN, "").ranked("b", "800m", 9, "", "").preempts("b", 3, "low").store("pods", "low", "").
			ranked("a", "500m", 1, "", "").binds("1", "a", "n", 7, written("b", 0)...), "of which 800 are used"},
		{"one that it has put there is to go, of which the cache shows neither (seed 206761)", own(done).promises("2", "b", 4, twice), ""},
		{"it is not known whether that was put there, and its deletion is held back", own("").promises("2", "b", 4, written("low", 0)), "does not fit even without them"},
		{"it is not to go any more, as it was not promised", own(done).refused("told").promises("2", "b", 4, written("low", 0)), "does not fit even without them"},
		{"nor where its end was only told to users", own(done, tells).unanswered(tells).refused("told").promises("2", "b", 4, written("low", 0)), "does not fit even without them"},
		{"it was not promised, and is to go until all that was asked for at once is answered", own(done, does("3", "update", "c")).unanswered(does("3", "update", "c")).refused("told").promises("2", "b", 4, twice), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
}

// Goal: what a process of a component does is refused where no step of its had decided it, or had decided something else. Method: a request and a
// container, and steps that fit them less and less.
func TestDecided(t *testing.T) {
	request := func(step *trace.Step) []trace.Line {
		return []trace.Line{{Process: "c", Step: step}, {Process: "c", Call: &trace.Call{ID: "1", Client: "1", Layer: trace.API, Verb: "delete", Resource: "pods", Namespace: "ns", Name: "a", UID: "u", ResourceVersion: "7"}}}
	}
	deletes := func(change func(e *trace.Effect)) *trace.Step {
		e := trace.Effect{Call: "1", Verb: "delete", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: "a", UID: "u"}, ResourceVersion: "7"}
		change(&e)
		return &trace.Step{Component: "c", Key: "ns/a", Plan: []trace.Effect{e}}
	}
	late := request(deletes(func(*trace.Effect) {}))
	late[0], late[1] = late[1], late[0]
	container := func(state string, e trace.Effect) []trace.Line {
		e.Object.UID, e.Object.Key = "u", "main"
		return []trace.Line{{Process: "kubelet-n", Step: &trace.Step{Component: "k", Plan: []trace.Effect{e}}},
			{Process: "runtime-n", Container: &trace.Container{Node: "n", PodUID: "u", Namespace: "ns", Pod: "a", Container: "main", Attempt: 2, ID: "x", State: state}}}
	}
	// named is a create to which the server gave a name.
	named := func(decided, asked string) []trace.Line {
		pod := trace.Ref{Resource: "pods", Namespace: "ns", Name: decided}
		return []trace.Line{{Process: "c", Step: &trace.Step{Component: "c", Key: "ns/a", Plan: []trace.Effect{{Call: "1", Verb: "create", Object: pod}}}},
			{Process: "c", Call: &trace.Call{ID: "1", Client: "1", Layer: trace.API, Verb: "create", Resource: "pods", Namespace: "ns", Name: asked}},
			{Process: "c", Return: &trace.Return{ID: "1", Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "a-1", UID: "u", Revision: 9}}}}
	}
	for _, test := range []struct {
		name  string
		lines []trace.Line
		why   string // empty: allowed
	}{
		{"a name that is left to the server", named("", ""), ""},
		{"another name than the server gives", named("b", ""), "what line 1 had decided is create of pods/ns/b"},
		{"a name that was not decided", named("", "a-1"), "what line 1 had decided is create of pods/ns/"},
		{"as decided", request(deletes(func(*trace.Effect) {})), ""},
		{"by someone who tells no steps", late[:1], ""},
		{"an Event", []trace.Line{{Process: "c", Step: &trace.Step{Component: "c"}}, {Process: "c", Call: &trace.Call{ID: "1", Client: "1", Layer: trace.API, Verb: "create", Resource: "events", Namespace: "ns", Name: "a"}}}, ""},
		{"by nothing", request(&trace.Step{Component: "c"}), "c asked for delete of pods/ns/a, and no step before had decided that"},
		{"afterwards", late, "no step before had decided that"},
		{"another verb", request(deletes(func(e *trace.Effect) { e.Verb = "update" })), "what line 1 had decided is update of pods/ns/a"},
		{"a part of it", request(deletes(func(e *trace.Effect) { e.Subresource = "status" })), "what line 1 had decided is delete status of pods/ns/a"},
		{"another object", request(deletes(func(e *trace.Effect) { e.Object.Name = "b" })), "what line 1 had decided is delete of pods/ns/b"},
		{"another of that name", request(deletes(func(e *trace.Effect) { e.Object.UID = "v" })), `if it has UID "u" and resourceVersion "7", and line 1 had decided UID "v" and resourceVersion "7"`},
		{"another version", request(deletes(func(e *trace.Effect) { e.ResourceVersion = "" })), `had decided UID "u" and resourceVersion ""`},
		{"a container as decided", container("created", trace.Effect{Verb: "create container", Object: trace.Ref{Attempt: 2}}), ""},
		{"another attempt", container("created", trace.Effect{Verb: "create container", Object: trace.Ref{Attempt: 1}}), "on node n container main, attempt 2, of pod ns/a with UID u was created, and no step"},
		{"started as decided", container("started", trace.Effect{Verb: "start container", Object: trace.Ref{ID: "x"}}), ""},
		{"started by its name, as older traces tell it", container("started", trace.Effect{Verb: "start container"}), ""},
		{"another started", container("started", trace.Effect{Verb: "start container", Object: trace.Ref{ID: "y"}}), "was started, and no step"},
		{"it exits by itself", container("exited", trace.Effect{Verb: "get"}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recording{}
			for _, l := range test.lines {
				r.add(l)
			}
			result := r.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.ErrorIs(t, result.Findings[0].Guarantee, Decided)
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
}

// Goal: a step that does not tell its view is refused only if no view that it may have had allows it; where there are too many to try, nothing is
// said. Method: recordings in which the decision fits the newest view, an older one, one that no list shows whole, or none.
func TestUntoldViews(t *testing.T) {
	start := func() *recording { return (&recording{}).owner("o", 1, "") }
	untold := func(r *recording, effects ...trace.Effect) *recording {
		return r.add(trace.Line{Process: "controller", Step: &trace.Step{Component: "replication-controller", Key: "ns/web", Plan: effects}})
	}
	creates := func(r *recording, id, pod string) *recording {
		untold(r, does(id, "create", pod))
		r.sends(id, "create", pod, podOf(pod, "web", "o", ""))
		r.lines[len(r.lines)-1].Process = "controller"
		r.pod(pod, "web", "o", "")
		v := r.lines[len(r.lines)-1].Revision
		return r.add(trace.Line{Process: "controller", Return: &trace.Return{ID: id, Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: pod, UID: v.UID, Revision: v.Revision}}})
	}
	many := start().pod("a", "web", "o", "")
	for range most {
		many.pod("b", "db", "", "")
	}
	for _, test := range []struct {
		name    string
		run     *recording
		why     string // empty: allowed
		unknown string
	}{
		{"the newest allows it", untold(start(), does("1", "create", "a")), "", ""},
		{"an older one does", untold(start().pod("a", "web", "o", ""), does("1", "create", "b")), "", ""},
		{"none does", untold(start().pod("a", "db", "", ""), does("1", "create", "b"), does("2", "create", "c")), "in the newest of the 4 views that it may have had: 2 are created beside 0", ""},
		{"only one that no list shows does: its own write, and not what was before it", untold(creates((&recording{}).owner("o", 2, "").pod("b", "web", "o", "").pod("b", "db", "o", ""), "1", "a").
			owner("o", 1, ""), does("2", "delete", "b")), "", ""},
		{"what it made itself is not its view", creates(start(), "1", "a"), "", ""},
		{"there are too many", untold(many, does("1", "create", "b"), does("2", "create", "c")), "", "older ones were not tried"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			if test.unknown != "" {
				require.Len(t, result.Unknown, 1)
				require.Contains(t, result.Unknown[0], test.unknown)
			} else {
				require.Empty(t, result.Unknown)
			}
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Contains(t, result.Findings[0].Text, test.why)
			require.NotEmpty(t, result.Findings[0].Nearest)
		})
	}
}
