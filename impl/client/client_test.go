package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/trace"
)

var podsResource, _ = api.ByName("pods")

func get(name string) api.Request {
	return api.Request{Verb: api.Get, Resource: podsResource, Namespace: "d", Name: name}
}

// server answers with the handler, over TLS and HTTP/2.
func server(t *testing.T, name string, handler http.HandlerFunc) (client.Server, *httptest.Server) {
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	target, err := url.Parse(s.URL)
	require.NoError(t, err)
	return client.Server{Name: name, URL: target, TLS: s.Client().Transport.(*http.Transport).TLSClientConfig, Token: "secret"}, s
}

// nobody is a server that refuses connections.
func nobody(t *testing.T) client.Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return client.Server{Name: "nobody", URL: &url.URL{Scheme: "https", Host: l.Addr().String()}}
}

func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

const podJSON = `{"kind":"Pod","apiVersion":"v1","metadata":{"namespace":"d","name":"a","uid":"u","resourceVersion":"7"}}`

func TestRequestAsUpstreamWritesIt(t *testing.T) {
	var got *http.Request
	var body []byte
	s, _ := server(t, "s", func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		answer(w, 201, podJSON)
	})
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	uid := types.UID("u")
	rs, _ := api.ByName("replicasets")
	for _, c := range []struct {
		req  api.Request
		want string
	}{
		{get("a"), "GET /api/v1/namespaces/d/pods/a"},
		{api.Request{Verb: api.List, Resource: podsResource, Labels: "a=b", Fields: "spec.nodeName=n", Limit: 5, Continue: "c"}, "GET /api/v1/pods?continue=c&fieldSelector=spec.nodeName%3Dn&labelSelector=a%3Db&limit=5"},
		{api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Object: &corev1.Pod{}}, "POST /api/v1/namespaces/d/pods"},
		{api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Subresource: "binding", Object: &corev1.Binding{}}, "POST /api/v1/namespaces/d/pods/a/binding"},
		{api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Subresource: "eviction", Object: &policyv1.Eviction{}}, "POST /api/v1/namespaces/d/pods/a/eviction"},
		{api.Request{Verb: api.Update, Resource: rs, Namespace: "d", Name: "a", Subresource: "status", Object: rs.New()}, "PUT /apis/apps/v1/namespaces/d/replicasets/a/status"},
		{api.Request{Verb: api.Patch, Resource: podsResource, Namespace: "d", Name: "a", Patch: []byte("{}"), PatchType: types.MergePatchType, DryRun: true}, "PATCH /api/v1/namespaces/d/pods/a?dryRun=All"},
		{api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "a", Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}}, "DELETE /api/v1/namespaces/d/pods/a"},
		{get("a b?c"), "GET /api/v1/namespaces/d/pods/a%20b%3Fc"},
		{api.Request{Verb: api.List, Resource: podsResource, Namespace: "d", Name: "a", Fields: "spec.nodeName=n"}, "GET /api/v1/namespaces/d/pods?fieldSelector=spec.nodeName%3Dn%2Cmetadata.name%3Da"},
		{api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d", Name: "a", DryRun: true, Delete: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}}, "DELETE /api/v1/namespaces/d/pods/a?dryRun=All"},
	} {
		response, err := h.Do(t.Context(), c.req)
		require.NoError(t, err)
		require.Equal(t, c.want, got.Method+" "+got.URL.RequestURI())
		require.Equal(t, "7", response.Object.(*corev1.Pod).ResourceVersion)
		require.True(t, response.Created)
		require.Equal(t, "Bearer secret", got.Header.Get("Authorization"))
		require.Equal(t, 2, got.ProtoMajor)
	}
	require.Contains(t, string(body), `"preconditions":{"uid":"u"}`)
	require.Contains(t, string(body), `"dryRun":["All"]`, "a server that is sent options in a body does not look for them elsewhere")
}

