package web

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// secretWord is in the name of what only root may read; no answer to anybody else holds it, unless it was in the question.
const secretWord = "hidden-treasure"

// FuzzHTTP: no request makes a handler panic, whatever is refused is refused by a Status, and nobody sees what he may not read. Method: the
// handler itself, without a network, before a Transport that panics for nothing. Each request is made by somebody who may do everything, and then by
// who shows no credentials, who has no rights, and who may read pods of another namespace. Who impersonates somebody may not, but for the first.
func FuzzHTTP(f *testing.F) {
	for _, seed := range []struct{ method, target, contentType, accept, body, as string }{
		{"POST", podsPath, "application/json", "", goodPod, ""},
		{"POST", podsPath + "?fieldValidation=Strict", "application/json", "", oddPod, ""},
		{"POST", podsPath, "application/yaml", "application/yaml", "metadata: {name: b}\n", ""},
		{"POST", podsPath, "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", "k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod", ""},
		{"PATCH", podsPath + "/a", "application/json-patch+json", "", `[{"op":"add","path":"/metadata/labels","value":{}}]`, ""},
		{"PUT", "/apis/apps/v1/namespaces/default/replicasets/r/scale", "application/json", "", `{"metadata":{"name":"r"}}`, ""},
		{"DELETE", podsPath + "/a", "application/json", "", `{"gracePeriodSeconds":0,"preconditions":{"uid":"x"}}`, ""},
		{"DELETE", podsPath + "?labelSelector=a%3Db&propagationPolicy=Orphan", "", "", "", ""},
		{"GET", podsPath + "?limit=3&continue=x&resourceVersion=1&resourceVersionMatch=Exact", "", "application/json;as=Table;g=meta.k8s.io;v=v1", "", ""},
		{"GET", podsPath + "/a?includeObject=Object", "", "application/json;as=Table;g=meta.k8s.io;v=v1,*/*;q=0.1", "", ""},
		{"GET", podsPath + "/a/log?tailLines=3&follow=1", "", "", "", ""},
		{"POST", podsPath + "/a/eviction", "application/json", "", `{"metadata":{"name":"a"},"deleteOptions":{"preconditions":{"uid":"x"},"dryRun":["All"]}}`, ""},
		{"POST", podsPath + "/a/exec?command=x&stdout=1", "", "", "", ""},
		{"GET", "/api/v1/namespaces/mine/pods", "", "", "", ""},
		{"GET", "/api/v1/namespaces/mine/../default/pods/a", "", "", "", ""},
		{"GET", "/api/v1//namespaces/default/pods/a/", "", "", "", ""},
		{"GET", "/api/v1/namespaces/mine/pods/..%2F..%2Fdefault%2Fpods%2Fa", "", "", "", ""},
		{"GET", "/api/v1/pods?fieldSelector=metadata.namespace%3Dmine", "", "", "", ""},
		{"HEAD", podsPath + "/a", "", "", "", ""},
		{"GET", podsPath + "/a", "", "", "", "root"},
		{"GET", "/api/v1/namespaces/mine/pods", "", "", "", "system:serviceaccount:mine:default"},
		{"GET", "/apis", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "", ""},
		{"GET", "/readyz?verbose&exclude=ping", "", "", "", ""},
		{"POST", podsPath, "application/json", "", strings.Repeat("[", 20_000), ""},
	} {
		f.Add(seed.method, seed.target, seed.contentType, seed.accept, seed.body, seed.as)
	}
	var logged strings.Builder
	hidden := pod("a")
	hidden.Labels = map[string]string{"for": secretWord}
	transport := newFake(hidden)
	handler := New(Config{
		Transport: transport, Authenticators: []Authenticator{authorizedTokens}, Authorizer: bound(), Log: log.New(&logged, "", 0),
	})
	f.Fuzz(func(t *testing.T, method, target, contentType, accept, body, as string) {
		ask := func(token string) *httptest.ResponseRecorder {
			r, err := http.NewRequest(method, "http://host/", io.NopCloser(strings.NewReader(body)))
			if err != nil || !strings.HasPrefix(target, "/") {
				t.Skip("no request at all")
			}
			if r.URL, err = r.URL.Parse(target); err != nil || r.URL.Query().Has("watch") {
				t.Skip("no path, or one that waits")
			}
			r.RequestURI = target
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Accept", accept)
			if as != "" {
				r.Header.Set("Impersonate-User", as)
			}
			logged.Reset()
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if strings.Contains(logged.String(), "panic") {
				t.Fatalf("%s %s panicked:\n%s", method, target, logged.String())
			}
			if w.Code < 200 || w.Code > 599 {
				t.Fatalf("%s %s is answered by %d", method, target, w.Code)
			}
			return w
		}
		for _, token := range []string{"", "nobody", "reader"} {
			transport.asked = api.Request{}
			w := ask(token)
			if strings.Contains(w.Body.String(), secretWord) && !strings.Contains(target+body, secretWord) {
				t.Fatalf("%s %s shows to %q what it may not read: %s", method, target, token, w.Body)
			}
			mine := as == "" && token == "reader" && transport.asked.Namespace == "mine" && !transport.asked.Verb.Writes()
			if transport.asked.Resource != nil && !mine {
				t.Fatalf("%s %s by %q went on to %s %s in %q", method, target, token, transport.asked.Verb, transport.asked.Resource.Name, transport.asked.Namespace)
			}
		}
		w := ask("root")
		if w.Code < 400 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			return
		}
		var status metav1.Status
		if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || int(status.Code) != w.Code || status.Reason == "" && w.Code != 422 {
			t.Fatalf("%s %s is refused with %d and %q, which is no Status of that code", method, target, w.Code, w.Body)
		}
	})
}
