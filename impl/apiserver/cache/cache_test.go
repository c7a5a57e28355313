package cache_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

var configMaps, _ = api.ByName("configmaps")

// source is a store whose watch is handed on only when a test says so: a cache that lags.
type source struct {
	t       require.TestingT
	store   *memory.Store
	pending []store.WatchResponse
}

func newSource(t require.TestingT) *source {
	s := &source{t: t, store: memory.New()}
	_, err := s.store.Watch(context.Background(), cache.Root, s.revision(), func(r store.WatchResponse) { s.pending = append(s.pending, r) })
	require.NoError(t, err)
	return s
}

func (s *source) revision() int64 {
	r, err := s.store.Count(context.Background(), cache.Root)
	require.NoError(s.t, err)
	return r.Revision
}

// put writes the ConfigMap name with label x=value, whatever is there; "" deletes it.
func (s *source) put(namespace, name, value string) int64 {
	key := configMaps.Key(namespace, name)
	had, err := s.store.Get(context.Background(), key, store.GetOptions{})
	require.NoError(s.t, err)
	mod := int64(0)
	if had.KV != nil {
		mod = had.KV.Mod
	}
	if value == "" {
		if mod == 0 {
			return had.Revision
		}
		r, err := s.store.Delete(context.Background(), key, mod)
		require.NoError(s.t, err)
		return r.Revision
	}
	data, err := api.Encode(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"x": value}}})
	require.NoError(s.t, err)
	r, err := s.store.Put(context.Background(), key, data, mod)
	require.NoError(s.t, err)
	return r.Revision
}

func (s *source) list(revision int64) store.ListResponse {
	r, err := s.store.List(context.Background(), cache.Root, store.ListOptions{Revision: revision})
	require.NoError(s.t, err)
	return r
}

// feed hands everything pending to the cache.
func (s *source) feed(c *cache.Cache) {
	for _, r := range s.pending {
		require.NoError(s.t, observe(c, r))
	}
	s.pending = nil
}

func observe(c *cache.Cache, r store.WatchResponse) error {
	if err := c.Observe(r.Revision, r.Changes); err != nil {
		return err
	}
	c.Progress(r.Revision)
	return nil
}

func everything(api.Object) bool { return true }

func labelled(value string) func(api.Object) bool {
	return func(o api.Object) bool { return o.GetLabels()["x"] == value }
}

// drain reads all that a watcher has, as "TYPE name=label@revision".
func drain(c *cache.Cache, w *cache.Watcher) (events []string, err error) {
	for {
		e, ok, err := c.Next(w)
		if err != nil || !ok {
			return events, err
		}
		events = append(events, show(e))
	}
}

func show(e api.WatchEvent) string {
	o := e.Object.(api.Object)
	if e.Type == watch.Bookmark {
		end := ""
		if o.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
			end = " end"
		}
		return fmt.Sprintf("BOOKMARK@%s%s", o.GetResourceVersion(), end)
	}
	return fmt.Sprintf("%s %s=%s@%s", e.Type, o.GetName(), o.GetLabels()["x"], o.GetResourceVersion())
}

func items(s cache.Snapshot) (all []string) {
	s.Ascend(configMaps.Root(""), "", func(i *cache.Item) bool {
		all = append(all, fmt.Sprintf("%s=%s@%s", i.Object.GetName(), i.Object.GetLabels()["x"], i.Object.GetResourceVersion()))
		return true
	})
	return all
}

