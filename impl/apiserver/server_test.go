package apiserver

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/client"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

var (
	configMaps, _ = api.ByName("configmaps")
	events, _     = api.ByName("events")
	namespaces, _ = api.ByName("namespaces")
)

// testTimeout bounds what a test waits for.
const testTimeout = 30 * time.Second

// onStores runs a test over the store in memory and over a real etcd.
func onStores(t *testing.T, test func(t *testing.T, st store.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memory.New()) })
	t.Run("etcd", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		m, err := etcd.Start(ctx, etcd.Config{Name: "a", DataDir: filepath.Join(t.TempDir(), "a"), UnsafeNoFsync: true,
			ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0"})
		require.NoError(t, err)
		t.Cleanup(m.Stop)
		st, err := etcd.Open(etcd.Options{Endpoints: []string{m.ClientURL()}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		test(t, st)
	})
}

// serve runs a Server until the test ends, and waits until it is ready. Unless cfg says so it writes nothing by itself.
func serve(t *testing.T, cfg Config) *Server {
	if cfg.RenewEvery == 0 {
		cfg.RenewEvery = -1
	}
	s := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	waitFor(t, s.Ready)
	return s
}

// waitFor looks until cond holds.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, testTimeout, 2*time.Millisecond)
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Data: map[string]string{"v": value}}
}

func req(verb api.Verb, obj api.Object) api.Request {
	r, _ := api.ByObject(obj)
	return api.Request{Verb: verb, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj}
}

func must(t *testing.T, s client.Transport, r api.Request) api.Response {
	t.Helper()
	resp, err := s.Do(bounded(t), r)
	require.NoError(t, err)
	return resp
}

func listed(t *testing.T, s client.Transport, rv string) *corev1.ConfigMapList {
	return must(t, s, api.Request{Verb: api.List, Resource: configMaps, ResourceVersion: rv}).Object.(*corev1.ConfigMapList)
}

func watching(t *testing.T, s *Server, r api.Request) client.Stream {
	t.Helper()
	r.Verb = api.Watch
	if r.Resource == nil {
		r.Resource = configMaps
	}
	st, err := s.Watch(bounded(t), r)
	require.NoError(t, err)
	t.Cleanup(st.Close)
	return st
}

func recv(t *testing.T, st client.Stream) string {
	t.Helper()
	e, err := st.Recv()
	require.NoError(t, err)
	if status, ok := e.Object.(*metav1.Status); ok {
		return fmt.Sprintf("%s %d %s", e.Type, status.Code, status.Reason)
	}
	o := e.Object.(api.Object)
	return fmt.Sprintf("%s %s", e.Type, o.GetName())
}

// Goal: the whole path, over both stores: what one client writes, every other reads and watches, at any server.
func TestServers(t *testing.T) {
	onStores(t, func(t *testing.T, st store.Store) {
		a, b := serve(t, Config{Name: "a", Store: st}), serve(t, Config{Name: "b", Store: st})
		require.NoError(t, a.Healthz(bounded(t)))
		names := map[string]bool{}
		for _, ns := range must(t, b, api.Request{Verb: api.List, Resource: namespaces}).Object.(*corev1.NamespaceList).Items {
			names[ns.Name] = true
		}
		for _, name := range systemNamespaces {
			require.Contains(t, names, name)
		}

		w := watching(t, b, api.Request{Namespace: "default", InitialEvents: true, Match: metav1.ResourceVersionMatchNotOlderThan, Bookmarks: true})
		require.Equal(t, "BOOKMARK ", recv(t, w))
		created := must(t, a, req(api.Create, configMap("x", "1")))
		require.True(t, created.Created)
		require.Equal(t, "ADDED x", recv(t, w))
		must(t, b, req(api.Update, configMap("x", "2")))
		require.Equal(t, "MODIFIED x", recv(t, w))
		require.Equal(t, "2", must(t, a, req(api.Get, configMap("x", ""))).Object.(*corev1.ConfigMap).Data["v"])
		require.Len(t, listed(t, a, "").Items, 1)

		// A write of another kind moves the store on; a consistent list of this one must come along.
		must(t, a, req(api.Create, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}))
		now, err := st.Count(bounded(t), "/registry/")
		require.NoError(t, err)
		for _, s := range []*Server{a, b} {
			revision, err := api.ParseResourceVersion(listed(t, s, "").ResourceVersion)
			require.NoError(t, err)
			require.GreaterOrEqual(t, revision, now.Revision)
		}
		must(t, a, req(api.Delete, configMap("x", "")))
		require.Equal(t, "DELETED x", recv(t, w))
		require.Empty(t, listed(t, b, "").Items)
		must(t, a, api.Request{Verb: api.DeleteCollection, Resource: configMaps, Namespace: "default"})
	})
}

