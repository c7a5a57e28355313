package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver"
	"orrery/impl/apiserver/web"
	"orrery/impl/client"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

const (
	// transportChecks is how many machines drive the two transports, transportSteps how many actions each takes on average.
	transportChecks = 20
	transportSteps  = 60
	// transportWindow is small, so that watches come too late. One action makes fewer events than that of one resource.
	transportWindow = 8
	// bookmarkEvery is how soon a watch without an event is told how far it is.
	bookmarkEvery = time.Millisecond
	// patience is how long an answer or an event may take before it counts as missing.
	patience = 20 * time.Second
)

// Goal: a server that is asked over HTTP answers as one that is asked in process, watches included. Method: one random
// machine asks both the same, each over a store of its own, with the same clock and the same chance.
func TestTransportsAnswerAlike(t *testing.T) {
	setFlag(t, "rapid.checks", fmt.Sprint(transportChecks))
	setTransportSteps(t)
	remote := listen(t)
	rapid.Check(t, func(t *rapid.T) { driveTransports(t, remote, faithful, patience) })
}

// setTransportSteps makes all runs equally long: -short, which makes rapid's half as long, makes fewer of them.
func setTransportSteps(t *testing.T) {
	steps := transportSteps
	if testing.Short() {
		steps *= 2
	}
	setFlag(t, "rapid.steps", fmt.Sprint(steps))
}

// FuzzTransport is the same machine, its choices made by the bytes of a fuzz input.
func FuzzTransport(f *testing.F) {
	remote := listen(f)
	// Much is drawn in a run; a shorter input ends it early. Fuzz with -fuzzminimizetime 1s, as to shorten such an input takes long.
	enough := make([]byte, 1<<15)
	_, _ = rand.NewChaCha8([32]byte{}).Read(enough)
	f.Add(enough)
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { driveTransports(t, remote, faithful, patience) }))
}

// Goal: a client that has seen more than a server knows is told so alike, which the machine does not try, as a server waits before
// it says so. Method: each kind of read, at servers that do not wait long.
func TestTransportsAnswerAlikeThatAClientIsAhead(t *testing.T) {
	remote := listen(t)
	m := &transportMachine{ctx: t.Context(), within: patience, local: newSide(t, 20*time.Millisecond), remote: newSide(t, 20*time.Millisecond), http: remote.http}
	defer m.local.stop()
	defer m.remote.stop()
	remote.behind.Store(m.remote.server)
	ahead := api.Request{Resource: resource("pods"), Namespace: "d1", ResourceVersion: "99"}
	for _, c := range []struct {
		verb  api.Verb
		match metav1.ResourceVersionMatch
		limit int64
	}{
		{verb: api.Get}, {verb: api.List}, {verb: api.List, match: metav1.ResourceVersionMatchNotOlderThan}, {verb: api.List, match: metav1.ResourceVersionMatchExact}, {verb: api.List, limit: 1},
	} {
		req := ahead
		req.Verb, req.Match, req.Limit = c.verb, c.match, c.limit
		if req.Verb == api.Get {
			req.Name = "a"
		}
		resp, err := m.local.server.Do(t.Context(), req)
		require.Error(t, err)
		require.Equal(t, answerText(resp, err), answerText(m.http.Do(t.Context(), req)), requestText(req))
		require.True(t, apierrors.IsTimeout(err), "%v", err)
	}
	ahead.Verb = api.Watch
	var told [2][]string
	for i, transport := range []client.Transport{m.local.server, m.http} {
		r, err := m.openReader(transport, ahead)
		require.NoError(t, err)
		defer r.close()
		told[i], _ = m.read(r, 99, -1)
	}
	require.Equal(t, told[0], told[1])
	require.Contains(t, told[0][0], "Too large resource version")
}

func faithful(t client.Transport) client.Transport { return t }

// front is a web server on loopback and the way to it. It stays for many runs, each of which puts a server of its own
// behind it: to listen and to shake hands anew would take longer than the run.
type front struct {
	behind atomic.Pointer[apiserver.Server]
	http   *client.HTTP
}

// Do implements [client.Transport] for the web server.
func (f *front) Do(ctx context.Context, req api.Request) (api.Response, error) {
	return f.behind.Load().Do(ctx, req)
}

// Watch implements [client.Transport] for the web server.
func (f *front) Watch(ctx context.Context, req api.Request) (client.Stream, error) {
	return f.behind.Load().Watch(ctx, req)
}

