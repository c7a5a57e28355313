package fuzz

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/impl/store"
	"orrery/impl/store/etcd"
	"orrery/impl/store/memory"
	model "orrery/model/store"
)

var ctx = context.Background()

const (
	// memoryChecks and etcdChecks are how many machines drive each store. A real etcd takes a fresh member each time.
	memoryChecks = 1000
	etcdChecks   = 20
	// deliveryBound is how long a delivery may take before it counts as missing, askAgain how long to wait before
	// progress is asked for again.
	deliveryBound = 20 * time.Second
	askAgain      = 10 * time.Millisecond
	mostWatches   = 3
)

// Goal: the memory store answers as the model does, deliveries included. Method: one random machine drives both.
func TestMemoryStoreAgainstModel(t *testing.T) {
	setFlag(t, "rapid.checks", fmt.Sprint(memoryChecks))
	rapid.Check(t, func(t *rapid.T) {
		drive(t, memory.New(), false)
	})
}

// FuzzMemoryStore is the same machine, its choices made by the bytes of a fuzz input.
func FuzzMemoryStore(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		drive(t, memory.New(), false)
	}))
}

// Goal: so does a real etcd behind its adapter. Method: the same machine; each run has a fresh member, as the model begins
// at revision 1.
func TestEtcdAgainstModel(t *testing.T) {
	setFlag(t, "rapid.checks", fmt.Sprint(etcdChecks))
	setFlag(t, "rapid.steps", "40")
	root := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(root, "member")
		require.NoError(rt, err)
		bounded, cancel := context.WithTimeout(ctx, deliveryBound)
		defer cancel()
		member, err := etcd.Start(bounded, etcd.Config{
			Name: "m", DataDir: dir, ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0",
			UnsafeNoFsync: true, Heartbeat: 20 * time.Millisecond,
		})
		require.NoError(rt, err)
		defer member.Stop()
		s, err := etcd.Open(etcd.Options{Endpoints: []string{member.ClientURL()}})
		require.NoError(rt, err)
		defer s.Close()
		drive(rt, s, true)
	})
}

// setFlag sets one of rapid's flags for one test.
func setFlag(t *testing.T, name, value string) {
	f := flag.Lookup(name)
	before := f.Value.String()
	require.NoError(t, f.Value.Set(value))
	t.Cleanup(func() { require.NoError(t, f.Value.Set(before)) })
}

// storeMachine drives a store and its model.
type storeMachine struct {
	store   store.Store
	state   model.State
	watches map[int]*storeWatch
	opened  int
	slow    bool // the store delivers when it likes, and not from within the write
}

// drive takes random actions on a fresh store.
func drive(t *rapid.T, s store.Store, slow bool) {
	m := &storeMachine{store: s, state: model.Init()[0], watches: map[int]*storeWatch{}, slow: slow}
	t.Repeat(map[string]func(*rapid.T){
		"put":      m.put,
		"putAgain": m.put, // twice, because all else feeds on it
		"delete":   m.delete,
		"get":      m.get,
		"list":     m.list,
		"count":    m.count,
		"compact":  m.compact,
		"open":     m.open,
		"stop":     m.stop,
		"progress": m.progress,
		"":         m.deliveries,
	})
	m.progress(t) // brings to light what was delivered too much
	m.silence(t)
	for _, w := range m.state.Watches {
		m.watches[w.Number].stop()
	}
}

func (m *storeMachine) put(t *rapid.T) {
	a := model.Put{Key: drawKey(t), Value: rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "value")}
	a.Expected = m.drawExpected(t, a.Key)
	var guards []store.Guard
	for range max(0, rapid.IntRange(-3, 2).Draw(t, "guards")) {
		key := drawKey(t)
		g := model.Guard{Key: key, Expected: m.drawExpected(t, key)}
		a.Guards, guards = append(a.Guards, g), append(guards, store.Guard{Key: g.Key, Mod: g.Expected})
	}
	resp, err := m.store.Put(ctx, a.Key, []byte(a.Value), a.Expected, guards...)
	got := model.Answer{Failure: failureOf(t, err), Revision: resp.Revision, Succeeded: resp.Succeeded, Held: heldOf(resp.KV)}
	for _, kv := range resp.Guards {
		revision := int64(0)
		if kv != nil {
			revision = kv.Mod
		}
		got.Guards = append(got.Guards, revision)
	}
	m.step(t, a, got)
}

func (m *storeMachine) delete(t *rapid.T) {
	a := model.Delete{Key: drawKey(t)}
	a.Expected = m.drawExpected(t, a.Key)
	resp, err := m.store.Delete(ctx, a.Key, a.Expected)
	m.step(t, a, model.Answer{Failure: failureOf(t, err), Revision: resp.Revision, Succeeded: resp.Succeeded, Held: heldOf(resp.KV)})
}

