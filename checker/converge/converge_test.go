package converge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: a run that came to rest where it should is accepted, and each way of not doing so is told apart.
// Method: the end of a run in a few lines: what the store holds, what the nodes run, and the phases.

type recording struct {
	lines []trace.Line
}

func (r *recording) add(l trace.Line) *recording {
	l.Seq = int64(len(r.lines) + 1)
	l.Time = l.Seq
	r.lines = append(r.lines, l)
	return r
}

func (r *recording) phase(name string) *recording {
	return r.add(trace.Line{Phase: &trace.Phase{Name: name}})
}

func (r *recording) put(resource, name, uid, text string) *recording {
	return r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: "/registry/" + resource + "/ns/" + name,
		Resource: resource, Namespace: "ns", Name: name, UID: uid, Object: json.RawMessage(text)}})
}

// key is a write of what is no object.
func (r *recording) key(key string) *recording {
	return r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: key}})
}

func (r *recording) runs(node, uid, state string) *recording {
	return r.add(trace.Line{Container: &trace.Container{Node: node, PodUID: uid, Namespace: "ns", Pod: "p", Container: "main", ID: node + uid, State: state}})
}

func (r *recording) applied(node, rules string) *recording {
	return r.add(trace.Line{Rules: &trace.Rules{Node: node, Hash: trace.HashOf([]byte(rules))}})
}

const webService = `{"metadata":{"name":"s","namespace":"ns","uid":"su"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}`

func owner(replicas, status int) string {
	return fmt.Sprintf(`{"metadata":{"uid":"o","generation":1},"spec":{"replicas":%d},"status":{"replicas":%d,"observedGeneration":1}}`, replicas, status)
}

func pod(node, phase, ready string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"u","ownerReferences":[{"uid":"o","controller":true}]},"spec":{"nodeName":%q,"containers":[{"name":"main"}]},
		"status":{"phase":%q,"conditions":[{"type":"Ready","status":%q}]}}`, node, phase, ready)
}

// mirror shows a static pod of the node a.
var mirror = strings.Replace(pod("a", "Running", "True"), `"ownerReferences":[{"uid":"o","controller":true}]`, `"annotations":{"kubernetes.io/config.mirror":"static"}`, 1)

// robot is a pod that runs as an account, on the node a.
func robot(phase, ready string) string {
	return strings.Replace(pod("a", phase, ready), `"spec":{`, `"spec":{"serviceAccountName":"robot",`, 1)
}

// room is a Node that is Ready, with so much CPU; waiting a pod that asks for so much and has no node.
func room(cpu string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"nu"},"status":{"allocatable":{"cpu":%q,"pods":"9"},"conditions":[{"type":"Ready","status":"True"}]}}`, cpu)
}

func waiting(cpu, more string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"u"},"spec":{%s"containers":[{"name":"c","resources":{"requests":{"cpu":%q}}}]},
		"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}}`, more, cpu)
}

// on is a pod of half a CPU on node n.
func on(more string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"v"},"spec":{%s"nodeName":"n","containers":[{"name":"main","resources":{"requests":{"cpu":"500m"}}}]},
		"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`, more)
}

// promisedTo is a pod that waits for node n.
func promisedTo(more, cpu string) string {
	return strings.Replace(waiting(cpu, more), `"status":{`, `"status":{"nominatedNodeName":"n",`, 1)
}

// service selects app web, and named has one endpoint of pod u.
func service(more string) string {
	return `{"metadata":{"uid":"s"},"spec":{"selector":{"app":"web"}` + more + `}}`
}

