package apiserver

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/store/memory"
)

// crowd is servers that look at the same records, each at its own pace and by its own clock.
type crowd struct {
	now     time.Time
	store   *memory.Store
	servers []*crowded
}

type crowded struct {
	presence
	key     string
	mod     int64
	skew    time.Duration
	renewed time.Time
	alive   bool
}

// look is a server's round; cut: the store does not answer.
func (c *crowd) look(t require.TestingT, s *crowded) (living []netip.AddrPort) {
	for {
		put, err := c.store.Put(context.Background(), s.key, []byte("10.0.0."+s.key[len(presenceRoot):]+":6443"), s.mod)
		require.NoError(t, err)
		if s.mod = put.Revision; put.Succeeded {
			break
		}
		if s.mod = 0; put.KV != nil {
			s.mod = put.KV.Mod
		}
	}
	s.renewed = c.now
	l, err := c.store.List(context.Background(), presenceRoot, store.ListOptions{})
	require.NoError(t, err)
	living, dead := s.observe(c.now.Add(s.skew), s.key, l.KVs)
	for _, kv := range dead {
		for _, other := range c.servers {
			require.False(t, other.key == kv.Key && c.now.Sub(other.renewed) < s.ttl, "%s is taken for dead, and lives", kv.Key)
		}
		_, err := c.store.Delete(context.Background(), kv.Key, kv.Mod)
		require.NoError(t, err)
	}
	return living
}

// Goal: nobody who renews in time is taken for dead, whatever the clocks say and however long the store was away, and who is dead
// is gone once a survivor has looked for ttl. Method: servers look, die and come back in an order that is drawn; what each round
// decides is held against who renewed when.
func TestPresence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &crowd{now: time.Unix(0, 0), store: memory.New()}
		for i := range 3 {
			c.servers = append(c.servers, &crowded{presence: presence{ttl: 15 * time.Second}, key: fmt.Sprint(presenceRoot, i+1),
				skew: time.Duration(i*37) * time.Hour, alive: true})
		}
		one := func(t *rapid.T) *crowded { return c.servers[rapid.IntRange(0, 2).Draw(t, "server")] }
		t.Repeat(map[string]func(*rapid.T){
			"look": func(t *rapid.T) {
				if s := one(t); s.alive {
					c.look(t, s)
				}
			},
			"pass": func(t *rapid.T) {
				c.now = c.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
			},
			"die":  func(t *rapid.T) { one(t).alive = false },
			"boot": func(t *rapid.T) { s := one(t); s.alive, s.seen, s.mod = true, nil, 0 },
		})
		c.servers[0].alive, c.servers[1].alive, c.servers[2].alive = true, true, false
		var living []netip.AddrPort
		for range 5 {
			c.look(t, c.servers[0])
			living = c.look(t, c.servers[1])
			c.now = c.now.Add(10 * time.Second)
		}
		require.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:6443"), netip.MustParseAddrPort("10.0.0.2:6443")}, living)
	})
}

// Goal: the Service kubernetes has the first address and leads to all servers that live, one that dies leaves in time, and it
// comes back when somebody deletes it. Method: two servers over one store, with a short ttl; one ends without a word.
func TestTheServiceKubernetes(t *testing.T) {
	st := memory.New()
	config := func(name string) Config {
		return Config{Name: name, Store: st, Advertise: netip.MustParseAddrPort("10.0.0." + name + ":6443"), RenewEvery: 20 * time.Millisecond, PresenceTTL: 200 * time.Millisecond}
	}
	one := serve(t, config("1"))
	serve(t, config("2"))
	slices, _ := api.ByName("endpointslices")
	leadsTo := func(want ...string) func() bool {
		return func() bool {
			resp, err := one.Do(t.Context(), api.Request{Verb: api.Get, Resource: slices, Namespace: "default", Name: "kubernetes"})
			if err != nil {
				return false
			}
			var got []string
			for _, e := range resp.Object.(*discoveryv1.EndpointSlice).Endpoints {
				got = append(got, e.Addresses...)
			}
			return fmt.Sprint(got) == fmt.Sprint(want)
		}
	}
	// The third server is one that wrote its record once and is gone.
	_, err := st.Put(t.Context(), presenceRoot+"3", []byte("10.0.0.3:6443"), 0)
	require.NoError(t, err)
	waitFor(t, leadsTo("10.0.0.1", "10.0.0.2", "10.0.0.3"))
	waitFor(t, leadsTo("10.0.0.1", "10.0.0.2"))
	services, _ := api.ByName("services")
	get := api.Request{Verb: api.Get, Resource: services, Namespace: "default", Name: "kubernetes"}
	svc := must(t, one, get).Object.(*corev1.Service)
	require.Equal(t, "10.96.0.1", svc.Spec.ClusterIP)
	require.Equal(t, int32(6443), svc.Spec.Ports[0].TargetPort.IntVal)
	remove := get
	remove.Verb = api.Delete
	must(t, one, remove)
	waitFor(t, func() bool {
		resp, err := one.Do(t.Context(), get)
		return err == nil && resp.Object.(*corev1.Service).UID != svc.UID
	})
}