func (m *storeMachine) get(t *rapid.T) {
	a := model.Get{Key: drawKey(t), Revision: m.drawRevision(t, "revision")}
	resp, err := m.store.Get(ctx, a.Key, store.GetOptions{Revision: a.Revision})
	m.step(t, a, model.Answer{Failure: failureOf(t, err), Revision: resp.Revision, Held: heldOf(resp.KV)})
}

func (m *storeMachine) list(t *rapid.T) {
	a := model.List{Prefix: drawPrefix(t), Revision: m.drawRevision(t, "revision"), Limit: rapid.Int64Range(0, 3).Draw(t, "limit")}
	if rapid.Bool().Draw(t, "continues") {
		a.From = drawKey(t) + "\x00"
	}
	resp, err := m.store.List(ctx, a.Prefix, store.ListOptions{Revision: a.Revision, Limit: a.Limit, Continue: a.From})
	got := model.Answer{Failure: failureOf(t, err), Revision: resp.Revision, Count: resp.Count}
	for i := range resp.KVs {
		got.Held = append(got.Held, heldOf(&resp.KVs[i])...)
	}
	m.step(t, a, got)
}

func (m *storeMachine) count(t *rapid.T) {
	a := model.Count{Prefix: drawPrefix(t)}
	resp, err := m.store.Count(ctx, a.Prefix)
	m.step(t, a, model.Answer{Failure: failureOf(t, err), Revision: resp.Revision, Count: resp.Count})
}

// compact first lets every watch catch up: what compaction does to one that has not is settled only by when etcd looks.
func (m *storeMachine) compact(t *rapid.T) {
	m.progress(t)
	a := model.Compact{Revision: m.drawRevision(t, "revision")}
	failure := failureOf(t, m.store.Compact(ctx, a.Revision))
	got := model.Answer{Failure: failure}
	if failure == model.None {
		got.Revision = m.state.Revision // Compact answers no revision
	}
	m.step(t, a, got)
}

// step compares an answer with the model's, and takes the model's step.
func (m *storeMachine) step(t *rapid.T, a model.Action, got model.Answer) {
	t.Helper()
	want := model.AnswerTo(m.state, a)
	if want, got := printAnswer(want), printAnswer(got); want != got {
		t.Fatalf("%#v\n got %s\nwant %s\n in %+v", a, got, want, m.state)
	}
	m.take(t, a)
}

func (m *storeMachine) take(t *rapid.T, a model.Action) {
	t.Helper()
	next, enabled := model.Next(m.state, a)
	if !enabled {
		t.Fatalf("%#v is not enabled in %+v", a, m.state)
	}
	m.state = next
}

func drawKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "a/1", "a/2", "b", "\xff"}).Draw(t, "key")
}

func drawPrefix(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "a", "a/", "b", "c", "\xff"}).Draw(t, "prefix")
}

// drawRevision prefers the past, knows the present and tries the future.
func (m *storeMachine) drawRevision(t *rapid.T, label string) int64 {
	return rapid.Int64Range(0, m.state.Revision+2).Draw(t, label)
}

// drawExpected is mostly right.
func (m *storeMachine) drawExpected(t *rapid.T, key string) int64 {
	if rapid.IntRange(0, 3).Draw(t, "stale") == 3 {
		return m.drawRevision(t, "expected")
	}
	if now, exists := m.state.At(key, m.state.Revision); exists {
		return now.Revision
	}
	return 0
}

func failureOf(t *rapid.T, err error) model.Failure {
	t.Helper()
	switch {
	case err == nil:
		return model.None
	case errors.Is(err, store.ErrCompacted):
		return model.Compacted
	case errors.Is(err, store.ErrFuture):
		return model.Future
	}
	t.Fatalf("no failure that the model knows: %v", err)
	return ""
}

func heldOf(kv *store.KV) []model.Change {
	if kv == nil {
		return nil
	}
	return []model.Change{{Revision: kv.Mod, Key: kv.Key, Value: string(kv.Value), Created: kv.Created, Version: kv.Version}}
}

func printAnswer(a model.Answer) string {
	if a.Failure != model.None {
		return string(a.Failure)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "revision %d, succeeded %v, count %d, held %+v, guards %v", a.Revision, a.Succeeded, a.Count, a.Held, a.Guards)
	if a.Change != nil {
		fmt.Fprintf(&b, ", change %+v", *a.Change)
	}
	if a.Replaced != nil {
		fmt.Fprintf(&b, ", replaced %+v", *a.Replaced)
	}
	return b.String()
}
