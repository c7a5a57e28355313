package fuzz

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/checker/history"
	"orrery/checker/invariant"
	"orrery/checker/linear"
	"orrery/checker/verdict"
	"orrery/checker/wellformed"
	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
	"orrery/impl/client"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/store/memory"
	"orrery/impl/store/observe"
	"orrery/impl/trace"
)

// bareServer is an API server without watch caches: everything it answers comes from the store.
type bareServer struct {
	store  store.Store
	issued int
}

// Snapshot implements [request.Caches].
func (s *bareServer) Snapshot(*api.Resource) (cache.Snapshot, bool) { return cache.Snapshot{}, false }

// At implements [request.Caches].
func (s *bareServer) At(*api.Resource, int64) (cache.Snapshot, bool) { return cache.Snapshot{}, false }

// Decode implements [request.Caches].
func (s *bareServer) Decode(kv store.KV) (*cache.Item, error) { return cache.Decode(kv) }

func (s *bareServer) env() registry.Env {
	s.issued++
	return registry.Env{Now: metav1.NewTime(time.Unix(1_700_000_000, 0)), UID: types.UID(fmt.Sprint("uid-", s.issued)), Suffix: fmt.Sprintf("%05d", s.issued), Ranges: registry.DefaultRanges()}
}

func (s *bareServer) do(req api.Request) (api.Response, error) {
	m := request.New(req, s, s.env)
	for {
		op, result := m.Next()
		switch {
		case result != nil:
			return result.Response, result.Err
		case op.Kind == request.Wait:
			m.Done(request.Answer{Err: request.ErrWaited})
		default:
			m.Done(request.Perform(ctx, s.store, op))
		}
	}
}

// requests makes the requests of the workload's clients, one after the other, in an order and with contents that are drawn.
func requests(t *rapid.T, do func(client string, req api.Request) (api.Response, error)) {
	t.Repeat(clientActions(t, do))
}

// clientActions are a machine's actions that make the requests of the workload's clients. It begins with their namespace.
func clientActions(t *rapid.T, do func(client string, req api.Request) (api.Response, error)) map[string]func(*rapid.T) {
	namespaces, _ := api.ByName("namespaces")
	_, err := do("runner", api.Request{Verb: api.Create, Resource: namespaces, Name: workload.Namespace,
		Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: workload.Namespace}}})
	require.NoError(t, err)
	actions := map[string]func(*rapid.T){}
	for name, kind := range map[string]workload.Kind{"registers": workload.Registers, "owners": workload.Owners, "meddlers": workload.Meddlers, "publishers": workload.Publishers, "heirs": workload.Heirs} {
		c := workload.New(kind, name)
		actions[name] = func(t *rapid.T) {
			req := c.Next(drawn{t})
			resp, err := do(name, req)
			c.Done(req, resp, err)
		}
	}
	pods, _ := api.ByName("pods")
	actions["evictors"] = func(t *rapid.T) {
		req := api.Request{Verb: api.Get, Resource: pods, Namespace: workload.Namespace, Name: rapid.SampledFrom([]string{"once-a", "once-b", "placed", "stray"}).Draw(t, "pod")}
		resp, _ := do("evictors", req)
		req.Verb, req.Subresource, req.Object = api.Create, "eviction", drawEviction(t, req.Name, resp.Object)
		_, _ = do("evictors", req)
	}
	return actions
}

// drawEviction evicts the pod of that name, or the very one that was read, or one that is not there.
func drawEviction(t *rapid.T, name string, read runtime.Object) *policyv1.Eviction {
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if rapid.Bool().Draw(t, "without options") {
		return eviction
	}
	eviction.DeleteOptions = &metav1.DeleteOptions{}
	if rapid.Bool().Draw(t, "dry run") {
		eviction.DeleteOptions.DryRun = []string{metav1.DryRunAll}
	}
	uid := types.UID("another")
	if pod, ok := read.(*corev1.Pod); ok && rapid.Bool().Draw(t, "the one that was read") {
		uid = pod.UID
		eviction.DeleteOptions.Preconditions = &metav1.Preconditions{ResourceVersion: &pod.ResourceVersion}
	}
	if eviction.DeleteOptions.Preconditions == nil {
		eviction.DeleteOptions.Preconditions = &metav1.Preconditions{}
	}
	eviction.DeleteOptions.Preconditions.UID = &uid
	return eviction
}

