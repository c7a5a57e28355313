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
)

// FuzzHTTP: no request makes a handler panic, and whatever is refused is refused by a Status. Method: the handler itself, without
// a network, before a Transport that panics for nothing.
func FuzzHTTP(f *testing.F) {
	for _, seed := range []struct{ method, target, contentType, accept, body string }{
		{"POST", podsPath, "application/json", "", goodPod},
		{"POST", podsPath + "?fieldValidation=Strict", "application/json", "", oddPod},
		{"POST", podsPath, "application/yaml", "application/yaml", "metadata: {name: b}\n"},
		{"POST", podsPath, "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", "k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod"},
		{"PATCH", podsPath + "/a", "application/json-patch+json", "", `[{"op":"add","path":"/metadata/labels","value":{}}]`},
		{"PUT", "/apis/apps/v1/namespaces/default/replicasets/r/scale", "application/json", "", `{"metadata":{"name":"r"}}`},
		{"DELETE", podsPath + "/a", "application/json", "", `{"gracePeriodSeconds":0,"preconditions":{"uid":"x"}}`},
		{"DELETE", podsPath + "?labelSelector=a%3Db&propagationPolicy=Orphan", "", "", ""},
		{"GET", podsPath + "?limit=3&continue=x&resourceVersion=1&resourceVersionMatch=Exact", "", "application/json;as=Table;g=meta.k8s.io;v=v1", ""},
		{"GET", podsPath + "/a?includeObject=Object", "", "application/json;as=Table;g=meta.k8s.io;v=v1,*/*;q=0.1", ""},
		{"GET", podsPath + "/a/log?tailLines=3&follow=1", "", "", ""},
		{"POST", podsPath + "/a/exec?command=x&stdout=1", "", "", ""},
		{"GET", "/apis", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", ""},
		{"GET", "/readyz?verbose&exclude=ping", "", "", ""},
		{"POST", podsPath, "application/json", "", strings.Repeat("[", 20_000)},
	} {
		f.Add(seed.method, seed.target, seed.contentType, seed.accept, seed.body)
	}
	var logged strings.Builder
	transport := newFake(pod("a"))
	handler := New(Config{
		Transport: transport, Authenticators: []Authenticator{Tokens{"secret": {Name: "admin"}}}, Log: log.New(&logged, "", 0),
	})
	f.Fuzz(func(t *testing.T, method, target, contentType, accept, body string) {
		r, err := http.NewRequest(method, "http://host/", io.NopCloser(strings.NewReader(body)))
		if err != nil || !strings.HasPrefix(target, "/") {
			t.Skip("no request at all")
		}
		if r.URL, err = r.URL.Parse(target); err != nil || r.URL.Query().Has("watch") {
			t.Skip("no path, or one that waits")
		}
		r.RequestURI = target
		r.Header.Set("Authorization", "Bearer secret")
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Accept", accept)
		logged.Reset()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if strings.Contains(logged.String(), "panic") {
			t.Fatalf("%s %s panicked:\n%s", method, target, logged.String())
		}
		if w.Code < 200 || w.Code > 599 {
			t.Fatalf("%s %s is answered by %d", method, target, w.Code)
		}
		if w.Code < 400 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			return
		}
		var status metav1.Status
		if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || int(status.Code) != w.Code || status.Reason == "" && w.Code != 422 {
			t.Fatalf("%s %s is refused with %d and %q, which is no Status of that code", method, target, w.Code, w.Body)
		}
	})
}
