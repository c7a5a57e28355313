package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/rules"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

const (
	worker  = "worker-1"
	address = "10.96.0.7:80"
	second  = int64(1e9)
)

// recording is a run that is being made up, in seconds.
type recording struct {
	lines    []trace.Line
	revision int64
	applied  string // the hash of the last set
}

func (r *recording) add(at float64, l trace.Line) *recording {
	l.Time = int64(at * float64(second))
	r.lines = append(r.lines, l)
	return r
}

// put writes an object into the store; an empty text deletes it.
func (r *recording) put(at float64, resource, name, text string) *recording {
	r.revision++
	namespace, key := "shop", "/registry/"+resource+"/shop/"+name
	if resource == "nodes" {
		namespace, key = "", "/registry/nodes/"+name
	}
	v := &trace.Revision{Revision: r.revision, Key: key, Resource: resource, Namespace: namespace, Name: name, UID: name, Deleted: text == ""}
	if text != "" {
		text = fmt.Sprintf(`{"metadata":{"name":%q,"namespace":%q,"uid":%q,%s`, name, namespace, name, text)
		v.Object = json.RawMessage(text)
	}
	return r.add(at, trace.Line{Revision: v})
}

func (r *recording) service(at float64) *recording {
	return r.put(at, "services", "shop", `"creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"clusterIP":"10.96.0.7","selector":{"app":"shop"},"ports":[{"port":80}]}}`)
}

// endpoints puts pods of these addresses into the service's slice, ready.
func (r *recording) endpoints(at float64, ips ...string) *recording {
	var all []string
	for _, ip := range ips {
		all = append(all, fmt.Sprintf(`{"addresses":[%q],"conditions":{"ready":true}}`, ip))
	}
	return r.put(at, "endpointslices", "shop-1", `"labels":{"kubernetes.io/service-name":"shop"}},"addressType":"IPv4","ports":[{"port":8080}],"endpoints":[`+strings.Join(all, ",")+`]}`)
}

func (r *recording) pod(at float64, name, ip, ready string) *recording {
	return r.put(at, "pods", name, fmt.Sprintf(`"labels":{"app":"shop"}},"spec":{"nodeName":%q},"status":{"podIPs":[{"ip":%q}],"conditions":[{"type":"Ready","status":%q}]}}`, worker, ip, ready))
}

// client is the pod that asks.
func (r *recording) client(at float64, ready string) *recording {
	r.put(at, "nodes", worker, `"labels":{}},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`)
	return r.put(at, "pods", "client", fmt.Sprintf(`"labels":{}},"spec":{"nodeName":%q},"status":{"podIPs":[{"ip":"10.88.1.99"}],"conditions":[{"type":"Ready","status":%q}]}}`, worker, ready))
}

// apply: the proxy decides to have what the store says now.
func (r *recording) apply(at float64) *recording {
	w, err := rules.Of(history.New(trace.Header{}, slices.Clone(r.lines)).Log, r.revision, r.revision, worker)
	if err != nil {
		panic(err)
	}
	r.applied = w.Hash
	return r.add(at, trace.Line{Step: &trace.Step{Component: "proxy", View: r.view(), Plan: []trace.Effect{{Verb: "apply rules", Object: trace.Ref{Name: worker, Hash: w.Hash}}}}})
}

func (r *recording) view() map[string]int64 {
	return map[string]int64{"services": r.revision, "endpointslices": r.revision}
}

// told: the kernel has a set that is as the store says now, and no step told that it was to have it.
func (r *recording) told(at float64) *recording {
	r.apply(at)
	r.lines = r.lines[:len(r.lines)-1]
	return r.have(at)
}

// reborn: the pod that was written last was another's.
func (r *recording) reborn() *recording {
	last := r.lines[len(r.lines)-1]
	v := *last.Revision
	r.revision++
	v.Revision, v.UID, last.Revision = r.revision, "another", &v
	r.lines = append(r.lines, last)
	return r
}

// have: the kernel has the last set.
func (r *recording) have(at float64) *recording {
	return r.add(at, trace.Line{Rules: &trace.Rules{Node: worker, View: r.view(), Hash: r.applied}})
}

func (r *recording) container(at float64, pod, state string, happened float64) *recording {
	return r.add(at, trace.Line{Container: &trace.Container{Node: worker, Pod: pod, Container: "main", ID: "id-" + pod, State: state, At: int64(happened * float64(second))}})
}

// answered, refused and lost are requests from one time to another.
func (r *recording) answered(from, to float64, by string) *recording {
	return r.request(from, to, trace.Request{Outcome: trace.OK, Answer: by})
}