func listen(t testing.TB) *front {
	f := &front{}
	quiet := log.New(io.Discard, "", 0)
	server := httptest.NewUnstartedServer(web.New(web.Config{Transport: f, Log: quiet,
		Authenticators: []web.Authenticator{web.Tokens{"secret": {Name: "admin", Groups: []string{"system:masters"}}}}}))
	server.Config.ErrorLog = quiet
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	require.NoError(t, err)
	f.http, err = client.NewHTTP(client.Server{Name: "remote", URL: target, Token: "secret",
		TLS: server.Client().Transport.(*http.Transport).TLSClientConfig})
	require.NoError(t, err)
	t.Cleanup(f.http.Close)
	return f
}

// chance is a server's clock, UIDs and suffixes. They follow from the number of the step and from how often they were
// asked for within it: a server to which a request does not come, because the web server refuses it, is at the next step
// where the other is.
type chance struct {
	mu          sync.Mutex
	step, drawn int
}

func (c *chance) begin(step int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step, c.drawn = step, 0
}

func (c *chance) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drawn++
	return c.step*1000 + c.drawn
}

func (c *chance) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(1_700_000_000+int64(c.step), 0)
}

func (c *chance) uid() types.UID { return types.UID(fmt.Sprint("uid-", c.next())) }
func (c *chance) suffix() string { return fmt.Sprintf("%05d", c.next()%100_000) }

// side is an API server over a store of its own.
type side struct {
	store  *memory.Store
	server *apiserver.Server
	chance chance
	stop   func()
}

// newSide starts a server over a store that has the namespaces already: so its caches begin at a revision that does not
// depend on which of its goroutines is first.
func newSide(t require.TestingT, requestTimeout time.Duration) *side {
	s := &side{store: memory.New()}
	first := &bareServer{store: s.store}
	for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease", "d1", "d2"} {
		_, err := first.do(api.Request{Verb: api.Create, Resource: resource("namespaces"), Name: name,
			Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}})
		require.NoError(t, err)
	}
	s.server = apiserver.New(apiserver.Config{Name: "server", Store: s.store, Clock: s.chance.now, NewUID: s.chance.uid, NewSuffix: s.chance.suffix, RequestTimeout: requestTimeout,
		Window: transportWindow, BookmarkEvery: bookmarkEvery, DigestEvery: -1, CompactEvery: -1, EventTTL: -1, SweepEvery: -1,
		RenewEvery: -1, RepairEvery: -1})
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { s.server.Run(running); close(done) }()
	s.stop = func() { cancel(); <-done }
	bounded, end := context.WithTimeout(running, startPatience)
	defer end()
	for !s.server.Ready() {
		require.NoError(t, bounded.Err(), "a server over the memory store does not become ready")
		runtime.Gosched()
	}
	return s
}

// startPatience bounds how long a server may take to fill its caches: nothing hangs.
const startPatience = time.Minute

// transportMachine asks the same of two servers.
//
// It does not ask what the two may answer differently:
//   - two faults at once, as the web server looks at all of a request before anybody looks at what is stored, and the
//     server in process looks at its options last;
//   - options that only the web server judges: a fieldValidation or fieldManager that is none, and the delete options of a
//     collection in which nothing is selected;
//   - a deletion of all pods everywhere, or of all namespaces, for which upstream has no path.
type transportMachine struct {
	ctx           context.Context
	within        time.Duration // how long a watch may take to be told
	local, remote *side
	http          client.Transport // to remote
	steps         int
	base          int64 // the revision at which the caches begin
	revision      int64 // of both stores
	tokens        []api.Request
	generated     int
	watches       []*transportWatch
	late          bool // something that a watch had to be told did not come in time
}

// driveTransports takes random actions on two fresh servers. plant changes the way to the remote one.
func driveTransports(t *rapid.T, f *front, plant func(client.Transport) client.Transport, within time.Duration) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &transportMachine{ctx: running, within: within, local: newSide(t, patience), remote: newSide(t, patience), http: plant(f.http)}
	defer m.local.stop()
	defer m.remote.stop()
	f.behind.Store(m.remote.server)
	defer m.closeAll()
	m.base = m.stored(t)
	m.revision = m.base
	actions := map[string]func(*rapid.T){
		"create": m.create, "createAgain": m.create, "createOnceMore": m.create, // more often, because all else feeds on it
		"update": m.update, "updateAgain": m.update, "patch": m.patch, "patchAgain": m.patch,
		"delete": m.delete, "deleteCollection": m.deleteCollection,
		"get": m.get, "list": m.list, "listAgain": m.list, "continue": m.goOn, "continueAgain": m.goOn,
		"scale": m.scale, "bind": m.bind, "compact": m.compact,
		"misplaced": m.misplaced, "unserved": m.unserved, "unsendable": m.unsendable,
		"watch": m.watch, "watchAgain": m.watch, "unwatch": m.unwatch,
		"": m.compareStores,
	}
	maps.Copy(actions, clientActions(t, func(_ string, req api.Request) (api.Response, error) { return m.ask(t, req) }))
	t.Repeat(actions)
}

