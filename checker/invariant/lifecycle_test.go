package invariant

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

// Goal: every guarantee about nodes is seen to be broken, and seen not to be broken by the nearest thing that is allowed. Method: short histories
// with times: what the store held, what was read live, and one decision; the grace period is 40 s, the quarantine 30 s, the pace 10 s.

// keeper makes the lines of such a history. Its revisions are the numbers of its lines.
type keeper struct {
	recording
	now  int64
	next int
	at   map[string]int64
	own  []trace.Ref
}

func keeping() *keeper { return &keeper{at: map[string]int64{}} }

func (k *keeper) line(l trace.Line) *keeper {
	l.Process = "controllers"
	k.add(l)
	k.lines[len(k.lines)-1].Time = k.now
	return k
}

// wait lets so many seconds go by.
func (k *keeper) wait(seconds int64) *keeper {
	k.now += seconds * 1e9
	return k
}

func (k *keeper) store(resource, namespace, name, object string) *keeper {
	uid := "u-" + name
	if resource == "leases" {
		uid = "l-" + name
	}
	rev := trace.Revision{Revision: int64(len(k.lines) + 1), Key: "/registry/" + resource + "/" + namespace + "/" + name, Resource: resource, Namespace: namespace, Name: name,
		UID: uid, Object: json.RawMessage(object), Deleted: object == "", Previous: k.at[resource+name]}
	if k.at[resource+name] = rev.Revision; object == "" {
		delete(k.at, resource+name)
	}
	return k.line(trace.Line{Revision: &rev})
}

func nodeObject(name, ready, heartbeat, taint string) string {
	taints := ""
	if taint != "" {
		taints = fmt.Sprintf(`{"key":"node.kubernetes.io/%s","effect":"NoExecute"}`, taint)
	}
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":"u-%s"},"spec":{"taints":[%s]},"status":{"conditions":[{"type":"Ready","status":%q,"lastHeartbeatTime":%q}]}}`, name, name, taints, ready, heartbeat)
}

func (k *keeper) node(name, ready, heartbeat, taint string) *keeper {
	return k.store("nodes", "", name, nodeObject(name, ready, heartbeat, taint))
}

func (k *keeper) renew(name string) *keeper {
	return k.store("leases", leaseNamespace, name, fmt.Sprintf(`{"metadata":{"uid":"l-%s"}}`, name))
}

func (k *keeper) pod(name, on, seconds, more string) *keeper {
	tolerations := ""
	if seconds != "" {
		tolerations = fmt.Sprintf(`{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":%s}`, seconds)
	}
	return k.store("pods", "ns", name, fmt.Sprintf(`{"metadata":{"uid":"u-%s"%s},"spec":{"nodeName":%q,"tolerations":[%s]}}`, name, more, on, tolerations))
}

// wrote says that the caches do not show yet what was written to a node, of which the answer was that version; 0: there was none.
func (k *keeper) wrote(name string, version int64) *keeper {
	k.own = []trace.Ref{{Resource: "nodes", Name: name, Revision: version}}
	return k
}

// decides is a step about a node, in a view of so many lines, that plans an effect and sends it.
func (k *keeper) decides(component, about string, view int, c trace.Call) *keeper {
	k.next++
	c.ID, c.Layer = fmt.Sprint("c/", k.next), trace.API
	c.Client = c.ID
	v := int64(view)
	if view == 0 {
		v = int64(len(k.lines))
	}
	s := trace.Step{Component: component, Key: about, View: map[string]int64{"nodes": v, "leases": v, "pods": v}, Own: k.own,
		Look: &trace.Look{Measured: &trace.Measured{Policy: trace.NodePolicy{Grace: 40e9, Quarantine: 30e9, Pace: 10e9}}},
		Plan: []trace.Effect{{Call: c.ID, Verb: c.Verb, Subresource: c.Subresource, Object: trace.Ref{Resource: c.Resource, Namespace: c.Namespace, Name: c.Name}}}}
	return k.line(trace.Line{Step: &s}).line(trace.Line{Call: &c})
}