// drawn makes the workload's choices from rapid's.
type drawn struct{ t *rapid.T }

// IntN draws.
func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "choice") }

// freshEtcd is a store over an etcd member of its own, below a directory.
func freshEtcd(t require.TestingT, root string) (s store.Store, stop func()) {
	dir, err := os.MkdirTemp(root, "member")
	require.NoError(t, err)
	member, err := etcd.Start(ctx, etcd.Config{Name: "m", DataDir: dir, ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0",
		UnsafeNoFsync: true, Heartbeat: 20 * time.Millisecond})
	require.NoError(t, err)
	opened, err := etcd.Open(etcd.Options{Endpoints: []string{member.ClientURL()}})
	require.NoError(t, err)
	return opened, func() {
		opened.Close()
		member.Stop()
	}
}

// told is an answer as a client sees it.
func told(resp api.Response, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	text, err := json.Marshal(resp.Object)
	return fmt.Sprint(string(text), err)
}

// Goal: over etcd the API server answers as over the memory store, status, reason and resourceVersion included. Method: the same
// requests, drawn by rapid, to a server over each, both fresh.
func TestAPIServerAnswersAlike(t *testing.T) {
	setFlag(t, "rapid.checks", "10")
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s, stop := freshEtcd(t, root)
		defer stop()
		mem, real := &bareServer{store: memory.New()}, &bareServer{store: s}
		requests(t, func(_ string, req api.Request) (api.Response, error) {
			resp, err := mem.do(req)
			want, got := told(resp, err), told(real.do(req))
			require.Equal(t, want, got, "%s %s %s/%s", req.Verb, req.Resource.Name, req.Namespace, req.Name)
			return resp, err
		})
	})
}

// judged makes requests to a server over the memory store, as they are or with a bug, and judges what is recorded of it.
func judged(t *rapid.T, bug func(store.Store) store.Store) error {
	out, mem := &sink{began: time.Now()}, memory.New()
	require.NoError(t, observe.New(mem, out, 1).Open(ctx))
	s := &bareServer{store: store.Recorded(bug(mem), out, "server", "etcd")}
	issuers := trace.NewIssuers("client")
	requests(t, func(_ string, req api.Request) (api.Response, error) {
		issuer, id := issuers.Take()
		out.Emit(trace.Line{Call: client.CallOf(id, issuer.String(), "server", req)})
		resp, err := s.do(req)
		out.Emit(trace.Line{Return: client.ReturnOf(id, req, resp, err)})
		if api.OutcomeOf(err) != trace.Unknown {
			issuers.Give(issuer)
		}
		return resp, err
	})
	h := history.New(trace.Header{Format: trace.Format, Mode: trace.Simulated, Revision: 1}, out.lines)
	for _, c := range []verdict.Checker{wellformed.Checker{}, linear.Checker{}, invariant.Checker{}} {
		if result := c.Check(ctx, h, verdict.DefaultLimits); result.Verdict() == verdict.Illegal {
			return fmt.Errorf("%w: %s", result.Findings[0].Guarantee, result.Findings[0].Text)
		}
	}
	return nil
}

func unchanged(s store.Store) store.Store { return s }

// FuzzAPIServer makes sequences of requests out of the input's bytes and judges what the API server answers and stores: the
// guarantees of the store, of objects and of preconditions.
func FuzzAPIServer(f *testing.F) {
	f.Add([]byte("an order and contents, such as they are"))
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		if err := judged(t, unchanged); err != nil {
			t.Fatal(err)
		}
	}))
}

// Goal: the requests are such that a store which does not compare is found through the API. Method: the bug is planted.
func TestAPIServerBugIsJudgedIllegal(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.shrinktime", "100ms")
	bug := bugNamed(t, "a put does not compare")
	text := failureText(t, func(t *rapid.T) {
		if err := judged(t, func(s store.Store) store.Store { bug.Store = s; return bug }); err != nil {
			t.Fatal(err)
		}
	})
	require.NotEmpty(t, text)
	rapid.Check(t, func(t *rapid.T) { require.NoError(t, judged(t, unchanged)) })
}
