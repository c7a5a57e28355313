package host

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"orrery/impl/apiserver/pki"
)

// Goal: each component has an identity that may do what it does and not what others do. Method: a ReplicaSet, for which all of them have to do
// something, runs and shrinks; then no component was ever refused anything, and the kubelet's and the scheduler's identities are refused what is none
// of their business.
func TestEveryComponentIsAuthorized(t *testing.T) {
	c := up(t, Config{Workers: 1})
	const sets = "/apis/apps/v1/namespaces/default/replicasets"
	ask := func(identity *tls.Config, method, path, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, url(c.Machines()[0], apiPort)+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			r.Header.Set("Content-Type", "application/merge-patch+json")
		}
		answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: identity, DisableKeepAlives: true}}).Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	ready := func(want int32) func() bool {
		return func() bool {
			var set appsv1.ReplicaSet
			return c.get(t.Context(), c.Machines()[0], sets+"/web", &set) == nil && set.Status.Replicas == want && set.Status.ReadyReplicas == want
		}
	}
	code, text := ask(c.clientTLS(), http.MethodPost, sets, `{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},
		"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"web","image":"local/web:1","env":[{"name":"X","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}]}]}}}}`)
	require.Equal(t, http.StatusCreated, code, text)
	code, text = ask(c.clientTLS(), http.MethodPost, "/api/v1/namespaces/default/configmaps", `{"metadata":{"name":"c"},"data":{"k":"v"}}`)
	require.Equal(t, http.StatusCreated, code, text)
	require.Eventually(t, ready(2), patience, 20*time.Millisecond)
	code, text = ask(c.clientTLS(), http.MethodPatch, sets+"/web", `{"spec":{"replicas":0}}`)
	require.Equal(t, http.StatusOK, code, text)
	require.Eventually(t, ready(0), patience, 20*time.Millisecond)

	for _, p := range c.Processes() {
		log, err := os.ReadFile(filepath.Join(c.config.Dir, p.Machine(), p.Component()+".log"))
		require.NoError(t, err)
		require.NotContains(t, strings.ToLower(string(log)), "forbidden", p.Name())
	}

	as := func(subject pki.Subject) *tls.Config {
		cert, key, err := c.authority.Issue("test-"+strings.ReplaceAll(subject.User, ":", "-"), subject)
		require.NoError(t, err)
		pair, err := tls.LoadX509KeyPair(cert, key)
		require.NoError(t, err)
		return &tls.Config{RootCAs: c.authority.Pool(), Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	for _, refused := range []struct {
		by           pki.Subject
		method, path string
	}{
		{pki.Node("worker-1"), http.MethodDelete, "/api/v1/nodes/worker-1"},
		{pki.Node("worker-2"), http.MethodGet, "/api/v1/nodes/worker-1"},
		{pki.Node("worker-1"), http.MethodGet, "/api/v1/namespaces/default/pods"},
		{pki.Node("worker-1"), http.MethodGet, "/api/v1/secrets"},
		{pki.Node("worker-1"), http.MethodGet, "/api/v1/namespaces/default/configmaps"},
		{pki.Node("worker-1"), http.MethodGet, "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt"},
		{pki.Node("worker-2"), http.MethodGet, "/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dkube-root-ca.crt"},
		{pki.Scheduler, http.MethodGet, "/api/v1/secrets"},
		{pki.Controllers, http.MethodPost, "/api/v1/namespaces/default/pods/p/binding"},
		{pki.Proxy, http.MethodGet, "/api/v1/pods"},
	} {
		code, text := ask(as(refused.by), refused.method, refused.path, "")
		require.Equal(t, http.StatusForbidden, code, text)
		require.Contains(t, text, fmt.Sprintf(`User \"%s\" cannot`, refused.by.User))
	}

	for _, subject := range []pki.Subject{pki.Node("worker-1"), pki.Admin, pki.EtcdAdmin} {
		stranger := as(subject)
		stranger.RootCAs = c.etcdTLS.RootCAs
		require.ErrorContains(t, opensEtcd(c, stranger), "tls: ", "%s by a certificate of the cluster's authority", subject.User)
	}
	require.NoError(t, opensEtcd(c, c.etcdTLS))
}

// opensEtcd is why etcd does not speak with who shows that. It is the first to speak, once it knows with whom.
func opensEtcd(c *Cluster, identity *tls.Config) error {
	identity = identity.Clone()
	identity.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(c.EtcdEndpoints()[0], "https://"), identity)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
