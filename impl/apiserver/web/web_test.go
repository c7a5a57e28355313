package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
	"orrery/impl/client"
)

// Goal: HTTP becomes the right Request and the answer the right HTTP, whatever comes in.
// Method: requests of every kind, good and bad, against a Transport that keeps objects in a map and remembers what it was asked.

// fake is a Transport without rules: it keeps what it is given.
type fake struct {
	mutex   sync.Mutex
	objects map[string]api.Object
	asked   api.Request
	by      user.Info
	rv      int
	events  []api.WatchEvent
	err     error
	block   chan struct{} // if not nil, Do waits for it or the context
	panics  bool
}

func newFake(objects ...api.Object) *fake {
	f := &fake{objects: map[string]api.Object{}}
	for _, o := range objects {
		r, _ := api.ByObject(o)
		f.objects[r.Key(o.GetNamespace(), o.GetName())] = o
	}
	return f
}

func (f *fake) Do(ctx context.Context, req api.Request) (api.Response, error) {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return api.Response{}, ctx.Err()
		}
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.panics {
		panic("the fake was told to")
	}
	f.asked = req
	f.by, _ = user.From(ctx)
	if f.err != nil {
		return api.Response{}, f.err
	}
	key := req.Resource.Key(req.Namespace, req.Name)
	switch req.Verb {
	case api.List:
		return api.Response{Object: f.list(req)}, nil
	case api.Create, api.Update:
		if _, isObject := req.Object.(api.Object); req.Subresource != "" || !isObject {
			return api.Response{Object: &metav1.Status{Status: metav1.StatusSuccess, Code: 201}, Created: true}, nil
		}
		f.rv++
		obj := req.Object.DeepCopyObject().(api.Object)
		obj.SetResourceVersion(strconv.Itoa(f.rv))
		f.objects[req.Resource.Key(req.Namespace, obj.GetName())] = obj
		return api.Response{Object: obj, Created: req.Verb == api.Create}, nil
	case api.Delete, api.DeleteCollection:
		return api.Response{Object: &metav1.Status{Status: metav1.StatusSuccess}}, nil
	}
	obj, ok := f.objects[key]
	if !ok {
		return api.Response{}, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	return api.Response{Object: obj, Warnings: []string{`say "hello"`}}, nil
}

func (f *fake) list(req api.Request) runtime.Object {
	list := req.Resource.NewList()
	var items []runtime.Object
	for key, o := range f.objects {
		if strings.HasPrefix(key, req.Resource.Root(req.Namespace)) {
			items = append(items, o)
		}
	}
	_ = meta.SetList(list, items)
	list.(metav1.ListInterface).SetResourceVersion("7")
	return list
}

func (f *fake) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = req
	if f.err != nil {
		return nil, f.err
	}
	return &fakeStream{ctx: ctx, events: f.events, ends: len(f.events) > 0}, nil
}

// fakeStream ends after its events; one without events goes on.
type fakeStream struct {
	ctx    context.Context
	events []api.WatchEvent
	ends   bool
}

func (s *fakeStream) Recv() (api.WatchEvent, error) {
	if len(s.events) > 0 {
		event := s.events[0]
		s.events = s.events[1:]
		return event, nil
	}
	if !s.ends {
		<-s.ctx.Done()
	}
	return api.WatchEvent{}, io.EOF
}

func (s *fakeStream) Close() {}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// serveTest starts a server in front of f that knows the token "secret" as admin and "plain" as one of the people.
func serveTest(t *testing.T, f client.Transport, change func(*Config)) *httptest.Server {
	c := Config{
		Transport:      f,
		Authenticators: []Authenticator{Tokens{"secret": {Name: "admin", Groups: []string{"system:masters"}}, "plain": {Name: "jane"}}},
		Now:            func() time.Time { return now },
		Log:            log.New(io.Discard, "", 0),
	}
	if change != nil {
		change(&c)
	}
	server := httptest.NewUnstartedServer(New(c))
	server.Config.ErrorLog = c.Log
	server.Start()
	t.Cleanup(server.Close)
	return server
}

type answer struct {
	code   int
	header http.Header
	body   string
}

