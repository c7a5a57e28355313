package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

var ctx = context.Background()

// lines is a sink that keeps what it is given.
type lines struct {
	mu  sync.Mutex
	all []trace.Line
}

func (l *lines) Emit(line trace.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

func (l *lines) String() string {
	var b strings.Builder
	for _, line := range l.all {
		text, _ := json.Marshal(line)
		b.WriteString(strings.TrimPrefix(string(text), `{"t":0,"p":"",`) + "\n")
	}
	return b.String()
}

// failing is a store whose puts end as told.
type failing struct {
	store.Store
	err error
}

func (f failing) Put(context.Context, string, []byte, int64, ...store.Guard) (store.PutResponse, error) {
	return store.PutResponse{}, f.err
}

// Every kind of line, in full. The trace is read by programs that do not change when this package does.
func TestRecordedLines(t *testing.T) {
	sink := &lines{}
	s := store.Recorded(memory.New(), sink, "a", "etcd-0")
	stop, err := s.Watch(ctx, "/x/", 0, func(store.WatchResponse) {})
	require.NoError(t, err)
	_, _ = s.Put(ctx, "/x/1", []byte("one"), 0)
	_, _ = s.Put(ctx, "/x/1", []byte("two"), 7)
	_, _ = s.Put(ctx, "/x/1", []byte("two"), 2)
	_, _ = s.Put(ctx, "/x/2", nil, 0, store.Guard{Key: "/x/1", Mod: 3}, store.Guard{Key: "/x/3", Mod: 1})
	_, _ = s.Get(ctx, "/x/1", store.GetOptions{Revision: 2})
	_, _ = s.Get(ctx, "/x/1", store.GetOptions{Revision: 9})
	_, _ = s.List(ctx, "/x/", store.ListOptions{Limit: 1})
	_, _ = s.Count(ctx, "/x/")
	_, _ = s.Delete(ctx, "/x/1", 3)
	require.NoError(t, s.Progress(ctx))
	require.NoError(t, s.Compact(ctx, 4))
	stop()
	_, err = s.Watch(ctx, "", 1, func(store.WatchResponse) {})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	one, two := store.Hash([]byte("one")), store.Hash([]byte("two"))
	require.Equal(t, strings.NewReplacer("NONE", store.Hash(nil), "ONE", one, "TWO", two).Replace(`"watch":{"id":"a/watch/1","client":"a/watch/1","server":"etcd-0","layer":"store","key":"/x/","resourceVersion":"0"}}
"call":{"id":"a#1","client":"a/1","layer":"store","verb":"put","server":"etcd-0","key":"/x/1","hash":"ONE"}}
"event":{"watch":"a/watch/1","type":"ADDED","object":{"key":"/x/1","rv":2,"hash":"ONE"}}}
"return":{"id":"a#1","outcome":"ok","object":{"key":"/x/1","rv":2,"hash":"ONE"},"revision":2,"succeeded":true}}
"call":{"id":"a#2","client":"a/1","layer":"store","verb":"put","server":"etcd-0","key":"/x/1","expected":7,"hash":"TWO"}}
"return":{"id":"a#2","outcome":"ok","object":{"key":"/x/1","rv":2,"hash":"ONE"},"revision":2}}
"call":{"id":"a#3","client":"a/1","layer":"store","verb":"put","server":"etcd-0","key":"/x/1","expected":2,"hash":"TWO"}}
"event":{"watch":"a/watch/1","type":"MODIFIED","object":{"key":"/x/1","rv":3,"hash":"TWO"},"previous":{"key":"/x/1","rv":2,"hash":"ONE"}}}
"return":{"id":"a#3","outcome":"ok","object":{"key":"/x/1","rv":3,"hash":"TWO"},"revision":3,"succeeded":true}}
"call":{"id":"a#4","client":"a/1","layer":"store","verb":"put","server":"etcd-0","key":"/x/2","hash":"NONE","guards":[{"key":"/x/1","rv":3},{"key":"/x/3","rv":1}]}}
"return":{"id":"a#4","outcome":"ok","revision":3,"guards":[{"key":"/x/1","rv":3,"hash":"TWO"},{"key":"/x/3"}]}}
"call":{"id":"a#5","client":"a/1","layer":"store","verb":"get","server":"etcd-0","key":"/x/1","at":2}}
"return":{"id":"a#5","outcome":"ok","object":{"key":"/x/1","rv":2,"hash":"ONE"},"revision":3}}
"call":{"id":"a#6","client":"a/1","layer":"store","verb":"get","server":"etcd-0","key":"/x/1","at":9}}
"return":{"id":"a#6","outcome":"failed","reason":"store: the required revision is a future revision"}}
"call":{"id":"a#7","client":"a/1","layer":"store","verb":"list","server":"etcd-0","limit":1,"key":"/x/"}}
"return":{"id":"a#7","outcome":"ok","items":[{"key":"/x/1","rv":3,"hash":"TWO"}],"revision":3,"count":1}}
"call":{"id":"a#8","client":"a/1","layer":"store","verb":"count","server":"etcd-0","key":"/x/"}}
"return":{"id":"a#8","outcome":"ok","revision":3,"count":1}}
"call":{"id":"a#9","client":"a/1","layer":"store","verb":"delete","server":"etcd-0","key":"/x/1","expected":3}}
"event":{"watch":"a/watch/1","type":"DELETED","object":{"key":"/x/1","rv":4},"previous":{"key":"/x/1","rv":3,"hash":"TWO"}}}
"return":{"id":"a#9","outcome":"ok","object":{"key":"/x/1","rv":3,"hash":"TWO"},"revision":4,"succeeded":true}}
"event":{"watch":"a/watch/1","type":"BOOKMARK","object":{"rv":4}}}
"call":{"id":"a#10","client":"a/1","layer":"store","verb":"compact","server":"etcd-0","at":4}}
"return":{"id":"a#10","outcome":"ok"}}
"event":{"watch":"a/watch/1","type":"END"}}
"watch":{"id":"a/watch/2","client":"a/watch/2","server":"etcd-0","layer":"store","resourceVersion":"1"}}
"event":{"watch":"a/watch/2","type":"ERROR","reason":"store: the required revision has been compacted: history begins at revision 4"}}
"event":{"watch":"a/watch/2","type":"END"}}
`), sink.String())
}

// A client is one sequential issuer: an unknown outcome ends its life, any other does not.
func TestRecordedIssuers(t *testing.T) {
	sink := &lines{}
	for i, err := range []error{store.ErrUnavailable, store.ErrTooLarge, store.ErrUnknown, context.Canceled, nil} {
		s := store.Recorded(failing{memory.New(), err}, sink, fmt.Sprint(i), "s")
		_, _ = s.Put(ctx, "a", nil, 0)
		_, _ = s.Put(ctx, "a", nil, 0)
	}
	var got []string
	for _, line := range sink.all {
		if line.Call != nil {
			got = append(got, line.Call.Client)
		} else {
			got = append(got, string(line.Return.Outcome))
		}
	}
	require.Equal(t, strings.Fields("0/1 failed 0/1 failed 1/1 failed 1/1 failed 2/1 unknown 2/2 unknown 3/1 unknown 3/2 unknown 4/1 ok 4/1 ok"), got)
}

// Calls at once have different clients, each with at most one operation open.
func TestRecordedConcurrently(t *testing.T) {
	sink := &lines{}
	s := store.Recorded(memory.New(), sink, "c", "s")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				_, err := s.Put(ctx, fmt.Sprintf("%d/%d", g, i), nil, 0)
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	open, client := map[string]bool{}, map[string]string{}
	for _, line := range sink.all {
		if c := line.Call; c != nil {
			require.False(t, open[c.Client], "%s has two operations open", c.Client)
			open[c.Client], client[c.ID] = true, c.Client
		} else {
			open[client[line.Return.ID]] = false
		}
	}
	require.Len(t, client, 400)
	require.LessOrEqual(t, len(open), 8)
}

// Without a sink there is no wrapper.
func TestRecordedDiscard(t *testing.T) {
	inner := memory.New()
	require.Same(t, inner, store.Recorded(inner, trace.Discard, "c", "s"))
}
