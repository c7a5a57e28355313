package refine

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// Goal: each kind of decision that the kubelet's model refuses is refused, with the reason, and the steps of a pod's life are not. Method: the
// pod "a" of node "n" in the store, one look at the runtime, and one decision.

// turn is a decision of the kubelet of node n about pod a.
type turn struct {
	*recording
	step trace.Step
	sent []trace.Line
}

// stored is the pod a of a UID: what is in its metadata besides, its spec and its status.
func stored(uid, more, spec, status string) string {
	return fmt.Sprintf(`{"metadata":{"name":"a","uid":%q%s},"spec":%s,"status":%s}`, uid, more, spec, status)
}

// Specs: one main container; an init container before it; two main ones; a sidecar beside it.
func oneOf(policy string) string {
	return fmt.Sprintf(`{"nodeName":"n","restartPolicy":%q,"containers":[{"name":"main"}]}`, policy)
}

func initOf(policy string) string {
	return fmt.Sprintf(`{"nodeName":"n","restartPolicy":%q,"initContainers":[{"name":"init"}],"containers":[{"name":"main"}]}`, policy)
}

const (
	twoMain = `{"nodeName":"n","restartPolicy":"Never","containers":[{"name":"main"},{"name":"more"}]}`
	sided   = `{"nodeName":"n","restartPolicy":"Never","initContainers":[{"name":"side","restartPolicy":"Always"}],"containers":[{"name":"main"}]}`
	limited = `{"nodeName":"n","restartPolicy":"Always","activeDeadlineSeconds":5,"containers":[{"name":"main"}]}`
	leaving = `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	none    = `{"phase":"Pending"}`
	runs0   = `{"phase":"Running","containerStatuses":[{"name":"main","containerID":"x","state":{"running":{}}}]}`
	well0   = `{"phase":"Running","containerStatuses":[{"name":"main","containerID":"x","state":{"terminated":{"exitCode":0}}}]}`
	badly1  = `{"phase":"Running","containerStatuses":[{"name":"main","containerID":"x","restartCount":1,"state":{"terminated":{"exitCode":1}}}]}`
	back0   = `{"phase":"Running","containerStatuses":[{"name":"main","containerID":"x","state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1}}}]}`
	waits0  = `{"phase":"Pending","containerStatuses":[{"name":"main","state":{"waiting":{}}}]}`
	failed  = `{"phase":"Failed","containerStatuses":[{"name":"main","containerID":"x","state":{"terminated":{"exitCode":1}}}]}`
)

// holds begins a recording in which the store has the pod, of UID "u".
func holds(more, spec, status string) *turn {
	return (&turn{recording: &recording{}}).then(stored("u", more, spec, status))
}

// then stores another version of the pod; empty: it is gone. The decision is about that.
func (s *turn) then(object string) *turn {
	s.store("pods", "a", object)
	n := int64(len(s.lines))
	s.step = trace.Step{Component: "kubelet", Key: "ns/a", View: map[string]int64{"pods": n, "runtime": n}, Look: &trace.Look{}}
	return s
}

// at sets what the decision calls its view.
func (s *turn) at(pods, runtime int64) *turn {
	s.step.View = map[string]int64{"pods": pods, "runtime": runtime}
	return s
}

// seen is what the look showed: words like "u/0 ready", a sandbox by UID and attempt, and "u/0/main/1 exited 3", attempt 1 of the container main in
// it, with its exit code.
func (s *turn) seen(list ...string) *turn {
	for _, text := range list {
		words := strings.Fields(text)
		parts := strings.Split(words[0], "/")
		one := trace.Seen{UID: parts[0], ID: words[0], State: words[1]}
		if one.Attempt, _ = strconv.Atoi(parts[1]); len(parts) > 2 {
			one.Container, one.Sandbox = parts[2], parts[0]+"/"+parts[1]
			one.Attempt, _ = strconv.Atoi(parts[3])
		}
		if len(words) > 2 {
			one.ExitCode, _ = strconv.Atoi(words[2])
		}
		s.step.Look.Seen = append(s.step.Look.Seen, one)
	}
	return s
}

func (s *turn) stale() *turn {
	s.step.Look.Stale = true
	return s
}

func (s *turn) plans(e trace.Effect) *turn {
	e.Object.Resource, e.Object.Namespace, e.Object.Name = "pods", "ns", "a"
	s.step.Plan = append(s.step.Plan, e)
	return s
}

// calls plans a call about a sandbox, or about a container: by "UID/attempt" or "UID/attempt/name/attempt", as in seen.
func (s *turn) calls(verb, what string) *turn {
	parts := strings.Split(what, "/")
	ref := trace.Ref{UID: parts[0]}
	switch {
	case verb == "run sandbox":
		ref.Attempt, _ = strconv.Atoi(parts[1])
	case len(parts) == 2:
		ref.Key = what
	case verb == "create container":
		ref.Key = parts[2]
		ref.Attempt, _ = strconv.Atoi(parts[3])
	default:
		ref.Key, ref.ID = parts[2], what
	}
	return s.plans(trace.Effect{Verb: verb, Object: ref})
}

// shows plans to write the status, to the version of the view.
func (s *turn) shows(status string) *turn { return s.showsOf("u", s.step.View["pods"], status) }

func (s *turn) showsOf(uid string, version int64, status string) *turn {
	id := fmt.Sprint("w", len(s.lines))
	s.sent = append(s.sent, trace.Line{Process: "kubelet-n", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "update", Resource: "pods", Namespace: "ns", Name: "a",
		Subresource: "status", UID: uid, ResourceVersion: fmt.Sprint(version), Body: json.RawMessage(stored(uid, fmt.Sprintf(`,"resourceVersion":"%d"`, version), oneOf("Never"), status))}})
	return s.plans(trace.Effect{Call: id, Verb: "update", Subresource: "status", Object: trace.Ref{UID: uid}, ResourceVersion: fmt.Sprint(version)})
}

// finishes plans to remove the pod for good.
func (s *turn) finishes() *turn { return s.finishesOf("u", s.step.View["pods"]) }

func (s *turn) finishesOf(uid string, version int64) *turn {
	id := fmt.Sprint("d", len(s.lines))
	s.sent = append(s.sent, trace.Line{Process: "kubelet-n", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "delete", Resource: "pods", Namespace: "ns", Name: "a",
		UID: uid, ResourceVersion: fmt.Sprint(version)}})
	return s.plans(trace.Effect{Call: id, Verb: "delete", Object: trace.Ref{UID: uid}, ResourceVersion: fmt.Sprint(version)})
}

// next takes the decision, and begins another in the same view of the store, which does not show what was written: the outcome is open.
func (s *turn) next() *turn {
	view := s.step.View
	return s.decided().at(view["pods"], view["runtime"]+1).owns(0)
}

// owns adds a version of the pod that was written, and that the view does not show; 0: nobody knows which.
func (s *turn) owns(version int64) *turn {
	s.step.Own = append(s.step.Own, trace.Ref{Resource: "pods", Namespace: "ns", Name: "a", Revision: version})
	return s
}

// decided takes the decision.
func (s *turn) decided() *turn {
	step := s.step
	s.add(trace.Line{Process: "kubelet-n", Step: &step})
	for _, l := range s.sent {
		s.add(l)
	}
	s.sent, s.step = nil, trace.Step{Component: "kubelet", Key: "ns/a", Look: &trace.Look{}}
	return s
}

// asks has the kubelet ask the API for the pod, and there is none.
func (s *turn) asks() *turn {
	view, id := s.step.View, fmt.Sprint("g", len(s.lines))
	s.add(trace.Line{Process: "kubelet-n", Step: &trace.Step{Component: "kubelet", Plan: []trace.Effect{{Call: id, Verb: "get", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: "a"}}}}})
	s.add(trace.Line{Process: "kubelet-n", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "get", Resource: "pods", Namespace: "ns", Name: "a"}})
	s.add(trace.Line{Process: "kubelet-n", Return: &trace.Return{ID: id, Outcome: trace.Failed, Code: notFound}})
	s.step.Own = nil
	return s.at(view["pods"], view["runtime"])
}

