package invariant

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: every guarantee is seen to be broken, and seen not to be broken by the nearest thing that is allowed.
// Method: a history of a few lines each, made from objects as Kubernetes writes them.

// recording makes the lines of a history, one nanosecond apart.
type recording struct {
	lines    []trace.Line
	previous map[string]trace.Revision
}

func (r *recording) add(l trace.Line) *recording {
	l.Seq = int64(len(r.lines) + 1)
	l.Time = l.Seq
	r.lines = append(r.lines, l)
	return r
}

// put records the next revision of an object: resource/name and the object's JSON.
func (r *recording) put(resource, name, object string) *recording {
	return r.revision(resource, name, object, false)
}

func (r *recording) remove(resource, name string) *recording {
	return r.revision(resource, name, "", true)
}

func (r *recording) revision(resource, name, text string, deleted bool) *recording {
	if r.previous == nil {
		r.previous = map[string]trace.Revision{}
	}
	key := "/registry/" + resource + "/" + name
	old, rev := r.previous[key], trace.Revision{Key: key, Deleted: deleted, Resource: resource, Name: name}
	rev.Revision = int64(len(r.lines) + 1)
	rev.Previous, rev.Created, rev.UID = old.Revision, old.Created, old.UID
	if resource == "pods" || resource == "replicationcontrollers" {
		rev.Namespace, rev.Key = "ns", "/registry/"+resource+"/ns/"+name
	}
	if !deleted {
		var decoded object.Object
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			panic(err)
		}
		rev.UID, rev.Object = decoded.Metadata.UID, json.RawMessage(text)
		if old.Revision == 0 {
			rev.Created = rev.Revision
		}
	}
	r.previous[key] = rev
	if deleted {
		delete(r.previous, key)
	}
	return r.add(trace.Line{Process: "observer", Revision: &rev})
}

// call records an operation with its return.
func (r *recording) call(c trace.Call, ret trace.Return) *recording {
	c.Layer, ret.ID = trace.API, c.ID
	r.add(trace.Line{Process: c.Client, Call: &c})
	return r.add(trace.Line{Process: c.Client, Return: &ret})
}

func (r *recording) step(s trace.Step) *recording {
	return r.add(trace.Line{Process: s.Component, Step: &s})
}

// ran records what a container of pod web did: node, uid, container, attempt, state, exit code.
func (r *recording) ran(node, uid, name string, attempt int, state string, code int) *recording {
	return r.add(trace.Line{Process: "observer", Container: &trace.Container{Node: node, PodUID: uid, Namespace: "ns", Pod: "web",
		Container: name, Attempt: attempt, ID: fmt.Sprintf("%s-%s-%d", uid, name, attempt), State: state, ExitCode: code}})
}

// kubelet records what the kubelet saw of container main of pod web, which is in sandbox s, and what it decided to do to a part of the pod.
func (r *recording) kubelet(saw, verb, part, id string) *recording {
	s := trace.Step{Component: "kubelet", Key: "ns/web", Look: &trace.Look{Seen: []trace.Seen{{UID: "u1", ID: "s", State: "ready"},
		{UID: "u1", Container: "main", ID: "u1-main-0", Sandbox: "s", State: saw}}}}
	if verb != "" {
		s.Plan = []trace.Effect{{Verb: verb, Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: "web", UID: "u1", Key: part, ID: id}}}
	}
	return r.step(s)
}

func (r *recording) applied(services, slices int64) *recording {
	return r.add(trace.Line{Rules: &trace.Rules{Node: "a", View: map[string]int64{"services": services, "endpointslices": slices}}})
}

func (r *recording) judge() verdict.Result {
	h := history.New(trace.Header{Format: trace.Format, Mode: trace.Real}, r.lines)
	return Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
}

// stands records that a process stands for the lease l; leads, follows, exits what becomes of it; decides and asks what it does.
func (r *recording) stands(process string) *recording {
	return r.add(trace.Line{Process: process, Step: &trace.Step{Component: candidate, Key: "kube-system/l",
		Plan: []trace.Effect{{Verb: "get", Call: fmt.Sprint(process, len(r.lines)), Object: trace.Ref{Resource: "leases", Namespace: "kube-system", Name: "l"}}}}})
}

func (r *recording) leads(process string) *recording   { return r.life(process, "l", trace.Leads) }
func (r *recording) follows(process string) *recording { return r.life(process, "l", trace.Follows) }
func (r *recording) exits(process string) *recording   { return r.life("runner", process, "exit") }

func (r *recording) life(process, name, state string) *recording {
	return r.add(trace.Line{Process: process, Life: &trace.Life{Name: name, State: state}})
}

// stops and goesOn are the ends of a fault that has a process stand still, as was seen or not.
func (r *recording) stops(target string) *recording {
	return r.add(trace.Line{Fault: &trace.Fault{ID: "f", Kind: "pause", Target: target, State: "begin"}})
}

func (r *recording) goesOn(target string, stopped int64) *recording {
	return r.add(trace.Line{Fault: &trace.Fault{ID: "f", Kind: "pause", Target: target, State: "end", Effect: map[string]int64{"stopped": stopped}}})
}

func (r *recording) decides(process, id string) *recording {
	s := acts(id, "update", "status", 1)
	return r.add(trace.Line{Process: process, Step: &s})
}

func (r *recording) asks(process, id string) *recording {
	return r.add(trace.Line{Process: process, Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "update", Resource: "pods", Namespace: "ns", Name: "p"}})
}