func named(address, conditions string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"e","labels":{"kubernetes.io/service-name":"web","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"}},
		"endpoints":[{"addresses":[%q],"conditions":{%s},"targetRef":{"uid":"u"}}]}`, address, conditions)
}

// Goal: rows 97 to 99 and 102: each way in which slices can be wrong is told from those in which they are right. Method: a service, one pod, and
// slices.
func TestServices(t *testing.T) {
	web := func(ready, more string) string {
		return fmt.Sprintf(`{"metadata":{"uid":"u","labels":{"app":"web"}%s},"spec":{"nodeName":"a"},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"Ready","status":%q}]}}`, more, ready)
	}
	kept := `,"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["f"]`
	ended := `{"metadata":{"uid":"u","labels":{"app":"web"}},"spec":{"nodeName":"a"},"status":{"phase":"Failed","podIPs":[{"ip":"10.0.0.1"}]}}`
	for _, test := range []struct {
		name, service, pod string
		held               []string
		wrong              bool
	}{
		{"as it is", service(""), web("True", ""), []string{named("10.0.0.1", "")}, false},
		{"said in full", service(""), web("True", ""), []string{named("10.0.0.1", `"ready":true,"serving":true,"terminating":false`)}, false},
		{"there is no slice", service(""), web("True", ""), nil, true},
		{"in two slices", service(""), web("True", ""), []string{named("10.0.0.1", ""), named("10.0.0.1", "")}, true},
		{"another address", service(""), web("True", ""), []string{named("10.0.0.1", ""), named("10.0.0.2", "")}, true},
		{"ready, and it is not", service(""), web("False", ""), []string{named("10.0.0.1", `"ready":true,"serving":false,"terminating":false`)}, true},
		{"not ready", service(""), web("False", ""), []string{named("10.0.0.1", `"ready":false`)}, false},
		{"published", service(`,"publishNotReadyAddresses":true`), web("True", kept), []string{named("10.0.0.1", `"ready":true,"serving":true,"terminating":true`)}, false},
		{"leaving", service(""), web("True", kept), []string{named("10.0.0.1", `"ready":false,"serving":true,"terminating":true`)}, false},
		{"leaving, and that is not said", service(""), web("True", kept), []string{named("10.0.0.1", `"ready":true`)}, true},
		{"ended", service(""), ended, []string{named("10.0.0.1", "")}, true},
		{"ended, and not named", service(""), ended, nil, false},
		{"no selector", `{"metadata":{"uid":"s"},"spec":{}}`, web("True", ""), nil, false},
		{"something outside", service(`,"type":"ExternalName"`), web("True", ""), nil, false},
		{"another's slice", service(""), ended, []string{`{"metadata":{"uid":"e","labels":{"kubernetes.io/service-name":"web"}},"endpoints":[{"addresses":["10.0.0.9"]}]}`}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := (&recording{}).phase(trace.Liveness).put("services", "web", "s", test.service).put("pods", "p", "u", test.pod)
			for i, slice := range test.held {
				r.put("endpointslices", fmt.Sprint("web-", i), "e", slice)
			}
			h := history.New(trace.Header{Format: trace.Format, Mode: trace.Simulated}, r.phase(trace.Settled).lines)
			result := Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
			served := slices.ContainsFunc(result.Findings, func(f verdict.Finding) bool { return errors.Is(f.Guarantee, Served) })
			require.Equal(t, test.wrong, served, "%v", result.Findings)
		})
	}
}

// space records that the namespace is being deleted, with those finalizers in its spec and something more in its metadata.
func space(r *recording, finalizers, more string) *recording {
	return r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: "/registry/namespaces/ns", Resource: "namespaces", Name: "ns", UID: "n",
		Object: json.RawMessage(fmt.Sprintf(`{"metadata":{"uid":"n","deletionTimestamp":"2026-01-01T00:00:00Z"%s},"spec":{"finalizers":[%s]}}`, more, finalizers))}})
}

const heldSecret = `{"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["example.com/f"]}}`

// inDoubt is a Node of which nobody knows whether it is ready; beats its lease.
const inDoubt = `{"metadata":{"uid":"nu"},"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}`

func (r *recording) beats(name string) *recording {
	return r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: "/registry/leases/kube-node-lease/" + name,
		Resource: "leases", Namespace: "kube-node-lease", Name: name, UID: "l", Object: json.RawMessage(`{"metadata":{"uid":"l"}}`)}})
}

