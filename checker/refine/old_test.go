package refine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// old are Endpoints of the controller's with these addresses in one subset: those that are ready, and those that are not.
func old(ready, not string) string {
	return fmt.Sprintf(`{"metadata":{"name":"web","uid":"e","labels":{"endpoints.kubernetes.io/managed-by":"endpoint-controller"}},"subsets":[{"addresses":[%s],"notReadyAddresses":[%s],"ports":[{"port":8080}]}]}`, ready, not)
}

// ip is the address of a pod.
func ip(address, pod string) string {
	return fmt.Sprintf(`{"ip":%q,"targetRef":{"uid":"u-%s"}}`, address, pod)
}

// publishesOld is a step of the controller for web in a view of everything so far, that writes its Endpoints, and the request for it.
func (r *recording) publishesOld(own []trace.Ref, id, verb, body string) *recording {
	view := int64(len(r.lines))
	r.add(trace.Line{Process: "endpoints", Step: &trace.Step{Component: oldController, Key: "ns/web", Own: own,
		View: map[string]int64{"services": view, "pods": view, "endpoints": view},
		Plan: []trace.Effect{{Call: id, Verb: verb, Object: trace.Ref{Resource: "endpoints", Namespace: "ns", Name: "web"}}}}})
	return r.add(trace.Line{Process: "endpoints", Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: "endpoints", Namespace: "ns", Name: "web", Body: json.RawMessage(body)}})
}

// port is what the spec says of a service with one port of that target.
func port(target string) string { return `,"ports":[{"port":80,"targetPort":` + target + `}]` }

// Goal: each kind of write to Endpoints that the model refuses is refused, with the reason, and each that it allows is not. Method: short recordings.
func TestOld(t *testing.T) {
	a, b := ip("10.0.0.1", "a"), ip("10.0.0.2", "b")
	leaving := `,"deletionTimestamp":"2026-01-01T00:00:30Z"`
	start := func() *recording {
		return (&recording{}).service("s", port("8080")).serves("a", "10.0.0.1", "True", "").serves("b", "10.0.0.2", "False", "")
	}
	held := func(ready, not string) *recording { return start().store("endpoints", "web", old(ready, not)) }
	others := strings.Replace(old(a, ""), "managed-by", "by", 1)
	mine := []trace.Ref{{Resource: "endpoints", Namespace: "ns", Name: "web"}}
	for _, test := range []struct {
		name string
		run  *recording
		why  string // empty: allowed
	}{
		{"they are made", start().publishesOld(nil, "1", "create", old(a, b)), ""},
		{"they are updated", held(a, "").publishesOld(nil, "1", "update", old(a, b)), ""},
		{"others' are taken over", start().store("endpoints", "web", others).publishesOld(nil, "1", "update", old(a, b)), ""},
		{"ready, and it is not", start().publishesOld(nil, "1", "create", old(a+","+b, "")), "wants address 10.0.0.2 of the pod with UID u-b like that"},
		{"both", start().publishesOld(nil, "1", "create", old(a+","+b, b)), "wants address 10.0.0.2 of the pod with UID u-b like that"},
		{"ready, as the service wants", (&recording{}).service("s", port("8080")+`,"publishNotReadyAddresses":true`).serves("b", "10.0.0.2", "False", leaving).publishesOld(nil, "1", "create", old(b, "")), ""},
		{"being deleted", start().serves("a", "10.0.0.1", "True", leaving).publishesOld(nil, "1", "create", old(a, b)), "wants address 10.0.0.1 of the pod with UID u-a like that"},
		{"one is left out", held(a, "").publishesOld(nil, "1", "update", old("", b)), "address 10.0.0.1 of the pod with UID u-a is wanted, and left out"},
		{"its second address", start().store("pods", "a", `{"metadata":{"uid":"u-a","labels":{"app":"web"}},"status":{"podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"conditions":[{"type":"Ready","status":"True"}]}}`).
			publishesOld(nil, "1", "create", old(ip("fd00::1", "a"), b)), "wants address fd00::1 of the pod with UID u-a like that"},
		{"nothing changes", held(a, b).publishesOld(nil, "1", "update", old(a, b)), "they are written, and do not change"},
		{"the ports do", held(a, b).publishesOld(nil, "1", "update", strings.Replace(old(a, b), "8080", "9090", 1)), ""},
		{"the labels do", held(a, b).publishesOld(nil, "1", "update", strings.Replace(old(a, b), `"labels":{`, `"labels":{"tier":"front",`, 1)), ""},
		{"the service has no selector", (&recording{}).store("services", "web", `{"metadata":{"uid":"s"},"spec":{}}`).publishesOld(nil, "1", "create", old("", "")), "the service has no selector"},
		{"there is no service", start().store("services", "web", "").publishesOld(nil, "1", "create", old(a, b)), "there is no service"},
		{"they go with it", held(a, b).store("services", "web", "").publishesOld(nil, "1", "delete", ""), ""},
		{"they go without it", held(a, b).publishesOld(nil, "1", "delete", ""), "the service is there"},
		{"others' go", start().store("endpoints", "web", others).store("services", "web", "").publishesOld(nil, "1", "delete", ""), "they are not the controller's"},
		{"the outcome of the last write is open", start().publishesOld(nil, "1", "create", old(a, b)).publishesOld(mine, "2", "create", old(a, b)), "nobody knows yet what became of the last request for the Endpoints"},
		{"own writes that the view does not show", start().publishesOld(nil, "1", "create", old(a, b)).publishesOld([]trace.Ref{{Resource: "endpoints", Namespace: "ns", Name: "web", Revision: 9}}, "2", "create", old(a, b)), ""},
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

// Goal: where ports say which pods are wanted, a write is not judged, which is counted, and a deletion is. Method: decisions that would be refused.
func TestOldByPort(t *testing.T) {
	named := func() *recording {
		return (&recording{}).service("s", port(`"http"`)).serves("a", "10.0.0.1", "True", "")
	}
	r := named().publishesOld(nil, "1", "create", old("", ""))
	require.Empty(t, r.judge().Findings)
	require.Equal(t, Share{Judged: 0, All: 1}, Shares(r.history())[oldController])
	r = named().store("endpoints", "web", old("", "")).publishesOld(nil, "1", "delete", "")
	require.Len(t, r.judge().Findings, 1)
}