// Goal: the words of the package comment, each on the smallest example. Method: a store whose watch is handed on by hand.
func TestWatch(t *testing.T) {
	s := newSource(t)
	c := cache.New(configMaps, 4)
	_, err := c.Watch(cache.WatchOptions{Match: everything})
	require.True(t, apierrors.IsTooManyRequests(err), "a cache that is not ready serves nothing: %v", err)

	r := s.put("n", "a", "1")
	l := s.list(0)
	s.pending = nil
	require.NoError(t, c.ObserveList(l.Revision, l.KVs))
	open := func(o cache.WatchOptions) *cache.Watcher {
		t.Helper()
		if o.Match == nil {
			o.Match = everything
		}
		o.Prefix = configMaps.Root("n")
		w, err := c.Watch(o)
		require.NoError(t, err)
		return w
	}
	fromList := open(cache.WatchOptions{After: r})
	initial := open(cache.WatchOptions{Initial: true, MarkEnd: true, Bookmarks: true})
	ones := open(cache.WatchOptions{After: r, Match: labelled("1"), Bookmarks: true})
	_, ok := c.Bookmark(initial)
	require.False(t, ok, "no bookmark before the initial events were sent")

	s.put("n", "a", "2") // r+1
	s.put("m", "a", "1") // r+2, of another namespace
	s.put("n", "a", "1") // r+3
	s.put("n", "a", "")  // r+4
	s.feed(c)
	expect := func(w *cache.Watcher, want ...string) {
		t.Helper()
		got, err := drain(c, w)
		require.NoError(t, err)
		for i := range want {
			want[i] = strings.NewReplacer("r+1", fmt.Sprint(r+1), "r+3", fmt.Sprint(r+3), "r+4", fmt.Sprint(r+4), "r+0", fmt.Sprint(r)).Replace(want[i])
		}
		require.Equal(t, want, got)
	}
	expect(fromList, "MODIFIED a=2@r+1", "MODIFIED a=1@r+3", "DELETED a=1@r+4")
	expect(initial, "ADDED a=1@r+0", "BOOKMARK@r+0 end", "MODIFIED a=2@r+1", "MODIFIED a=1@r+3", "DELETED a=1@r+4")
	expect(ones, "DELETED a=1@r+1", "ADDED a=1@r+3", "DELETED a=1@r+4")

	_, ok = c.Bookmark(fromList)
	require.False(t, ok, "no bookmark for who wants none")
	_, ok = c.Bookmark(ones)
	require.False(t, ok, "no bookmark at a revision that was just sent")

	_, err = c.Watch(cache.WatchOptions{After: r, Match: everything})
	require.NoError(t, err, "four events fit the window")
	s.put("n", "b", "1")
	s.feed(c)
	_, err = c.Watch(cache.WatchOptions{After: r, Match: everything})
	require.True(t, apierrors.IsResourceExpired(err))
	require.Contains(t, err.Error(), fmt.Sprintf("too old resource version: %d (%d)", r, r+1))
	_, err = c.Watch(cache.WatchOptions{After: r + 1, Match: everything})
	require.NoError(t, err)

	c.Progress(r + 10)
	_, ok = c.Bookmark(ones)
	require.False(t, ok, "no bookmark for who has more to read")
	_, err = drain(c, ones)
	require.NoError(t, err)
	mark, ok := c.Bookmark(ones)
	require.True(t, ok)
	require.Equal(t, fmt.Sprintf("BOOKMARK@%d", r+10), show(mark))
}

// BUGS A02: a cache that was just filled, and is empty, must not accept a watch from before its list.
func TestWatchBeforeTheList(t *testing.T) {
	s := newSource(t)
	s.put("n", "a", "1")
	s.put("n", "a", "")
	l := s.list(0)
	c := cache.New(configMaps, 4)
	require.NoError(t, c.ObserveList(l.Revision, l.KVs))
	_, err := c.Watch(cache.WatchOptions{After: l.Revision - 1, Match: everything})
	require.True(t, apierrors.IsResourceExpired(err))
	_, err = c.Watch(cache.WatchOptions{After: l.Revision, Match: everything})
	require.NoError(t, err)
}

// A watch from ahead of the cache is not sent what it has seen.
func TestWatchFromAhead(t *testing.T) {
	s := newSource(t)
	l := s.list(0)
	c := cache.New(configMaps, 4)
	require.NoError(t, c.ObserveList(l.Revision, l.KVs))
	seen := s.put("n", "a", "1")
	w, err := c.Watch(cache.WatchOptions{After: seen, Match: everything})
	require.NoError(t, err)
	next := s.put("n", "a", "2")
	s.feed(c)
	got, err := drain(c, w)
	require.NoError(t, err)
	require.Equal(t, []string{fmt.Sprintf("MODIFIED a=2@%d", next)}, got)
}

