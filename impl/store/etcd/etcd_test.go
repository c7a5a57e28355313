package etcd

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"orrery/impl/store"
)

var ctx = context.Background()

// testTimeout bounds what a test waits for.
const testTimeout = 20 * time.Second

func config(t *testing.T, name string) Config {
	return Config{
		Name: name, DataDir: filepath.Join(t.TempDir(), name),
		ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0",
		UnsafeNoFsync: true, Heartbeat: 20 * time.Millisecond,
	}
}

func start(t *testing.T, cfg Config) *Member {
	t.Helper()
	bounded, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	m, err := Start(bounded, cfg)
	require.NoError(t, err)
	t.Cleanup(m.Stop)
	return m
}

func open(t *testing.T, opts Options) *Store {
	t.Helper()
	s, err := Open(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// A member restarts with what it had; its directory is refused to another.
func TestRestart(t *testing.T) {
	cfg := config(t, "a")
	m, err := Start(ctx, cfg)
	require.NoError(t, err)
	s, err := Open(Options{Endpoints: []string{m.ClientURL()}})
	require.NoError(t, err)
	put, err := s.Put(ctx, "/registry/x", []byte("1"), 0)
	require.NoError(t, err)
	require.Equal(t, store.PutResponse{Succeeded: true, Revision: 2}, put)
	require.NoError(t, s.Close())
	m.Stop()
	require.NoError(t, m.Err())

	other := cfg
	other.Name = "b"
	_, err = Start(ctx, other)
	require.EqualError(t, err, fmt.Sprintf(`etcd: member "b" in %s: the data directory belongs to member "a"`, cfg.DataDir))

	s = open(t, Options{Endpoints: []string{start(t, cfg).ClientURL()}})
	got, err := s.Get(ctx, "/registry/x", store.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, store.GetResponse{KV: &store.KV{Key: "/registry/x", Value: []byte("1"), Created: 2, Mod: 2, Version: 1}, Revision: 2}, got)
}

// Whatever keeps a member from starting is told on one line that names it.
func TestStartRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"port in use":         {func(c *Config) { c.ListenClient = "http://" + taken.Addr().String() }, taken.Addr().String() + ": bind: address already in use"},
		"no directory":        {func(c *Config) { c.DataDir = filepath.Join(file, "a") }, "not a directory"},
		"no name":             {func(c *Config) { c.Name = "" }, `name "": must be set`},
		"no URL":              {func(c *Config) { c.ListenPeer = "127.0.0.1:2380" }, `peer URL "127.0.0.1:2380": must be http or https://ADDRESS:PORT`},
		"https without files": {func(c *Config) { c.ListenClient = "https://127.0.0.1:0" }, "https needs a certificate and its key"},
		"not in the cluster":  {func(c *Config) { c.InitialCluster = "z=http://127.0.0.1:1" }, `couldn't find local name "a" in the initial cluster configuration`},
		"a database of another making": {func(c *Config) {
			require.NoError(t, os.MkdirAll(filepath.Join(c.DataDir, "member", "snap"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(c.DataDir, "member", "snap", "db"), bytes.Repeat([]byte("no database "), 4096), 0o600))
		}, "invalid database"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, "a")
			c.change(&cfg)
			bounded, cancel := context.WithTimeout(ctx, testTimeout)
			defer cancel()
			_, err := Start(bounded, cfg)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// Without a quorum Start ends with its context and says what is missing.
func TestStartWithoutQuorum(t *testing.T) {
	cfg := config(t, "a")
	cfg.InitialCluster = "a=http://127.0.0.1:0,b=http://127.0.0.1:1"
	bounded, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_, err := Start(bounded, cfg)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "no quorum")
}

// What is never handed to a connection is definitely not done; what may have arrived is not.
func TestOutcomeOfWrites(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		s := open(t, Options{Endpoints: []string{"http://127.0.0.1:1"}, RequestTimeout: 100 * time.Millisecond})
		_, err := s.Put(ctx, "a", nil, 0)
		require.ErrorIs(t, err, store.ErrUnavailable)
		_, err = s.Get(ctx, "a", store.GetOptions{})
		require.ErrorIs(t, err, store.ErrUnavailable)
		_, err = s.Watch(ctx, "a", 0, nil)
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
	t.Run("somebody listens and never answers", func(t *testing.T) {
		front := newFront(t, start(t, config(t, "a")).ClientURL())
		s := open(t, Options{Endpoints: []string{front.url()}, RequestTimeout: time.Second})
		_, err := s.Put(ctx, "a", []byte("1"), 0)
		require.NoError(t, err)
		front.hold() // answers, not requests
		_, err = s.Put(ctx, "a", []byte("2"), 2)
		require.ErrorIs(t, err, store.ErrUnknown)
		cctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		_, err = s.Put(cctx, "a", []byte("3"), 3)
		require.ErrorIs(t, err, store.ErrUnknown)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		front.cut()
		front.release()
		got, err := s.Get(ctx, "a", store.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, "3", string(got.KV.Value)) // the unknown ones came true
		require.Equal(t, int64(4), got.Revision)    // and each once
	})
	t.Run("too large", func(t *testing.T) {
		s := open(t, Options{Endpoints: []string{start(t, config(t, "a")).ClientURL()}})
		for _, size := range []int{1600 << 10, 1900 << 10, 3 << 20} {
			_, err := s.Put(ctx, "a", make([]byte, size), 0)
			require.ErrorIs(t, err, store.ErrTooLarge, "%d bytes", size)
		}
	})
}

// The table of doc.go, for answers that are hard to provoke.
func TestWriteError(t *testing.T) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		sent bool
		want error
	}{
		{ctx, rpctypes.ErrCompacted, true, store.ErrCompacted},
		{ctx, rpctypes.ErrFutureRev, true, store.ErrFuture},
		{ctx, rpctypes.ErrNoLeader, true, store.ErrUnavailable},
		{ctx, rpctypes.ErrNoSpace, true, store.ErrUnavailable},
		{ctx, rpctypes.ErrTooManyRequests, true, store.ErrUnavailable},
		{ctx, rpctypes.ErrLeaderChanged, true, store.ErrUnknown},
		{ctx, rpctypes.ErrTimeout, true, store.ErrUnknown},
		{ctx, rpctypes.ErrTimeoutDueToLeaderFail, true, store.ErrUnknown},
		{ctx, rpctypes.ErrStopped, true, store.ErrUnknown},
		{ctx, status.Error(codes.Unavailable, "error reading from server: EOF"), true, store.ErrUnknown},
		{ctx, status.Error(codes.Unavailable, "connection refused"), false, store.ErrUnavailable},
		{ctx, status.Error(codes.DeadlineExceeded, ""), true, store.ErrUnknown},
		{ended, context.Canceled, true, store.ErrUnknown},
		{ended, context.Canceled, false, store.ErrUnavailable},
	} {
		require.ErrorIs(t, writeError(c.ctx, c.err, c.sent), c.want, "%v, sent %v", c.err, c.sent)
	}
}

