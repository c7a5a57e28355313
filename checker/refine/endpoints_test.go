package refine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// service stores the service web, which selects the app web; more is what its spec says besides.
func (r *recording) service(uid, more string) *recording {
	return r.store("services", "web", fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"selector":{"app":"web"}%s}}`, uid, more))
}

// serves stores a pod of the app web at an address, ready or not.
func (r *recording) serves(name, address, ready, more string) *recording {
	return r.store("pods", name, fmt.Sprintf(`{"metadata":{"name":%q,"uid":"u-%s","labels":{"app":"web"}%s},"status":{"phase":"Running","podIPs":[{"ip":%q}],"conditions":[{"type":"Ready","status":%q}]}}`,
		name, name, more, address, ready))
}

// slice is one of the controller's, of the service with that UID, with these endpoints.
func slice(name, owner string, endpoints ...string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":"e-%s","labels":{"kubernetes.io/service-name":"web","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"},
		"ownerReferences":[{"uid":%q,"controller":true}]},"addressType":"IPv4","ports":[{"port":8080}],"endpoints":[%s]}`, name, name, owner, strings.Join(endpoints, ","))
}

func at(address, pod string, ready, serving, terminating bool) string {
	return fmt.Sprintf(`{"addresses":[%q],"conditions":{"ready":%v,"serving":%v,"terminating":%v},"targetRef":{"uid":"u-%s"}}`, address, ready, serving, terminating, pod)
}

// publishes is a step of the controller for web in a view of everything so far, that writes slices, and the requests for them.
func (r *recording) publishes(own []trace.Ref, writes ...trace.Call) *recording {
	view := int64(len(r.lines))
	s := &trace.Step{Component: "endpoint-slice-controller", Key: "ns/web", View: map[string]int64{"services": view, "pods": view, "endpointslices": view}, Own: own}
	for _, w := range writes {
		s.Plan = append(s.Plan, trace.Effect{Call: w.ID, Verb: w.Verb, Object: trace.Ref{Resource: "endpointslices", Namespace: "ns", Name: w.Name}})
	}
	r.add(trace.Line{Process: "endpoints", Step: s})
	for _, w := range writes {
		r.add(trace.Line{Process: "endpoints", Call: &w})
	}
	return r
}

func writes(id, verb, name, body string) trace.Call {
	return trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: "endpointslices", Namespace: "ns", Name: name, Body: json.RawMessage(body)}
}

// unjudged makes the last step one of a component that has no model.
func unjudged(r *recording) *recording {
	for _, l := range slices.Backward(r.lines) {
		if l.Step != nil {
			l.Step.Component = "somebody"
			break
		}
	}
	return r
}

