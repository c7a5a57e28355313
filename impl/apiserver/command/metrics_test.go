package command

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
)

// Goal: only who may read /metrics does, and finds there what was asked of the server. Method: strangers, somebody, who monitors and an
// administrator ask a server that authorizes.
func TestMetrics(t *testing.T) {
	c := newCluster(t)
	c.authorize = byRules
	c.start()
	for _, who := range []struct {
		name    string
		subject *pki.Subject
		code    int
	}{
		{"a stranger", nil, http.StatusUnauthorized},
		{"jane", &pki.Subject{User: "jane", Client: true}, http.StatusForbidden},
		{"prometheus", &pki.Subject{User: "prometheus", Groups: []string{"system:monitoring"}, Client: true}, http.StatusOK},
		{"admin", &pki.Admin, http.StatusOK},
	} {
		t.Run(who.name, func(t *testing.T) {
			config := &tls.Config{RootCAs: c.authority.Pool()}
			if who.subject != nil {
				certificate, err := issue(c.authority, "metrics-"+who.name, *who.subject)
				require.NoError(t, err)
				config.Certificates = []tls.Certificate{certificate}
			}
			transport := &http.Transport{TLSClientConfig: config}
			defer transport.CloseIdleConnections()
			answer, err := (&http.Client{Transport: transport}).Get("https://" + c.address + "/metrics")
			require.NoError(t, err)
			defer answer.Body.Close()
			require.Equal(t, who.code, answer.StatusCode)
			text, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			if who.code == http.StatusOK {
				require.Contains(t, string(text), `apiserver_request_total{code="403",component="apiserver",dry_run="",group="",resource="",scope="",subresource="/metrics",verb="GET",version=""} 1`)
				require.Contains(t, string(text), `apiserver_watch_cache_resource_version{group="",resource="pods"} `)
				require.Contains(t, string(text), `etcd_request_duration_seconds_count{group="",operation="create",resource="namespaces"} `)
			} else {
				require.NotContains(t, string(text), "apiserver_request_total")
			}
		})
	}
}