// Goal: who is behind is told so, and never skips. Method: a relist, an overtaking, and a value that is no object.
func TestEndsOfWatches(t *testing.T) {
	s := newSource(t)
	fresh := func() (*cache.Cache, *cache.Watcher) {
		l := s.list(0)
		s.pending = nil
		c := cache.New(configMaps, 2)
		require.NoError(t, c.ObserveList(l.Revision, l.KVs))
		w, err := c.Watch(cache.WatchOptions{After: l.Revision, Match: everything})
		require.NoError(t, err)
		return c, w
	}
	t.Run("slow", func(t *testing.T) {
		c, w := fresh()
		for i := range 3 {
			s.put("n", "a", fmt.Sprint(i))
		}
		s.feed(c)
		_, err := drain(c, w)
		require.True(t, apierrors.IsResourceExpired(err))
	})
	t.Run("relist with a gap", func(t *testing.T) {
		c, w := fresh()
		s.put("n", "a", "gap")
		l := s.list(0)
		require.NoError(t, c.ObserveList(l.Revision, l.KVs))
		_, err := drain(c, w)
		require.True(t, apierrors.IsResourceExpired(err))
		require.Contains(t, err.Error(), fmt.Sprintf("(%d)", l.Revision))
	})
	t.Run("relist without a gap", func(t *testing.T) {
		c, w := fresh()
		s.put("n", "a", "seen")
		s.feed(c)
		l := s.list(0)
		require.NoError(t, c.ObserveList(l.Revision, l.KVs))
		got, err := drain(c, w)
		require.NoError(t, err)
		require.Len(t, got, 1)
	})
	t.Run("no object", func(t *testing.T) {
		c, w := fresh()
		revision := c.Revision()
		err := c.Observe(revision+1, []store.Change{{KV: store.KV{Key: configMaps.Key("n", "bad"), Value: []byte("bad"), Mod: revision + 1}}})
		require.ErrorContains(t, err, "configmaps/n/bad")
		require.False(t, c.Ready())
		_, err = drain(c, w)
		require.True(t, apierrors.IsResourceExpired(err))
		l := s.list(0)
		require.NoError(t, c.ObserveList(l.Revision, l.KVs))
		require.True(t, c.Ready())
	})
	t.Run("no object in a list", func(t *testing.T) {
		c, w := fresh()
		err := c.ObserveList(c.Revision()+1, []store.KV{{Key: configMaps.Key("n", "bad"), Value: []byte("bad"), Mod: 1}})
		require.ErrorContains(t, err, "configmaps/n/bad")
		require.False(t, c.Ready())
		_, err = drain(c, w)
		require.True(t, apierrors.IsResourceExpired(err))
	})
	t.Run("a deletion of what is not there is no end", func(t *testing.T) {
		c, w := fresh()
		revision := c.Revision() + 1
		require.NoError(t, c.Observe(revision, []store.Change{{Deleted: true, KV: store.KV{Key: configMaps.Key("n", "absent"), Mod: revision}}}))
		require.Equal(t, revision, c.Revision())
		got, err := drain(c, w)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

// A revision that wrote several objects of several resources reaches each cache whole.
func TestSetObservesOneRevisionWhole(t *testing.T) {
	set := cache.NewSet(0)
	require.False(t, set.Ready())
	require.NoError(t, set.ObserveList(5, nil))
	require.True(t, set.Ready())
	kv := func(obj api.Object) store.Change {
		r, _ := api.ByObject(obj)
		data, err := api.Encode(obj)
		require.NoError(t, err)
		return store.Change{KV: store.KV{Key: r.Key(obj.GetNamespace(), obj.GetName()), Value: data, Mod: 7, Created: 7}}
	}
	cm := func(name string) api.Object {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}}
	}
	changed, err := set.Observe(store.WatchResponse{Revision: 7, Changes: []store.Change{
		kv(cm("a")), kv(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "p"}}), kv(cm("b")),
		{KV: store.KV{Key: "/registry/masterleases/x", Value: []byte("of another kind"), Mod: 7}},
	}})
	require.NoError(t, err)
	require.Len(t, changed, 2)
	for _, c := range set.All() {
		require.EqualValues(t, 7, c.Revision())
	}
	s, ok := set.Of(configMaps).Snapshot()
	require.True(t, ok)
	require.Equal(t, []string{"a=@7", "b=@7"}, items(s))
	_, err = set.Observe(store.WatchResponse{Revision: 8, Changes: []store.Change{{KV: store.KV{Key: configMaps.Key("n", "x"), Value: []byte("bad"), Mod: 8}}}})
	require.Error(t, err)
	require.False(t, set.Ready())
	pods, _ := api.ByName("pods")
	require.True(t, set.Of(pods).Ready(), "one resource's bad value is no other's")

	// What is lost stays so until it is listed again; the others go on.
	c, p := kv(cm("c")), kv(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "q"}})
	changed, err = set.Observe(store.WatchResponse{Revision: 9, Changes: []store.Change{c, p}})
	require.EqualError(t, err, "/registry/configmaps/n/c at revision 9: the cache is not ready")
	require.Equal(t, []*cache.Cache{set.Of(pods)}, changed)
	watcher, err := set.Of(pods).Watch(cache.WatchOptions{After: 9, Match: everything})
	require.NoError(t, err)
	require.NoError(t, set.Recover(9, []store.KV{c.KV, p.KV, {Key: "/registry/masterleases/x", Value: []byte("of another kind"), Mod: 7}}))
	require.True(t, set.Ready())
	s, ok = set.Of(configMaps).Snapshot()
	require.True(t, ok)
	require.Equal(t, []string{"c=@7"}, items(s))
	_, _, err = set.Of(pods).Next(watcher)
	require.NoError(t, err, "a cache that was not lost keeps its watchers")
}