// Goal: each kind of write to slices that the model refuses is refused, with the reason, and each that it allows is not. Method: short recordings.
func TestEndpoints(t *testing.T) {
	a, b := at("10.0.0.1", "a", true, true, false), at("10.0.0.2", "b", true, true, false)
	start := func() *recording { return (&recording{}).service("s", "").serves("a", "10.0.0.1", "True", "") }
	held := func() *recording { return start().store("endpointslices", "web-1", slice("web-1", "s", a)) }
	both := func() *recording { return held().serves("b", "10.0.0.2", "True", "") }
	leaving := `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	doubt := func(r *recording) *recording {
		return r.publishes([]trace.Ref{{Resource: "endpointslices", Namespace: "ns", Name: "web-1"}}, writes("2", "update", "web-1", slice("web-1", "s", a)))
	}
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"a slice is made", start().publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", a))), ""},
		{"another pod comes in", both().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a, b))), ""},
		{"it comes in twice", both().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a, b)), writes("2", "create", "web-2", slice("web-2", "s", b))), "address 10.0.0.2 comes to be in 2 slices"},
		{"one that is wanted is withdrawn", both().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", b))), "address 10.0.0.1 is wanted, and is withdrawn"},
		{"nobody wants it", held().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a, b))), "nothing that the view shows wants address 10.0.0.2"},
		{"it does not change", held().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a))), "endpointslices/ns/web-1: it is written, and does not change"},
		{"its labels do", held().publishes(nil, writes("1", "update", "web-1", strings.Replace(slice("web-1", "s", a), `"labels":{`, `"labels":{"tier":"front",`, 1))), ""},
		{"ready while it is being deleted", start().serves("a", "10.0.0.1", "True", leaving).publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", a))), "wants address 10.0.0.1 of the pod with UID u-a like that"},
		{"it serves while it is being deleted", start().serves("a", "10.0.0.1", "True", leaving).
			publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", at("10.0.0.1", "a", false, true, true)))), ""},
		{"ready, as the service wants", (&recording{}).service("s", `,"publishNotReadyAddresses":true`).serves("a", "10.0.0.1", "False", "").
			publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", at("10.0.0.1", "a", true, false, false)))), ""},
		{"the pod has ended", start().store("pods", "a", `{"metadata":{"uid":"u-a","labels":{"app":"web"}},"status":{"phase":"Failed","podIPs":[{"ip":"10.0.0.1"}]}}`).
			publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", a))), "nothing that the view shows wants address 10.0.0.1"},
		{"the service has no selector", (&recording{}).store("services", "web", `{"metadata":{"uid":"s"},"spec":{}}`).publishes(nil, writes("1", "create", "web-1", slice("web-1", "s"))), "the service has no selector"},
		{"there is no service", start().store("services", "web", "").publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", a))), "there is no service"},
		{"the service is being deleted", (&recording{}).store("services", "web", `{"metadata":{"uid":"s"`+leaving+`},"spec":{"selector":{"app":"web"}}}`).serves("a", "10.0.0.1", "True", "").
			publishes(nil, writes("1", "create", "web-1", slice("web-1", "s", a))), "gets no more slices"},
		{"another's slice is written", start().store("endpointslices", "web-1", strings.Replace(slice("web-1", "s", b), "endpointslice-controller.k8s.io", "me", 1)).
			publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a))), "it is not the controller's"},
		{"a leftover is written", start().store("endpointslices", "web-1", slice("web-1", "old", b)).publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a))), "it belongs to another service that had the name"},
		{"a leftover is deleted", held().store("endpointslices", "web-0", slice("web-0", "old", b)).publishes(nil, writes("1", "delete", "web-0", "")), ""},
		{"the last slice is deleted", (&recording{}).service("s", "").store("endpointslices", "web-1", slice("web-1", "s")).publishes(nil, writes("1", "delete", "web-1", "")), "the service is left without a slice"},
		{"a leftover is deleted, and the service is leaving", (&recording{}).store("services", "web", `{"metadata":{"uid":"s"`+leaving+`},"spec":{"selector":{"app":"web"}}}`).
			store("endpointslices", "web-0", slice("web-0", "old", b)).publishes(nil, writes("1", "delete", "web-0", "")), ""},
		{"the last slice is deleted, and the service is leaving", (&recording{}).store("services", "web", `{"metadata":{"uid":"s"`+leaving+`},"spec":{"selector":{"app":"web"}}}`).
			store("endpointslices", "web-1", slice("web-1", "s")).publishes(nil, writes("1", "delete", "web-1", "")), "the service is left without a slice"},
		{"the outcome of the last write is open", doubt(held().publishes(nil, writes("1", "update", "web-1", slice("web-1", "s", a)))), "nobody knows yet what became of the last request for slice"},
		{"another service's write is open", unjudged(held().publishes(nil, writes("1", "create", "db-1", strings.Replace(slice("db-1", "x"), `"web"`, `"db"`, 1)))).
			publishes([]trace.Ref{{Resource: "endpointslices", Namespace: "ns", Name: "db-1"}}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.why == "" {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			last := result.Findings[len(result.Findings)-1]
			require.Contains(t, last.Text, test.why)
			require.NotEmpty(t, last.Nearest)
		})
	}
}

// Goal: where slices have different ports nothing is judged, and that is counted. Method: a decision that would be refused.
func TestEndpointsOfSeveralPorts(t *testing.T) {
	a, b := at("10.0.0.1", "a", true, true, false), at("10.0.0.2", "b", true, true, false)
	r := (&recording{}).service("s", "").serves("a", "10.0.0.1", "True", "").store("endpointslices", "web-1", slice("web-1", "s", a)).
		publishes(nil, writes("1", "create", "web-2", strings.Replace(slice("web-2", "s", b), "8080", "9090", 1)))
	require.Empty(t, r.judge().Findings)
	require.Equal(t, Share{Judged: 0, All: 1}, Shares(r.history())["endpoint-slice-controller"])
}
