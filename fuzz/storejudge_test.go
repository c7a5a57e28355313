package fuzz

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/checker/history"
	"orrery/checker/linear"
	"orrery/checker/verdict"
	"orrery/checker/watch"
	"orrery/checker/wellformed"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/store/memory"
	"orrery/impl/store/observe"
	"orrery/impl/trace"
)

// sink keeps the lines of one run, in one order.
type sink struct {
	began time.Time

	mu    sync.Mutex
	lines []trace.Line
}

func (s *sink) Emit(l trace.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.Seq, l.Time = int64(len(s.lines)+1), time.Since(s.began).Nanoseconds()
	s.lines = append(s.lines, l)
}

func (s *sink) judge(mode trace.Mode) (string, verdict.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := history.New(trace.Header{Format: trace.Format, Mode: mode, Revision: 1}, s.lines)
	for _, c := range []verdict.Checker{wellformed.Checker{}, linear.Checker{}, watch.Checker{}} {
		result := c.Check(ctx, h, verdict.DefaultLimits)
		if v := result.Verdict(); v == verdict.Illegal {
			return fmt.Sprintf("%v: %s", result.Findings[0].Guarantee, result.Findings[0].Text), v
		}
	}
	return "", verdict.Ok
}

// clientWork is what one client does in random order: write with and without luck, read now and then, watch.
func clientWork(t *rapid.T, s store.Store) {
	watches := 0
	t.Repeat(map[string]func(*rapid.T){
		"put": func(t *rapid.T) {
			key := "/registry/" + drawKey(t)
			now, err := s.Get(ctx, key, store.GetOptions{})
			require.NoError(t, err)
			expected := int64(rapid.IntRange(0, 9).Draw(t, "expected"))
			if now.KV != nil && expected > 2 {
				expected = now.KV.Mod
			}
			var guards []store.Guard
			if rapid.Bool().Draw(t, "guarded") {
				guards = []store.Guard{{Key: "/registry/" + drawKey(t), Mod: int64(rapid.IntRange(0, 3).Draw(t, "guard"))}}
			}
			_, err = s.Put(ctx, key, []byte(fmt.Sprint(now.Revision)), expected, guards...)
			require.NoError(t, err)
		},
		"delete": func(t *rapid.T) {
			key := "/registry/" + drawKey(t)
			now, err := s.Get(ctx, key, store.GetOptions{})
			require.NoError(t, err)
			if now.KV != nil {
				_, err = s.Delete(ctx, key, now.KV.Mod)
				require.NoError(t, err)
			}
		},
		"get": func(t *rapid.T) {
			at := int64(rapid.IntRange(0, 9).Draw(t, "revision"))
			_, err := s.Get(ctx, "/registry/"+drawKey(t), store.GetOptions{Revision: at})
			require.True(t, err == nil || errors.Is(err, store.ErrFuture), "%v", err)
		},
		"list": func(t *rapid.T) {
			at := int64(rapid.IntRange(0, 9).Draw(t, "revision"))
			_, err := s.List(ctx, "/registry/", store.ListOptions{Revision: at})
			require.True(t, err == nil || errors.Is(err, store.ErrFuture), "%v", err)
		},
		"watch": func(t *rapid.T) {
			if watches++; watches > mostWatches {
				t.Skip("enough watches")
			}
			_, err := s.Watch(ctx, "/registry/", int64(rapid.IntRange(0, 9).Draw(t, "after")), func(store.WatchResponse) {})
			require.NoError(t, err)
		},
		"progress": func(t *rapid.T) { require.NoError(t, s.Progress(ctx)) },
	})
}

// record runs clientWork over s as recorded, and an observer over the store as it really is.
func record(t *rapid.T, real, s store.Store) *sink {
	out := &sink{began: time.Now()}
	require.NoError(t, observe.New(real, out, 1).Open(ctx))
	clientWork(t, store.Recorded(s, out, "client", "store"))
	return out
}