// ask sends one request: "METHOD PATH", headers as "Name: value".
func ask(t *testing.T, server *httptest.Server, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("User-Agent", "test/1")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{response.StatusCode, response.Header, string(data)}
}

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, ResourceVersion: "5", CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "test"}}},
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}
}

const (
	podsPath  = "/api/v1/namespaces/default/pods"
	goodPod   = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[{"name":"c","image":"i"}]}}`
	oddPod    = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"foo":1,"containers":[{"name":"c","image":"i"}]}}`
	twicePod  = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","name":"c"}}`
	wrongType = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":7}}`
)

func TestRequests(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 500_000)
	for _, c := range []struct {
		name, request, body string
		headers             []string
		code                int
		want                []string // in the body
		wantHeader          string   // "Name: value"
	}{
		{"get", "GET " + podsPath + "/a", "", nil, 200, []string{`"kind":"Pod"`, `"apiVersion":"v1"`, `"name":"a"`}, `Warning: 299 - "say \"hello\""`},
		{"get as YAML", "GET " + podsPath + "/a", "", []string{"Accept: application/yaml"}, 200, []string{"kind: Pod\n"}, "Content-Type: application/yaml"},
		{"get as protobuf", "GET " + podsPath + "/a", "", []string{"Accept: application/vnd.kubernetes.protobuf"}, 200, []string{"k8s\x00"}, "Content-Type: application/vnd.kubernetes.protobuf"},
		{"get pretty", "GET " + podsPath + "/a?pretty=true", "", nil, 200, []string{"\n  \"kind\": \"Pod\""}, ""},
		{"get for a person", "GET " + podsPath + "/a", "", []string{"User-Agent: curl/8"}, 200, []string{"\n  \"kind\": \"Pod\""}, ""},
		{"get metadata", "GET " + podsPath + "/a", "", []string{"Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}, 200,
			[]string{`"kind":"PartialObjectMetadata"`, `"apiVersion":"meta.k8s.io/v1"`}, ""},
		{"second choice", "GET " + podsPath + "/a", "", []string{"Accept: text/html, application/yaml;q=0.5"}, 200, []string{"kind: Pod\n"}, ""},
		{"missing", "GET " + podsPath + "/z", "", nil, 404, []string{`pods \"z\" not found`, `"reason":"NotFound"`, `"kind":"Status"`}, ""},
		{"list", "GET " + podsPath, "", nil, 200, []string{`"kind":"PodList"`, `"resourceVersion":"7"`}, ""},
		{"list of nothing", "GET /api/v1/secrets", "", nil, 200, []string{`"items":[]`}, ""},
		{"list of metadata", "GET " + podsPath, "", []string{"Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}, 200,
			[]string{`"kind":"PartialObjectMetadataList"`, `"name":"a"`, `"resourceVersion":"7"`}, ""},
		{"metadata of a list", "GET " + podsPath, "", []string{"Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}, 406, []string{"requested object is a list"}, ""},
		{"table", "GET " + podsPath, "", []string{"Accept: application/json;as=Table;g=meta.k8s.io;v=v1"}, 200,
			[]string{`"kind":"Table"`, `"cells":["a","0/1","Pending","0","60m","\u003cnone\u003e"`, `"kind":"PartialObjectMetadata"`}, ""},
		{"table without objects", "GET " + podsPath + "?includeObject=None", "", []string{"Accept: application/json;as=Table;g=meta.k8s.io;v=v1"}, 200, []string{`"object":null`}, ""},
		{"table with objects", "GET " + podsPath + "?includeObject=Object", "", []string{"Accept: application/json;as=Table;g=meta.k8s.io;v=v1"}, 200, []string{`"object":{"kind":"Pod"`}, ""},
		{"table with what", "GET " + podsPath + "?includeObject=All", "", []string{"Accept: application/json;as=Table;g=meta.k8s.io;v=v1"}, 400, []string{"Unable to convert to Table as requested"}, ""},
		{"table in protobuf", "GET " + podsPath, "", []string{"Accept: application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1"}, 406,
			[]string{"only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"}, ""},
		{"not acceptable", "GET " + podsPath, "", []string{"Accept: text/html"}, 406, []string{`"reason":"NotAcceptable"`}, ""},

		{"no credentials", "GET " + podsPath, "", []string{"Authorization: "}, 401, []string{`"message":"Unauthorized"`, `"reason":"Unauthorized"`}, ""},
		{"bad token", "GET " + podsPath, "", []string{"Authorization: Bearer guess"}, 401, []string{"Unauthorized"}, ""},
		{"basic credentials", "GET " + podsPath, "", []string{"Authorization: Basic c2VjcmV0"}, 401, []string{"Unauthorized"}, ""},
		{"version without credentials", "GET /version", "", []string{"Authorization: "}, 200, []string{`"gitVersion": "v1.37.2+orrery"`}, ""},
		{"health without credentials", "GET /readyz?verbose", "", []string{"Authorization: "}, 200, []string{"[+]ping ok\nreadyz check passed\n"}, ""},
		{"one check", "GET /livez/ping", "", nil, 200, []string{"ok"}, ""},
		{"no such check", "GET /livez/pong", "", nil, 404, []string{"could not find the requested resource"}, ""},
		{"posted health", "POST /healthz", "", nil, 405, []string{"MethodNotAllowed"}, ""},

		{"unknown resource", "GET /api/v1/frobs", "", nil, 404, []string{`"message":"the server could not find the requested resource"`, `"reason":"NotFound"`}, ""},
		{"unknown group", "GET /apis/batch/v1/jobs", "", nil, 404, []string{"could not find"}, ""},
		{"wrong group", "GET /apis/apps/v1/pods", "", nil, 404, []string{"could not find"}, ""},
		{"unknown subresource", "GET " + podsPath + "/a/frob", "", nil, 404, []string{"could not find"}, ""},
		{"namespaced node", "GET /api/v1/namespaces/default/nodes", "", nil, 404, []string{"could not find"}, ""},
		{"pod of no namespace", "GET /api/v1/pods/a", "", nil, 404, []string{"could not find"}, ""},
		{"empty segment", "GET /api/v1/namespaces//pods/a", "", nil, 404, []string{"could not find"}, ""},
		{"some other path", "GET /index.html", "", nil, 404, []string{"could not find"}, ""},
		{"wrong method", "POST " + podsPath + "/a", "", nil, 405, []string{`"message":"the server does not allow this method on the requested resource"`, `"reason":"MethodNotAllowed"`}, ""},
		{"create everywhere", "POST /api/v1/pods", goodPod, nil, 405, []string{"MethodNotAllowed"}, ""},
		{"delete all namespaces", "DELETE /api/v1/namespaces", "", nil, 405, []string{"MethodNotAllowed"}, ""},

		{"create", "POST " + podsPath, goodPod, nil, 201, []string{`"resourceVersion":"1"`, `"namespace":"default"`}, ""},
		{"create from YAML", "POST " + podsPath, "metadata: {name: from}\n", []string{"Content-Type: application/yaml"}, 201, []string{`"name":"from"`, `"kind":"Pod"`}, ""},
		{"create with an unknown field", "POST " + podsPath, oddPod, nil, 201, nil, `Warning: 299 - "unknown field \"spec.foo\""`},
		{"create strictly", "POST " + podsPath + "?fieldValidation=Strict", oddPod, nil, 400,
			[]string{`Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.foo\"`, `"reason":"BadRequest"`}, ""},
		{"create twice the same field", "POST " + podsPath + "?fieldValidation=Strict", twicePod, nil, 400, []string{`duplicate field \"metadata.name\"`}, ""},
		{"create strictly from YAML", "POST " + podsPath + "?fieldValidation=Strict", "metadata: {name: y, name: z}\n", []string{"Content-Type: application/yaml"}, 400, []string{"already set in map"}, ""},
		{"create carelessly", "POST " + podsPath + "?fieldValidation=Ignore", oddPod, nil, 201, nil, ""},
		{"create somehow", "POST " + podsPath + "?fieldValidation=Somehow", goodPod, nil, 422, []string{`Unsupported value: \"Somehow\"`}, ""},
		{"create of a wrong type", "POST " + podsPath, wrongType, nil, 400, []string{"cannot be handled as a Pod", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string"}, ""},
		{"create from no JSON", "POST " + podsPath, "hello", nil, 400, []string{"the object provided is unrecognized (must be of type Pod)", "68656c6c6f"}, ""},
		{"create from nothing", "POST " + podsPath, "", nil, 400, []string{"\\u003cempty\\u003e"}, ""},
		{"create from half", "POST " + podsPath, goodPod[:40], nil, 400, []string{"unexpected end of JSON input"}, ""},
		{"create a list", "POST " + podsPath, `{"apiVersion":"v1","kind":"PodList"}`, nil, 400, []string{"PodList in version"}, ""},
		{"create another kind", "POST " + podsPath, `{"apiVersion":"v1","kind":"Secret"}`, nil, 400, []string{`Secret in version \"v1\" cannot be handled as a Pod`}, ""},
		{"create of another version", "POST " + podsPath, `{"apiVersion":"apps/v1","kind":"ReplicaSet"}`, nil, 400, []string{"the API version in the data (apps/v1) does not match the expected API version (v1)"}, ""},
		{"create of an unknown kind", "POST " + podsPath, `{"apiVersion":"v1","kind":"Frob"}`, nil, 400, []string{`no kind \"Frob\" is registered for version \"v1\"`}, ""},
		{"create elsewhere", "POST " + podsPath, `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"other"}}`, nil, 400,
			[]string{"the namespace of the provided object does not match the namespace sent on the request"}, ""},
		{"create as XML", "POST " + podsPath, "<pod/>", []string{"Content-Type: application/xml"}, 415,
			[]string{"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf", "UnsupportedMediaType"}, ""},
		{"create with protobuf that is none", "POST " + podsPath, "hello", []string{"Content-Type: application/vnd.kubernetes.protobuf"}, 400, []string{"provided data does not appear to be a protobuf message"}, ""},
		{"create too large", "POST " + podsPath, strings.Repeat(" ", 3<<20+1), nil, 413, []string{"Request entity too large: limit is 3145728", "RequestEntityTooLarge"}, ""},
		{"create too deep", "POST " + podsPath, deep, nil, 400, []string{"exceeded max depth"}, ""},
		{"create too deep in a map", "POST " + podsPath, `{"kind":"Pod","apiVersion":"v1","spec":` + deep[:2<<20], nil, 400, []string{"exceeded max depth"}, ""},
		{"create too deep in YAML", "POST " + podsPath, strings.Repeat("[", 3<<20-1), []string{"Content-Type: application/yaml"}, 400, []string{"exceeded max depth"}, ""},
		{"create dry", "POST " + podsPath + "?dryRun=All", goodPod, nil, 201, nil, ""},
		{"create half dry", "POST " + podsPath + "?dryRun=Some", goodPod, nil, 422, []string{`Unsupported value: [\"Some\"]`}, ""},
		{"create with a bad manager", "POST " + podsPath + "?fieldManager=%00", goodPod, nil, 422, []string{"fieldManager"}, ""},

		{"update", "PUT " + podsPath + "/b", goodPod, nil, 200, []string{`"name":"b"`}, ""},
		{"update under another name", "PUT " + podsPath + "/c", goodPod, nil, 400, []string{"the name of the object (b) does not match the name on the URL (c)"}, ""},
		{"update without a name", "PUT " + podsPath + "/b", `{"metadata":{}}`, nil, 400, []string{"the name of the object (b based on URL) was undeterminable: name must be provided"}, ""},
		{"update elsewhere", "PUT " + podsPath + "/b", `{"metadata":{"name":"b","namespace":"other"}}`, nil, 400, []string{"the namespace of the provided object does not match the namespace sent on the request"}, ""},
		{"a node's namespace is none", "PUT /api/v1/nodes/n", `{"metadata":{"name":"n","namespace":"other"}}`, nil, 200, nil, ""},
		{"patch of no kind", "PATCH " + podsPath + "/a", "{}", nil, 415, []string{"application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json"}, ""},
		{"patch", "PATCH " + podsPath + "/a", "{}", []string{"Content-Type: application/merge-patch+json; charset=utf-8"}, 200, []string{`"name":"a"`}, ""},
		{"forced patch", "PATCH " + podsPath + "/a?force=true", "{}", []string{"Content-Type: application/merge-patch+json"}, 422, []string{"force"}, ""},
		{"bind", "POST " + podsPath + "/a/binding", `{"apiVersion":"v1","kind":"Binding","target":{"name":"n"}}`, nil, 201, []string{`"status":"Success"`}, ""},
		{"evict", "POST " + podsPath + "/a/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"}}`, nil, 201, []string{`"status":"Success"`}, ""},
		{"evict as of old", "POST " + podsPath + "/a/eviction", `{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"a"}}`, nil, 400,
			[]string{"the API version in the data (policy/v1beta1) does not match the expected API version (policy/v1)"}, ""},
		{"evict a pod of elsewhere", "POST " + podsPath + "/a/eviction", `{"metadata":{"name":"a","namespace":"other"}}`, nil, 400,
			[]string{"the namespace of the provided object does not match the namespace sent on the request"}, ""},
		{"evictions are not read", "GET " + podsPath + "/a/eviction", "", nil, 405, nil, ""},
		{"scale", "PUT /apis/apps/v1/namespaces/default/replicasets/r/scale", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"r"},"spec":{"replicas":2}}`, nil, 201, nil, ""},
		{"delete", "DELETE " + podsPath + "/a?gracePeriodSeconds=3", "", nil, 200, []string{`"status":"Success"`}, ""},
		{"delete by a body", "DELETE " + podsPath + "/a", `{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground"}`, nil, 200, nil, ""},
		{"delete by a wrong body", "DELETE " + podsPath + "/a", `{"apiVersion":"v1","kind":"Pod"}`, nil, 400, []string{"cannot be converted to DeleteOptions"}, ""},
		{"delete by a bad policy", "DELETE " + podsPath + "/a", `{"propagationPolicy":"Sideways"}`, nil, 422, []string{"Sideways"}, ""},
		{"delete all", "DELETE " + podsPath + "?labelSelector=a%3Db", "", nil, 200, nil, ""},

		{"bad limit", "GET " + podsPath + "?limit=ten", "", nil, 400, []string{`parsing \"ten\"`}, ""},
		{"bad selector", "GET " + podsPath + "?labelSelector=a%3D%3D%3D", "", nil, 400, []string{"unable to parse requirement"}, ""},
		{"match alone", "GET " + podsPath + "?resourceVersionMatch=Exact", "", nil, 422, []string{"resourceVersionMatch is forbidden unless resourceVersion is provided"}, ""},
		{"bad timeout", "GET " + podsPath + "?timeout=soon", "", nil, 400, []string{"invalid timeout specified in the request URL"}, ""},
		{"watch as YAML", "GET " + podsPath + "?watch=true", "", []string{"Accept: application/yaml;stream=watch, text/html"}, 406,
			[]string{"application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := serveTest(t, newFake(pod("a")), nil)
			got := ask(t, server, c.request, c.body, c.headers...)
			require.Equal(t, c.code, got.code, got.body)
			for _, want := range c.want {
				require.Contains(t, got.body, want)
			}
			if c.wantHeader != "" {
				name, value, _ := strings.Cut(c.wantHeader, ": ")
				require.Equal(t, value, got.header.Get(name))
			}
			if c.code >= 400 {
				var status metav1.Status
				require.NoError(t, json.Unmarshal([]byte(got.body), &status))
				require.EqualValues(t, c.code, status.Code)
				require.NotEmpty(t, status.Reason)
			}
		})
	}
}

func TestWhatTheTransportIsAsked(t *testing.T) {
	f := newFake(pod("a"))
	server := serveTest(t, f, nil)
	for _, c := range []struct {
		request, body, contentType string
		want                       func(api.Request) any
		equal                      any
	}{
		{"GET " + podsPath + "/a", "", "", func(r api.Request) any { return r.User }, "admin"},
		{"GET " + podsPath + "/a/status", "", "", func(r api.Request) any { return r.Subresource }, "status"},
		{"GET " + podsPath + "?limit=5&continue=x&labelSelector=a%3Db&fieldSelector=spec.nodeName%3Dn", "", "",
			func(r api.Request) any { return []any{r.Limit, r.Continue, r.Labels, r.Fields} }, []any{int64(5), "x", "a=b", "spec.nodeName=n"}},
		{"PUT /api/v1/namespaces/x/finalize", `{"metadata":{"name":"x"}}`, "", func(r api.Request) any { return r.Name + "/" + r.Subresource }, "x/finalize"},
		{"POST " + podsPath + "?dryRun=All&fieldManager=me", goodPod, "", func(r api.Request) any { return []any{r.DryRun, r.FieldManager, r.FieldValidation} }, []any{true, "me", "Warn"}},
		{"POST " + podsPath, goodPod, "", func(r api.Request) any { return r.FieldManager }, "test"},
		{"POST " + podsPath + "/a/binding", `{"metadata":{"name":"a"},"target":{"name":"n"}}`, "", func(r api.Request) any {
			return r.Object.(*corev1.Binding).Name + ">" + r.Object.(*corev1.Binding).Target.Name
		}, "a>n"},
		{"POST " + podsPath + "/a/eviction?dryRun=All", `{"metadata":{"name":"a"},"deleteOptions":{"gracePeriodSeconds":3}}`, "", func(r api.Request) any {
			eviction := r.Object.(*policyv1.Eviction)
			return []any{r.Verb, r.Subresource, eviction.Name, *eviction.DeleteOptions.GracePeriodSeconds, r.DryRun}
		}, []any{api.Create, "eviction", "a", int64(3), true}},
		{"PATCH " + podsPath + "/a", `[]`, "application/json-patch+json", func(r api.Request) any { return string(r.PatchType) + string(r.Patch) }, "application/json-patch+json[]"},
		{"DELETE " + podsPath + "/a?gracePeriodSeconds=3", "", "", func(r api.Request) any { return *r.Delete.GracePeriodSeconds }, int64(3)},
		{"DELETE " + podsPath + "/a?gracePeriodSeconds=3", `{"gracePeriodSeconds":4,"dryRun":["All"]}`, "", func(r api.Request) any { return []any{*r.Delete.GracePeriodSeconds, r.DryRun} }, []any{int64(4), true}},
		{"DELETE " + podsPath + "?fieldSelector=metadata.name%3Da", "", "", func(r api.Request) any { return []any{r.Verb, r.Fields} }, []any{api.DeleteCollection, "metadata.name=a"}},
	} {
		got := ask(t, server, c.request, c.body, "Content-Type: "+c.contentType)
		require.Less(t, got.code, 300, "%s: %s", c.request, got.body)
		require.Equal(t, c.equal, c.want(f.asked), c.request)
	}
}

func TestWatchInEveryForm(t *testing.T) {
	shared := &api.Encodings{}
	f := newFake()
	f.events = []api.WatchEvent{
		{Type: watch.Added, Object: pod("a"), Encoded: shared},
		{Type: watch.Bookmark, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "9"}}},
		{Type: watch.Error, Object: &metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonExpired, Code: 410}},
	}
	server := serveTest(t, f, nil)
	path := "GET " + podsPath + "?watch&timeoutSeconds=1&resourceVersion=5"

	got := ask(t, server, path, "")
	require.Equal(t, 200, got.code)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	lines := strings.Split(strings.TrimSpace(got.body), "\n")
	require.Len(t, lines, 3)
	require.True(t, strings.HasPrefix(lines[0], `{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"`), lines[0])
	require.True(t, strings.HasPrefix(lines[1], `{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1"`), lines[1])
	require.Contains(t, lines[2], `"reason":"Expired","code":410`)
	require.Equal(t, "5", f.asked.ResourceVersion)

	got = ask(t, server, path, "", "Accept: application/vnd.kubernetes.protobuf;stream=watch")
	require.Equal(t, "application/vnd.kubernetes.protobuf;stream=watch", got.header.Get("Content-Type"))
	require.Equal(t, 3, strings.Count(got.body, "k8s\x00"))

	got = ask(t, server, path, "", "Accept: application/json;as=Table;g=meta.k8s.io;v=v1")
	lines = strings.Split(strings.TrimSpace(got.body), "\n")
	require.Contains(t, lines[0], `"columnDefinitions":[{`)
	require.Contains(t, lines[1], `"columnDefinitions":null`)
	require.Contains(t, lines[2], `"kind":"Status"`)

	got = ask(t, server, path, "", "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
	require.Contains(t, got.body, `"kind":"PartialObjectMetadata"`)

	// The bytes that were encoded for the first watch are those of all later ones.
	encoded, err := shared.Bytes("application/json;type=ADDED", func() ([]byte, error) { return nil, io.ErrUnexpectedEOF })
	require.NoError(t, err)
	require.Contains(t, string(encoded), `"ADDED"`)
}