// What has no path of its own is not sent: it would be answered as something else.
func TestWhatIsNotSent(t *testing.T) {
	s, _ := server(t, "s", func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	nodes, _ := api.ByName("nodes")
	for _, c := range []struct {
		req  api.Request
		says string
	}{
		{get(""), "name must be provided"},
		{api.Request{Verb: api.Delete, Resource: podsResource, Namespace: "d"}, "name must be provided"},
		{api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Subresource: "binding"}, "name must be provided"},
		{api.Request{Verb: api.Get, Resource: podsResource, Name: "a"}, "an empty namespace may not be set"},
		{api.Request{Verb: api.Get, Resource: nodes, Namespace: "d", Name: "a"}, "nodes have no namespace"},
		{api.Request{Verb: "odd", Resource: podsResource, Namespace: "d", Name: "a"}, "odd is not supported"},
		{api.Request{Verb: api.Watch, Resource: podsResource}, "a watch is no single request"},
		{api.Request{Verb: api.Get}, "names no resource"},
		{get("a/b"), "may not contain '/'"},
		{get(".."), "may not be '..'"},
	} {
		_, err := h.Do(t.Context(), c.req)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, trace.Failed, api.OutcomeOf(err))
	}
	_, err = h.Watch(t.Context(), api.Request{Resource: podsResource, Namespace: "a/b"})
	require.ErrorContains(t, err, "may not contain '/'")
}

func TestWarningsAreTexts(t *testing.T) {
	s, _ := server(t, "s", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Warning", `299 - "say \"hello\""`)
		w.Header().Add("Warning", `299 - "and bye"`)
		answer(w, 200, podJSON)
	})
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	response, err := h.Do(t.Context(), get("a"))
	require.NoError(t, err)
	require.Equal(t, []string{`say "hello"`, "and bye"}, response.Warnings)
}

func TestWhatAnErrorMeans(t *testing.T) {
	status := func(code int, reason metav1.StatusReason) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			body, _ := runtime.Encode(api.Codecs.LegacyCodec(corev1.SchemeGroupVersion), &metav1.Status{Status: metav1.StatusFailure, Code: int32(code), Reason: reason})
			answer(w, code, string(body))
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    trace.Outcome
		check   func(error) bool
	}{
		{"conflict", status(409, metav1.StatusReasonConflict), trace.Failed, apierrors.IsConflict},
		{"not found", status(404, metav1.StatusReasonNotFound), trace.Failed, apierrors.IsNotFound},
		{"the server does not know", status(504, metav1.StatusReasonTimeout), trace.Unknown, apierrors.IsTimeout},
		{"no status at all", func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "bad gateway") }, trace.Unknown, nil},
		{"the connection breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, trace.Unknown, nil},
		{"the answer breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			answer(w, 200, "{")
			panic(http.ErrAbortHandler)
		}, trace.Unknown, nil},
		{"the answer is nonsense", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "{}") }, trace.Unknown, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := server(t, "s", c.handler)
			h, err := client.NewHTTP(s)
			require.NoError(t, err)
			defer h.Close()
			_, err = h.Do(t.Context(), api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Object: &corev1.Pod{}})
			require.Error(t, err)
			require.Equal(t, c.want, api.OutcomeOf(err), "%v", err)
			require.True(t, c.check == nil || c.check(err), "%v", err)
		})
	}
}

func TestFailover(t *testing.T) {
	create := api.Request{Verb: api.Create, Resource: podsResource, Namespace: "d", Name: "a", Object: &corev1.Pod{}}
	var asked []string
	var mu sync.Mutex
	say := func(name string, f http.HandlerFunc) client.Server {
		s, _ := server(t, name, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, name+" "+r.Method)
			mu.Unlock()
			f(w, r)
		})
		return s
	}
	good := say("good", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, podJSON) })
	broken := say("broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

	t.Run("a server that is not there is passed over, also by a write", func(t *testing.T) {
		asked = nil
		h, _ := client.NewHTTP(nobody(t), good)
		defer h.Close()
		_, err := h.Do(t.Context(), create)
		require.NoError(t, err)
		require.Equal(t, []string{"good POST"}, asked)
		require.Equal(t, "good", h.Server(), "and stays passed over")
	})
	t.Run("a write that was perhaps done is not sent again; the next request goes elsewhere", func(t *testing.T) {
		asked = nil
		h, _ := client.NewHTTP(broken, good)
		defer h.Close()
		_, err := h.Do(t.Context(), create)
		require.Equal(t, trace.Unknown, api.OutcomeOf(err))
		require.Equal(t, []string{"broken POST"}, asked)
		_, err = h.Do(t.Context(), create)
		require.NoError(t, err)
	})
	t.Run("a read is asked elsewhere at once", func(t *testing.T) {
		h, _ := client.NewHTTP(broken, good)
		defer h.Close()
		_, err := h.Do(t.Context(), get("a"))
		require.NoError(t, err)
	})
	t.Run("nobody is there", func(t *testing.T) {
		h, _ := client.NewHTTP(nobody(t), nobody(t))
		defer h.Close()
		_, err := h.Do(t.Context(), create)
		require.ErrorIs(t, err, api.ErrNotSent)
		require.Equal(t, trace.Failed, api.OutcomeOf(err))
	})
	t.Run("no server, or none with a URL", func(t *testing.T) {
		_, err := client.NewHTTP()
		require.ErrorContains(t, err, "no API server is given")
		_, err = client.NewHTTP(client.Server{Name: "x"})
		require.ErrorContains(t, err, `API server "x" has no URL`)
	})
}

func TestWatchStream(t *testing.T) {
	s, _ := server(t, "s", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("resourceVersion") == "1" {
			answer(w, 410, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}`)
			return
		}
		answer(w, 200, `{"type":"ADDED","object":`+podJSON+`}`+"\n"+`{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"9"}}}`+"\n")
		w.(http.Flusher).Flush()
		if r.URL.Query().Get("resourceVersion") == "6" {
			<-r.Context().Done()
		}
	})
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	var said lines
	recorded := client.Recorded(h, &said, "c")

	_, err = recorded.Watch(t.Context(), api.Request{Resource: podsResource, ResourceVersion: "1"})
	require.True(t, apierrors.IsResourceExpired(err), "%v", err)

	stream, err := recorded.Watch(t.Context(), api.Request{Resource: podsResource, ResourceVersion: "5", Bookmarks: true})
	require.NoError(t, err)
	event, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, watch.Added, event.Type)
	event, err = stream.Recv()
	require.NoError(t, err)
	require.Equal(t, watch.Bookmark, event.Type)
	_, err = stream.Recv()
	require.ErrorIs(t, err, io.EOF)
	stream.Close()

	stream, err = recorded.Watch(t.Context(), api.Request{Resource: podsResource, ResourceVersion: "6"})
	require.NoError(t, err)
	_, _ = stream.Recv()
	_, _ = stream.Recv()
	ended := make(chan error)
	go func() { _, err := stream.Recv(); ended <- err }()
	stream.Close()
	require.Error(t, <-ended, "Close ends a Recv that blocks")

	kinds := ""
	for _, l := range said.all() {
		switch {
		case l.Watch != nil:
			kinds += " watch@" + l.Watch.ResourceVersion
		case l.Event != nil:
			kinds += " " + l.Event.Type
		}
	}
	require.Equal(t, " watch@1 END watch@5 ADDED BOOKMARK END watch@6 ADDED BOOKMARK END", kinds)
}

