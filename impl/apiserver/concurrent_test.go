package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/trace"
)

// witness remembers every object that was handed out as it was then.
type witness struct {
	mu   sync.Mutex
	seen map[k8sruntime.Object]string
}

func hashOf(obj k8sruntime.Object) string {
	data, err := json.Marshal(obj)
	if err != nil {
		panic(err)
	}
	return trace.HashOf(data)
}

func (w *witness) see(obj k8sruntime.Object) {
	hash := hashOf(obj)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[obj] = hash
}

// Goal: the server under concurrent use, with the race detector: watchers see every change in order, the last state they
// know is the store's, and nothing that was handed out is ever modified. Method: clients that fight over a few names at
// two servers, watchers that apply what they are sent.
func TestConcurrent(t *testing.T) {
	const clients, writes = 8, 60
	onStores(t, func(t *testing.T, st store.Store) {
		servers := []*Server{serve(t, Config{Name: "a", Store: st}), serve(t, Config{Name: "b", Store: st})}
		w := &witness{seen: map[k8sruntime.Object]string{}}
		var watchers, writers sync.WaitGroup
		states := make([]map[string]string, 6)
		for i := range states {
			st := watching(t, servers[i%2], api.Request{Namespace: "default", Bookmarks: true})
			states[i] = map[string]string{}
			watchers.Go(func() { follow(t, st, states[i], w) })
		}
		for i := range clients {
			writers.Go(func() { fight(t, servers[i%2], rand.New(rand.NewPCG(1, uint64(i))), writes, w) })
		}
		writers.Wait()
		must(t, servers[0], req(api.Create, configMap("the-end", "")))
		watchers.Wait()
		want := map[string]string{}
		for _, cm := range listed(t, servers[1], "").Items {
			want[cm.Name] = cm.ResourceVersion
		}
		for i := range states {
			require.Equal(t, want, states[i], "watcher %d", i)
		}
		for obj, hash := range w.seen {
			require.Equal(t, hash, hashOf(obj), "an object was modified after it was handed out")
		}
	})
}

// follow applies a watch to state until the object that ends the test appears.
func follow(t *testing.T, st interface {
	Recv() (api.WatchEvent, error)
}, state map[string]string, w *witness) {
	last := int64(0)
	for {
		e, err := st.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("a watch ended with %v", err)
			}
			t.Errorf("a watch ended before the end")
			return
		}
		w.see(e.Object)
		o, ok := e.Object.(api.Object)
		if !ok {
			t.Errorf("%v", e.Object)
			return
		}
		revision := api.MustResourceVersion(o)
		if revision <= last && e.Type != watch.Bookmark {
			t.Errorf("revision %d after %d", revision, last)
		}
		last = revision
		switch e.Type {
		case watch.Added, watch.Modified:
			if _, known := state[o.GetName()]; known != (e.Type == watch.Modified) {
				t.Errorf("%s %s, which was known: %v", e.Type, o.GetName(), known)
			}
			state[o.GetName()] = o.GetResourceVersion()
		case watch.Deleted:
			delete(state, o.GetName())
		}
		if o.GetName() == "the-end" {
			return
		}
	}
}

// fight writes at random to three names. Every outcome is known, as the store is well.
func fight(t *testing.T, s *Server, chance *rand.Rand, writes int, w *witness) {
	ctx := bounded(t)
	for range writes {
		cm := configMap(fmt.Sprintf("c%d", chance.IntN(3)), fmt.Sprint(chance.Int()))
		if chance.IntN(3) == 0 {
			cm.Finalizers = []string{"orrery.dev/hold"}
		}
		verb := []api.Verb{api.Create, api.Update, api.Update, api.Delete, api.Get, api.List}[chance.IntN(6)]
		r := req(verb, cm)
		if verb == api.List {
			r.Name = ""
		}
		resp, err := s.Do(ctx, r)
		switch {
		case err == nil:
			w.see(resp.Object)
		case apierrors.IsNotFound(err), apierrors.IsAlreadyExists(err), apierrors.IsConflict(err), apierrors.IsInvalid(err), apierrors.IsForbidden(err):
		default:
			t.Errorf("%s %s: %v", verb, cm.Name, err)
		}
	}
}

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": "web", "tier": "front"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/web:v1", Command: []string{"/server", "--port=8080"},
			Env:       []corev1.EnvVar{{Name: "NAME", Value: name}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}}}}},
	}
}

// BenchmarkCreate holds creates through the server, by 16 clients, against puts of the same bytes into the same etcd: in
// turns of some hundred each, as the machine's speed changes meanwhile. "ratio" is the server's rate over the puts'.
func BenchmarkCreate(b *testing.B) {
	const turn = 500
	m, err := etcd.Start(b.Context(), etcd.Config{Name: "a", DataDir: b.TempDir() + "/a", ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0"})
	require.NoError(b, err)
	defer m.Stop()
	st, err := etcd.Open(etcd.Options{Endpoints: []string{m.ClientURL()}})
	require.NoError(b, err)
	defer st.Close()
	s := New(Config{Name: "a", Store: st})
	go s.Run(b.Context())
	for !s.Ready() {
		runtime.Gosched()
	}
	resp, err := s.Do(b.Context(), req(api.Create, pod("sample")))
	require.NoError(b, err)
	value, err := api.Encode(resp.Object.(api.Object))
	require.NoError(b, err)
	puts := func(n int) error {
		_, err := st.Put(b.Context(), fmt.Sprintf("/raw/p%d", n), value, 0)
		return err
	}
	creates := func(n int) error {
		_, err := s.Do(b.Context(), req(api.Create, pod(fmt.Sprintf("p%d", n))))
		return err
	}
	var raw, served time.Duration
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		raw += together(b, n, min(turn, b.N-n), puts)
		served += together(b, n, min(turn, b.N-n), creates)
	}
	b.ReportMetric(float64(b.N)/served.Seconds(), "creates/s")
	b.ReportMetric(float64(b.N)/raw.Seconds(), "puts/s")
	b.ReportMetric(raw.Seconds()/served.Seconds(), "ratio")
}

// together does count things from first on by 16 clients, and returns how long it took.
func together(b *testing.B, first, count int, do func(int) error) time.Duration {
	const clients = 16
	began := time.Now()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for n := first + i; n < first+count; n += clients {
				if err := do(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}
