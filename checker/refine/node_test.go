package refine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// aNode is a node in a zone, with that status of its condition Ready and those taints, each KEY:EFFECT.
func aNode(name, zone, ready string, taints ...string) string {
	var list []string
	for _, t := range taints {
		key, effect, _ := strings.Cut(t, ":")
		list = append(list, fmt.Sprintf(`{"key":"node.kubernetes.io/%s","effect":%q}`, key, effect))
	}
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":"u-%s","labels":{"topology.kubernetes.io/zone":%q}},"spec":{"taints":[%s]},"status":{"conditions":[{"type":"Ready","status":%q}]}}`,
		name, name, zone, strings.Join(list, ","), ready)
}

// keeper is a recording of the node lifecycle controller.
type keeper struct {
	*recording
	next     int
	policy   trace.NodePolicy
	measured trace.Measured
	at       map[string]int64 // the revision of the last version of each node, lease and pod
}

const second = int64(1e9)

func keeping() *keeper {
	return &keeper{recording: &recording{}, at: map[string]int64{},
		policy: trace.NodePolicy{Grace: 40 * second, Quarantine: 30 * second, Pace: 10 * second, Slow: 100 * second, Few: 1, Share: 55, Large: 3}}
}

func (k *keeper) put(resource, namespace, name, uid, object string) *keeper {
	path := "/registry/" + map[string]string{"nodes": "minions/", "leases": "leases/kube-node-lease/", "pods": "pods/ns/"}[resource] + name
	rev := trace.Revision{Revision: int64(len(k.lines) + 1), Key: path, Resource: resource, Namespace: namespace, Name: name, UID: uid, Object: json.RawMessage(object), Deleted: object == ""}
	k.at[resource+name] = rev.Revision
	k.add(trace.Line{Process: "store", Revision: &rev})
	return k
}

func (k *keeper) is(name, zone, ready string, taints ...string) *keeper {
	return k.put("nodes", "", name, "u-"+name, aNode(name, zone, ready, taints...))
}

func (k *keeper) lease(name string) *keeper {
	return k.put("leases", "kube-node-lease", name, "l-"+name, fmt.Sprintf(`{"metadata":{"name":%q}}`, name))
}

