package converge

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// Goal: an address that stays claimed for a service which does not have it is found, once an API server had the time to remove the claim; and
// what is right, or may yet be mended, is not. Method: a service, one claim, and passes of API servers over all claims.
func TestClaims(t *testing.T) {
	service := func(ip string) string {
		return fmt.Sprintf(`{"metadata":{"uid":"s"},"spec":{"clusterIPs":[%q],"ports":[{"nodePort":30001}],"healthCheckNodePort":30002}}`, ip)
	}
	const web, gone = "/registry/services/ns/web", "/registry/services/ns/gone"
	claim := func(r *recording, address, owner string) {
		r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: addressRoot + address, Hash: trace.HashOf([]byte(owner))}})
	}
	remove := func(r *recording, key, resource, name string) {
		r.add(trace.Line{Revision: &trace.Revision{Revision: int64(len(r.lines) + 1), Key: key, Deleted: true, Resource: resource, Namespace: "ns", Name: name}})
	}
	look := func(r *recording, lives ...string) {
		for _, life := range lives {
			id := fmt.Sprint(len(r.lines))
			r.add(trace.Line{Call: &trace.Call{ID: id, Client: life + "/1", Layer: trace.Store, Verb: "list", Key: addressRoot}})
			r.add(trace.Line{Return: &trace.Return{ID: id, Outcome: trace.OK}})
		}
	}
	for _, test := range []struct {
		name    string
		run     func(r *recording)
		settled func(r *recording)
		want    error
	}{
		{name: "of a service that has it", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.2", web)
			claim(r, "servicenodeports/30001", web)
			claim(r, "servicenodeports/30002", web)
			look(r, "a-1", "a-1", "a-1")
		}},
		{name: "of one that never was", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.3", gone)
			look(r, "a-1", "a-1", "a-1")
		}, want: Claimed},
		{name: "of one that has another", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.3", web)
			look(r, "a-1", "a-1", "a-1")
		}, want: Claimed},
		{name: "of one that has another port", run: func(r *recording) {
			claim(r, "servicenodeports/30003", web)
			look(r, "a-1", "a-1", "a-1")
		}, want: Claimed},
		{name: "of one that is gone", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.2", web)
			remove(r, web, "services", "web")
			look(r, "a-1", "a-1", "a-1")
		}, want: Claimed},
		{name: "of one that is gone since the passes", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.2", web)
			look(r, "a-1", "a-1", "a-1")
			remove(r, web, "services", "web")
		}},
		{name: "of nobody", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.3", "")
			look(r, "a-1", "a-1", "a-1")
		}},
		{name: "that was removed", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.3", gone)
			look(r, "a-1", "a-1", "a-1")
			remove(r, addressRoot+"serviceips/10.96.0.3", "", "")
		}},
		{name: "at which nobody had the time to look", run: func(r *recording) {
			claim(r, "serviceips/10.96.0.3", gone)
			look(r, "a-1", "a-1", "b-1", "a-2", "b-1")
		}},
		{name: "made once the cluster had settled", settled: func(r *recording) { claim(r, "serviceips/10.96.0.3", gone) }, want: Claimed},
		{name: "made once more by who has it", settled: func(r *recording) { claim(r, "serviceips/10.96.0.2", web) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := (&recording{}).phase(trace.Liveness).put("services", "web", "s", service("10.96.0.2"))
			if test.run != nil {
				test.run(r)
			}
			r.phase(trace.Settled)
			if test.settled != nil {
				test.settled(r)
			}
			result := Checker{}.Check(context.Background(), history.New(trace.Header{Mode: trace.Real}, r.lines), verdict.DefaultLimits)
			require.Empty(t, result.Unknown)
			if test.want == nil {
				require.Empty(t, result.Findings)
				return
			}
			require.Len(t, result.Findings, 1)
			require.Equal(t, test.want, result.Findings[0].Guarantee)
		})
	}
}