func TestConvergence(t *testing.T) {
	start := func() *recording { return (&recording{}).phase(trace.Liveness) }
	good := func() *recording {
		return start().put("replicationcontrollers", "rc", "o", owner(1, 1)).put("pods", "p", "u", pod("a", "Running", "True")).runs("a", "u", "started")
	}
	beside := func(other, waits string) *recording {
		return start().put("nodes", "n", "nu", room("1")).put("pods", "q", "v", on(other)).runs("n", "v", "started").put("pods", "p", "u", waits).phase(trace.Settled)
	}
	for _, test := range []struct {
		name   string
		run    *recording
		breaks error
		want   verdict.Verdict
	}{
		{"at rest", good().phase(trace.Settled), nil, verdict.Ok},
		{"at rest with heartbeats", good().phase(trace.Settled).put("leases", "l", "x", `{"metadata":{"uid":"x"}}`), nil, verdict.Ok},
		{"not to be scheduled", start().put("pods", "p", "u", `{"metadata":{"uid":"u"},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}}`).phase(trace.Settled), nil, verdict.Ok},
		{"to be scheduled", start().put("nodes", "n", "nu", room("1")).put("pods", "p", "u", waiting("1", "")).phase(trace.Settled), Scheduled, verdict.Illegal},
		{"no room", start().put("nodes", "n", "nu", room("1")).put("pods", "p", "u", waiting("2", "")).phase(trace.Settled), nil, verdict.Ok},
		{"no room beside another", start().put("nodes", "n", "nu", room("1")).put("pods", "q", "v", `{"metadata":{"uid":"v","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["f"]},"spec":{"nodeName":"n","containers":[{"name":"c","resources":{"requests":{"cpu":"500m"}}}]}}`).
			put("pods", "p", "u", waiting("600m", "")).phase(trace.Settled), nil, verdict.Ok},
		{"room, but it wants company", start().put("nodes", "n", "nu", room("1")).put("pods", "p", "u", waiting("1", `"affinity":{"podAffinity":{}},`)).phase(trace.Settled), nil, verdict.Ok},
		{"to preempt", beside("", waiting("600m", `"priority":1,`)), Preempts, verdict.Illegal},
		{"to preempt, and no room even so", beside("", waiting("1100m", `"priority":1,`)), nil, verdict.Ok},
		{"room that is promised to another", start().put("nodes", "n", "nu", room("1")).put("pods", "q", "v", promisedTo(`"priority":1,`, "1100m")).put("pods", "p", "u", waiting("600m", "")).
			phase(trace.Settled), nil, verdict.Ok},
		{"room that is promised to one who matters less", start().put("nodes", "n", "nu", room("1")).put("pods", "q", "v", promisedTo("", "1100m")).
			put("pods", "p", "u", waiting("600m", `"priority":1,`)).phase(trace.Settled), Scheduled, verdict.Illegal},
		{"to preempt its like", beside(`"priority":1,`, waiting("600m", `"priority":1,`)), nil, verdict.Ok},
		{"that must not preempt", beside("", waiting("600m", `"priority":1,"preemptionPolicy":"Never",`)), nil, verdict.Ok},
		{"to preempt where one has wishes about others", beside(`"affinity":{"podAntiAffinity":{}},`, waiting("600m", `"priority":1,`)), nil, verdict.Ok},
		{"ended", start().put("pods", "p", "u", pod("a", "Succeeded", "False")).phase(trace.Settled), nil, verdict.Ok},
		{"held by a finalizer", start().put("configmaps", "c", "u", `{"metadata":{"uid":"u","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:00Z"}}`).phase(trace.Settled), nil, verdict.Ok},
		{"what API servers keep for themselves is no object", good().key("/registry/ranges/serviceips/10.96.0.2").phase(trace.Settled).key("/registry/masterleases/a").key("/registry/ranges/serviceips/10.96.0.2"), nil, verdict.Ok},
		{"another key is written after it settled", good().phase(trace.Settled).key("/registry/unknown/ns/a"), Stable, verdict.Illegal},
		{"written after it settled", good().phase(trace.Settled).put("pods", "p", "u", pod("a", "Running", "True")), Stable, verdict.Illegal},
		{"a process that does not live", good().phase(trace.Settled).add(trace.Line{Life: &trace.Life{Name: "etcd", State: "exit"}}), Alive, verdict.Illegal},
		{"a process that was killed before", good().add(trace.Line{Life: &trace.Life{Name: "etcd", State: "exit"}}).phase(trace.Settled), nil, verdict.Ok},
		{"a pod too few", start().put("replicationcontrollers", "rc", "o", owner(1, 1)).phase(trace.Settled), Replicas, verdict.Illegal},
		{"a status that lags", start().put("replicationcontrollers", "rc", "o", owner(0, 1)).phase(trace.Settled), Replicas, verdict.Illegal},
		{"never bound", start().put("pods", "p", "u", pod("", "Pending", "False")).phase(trace.Settled), Running, verdict.Illegal},
		{"bound and never run", start().put("pods", "p", "u", pod("a", "Pending", "False")).phase(trace.Settled), Running, verdict.Illegal},
		{"its account is gone", start().put("pods", "p", "u", robot("Pending", "False")).phase(trace.Settled), nil, verdict.Ok},
		{"its account is there again", start().put("pods", "p", "u", robot("Pending", "False")).put("serviceaccounts", "robot", "au", `{"metadata":{"uid":"au"}}`).phase(trace.Settled), Running, verdict.Illegal},
		{"it is said to run, and its account is gone", start().put("pods", "p", "u", robot("Running", "False")).phase(trace.Settled), Running, verdict.Illegal},
		{"said to run and does not", start().put("pods", "p", "u", pod("a", "Running", "True")).phase(trace.Settled), Running, verdict.Illegal},
		{"runs on another node", start().put("pods", "p", "u", pod("a", "Running", "True")).runs("b", "u", "started").phase(trace.Settled), Clean, verdict.Illegal},
		{"not ready", start().put("pods", "p", "u", pod("a", "Running", "False")).runs("a", "u", "started").phase(trace.Settled), Running, verdict.Illegal},
		{"a static pod that its mirror shows", start().put("pods", "p", "u", mirror).runs("a", "static", "started").phase(trace.Settled), nil, verdict.Ok},
		{"a mirror is run", start().put("pods", "p", "u", mirror).runs("a", "u", "started").phase(trace.Settled), Clean, verdict.Illegal},
		{"a static pod that no mirror shows", start().runs("a", "static", "started").phase(trace.Settled), Clean, verdict.Illegal},
		{"a container of nobody's", good().runs("b", "v", "started").phase(trace.Settled), Clean, verdict.Illegal},
		{"a container of a pod that ended", start().put("pods", "p", "u", pod("a", "Failed", "False")).runs("a", "u", "started").phase(trace.Settled), Clean, verdict.Illegal},
		{"being deleted for ever", start().put("configmaps", "c", "u", `{"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"}}`).phase(trace.Settled), Gone, verdict.Illegal},
		{"a namespace that holds what somebody holds", space(start(), `"kubernetes"`, "").put("secrets", "s", "u", heldSecret).put("configmaps", "c", "v", `{"metadata":{"uid":"v"}}`).
			put("replicationcontrollers", "rc", "o", owner(1, 1)).phase(trace.Settled), nil, verdict.Ok},
		{"a namespace that somebody holds", space(start(), `"example.com/f"`, "").phase(trace.Settled), nil, verdict.Ok},
		{"a namespace with a finalizer of its own", space(start(), "", `,"finalizers":["example.com/f"]`).phase(trace.Settled), nil, verdict.Ok},
		{"a namespace that is not emptied", space(start(), `"kubernetes"`, "").put("configmaps", "c", "u", `{"metadata":{"uid":"u"}}`).phase(trace.Settled), Vanishes, verdict.Illegal},
		{"a namespace that is not emptied, and somebody holds it", space(start(), `"kubernetes","example.com/f"`, "").put("configmaps", "c", "u", `{"metadata":{"uid":"u"}}`).
			phase(trace.Settled), Vanishes, verdict.Illegal},
		{"a namespace that was finalized too early", space(start(), `"example.com/f"`, "").put("configmaps", "c", "u", `{"metadata":{"uid":"u"}}`).phase(trace.Settled), Vanishes, verdict.Illegal},
		{"a namespace that nobody finalizes", space(start(), `"kubernetes"`, "").phase(trace.Settled), Vanishes, verdict.Illegal},
		{"a namespace that nobody finalizes, and somebody else holds", space(start(), `"kubernetes","example.com/f"`, "").phase(trace.Settled), Vanishes, verdict.Illegal},
		{"a namespace that has no finalizer", space(start(), "", "").phase(trace.Settled), Vanishes, verdict.Illegal},
		{"on a node that is silent", start().beats("a").put("nodes", "a", "nu", inDoubt).put("pods", "p", "u", pod("a", "Running", "False")).runs("a", "u", "started").phase(trace.Settled), nil, verdict.Ok},
		{"being deleted on a node that is silent", start().put("nodes", "a", "nu", inDoubt).put("pods", "p", "u", `{"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"nodeName":"a"}}`).
			phase(trace.Settled), nil, verdict.Ok},
		{"a namespace with a pod that is being deleted on a node that is silent", space(start(), `"kubernetes"`, "").put("nodes", "a", "nu", inDoubt).
			put("pods", "p", "u", `{"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"nodeName":"a"}}`).phase(trace.Settled), nil, verdict.Ok},
		{"being deleted on a node that is gone", start().put("pods", "p", "u", `{"metadata":{"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"nodeName":"a"}}`).phase(trace.Settled), Gone, verdict.Illegal},
		{"a node in doubt that renews its lease", start().put("nodes", "a", "nu", inDoubt).beats("a").phase(trace.Settled), Heard, verdict.Illegal},
		{"the rules of a node", start().put("services", "s", "su", webService).applied("a", "tcp 10.96.0.1:80 drop\n").applied("a", "tcp 10.96.0.1:80 reject\n").phase(trace.Settled), nil, verdict.Ok},
		{"rules of a node that is silent", start().put("nodes", "a", "nu", inDoubt).put("services", "s", "su", webService).applied("a", "").phase(trace.Settled), nil, verdict.Ok},
		{"rules that lag", start().put("services", "s", "su", webService).applied("a", "").phase(trace.Settled), Rules, verdict.Illegal},
		{"no liveness phase", &recording{}, nil, verdict.Unknown},
		{"still moving", good(), nil, verdict.Unknown},
		{"stands still, in the wrong state", start().put("replicationcontrollers", "rc", "o", owner(1, 0)).
			phase("x").phase("x").phase("x").phase("x").phase("x").phase("x").phase("x"), Replicas, verdict.Illegal},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := Checker{}.Check(context.Background(), history.New(trace.Header{Mode: trace.Real}, test.run.lines), verdict.DefaultLimits)
			require.Equal(t, test.want, result.Verdict(), "%v %v", result.Findings, result.Unknown)
			if test.breaks != nil {
				require.Equal(t, test.breaks, result.Findings[0].Guarantee)
			}
		})
	}
}

