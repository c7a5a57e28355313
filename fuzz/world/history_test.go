package world

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/tools/cache"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
)

// state is an object as it was at a revision, or that it was gone.
type state struct {
	revision string
	object   api.Object // nil: gone
}

func (s state) String() string {
	if s.object == nil {
		return "gone"
	}
	return "revision " + s.revision
}

// history is what happened to every object, by its key in the store.
type history struct {
	mu     sync.Mutex
	states map[string][]state
	err    error
}

// watchStore collects what happens in etcd, from its first revision on, until ctx ends.
func (c *cluster) watchStore(ctx context.Context) *history {
	pki := filepath.Join(c.dir, "pki", "etcd")
	pool := x509.NewCertPool()
	authority, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	require.NoError(c.t, err)
	require.True(c.t, pool.AppendCertsFromPEM(authority))
	identity, err := tls.LoadX509KeyPair(filepath.Join(pki, "admin.crt"), filepath.Join(pki, "admin.key"))
	require.NoError(c.t, err)
	s, err := etcd.Open(etcd.Options{Endpoints: []string{"https://10.77.0.11:2379"},
		TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12}})
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, s.Close()) })
	h := &history{states: map[string][]state{}}
	_, err = s.Watch(ctx, "/registry/", 0, h.deliver)
	require.NoError(c.t, err)
	return h
}

func (h *history) deliver(r store.WatchResponse) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Err != nil {
		h.err = r.Err
		return
	}
	for _, change := range r.Changes {
		if _, _, _, ok := api.ByKey(change.KV.Key); !ok {
			continue // whose an address is, and which servers live: nothing that the API has
		}
		next := state{revision: api.FormatResourceVersion(change.KV.Mod)}
		if !change.Deleted {
			object, err := api.Decode(change.KV.Value, change.KV.Mod)
			if err != nil {
				h.err = err
				return
			}
			next.object = object
		}
		h.states[change.KV.Key] = append(h.states[change.KV.Key], next)
	}
}

// equals tells whether the informers' stores hold what the store holds, or what is different.
func (h *history) equals(stores map[string]cache.Store) (bool, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return false, h.err.Error()
	}
	for _, resource := range watched {
		have := map[string]api.Object{}
		for _, item := range stores[resource].List() {
			object := item.(api.Object)
			have[key(object)] = object
		}
		for k, states := range h.states {
			if r, _, _, ok := api.ByKey(k); !ok || r.Name != resource {
				continue
			}
			want := states[len(states)-1].object
			if got := have[k]; (got == nil) != (want == nil) || got != nil && !same(got, want) {
				return false, fmt.Sprintf("%s: the informer has %v, the store %v", k, got, want)
			}
			delete(have, k)
		}
		if len(have) > 0 {
			return false, fmt.Sprintf("%s: the informer has what never was in the store: %v", resource, have)
		}
	}
	return true, ""
}

// explains tells whether what was seen of every object is, in order, among its states.
func (h *history) explains(seen *sightings) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for k, sights := range seen.of {
		states := h.states[k]
		at := 0
		for n, sight := range sights {
			for at < len(states) && !sight.of(states[at]) {
				at++
			}
			// It may be told again, which is how an informer shows that it has listed.
			if at == len(states) {
				return fmt.Errorf("%s: sight %d, %v, is no state of it since the one before: %v", k, n, sight, states)
			}
		}
	}
	return nil
}

// length counts the states that a resource watched had.
func (h *history) length() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, states := range h.states {
		if r, _, _, ok := api.ByKey(k); ok && slices.Contains(watched, r.Name) {
			n += len(states)
		}
	}
	return n
}

// of tells whether a sight is of the state: the same object, or that it is gone.
func (sight state) of(s state) bool {
	if sight.object == nil || s.object == nil {
		return sight.object == nil && s.object == nil
	}
	return same(sight.object, s.object)
}

// same compares all of two objects but their type, which typed clients do not keep.
func same(a, b api.Object) bool {
	a, b = a.DeepCopyObject().(api.Object), b.DeepCopyObject().(api.Object)
	r, _ := api.ByObject(a)
	a.GetObjectKind().SetGroupVersionKind(r.GVK())
	b.GetObjectKind().SetGroupVersionKind(r.GVK())
	return equality.Semantic.DeepEqual(a, b)
}

func key(object api.Object) string {
	r, _ := api.ByObject(object)
	return r.Key(object.GetNamespace(), object.GetName())
}

// sightings are what informers were told of every object, in order, by its key in the store.
type sightings struct {
	mu               sync.Mutex
	of               map[string][]state
	updates, deletes int
}

func (s *sightings) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) { s.note(obj.(api.Object), nil) },
		UpdateFunc: func(_, obj any) {
			s.note(obj.(api.Object), &s.updates)
		},
		DeleteFunc: func(obj any) {
			if unknown, ok := obj.(cache.DeletedFinalStateUnknown); ok {
				obj = unknown.Obj
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			k := key(obj.(api.Object))
			s.of[k] = append(s.of[k], state{})
			s.deletes++
		},
	}
}

func (s *sightings) note(object api.Object, count *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key(object)
	s.of[k] = append(s.of[k], state{revision: object.GetResourceVersion(), object: object})
	if count != nil {
		*count++
	}
}

func (s *sightings) counts() (updates, deletes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates, s.deletes
}
