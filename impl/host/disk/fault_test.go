package disk

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// held waits until the disk has held more fsyncs than before.
func (d *testDisk) held(t *testing.T, before Counters) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := d.Counters(t.Context())
		require.NoError(t, err)
		return c.FsyncsHeld > before.FsyncsHeld
	}, patience, time.Millisecond)
}

// Goal: an fsync that is held does not return, reads go on, and the release lets it succeed.
func TestStall(t *testing.T) {
	d := newDisk(t)
	require.NoError(t, os.WriteFile(d.path("other"), []byte("read me"), 0o600))
	require.NoError(t, d.Set(t.Context(), Faults{StallFsync: true}))
	done := make(chan error, 1)
	go func() { done <- writeAndPersist(d.path("f")) }()
	d.held(t, Counters{})
	data, err := os.ReadFile(d.path("other"))
	require.NoError(t, err)
	require.Equal(t, "read me", string(data))
	select {
	case err := <-done:
		t.Fatalf("the stalled fsync returned %v", err)
	default:
	}
	require.NoError(t, d.Set(t.Context(), Faults{}))
	require.NoError(t, <-done)
}

// Goal: a signal that does not kill leaves a held fsync alone, and SIGKILL ends the process that waits in one. Without the
// first etcd would see an interrupted fsync, without the second the process would stay for ever.
func TestStallAndSignals(t *testing.T) {
	d := newDisk(t)
	require.NoError(t, d.Set(t.Context(), Faults{StallFsync: true}))
	cmd := start(t, "fsync", d.path("f"))
	d.held(t, Counters{})
	require.NoError(t, cmd.Process.Signal(syscall.SIGURG))
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	require.Equal(t, syscall.SIGKILL, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	c, err := d.Crash(t.Context(), Loss{})
	require.NoError(t, err)
	require.EqualValues(t, 2, c.OpsDropped, "the creation and the write")
	require.Equal(t, "empty\n", show(t, d.mountpoint))
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		want   error
	}{
		{"a full disk refuses writes", Faults{WriteError: "ENOSPC"}, syscall.ENOSPC},
		{"a broken disk fails writes", Faults{WriteError: "EIO"}, syscall.EIO},
		{"a lying disk fails the fsync only", Faults{FsyncError: true}, syscall.EIO},
		{"a slow disk works", Faults{SlowFsync: time.Millisecond}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDisk(t)
			require.NoError(t, d.Set(t.Context(), c.faults))
			require.ErrorIs(t, writeAndPersist(d.path("f")), c.want)
			counters, err := d.Counters(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want != nil, counters.Failed > 0, "%+v", counters)
			require.Equal(t, c.faults.SlowFsync > 0, counters.FsyncsHeld > 0, "%+v", counters)
		})
	}
}

func TestRefusals(t *testing.T) {
	d := newDisk(t)
	require.ErrorContains(t, d.Set(t.Context(), Faults{WriteError: "EPERM"}), `writeError "EPERM"`)
	_, err := d.Crash(t.Context(), Loss{Keep: -1})
	require.ErrorContains(t, err, "keep -1")
	f, err := os.Create(d.path("open"))
	require.NoError(t, err)
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*busyPoll, cancel)
	_, err = d.Crash(ctx, Loss{})
	require.ErrorIs(t, err, context.Canceled, "the disk is in use")
	dir := t.TempDir()
	long := filepath.Join(dir, string(make([]byte, MaxSocketPath)))
	require.ErrorContains(t, Serve(t.Context(), filepath.Join(dir, "backing"), filepath.Join(dir, "mount"), long), "at most 107")
	require.NoDirExists(t, filepath.Join(dir, "backing"), "nothing is made")
}

// Goal: a mount whose server was killed can be removed, also while a process waits for it.
func TestDetach(t *testing.T) {
	dir := t.TempDir()
	socket, mountpoint := filepath.Join(dir, "control"), filepath.Join(dir, "mount")
	server := start(t, "disk", "--backing", filepath.Join(dir, "backing"), "--mount", mountpoint, "--control", socket)
	client := NewClient(socket)
	require.Eventually(t, func() bool { return client.Set(t.Context(), Faults{StallFsync: true}) == nil }, patience, time.Millisecond)
	user := start(t, "fsync", filepath.Join(mountpoint, "f"))
	(&testDisk{Client: client}).held(t, Counters{})
	require.NoError(t, server.Process.Signal(syscall.SIGSTOP), "a server that does not answer")
	mounts, err := Mounts(dir)
	require.NoError(t, err)
	require.Len(t, mounts, 1)
	require.NoError(t, mounts[0].Detach())
	require.Error(t, user.Wait(), "the fsync fails")
	require.NoError(t, server.Process.Kill())
	server.Wait()
	mounts, err = Mounts(dir)
	require.NoError(t, err)
	require.Empty(t, mounts)
}

// Goal: what etcd acknowledged survives a crash of its disk, and a put that timed out under a stall takes effect after it.
func TestEtcd(t *testing.T) {
	d := newDisk(t)
	sockets := t.TempDir()
	member := start(t, "etcd", d.path("data"), sockets)
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix:" + filepath.Join(sockets, "client:0")}, Logger: zap.NewNop()})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	put := func(ctx context.Context, key string) error {
		_, err := c.Put(ctx, key, "value")
		return err
	}
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		require.NoError(t, put(ctx, key))
	}
	before, err := d.Counters(ctx)
	require.NoError(t, err)
	require.NoError(t, d.Set(ctx, Faults{StallFsync: true}))
	stalled, stop := context.WithCancel(ctx)
	outcome := make(chan error, 1)
	go func() { outcome <- put(stalled, "unknown") }()
	d.held(t, before)
	stop()
	require.Error(t, <-outcome)
	require.NoError(t, d.Set(ctx, Faults{}))
	require.NoError(t, put(ctx, "after"))

	require.NoError(t, member.Process.Kill())
	member.Wait()
	_, err = d.Crash(ctx, Loss{})
	require.NoError(t, err)
	member = start(t, "etcd", d.path("data"), sockets)
	defer func() {
		member.Process.Kill()
		member.Wait()
	}()
	got, err := c.Get(ctx, "", clientv3.WithFromKey(), clientv3.WithKeysOnly())
	require.NoError(t, err)
	var keys []string
	for _, kv := range got.Kvs {
		keys = append(keys, string(kv.Key))
	}
	require.Equal(t, []string{"a", "after", "b", "c", "d", "e", "unknown"}, keys)
}
