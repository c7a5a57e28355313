package membership_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"orrery/impl/store/etcd"
	"orrery/impl/store/etcd/membership"
)

const bound = 3 * time.Minute

// Goal: one member becomes three, one of the three is replaced after it has lost its data, the one that leads is removed; and nothing that was
// acknowledged meanwhile is lost. Method: real members on loopback, and a client that writes all the time.
func TestConverge(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	cluster := &members{t: t, running: map[string]*etcd.Member{}, client: map[string]string{}, peer: map[string]string{}}
	t.Cleanup(cluster.stop)
	for _, name := range []string{"a", "b", "c", "d"} {
		cluster.client[name], cluster.peer[name] = address(t), address(t)
	}
	cluster.start(ctx, "a", "", false)
	writes := cluster.write(ctx)

	cluster.converge(ctx, cluster.want("a"), cluster.want("b"), cluster.want("c"))
	require.Equal(t, []string{"a", "b", "c"}, cluster.names(ctx))

	lost := cluster.id(ctx, "b")
	cluster.running["b"].Stop()
	anew := cluster.want("b")
	anew.Not = lost
	cluster.converge(ctx, cluster.want("a"), anew, cluster.want("c"))
	require.Equal(t, []string{"a", "b", "c"}, cluster.names(ctx))
	require.NotEqual(t, lost, cluster.id(ctx, "b"))

	// Whoever leads is replaced by d, in another place.
	leads := cluster.leader(ctx)
	var wanted []membership.Want
	for _, name := range []string{"a", "b", "c", "d"} {
		if name != leads {
			wanted = append(wanted, cluster.want(name))
		}
	}
	cluster.converge(ctx, wanted...)
	require.NotContains(t, cluster.names(ctx), leads)
	require.Contains(t, cluster.names(ctx), "d")

	n := writes()
	client := cluster.dial()
	defer client.Close()
	got, err := client.Get(ctx, "k/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.Count, n, "an acknowledged write is gone")
	require.Positive(t, n)
}

type members struct {
	t            *testing.T
	generation   int
	running      map[string]*etcd.Member
	client, peer map[string]string
}

// address is a free one on loopback.
func address(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return "http://" + l.Addr().String()
}

func (m *members) want(name string) membership.Want {
	return membership.Want{Name: name, Peer: m.peer[name]}
}

// start starts a member with no data.
func (m *members) start(ctx context.Context, name, peers string, existing bool) {
	m.generation++
	member, err := etcd.Start(ctx, etcd.Config{Name: name, DataDir: filepath.Join(m.t.TempDir(), fmt.Sprint(name, m.generation)), ListenClient: m.client[name],
		ListenPeer: m.peer[name], InitialCluster: peers, Existing: existing, UnsafeNoFsync: true, Heartbeat: 50 * time.Millisecond})
	require.NoError(m.t, err)
	m.running[name] = member
}

func (m *members) cluster() membership.Cluster {
	var c membership.Cluster
	for name := range m.running { // order does not matter: all are tried
		c.Endpoints = append(c.Endpoints, m.client[name])
	}
	return c
}

// converge also starts what is added: that returns only once it serves, so beside the rest.
func (m *members) converge(ctx context.Context, wanted ...membership.Want) {
	var starting sync.WaitGroup
	var mu sync.Mutex
	err := m.cluster().Converge(ctx, wanted, membership.Hooks{
		Tell: func(c membership.Change) { m.t.Log(c) },
		Added: func(ctx context.Context, member membership.Want, all []membership.Want) error {
			var peers []string
			for _, w := range all {
				peers = append(peers, w.Name+"="+w.Peer)
			}
			starting.Go(func() {
				mu.Lock()
				defer mu.Unlock()
				m.start(ctx, member.Name, strings.Join(peers, ","), true)
			})
			return nil
		},
	})
	require.NoError(m.t, err)
	starting.Wait()
}

func (m *members) current(ctx context.Context) []membership.Member {
	all, err := m.cluster().Current(ctx)
	require.NoError(m.t, err)
	return all
}

func (m *members) names(ctx context.Context) (names []string) {
	for _, name := range []string{"a", "b", "c", "d"} {
		for _, member := range m.current(ctx) {
			if member.Name == name && member.Answers && !member.Learner {
				names = append(names, name)
			}
		}
	}
	return names
}

func (m *members) id(ctx context.Context, name string) uint64 {
	for _, member := range m.current(ctx) {
		if member.Name == name {
			return member.ID
		}
	}
	return 0
}

func (m *members) leader(ctx context.Context) string {
	for _, member := range m.current(ctx) {
		if member.Leads {
			return member.Name
		}
	}
	m.t.Fatal("nobody leads")
	return ""
}

func (m *members) dial() *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: m.cluster().Endpoints, Logger: zap.NewNop()})
	require.NoError(m.t, err)
	return client
}

// write writes one key after the other until it is asked how many were acknowledged.
func (m *members) write(ctx context.Context) (stop func() int64) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.client["a"], m.client["b"], m.client["c"], m.client["d"]}, Logger: zap.NewNop()})
	require.NoError(m.t, err)
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	n := int64(0)
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			one, done := context.WithTimeout(ctx, time.Second)
			if _, err := client.Put(one, fmt.Sprintf("k/%d", i), "v"); err == nil {
				n++
			}
			done()
		}
	})
	return func() int64 {
		cancel()
		writing.Wait()
		client.Close()
		return n
	}
}

func (m *members) stop() {
	for _, member := range m.running { // order does not matter: all are stopped
		member.Stop()
	}
}