// Goal: what a garbage collector leaves undone is found, and what is not its to do is not. Method: the last state of config maps, and a step of its
// that tells what it sees.
func TestGarbage(t *testing.T) {
	const going = `,"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["%s"]`
	config := func(uid, more, owner string) string {
		if owner != "" {
			kind, name, _ := strings.Cut(owner, "/")
			more += fmt.Sprintf(`,"ownerReferences":[{"apiVersion":"v1","kind":%q,"name":%q,"uid":%q,"blockOwnerDeletion":true}]`, kind, name, name)
		}
		return fmt.Sprintf(`{"metadata":{"uid":%q%s}}`, uid, more)
	}
	start := func(sees ...string) *recording {
		view := map[string]int64{}
		for _, resource := range sees {
			view[resource] = 1
		}
		return (&recording{}).phase(trace.Liveness).add(trace.Line{Step: &trace.Step{Component: collector, View: view}})
	}
	waits, orphans, held := fmt.Sprintf(going, "foregroundDeletion"), fmt.Sprintf(going, "orphan"), fmt.Sprintf(going, "example.com/f")
	for _, test := range []struct {
		name   string
		run    *recording
		breaks error
	}{
		{"its owner is there", start("configmaps").put("configmaps", "o", "o", config("o", "", "")).put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), nil},
		{"its owner is gone", start("configmaps").put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), Collected},
		{"another has its owner's name", start("configmaps").put("configmaps", "o", "o2", config("o2", "", "")).put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), Collected},
		{"it is being deleted", start("configmaps").put("configmaps", "x", "x", config("x", held, "ConfigMap/o")), nil},
		{"its owner is of a kind that is not served", start("configmaps").put("configmaps", "x", "x", config("x", "", "Widget/o")), nil},
		{"its owner is of a kind that is not seen", start("configmaps").put("configmaps", "x", "x", config("x", "", "Secret/o")), nil},
		{"it is not seen itself", start("pods").put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), nil},
		{"there is no collector", (&recording{}).phase(trace.Liveness).put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), nil},
		{"it waits for what another keeps", start("configmaps").put("configmaps", "o", "o", config("o", waits, "")).put("configmaps", "x", "x", config("x", held, "ConfigMap/o")), nil},
		{"it waits for nothing", start("configmaps").put("configmaps", "o", "o", config("o", waits, "")), LetGo},
		{"it waits for what has not been deleted", start("configmaps").put("configmaps", "o", "o", config("o", waits, "")).put("configmaps", "x", "x", config("x", "", "ConfigMap/o")), LetGo},
		{"it waits for itself", start("configmaps").put("configmaps", "o", "o", config("o", waits, "ConfigMap/x")).put("configmaps", "x", "x", config("x", waits, "ConfigMap/o")), LetGo},
		{"another keeps it, too", start("configmaps").put("configmaps", "o", "o", config("o", strings.Replace(waits, "[", "[\"f\",", 1), "")), nil},
		{"it waits for a pod on a node that is silent", start("configmaps", "pods").put("nodes", "a", "nu", inDoubt).put("configmaps", "o", "o", config("o", waits, "")).
			put("pods", "p", "p", `{"metadata":{"uid":"p","deletionTimestamp":"2026-01-01T00:00:00Z","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"o","blockOwnerDeletion":true}]},"spec":{"nodeName":"a"}}`), nil},
		{"it has no dependents to orphan", start("configmaps").put("configmaps", "o", "o", config("o", orphans, "")), LetGo},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run.phase(trace.Settled)
			result := Checker{}.Check(context.Background(), history.New(trace.Header{Mode: trace.Real}, test.run.lines), verdict.DefaultLimits)
			if test.breaks == nil {
				require.Equal(t, verdict.Ok, result.Verdict(), "%v %v", result.Findings, result.Unknown)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Equal(t, test.breaks, result.Findings[0].Guarantee)
		})
	}
}