// broken is a store whose watches can be cut or muted, and whose reads can be refused.
type broken struct {
	store.Store
	mu    sync.Mutex
	down  bool
	muted bool
	cuts  map[int]func(error)
	next  int
}

func (b *broken) Watch(ctx context.Context, prefix string, after int64, deliver func(store.WatchResponse)) (func(), error) {
	b.mu.Lock()
	down := b.down
	b.mu.Unlock()
	if down {
		return nil, store.ErrUnavailable
	}
	over := false // guarded by mu, which is not held here, as the store delivers what it has from within Watch
	stop, err := b.Store.Watch(ctx, prefix, after, func(r store.WatchResponse) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !over && !b.muted {
			deliver(r)
		}
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := b.next
	b.cuts[id] = func(err error) { over = true; deliver(store.WatchResponse{Err: err}) }
	return func() {
		b.mu.Lock()
		over = true
		delete(b.cuts, id)
		b.mu.Unlock()
		stop()
	}, nil
}

func (b *broken) List(ctx context.Context, prefix string, opts store.ListOptions) (store.ListResponse, error) {
	b.mu.Lock()
	down := b.down
	b.mu.Unlock()
	if down {
		return store.ListResponse{}, store.ErrUnavailable
	}
	return b.Store.List(ctx, prefix, opts)
}

// cut breaks every watch, and keeps the store down if down.
func (b *broken) cut(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
	for _, end := range b.cuts {
		end(store.ErrUnavailable)
	}
}

func (b *broken) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// Goal: a client's watch does not notice that the server's watch broke, unless history is lost, and then is told.
// Method: fake time, a store whose watches are cut.
func TestBrokenWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memory.New()
		b := &broken{Store: mem, cuts: map[int]func(error){}}
		s := serve(t, Config{Name: "a", Store: b})
		w := watching(t, s, api.Request{Namespace: "default"})
		b.cut(false)
		must(t, s, req(api.Create, configMap("x", "1")))
		require.Equal(t, "ADDED x", recv(t, w))

		b.cut(true)
		must(t, s, req(api.Create, configMap("y", "1")))
		b.set(func() { b.down = false })
		require.Equal(t, "ADDED y", recv(t, w), "taken up again where it broke off")

		b.cut(true)
		must(t, s, req(api.Create, configMap("z", "1")))
		last := must(t, s, req(api.Update, configMap("z", "2"))).Object.(api.Object)
		require.NoError(t, mem.Compact(bounded(t), api.MustResourceVersion(last)))
		b.set(func() { b.down = false })
		require.Equal(t, "ERROR 410 Expired", recv(t, w), "a list that leaves a gap ends the watch")
		_, err := w.Recv()
		require.ErrorIs(t, err, io.EOF)
		require.Len(t, listed(t, s, "").Items, 3)
	})
}

// A cache that hears nothing any more: consistent reads go to the store after WaitBound, and who is ahead is told so.
func TestLaggingCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broken{Store: memory.New(), cuts: map[int]func(error){}}
		s := serve(t, Config{Name: "a", Store: b})
		b.set(func() { b.muted = true })
		created := must(t, s, req(api.Create, configMap("x", "1"))).Object.(api.Object)
		require.Empty(t, listed(t, s, "0").Items, "any state will do")
		require.Len(t, listed(t, s, "").Items, 1, "a consistent read is served by the store")
		must(t, s, req(api.Update, configMap("x", "2")))
		_, err := s.Do(bounded(t), api.Request{Verb: api.List, Resource: configMaps, ResourceVersion: created.GetResourceVersion()})
		require.True(t, apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge), "%v", err)
		w := watching(t, s, api.Request{ResourceVersion: created.GetResourceVersion()})
		require.Equal(t, "ERROR 504 Timeout", recv(t, w))
		b.set(func() { b.muted = false })
		must(t, s, req(api.Update, configMap("x", "3")))
		w = watching(t, s, api.Request{ResourceVersion: "0"})
		require.NotEmpty(t, recv(t, w))
	})
}

