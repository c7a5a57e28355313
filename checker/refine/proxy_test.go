package refine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/rules"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

const (
	webService = `{"metadata":{"name":"web","namespace":"ns","uid":"s","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}`
	webSlice   = `{"metadata":{"name":"web-1","namespace":"ns","uid":"e","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"name":"","port":8080}],` +
		`"endpoints":[{"addresses":["10.88.0.2"]},{"addresses":["10.88.0.1"],"conditions":{"ready":true}}]}`
)

// proxied adds a step of a proxy that saw services and slices at these revisions, and knew its kernel to hold the rules of that hash.
func (r *recording) proxied(services, slices int64, known, verb, hash string) *recording {
	return r.add(trace.Line{Process: "proxy-a", Step: &trace.Step{Component: "proxy", Key: "rules", View: map[string]int64{"services": services, "endpointslices": slices},
		Look: &trace.Look{Rules: known}, Plan: []trace.Effect{{Verb: verb, Object: trace.Ref{Resource: "rules", Name: "a", Hash: hash}}}}})
}

// Goal: a proxy puts those rules into its kernel that follow from its view, once both lists are there and unless they are there already; and it ends flows
// only once they are (rows 113, 114, 116, 118). Method: as for the others.
func TestProxy(t *testing.T) {
	right := trace.HashOf([]byte("tcp 10.96.0.1:80 to 10.88.0.1:8080 10.88.0.2:8080\n"))
	before := trace.HashOf([]byte("tcp 10.96.0.1:80 reject\n"))
	const never = "never"
	for _, test := range []struct {
		name             string
		services, slices int64
		known, verb      string
		hash, why        string
	}{
		{"what is wanted", 2, 2, "", "apply rules", right, ""},
		{"of the view, though more is there", 2, 1, "", "apply rules", before, ""},
		{"the kernel has others", 2, 2, before, "apply rules", right, ""},
		{"other rules", 2, 2, "", "apply rules", before, "those that are wanted"},
		{"slices were not listed", 2, -1, "", "apply rules", before, "slices have not been listed yet"},
		{"services were not listed", -1, 2, "", "apply rules", before, "services have not been listed yet"},
		{"again", 2, 2, right, "apply rules", right, "the kernel holds these rules already"},
		{"flows, once the rules are there", 2, 2, right, "flush flows", "", ""},
		{"rules that were never applied are believed to be there", 2, 2, never, "apply rules", right, "it believes that the kernel holds the rules never"},
		{"flows, before", 2, 2, before, "flush flows", "", "the rules are not in the kernel yet"},
		{"flows, and nobody is sure", 2, 2, "", "flush flows", "", "the rules are not in the kernel yet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := (&recording{}).store("services", "web", webService).store("endpointslices", "web-1", webSlice)
			if test.known != "" && test.known != never {
				r.add(trace.Line{Process: "proxy-a", Rules: &trace.Rules{Node: "a", Hash: test.known}})
			}
			r.proxied(test.services, test.slices, test.known, test.verb, test.hash)
			result := r.judge()
			if test.why == "" {
				require.Equal(t, verdict.Ok, result.Verdict(), "%v", result.Findings)
				return
			}
			require.Equal(t, verdict.Illegal, result.Verdict())
			require.Contains(t, result.Findings[0].Text, test.why)
		})
	}
	h := (&recording{}).store("services", "web", webService).store("endpointslices", "web-1", webSlice).history()
	w, err := rules.Of(h.Log, 2, 2, "a")
	require.NoError(t, err)
	require.Equal(t, right, w.Hash)
}
