package converge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// old are Endpoints of the controller's, with these addresses that are ready, and that are not.
func old(ready, not string) string {
	return fmt.Sprintf(`{"metadata":{"uid":"e","labels":{"endpoints.kubernetes.io/managed-by":"endpoint-controller"}},"subsets":[{"addresses":[%s],"notReadyAddresses":[%s],"ports":[{"port":80}]}]}`, ready, not)
}

// Goal: rows 97, 99 and 102 of Endpoints: each way in which they can be wrong is told from those in which they are right. Method: a service, one pod,
// and Endpoints, in runs in which their controller takes part, and in one without.
func TestOld(t *testing.T) {
	const a, b = `{"ip":"10.0.0.1","targetRef":{"uid":"u"}}`, `{"ip":"10.0.0.2","targetRef":{"uid":"u"}}`
	web := func(ready, more string) string {
		return fmt.Sprintf(`{"metadata":{"uid":"u","labels":{"app":"web"}%s},"spec":{"nodeName":"a"},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"conditions":[{"type":"Ready","status":%q}]}}`, more, ready)
	}
	leaves := `,"deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["f"]`
	ended := strings.Replace(web("True", ""), "Running", "Failed", 1)
	plain := service(`,"ports":[{"port":80}]`)
	named := service(`,"ports":[{"port":80,"targetPort":"http"}]`)
	publishes := service(`,"ports":[{"port":80}],"publishNotReadyAddresses":true`)
	for _, test := range []struct {
		name, service, pod, held string
		absent                   bool
		wrong                    string
	}{
		{"as it is", plain, web("True", ""), old(a, ""), false, ""},
		{"not ready", plain, web("False", ""), old("", a), false, ""},
		{"there are none", plain, web("True", ""), "", false, "has no Endpoints"},
		{"there are none, and nobody makes them", plain, web("True", ""), "", true, ""},
		{"another's", plain, web("True", ""), strings.Replace(old(a, ""), "managed-by", "by", 1), false, "has no Endpoints"},
		{"ready, and it is not", plain, web("False", ""), old(a, ""), false, "no pod that the service selects is so"},
		{"not ready, and it is", plain, web("True", ""), old("", a), false, "no pod that the service selects is so"},
		{"another address", plain, web("True", ""), old(a+","+b, ""), false, "no pod that the service selects is so"},
		{"it is missing", plain, web("True", ""), old("", ""), false, "do not say so"},
		{"it has not the port", named, web("True", ""), old("", ""), false, ""},
		{"there is no room", plain, web("True", ""), strings.Replace(old("", ""), `"labels"`, `"annotations":{"endpoints.kubernetes.io/over-capacity":"truncated"},"labels"`, 1), false, ""},
		{"published", publishes, web("False", leaves), old(a, ""), false, ""},
		{"published as not ready", publishes, web("False", ""), old("", a), false, "no pod that the service selects is so"},
		{"leaving", plain, web("True", leaves), old("", ""), false, ""},
		{"leaving, and named", plain, web("True", leaves), old(a, ""), false, "no pod that the service selects is so"},
		{"ended, and named", plain, ended, old(a, ""), false, "no pod that the service selects is so"},
		{"of the first family", service(`,"ports":[{"port":80}],"ipFamilies":["IPv6","IPv4"]`), web("True", ""), old(strings.Replace(a, "10.0.0.1", "fd00::1", 1), ""), false, ""},
		{"of the second family", service(`,"ports":[{"port":80}],"ipFamilies":["IPv6","IPv4"]`), web("True", ""), old(a, ""), false, "no pod that the service selects is so"},
		{"no selector", `{"metadata":{"uid":"s"},"spec":{}}`, web("True", ""), old(b, ""), false, ""},
		{"something outside", service(`,"type":"ExternalName"`), web("True", ""), "", false, ""},
		{"the service is gone", "", web("True", ""), old(a, ""), false, "its service is gone"},
		{"the service of another's is gone", "", web("True", ""), strings.Replace(old(a, ""), "managed-by", "by", 1), false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &recording{}
			if !test.absent {
				r.add(trace.Line{Process: "endpoints", Step: &trace.Step{Component: oldController, Key: "ns/web"}})
			}
			r.phase(trace.Liveness).put("pods", "p", "u", test.pod)
			if test.service != "" {
				r.put("services", "web", "s", test.service)
			}
			if test.held != "" {
				r.put("endpoints", "web", "e", test.held)
			}
			h := history.New(trace.Header{Format: trace.Format, Mode: trace.Simulated}, r.phase(trace.Settled).lines)
			result := Checker{}.Check(context.Background(), h, verdict.DefaultLimits)
			i := slices.IndexFunc(result.Findings, func(f verdict.Finding) bool { return errors.Is(f.Guarantee, Addressed) })
			if test.wrong == "" {
				require.Negative(t, i, "%v", result.Findings)
				return
			}
			require.GreaterOrEqual(t, i, 0, "%v", result.Findings)
			require.Contains(t, result.Findings[i].Text, test.wrong)
		})
	}
}