// looks reads a node, or its lease, live.
func (k *keeper) looks(resource, name string) *keeper {
	namespace := ""
	if resource == "leases" {
		namespace = leaseNamespace
	}
	rv := k.at[resource+name]
	k.decides(nodeLifecycle, name, 0, trace.Call{Verb: "get", Resource: resource, Namespace: namespace, Name: name})
	ret := trace.Return{ID: fmt.Sprint("c/", k.next), Outcome: trace.OK, Object: &trace.Ref{Resource: resource, Namespace: namespace, Name: name, Revision: rv}}
	if rv == 0 {
		ret.Outcome, ret.Object, ret.Code = trace.Failed, nil, notFound
	}
	return k.line(trace.Line{Return: &ret})
}

func (k *keeper) doubts(name string) *keeper {
	return k.decides(nodeLifecycle, name, 0, trace.Call{Verb: "update", Resource: "nodes", Subresource: "status", Name: name})
}

func (k *keeper) taints(name string) *keeper { return k.taintsIn(0, name) }

// taintsIn decides in a view of so many lines.
func (k *keeper) taintsIn(view int, name string) *keeper {
	return k.decides(nodeLifecycle, name, view, trace.Call{Verb: "update", Resource: "nodes", Name: name, Body: json.RawMessage(nodeObject(name, "Unknown", "", "unreachable"))})
}

func (k *keeper) deletes(component, about, pod string, view int, grace *int64) *keeper {
	return k.decides(component, about, view, trace.Call{Verb: "delete", Resource: "pods", Namespace: "ns", Name: pod, Grace: grace})
}

// ends says that the run has settled and is over.
func (k *keeper) ends() *keeper {
	return k.line(trace.Line{Phase: &trace.Phase{Name: trace.Settled}}).wait(15).line(trace.Line{Phase: &trace.Phase{Name: trace.End}})
}

func (k *keeper) judge() verdict.Result {
	h := history.New(trace.Header{Format: trace.Format, Mode: trace.Simulated}, k.lines)
	return Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
}