// BUGS A04, E07: a watcher that does not read is ended, never skipped.
func TestSlowWatcher(t *testing.T) {
	s := serve(t, Config{Name: "a", Store: memory.New(), Window: 8})
	w := watching(t, s, api.Request{Namespace: "default"})
	for i := range 20 {
		must(t, s, req(api.Create, configMap(fmt.Sprintf("c%d", i), "")))
	}
	listed(t, s, "") // the cache has come along
	require.Equal(t, "ERROR 410 Expired", recv(t, w))
	_, err := w.Recv()
	require.ErrorIs(t, err, io.EOF)
	old := watching(t, s, api.Request{ResourceVersion: "1"})
	require.Equal(t, "ERROR 410 Expired", recv(t, old))
}

// A watch ends with its context, with Close, and with the server; requests that are none are refused.
func TestEndsOfStreams(t *testing.T) {
	s := New(Config{Name: "a", Store: memory.New()})
	_, err := s.Watch(bounded(t), api.Request{Verb: api.Watch, Resource: configMaps})
	require.True(t, apierrors.IsTooManyRequests(err), "before Run: %v", err)
	require.False(t, s.Ready())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	waitFor(t, s.Ready)
	ends := func(st client.Stream, end func()) {
		t.Helper()
		go end()
		_, err := st.Recv()
		require.ErrorIs(t, err, io.EOF)
	}
	st := watching(t, s, api.Request{})
	ends(st, st.Close)
	mine, stop := context.WithCancel(context.Background())
	st, err = s.Watch(mine, api.Request{Verb: api.Watch, Resource: configMaps})
	require.NoError(t, err)
	ends(st, stop)
	_, err = s.Do(bounded(t), api.Request{Verb: api.Watch, Resource: configMaps})
	require.True(t, apierrors.IsBadRequest(err))
	_, err = s.Watch(bounded(t), api.Request{Verb: api.List, Resource: configMaps})
	require.True(t, apierrors.IsBadRequest(err))
	_, err = s.Watch(bounded(t), api.Request{Verb: api.Watch, Resource: configMaps, Labels: "!!"})
	require.True(t, apierrors.IsBadRequest(err), "%v", err)
	ends(watching(t, s, api.Request{}), cancel)
	<-done
	_, err = s.Do(bounded(t), api.Request{Verb: api.List, Resource: configMaps, ResourceVersion: "99"})
	require.Error(t, err, "nobody feeds the caches any more")
}

// An idle watch is told how far the store is, each period, and not more often.
func TestBookmarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config{Name: "a", Store: memory.New()})
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		st, err := s.Watch(ctx, api.Request{Verb: api.Watch, Resource: configMaps, Namespace: "n", Bookmarks: true})
		require.NoError(t, err)
		began := time.Now()
		created := must(t, s, req(api.Create, configMap("x", "1"))).Object.(api.Object) // elsewhere
		e, err := st.Recv()
		require.NoError(t, err)
		require.Equal(t, watch.Bookmark, e.Type)
		require.Equal(t, DefaultBookmarkEvery, time.Since(began))
		require.Equal(t, created.GetResourceVersion(), e.Object.(api.Object).GetResourceVersion())
	})
}

// sink keeps what it is told.
type sink struct {
	mu    sync.Mutex
	lines []trace.Line
}

func (s *sink) Emit(l trace.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l)
}

