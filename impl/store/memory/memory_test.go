package memory

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/store"
)

var ctx = context.Background()

// collect returns a deliver function and what it has been given so far.
func collect() (func(store.WatchResponse), *[]string) {
	got := []string(nil)
	return func(r store.WatchResponse) {
		line := fmt.Sprint(r.Revision)
		for _, c := range r.Changes {
			if c.Deleted {
				line += " -" + c.KV.Key
			} else {
				line += fmt.Sprintf(" %s=%s/%d.%d", c.KV.Key, c.KV.Value, c.KV.Created, c.KV.Version)
			}
			if c.Previous != nil {
				line += fmt.Sprintf(" (was %s@%d)", c.Previous.Value, c.Previous.Mod)
			}
		}
		if r.Err != nil {
			line = r.Err.Error()
		}
		got = append(got, line)
	}, &got
}

// put writes unconditionally.
func put(t testing.TB, s *Store, key, value string) int64 {
	t.Helper()
	now, err := s.Get(ctx, key, store.GetOptions{})
	require.NoError(t, err)
	resp, err := s.Put(ctx, key, []byte(value), modOf(now.KV))
	require.NoError(t, err)
	require.True(t, resp.Succeeded)
	return resp.Revision
}

// What the edges of history look like. The rapid machine in fuzz covers the rest, against the model and a real etcd.
func TestWatchAtTheEdgesOfHistory(t *testing.T) {
	s := New()
	put(t, s, "a", "1")             // 2
	put(t, s, "a", "2")             // 3
	put(t, s, "b", "1")             // 4
	_, err := s.Delete(ctx, "a", 3) // 5
	require.NoError(t, err)
	require.NoError(t, s.Compact(ctx, 4))
	require.ErrorIs(t, s.Compact(ctx, 4), store.ErrCompacted)
	require.ErrorIs(t, s.Compact(ctx, 6), store.ErrFuture)

	for _, c := range []struct {
		prefix string
		after  int64
		want   []string // with the answer to a progress request last
	}{
		{"", 2, []string{"store: the required revision has been compacted: history begins at revision 4"}},
		{"", 3, []string{"4 b=1/4.1", "5 -a (was 2@3)", "5"}},
		{"a", 3, []string{"5 -a (was 2@3)", "5"}},
		{"b", 4, []string{"5"}},
		{"", 5, nil}, // nothing to report yet
		{"", 9, nil}, // a watch from the future is silent
	} {
		t.Run(fmt.Sprintf("%q after %d", c.prefix, c.after), func(t *testing.T) {
			deliver, got := collect()
			stop, err := s.Watch(ctx, c.prefix, c.after, deliver)
			require.NoError(t, err)
			require.NoError(t, s.Progress(ctx))
			stop()
			require.Equal(t, c.want, *got)
		})
	}
}

// A change whose previous version is compacted is not told at all.
func TestWatchDoesNotTellHalfAChange(t *testing.T) {
	s := New()
	put(t, s, "a", "1")
	put(t, s, "a", "2")
	require.NoError(t, s.Compact(ctx, 3))
	deliver, got := collect()
	_, err := s.Watch(ctx, "a", 2, deliver)
	require.NoError(t, err)
	require.Equal(t, []string{"store: the required revision has been compacted: history begins at revision 3"}, *got)
	require.Empty(t, s.watches)
}

// Compaction must free: ten thousand versions of one key leave nothing behind.
func TestCompactFrees(t *testing.T) {
	s := New()
	value := string(make([]byte, 4096))
	var rev int64
	for range 10_000 {
		rev = put(t, s, "a", value)
	}
	require.NoError(t, s.Compact(ctx, rev))
	require.Len(t, s.index.find("a").versions, 1)
	require.Len(t, s.log.changes, 1)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapAlloc, uint64(20<<20))
	runtime.KeepAlive(s)
}

// The context's end and Close both end a watch with their reason; a stopped watch hears nothing.
func TestWatchEnds(t *testing.T) {
	s := New()
	ended := make(chan error, 1)
	cctx, cancel := context.WithCancel(ctx)
	_, err := s.Watch(cctx, "", 0, func(r store.WatchResponse) { ended <- r.Err })
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	closed, got := collect()
	_, err = s.Watch(ctx, "", 0, closed)
	require.NoError(t, err)
	stopped, none := collect()
	stop, err := s.Watch(ctx, "", 0, stopped)
	require.NoError(t, err)
	stop()
	require.NoError(t, s.Close())
	stop()
	require.Equal(t, []string{store.ErrClosed.Error()}, *got)
	require.Empty(t, *none)
	_, err = s.Put(ctx, "a", nil, 0)
	require.ErrorIs(t, err, store.ErrClosed)
}

// Bad input is named.
func TestBadInput(t *testing.T) {
	s := New()
	_, err := s.Put(ctx, "", nil, 0)
	require.ErrorIs(t, err, store.ErrKeyEmpty)
	_, err = s.Put(ctx, "a", make([]byte, 2<<20), 0)
	require.ErrorIs(t, err, store.ErrTooLarge)
	_, err = s.Get(ctx, "a", store.GetOptions{Revision: 2})
	require.ErrorIs(t, err, store.ErrFuture)
}

// Several goroutines: every write is told once, in order, to a watch that runs meanwhile.
func TestConcurrent(t *testing.T) {
	s := New()
	var seen []int64
	_, err := s.Watch(ctx, "", 0, func(r store.WatchResponse) { seen = append(seen, r.Revision) })
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 100 {
				put(t, s, fmt.Sprintf("k%d/%d", g, i%7), "v")
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 400)
	for i, r := range seen {
		require.Equal(t, int64(i+2), r)
	}
}

func BenchmarkPut(b *testing.B) {
	s := New()
	value := make([]byte, 1024)
	_, _ = s.Watch(ctx, "", 0, func(store.WatchResponse) {})
	for i := range b.N {
		key := fmt.Sprintf("/registry/pods/default/p%d", i%1000)
		e, _ := s.Get(ctx, key, store.GetOptions{})
		_, _ = s.Put(ctx, key, value, modOf(e.KV))
		if i%10_000 == 9_999 {
			_ = s.Compact(ctx, s.revision-1000)
		}
	}
}