// An object that is written for ever is illegal, though the cluster is "still moving".
func TestHotLoop(t *testing.T) {
	run := (&recording{}).phase(trace.Liveness)
	for range HotLoop {
		run.put("pods", "p", "u", pod("a", "Running", "True"))
	}
	result := Checker{}.Check(context.Background(), history.New(trace.Header{Mode: trace.Real}, run.lines), verdict.DefaultLimits)
	require.Equal(t, verdict.Illegal, result.Verdict())
	require.Equal(t, Stable, result.Findings[0].Guarantee)
}

// Goal: rows 103, 104 and 106: each thing that a namespace lacks is found, and a run without the controller is not judged by them. Method: ends of
// runs, with one thing wrong at a time.
func TestAccounts(t *testing.T) {
	cluster := func(resource, name, uid, text string) trace.Line {
		return trace.Line{Revision: &trace.Revision{Key: "/registry/" + resource + "/" + name, Resource: resource, Name: name, UID: uid, Object: json.RawMessage(text)}}
	}
	type objects map[string]string
	good := func() objects {
		return objects{"serviceaccounts/default": `{"metadata":{"uid":"a"}}`, "configmaps/kube-root-ca.crt": `{"metadata":{"uid":"m"},"data":{"ca.crt":"CA"}}`,
			"secrets/s": `{"metadata":{"uid":"s","annotations":{"kubernetes.io/service-account.name":"default","kubernetes.io/service-account.uid":"a"}},"type":"kubernetes.io/service-account-token","data":{"token":"eA==","ca.crt":"Q0E=","namespace":"bnM="}}`}
	}
	secret := func(said, more string) string {
		return `{"metadata":{"uid":"s"` + more + `,"annotations":{"kubernetes.io/service-account.name":"default"` + said + `}},"type":"kubernetes.io/service-account-token"}`
	}
	for _, test := range []struct {
		name   string
		phase  string
		alone  bool
		change func(o objects)
		breaks error
	}{
		{"all is there", "Active", false, func(objects) {}, nil},
		{"no account", "Active", false, func(o objects) { delete(o, "serviceaccounts/default"); delete(o, "secrets/s") }, Accounts},
		{"no account, and nobody to make it", "Active", true, func(o objects) { delete(o, "serviceaccounts/default") }, nil},
		{"no account, in a namespace that is being deleted", "Terminating", false, func(o objects) { clear(o) }, nil},
		{"no map", "Active", false, func(o objects) { delete(o, "configmaps/kube-root-ca.crt") }, Accounts},
		{"another map", "Active", false, func(o objects) { o["configmaps/kube-root-ca.crt"] = `{"metadata":{"uid":"m"},"data":{"ca.crt":"CB"}}` }, Accounts},
		{"more in the map", "Active", false, func(o objects) {
			o["configmaps/kube-root-ca.crt"] = `{"metadata":{"uid":"m"},"data":{"ca.crt":"CA","x":"y"}}`
		}, Accounts},
		{"a secret without a token", "Active", false, func(o objects) { o["secrets/s"] = secret("", "") }, Tokens},
		{"a secret of another account", "Active", false, func(o objects) { o["secrets/s"] = secret(`,"kubernetes.io/service-account.uid":"b"`, "") }, Tokens},
		{"an orphan", "Active", false, func(o objects) { o["secrets/s"] = secret(`,"kubernetes.io/service-account.uid":"b"`, ``) }, Tokens},
		{"it is being deleted", "Active", false, func(o objects) {
			o["secrets/s"] = secret("", `,"finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:00Z"`)
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := good()
			test.change(all)
			run := (&recording{}).phase(trace.Liveness)
			if !test.alone {
				run.add(trace.Line{Step: &trace.Step{Component: "serviceaccount-controller", Key: "ns"}})
			}
			revised := func(l trace.Line) {
				l.Revision.Revision = int64(len(run.lines) + 1)
				run.add(l)
			}
			revised(cluster("namespaces", "a", "na", `{"metadata":{"uid":"na"},"status":{"phase":"Active"}}`))
			revised(cluster("serviceaccounts", "a/default", "aa", `{"metadata":{"uid":"aa"}}`))
			revised(cluster("configmaps", "a/kube-root-ca.crt", "am", `{"metadata":{"uid":"am"},"data":{"ca.crt":"CA"}}`))
			for i := range run.lines {
				if r := run.lines[i].Revision; r != nil && r.Resource != "namespaces" {
					r.Namespace, r.Name = "a", map[string]string{"serviceaccounts": "default", "configmaps": "kube-root-ca.crt"}[r.Resource]
				}
			}
			revised(cluster("namespaces", "ns", "n", `{"metadata":{"uid":"n"},"status":{"phase":"`+test.phase+`"}}`))
			for _, key := range slices.Sorted(maps.Keys(all)) {
				resource, name, _ := strings.Cut(key, "/")
				run.put(resource, name, map[string]string{"serviceaccounts": "a", "configmaps": "m", "secrets": "s"}[resource], all[key])
			}
			run.phase(trace.Settled)
			result := Checker{}.Check(context.Background(), history.New(trace.Header{Mode: trace.Real}, run.lines), verdict.DefaultLimits)
			require.Empty(t, result.Unknown)
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Equal(t, test.breaks, result.Findings[0].Guarantee)
		})
	}
}