// ask asks both and requires the same answer, and that every watch is told the same of it.
func (m *transportMachine) ask(t *rapid.T, req api.Request) (api.Response, error) {
	t.Helper()
	m.begin()
	bounded, cancel := context.WithTimeout(m.ctx, patience)
	defer cancel()
	resp, err := m.local.server.Do(bounded, req)
	want, got := answerText(resp, err), answerText(m.http.Do(bounded, req))
	if want != got {
		t.Fatalf("the answers differ: %s\n in process %s\n over HTTP  %s", requestText(req), want, got)
	}
	m.revision = m.stored(t)
	m.catchUp(t)
	return resp, err
}

func (m *transportMachine) begin() {
	m.steps++
	m.local.chance.begin(m.steps)
	m.remote.chance.begin(m.steps)
}

// stored is the revision of both stores, which must be the same.
func (m *transportMachine) stored(t *rapid.T) int64 {
	t.Helper()
	local, err := m.local.store.Count(ctx, "")
	require.NoError(t, err)
	remote, err := m.remote.store.Count(ctx, "")
	require.NoError(t, err)
	if local.Revision != remote.Revision {
		t.Fatalf("the stores differ: revision %d in process, %d over HTTP", local.Revision, remote.Revision)
	}
	return local.Revision
}

// compareStores finds what was written and not answered.
func (m *transportMachine) compareStores(t *rapid.T) {
	local, err := m.local.store.List(ctx, "", store.ListOptions{})
	require.NoError(t, err)
	remote, err := m.remote.store.List(ctx, "", store.ListOptions{})
	require.NoError(t, err)
	require.Equal(t, local, remote, "the stores differ")
}

// compact takes history away from both, under the lists that go on from a token.
func (m *transportMachine) compact(t *rapid.T) {
	at := m.revision
	if rapid.Bool().Draw(t, "not everything") {
		at = rapid.Int64Range(m.base, m.revision).Draw(t, "revision")
	}
	require.Equal(t, m.local.store.Compact(ctx, at), m.remote.store.Compact(ctx, at))
}

// answerText is all of an answer that a client may rely on.
//
// A Status does not name its kind in process, where nobody needs to be told; a list's items do not at either side.
func answerText(resp api.Response, err error) string {
	var known apierrors.APIStatus
	switch {
	case errors.As(err, &known):
		return fmt.Sprintf("%s: %s", api.OutcomeOf(err), statusText(known.Status()))
	case err != nil:
		return fmt.Sprintf("%s: %v", api.OutcomeOf(err), err)
	}
	if status, ok := resp.Object.(*metav1.Status); ok {
		return fmt.Sprintf("%s: created %v, warnings %q, %s", trace.OK, resp.Created, resp.Warnings, statusText(*status))
	}
	text, err := json.Marshal(resp.Object)
	text = bytes.Replace(text, []byte(`"items":null`), []byte(`"items":[]`), 1) // protobuf does not tell one from the other
	return fmt.Sprintf("%s: created %v, warnings %q, %T %s %v", trace.OK, resp.Created, resp.Warnings, resp.Object, text, err)
}

func statusText(s metav1.Status) string {
	s.TypeMeta = metav1.TypeMeta{}
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// requestText is a request without what is empty in it.
func requestText(req api.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", req.Verb, req.Resource.GR())
	fields := reflect.ValueOf(req)
	for i := range fields.NumField() {
		if name := fields.Type().Field(i).Name; name != "Verb" && name != "Resource" && !fields.Field(i).IsZero() {
			text, err := json.Marshal(fields.Field(i).Interface())
			if name == "Patch" {
				text = req.Patch
			}
			fmt.Fprintf(&b, " %s=%s", name, text)
			if err != nil {
				fmt.Fprint(&b, err)
			}
		}
	}
	return b.String()
}

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("no resource " + name)
	}
	return r
}
