package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/metrics"
)

// Goal: a request is counted under upstream's words for it, and what a client makes up is no label. Method: a table.
func TestAskedFor(t *testing.T) {
	for request, want := range map[string]metrics.Asked{
		"GET /api/v1/namespaces/a/pods/b":                   {Verb: "GET", Version: "v1", Resource: "pods", Scope: "resource"},
		"GET /api/v1/pods":                                  {Verb: "LIST", Version: "v1", Resource: "pods", Scope: "cluster"},
		"GET /api/v1/namespaces/a/pods?watch=1":             {Verb: "WATCH", Version: "v1", Resource: "pods", Scope: "namespace"},
		"POST /apis/apps/v1/namespaces/a/replicasets":       {Verb: "POST", Group: "apps", Version: "v1", Resource: "replicasets", Scope: "resource"},
		"PUT /api/v1/namespaces/a/pods/b/status?dryRun=All": {Verb: "PUT", DryRun: "All", Version: "v1", Resource: "pods", Subresource: "status", Scope: "resource"},
		"DELETE /api/v1/namespaces/a/pods":                  {Verb: "DELETECOLLECTION", Version: "v1", Resource: "pods", Scope: "namespace"},
		"GET /api/v1/namespaces/a/pods/b/log":               {Verb: "CONNECT", Version: "v1", Resource: "pods", Subresource: "log", Scope: "resource"},
		"GET /metrics":                                      {Verb: "GET", Subresource: "/metrics"},
		"GET /made/up":                                      {Verb: "GET"},
		"MADEUP /api/v1/pods":                               {Verb: "other"},
		"GET /api/v1/namespaces/a/madeup/b":                 {Verb: "GET"},
	} {
		method, target, _ := strings.Cut(request, " ")
		got, longRunning := askedFor(httptest.NewRequest(method, target, nil))
		require.Equal(t, want, got, request)
		require.Equal(t, want.Verb == "WATCH" || want.Verb == "CONNECT", longRunning, request)
	}
}