// A watch goes on over a broken connection, without loss or repetition, and Close ends it.
func TestWatchResumes(t *testing.T) {
	front := newFront(t, start(t, config(t, "a")).ClientURL())
	s, err := Open(Options{Endpoints: []string{front.url()}})
	require.NoError(t, err)
	got := make(chan store.WatchResponse, 100)
	_, err = s.Watch(ctx, "", 0, func(r store.WatchResponse) {
		if len(r.Changes) > 0 || r.Err != nil {
			got <- r
		}
	})
	require.NoError(t, err)
	for i := range int64(5) {
		for { // a cut connection makes writes fail
			_, err := s.Put(ctx, fmt.Sprint(i), nil, 0)
			if err == nil {
				break
			}
			require.True(t, strings.Contains(err.Error(), "store: "), "%v", err)
		}
		front.cut()
		select {
		case r := <-got:
			require.Equal(t, i+2, r.Revision)
		case <-time.After(testTimeout):
			t.Fatal("the watch did not go on")
		}
	}
	require.NoError(t, s.Close())
	require.ErrorIs(t, (<-got).Err, store.ErrClosed)
	require.Empty(t, got)
	_, err = s.Get(ctx, "a", store.GetOptions{})
	require.ErrorIs(t, err, store.ErrClosed)
}

// A watch ends with its context's error, with compaction's, and not at all once stopped.
func TestWatchEnds(t *testing.T) {
	s, err := Open(Options{Endpoints: []string{start(t, config(t, "a")).ClientURL()}})
	require.NoError(t, err)
	ends := make(chan error, 10)
	deliver := func(r store.WatchResponse) {
		if r.Err != nil {
			ends <- r.Err
		}
	}
	cctx, cancel := context.WithCancel(ctx)
	_, err = s.Watch(cctx, "", 0, deliver)
	require.NoError(t, err)
	stop, err := s.Watch(ctx, "", 0, deliver)
	require.NoError(t, err)
	stop()
	stop()
	cancel()
	require.ErrorIs(t, <-ends, context.Canceled)

	for i := range int64(5) {
		_, err := s.Put(ctx, fmt.Sprint(i), nil, 0)
		require.NoError(t, err)
	}
	require.NoError(t, s.Compact(ctx, 5))
	_, err = s.Watch(ctx, "", 2, deliver)
	require.NoError(t, err)
	err = <-ends
	var compacted *store.CompactedError
	require.ErrorAs(t, err, &compacted)
	require.Equal(t, int64(5), compacted.Revision)
	require.NoError(t, s.Close())
	require.Empty(t, s.watches)
	require.Empty(t, ends)
}