var heldBack = trace.Effect{Call: "never", Verb: "update", Subresource: "status", Object: trace.Ref{UID: "u"}}

func TestKubelet(t *testing.T) {
	for _, test := range []struct {
		name string
		run  *turn
		why  string // empty: allowed
	}{
		{"a sandbox is run", holds("", oneOf("Always"), none).calls("run sandbox", "u/0"), ""},
		{"a container is created", holds("", oneOf("Always"), none).seen("u/0 ready").calls("create container", "u/0/main/0"), ""},
		{"it is started", holds("", oneOf("Never"), waits0).seen("u/0 ready", "u/0/main/0 created").calls("start container", "u/0/main/0"), ""},
		{"it is shown to run", holds("", oneOf("Never"), none).seen("u/0 ready", "u/0/main/0 running").shows(runs0), ""},
		{"it is shown to have ended, and the pod with it", holds("", oneOf("Never"), runs0).seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), ""},
		{"it is started again", holds("", oneOf("Always"), back0).seen("u/0 ready", "u/0/main/0 exited 1").calls("create container", "u/0/main/1"), ""},
		{"the init container comes first", holds("", initOf("Always"), none).seen("u/0 ready").calls("create container", "u/0/init/0"), ""},
		{"then the main one", holds("", initOf("Always"), none).seen("u/0 ready", "u/0/init/0 exited 0").calls("create container", "u/0/main/0"), ""},
		{"one of two is started", holds("", twoMain, none).seen("u/0 ready", "u/0/main/0 exited 0", "u/0/more/0 created").calls("start container", "u/0/more/0"), ""},
		{"one of two has ended", holds("", twoMain, none).seen("u/0 ready", "u/0/main/0 exited 0", "u/0/more/0 running").shows(well0), ""},
		{"a sandbox has died", holds("", oneOf("Always"), runs0).seen("u/0 dead", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"it is replaced", holds("", oneOf("Always"), badly1).seen("u/0 dead", "u/0/main/1 exited 1").calls("stop sandbox", "u/0").calls("run sandbox", "u/1"), ""},
		{"it goes when nothing newest is in it", holds("", oneOf("Always"), badly1).seen("u/1 ready", "u/0 dead", "u/1/main/2 running").calls("remove sandbox", "u/0"), ""},
		{"what an older attempt left goes", holds("", oneOf("Always"), badly1).seen("u/0 ready", "u/0/main/2 running", "u/0/main/1 exited 1", "u/0/main/0 exited 1").calls("remove container", "u/0/main/0"), ""},
		{"a pod that has ended keeps its records", holds("", oneOf("Never"), failed).seen("u/0 ready", "u/0/main/0 exited 1").calls("stop sandbox", "u/0"), ""},
		{"a deleted pod is stopped", holds(leaving, oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"it is shown to have ended whatever its policy", holds(leaving, oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), ""},
		{"then it is removed", holds(leaving, oneOf("Always"), failed).seen("u/0 ready", "u/0/main/0 exited 1").calls("stop sandbox", "u/0").calls("remove sandbox", "u/0"), ""},
		{"and from the API", holds(leaving, oneOf("Always"), failed).finishes(), ""},
		{"a pod that is gone is stopped", holds("", oneOf("Always"), runs0).then("").seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"and removed", holds("", oneOf("Always"), runs0).then("").seen("u/0 ready", "u/0/main/0 exited 137").calls("stop sandbox", "u/0").calls("remove sandbox", "u/0"), ""},
		{"a pod is rejected", holds("", oneOf("Always"), none).shows(`{"phase":"Failed","reason":"OutOfcpu"}`), ""},
		{"a container whose probe may have failed is stopped", holds("", `{"nodeName":"n","containers":[{"name":"main","livenessProbe":{}}]}`, runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"a container whose hook may have failed is stopped", holds("", `{"nodeName":"n","containers":[{"name":"main","lifecycle":{"postStart":{}}}]}`, runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"but not for what is done before it is stopped", holds("", `{"nodeName":"n","containers":[{"name":"main","lifecycle":{"preStop":{}}}]}`, runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"),
			"the pod is wanted, and its sandbox is ready"},
		{"a container whose definition may have changed is stopped", holds(`,"generation":2`, oneOf("Never"), runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"a pod whose time may be over is stopped", holds("", limited, runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"), ""},
		{"it has failed", holds("", limited, runs0).seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), ""},
		{"one of which the runtime cannot tell is stopped", holds("", oneOf("Never"), runs0).seen("u/0 ready", "u/0/main/0 unknown").calls("stop container", "u/0/main/0"), ""},
		{"it is not shown to have ended", holds("", oneOf("Never"), waits0).seen("u/0 ready", "u/0/main/0 unknown").shows(`{"phase":"Pending","containerStatuses":[{"name":"main","containerID":"x","state":{"waiting":{}}}]}`), ""},
		{"a status is shown by an old look", holds("", oneOf("Never"), waits0).stale().seen("u/0 ready", "u/0/main/0 running").shows(runs0), ""},
		{"a sidecar is started, and again", holds("", sided, none).seen("u/0 ready", "u/0/side/0 exited 0").calls("create container", "u/0/side/1"), ""},
		{"a sidecar is stopped when the others are over", holds("", sided, well0).seen("u/0 ready", "u/0/main/0 exited 0", "u/0/side/0 running").calls("stop container", "u/0/side/0"), ""},

		{"nothing was listed", holds("", oneOf("Always"), none).at(1, 0).calls("run sandbox", "u/0"), "run sandbox 0 of UID u: not every source has been listed"},
		{"the outcome of the last call was not looked up", holds("", oneOf("Always"), none).stale().calls("run sandbox", "u/0"), "the look at the runtime is older than the last call"},
		{"the sandbox is ready", holds("", oneOf("Always"), none).seen("u/0 ready").calls("run sandbox", "u/1"), "its sandbox is ready"},
		{"a container runs in the dead sandbox", holds("", oneOf("Always"), runs0).seen("u/0 dead", "u/0/main/0 running").calls("run sandbox", "u/1"), "a container still runs, in a sandbox that has died"},
		{"the pod is being deleted", holds(leaving, oneOf("Always"), none).calls("run sandbox", "u/0"), "the pod is being deleted"},
		{"the pod has ended", holds("", oneOf("Always"), failed).calls("run sandbox", "u/0"), "the pod has ended"},
		{"another of the name is there", holds("", oneOf("Always"), none).seen("old/0 dead").calls("run sandbox", "u/0"), "something is left of another pod of this name"},
		{"nothing is to be started", holds("", oneOf("Never"), well0).seen("u/0 dead", "u/0/main/0 exited 0").calls("run sandbox", "u/1"), "no container of the pod is to be started"},
		{"a container that is wanted is stopped", holds("", oneOf("Never"), runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop container", "u/0/main/0"),
			"stop container main of UID u: the pod is wanted, and its sandbox is ready"},
		{"a pod whose time may be over has failed, and runs", holds("", limited, runs0).seen("u/0 ready", "u/0/main/0 running").shows(failed), "an end, and a container may be running"},
		{"what runs is removed", holds(leaving, oneOf("Never"), runs0).seen("u/0 ready", "u/0/main/0 running").calls("remove container", "u/0/main/0"), "it may be running"},
		{"an older attempt runs and is removed", holds("", oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/1 exited 1", "u/0/main/0 running").calls("remove container", "u/0/main/0"), "it may be running"},
		{"the newest record is removed", holds("", oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/0 exited 1").calls("remove container", "u/0/main/0"), "it is the record of how the container ended"},
		{"what was just created is removed", holds("", oneOf("Always"), none).seen("u/0 ready", "u/0/main/0 created").calls("remove container", "u/0/main/0"), "it is about to be started"},
		{"something is started of a pod that is gone", holds("", oneOf("Always"), none).then("").seen("u/0 ready", "u/0/main/0 created").calls("start container", "u/0/main/0"), "the API has no such pod on this node"},
		{"something is started of a pod of another node", holds("", `{"nodeName":"m","containers":[{"name":"main"}]}`, none).calls("run sandbox", "u/0"), "neither the API nor the runtime has such a pod"},
		{"a stranger runs and is removed", holds("", oneOf("Always"), none).seen("old/0 ready", "old/0/main/0 running").calls("remove sandbox", "old/0"), "a container of it may be running"},
		{"there is no sandbox", holds("", oneOf("Always"), none).seen("u/0 dead").calls("create container", "u/0/main/0"), "there is no sandbox that is ready"},
		{"the init container has not begun", holds("", initOf("Always"), none).seen("u/0 ready").calls("create container", "u/0/main/0"), "it is not its turn"},
		{"the init container has not ended", holds("", initOf("Always"), none).seen("u/0 ready", "u/0/init/0 running").calls("create container", "u/0/main/0"), "no container of the pod is to be started"},
		{"it is never to be started again", holds("", oneOf("Never"), waits0).seen("u/0 ready", "u/0/main/0 exited 1").calls("create container", "u/0/main/1"), "no container of the pod is to be started"},
		{"the other is never to be started again", holds("", twoMain, waits0).seen("u/0 ready", "u/0/main/0 exited 1").calls("create container", "u/0/main/1"), "its restart policy lets it rest"},
		{"it was shown to have run, and no record is left", holds("", oneOf("Never"), runs0).seen("u/0 ready").calls("create container", "u/0/main/1"), "no container of the pod is to be started"},
		{"it was created already", holds("", oneOf("Always"), none).seen("u/0 ready", "u/0/main/0 created").calls("create container", "u/0/main/1"), "there is one that was created"},
		{"the attempt has a number that the API knows", holds("", oneOf("Always"), badly1).seen("u/0 ready").calls("create container", "u/0/main/1"), "it is not the next attempt"},
		{"one that ended is started", holds("", oneOf("Always"), badly1).seen("u/0 ready", "u/0/main/1 exited 1").calls("start container", "u/0/main/1"), "it was not created for this"},
		{"one that the API shows to have run is started", holds("", oneOf("Always"), badly1).seen("u/0 ready", "u/0/main/1 created").calls("start container", "u/0/main/1"), "it was not created for this"},
		{"one in a dead sandbox is started", holds("", oneOf("Always"), none).seen("u/1 ready", "u/0 dead", "u/0/main/0 created").calls("start container", "u/0/main/0"), "it was not created for this"},
		{"one is started that was not seen", holds("", oneOf("Always"), none).seen("u/0 ready").calls("start container", "u/0/main/0"), "start container main of UID u: the runtime was not seen to have it"},
		{"one is started that is of another UID", holds("", oneOf("Always"), none).seen("u/0 ready", "u/0/main/0 created").
			plans(trace.Effect{Verb: "start container", Object: trace.Ref{UID: "old", Key: "main", ID: "u/0/main/0"}}), "of UID old: the runtime was not seen to have it"},
		{"a sandbox in which something runs is stopped", holds(leaving, oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/0 running").calls("stop sandbox", "u/0"), "a container in it may be running"},
		{"a sandbox with a record is removed", holds("", oneOf("Always"), runs0).seen("u/0 dead", "u/0/main/0 exited 1").calls("remove sandbox", "u/0"), "it holds the newest record of a container"},
		{"a sandbox that is wanted is stopped", holds("", oneOf("Always"), none).seen("u/0 ready").calls("stop sandbox", "u/0"), "stop sandbox u/0 of UID u: the pod is wanted"},
		{"a deleted pod's records go before its end is shown", holds(leaving, oneOf("Always"), runs0).seen("u/0 dead", "u/0/main/0 exited 1").calls("remove sandbox", "u/0"),
			"its records are needed until the API shows how the deleted pod ended"},
		{"a status of a pod that is gone", holds("", oneOf("Always"), none).then("").showsOf("u", 1, runs0), "status: there is no pod"},
		{"a pod that has failed runs", holds("", oneOf("Always"), failed).seen("u/0 ready", "u/0/main/0 running").shows(runs0), "status: phase Running after Failed"},
		{"an end by an old look", holds("", oneOf("Never"), runs0).stale().seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), "an end, by a look that is older than the last call"},
		{"an end, and another container runs", holds("", twoMain, none).seen("u/0 ready", "u/0/main/0 exited 1", "u/0/more/0 running").shows(failed), "an end, and a container may be running"},
		{"an end, and another container is to come", holds("", twoMain, none).seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), "an end, and a container is to be started"},
		{"an end, and another container can be started", holds(leaving, twoMain, none).seen("u/0 ready", "u/0/main/0 exited 1", "u/0/more/0 created").shows(failed), "an end, and what was created can still start"},
		{"fewer restarts", holds("", oneOf("Always"), badly1).seen("u/0 ready", "u/0/main/1 exited 1").shows(well0), "status: container main: fewer restarts than before"},
		{"waiting, after running", holds("", oneOf("Always"), runs0).seen("u/0 ready", "u/0/main/0 exited 1").shows(back0), "container main: waiting, after running"},
		{"running, and it was only created", holds("", oneOf("Always"), none).seen("u/0 ready", "u/0/main/0 created").shows(runs0), "container main: running, and it is not"},
		{"ended, and it runs", holds("", twoMain, runs0).seen("u/0 ready", "u/0/main/0 running").shows(well0), "container main: ended, and it may be running"},
		{"a pod that nobody has deleted is removed", holds("", oneOf("Never"), failed).finishes(), "a removal, and nobody has deleted the pod"},
		{"a pod is removed that has not ended", holds(leaving, oneOf("Never"), runs0).finishes(), "a removal, and the API does not show how the pod ended"},
		{"a pod is removed and its sandbox is left", holds(leaving, oneOf("Never"), failed).seen("u/0 dead").finishes(), "a removal, and something is left of the pod"},
		{"a pod is removed by an old look", holds(leaving, oneOf("Never"), failed).stale().finishes(), "the look at the runtime is older than the last call"},
		{"a pod is removed whatever its UID", holds(leaving, oneOf("Never"), failed).finishesOf("", 1), `it is to be of UID "", and the pod's is "u"`},
		{"a status is written over another", holds("", oneOf("Never"), none).then(stored("u", "", oneOf("Never"), waits0)).seen("u/0 ready", "u/0/main/0 running").showsOf("u", 1, runs0),
			`it is to be of resourceVersion "1", and the view shows "2"`},
		{"a sidecar runs at the end", holds("", sided, none).seen("u/0 ready", "u/0/main/0 exited 1", "u/0/side/0 running").shows(failed), "an end, and a container may be running"},
		{"a sidecar is started after the end", holds("", sided, failed).seen("u/0 ready", "u/0/side/0 created").calls("start container", "u/0/side/0"), "the pod has ended"},
		{"a main container is started again beside a sidecar", holds("", sided, none).seen("u/0 dead", "u/0/main/0 exited 1", "u/0/side/0 exited 1").calls("run sandbox", "u/1"), "no container of the pod is to be started"},
	} {
		t.Run(test.name, func(t *testing.T) { judgedAs(t, test.run.decided().recording, test.why) })
	}
}

// judgedAs requires that all of a recording is judged, and allowed, or that its last decision is not, for that reason.
func judgedAs(t *testing.T, r *recording, why string) {
	result := r.judge()
	require.Empty(t, result.Unknown)
	if share := Shares(r.history())["kubelet"]; share.Judged != share.All || share.All == 0 {
		t.Errorf("%d of %d decisions are judged", share.Judged, share.All)
	}
	if why == "" {
		require.Empty(t, result.Findings)
		return
	}
	require.Len(t, result.Findings, 1)
	require.Contains(t, result.Findings[0].Text, why)
	require.NotEmpty(t, result.Findings[0].Nearest)
}

// Goal: what a kubelet has written counts in its next decision as it counts for the kubelet, and what cannot be known is not judged. Method:
// two decisions, the second in the view of the first and of what that has written.
func TestKubeletsOwnWrites(t *testing.T) {
	running := func() *turn {
		return holds("", oneOf("Never"), none).seen("u/0 ready", "u/0/main/0 running").shows(runs0)
	}
	gone := func() *turn { return holds(leaving, oneOf("Never"), failed).finishes() }
	for _, test := range []struct {
		name string
		run  *turn
		why  string
	}{
		{"a status that was answered", running().decided().then(stored("u", "", oneOf("Never"), runs0)).at(1, 5).owns(4).seen("u/0 ready", "u/0/main/0 exited 1").showsOf("u", 4, failed), ""},
		{"and is overlooked", running().decided().then(stored("u", "", oneOf("Never"), runs0)).at(1, 5).owns(4).seen("u/0 ready").calls("create container", "u/0/main/0"), "no container of the pod is to be started"},
		{"a status of unknown outcome", running().next().seen("u/0 ready", "u/0/main/0 exited 1").shows(failed), ""},
		{"and is overlooked", running().next().seen("u/0 ready").calls("create container", "u/0/main/0"), "no container of the pod is to be started"},
		{"it is known, though one after it was held back", running().next().plans(heldBack).next().seen("u/0 ready").calls("create container", "u/0/main/0"), "no container of the pod is to be started"},
		{"a removal of unknown outcome", gone().next().finishes(), ""},
		{"a removal that was answered, and the cache shows the pod", gone().decided().then("").at(1, 5).owns(4).finishesOf("u", 1), ""},
		{"a pod is begun after its removal", gone().next().calls("run sandbox", "u/0"), "the pod is being deleted"},
		{"a read has shown that the pod is gone", gone().next().asks().owns(0).calls("run sandbox", "u/0"), "neither the API nor the runtime has such a pod"},
		{"a read has shown one of another node", gone().decided().then(stored("v", "", strings.ReplaceAll(oneOf("Never"), `"n"`, `"m"`), none)).at(1, 5).owns(4).calls("run sandbox", "v/0"),
			"neither the API nor the runtime has such a pod"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.decided().judge()
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
}

// Goal: a decision from a look that the kubelet had before its own last call is refused, though the look itself does not say so; one of another
// life, whose numbers begin anew, is not. Method: two decisions, whose looks have numbers.
func TestLooksAreNewerThanCalls(t *testing.T) {
	begin := func() *turn {
		s := holds("", oneOf("Always"), none).at(1, 7).calls("run sandbox", "u/0").decided()
		return s.at(1, 8)
	}
	created := func(s *turn) *turn { return s.seen("u/0 ready").calls("create container", "u/0/main/0").decided() }
	judgedAs(t, created(begin()).recording, "")
	judgedAs(t, created(begin().at(1, 7)).recording, "the look at the runtime is older than the last call")
	judgedAs(t, created(begin().at(1, 6)).recording, "the look at the runtime is older than the last call")
	again := begin()
	again.add(trace.Line{Process: "host", Life: &trace.Life{Name: "kubelet", Machine: "n", State: "start"}})
	judgedAs(t, created(again.at(1, 6)).recording, "")
	other := begin()
	other.add(trace.Line{Process: "host", Life: &trace.Life{Name: "kubelet", Machine: "m", State: "start"}})
	judgedAs(t, created(other.at(1, 6)).recording, "the look at the runtime is older than the last call")
}

// Goal: where a trace does not tell what the kubelet saw, nothing is judged, and that is counted. Method: decisions that would be refused.
func TestWhatIsNotKnownIsNotJudged(t *testing.T) {
	bad := func() *turn { return holds("", oneOf("Always"), failed).calls("run sandbox", "u/0") }
	for _, test := range []struct {
		name  string
		run   *turn
		share Share
	}{
		{"it is judged", bad(), Share{1, 1}},
		{"the trace has no looks", func() *turn { s := bad(); s.step.Look = nil; return s }(), Share{0, 1}},
		{"a write is not in the trace", func() *turn {
			s := bad()
			s.step.Own = []trace.Ref{{Resource: "pods", Namespace: "ns", Name: "a"}}
			return s
		}(), Share{0, 1}},
		{"there is nothing to judge", holds("", oneOf("Always"), failed).calls("ensure image", "u/0/main/0"), Share{}},
		{"nothing was sent", holds("", oneOf("Always"), failed).plans(heldBack), Share{}},
		{"another key", func() *turn { s := bad(); s.step.Key = "ns/a/main"; return s }(), Share{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.run.decided().recording
			require.Equal(t, test.share, Shares(r.history())["kubelet"])
			require.Equal(t, test.share.Judged, len(r.judge().Findings))
		})
	}
}