// What a store answered is looked up among the objects that are held: only the same version is the same object.
func TestHeld(t *testing.T) {
	s := newSource(t)
	s.put("n", "a", "1")
	set := cache.NewSet(0)
	l := s.list(0)
	require.NoError(t, set.ObserveList(l.Revision, l.KVs))
	item, held := set.Held(l.KVs[0])
	require.True(t, held)
	require.Equal(t, "a", item.Object.GetName())
	s.put("n", "a", "2")
	_, held = set.Held(s.list(0).KVs[0])
	require.False(t, held, "the cache has not seen it")
	_, held = set.Held(store.KV{Key: "/registry/masterleases/x"})
	require.False(t, held, "no cache holds such")
	require.PanicsWithValue(t, "cache: resource eggs is not served", func() { set.Of(&api.Resource{Name: "eggs"}) })
}

// follower is a watcher and what it should see.
type follower struct {
	w     *cache.Watcher
	after int64 // everything up to here was sent
	match string
	state map[string]string // what it has been told, by name
}

// Goal: rows 21 to 26 for any interleaving of writes, lag, relists and slow readers. Method: each watcher's received
// events are applied to a state of its own, which must be, whenever it has read everything, what the store holds at the
// cache's revision; each event must be the next change the store made that the watcher can see.
func TestAnyInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSource(rt)
		c := cache.New(configMaps, rapid.IntRange(1, 6).Draw(rt, "window"))
		l := s.list(0)
		require.NoError(rt, c.ObserveList(l.Revision, l.KVs))
		m := &interleaving{source: s, c: c, hashes: map[*cache.Item]string{}}
		m.remember()
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "put": m.put, "deliver": m.deliver, "relist": m.relist, "progress": m.progress, "open": m.open, "read": m.read, "mark": m.mark,
		})
	})
}

type interleaving struct {
	*source
	c         *cache.Cache
	followers []*follower
	states    []map[string]string // the store's state by revision, from its first
	first     int64
	hashes    map[*cache.Item]string
}

var (
	names  = rapid.SampledFrom([]string{"a", "b", "c"})
	values = rapid.SampledFrom([]string{"", "1", "2"})
)

// remember keeps the store's present state under its revision.
func (m *interleaving) remember() {
	l := m.list(0)
	if m.first == 0 {
		m.first = l.Revision
	}
	state := map[string]string{}
	for _, kv := range l.KVs {
		item, err := cache.Decode(kv)
		require.NoError(m.t, err)
		state[item.Object.GetName()] = fmt.Sprintf("%s@%d", item.Object.GetLabels()["x"], kv.Mod)
	}
	if len(m.states) == int(l.Revision-m.first) {
		m.states = append(m.states, state)
	}
}

func (m *interleaving) state(revision int64) map[string]string { return m.states[revision-m.first] }

func visible(state map[string]string, match string) map[string]string {
	seen := map[string]string{}
	for name, v := range state {
		if value, _, _ := strings.Cut(v, "@"); match == "" || value == match {
			seen[name] = v
		}
	}
	return seen
}

func (m *interleaving) put(t *rapid.T) {
	m.source.put("n", names.Draw(t, "name"), values.Draw(t, "value"))
	m.remember()
}

func (m *interleaving) deliver(t *rapid.T) {
	if len(m.pending) == 0 {
		t.Skip()
	}
	require.NoError(t, observe(m.c, m.pending[0]))
	if rapid.Bool().Draw(t, "again") { // a watch that was taken up again may repeat
		require.NoError(t, observe(m.c, m.pending[0]))
	}
	m.pending = m.pending[1:]
}

func (m *interleaving) relist(t *rapid.T) {
	l := m.list(0)
	require.NoError(t, m.c.ObserveList(l.Revision, l.KVs))
	m.pending = nil
}

func (m *interleaving) progress(t *rapid.T) {
	require.NoError(t, m.store.Progress(context.Background()))
}

