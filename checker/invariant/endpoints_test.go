package invariant

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/trace"
)

// made are Endpoints with these addresses, ready and not, whose label says who has made them.
func made(by, ready, not string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"e","labels":{"endpoints.kubernetes.io/managed-by":%q}},"subsets":[{"addresses":[%s],"notReadyAddresses":[%s]}]}`, by, ready, not)
}

// endpointsStep is a step of the controller that writes the Endpoints web, or, without a text, deletes them; what comes of it; and the answer.
func (r *recording) endpointsStep(verb, text string) *recording {
	name := trace.Ref{Resource: "endpoints", Name: "web"}
	id := fmt.Sprint("e", len(r.lines))
	r.step(trace.Step{Component: oldController, Key: "/web", Plan: []trace.Effect{{Call: id, Verb: verb, Object: name}}})
	r.add(trace.Line{Process: oldController, Call: &trace.Call{ID: id, Client: id, Layer: trace.API, Verb: verb, Resource: "endpoints", Name: "web"}})
	if name.Revision = int64(len(r.lines) + 1); text == "" {
		r.remove("endpoints", "web")
	} else {
		r.put("endpoints", "web", text)
	}
	return r.add(trace.Line{Process: oldController, Return: &trace.Return{ID: id, Outcome: trace.OK, Object: &name}})
}

// Goal: rows 97 to 100 of Endpoints: what must not be written or deleted is found, and nothing else. Method: short recordings.
func TestEndpoints(t *testing.T) {
	const ours, a = "endpoint-controller", `{"ip":"10.0.0.1","targetRef":{"name":"p","uid":"u"}}`
	service := func(more string) *recording {
		return (&recording{}).put("services", "web", `{"metadata":{"uid":"s"},"spec":{"selector":{"app":"web"}`+more+`}}`)
	}
	pod := func(r *recording, ready, more string) *recording {
		text := fmt.Sprintf(`{"metadata":{"uid":"u","labels":{"app":"web"}%s},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"Ready","status":%q}]}}`, more, ready)
		r.put("pods", "p", text)
		last := r.lines[len(r.lines)-1].Revision
		last.Namespace, last.Key = "", "/registry/pods/p" // beside the service, which is in no namespace here
		return r
	}
	leaves := `,"deletionTimestamp":"2026-01-01T00:00:00Z"`
	for _, test := range []struct {
		name   string
		run    *recording
		breaks *guarantee // nil: legal
	}{
		{"ready, as it is", pod(service(""), "True", "").endpointsStep("create", made(ours, a, "")), nil},
		{"ready, as it was", pod(pod(service(""), "True", ""), "False", leaves).endpointsStep("create", made(ours, a, "")), nil},
		{"ready, as it comes to be", pod(pod(service(""), "False", "").endpointsStep("create", made(ours, a, "")), "True", ""), &PublishesAsIs},
		{"not ready", pod(service(""), "False", "").endpointsStep("create", made(ours, "", a)), nil},
		{"not ready, and it always was", pod(service(""), "True", "").endpointsStep("create", made(ours, "", a)), &PublishesAsIs},
		{"being deleted", pod(service(""), "True", leaves).endpointsStep("create", made(ours, a, "")), &PublishesAsIs},
		{"published", pod(service(`,"publishNotReadyAddresses":true`), "False", leaves).endpointsStep("create", made(ours, a, "")), nil},
		{"not selected", pod(service(""), "True", `,"labels":{"app":"db"}`).endpointsStep("create", made(ours, a, "")), &PublishesAsIs},
		{"another address", pod(service(""), "True", "").endpointsStep("create", made(ours, `{"ip":"10.0.0.2","targetRef":{"name":"p","uid":"u"}}`, "")), &PublishesAsIs},
		{"another pod of the name", pod(service(""), "True", "").endpointsStep("create", made(ours, `{"ip":"10.0.0.1","targetRef":{"name":"p","uid":"v"}}`, "")), &PublishesAsIs},
		{"nobody's", service("").endpointsStep("create", made(ours, `{"ip":"10.0.0.1"}`, "")), &PublishesAsIs},
		{"no addresses", service("").endpointsStep("create", made(ours, "", "")), nil},
		{"no service", (&recording{}).endpointsStep("create", made(ours, "", "")), &LeavesOthers},
		{"a service without a selector", (&recording{}).put("services", "web", `{"metadata":{"uid":"s"},"spec":{}}`).endpointsStep("create", made(ours, "", "")), &LeavesOthers},
		{"a service that had a selector", service("").put("services", "web", `{"metadata":{"uid":"s"},"spec":{}}`).endpointsStep("create", made(ours, "", "")), nil},
		{"deleted", (&recording{}).put("endpoints", "web", made(ours, "", "")).endpointsStep("delete", ""), nil},
		{"another's are deleted", (&recording{}).put("endpoints", "web", made("me", "", "")).endpointsStep("delete", ""), &LeavesOthers},
		{"a user writes nonsense", service("").put("endpoints", "web", made(ours, a, "")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := test.run.judge()
			require.Empty(t, result.Unknown)
			if test.breaks == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.NotEmpty(t, result.Findings)
			require.Equal(t, test.breaks.error, result.Findings[0].Guarantee)
			require.Equal(t, test.breaks.row, result.Findings[0].Row)
		})
	}
}
