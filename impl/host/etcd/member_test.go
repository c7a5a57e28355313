package etcd

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"orrery/impl/apiserver/pki"
	"orrery/impl/store/etcd"
)

const bound = 3 * time.Minute

// listen is a free address on loopback.
func listen(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return "https://" + l.Addr().String()
}

// start runs `orrery etcd` until the context ends. What it says in the end comes through the channel.
func start(ctx context.Context, pkiDir string, args ...string) <-chan error {
	done := make(chan error, 1)
	cmd := Command()
	cmd.SetArgs(append(args, "--pki-dir", pkiDir))
	go func() { done <- cmd.ExecuteContext(ctx) }()
	return done
}

// serve runs `orrery etcd` until the returned function is called.
func serve(t *testing.T, pkiDir string, args ...string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := start(ctx, pkiDir, args...)
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

func orrery(t *testing.T, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// Goal: an administrator lists, adds and removes members, and what cannot be is refused in one line that says what would help. Method: the commands, against
// members on loopback.
func TestMembers(t *testing.T) {
	dir := t.TempDir()
	pkiDir := filepath.Join(dir, "pki")
	_, err := pki.Ensure(pkiDir)
	require.NoError(t, err)
	clients, peers := []string{listen(t), listen(t)}, []string{listen(t), listen(t)}
	serve(t, pkiDir, "--name", "a", "--data-dir", filepath.Join(dir, "a"), "--listen-client", clients[0], "--listen-peer", peers[0])
	at := []string{"--endpoints", clients[0], "--pki-dir", pkiDir, "--timeout", bound.String()}
	member := func(args ...string) (string, error) {
		return orrery(t, append(append([]string{"member"}, args...), at...)...)
	}
	require.Eventually(t, func() bool {
		out, err := member("list")
		return err == nil && strings.Contains(out, "a     "+peers[0]+"  yes    yes      yes")
	}, bound, 100*time.Millisecond)

	for _, c := range []struct{ args, why string }{
		{"remove a", "a is the last member: a cluster has at least one"},
		{"remove z", `there is no member "z": there are a`},
		{"replace a", "without a 0 of 0 voting members answer"},
		{"add a " + peers[1], "give another name and another URL, or replace it"},
		{"add b", "accepts 2 arg(s)"},
	} {
		_, err := member(strings.Fields(c.args)...)
		require.ErrorContains(t, err, c.why, c.args)
		require.NotContains(t, err.Error(), "\n")
	}

	// What is added must be started: the command says with what, and waits for it.
	added := make(chan error, 1)
	go func() {
		_, err := member("add", "b", peers[1])
		added <- err
	}()
	require.Eventually(t, func() bool { out, err := member("list"); return err == nil && strings.Contains(out, peers[1]) }, bound, 100*time.Millisecond)
	b := start(t.Context(), pkiDir, "--name", "b", "--data-dir", filepath.Join(dir, "b"), "--listen-client", clients[1], "--listen-peer", peers[1],
		"--initial-cluster-state", "existing", "--initial-cluster", "a="+peers[0]+",b="+peers[1])
	require.NoError(t, <-added)
	out, err := member("list")
	require.NoError(t, err)
	require.Contains(t, out, "b     "+peers[1]+"  yes    yes")
	out, err = member("remove", "b")
	require.NoError(t, err)
	require.Contains(t, out, "remove b")
	require.EqualError(t, <-b, `etcd: member "b" was removed from its cluster; what is added under this name needs an empty data directory`)
}

// Goal: a store that is restored from a snapshot has what the snapshot had, under a revision far beyond, and tells a watch from before that its past is
// gone (E17). Method: a snapshot, a write after it, and a member that is made of the snapshot.
func TestSnapshot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	dir := t.TempDir()
	pkiDir := filepath.Join(dir, "pki")
	_, err := pki.Ensure(pkiDir)
	require.NoError(t, err)
	a := access{pkiDir: pkiDir}
	config, err := a.tls()
	require.NoError(t, err)
	address, peer := listen(t), listen(t)
	dial := func() *clientv3.Client {
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{address}, TLS: config, Logger: zap.NewNop()})
		require.NoError(t, err)
		return c
	}
	member := []string{"--name", "a", "--listen-client", address, "--listen-peer", peer, "--data-dir"}

	stop := serve(t, pkiDir, append(member, filepath.Join(dir, "before"))...)
	client := dial()
	_, err = client.Put(ctx, "k", "v")
	require.NoError(t, err)
	file := filepath.Join(dir, "backup.db")
	out, err := orrery(t, "snapshot", "save", file, "--endpoints", address, "--pki-dir", pkiDir)
	require.NoError(t, err)
	require.Contains(t, out, "saved to")
	last, err := client.Put(ctx, "k", "after the snapshot")
	require.NoError(t, err)
	client.Close()
	stop()

	data := filepath.Join(dir, "after")
	_, err = orrery(t, "snapshot", "restore", file, "--name", "a", "--data-dir", data, "--listen-peer", peer, "--bump-revision", "1000")
	require.NoError(t, err)
	_, err = orrery(t, "snapshot", "restore", file, "--name", "a", "--data-dir", data, "--listen-peer", peer)
	require.ErrorContains(t, err, "is there: give a directory that is not")
	require.ErrorContains(t, Restore(file, etcd.Config{Name: "a", DataDir: data + "2", ListenPeer: peer}, 0), "the revision must be raised")
	require.ErrorContains(t, Restore(file+"x", etcd.Config{Name: "a", DataDir: data + "3", ListenPeer: peer}, 1), "no such file")

	serve(t, pkiDir, append(member, data)...)
	client = dial()
	defer client.Close()
	got, err := client.Get(ctx, "k")
	require.NoError(t, err)
	require.Equal(t, "v", string(got.Kvs[0].Value))
	require.Greater(t, got.Header.Revision, last.Header.Revision+900)
	watch := client.Watch(ctx, "k", clientv3.WithRev(last.Header.Revision))
	answer := <-watch
	require.ErrorIs(t, answer.Err(), rpctypes.ErrCompacted)
}