func TestNodeLifecycle(t *testing.T) {
	alive := func() *keeper { return keeping().node("a", "True", "1", "").renew("a").node("b", "True", "1", "") }
	silent := func() *keeper { return keeping().node("a", "Unknown", "1", "").node("b", "True", "1", "") }
	reached := func(seconds string) *keeper {
		return keeping().node("a", "Unknown", "1", "unreachable").node("b", "True", "1", "").pod("p", "a", seconds, "")
	}
	leaving := `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	for _, test := range []struct {
		name   string
		run    *keeper
		breaks *guarantee
	}{
		{"doubted after the grace period", alive().wait(40).doubts("a"), nil},
		{"doubted too early", alive().wait(30).doubts("a"), &DoubtsSilent},
		{"doubted though its lease was renewed", alive().wait(30).renew("a").wait(20).doubts("a"), &DoubtsSilent},
		{"doubted though its status was renewed", alive().wait(30).node("a", "True", "2", "").wait(20).doubts("a"), &DoubtsSilent},
		{"a user's change renews nothing", alive().wait(30).node("a", "True", "1", "mine").wait(20).doubts("a"), nil},
		{"renewed since it was read", alive().wait(40).looks("leases", "a").renew("a").doubts("a"), nil},
		{"renewed before it was read", alive().wait(40).renew("a").looks("leases", "a").doubts("a"), &DoubtsSilent},
		{"a clock that runs a little fast", alive().wait(38).doubts("a"), nil},

		{"tainted", silent().taints("a"), nil},
		{"two at once", silent().node("c", "Unknown", "1", "").taints("a").taints("c"), &TaintsAtPace},
		{"one after the other", silent().node("c", "Unknown", "1", "").taints("a").wait(10).taints("c"), nil},
		{"tainted where none is ready", keeping().node("a", "Unknown", "1", "").node("b", "False", "1", "").taints("a"), &TaintsAtPace},

		{"one is ready, which the answer to a write shows and not the cache", keeping().node("a", "Unknown", "1", "").node("b", "False", "1", "").node("b", "True", "2", "").wrote("b", 3).taintsIn(2, "a"), nil},
		{"one is, which neither shows", keeping().node("a", "Unknown", "1", "").node("b", "False", "1", "").node("b", "True", "2", "").wrote("b", 0).taintsIn(2, "a"), &TaintsAtPace},
		{"one is not any more, as such an answer shows", keeping().node("a", "Unknown", "1", "").node("b", "True", "1", "").node("b", "Unknown", "1", "").wrote("b", 3).taintsIn(2, "a"), &TaintsAtPace},

		{"evicted from a node with a taint", reached("").deletes(nodeLifecycle, "a", "p", 0, nil), nil},
		{"evicted from a node without", alive().pod("p", "a", "", "").deletes(nodeLifecycle, "a", "p", 0, nil), &EvictsIntolerant},
		{"evicted though the taint is gone, which the cache does not show", reached("").node("a", "True", "2", "").deletes(nodeLifecycle, "a", "p", 3, nil), &EvictsIntolerant},
		{"evicted when the toleration has run out", reached("20").wait(20).deletes(nodeLifecycle, "a", "p", 0, nil), nil},
		{"evicted before", reached("20").wait(10).deletes(nodeLifecycle, "a", "p", 0, nil), &EvictsIntolerant},
		{"the taint was taken off and put on again", reached("20").wait(15).node("a", "Unknown", "1", "").node("a", "Unknown", "1", "unreachable").wait(10).deletes(nodeLifecycle, "a", "p", 0, nil), &EvictsIntolerant},
		{"the node changes, and the taint stays", reached("20").wait(15).node("a", "Unknown", "2", "unreachable").wait(10).deletes(nodeLifecycle, "a", "p", 0, nil), nil},
		{"evicted though it tolerates that for ever", keeping().node("a", "Unknown", "1", "unreachable").pod("p", "a", "null", "").wait(99).deletes(nodeLifecycle, "a", "p", 0, nil), &EvictsIntolerant},
		{"evicted, and the taint is gone since it was read", reached("").looks("nodes", "a").node("a", "True", "2", "").deletes(nodeLifecycle, "a", "p", 3, nil), nil},

		{"another controller removes at once", alive().pod("p", "a", "", "").deletes("replicaset-controller", "ns/web", "p", 0, new(int64)), &Graceful},
		{"another controller deletes", alive().pod("p", "a", "", "").deletes("replicaset-controller", "ns/web", "p", 0, nil), nil},
		{"a kubelet removes at once", alive().pod("p", "a", "", "").deletes("kubelet", "ns/p", "p", 0, new(int64)), nil},
		{"removed at once from a node that is there", reached("").looks("nodes", "a").deletes(nodeLifecycle, "a", "p", 0, new(int64)), &CollectsStranded},
		{"removed from a node that is not there", alive().pod("p", "x", "", "").looks("nodes", "x").deletes(nodeLifecycle, "x", "p", 0, new(int64)), nil},
		{"there is such a node, which the cache does not show", alive().pod("p", "x", "", "").node("x", "True", "1", "").deletes(nodeLifecycle, "x", "p", 4, new(int64)), &CollectsStranded},
		{"the node has come since it was read", alive().pod("p", "x", "", "").looks("nodes", "x").node("x", "True", "1", "").deletes(nodeLifecycle, "x", "p", 4, new(int64)), nil},
		{"removed from a node out of service", keeping().node("a", "Unknown", "1", "out-of-service").pod("p", "a", "", leaving).deletes(nodeLifecycle, "a", "p", 0, new(int64)), nil},
		{"nobody deletes it", keeping().node("a", "Unknown", "1", "out-of-service").pod("p", "a", "", "").deletes(nodeLifecycle, "a", "p", 0, new(int64)), &CollectsStranded},
		{"it is back in service, which the cache does not show", keeping().node("a", "Unknown", "1", "out-of-service").pod("p", "a", "", leaving).node("a", "True", "2", "").
			deletes(nodeLifecycle, "a", "p", 2, new(int64)), &CollectsStranded},

		{"pods of a node that is gone stay", alive().pod("p", "a", "", "").looks("nodes", "a").store("nodes", "", "a", "").wait(70).ends(), &StrandedGo},
		{"it has not been gone for long", alive().pod("p", "a", "", "").looks("nodes", "a").store("nodes", "", "a", "").wait(20).ends(), nil},
		{"nobody looks after nodes", alive().pod("p", "a", "", "").store("nodes", "", "a", "").wait(70).ends(), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Equal(t, test.breaks.error, result.Findings[0].Guarantee, "%s", result.Findings[0].Text)
			require.Equal(t, test.breaks.row, result.Findings[0].Row)
		})
	}
}