func TestWatchThatCannotBegin(t *testing.T) {
	f := newFake()
	server := serveTest(t, f, nil)
	f.err = apierrors.NewResourceExpired("too old resource version: 1 (5)")
	got := ask(t, server, "GET "+podsPath+"?watch=1&resourceVersion=1&timeoutSeconds=1", "")
	require.Equal(t, 200, got.code)
	require.Contains(t, got.body, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1"`)
	require.Contains(t, got.body, `"code":410`)
	f.err = apierrors.NewBadRequest("no")
	require.Equal(t, 400, ask(t, server, "GET "+podsPath+"?watch=1", "").code)
	require.Equal(t, 400, ask(t, server, "GET "+podsPath+"?watch=1&timeoutSeconds=x", "").code)
}

func TestStoppingEndsWatches(t *testing.T) {
	stopping := make(chan struct{})
	server := serveTest(t, newFake(), func(c *Config) { c.Stopping = stopping })
	require.Equal(t, 200, ask(t, server, "GET /readyz", "").code)
	close(stopping)
	require.Empty(t, ask(t, server, "GET "+podsPath+"?watch=1", "").body)
	got := ask(t, server, "GET /readyz", "")
	require.Equal(t, 500, got.code)
	require.Equal(t, "[+]ping ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n", got.body)
}

func TestPanicIsAnInternalErrorAndALine(t *testing.T) {
	f := newFake()
	f.panics = true
	var logged bytes.Buffer
	server := serveTest(t, f, func(c *Config) { c.Log = log.New(&logged, "", 0) })
	got := ask(t, server, "GET "+podsPath+"/a", "")
	require.Equal(t, 500, got.code)
	require.Contains(t, got.body, "InternalError")
	require.NotContains(t, got.body, "told to")
	require.Contains(t, logged.String(), "the fake was told to")
}

func TestTooManyRequests(t *testing.T) {
	f := newFake(pod("a"))
	f.block = make(chan struct{})
	server := serveTest(t, f, func(c *Config) { c.Limits = Limits{Mutating: 1, Reading: 1} })
	var first sync.WaitGroup
	first.Go(func() { ask(t, server, "POST "+podsPath, goodPod, "Authorization: Bearer plain") })
	handler := server.Config.Handler.(*Handler)
	require.Eventually(t, func() bool { return len(handler.inflight.mutating) == 1 }, 10*time.Second, time.Millisecond)

	got := ask(t, server, "POST "+podsPath, goodPod, "Authorization: Bearer plain")
	require.Equal(t, 429, got.code)
	require.Equal(t, "1", got.header.Get("Retry-After"))
	require.Contains(t, got.body, "Too many requests, please try again later.")
	require.Equal(t, 200, ask(t, server, "GET /livez", "").code, "health is always told")
	require.Equal(t, 200, ask(t, server, "GET "+podsPath+"?watch=1&timeoutSeconds=1", "", "Authorization: Bearer plain").code, "watches are not counted")
	close(f.block)
	require.Equal(t, 201, ask(t, server, "POST "+podsPath, goodPod).code, "administrators are never turned away")
	first.Wait()
}

func TestRequestTimeout(t *testing.T) {
	f := newFake(pod("a"))
	f.block = make(chan struct{})
	server := serveTest(t, f, nil)
	got := ask(t, server, "GET "+podsPath+"/a?timeout=10ms", "")
	require.Equal(t, 504, got.code)
	require.Contains(t, got.body, "request did not complete within the allotted timeout")
	require.Contains(t, got.body, `"reason":"Timeout"`)
}

func TestConfigNeedsATransport(t *testing.T) {
	require.Panics(t, func() { New(Config{}) })
}