func (r *recording) refused(from, to float64) *recording {
	return r.request(from, to, trace.Request{Outcome: trace.Failed})
}

func (r *recording) lost(from, to float64, why string) *recording {
	return r.request(from, to, trace.Request{Outcome: trace.Unknown, Reason: why})
}

func (r *recording) request(from, to float64, q trace.Request) *recording {
	q.Node, q.UID, q.Service, q.Address, q.Begin = worker, "client", "shop/shop", address, int64(from*float64(second))
	return r.add(to, trace.Line{Request: &q})
}

func (r *recording) phase(at float64, name string) *recording {
	return r.add(at, trace.Line{Phase: &trace.Phase{Name: name}})
}

func (r *recording) history() *history.History {
	slices.SortStableFunc(r.lines, func(a, b trace.Line) int { return int(a.Time - b.Time) })
	return history.New(trace.Header{Mode: trace.Real}, r.lines)
}

// ready is a pod of the service on NODE.
const ready = `"labels":{"app":"shop"}},"spec":{"nodeName":"NODE"},"status":{"podIPs":[{"ip":"10.88.1.5"}],"conditions":[{"type":"Ready","status":"True"}]}}`

const a, b = "10.88.1.5", "10.88.2.6"

// one is a shop of one pod, whose rules are there from 2 to 3 on.
func one() *recording {
	return (&recording{}).service(0).client(0, "True").pod(0, "shop-a", a, "True").container(0.5, "shop-a", "started", 0.5).endpoints(1, a).apply(2).have(3)
}

// closing is that shop, of which the pod ends at 10, and whose rules are without it from 12 to 13 on.
func closing() *recording {
	return one().container(10.1, "shop-a", "exited", 10).endpoints(11).apply(12).have(13)
}

// none is a shop without pods.
func none() *recording {
	return (&recording{}).service(0).client(0, "True").endpoints(1).apply(2).have(3)
}

// moving is a shop whose pod is replaced by another, the rules from 12 to 13 on.
func moving() *recording {
	return one().pod(5, "shop-b", b, "True").container(5, "shop-b", "started", 5).endpoints(11, b).apply(12).have(13)
}