// ranked is a pod of a priority that waits for a node, unless its spec says otherwise.
func ranked(uid string, priority int, more string) string {
	return fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"schedulerName":"default-scheduler","priority":%d%s}}`, uid, priority, more)
}

// preempts is a step of the scheduler that has one pod deleted for another, in a view, and its request.
func (r *recording) preempts(pod, victim, uid string, view int64) *recording {
	r.step(trace.Step{Component: scheduler, Key: "ns/" + pod, View: map[string]int64{"pods": view},
		Plan: []trace.Effect{{Call: "d", Verb: "delete", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: victim, UID: uid}}}})
	return r.add(trace.Line{Process: "s", Call: &trace.Call{ID: "d", Client: "d", Layer: trace.API, Verb: "delete", Resource: "pods", Namespace: "ns", Name: victim, UID: uid}})
}

const (
	bare     = `{"metadata":{"uid":"u1"}}`
	held     = `{"metadata":{"uid":"u1","finalizers":["f"]}}`
	leaving  = `{"metadata":{"uid":"u1","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:30Z","deletionGracePeriodSeconds":30}}`
	node1    = `{"metadata":{"uid":"n1","labels":{"disk":"ssd"}},"status":{"allocatable":{"cpu":"1","memory":"1Gi","pods":"2"}}}`
	node2    = `{"metadata":{"uid":"n2"},"status":{"allocatable":{"cpu":"1","memory":"1Gi","pods":"2"}}}`
	tainted  = `{"metadata":{"uid":"n1"},"spec":{"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]},"status":{"allocatable":{"cpu":"1","pods":"2"}}}`
	cordoned = `{"metadata":{"uid":"n1"},"spec":{"unschedulable":true},"status":{"allocatable":{"cpu":"1","pods":"2"}}}`
	owner0   = `{"metadata":{"uid":"o1","generation":1},"spec":{"replicas":0,"selector":{"app":"web"}}}`
	owner1   = `{"metadata":{"uid":"o1","generation":1},"spec":{"replicas":1,"selector":{"app":"web"}}}`
	owner2   = `{"metadata":{"uid":"o1","generation":1},"spec":{"replicas":2,"selector":{"app":"web"}}}`
)

// pod is a pod that asks for some cpu, on a node ("" none).
func pod(uid, node, cpu, more string) string {
	return fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"schedulerName":"default-scheduler","nodeName":%q,"restartPolicy":"Always","containers":[{"name":"main","resources":{"requests":{"cpu":%q}}}]%s}}`, uid, node, cpu, more)
}

// ended is a pod in a phase, with a restart policy.
func ended(uid, phase, policy string) string {
	return fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"nodeName":"a","restartPolicy":%q,"initContainers":[{"name":"init"}],"containers":[{"name":"main"}]},"status":{"phase":%q}}`, uid, policy, phase)
}

func owned(uid, owner string) string {
	return fmt.Sprintf(`{"metadata":{"uid":%q,"labels":{"app":"web"},"ownerReferences":[{"uid":%q,"controller":true}]}}`, uid, owner)
}

// bind is the scheduler's step that binds pod name/uid with a view of the nodes.
func bind(name, uid string, nodes int64) trace.Step {
	return trace.Step{Component: scheduler, Key: "ns/" + name, View: map[string]int64{"nodes": nodes},
		Plan: []trace.Effect{{Verb: "create", Subresource: "binding", Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: name, UID: uid}}}}
}

// keyless is a step of the loop's own, which repeats a request.
func keyless(s trace.Step) trace.Step {
	s.Key = ""
	return s
}

// to gives a step's effect the ID of its request, which binding records.
func to(id string, s trace.Step) trace.Step {
	s.Plan[0].Call = id
	return s
}

func binding(id, node string) trace.Line {
	return trace.Line{Process: "s", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "create", Resource: "pods", Namespace: "ns", Name: "p", Subresource: "binding",
		Body: json.RawMessage(`{"target":{"kind":"Node","name":"` + node + `"}}`)}}
}

// controls is a step of the replication controller with one effect.
func controls(id, verb, pod string, view int64) trace.Step {
	return trace.Step{Component: "replication-controller", Key: "ns/web", View: map[string]int64{"replicationcontrollers": view, "pods": view},
		Plan: []trace.Effect{{Call: id, Verb: verb, Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: pod}}}}
}

// read adds to a step what its component was answered about the owner; revision 0: it has written to it, and was not answered yet.
func read(s trace.Step, uid string, revision int64) trace.Step {
	s.Own = []trace.Ref{{Resource: "replicationcontrollers", Namespace: "ns", Name: "web", UID: uid, Revision: revision}}
	return s
}

const leavingOwner = `{"metadata":{"uid":"o1","generation":2,"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"replicas":2,"selector":{"app":"web"}}}`

// acts is a step of some component with one effect on the pod p.
func acts(id, verb, subresource string, view int64) trace.Step {
	return trace.Step{Component: "somebody", Key: "ns/p", View: map[string]int64{"pods": view},
		Plan: []trace.Effect{{Call: id, Verb: verb, Subresource: subresource, Object: trace.Ref{Resource: "pods", Namespace: "ns", Name: "p"}}}}
}

// own adds to a step that its component had written the pod p.
func own(s trace.Step, uid string) trace.Step {
	s.Own = []trace.Ref{{Resource: "pods", Namespace: "ns", Name: "p", UID: uid}}
	return s
}

// space is a namespace that is being deleted, with finalizers in its spec.
func space(finalizers ...string) string {
	text, _ := json.Marshal(finalizers)
	return fmt.Sprintf(`{"metadata":{"uid":"n1","deletionTimestamp":"2026-01-01T00:00:30Z"},"spec":{"finalizers":%s}}`, text)
}

// finalize records that the namespace ns of a UID was left these finalizers.
func (r *recording) finalize(leaves, uid string) *recording {
	return r.call(trace.Call{ID: fmt.Sprint("f", len(r.lines)), Client: "n", Verb: "update", Subresource: "finalize", Resource: "namespaces", Name: "ns", UID: uid,
		Body: json.RawMessage(`{"spec":{"finalizers":[` + leaves + `]}}`)}, trace.Return{Outcome: trace.OK})
}