// Goal: what a good store is recorded to have done is judged good. Method: random work over the memory store.
func TestRecordedStoreIsJudgedOk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		real := memory.New()
		if text, v := record(t, real, real).judge(trace.Simulated); v != verdict.Ok {
			t.Fatal(text)
		}
	})
}

// Goal: the judge sees in a recording what the machine saw beside the model. Method: the same planted bugs, under the
// recorder.
func TestRecordedStoreBugsAreJudgedIllegal(t *testing.T) {
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "1")
	setFlag(t, "rapid.checks", "2500") // -short makes a fifth of them
	setFlag(t, "rapid.shrinktime", "100ms")
	for name, says := range map[string][]error{
		"a change is dropped (etcd#17529)":                  {watch.ErrReliable, watch.ErrResumable, watch.ErrBookmarkable},
		"a change is told twice":                            {watch.ErrUnique},
		"a change comes without what it replaced":           {watch.ErrContent},
		"a change comes with itself as what it replaced":    {watch.ErrContent},
		"a progress notice overtakes a change (etcd#15220)": {watch.ErrBookmarkable},
		"a put does not compare":                            {linear.ErrSwap, linear.ErrDurable},
		"a put does not look at its guards":                 {linear.ErrSwap, linear.ErrExisted},
		"a put that was carried out is sent again":          {linear.ErrAsked, linear.ErrSwap},
		"a read is stale":                                   {linear.ErrFresh},
		"a read at a revision reads the present":            {linear.ErrExisted, linear.ErrSnapshot, linear.ErrNotOlder},
		"a list forgets a key":                              {linear.ErrSnapshot},
	} {
		t.Run(name, func(t *testing.T) {
			bug := bugNamed(t, name)
			text := failureText(t, func(t *rapid.T) {
				real := memory.New()
				bug.Store = real
				if text, v := record(t, real, bug).judge(trace.Simulated); v != verdict.Ok {
					t.Fatal(text)
				}
			})
			require.True(t, slices.ContainsFunc(says, func(g error) bool { return strings.Contains(text, g.Error()) }), text)
		})
	}
}

func bugNamed(t *testing.T, name string) buggy {
	for _, c := range storeBugs {
		if c.name == name {
			return c.bug
		}
	}
	t.Fatalf("no bug %q", name)
	return buggy{}
}

// Goal: the same holds for a real etcd and clients that run at once. Method: some clients fight over a few keys while one
// compacts; the observer's log, the calls and the watches are judged together.
func TestRecordedEtcdIsJudgedOk(t *testing.T) {
	const clients, writes = 4, 50
	bounded, cancel := context.WithTimeout(ctx, deliveryBound)
	defer cancel()
	member, err := etcd.Start(bounded, etcd.Config{
		Name: "m", DataDir: filepath.Join(t.TempDir(), "m"), ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0",
		UnsafeNoFsync: true, Heartbeat: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	defer member.Stop()
	real, err := etcd.Open(etcd.Options{Endpoints: []string{member.ClientURL()}})
	require.NoError(t, err)
	defer real.Close()

	out := &sink{began: time.Now()}
	observer := observe.New(real, out, 1)
	require.NoError(t, observer.Open(ctx))
	defer observer.Close()
	s := store.Recorded(real, out, "client", "etcd")
	stop, err := s.Watch(ctx, "/registry/", 0, func(store.WatchResponse) {})
	require.NoError(t, err)

	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range writes {
				key := fmt.Sprintf("/registry/%d", i%3)
				now, err := s.Get(bounded, key, store.GetOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				mod := int64(0)
				if now.KV != nil {
					mod = now.KV.Mod
				}
				if i%7 == 6 && mod > 0 {
					_, err = s.Delete(bounded, key, mod)
				} else {
					_, err = s.Put(bounded, key, []byte(fmt.Sprint(c, i)), mod)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	last, err := real.Get(bounded, "/registry/0", store.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, observer.Reach(bounded, last.Revision))
	require.NoError(t, s.Compact(bounded, last.Revision-10))
	stop()
	text, v := out.judge(trace.Real)
	require.Equal(t, verdict.Ok, v, text)
	require.Greater(t, len(out.lines), 2*clients*writes)
}