// Row 26: what a cache sums up to is what the store holds at that revision. And every call to the store is recorded.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem, told := memory.New(), &sink{}
		s := serve(t, Config{Name: "a", Store: store.Recorded(mem, told, "a", "memory"), Sink: told})
		for i := range 3 {
			must(t, s, req(api.Create, configMap(fmt.Sprintf("c%d", i), "1")))
			must(t, s, req(api.Update, configMap("c0", fmt.Sprint(i))))
			time.Sleep(2 * DefaultDigestEvery)
		}
		_, err := s.Do(bounded(t), req(api.Create, configMap("c0", "")))
		require.True(t, apierrors.IsAlreadyExists(err))
		synctest.Wait()
		told.mu.Lock()
		defer told.mu.Unlock()
		digests, calls, returns := 0, map[string]bool{}, 0
		for _, l := range told.lines {
			switch {
			case l.Digest != nil && l.Digest.Resource == "configmaps":
				digests++
				held, err := mem.List(bounded(t), configMaps.Root(""), store.ListOptions{Revision: l.Digest.Revision})
				require.NoError(t, err)
				require.Equal(t, digestOfStore(t, held.KVs), l.Digest.Hash)
				require.Equal(t, len(held.KVs), l.Digest.Count)
			case l.Call != nil:
				require.Equal(t, trace.Store, l.Call.Layer)
				require.False(t, calls[l.Call.ID])
				calls[l.Call.ID] = true
			case l.Return != nil:
				require.True(t, calls[l.Return.ID], "a return has a call before it")
				require.Equal(t, trace.OK, l.Return.Outcome)
				returns++
			}
		}
		require.GreaterOrEqual(t, digests, 3)
		require.Len(t, calls, returns)
	})
}

func digestOfStore(t *testing.T, kvs []store.KV) string {
	var refs []trace.Ref
	for _, kv := range kvs {
		obj, err := api.Decode(kv.Value, kv.Mod)
		require.NoError(t, err)
		refs = append(refs, trace.Ref{Resource: "configmaps", Namespace: obj.GetNamespace(), Name: obj.GetName(), UID: string(obj.GetUID()), Revision: kv.Mod})
	}
	return trace.DigestOf(refs)
}

// Row 27: with several servers there is one compaction a period, and what is forgotten is at least a period old.
func TestCompaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := &sink{}
		mem := memory.New()
		for _, name := range []string{"a", "b", "c"} {
			serve(t, Config{Name: name, Store: store.Recorded(mem, told, name, "memory")})
		}
		s := serve(t, Config{Name: "d", Store: store.Recorded(mem, told, "d", "memory")})
		written := map[int64]time.Time{} // the revision at each minute
		compacted := int64(0)
		for minute := range 30 {
			obj := must(t, s, req(api.Create, configMap(fmt.Sprintf("m%d", minute), ""))).Object.(api.Object)
			written[api.MustResourceVersion(obj)] = time.Now()
			time.Sleep(time.Minute)
			for revision, when := range written {
				_, err := mem.Get(bounded(t), "x", store.GetOptions{Revision: revision})
				if time.Since(when) < DefaultCompactEvery {
					require.NoError(t, err, "revision %d is %v old", revision, time.Since(when))
				}
				if err != nil {
					compacted = max(compacted, revision)
				}
			}
		}
		require.NotZero(t, compacted)
		told.mu.Lock()
		defer told.mu.Unlock()
		compactions := 0
		for _, l := range told.lines {
			if l.Call != nil && l.Call.Verb == "compact" {
				compactions++
			}
		}
		require.LessOrEqual(t, compactions, 6)
		require.GreaterOrEqual(t, compactions, 4)
	})
}

// Events go an hour after they were last heard of; others stay.
func TestEventsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, Config{Name: "a", Store: memory.New(), CompactEvery: -1, DigestEvery: -1})
		event := func(name string) *corev1.Event {
			return &corev1.Event{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "p"}, LastTimestamp: metav1.Now()}
		}
		count := func() int {
			return len(must(t, s, api.Request{Verb: api.List, Resource: events}).Object.(*corev1.EventList).Items)
		}
		must(t, s, req(api.Create, event("old")))
		must(t, s, req(api.Create, configMap("x", "")))
		time.Sleep(DefaultEventTTL / 2)
		must(t, s, req(api.Create, event("new")))
		time.Sleep(DefaultEventTTL/2 - time.Second)
		require.Equal(t, 2, count())
		time.Sleep(2 * DefaultSweepEvery)
		require.Equal(t, 1, count())
		time.Sleep(DefaultEventTTL)
		require.Equal(t, 0, count())
		require.Len(t, listed(t, s, "").Items, 1)
	})
}