func (m *interleaving) open(t *rapid.T) {
	match := rapid.SampledFrom([]string{"", "1"}).Draw(t, "match")
	opts := cache.WatchOptions{Prefix: configMaps.Root(""), Match: everything, Bookmarks: true, Initial: rapid.Bool().Draw(t, "initial")}
	if match != "" {
		opts.Match = labelled(match)
	}
	f := &follower{match: match, after: m.c.Revision(), state: map[string]string{}}
	if !opts.Initial {
		opts.After = rapid.Int64Range(m.first, m.c.Revision()).Draw(t, "after")
		f.after, f.state = opts.After, visible(m.state(opts.After), match)
	}
	var err error
	if f.w, err = m.c.Watch(opts); err != nil {
		require.True(t, apierrors.IsResourceExpired(err))
		_, reaches := m.c.At(opts.After)
		require.False(t, reaches, "a watch is refused only from where the window does not reach")
		return
	}
	m.followers = append(m.followers, f)
}

func (m *interleaving) pick(t *rapid.T) *follower {
	if len(m.followers) == 0 {
		t.Skip()
	}
	return m.followers[rapid.IntRange(0, len(m.followers)-1).Draw(t, "follower")]
}

func (m *interleaving) read(t *rapid.T) {
	f := m.pick(t)
	for range rapid.IntRange(1, 4).Draw(t, "events") {
		e, ok, err := m.c.Next(f.w)
		if err != nil {
			require.True(t, apierrors.IsResourceExpired(err))
			m.followers = slices.DeleteFunc(m.followers, func(other *follower) bool { return other == f })
			return
		}
		if !ok {
			require.Equal(t, visible(m.state(m.c.Revision()), f.match), f.state, "a watcher that has read everything knows the cache's state")
			return
		}
		m.apply(t, f, e)
	}
}

// apply checks that e is a change that the watcher had yet to see, and takes it over.
func (m *interleaving) apply(t *rapid.T, f *follower, e api.WatchEvent) {
	o := e.Object.(api.Object)
	revision, shown := api.MustResourceVersion(o), fmt.Sprintf("%s@%s", o.GetLabels()["x"], o.GetResourceVersion())
	had, knew := f.state[o.GetName()]
	switch e.Type {
	case watch.Added:
		require.False(t, knew, "ADDED is new")
		f.state[o.GetName()] = shown
	case watch.Modified:
		require.True(t, knew, "MODIFIED is known")
		f.state[o.GetName()] = shown
	case watch.Deleted:
		require.True(t, knew, "DELETED is known")
		value, _, _ := strings.Cut(had, "@")
		require.Equal(t, value, o.GetLabels()["x"], "DELETED shows the last state that matched")
		delete(f.state, o.GetName())
	}
	if revision <= f.after { // one of the initial events
		require.Equal(t, watch.Added, e.Type)
		return
	}
	for between := f.after + 1; between < revision; between++ {
		require.Equal(t, visible(m.state(between-1), f.match), visible(m.state(between), f.match), "revision %d was skipped", between)
	}
	require.Equal(t, visible(m.state(revision), f.match), f.state)
	f.after = revision
}

func (m *interleaving) mark(t *rapid.T) {
	f := m.pick(t)
	if e, ok := m.c.Bookmark(f.w); ok {
		revision := api.MustResourceVersion(e.Object.(api.Object))
		require.Equal(t, visible(m.state(revision), f.match), f.state, "BOOKMARK: everything up to it was sent")
		require.GreaterOrEqual(t, revision, f.after)
		f.after = revision
	}
}

// check holds the cache against the store, at its revision and at every one that it says it can serve, and every shared
// object against what it was when it was first seen.
func (m *interleaving) check(t *rapid.T) {
	for revision := m.first; revision <= m.c.Revision(); revision++ {
		s, ok := m.c.At(revision)
		require.True(t, ok || revision < m.c.Revision(), "the present can be served")
		if !ok {
			continue
		}
		got := map[string]string{}
		s.Ascend(configMaps.Root(""), "", func(i *cache.Item) bool {
			got[i.Object.GetName()] = fmt.Sprintf("%s@%d", i.Object.GetLabels()["x"], i.KV.Mod)
			m.unchanged(t, i)
			return true
		})
		require.Equal(t, m.state(revision), got, "at revision %d", revision)
	}
}

func (m *interleaving) unchanged(t *rapid.T, i *cache.Item) {
	data, err := api.Encode(i.Object)
	require.NoError(t, err)
	hash := trace.HashOf(data) + i.Object.GetResourceVersion()
	if known, ok := m.hashes[i]; ok {
		require.Equal(t, known, hash, "%s was modified", i.KV.Key)
	}
	m.hashes[i] = hash
}