// runs binds a pod to a node.
func (k *keeper) runs(name, on, spec, more string) *keeper {
	return k.put("pods", "ns", name, "u-"+name, fmt.Sprintf(`{"metadata":{"uid":"u-%s"%s},"spec":{"nodeName":%q%s},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, name, more, on, spec))
}

// has says what is measured from here on.
func (k *keeper) has(m trace.Measured) *keeper {
	k.measured = m
	return k
}

// decides is a step about a node in a view of everything so far.
func (k *keeper) decides(about string, own []trace.Ref, effects ...trace.Effect) {
	m, view := k.measured, int64(len(k.lines))
	m.Policy = k.policy
	k.add(trace.Line{Step: &trace.Step{Component: nodeLifecycle, Key: about, View: map[string]int64{"nodes": view, "leases": view, "pods": view}, Own: own,
		Look: &trace.Look{Measured: &m}, Plan: effects}})
}

func (k *keeper) id() string {
	k.next++
	return fmt.Sprintf("c-1/%d", k.next)
}

// looks decides to read a node and its lease live, and hears what there is.
func (k *keeper) looks(name string) *keeper {
	a, b := k.id(), k.id()
	node, lease := trace.Ref{Resource: "nodes", Name: name}, trace.Ref{Resource: "leases", Namespace: "kube-node-lease", Name: name}
	k.decides(name, nil, trace.Effect{Call: a, Verb: "get", Object: node}, trace.Effect{Call: b, Verb: "get", Object: lease})
	for id, ref := range map[string]trace.Ref{a: node, b: lease} { // order does not matter
		k.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "get", Resource: ref.Resource, Namespace: ref.Namespace, Name: name}})
		if ref.Revision = k.at[ref.Resource+name]; ref.Revision == 0 {
			k.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.Failed, Code: notFound}})
		} else {
			k.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK, Object: &ref}})
		}
	}
	return k
}

// writes decides a write to the last version of an object, and sends it.
func (k *keeper) writes(about, verb, resource, name, subresource, body string, grace *int64) *keeper {
	id, namespace := k.id(), ""
	if resource == "pods" {
		namespace = "ns"
	}
	rv := fmt.Sprint(k.at[resource+name])
	k.decides(about, nil, trace.Effect{Call: id, Verb: verb, Object: trace.Ref{Resource: resource, Namespace: namespace, Name: name, UID: "u-" + name}, Subresource: subresource, ResourceVersion: rv})
	k.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: resource, Namespace: namespace, Name: name, Subresource: subresource,
		UID: "u-" + name, ResourceVersion: rv, Body: json.RawMessage(body), Grace: grace}})
	return k
}

func (k *keeper) doubts(name string) *keeper {
	return k.writes(name, "update", "nodes", name, "status", aNode(name, "z", "Unknown"), nil)
}

func (k *keeper) taints(name, ready string, taints ...string) *keeper {
	return k.writes(name, "update", "nodes", name, "", aNode(name, "z", ready, taints...), nil)
}

func (k *keeper) evicts(on, pod string) *keeper {
	return k.writes(on, "delete", "pods", pod, "", "", nil)
}

func (k *keeper) collects(on, pod string) *keeper {
	return k.writes(on, "delete", "pods", pod, "", "", new(int64))
}

func (k *keeper) unreadies(on, pod string) *keeper {
	return k.writes(on, "update", "pods", pod, "status", `{}`, nil)
}

func heldFor(key string, seconds int64) trace.Measured {
	return trace.Measured{Held: []trace.Held{{Key: "node.kubernetes.io/" + key, For: seconds * second}}}
}

// Goal: each kind of decision about nodes that the model refuses is refused, with the reason, and each that it allows is not. Method: short
// recordings: what the store went through, what was measured and read live, and one decision.
func TestNodes(t *testing.T) {
	quiet := trace.Measured{Quiet: 40 * second, Since: 10 * second}
	tolerates := func(seconds string) string {
		return fmt.Sprintf(`,"tolerations":[{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"%s}]`, seconds)
	}
	leaving := `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	two := func() *keeper { return keeping().is("a", "z", "True").lease("a").is("b", "z", "True") }
	silent := func() *keeper { return keeping().is("a", "z", "Unknown").lease("a").is("b", "z", "True") }
	unreachable := func(spec, more string) *keeper {
		return keeping().is("a", "z", "Unknown", "unreachable:NoExecute").lease("a").is("b", "z", "True").runs("p", "a", spec, more)
	}
	for _, test := range []struct {
		name string
		run  *keeper
		why  string // empty: allowed
	}{
		{"a node that was quiet for the grace period is doubted after a look", two().has(quiet).looks("a").doubts("a"), ""},
		{"it is doubted without a look", two().has(quiet).doubts("a"), "it was not read live"},
		{"it is doubted though its lease was renewed when it was read", two().has(quiet).looks("a").lease("a").doubts("a"), "it was not read live"},
		{"it is doubted though it has reported", two().has(quiet).looks("a").is("a", "z", "True").doubts("a"), "it was not read live"},
		{"it is doubted too early", two().has(trace.Measured{Quiet: 39 * second}).looks("a").doubts("a"), "it has been quiet for 39000, and has 40000"},
		{"it is doubted by a look at it before", two().has(trace.Measured{Quiet: 39 * second}).looks("a").has(quiet).doubts("a"), "it has been quiet for 39000, and has 40000"},
		{"it is doubted again", silent().has(quiet).looks("a").doubts("a"), "it is in doubt already"},
		{"a node is said to be ready", two().has(quiet).writes("a", "update", "nodes", "a", "status", aNode("a", "z", "True"), nil), "which is its kubelet's to say"},
		{"it is tainted", silent().has(quiet).taints("a", "Unknown", "unreachable:NoExecute"), ""},
		{"a taint by which no pod goes is none of the model's", two().taints("a", "True", "unschedulable:NoSchedule"), ""},
		{"it is tainted after a look at it before", silent().has(trace.Measured{Quiet: 39 * second}).looks("a").has(quiet).taints("a", "Unknown", "unreachable:NoExecute"), ""},
		{"it is tainted though it is ready", two().has(quiet).taints("a", "True", "unreachable:NoExecute"), "it is ready"},
		{"it is tainted by a controller that has just started", silent().has(trace.Measured{Since: 10 * second}).taints("a", "Unknown", "unreachable:NoExecute"), "this controller has known it to be quiet for 0 only"},
		{"it is tainted too soon after another", silent().has(trace.Measured{Quiet: 40 * second, Since: 9 * second}).taints("a", "Unknown", "unreachable:NoExecute"),
			"the last taint in its zone was 9000 ago, and one is allowed each 10000"},
		{"one that says itself that it is not ready is tainted", keeping().is("a", "z", "False").lease("a").is("b", "z", "True").has(trace.Measured{Since: 10 * second}).taints("a", "False", "not-ready:NoExecute"), ""},
		{"no node is ready", keeping().is("a", "z", "Unknown").lease("a").is("b", "y", "False").has(quiet).taints("a", "Unknown", "unreachable:NoExecute"), "no node of any zone is ready"},
		{"a zone is small, and partially down", keeping().is("a", "z", "Unknown").lease("a").is("b", "z", "False").is("c", "z", "True").has(quiet).taints("a", "Unknown", "unreachable:NoExecute"),
			"its zone is small, and too much of it is down"},
		{"a zone is large, and partially down", keeping().is("a", "z", "Unknown").is("b", "z", "False").is("c", "z", "Unknown").is("d", "z", "True").has(quiet).taints("a", "Unknown", "unreachable:NoExecute"),
			"one is allowed each 100000"},
		{"a zone is down, and another is not", keeping().is("a", "z", "Unknown").is("b", "z", "False").is("c", "z", "Unknown").is("d", "y", "True").has(quiet).taints("a", "Unknown", "unreachable:NoExecute"), ""},
		{"one that is ready is untainted", keeping().is("a", "z", "True", "unreachable:NoExecute").taints("a", "True"), ""},
		{"one that is not ready is untainted", unreachable("", "").taints("a", "Unknown"), "it is not tainted, or some node is ready"},
		{"it is spared where no node is ready", keeping().is("a", "z", "Unknown", "unreachable:NoExecute").taints("a", "Unknown"), ""},
		{"a pod is evicted that tolerates nothing", unreachable("", "").has(heldFor("unreachable", 0)).looks("a").evicts("a", "p"), ""},
		{"it is evicted without a look", unreachable("", "").has(heldFor("unreachable", 0)).evicts("a", "p"), "its node was not read live: the taint may be gone"},
		{"its node has no taint", silent().runs("p", "a", "", "").looks("a").evicts("a", "p"), "its node has no taint"},
		{"it has tolerated the taint for long enough", unreachable(tolerates(`,"tolerationSeconds":20`), "").has(heldFor("unreachable", 20)).looks("a").evicts("a", "p"), ""},
		{"it tolerates the taint still", unreachable(tolerates(`,"tolerationSeconds":20`), "").has(heldFor("unreachable", 19)).looks("a").evicts("a", "p"), "it tolerates the taint, which was seen for 19000"},
		{"it tolerated the taint still when its node was looked at", unreachable(tolerates(`,"tolerationSeconds":20`), "").has(heldFor("unreachable", 19)).looks("a").has(heldFor("unreachable", 20)).evicts("a", "p"),
			"it tolerates the taint, which was seen for 19000"},
		{"it tolerates the taint for ever", unreachable(tolerates(""), "").has(heldFor("unreachable", 1000)).looks("a").evicts("a", "p"), "it tolerates the taint"},
		{"a user's taint evicts as well", keeping().is("a", "z", "True", "mine:NoExecute").lease("a").runs("p", "a", tolerates(""), "").has(heldFor("mine", 0)).looks("a").evicts("a", "p"), ""},
		{"it is being deleted", unreachable("", leaving).has(heldFor("unreachable", 0)).looks("a").evicts("a", "p"), "it is being deleted already"},
		{"it is evicted by force", unreachable("", "").has(heldFor("unreachable", 0)).looks("a").collects("a", "p"), "its node is there, and not out of service"},
		{"nothing is ready anywhere", keeping().is("a", "z", "Unknown", "unreachable:NoExecute").lease("a").runs("p", "a", "", "").has(heldFor("unreachable", 9)).looks("a").evicts("a", "p"), "no node of any zone is ready"},
		{"a pod of a node that is gone is collected", two().runs("p", "x", "", "").has(trace.Measured{Missing: 30 * second}).looks("x").collects("x", "p"), ""},
		{"the node has not been gone for long", two().runs("p", "x", "", "").has(trace.Measured{Missing: 29 * second}).looks("x").collects("x", "p"), "its node has been missing for 29000 only"},
		{"it had not been gone for long when it was looked for", two().runs("p", "x", "", "").has(trace.Measured{Missing: 29 * second}).looks("x").has(trace.Measured{Missing: 30 * second}).collects("x", "p"), "its node has been missing for 29000 only"},
		{"nobody has looked whether it is gone", two().runs("p", "x", "", "").has(trace.Measured{Missing: 30 * second}).collects("x", "p"), "its node was not read live"},
		{"what is deleted from a node out of service is collected", keeping().is("a", "z", "Unknown", "out-of-service:NoExecute").lease("a").runs("p", "a", "", leaving).looks("a").collects("a", "p"), ""},
		{"a node out of service is ready", keeping().is("a", "z", "True", "out-of-service:NoExecute").lease("a").runs("p", "a", "", leaving).looks("a").collects("a", "p"), "its node is there, and not out of service"},
		{"a pod of a node in doubt is said to be not ready", silent().runs("p", "a", "", "").unreadies("a", "p"), ""},
		{"a pod of a node that is ready is said to be not ready", two().runs("p", "a", "", "").unreadies("a", "p"), "its node is ready"},
		{"a pod of another node is written to", two().runs("p", "b", "", "").unreadies("a", "p"), "is not bound to it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.ErrorIs(t, result.Findings[0].Guarantee, Allowed)
			require.Contains(t, result.Findings[0].Text, test.why)
			require.NotEmpty(t, result.Findings[0].Nearest)
		})
	}
	share := Shares(two().has(quiet).looks("a").doubts("a").history())[nodeLifecycle]
	require.Equal(t, Share{1, 1}, share)
}

// Goal: what the controller has written itself counts before its cache shows it: the last ready node, in doubt, is none any more. Method: a step
// that knows of the request, and one that does not.
func TestNodesKnowOwnWrites(t *testing.T) {
	for _, known := range []bool{true, false} {
		k := keeping().is("a", "z", "Unknown").is("b", "z", "True").lease("b").has(trace.Measured{Quiet: 40 * second, Since: 10 * second}).looks("b").doubts("b")
		var own []trace.Ref
		if known {
			own = []trace.Ref{{Resource: "nodes", Name: "b", UID: "u-b"}}
		}
		id, rv := k.id(), fmt.Sprint(k.at["nodesa"])
		k.decides("a", own, trace.Effect{Call: id, Verb: "update", Object: trace.Ref{Resource: "nodes", Name: "a", UID: "u-a"}, ResourceVersion: rv})
		k.add(trace.Line{Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: "update", Resource: "nodes", Name: "a", UID: "u-a", ResourceVersion: rv,
			Body: json.RawMessage(aNode("a", "z", "Unknown", "unreachable:NoExecute"))}})
		findings := k.judge().Findings
		require.Equal(t, known, len(findings) > 0)
		if known {
			require.Contains(t, findings[0].Text, "no node of any zone is ready")
		}
	}
}