// Goal: what several watches are told alike is decoded once, and nothing else is taken for it. Method: streams of one transport that are told the same and
// other things; the same object is the same pointer.
func TestWatchesShareWhatTheyAreTold(t *testing.T) {
	large := strings.Repeat("x", 17<<10)
	s, _ := server(t, "s", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"type":"ADDED","object":`+podJSON+`}`+"\n"+
			`{"type":"MODIFIED","object":`+strings.Replace(podJSON, `"7"`, `"8"`, 1)+`}`+"\n"+
			`{"type":"DELETED","object":`+podJSON+`}`+"\n"+
			`{"type":"MODIFIED","object":`+strings.Replace(podJSON, `"u"`, `"`+large+`"`, 1)+`}`+"\n"+
			`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}`+"\n")
	})
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	other, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer other.Close()
	received := func(h *client.HTTP) (events []api.WatchEvent) {
		stream, err := h.Watch(t.Context(), api.Request{Resource: podsResource, ResourceVersion: "5"})
		require.NoError(t, err)
		defer stream.Close()
		for range 5 {
			event, err := stream.Recv()
			require.NoError(t, err)
			events = append(events, event)
		}
		return events
	}
	a, b, c := received(h), received(h), received(other)
	require.Equal(t, a, b)
	require.Equal(t, a, c)
	require.Equal(t, []watch.EventType{watch.Added, watch.Modified, watch.Deleted, watch.Modified, watch.Error}, []watch.EventType{a[0].Type, a[1].Type, a[2].Type, a[3].Type, a[4].Type})
	require.Equal(t, "8", a[1].Object.(*corev1.Pod).ResourceVersion)
	require.EqualValues(t, large, a[3].Object.(*corev1.Pod).UID)
	require.True(t, apierrors.IsResourceExpired(apierrors.FromObject(a[4].Object)))
	require.Same(t, a[0].Object, a[2].Object)
	require.Same(t, a[0].Object, b[0].Object)
	require.Same(t, a[1].Object, b[1].Object)
	require.NotSame(t, a[3].Object, b[3].Object, "large ones are not kept")
	require.NotSame(t, a[0].Object, c[0].Object, "nor are those of another transport")
}

type lines struct {
	mu   sync.Mutex
	said []trace.Line
}

func (s *lines) Emit(l trace.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, l)
}

func (s *lines) all() []trace.Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]trace.Line(nil), s.said...)
}

// fake answers what it is told.
type fake func(req api.Request) (api.Response, error)

func (f fake) Do(_ context.Context, req api.Request) (api.Response, error) { return f(req) }
func (f fake) Watch(context.Context, api.Request) (client.Stream, error) {
	return nil, errors.New("none")
}

func TestRecordedClientsAreSequential(t *testing.T) {
	var said lines
	enter, leave := make(chan struct{}), make(chan struct{})
	transport := client.Recorded(fake(func(req api.Request) (api.Response, error) {
		if req.Name == "slow" {
			enter <- struct{}{}
			<-leave
		}
		if req.Name == "lost" {
			return api.Response{}, errors.New("connection reset")
		}
		return api.Response{Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: req.Name, UID: "u", ResourceVersion: "7"}}}, nil
	}), &said, "c")
	do := func(name string) { _, _ = transport.Do(client.WithCallID(t.Context(), "id-"+name), get(name)) }
	done := make(chan struct{})
	go func() { do("slow"); close(done) }()
	<-enter
	do("beside")
	leave <- struct{}{}
	<-done
	do("lost")
	do("after")
	var calls []string
	for _, l := range said.all() {
		if l.Call != nil {
			calls = append(calls, l.Call.Client+" "+l.Call.ID)
		}
	}
	require.Equal(t, []string{"c/1 id-slow", "c/2 id-beside", "c/1 id-lost", "c/2 id-after"}, calls)
	for _, l := range said.all() {
		if l.Return != nil && l.Return.ID == "id-beside" {
			require.Equal(t, &trace.Return{ID: "id-beside", Outcome: trace.OK, Object: &trace.Ref{Resource: "pods", Name: "beside", UID: "u", Revision: 7}}, l.Return)
		}
		if l.Return != nil && l.Return.ID == "id-lost" {
			require.Equal(t, trace.Unknown, l.Return.Outcome)
		}
	}
}

func TestReflector(t *testing.T) {
	r := client.NewReflector(api.Request{Resource: podsResource, Fields: "spec.nodeName=n"})
	first := r.Next()
	require.Equal(t, api.List, first.Verb)
	require.Empty(t, first.ResourceVersion, "a consistent read")
	rv, objects, err := r.Listed(&corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "5"}, Items: make([]corev1.Pod, 2)})
	require.NoError(t, err)
	require.EqualValues(t, 5, rv)
	require.Len(t, objects, 2)
	next := func() string { n := r.Next(); return string(n.Verb) + n.ResourceVersion }
	require.Equal(t, "watch5", next())
	require.NoError(t, r.Received(api.WatchEvent{Type: watch.Added, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "8"}}}))
	r.Failed(io.EOF)
	require.Equal(t, "watch8", next(), "resumed where it ended")
	require.Equal(t, client.ReflectBackoffBase, r.Wait())
	for range 20 {
		r.Failed(io.EOF)
	}
	require.Equal(t, client.ReflectBackoffMax, r.Wait())
	require.NoError(t, r.Received(api.WatchEvent{Type: watch.Bookmark, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "9"}}}))
	require.Zero(t, r.Wait())
	r.Failed(r.Received(api.WatchEvent{Type: watch.Error, Object: &metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired}}))
	require.Equal(t, "list", next(), "history is gone")
	_, _, err = r.Listed(&corev1.PodList{})
	require.ErrorContains(t, err, `resourceVersion ""`)
	_, _, _ = r.Listed(&corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "12"}})
	r.Failed(errors.Join(client.ErrRefused, errors.New("goes back")))
	require.Equal(t, "list", next())
}

// A connection that hangs without being closed ends its watch within the time of a ping (C06).
func TestSilentHangIsNoticed(t *testing.T) {
	s, _ := server(t, "s", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, "")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	proxy := newProxy(t, s.URL.Host)
	s.URL = &url.URL{Scheme: "https", Host: proxy.address()}
	h, err := client.NewHTTP(s)
	require.NoError(t, err)
	defer h.Close()
	stream, err := h.Watch(t.Context(), api.Request{Resource: podsResource, ResourceVersion: "5"})
	require.NoError(t, err)
	defer stream.Close()
	proxy.hang()
	ended := make(chan error, 1)
	go func() { _, err := stream.Recv(); ended <- err }()
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(4 * (client.PingAfter + client.PingTimeout)):
		t.Fatal("the hang was not noticed")
	}
}
