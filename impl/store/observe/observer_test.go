package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

var ctx = context.Background()

type lines struct {
	mu  sync.Mutex
	all []trace.Line
}

func (l *lines) Emit(line trace.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

// log prints the lines in short.
func (l *lines) log() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		switch r := line.Revision; {
		case line.Compact != nil:
			out = append(out, fmt.Sprintf("compact %d", line.Compact.Revision))
		case r.Deleted:
			out = append(out, fmt.Sprintf("%d -%s (%d)", r.Revision, r.Key, r.Previous))
		default:
			out = append(out, fmt.Sprintf("%d %s (%d)", r.Revision, r.Key, r.Previous))
		}
	}
	return out
}

func configMap(t *testing.T, value string) []byte {
	encoded, err := api.Encode(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c", UID: "u1"}, Data: map[string]string{"k": value},
	})
	require.NoError(t, err)
	return encoded
}

const key = "/registry/configmaps/ns/c"

// One object's life, in full. Over the memory store each line is written before the write returns.
func TestLines(t *testing.T) {
	s, sink := memory.New(), &lines{}
	o := New(s, sink, 0)
	require.NoError(t, o.Open(ctx))
	one, two := configMap(t, "1"), configMap(t, "2")
	_, _ = s.Put(ctx, key, one, 0)
	_, _ = s.Put(ctx, key, two, 2)
	_, _ = s.Put(ctx, "/elsewhere", nil, 0)
	_, _ = s.Delete(ctx, key, 3)
	_, _ = s.Put(ctx, "/registry/unknown", []byte("?"), 0)
	require.Equal(t, int64(6), o.Revision())

	want := []trace.Revision{
		{Revision: 2, Key: key, Created: 2, Resource: "configmaps", Namespace: "ns", Name: "c", UID: "u1", Hash: store.Hash(one)},
		{Revision: 3, Key: key, Created: 2, Previous: 2, Resource: "configmaps", Namespace: "ns", Name: "c", UID: "u1", Hash: store.Hash(two)},
		{Revision: 4, Key: "/elsewhere", Created: 4, Hash: store.Hash(nil)},
		{Revision: 5, Key: key, Created: 2, Previous: 3, Deleted: true, Resource: "configmaps", Namespace: "ns", Name: "c", UID: "u1", Hash: store.Hash(two)},
		{Revision: 6, Key: "/registry/unknown", Created: 6, Hash: store.Hash([]byte("?"))},
	}
	require.Len(t, sink.all, len(want))
	for i, line := range sink.all {
		got := *line.Revision
		if got.Object != nil {
			var object corev1.ConfigMap
			require.NoError(t, json.Unmarshal(got.Object, &object))
			require.Equal(t, fmt.Sprint(got.Revision), object.ResourceVersion)
			require.Equal(t, "ConfigMap", object.Kind)
			got.Object = nil
		}
		require.Equal(t, want[i], got)
	}
	list, err := s.List(ctx, Prefix, store.ListOptions{Revision: 2})
	require.NoError(t, err)
	require.Len(t, Initial(list.KVs), 1)
	require.Equal(t, *sink.all[0].Revision, Initial(list.KVs)[0])
}

// Closed and opened again, the observer loses nothing and repeats nothing; what is compacted meanwhile is an error.
func TestOpenAgain(t *testing.T) {
	s, sink := memory.New(), &lines{}
	o := New(s, sink, 0)
	for i := range int64(3) {
		_, _ = s.Put(ctx, key, configMap(t, fmt.Sprint(i)), max(0, i+1)*min(i, 1))
		require.NoError(t, o.Open(ctx))
		o.Close()
	}
	require.Equal(t, []string{"2 " + key + " (0)", "3 " + key + " (2)", "4 " + key + " (3)"}, sink.log())
	_, _ = s.Delete(ctx, key, 4)
	_, _ = s.Put(ctx, key, nil, 0)
	require.NoError(t, s.Compact(ctx, 6))
	require.ErrorIs(t, o.Open(ctx), ErrLost)
}

// Compactions are found to the revision.
func TestLookForCompaction(t *testing.T) {
	s, sink := memory.New(), &lines{}
	o := New(s, sink, 0)
	require.NoError(t, o.Open(ctx))
	for i := range 40 {
		_, _ = s.Put(ctx, fmt.Sprintf("/registry/%d", i), nil, 0)
	}
	sink.all = nil
	require.NoError(t, o.LookForCompaction(ctx))
	var want []string
	for _, revision := range []int64{2, 3, 17, 40, 41} {
		require.NoError(t, s.Compact(ctx, revision))
		require.NoError(t, o.LookForCompaction(ctx))
		require.NoError(t, o.LookForCompaction(ctx))
		want = append(want, fmt.Sprintf("compact %d", revision))
	}
	require.Equal(t, want, sink.log())
}

// breaking ends every watch after its second response.
type breaking struct{ store.Store }

func (b breaking) Watch(ctx context.Context, prefix string, after int64, deliver func(store.WatchResponse)) (func(), error) {
	n := 0
	return b.Store.Watch(ctx, prefix, after, func(r store.WatchResponse) {
		if n++; n <= 2 {
			deliver(r)
		}
		if n == 2 {
			deliver(store.WatchResponse{Err: store.ErrUnavailable})
		}
	})
}

// Over breaking watches Run still writes the whole log, once; it ends with its context.
func TestRunOverBreaks(t *testing.T) {
	s, sink := memory.New(), &lines{}
	o := New(breaking{s}, sink, 0)
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- o.Run(running) }()
	var want []string
	for i := range 6 {
		name := fmt.Sprintf("/registry/%d", i)
		_, err := s.Put(ctx, name, nil, 0)
		require.NoError(t, err)
		want = append(want, fmt.Sprintf("%d %s (0)", i+2, name))
	}
	bounded, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	require.NoError(t, o.Reach(bounded, 7))
	require.Equal(t, want, sink.log())
	cancel()
	require.NoError(t, <-ended)
	require.ErrorContains(t, o.Reach(running, 8), "up to revision 7 of 8")
}