// A value that is no object costs its own resource its cache until it is gone, and nobody else anything.
func TestUndecodableValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := memory.New()
		s := serve(t, Config{Name: "a", Store: mem})
		must(t, s, req(api.Create, configMap("x", "1")))
		w := watching(t, s, api.Request{Resource: namespaces, ResourceVersion: "0"})
		for range systemNamespaces {
			recv(t, w)
		}
		mine := watching(t, s, api.Request{})
		require.Equal(t, "ADDED x", recv(t, mine))
		bad := configMaps.Key("default", "bad")
		put, err := mem.Put(bounded(t), bad, []byte("no object"), 0)
		require.NoError(t, err)
		require.Equal(t, "ERROR 410 Expired", recv(t, mine))
		require.False(t, s.Ready())
		_, err = s.Do(bounded(t), api.Request{Verb: api.List, Resource: configMaps})
		require.ErrorContains(t, err, "configmaps/default/bad")
		require.NotNil(t, must(t, s, req(api.Get, configMap("x", ""))).Object)
		must(t, s, req(api.Create, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}))
		require.Equal(t, "ADDED n", recv(t, w), "the watch of another resource goes on")
		_, err = mem.Delete(bounded(t), bad, put.Revision)
		require.NoError(t, err)
		time.Sleep(2 * retryMost)
		require.True(t, s.Ready())
		require.Len(t, listed(t, s, "0").Items, 1)
		must(t, s, req(api.Create, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "m"}}))
		require.Equal(t, "ADDED m", recv(t, w))
	})
}

// What both stores say of revisions that are gone or yet to come reaches the client in upstream's words.
func TestHistory(t *testing.T) {
	t.Parallel() // it waits for a revision that does not come
	onStores(t, func(t *testing.T, st store.Store) {
		s := serve(t, Config{Name: "a", Store: st, Window: 1})
		for i := range 7 {
			must(t, s, req(api.Create, configMap(fmt.Sprintf("c%d", i), "")))
		}
		first := must(t, s, api.Request{Verb: api.List, Resource: configMaps, Limit: 3}).Object.(*corev1.ConfigMapList)
		require.EqualValues(t, 4, *first.RemainingItemCount)
		for i := range 3 { // the window passes the first page's revision by
			must(t, s, req(api.Update, configMap(fmt.Sprintf("c%d", i), "new")))
		}
		last := must(t, s, req(api.Delete, configMap("c6", "")))
		require.NotNil(t, last.Object)
		page := api.Request{Verb: api.List, Resource: configMaps, Limit: 3, Continue: first.Continue}
		second := must(t, s, page).Object.(*corev1.ConfigMapList)
		require.Equal(t, first.ResourceVersion, second.ResourceVersion)
		page.Continue = second.Continue
		third := must(t, s, page).Object.(*corev1.ConfigMapList)
		require.Equal(t, "c6", third.Items[0].Name, "it was there at that revision")
		require.Empty(t, third.Continue)

		now, err := st.Count(bounded(t), "/registry/")
		require.NoError(t, err)
		require.NoError(t, st.Compact(bounded(t), now.Revision))
		_, err = s.Do(bounded(t), page)
		require.True(t, apierrors.IsResourceExpired(err), "%v", err)
		exactly := func(rv string) error {
			_, err := s.Do(bounded(t), api.Request{Verb: api.List, Resource: configMaps, ResourceVersion: rv, Match: metav1.ResourceVersionMatchExact})
			return err
		}
		require.EqualError(t, exactly(first.ResourceVersion), "The resourceVersion for the provided list is too old.")
		require.True(t, apierrors.HasStatusCause(exactly(api.FormatResourceVersion(now.Revision+99)), metav1.CauseTypeResourceVersionTooLarge))

		// etcd accepts requests of 1.5 MiB.
		_, err = s.Do(bounded(t), req(api.Create, configMap("large", strings.Repeat("x", 3<<20))))
		require.Error(t, err)
		require.Equal(t, trace.Failed, api.OutcomeOf(err), "%v", err)
		binary := configMap("large", "")
		binary.BinaryData = map[string][]byte{"a": make([]byte, 1<<20-100)}
		must(t, s, req(api.Create, binary))
	})
}