func service(uid, ip string, port int) string {
	return fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"clusterIP":%q,"clusterIPs":[%q],"ports":[{"port":80,"nodePort":%d}]}}`, uid, ip, ip, port)
}

func grace(seconds int64) *int64 { return &seconds }

func TestEveryGuarantee(t *testing.T) {
	start := func() *recording { return &recording{} }
	for _, test := range []struct {
		name   string
		run    *recording
		breaks *guarantee // nil: legal
	}{
		{"created, updated, removed, created again", start().put("configmaps", "a", bare).put("configmaps", "a", bare).remove("configmaps", "a").put("configmaps", "a", `{"metadata":{"uid":"u2"}}`), nil},
		{"an update changes the UID", start().put("configmaps", "a", bare).put("configmaps", "a", `{"metadata":{"uid":"u2"}}`), &UIDs},
		{"a UID is given twice", start().put("configmaps", "a", bare).remove("configmaps", "a").put("configmaps", "b", bare), &UIDs},
		{"an object without UID", start().put("configmaps", "a", `{"metadata":{}}`), &UIDs},
		{"the generation falls", start().put("configmaps", "a", `{"metadata":{"uid":"u1","generation":2}}`).put("configmaps", "a", `{"metadata":{"uid":"u1","generation":1}}`), &Generations},
		{"status observed what is to come", start().put("configmaps", "a", `{"metadata":{"uid":"u1","generation":1},"status":{"observedGeneration":2}}`), &Generations},
		{"the deletion is taken back", start().put("configmaps", "a", leaving).put("configmaps", "a", held), &DeletionTimestamp},
		{"the deletion is put off", start().put("configmaps", "a", leaving).put("configmaps", "a", `{"metadata":{"uid":"u1","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:31Z","deletionGracePeriodSeconds":30}}`), &DeletionTimestamp},
		{"the deletion is brought forward", start().put("configmaps", "a", leaving).put("configmaps", "a", `{"metadata":{"uid":"u1","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:01Z","deletionGracePeriodSeconds":1}}`), nil},
		{"the grace period grows", start().put("configmaps", "a", leaving).put("configmaps", "a", `{"metadata":{"uid":"u1","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:30Z","deletionGracePeriodSeconds":60}}`), &GracePeriod},
		{"removed with a finalizer", start().put("configmaps", "a", held).remove("configmaps", "a"), &FinalizersKept},
		{"removed while leaving with a finalizer", start().put("configmaps", "a", leaving).remove("configmaps", "a"), &FinalizersKept},
		{"removed by the write that takes the finalizer away", start().put("configmaps", "a", leaving).
			call(trace.Call{ID: "1", Client: "c", Verb: "patch", Resource: "configmaps", Name: "a", Body: json.RawMessage(`{"metadata":{"finalizers":[]}}`)}, trace.Return{Outcome: trace.OK}).
			remove("configmaps", "a"), nil},
		{"a write that keeps the finalizer removes nothing", start().put("configmaps", "a", leaving).
			call(trace.Call{ID: "1", Client: "c", Verb: "patch", Resource: "configmaps", Name: "a", Body: json.RawMessage(`{"metadata":{"finalizers":["f"]}}`)}, trace.Return{Outcome: trace.OK}).
			remove("configmaps", "a"), &FinalizersKept},
		{"removed by a deletion that no longer waits for dependents", start().put("configmaps", "a", strings.Replace(leaving, `"f"`, `"foregroundDeletion"`, 1)).
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "configmaps", Name: "a", Policy: "Background"}, trace.Return{Outcome: trace.OK}).remove("configmaps", "a"), nil},
		{"removed by a deletion that waits for dependents, too", start().put("configmaps", "a", strings.Replace(leaving, `"f"`, `"foregroundDeletion"`, 1)).
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "configmaps", Name: "a", Policy: "Foreground"}, trace.Return{Outcome: trace.OK}).remove("configmaps", "a"), &FinalizersKept},
		{"removed by a deletion with another's finalizer", start().put("configmaps", "a", leaving).
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "configmaps", Name: "a", Policy: "Background"}, trace.Return{Outcome: trace.OK}).remove("configmaps", "a"), &FinalizersKept},
		{"a finalizer is added while leaving", start().put("configmaps", "a", leaving).put("configmaps", "a", `{"metadata":{"uid":"u1","finalizers":["f","g"],"deletionTimestamp":"2026-01-01T00:00:30Z"}}`), &NoNewFinalizers},
		{"two controllers", start().put("configmaps", "a", `{"metadata":{"uid":"u1","ownerReferences":[{"uid":"x","controller":true},{"uid":"y","controller":true}]}}`), &OneController},
		{"created in a namespace", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"}}`).put("pods", "a", bare), nil},
		{"created where the namespace is going", start().put("namespaces", "ns", `{"metadata":{"uid":"n1","deletionTimestamp":"2026-01-01T00:00:30Z"}}`).put("pods", "a", bare), &InNamespace},
		{"created where the namespace is gone", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"}}`).remove("namespaces", "ns").put("pods", "a", bare), &InNamespace},
		{"created where there was no such namespace", start().put("namespaces", "other", `{"metadata":{"uid":"n1"}}`).put("pods", "a", bare), &InNamespace},
		{"updated while the namespace is going", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"}}`).put("pods", "a", bare).
			put("namespaces", "ns", `{"metadata":{"uid":"n1","deletionTimestamp":"2026-01-01T00:00:30Z"}}`).put("pods", "a", bare), nil},
		{"a namespace is finalized, and gone", start().put("namespaces", "ns", space("kubernetes")).finalize("", "n1").remove("namespaces", "ns"), nil},
		{"a namespace is gone by the write that takes the last finalizer away", start().put("namespaces", "ns", space("kubernetes", "f")).put("namespaces", "ns", space("f")).
			finalize("", "n1").remove("namespaces", "ns"), nil},
		{"a namespace is gone that nobody has finalized", start().put("namespaces", "ns", space("kubernetes")).remove("namespaces", "ns"), &NamespaceFinalized},
		{"a namespace is gone that another finalizer keeps", start().put("namespaces", "ns", space("kubernetes", "f")).finalize(`"f"`, "n1").remove("namespaces", "ns"), &NamespaceFinalized},
		{"a namespace is gone because another of its name was finalized", start().put("namespaces", "ns", space("kubernetes")).finalize("", "n0").remove("namespaces", "ns"), &NamespaceFinalized},
		{"a namespace is gone that was not being deleted", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"},"spec":{"finalizers":["kubernetes"]}}`).finalize("", "n1").
			remove("namespaces", "ns"), &NamespaceFinalized},
		{"a namespace is gone, and a pod is left (G01)", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"}}`).put("pods", "a", bare).put("namespaces", "ns", space("kubernetes")).
			finalize("", "n1").remove("namespaces", "ns"), &NamespaceEmpty},
		{"a namespace is gone after its pod", start().put("namespaces", "ns", `{"metadata":{"uid":"n1"}}`).put("pods", "a", bare).put("namespaces", "ns", space("kubernetes")).
			remove("pods", "a").finalize("", "n1").remove("namespaces", "ns"), nil},
		{"another namespace is gone", start().put("namespaces", "ns", `{"metadata":{"uid":"n2"}}`).put("pods", "a", bare).put("namespaces", "other", `{"metadata":{"uid":"n1"}}`).
			remove("namespaces", "other"), nil},
		{"services with addresses of their own", start().put("services", "a", service("s1", "10.96.0.2", 30001)).put("services", "b", service("s2", "10.96.0.3", 30002)), nil},
		{"headless services", start().put("services", "a", service("s1", "None", 0)).put("services", "b", service("s2", "None", 0)), nil},
		{"a service keeps its addresses", start().put("services", "a", service("s1", "10.96.0.2", 30001)).put("services", "a", service("s1", "10.96.0.2", 30001)), nil},
		{"one address twice", start().put("services", "a", service("s1", "10.96.0.2", 0)).put("services", "b", service("s2", "10.96.0.2", 0)), &OneAddress},
		{"one node port twice", start().put("services", "a", service("s1", "10.96.0.2", 30001)).put("services", "b", service("s2", "10.96.0.3", 30001)), &OneAddress},
		{"one node port twice, for health checks", start().put("services", "a", service("s1", "10.96.0.2", 30001)).put("services", "b", `{"metadata":{"uid":"s2"},"spec":{"healthCheckNodePort":30001}}`), &OneAddress},
		{"an address of one that is gone", start().put("services", "a", service("s1", "10.96.0.2", 30001)).remove("services", "a").put("services", "b", service("s2", "10.96.0.2", 30001)), nil},
		{"an address of one that gave it up", start().put("services", "a", service("s1", "10.96.0.2", 30001)).put("services", "a", service("s1", "", 0)).put("services", "b", service("s2", "10.96.0.2", 30001)), nil},
		{"an address of one that is going", start().put("services", "a", service("s1", "10.96.0.2", 30001)).
			put("services", "a", `{"metadata":{"uid":"s1","finalizers":["f"],"deletionTimestamp":"2026-01-01T00:00:30Z"},"spec":{"clusterIPs":["10.96.0.2"],"ports":[{"nodePort":30001}]}}`).
			put("services", "b", service("s2", "10.96.0.2", 30002)), &OneAddress},
		{"deletes what it decided about", start().put("pods", "p", pod("u1", "n", "1", "")).step(acts("c", "delete", "", 1)).
			call(trace.Call{ID: "c", Client: "k", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "p", UID: "u1", Revision: 1}}), nil},
		{"deletes another of that name", start().put("pods", "p", pod("u1", "n", "1", "")).step(acts("c", "delete", "", 1)).remove("pods", "p").put("pods", "p", pod("u2", "n", "1", "")).
			call(trace.Call{ID: "c", Client: "k", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "p", UID: "u2", Revision: 4}}), &SameObject},
		{"deletes the one that it made itself", start().put("pods", "p", pod("u1", "n", "1", "")).remove("pods", "p").put("pods", "p", pod("u2", "n", "1", "")).
			step(own(acts("c", "delete", "", 1), "u2")).
			call(trace.Call{ID: "c", Client: "k", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "p", UID: "u2", Revision: 3}}), nil},
		{"binds another of that name", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", "")).step(acts("c", "create", "binding", 2)).remove("pods", "p").put("pods", "p", pod("u2", "", "1", "")).
			add(trace.Line{Process: "s", Call: &trace.Call{ID: "c", Client: "s", Layer: trace.API, Verb: "create", Resource: "pods", Namespace: "ns", Name: "p", Subresource: "binding"}}).
			put("pods", "p", pod("u2", "n", "1", "")).add(trace.Line{Process: "s", Return: &trace.Return{ID: "c", Outcome: trace.OK}}), &SameObject},
		{"a restart count falls", start().put("pods", "a", `{"metadata":{"uid":"u1"},"status":{"containerStatuses":[{"name":"m","restartCount":2}]}}`).
			put("pods", "a", `{"metadata":{"uid":"u1"},"status":{"containerStatuses":[{"name":"m","restartCount":1}]}}`), &RestartsCounted},

		{"a cache equals the store", start().put("configmaps", "a", bare).put("nodes", "a", node1).
			add(trace.Line{Digest: &trace.Digest{Resource: "configmaps", Revision: 2, Count: 1, Hash: trace.DigestOf([]trace.Ref{{Resource: "configmaps", Name: "a", UID: "u1", Revision: 1}})}}), nil},
		{"a cache lacks an object", start().put("configmaps", "a", bare).put("nodes", "a", node1).
			add(trace.Line{Digest: &trace.Digest{Resource: "configmaps", Revision: 2, Hash: trace.DigestOf(nil)}}), &CacheEqualsStore},
		{"a cache holds an old version", start().put("configmaps", "a", bare).put("configmaps", "a", bare).
			add(trace.Line{Digest: &trace.Digest{Resource: "configmaps", Revision: 2, Count: 1, Hash: trace.DigestOf([]trace.Ref{{Resource: "configmaps", Name: "a", UID: "u1", Revision: 1}})}}), &CacheEqualsStore},

		{"bound", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", "")).step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", "")), nil},
		{"a bind is repeated, and the first request lands before the repeated one", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", "")).step(bind("p", "u1", 1)).
			put("pods", "p", pod("u1", "n", "1", "")).put("nodes", "n", node1).step(keyless(bind("p", "u1", 4))), nil},
		{"a bind to a node that was cordoned before it was decided, repeated", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", "")).put("nodes", "n", cordoned).
			step(bind("p", "u1", 3)).step(keyless(bind("p", "u1", 1))).put("pods", "p", pod("u1", "n", "1", "")), &BindsWhereItFits},
		{"a bind that was decided before lands late, after another was decided for another node", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", "")).
			step(to("c/1", bind("p", "u1", 1))).add(binding("c/1", "n")).put("nodes", "n", cordoned).put("nodes", "m", node2).step(to("c/2", bind("p", "u1", 6))).add(binding("c/2", "m")).
			put("pods", "p", pod("u1", "n", "1", "")), nil},
		{"bound to a node that was cordoned, where another decision had been made for another", start().put("nodes", "n", node1).put("nodes", "m", node2).put("pods", "p", pod("u1", "", "1", "")).
			step(to("c/1", bind("p", "u1", 2))).add(binding("c/1", "m")).put("nodes", "n", cordoned).step(to("c/2", bind("p", "u1", 6))).add(binding("c/2", "n")).
			put("pods", "p", pod("u1", "n", "1", "")), &BindsWhereItFits},
		{"bound twice", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "n", "1", "")).put("pods", "p", pod("u1", "m", "1", "")), &BoundOnce},
		{"unbound", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "n", "1", "")).put("pods", "p", pod("u1", "", "1", "")), &BoundOnce},
		{"another scheduler's pod is bound", start().put("nodes", "n", node1).put("pods", "p", `{"metadata":{"uid":"u1"},"spec":{"schedulerName":"mine"}}`).
			step(bind("p", "u1", 1)).put("pods", "p", `{"metadata":{"uid":"u1"},"spec":{"schedulerName":"mine","nodeName":"n"}}`), &BindsOnlyPending},
		{"a pod that is being deleted is bound", start().put("nodes", "n", node1).put("pods", "p", `{"metadata":{"uid":"u1","deletionTimestamp":"2026-01-01T00:00:30Z"},"spec":{"schedulerName":"default-scheduler"}}`).
			step(bind("p", "u1", 1)).put("pods", "p", `{"metadata":{"uid":"u1","deletionTimestamp":"2026-01-01T00:00:30Z"},"spec":{"schedulerName":"default-scheduler","nodeName":"n"}}`), &BindsOnlyPending},
		{"bound to a node that never was", start().put("pods", "p", pod("u1", "", "1", "")).step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", "")), &BindsWhereItFits},
		{"bound to a tainted node", start().put("nodes", "n", tainted).put("pods", "p", pod("u1", "", "1", "")).step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", "")), &BindsWhereItFits},
		{"bound to a tainted node that it tolerates", start().put("nodes", "n", tainted).put("pods", "p", pod("u1", "", "1", `,"tolerations":[{"key":"k","operator":"Equal","value":"v"}]`)).
			step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", `,"tolerations":[{"key":"k","operator":"Equal","value":"v"}]`)), nil},
		{"bound to a node that was cordoned long before", start().put("nodes", "n", node1).put("nodes", "n", cordoned).put("pods", "p", pod("u1", "", "1", "")).
			step(bind("p", "u1", 2)).put("pods", "p", pod("u1", "n", "1", "")), &BindsWhereItFits},
		{"bound to a node that was cordoned after the last look", start().put("nodes", "n", node1).put("nodes", "n", cordoned).put("pods", "p", pod("u1", "", "1", "")).
			step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", "")), nil},
		{"bound against its selector", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "1", `,"nodeSelector":{"disk":"hdd"}`)).
			step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "1", `,"nodeSelector":{"disk":"hdd"}`)), &BindsWhereItFits},
		{"more bound than fits", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "600m", "")).put("pods", "q", pod("u2", "", "600m", "")).
			step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "600m", "")).step(bind("q", "u2", 1)).put("pods", "q", pod("u2", "n", "600m", "")), &NoOvercommit},
		{"more put there by hand than fits", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "n", "600m", "")).put("pods", "q", pod("u2", "", "600m", "")).
			step(bind("q", "u2", 1)).put("pods", "q", pod("u2", "n", "600m", "")), nil},
		{"more than fits, as a bind lands that a scheduler left which is gone", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "600m", "")).put("pods", "q", pod("u2", "", "600m", "")).
			step(to("s-1/1", bind("p", "u1", 1))).add(binding("s-1/1", "n")).step(to("s-2/1", bind("q", "u2", 1))).add(binding("s-2/1", "n")).
			put("pods", "q", pod("u2", "n", "600m", "")).put("pods", "p", pod("u1", "n", "600m", "")), nil},
		{"more than fits, by one scheduler", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "600m", "")).put("pods", "q", pod("u2", "", "600m", "")).
			step(to("s-1/1", bind("p", "u1", 1))).add(binding("s-1/1", "n")).step(to("s-1/2", bind("q", "u2", 1))).add(binding("s-1/2", "n")).
			put("pods", "q", pod("u2", "n", "600m", "")).put("pods", "p", pod("u1", "n", "600m", "")), &NoOvercommit},
		{"room made by a pod that went", start().put("nodes", "n", node1).put("pods", "p", pod("u1", "", "600m", "")).put("pods", "q", pod("u2", "", "600m", "")).
			step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "600m", "")).remove("pods", "p").step(bind("q", "u2", 1)).put("pods", "q", pod("u2", "n", "600m", "")), nil},

		{"as many created as wanted", start().put("replicationcontrollers", "web", owner2).
			step(controls("c/1", "create", "p", 1)).put("pods", "p", owned("u1", "o1")).step(controls("c/2", "create", "q", 1)).put("pods", "q", owned("u2", "o1")), nil},
		{"one more created than wanted", start().put("replicationcontrollers", "web", owner2).
			step(controls("c/1", "create", "p", 1)).put("pods", "p", owned("u1", "o1")).step(controls("c/2", "create", "q", 1)).put("pods", "q", owned("u2", "o1")).
			step(controls("c/3", "create", "r", 1)).put("pods", "r", owned("u3", "o1")), &CreatesNoExcess},
		{"a create lands that nobody knew of, beside a pod that was adopted meanwhile", start().put("replicationcontrollers", "web", owner1).put("pods", "p", bare).
			step(controls("c/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			put("pods", "p", owned("u1", "o1")).put("pods", "q", owned("u2", "o1")), nil},
		{"a create lands that nobody knew of, beside one that was made instead", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			step(controls("c/2", "create", "r", 1)).add(trace.Line{Call: &trace.Call{ID: "c/2", Client: "c2", Layer: trace.API, Verb: "create"}}).
			put("pods", "r", owned("u3", "o1")).put("pods", "q", owned("u2", "o1")), &CreatesNoExcess},
		{"a create lands after the one that made up for it was deleted", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/2", "create", "q", 1)).
			call(trace.Call{ID: "c/2", Client: "c", Verb: "create", Resource: "pods", Namespace: "ns", Name: "q"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "q", UID: "u1", Revision: 5}}).
			put("pods", "q", owned("u1", "o1")).remove("pods", "q").put("pods", "r", owned("u2", "o1")).put("pods", "q", owned("u3", "o1")), nil},
		{"one is created beside one that landed again, unseen", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/2", "create", "q", 1)).
			call(trace.Call{ID: "c/2", Client: "c", Verb: "create", Resource: "pods", Namespace: "ns", Name: "q"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "q", UID: "u1", Revision: 5}}).
			put("pods", "q", owned("u1", "o1")).remove("pods", "q").step(controls("c/3", "create", "r", 6)).put("pods", "q", owned("u3", "o1")).put("pods", "r", owned("u2", "o1")), nil},
		{"one is created beside one that landed again, and was seen", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/2", "create", "q", 1)).
			call(trace.Call{ID: "c/2", Client: "c", Verb: "create", Resource: "pods", Namespace: "ns", Name: "q"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "q", UID: "u1", Revision: 5}}).
			put("pods", "q", owned("u1", "o1")).remove("pods", "q").put("pods", "q", owned("u3", "o1")).step(controls("c/3", "create", "r", 7)).put("pods", "r", owned("u2", "o1")), &CreatesNoExcess},
		{"a create lands after another pod had its name, and one was made instead", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			put("pods", "q", bare).put("pods", "r", owned("u2", "o1")).remove("pods", "q").put("pods", "q", owned("u3", "o1")), nil},
		{"a create lands after the one that made up for it was refused, as another pod had the name", start().put("replicationcontrollers", "web", owner1).
			put("pods", "q", bare).step(controls("c/2", "create", "q", 1)).
			call(trace.Call{ID: "c/2", Client: "c", Verb: "create", Resource: "pods", Namespace: "ns", Name: "q"}, trace.Return{Outcome: trace.Failed, Code: 409}).
			put("pods", "r", owned("u2", "o1")).remove("pods", "q").put("pods", "q", owned("u3", "o1")), nil},
		{"a create lands after another pod had its name, and another create of it was given up", start().put("replicationcontrollers", "web", owner1).
			step(controls("c/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			put("pods", "q", bare).step(controls("c/2", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/2", Client: "c2", Layer: trace.API, Verb: "create"}}).
			put("pods", "r", owned("u2", "o1")).remove("pods", "q").put("pods", "q", owned("u3", "o1")), nil},
		{"a create lands after the pod that had its name was deleted, and one was made instead", start().put("replicationcontrollers", "web", owner1).
			put("pods", "q", bare).step(controls("c/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			put("pods", "r", owned("u2", "o1")).remove("pods", "q").put("pods", "q", owned("u3", "o1")), nil},
		{"a create lands, and what had its name before it was decided is no excuse", start().put("replicationcontrollers", "web", owner1).put("pods", "q", bare).remove("pods", "q").
			step(controls("c/1", "create", "q", 3)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).
			put("pods", "r", owned("u2", "o1")).put("pods", "q", owned("u3", "o1")), &CreatesNoExcess},
		{"the same name is made again by the operation that says so, and is one too many", start().put("replicationcontrollers", "web", owner1).
			put("pods", "q", owned("u1", "o1")).remove("pods", "q").put("pods", "r", owned("u2", "o1")).
			step(controls("c/2", "create", "q", 4)).
			call(trace.Call{ID: "c/2", Client: "c", Verb: "create", Resource: "pods", Namespace: "ns", Name: "q"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Namespace: "ns", Name: "q", UID: "u3", Revision: 8}}).
			put("pods", "q", owned("u3", "o1")), &CreatesNoExcess},
		{"one is created while one that does not match is yet to be released", start().put("replicationcontrollers", "web", owner1).put("pods", "p", owned("u1", "o1")).
			put("pods", "p", strings.Replace(owned("u1", "o1"), "web", "db", 1)).step(controls("c/1", "create", "q", 3)).put("pods", "q", owned("u2", "o1")), nil},
		{"one is created that was not known not to match", start().put("replicationcontrollers", "web", owner1).put("pods", "p", owned("u1", "o1")).
			put("pods", "p", strings.Replace(owned("u1", "o1"), "web", "db", 1)).step(controls("c/1", "create", "q", 2)).put("pods", "q", owned("u2", "o1")), &CreatesNoExcess},
		{"one more, beside a create that a killed process had left on its way", start().put("replicationcontrollers", "web", owner2).
			step(controls("c/1", "create", "p", 1)).add(trace.Line{Call: &trace.Call{ID: "c/1", Client: "c", Layer: trace.API, Verb: "create"}}).put("pods", "p", owned("u1", "o1")).
			step(controls("d/1", "create", "q", 1)).add(trace.Line{Call: &trace.Call{ID: "d/1", Client: "d", Layer: trace.API, Verb: "create"}}).put("pods", "q", owned("u2", "o1")).
			step(controls("d/2", "create", "r", 1)).add(trace.Line{Call: &trace.Call{ID: "d/2", Client: "d2", Layer: trace.API, Verb: "create"}}).put("pods", "r", owned("u3", "o1")), nil},
		{"deletes its own", start().put("replicationcontrollers", "web", owner0).put("pods", "p", owned("u1", "o1")).step(controls("1", "delete", "p", 2)).remove("pods", "p").
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Revision: 4}}), nil},
		{"deletes one of no more than it wants", start().put("replicationcontrollers", "web", owner2).put("pods", "p", owned("u1", "o1")).put("pods", "q", owned("u2", "o2")).put("pods", "r", owned("u3", "o2")).
			step(controls("1", "delete", "p", 4)).remove("pods", "p").
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Revision: 6}}), &DeletesExcess},
		{"deletes one that was too many when it last looked", start().put("replicationcontrollers", "web", owner0).step(controls("1", "delete", "p", 3)).put("pods", "p", owned("u1", "o1")).
			put("replicationcontrollers", "web", owner2).remove("pods", "p").
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Revision: 5}}), nil},
		{"deletes another's", start().put("replicationcontrollers", "web", owner2).put("pods", "p", owned("u1", "o9")).step(controls("1", "delete", "p", 2)).remove("pods", "p").
			call(trace.Call{ID: "1", Client: "c", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "p"}, trace.Return{Outcome: trace.OK, Object: &trace.Ref{Revision: 4}}), &DeletesOwn},
		{"acts for an owner that is being deleted", start().put("replicationcontrollers", "web", leavingOwner).
			step(controls("1", "create", "p", 1)), &TerminatingQuiet},
		{"acts for an owner that was read live in the place of one that is being deleted", start().put("replicationcontrollers", "web", leavingOwner).remove("replicationcontrollers", "web").
			put("replicationcontrollers", "web", strings.Replace(owner2, "o1", "o2", 1)).step(read(controls("1", "create", "p", 1), "o2", 4)), nil},
		{"acts for an owner that was read live and is being deleted", start().put("replicationcontrollers", "web", owner2).put("replicationcontrollers", "web", leavingOwner).
			step(read(controls("1", "create", "p", 1), "o1", 2)), &TerminatingQuiet},
		{"has written to an owner that is being deleted, and acts for it", start().put("replicationcontrollers", "web", leavingOwner).
			step(read(controls("1", "create", "p", 1), "o1", 0)), &TerminatingQuiet},

		{"a life", start().put("pods", "web", ended("u1", "Running", "Never")).ran("a", "u1", "init", 0, "started", 0).ran("a", "u1", "init", 0, "exited", 0).
			ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 0).put("pods", "web", ended("u1", "Succeeded", "Never")).remove("pods", "web"), nil},
		{"started after the end", start().put("pods", "web", ended("u1", "Failed", "Always")).ran("a", "u1", "init", 0, "started", 0), &EndedStaysEnded},
		{"started after the removal", start().put("pods", "web", ended("u1", "Running", "Always")).remove("pods", "web").ran("a", "u1", "init", 0, "started", 0).ran("a", "u1", "init", 0, "exited", 0), &GoneStaysGone},
		{"one UID on two nodes", start().ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 0).ran("b", "u1", "main", 1, "started", 0), &OneNodePerUID},
		{"two at once", start().ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 1, "started", 0), &OneLivePerName},
		{"one after the other", start().ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 1).ran("a", "u1", "main", 1, "started", 0), nil},
		{"Never is started again", start().put("pods", "web", ended("u1", "Running", "Never")).ran("a", "u1", "init", 0, "started", 0).ran("a", "u1", "init", 0, "exited", 0).
			ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 1).ran("a", "u1", "main", 1, "started", 0), &RestartPolicy},
		{"OnFailure is started again after success", start().put("pods", "web", ended("u1", "Running", "OnFailure")).ran("a", "u1", "init", 0, "started", 0).ran("a", "u1", "init", 0, "exited", 0).
			ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 0).ran("a", "u1", "main", 1, "started", 0), &RestartPolicy},
		{"main before init", start().put("pods", "web", ended("u1", "Running", "Never")).ran("a", "u1", "main", 0, "started", 0), &InitFirst},
		{"main after a failed init", start().put("pods", "web", ended("u1", "Running", "Never")).ran("a", "u1", "init", 0, "started", 0).ran("a", "u1", "init", 0, "exited", 1).ran("a", "u1", "main", 0, "started", 0), &InitFirst},
		{"two pods of one name", start().put("pods", "web", ended("u1", "Failed", "Always")).ran("a", "u0", "main", 0, "started", 0).ran("b", "u2", "main", 0, "started", 0), nil},
		{"two known pods of one name", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).ran("b", "u2", "main", 0, "started", 0), &OnePodPerName},
		{"two pods of one name after force", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).
			call(trace.Call{ID: "1", Client: "user", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "web", Grace: grace(0)}, trace.Return{Outcome: trace.OK}).
			ran("b", "u2", "main", 0, "started", 0), nil},
		{"removed while it runs", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).remove("pods", "web"), &StoppedThenGone},
		{"removed by force while it runs", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).
			call(trace.Call{ID: "1", Client: "user", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "web", Grace: grace(0)}, trace.Return{Outcome: trace.OK}).remove("pods", "web"), nil},
		{"removed by the kubelet while it runs", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).
			call(trace.Call{ID: "1", Client: "kubelet/a/1", Verb: "delete", Resource: "pods", Namespace: "ns", Name: "web", Grace: grace(0)}, trace.Return{Outcome: trace.OK}).remove("pods", "web"), &StoppedThenGone},
		{"a sandbox is removed while what was seen to run in it runs", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", removeSandbox, "s", ""), &StopsFirst},
		{"a sandbox is stopped while what was once seen to run in it runs", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", "", "", "").
			kubelet("exited", stopSandbox, "s", "").ran("a", "u1", "main", 0, "exited", 137), &StopsFirst},
		{"a container is removed while it runs", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", removeContainer, "main", "u1-main-0"), &StopsFirst},
		{"another container is removed", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", removeContainer, "main", "u1-main-1"), nil},
		{"another sandbox is removed", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", removeSandbox, "before", ""), nil},
		{"a sandbox is stopped and nobody has seen the start", start().ran("a", "u1", "main", 0, "started", 0).kubelet("created", stopSandbox, "s", ""), nil},
		{"a container is stopped, and then its sandbox", start().ran("a", "u1", "main", 0, "started", 0).kubelet("running", "stop container", "main", "u1-main-0").
			ran("a", "u1", "main", 0, "exited", 137).kubelet("exited", removeSandbox, "s", ""), nil},
		{"preempts a lower one", start().put("pods", "low", ranked("l", 1, "")).put("pods", "p", ranked("p", 2, "")).preempts("p", "low", "l", 2), nil},
		{"preempts an equal", start().put("pods", "low", ranked("l", 2, "")).put("pods", "p", ranked("p", 2, "")).preempts("p", "low", "l", 2), &PreemptsLower},
		{"preempts a higher one", start().put("pods", "low", ranked("l", 3, "")).put("pods", "p", ranked("p", 2, "")).preempts("p", "low", "l", 2), &PreemptsLower},
		{"preempts and is not to", start().put("pods", "low", ranked("l", 1, "")).put("pods", "p", ranked("p", 2, `,"preemptionPolicy":"Never"`)).preempts("p", "low", "l", 2), &PreemptsLower},
		{"preempts for one that has a node", start().put("pods", "low", ranked("l", 1, "")).put("pods", "p", ranked("p", 2, `,"nodeName":"n"`)).preempts("p", "low", "l", 2), &PreemptsLower},
		{"preempts for one that is not there", start().put("pods", "low", ranked("l", 1, "")).preempts("p", "low", "l", 1), &PreemptsLower},
		{"preempts by name", start().put("pods", "low", ranked("l", 1, "")).put("pods", "p", ranked("p", 2, "")).preempts("p", "low", "", 2), &PreemptsLower},
		{"preempts one that never was", start().put("pods", "low", ranked("l", 1, "")).put("pods", "p", ranked("p", 2, "")).preempts("p", "low", "x", 2), &PreemptsLower},
		{"somebody else deletes an equal", start().put("pods", "low", ranked("l", 2, "")).put("pods", "p", ranked("p", 2, "")).step(acts("c", "delete", "", 2)), nil},
		{"who leads acts, and stops; and another does", start().stands("a").leads("a").decides("a", "1").stands("b").follows("a").leads("b").decides("b", "2"), nil},
		{"nobody stands for anything", start().decides("a", "1").decides("b", "2"), nil},
		{"one that does not lead renews and looks", start().stands("a").leads("a").stands("b").stands("b"), nil},
		{"one that never led acts", start().stands("a").leads("a").stands("b").decides("b", "1"), &OneActs},
		{"one that leads no more acts", start().stands("a").leads("a").follows("a").decides("a", "1"), &OneActs},
		{"one acts after another has come to lead", start().stands("a").leads("a").decides("a", "1").stands("b").leads("b").decides("b", "2").decides("a", "3"), &OneActs},
		{"one is silent after another has come to lead, and says so", start().stands("a").leads("a").stands("b").leads("b").decides("b", "2").follows("a").decides("b", "3"), nil},
		{"what one decided while it led is sent", start().stands("a").leads("a").decides("a", "1").asks("a", "1"), nil},
		{"it is sent after that", start().stands("a").leads("a").decides("a", "1").follows("a").asks("a", "1"), &OneActs},
		{"it stood still, goes on with what it was at, and says that it follows", start().stands("a-m").leads("a-m").stops("a@m").stands("b").leads("b").decides("b", "1").
			goesOn("a@m", 1).decides("a-m", "2").follows("a-m").decides("b", "3"), nil},
		{"it stood still, and goes on for longer", start().stands("a-m").leads("a-m").stops("a@m").stands("b").leads("b").goesOn("a@m", 1).decides("a-m", "2").decides("a-m", "3"), &OneActs},
		{"it was not seen to stand still", start().stands("a-m").leads("a-m").stops("a@m").stands("b").leads("b").goesOn("a@m", 0).decides("a-m", "2"), &OneActs},
		{"another stood still", start().stands("a-m").leads("a-m").stops("a@n").stands("b").leads("b").goesOn("a@n", 1).decides("a-m", "2"), &OneActs},
		{"it stood still, and did not lead", start().stands("a-m").stops("a@m").stands("b").leads("b").goesOn("a@m", 1).decides("a-m", "2"), &OneActs},
		{"it crashes on its machine, and its next life acts", start().stands("a-m").leads("a-m").add(trace.Line{Life: &trace.Life{Name: "a", Machine: "m", State: "exit"}}).decides("a-m", "2"), &OneActs},
		{"its caches are filled after that", start().stands("a").leads("a").decides("a", "1").follows("a").asks("a", "2"), nil},
		{"it crashes, and its next life acts", start().stands("a").leads("a").decides("a", "1").exits("a").decides("a", "2"), &OneActs},
		{"it crashes, and its next life comes to lead", start().stands("a").leads("a").decides("a", "1").exits("a").stands("a").leads("a").decides("a", "2"), nil},
		{"removed without a terminal phase", start().put("pods", "web", pod("u1", "a", "1", "")).ran("a", "u1", "main", 0, "started", 0).ran("a", "u1", "main", 0, "exited", 0).remove("pods", "web"), &EndsBeforeGone},
		{"rules after both lists", start().applied(1, 1), nil},
		{"rules before the list of services", start().applied(-1, 1), &ListedFirst},
		{"rules before the list of slices", start().applied(1, -1), &ListedFirst},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				require.Empty(t, result.Unknown)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Equal(t, test.breaks.error, result.Findings[0].Guarantee, "%s", result.Findings[0].Text)
			require.Equal(t, test.breaks.row, result.Findings[0].Row)
			require.Positive(t, result.Findings[0].Line)
		})
	}
}

// What cannot be read is neither legal nor illegal.
func TestWhatCannotBeReadIsUnknown(t *testing.T) {
	run := (&recording{}).put("pods", "p", bare)
	run.lines[0].Revision.Object = json.RawMessage(`{"metadata":3}`)
	require.Equal(t, verdict.Unknown, run.judge().Verdict())

	run = (&recording{}).put("nodes", "n", node1).put("pods", "p", pod("u1", "", "many", "")).step(bind("p", "u1", 1)).put("pods", "p", pod("u1", "n", "many", ""))
	require.Equal(t, verdict.Unknown, run.judge().Verdict())
}

func TestNoTimeIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	result := Checker{}.Check(ctx, history.New(trace.Header{}, nil), verdict.DefaultLimits)
	require.Equal(t, verdict.Unknown, result.Verdict())
}