// Goal: what a request may come to is allowed, and nothing else. Method: short recordings, and around each moment that counts one just before and just after.
func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name   string
		run    *recording
		breaks error // nil: legal
	}{
		{"nobody asks", one(), nil},
		{"answered by the endpoint", one().answered(4, 5, "shop-a"), nil},
		{"answered by another pod", moving().answered(4, 5, "shop-b"), Sent},
		{"by the next, as its rules may come in", moving().answered(4, 12.5, "shop-b"), nil},
		{"by the next, before that was decided", moving().answered(4, 11.9, "shop-b"), Sent},
		{"by the last, while its rules may be there", moving().answered(12.9, 14, "shop-a"), nil},
		{"by the last, and its rules are gone", moving().answered(13.1, 14, "shop-a"), Sent},
		{"answered where there is no endpoint", closing().container(9, "shop-a", "started", 9).pod(9, "shop-b", b, "True").answered(14, 15, "shop-b"), Sent},
		{"before any rules were told", moving().answered(1, 2.5, "shop-b"), nil},
		{"by a set that never was told to be there", one().endpoints(5, b).pod(5, "shop-b", b, "True").apply(6).answered(7, 8, "shop-b"), nil},
		{"or by the one before", one().endpoints(5, b).pod(5, "shop-b", b, "True").apply(6).answered(7, 8, "shop-a"), nil},
		{"until the next is there", one().endpoints(5, b).pod(5, "shop-b", b, "True").apply(6).endpoints(7).apply(8).have(9).answered(10, 11, "shop-b"), Sent},
		{"by rules that cannot be told", one().pod(4, "shop-b", b, "True").add(4, trace.Line{Step: &trace.Step{Plan: []trace.Effect{{Verb: "apply rules", Object: trace.Ref{Name: worker, Hash: "x"}}}}}).
			answered(4, 5, "shop-b"), nil},
		{"by rules of which no step told", one().pod(4, "shop-b", b, "True").endpoints(4, b).told(8).answered(5, 6, "shop-b"), nil},
		{"by the rules before those", one().pod(4, "shop-b", b, "True").endpoints(4, b).told(8).answered(9, 10, "shop-a"), Sent},
		{"by whom the store never knew", one().answered(4, 5, "stranger"), nil},
		{"by whom it knew without an address", one().put(4, "pods", "stranger", `"labels":{}}}`).answered(5, 6, "stranger"), nil},
		{"from a node without a proxy", one().add(5, trace.Line{Request: &trace.Request{Node: "elsewhere", Address: address, Outcome: trace.OK, Answer: "shop-a", Begin: 4 * second}}), nil},

		{"answered while it ends", closing().answered(9.9, 10.5, "shop-a"), nil},
		{"answered when it had ended, as clocks differ", closing().answered(10.9, 11, "shop-a"), nil},
		{"answered when it had ended, and asked before", closing().answered(10.9, 12, "shop-a"), nil},
		{"answered when it had ended", closing().answered(11.1, 11.2, "shop-a"), Lives},
		{"ended nobody knows when", one().container(10, "shop-a", "exited", 0).answered(10.9, 11, "shop-a"), nil},
		{"ended nobody knows when, before", one().container(10, "shop-a", "exited", 0).answered(11.1, 11.2, "shop-a"), Lives},
		{"its next container answers", closing().add(9, trace.Line{Container: &trace.Container{Pod: "shop-a", Container: "main", ID: "next", State: "started"}}).answered(11.1, 11.2, "shop-a"), nil},

		{"refused where there is no endpoint", none().refused(4, 5), nil},
		{"refused though one serves", one().answered(4, 5, "shop-a").refused(6, 7).answered(8, 9, "shop-a"), Refused},
		{"refused, and nobody knows whether it serves yet", one().refused(6, 7).answered(8, 9, "shop-a"), nil},
		{"refused, and it may serve no more", one().answered(4, 5, "shop-a").refused(6, 7), nil},
		{"refused, and its answers overlap", one().answered(4, 6.5, "shop-a").refused(6, 7).answered(8, 9, "shop-a"), nil},
		{"refused, and it was started again", one().add(5, trace.Line{Container: &trace.Container{Pod: "shop-a", Container: "main", ID: "next", State: "started"}}).
			answered(4, 5, "shop-a").refused(6, 7).answered(8, 9, "shop-a"), nil},
		{"refused, and there were two of the name", one().pod(4, "shop-a", a, "True").reborn().answered(4, 5, "shop-a").refused(6, 7).answered(8, 9, "shop-a"), nil},
		{"refused, and one of two may not serve", one().pod(4, "shop-b", b, "True").endpoints(4, a, b).apply(4).have(5).answered(5, 5.5, "shop-a").refused(6, 7).answered(8, 9, "shop-a"), nil},
		{"refused, and both serve", one().pod(4, "shop-b", b, "True").container(4, "shop-b", "started", 4).endpoints(4, a, b).apply(4).have(5).answered(5, 5.5, "shop-a").answered(5, 5.5, "shop-b").
			refused(6, 7).answered(8, 9, "shop-a").answered(8, 9, "shop-b"), Refused},
		{"refused as the rules come to have none", one().endpoints(11).apply(12).have(13).answered(4, 5, "shop-a").refused(11, 12.1).answered(12.5, 12.6, "shop-a"), nil},
		{"refused before they come to have none", one().endpoints(11).apply(12).have(13).answered(4, 5, "shop-a").refused(11, 11.9).answered(12.5, 12.6, "shop-a"), Refused},
		{"refused when there is one again", none().endpoints(5, a).pod(4, "shop-a", a, "True").container(4, "shop-a", "started", 4).apply(6).have(7).
			answered(7.1, 7.2, "shop-a").refused(8, 9).answered(10, 11, "shop-a"), Refused},
		{"refused while there may be none yet", none().endpoints(5, a).pod(4, "shop-a", a, "True").container(4, "shop-a", "started", 4).apply(6).have(7).
			answered(6.1, 6.2, "shop-a").refused(6.5, 9).answered(10, 11, "shop-a"), nil},
		{"refused before any rules", one().answered(1, 1.5, "shop-a").refused(2, 2.5).answered(8, 9, "shop-a"), nil},

		{"left to wait where there is no endpoint", none().lost(4, 7, trace.Timeout).refused(7, 8), Rejects},
		{"left to wait, and nothing is heard later", none().refused(6, 7).lost(4, 7, trace.Timeout), nil},
		{"unreachable where there is no endpoint", none().lost(4, 7, trace.Unreachable).answered(14, 15, "stranger"), Rejects},
		{"left to wait where there is one", one().lost(4, 7, trace.Timeout).answered(8, 9, "shop-a"), nil},
		{"left to wait while there may be one", closing().lost(11, 14, trace.Timeout).refused(17, 18), nil},
		{"left to wait while there was none", closing().lost(13.1, 16, trace.Timeout).refused(17, 18), Rejects},
		{"left to wait while no rule knows the service", (&recording{}).client(0, "True").endpoints(1).apply(2).have(3).lost(4, 7, trace.Unreachable).refused(8, 9), nil},
		{"left to wait until one does", (&recording{}).client(0, "True").endpoints(1).apply(2).have(3).service(4).apply(4.5).have(5).lost(4.9, 7, trace.Unreachable).refused(8, 9), nil},
		{"left to wait when one does", (&recording{}).client(0, "True").endpoints(1).apply(2).have(3).service(4).apply(4.5).have(5).lost(5.1, 7, trace.Unreachable).refused(8, 9), Rejects},
		{"refused while no rule knows the service", (&recording{}).client(0, "True").endpoints(1).apply(2).have(3).refused(4, 7), nil},
		{"answered while no rule knows the service", (&recording{}).pod(0, "shop-a", a, "True").endpoints(1).apply(2).have(3).answered(4, 7, "shop-a"), Sent},
		{"lost in another way", none().lost(4, 7, "no network").refused(8, 9), nil},

		{"settled and answered", one().phase(20, trace.Settled).answered(21, 22, "shop-a"), nil},
		{"settled and refused", one().phase(20, trace.Settled).refused(21, 22), Answered},
		{"settled and left to wait", one().phase(20, trace.Settled).lost(21, 22, trace.Timeout), Answered},
		{"settled and unreachable", one().phase(20, trace.Settled).lost(21, 22, trace.Unreachable), Answered},
		{"refused before it had settled", one().phase(20, trace.Settled).refused(19, 22), nil},
		{"refused after", one().phase(20, trace.Settled).phase(21.5, trace.End).refused(21, 22), nil},
		{"settled, and nobody is ready", one().pod(10, "shop-a", a, "False").phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and answered by one that is not ready", one().pod(10, "shop-b", b, "True").pod(10, "shop-a", a, "False").phase(20, trace.Settled).answered(21, 22, "shop-a"), Answered},
		{"settled, and the rules still change", one().endpoints(19, a, b).apply(21.5).have(22).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the rules may still change", one().endpoints(19, a, b).apply(19.5).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the client's node is not well", one().put(9, "nodes", "elsewhere", `"labels":{}},"status":{"conditions":[{"type":"Ready","status":"True"}]}}`).
			put(9, "pods", "shop-a", strings.Replace(ready, "NODE", "elsewhere", 1)).put(10, "nodes", worker, `"labels":{}},"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}`).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the pod's node is not well", one().put(10, "pods", "shop-a", strings.Replace(ready, "NODE", "elsewhere", 1)).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the pod has no address", one().put(10, "pods", "shop-a", strings.Replace(strings.Replace(ready, "NODE", worker, 1), `{"ip":"10.88.1.5"}`, "", 1)).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the pod is to go", one().put(10, "pods", "shop-a", `"deletionTimestamp":"2026-01-01T00:00:00Z",`+strings.Replace(ready, "NODE", worker, 1)).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the pod is another's", one().put(10, "pods", "shop-a", strings.Replace(strings.Replace(ready, "NODE", worker, 1), "shop", "other", 1)).phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the client is not well", one().client(10, "False").phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the client is gone", one().put(10, "pods", "client", "").phase(20, trace.Settled).refused(21, 22), nil},
		{"settled, and the service is gone", one().put(10, "services", "shop", "").phase(20, trace.Settled).refused(21, 22), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := Checker{}.Check(context.Background(), test.run.history(), verdict.DefaultLimits)
			require.Empty(t, result.Unknown)
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Equal(t, test.breaks, result.Findings[0].Guarantee, result.Findings[0].Text)
			require.NotZero(t, result.Findings[0].Line)
		})
	}
}

// Goal: what a run was good for is told. Method: one of each kind, and of those that count as nothing.
func TestCount(t *testing.T) {
	run := closing().answered(4, 5, "shop-a").refused(10.5, 11).refused(14, 15).lost(5, 6, "x").phase(20, trace.Settled).answered(19, 22, "shop-a").answered(21, 22, "shop-a")
	require.Equal(t, Counts{Answered: 3, Closed: 1, Settled: 1}, Count(run.history()))
	require.Zero(t, Count(history.New(trace.Header{}, nil)))
}

// Goal: who has no time says so.
func TestOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	result := Checker{}.Check(ctx, one().answered(4, 5, "shop-a").history(), verdict.DefaultLimits)
	require.NotEmpty(t, result.Unknown)
}
