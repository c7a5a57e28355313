package request_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/trace"
)

func list(change ...func(*api.Request)) api.Request {
	r := api.Request{Verb: api.List, Resource: configMaps, Namespace: "default"}
	for _, c := range change {
		c(&r)
	}
	return r
}

// seen are the names that a list holds.
func seen(t require.TestingT, resp api.Response) (names []string, about metav1.ListInterface) {
	items, err := meta.ExtractList(resp.Object)
	require.NoError(t, err)
	for _, item := range items {
		names = append(names, item.(api.Object).GetName())
	}
	return names, resp.Object.(metav1.ListInterface)
}

// Goal: upstream's table of resourceVersion, resourceVersionMatch, limit and continue, and what each cell costs. Method: a
// store with the ConfigMaps a to e and z, a cache with a window of three events that has not seen z.
func TestListTable(t *testing.T) {
	const exact, notOlder = string(metav1.ResourceVersionMatchExact), string(metav1.ResourceVersionMatchNotOlderThan)
	token := func(w *world, rv int64) string {
		return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"v":"meta.k8s.io/v1","rv":%d,"start":"c\u0000"}`, rv))
	}
	for _, c := range []struct {
		rv, match string
		limit     int64
		cont      bool   // with a token that goes on after c, at the revision of the cache
		want      string // the names, "+" for more, and "@" the revision; or the error's reason
		asked     string
	}{
		{"", "", 0, false, "abcdez@new", "count wait"},
		{"", "", 2, false, "ab+@new", "count wait"},
		{"", "", 0, true, "de@cached", ""},
		{"", "", 1, true, "d+@cached", ""},
		{"0", "", 0, false, "abcde@cached", ""},
		{"0", "", 2, false, "abcde@cached", ""},
		{"0", "", 0, true, "de@cached", ""},
		{"cached", "", 0, false, "abcde@cached", ""},
		{"new", "", 0, false, "abcdez@new", "wait"},
		{"recent", "", 0, false, "abcde@cached", ""},
		{"recent", "", 9, false, "abcd@recent", ""},
		{"recent", "", 2, false, "ab+@recent", ""},
		{"recent", "", 0, true, "BadRequest", ""},
		{"ancient", "", 9, false, "a@ancient", "list"},
		{"ancient", "", 0, false, "abcde@cached", ""},
		{"future", "", 0, false, "Timeout", "wait"},
		{"future", "", 2, false, "Timeout", "wait list"},
		{"compacted", "", 2, false, "Expired", "list"},

		{"", exact, 0, false, "Invalid", ""},
		{"0", exact, 0, false, "Invalid", ""},
		{"recent", exact, 0, false, "abcd@recent", ""},
		{"recent", exact, 1, false, "a+@recent", ""},
		{"new", exact, 0, false, "abcdez@new", "wait"},
		{"ancient", exact, 0, false, "a@ancient", "list"},
		{"compacted", exact, 0, false, "Expired", "list"},
		{"future", exact, 0, false, "Timeout", "wait list"},
		{"recent", exact, 0, true, "Invalid", ""},

		{"", notOlder, 0, false, "Invalid", ""},
		{"0", notOlder, 0, false, "abcde@cached", ""},
		{"0", notOlder, 2, false, "abcde@cached", ""},
		{"recent", notOlder, 0, false, "abcde@cached", ""},
		{"recent", notOlder, 2, false, "ab+@cached", ""},
		{"new", notOlder, 0, false, "abcdez@new", "wait"},
		{"future", notOlder, 0, false, "Timeout", "wait"},
		{"cached", notOlder, 0, true, "Invalid", ""},

		{"recent", "Newest", 0, false, "Invalid", ""},
		{"x", "", 0, false, "BadRequest", ""},
	} {
		t.Run(fmt.Sprintf("rv=%s match=%s limit=%d continue=%v", c.rv, c.match, c.limit, c.cont), func(t *testing.T) {
			w := newWorld(t, 3)
			at := map[string]int64{}
			for _, name := range []string{"a", "b", "c", "d", "e", "z"} {
				w.must(create(configMap(name)))
				if name != "z" {
					w.catchUp()
				}
				at[name] = w.revision()
			}
			at = map[string]int64{"compacted": at["a"] - 1, "ancient": at["a"], "recent": at["d"], "cached": at["e"], "new": at["z"], "future": at["z"] + 100}
			require.NoError(t, w.store.Compact(context.Background(), at["ancient"]))
			req := list(func(r *api.Request) {
				r.ResourceVersion, r.Match, r.Limit = c.rv, metav1.ResourceVersionMatch(c.match), c.limit
				if revision, ok := at[c.rv]; ok {
					r.ResourceVersion = api.FormatResourceVersion(revision)
				}
				if c.cont {
					r.Continue = token(w, at["cached"])
				}
			})
			resp, err := w.do(req)
			require.Equal(t, c.asked, strings.Join(w.asked, " "))
			if err != nil {
				require.Equal(t, c.want, string(apierrors.ReasonForError(err)), "%v", err)
				if c.want == "Timeout" {
					require.True(t, apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
					require.Contains(t, err.Error(), fmt.Sprintf("Too large resource version: %d, current: %d", at["future"], at["new"]))
				}
				return
			}
			names, about := seen(t, resp)
			got := strings.Join(names, "")
			if about.GetContinue() != "" {
				got += "+"
			}
			for name, revision := range at {
				if about.GetResourceVersion() == api.FormatResourceVersion(revision) {
					got += "@" + name
				}
			}
			require.Equal(t, c.want, got)
			require.Equal(t, "ConfigMapList", resp.Object.GetObjectKind().GroupVersionKind().Kind)
			require.Empty(t, resp.Object.(*corev1.ConfigMapList).Items[0].Kind, "upstream's items do not repeat the kind")
		})
	}
}

// BUGS A11, row 20: the pages of one list are one snapshot, in spite of writes between them, whether the cache or the
// store serves them, or the client is told 410 with a token that goes on without that promise.
func TestPages(t *testing.T) {
	for _, window := range []int{100, 1} {
		t.Run(fmt.Sprintf("window of %d", window), func(t *testing.T) {
			w := newWorld(t, window)
			for i := range 7 {
				w.must(create(configMap(fmt.Sprintf("c%d", i))))
			}
			var names, remaining []string
			var revisions []string
			next := ""
			for page := 0; page == 0 || next != ""; page++ {
				resp, err := w.do(list(func(r *api.Request) { r.Limit, r.Continue = 3, next }))
				require.NoError(t, err)
				got, about := seen(t, resp)
				names = append(names, got...)
				revisions = append(revisions, about.GetResourceVersion())
				if n := about.GetRemainingItemCount(); n != nil {
					remaining = append(remaining, fmt.Sprint(*n))
				}
				next = about.GetContinue()
				w.must(remove(fmt.Sprintf("c%d", 6-page)))
				w.must(create(configMap(fmt.Sprintf("c%d-late", page))))
				w.catchUp()
			}
			require.Equal(t, "c0 c1 c2 c3 c4 c5 c6", strings.Join(names, " "))
			require.Equal(t, []string{revisions[0], revisions[0], revisions[0]}, revisions)
			require.Equal(t, "4", remaining[0])
		})
	}
	t.Run("compacted", func(t *testing.T) {
		w := newWorld(t, 1)
		for i := range 4 {
			w.must(create(configMap(fmt.Sprintf("c%d", i))))
		}
		resp, err := w.do(list(func(r *api.Request) { r.Limit = 2 }))
		require.NoError(t, err)
		_, about := seen(t, resp)
		w.must(remove("c3"))
		w.must(create(configMap("c4")))
		w.catchUp()
		require.NoError(t, w.store.Compact(context.Background(), w.revision()))
		_, err = w.do(list(func(r *api.Request) { r.Limit, r.Continue = 2, about.GetContinue() }))
		require.True(t, apierrors.IsResourceExpired(err))
		require.Contains(t, err.Error(), "You can start a new list without the continue parameter, or use the continue token in this response")
		var status apierrors.APIStatus
		require.ErrorAs(t, err, &status)
		resp, err = w.do(list(func(r *api.Request) { r.Limit, r.Continue = 5, status.Status().Continue }))
		require.NoError(t, err)
		names, about := seen(t, resp)
		require.Equal(t, []string{"c2", "c4"}, names)
		require.Equal(t, api.FormatResourceVersion(w.revision()), about.GetResourceVersion())
	})
	t.Run("a token from elsewhere", func(t *testing.T) {
		w := newWorld(t, 1)
		for _, bad := range []string{"%%", "e30", base64.RawURLEncoding.EncodeToString([]byte(`{"v":"meta.k8s.io/v1","rv":0,"start":"a"}`)),
			base64.RawURLEncoding.EncodeToString([]byte(`{"v":"meta.k8s.io/v1","rv":5,"start":"../kube-system/a"}`)),
			base64.RawURLEncoding.EncodeToString([]byte(`{"v":"meta.k8s.io/v1","rv":5}`)), base64.RawURLEncoding.EncodeToString([]byte(`[]`))} {
			_, err := w.do(list(func(r *api.Request) { r.Continue = bad }))
			require.True(t, apierrors.IsBadRequest(err), "%s: %v", bad, err)
			require.Contains(t, err.Error(), "continue key is not valid")
		}
	})
}

// A list of one revision, for which the cache came too far while it was waited for, is read from history.
func TestExactlyWhatTheCacheHasPassed(t *testing.T) {
	w := newWorld(t, 1)
	w.must(create(configMap("a")))
	wanted := w.revision()
	m := w.begin(list(func(r *api.Request) {
		r.ResourceVersion, r.Match = api.FormatResourceVersion(wanted), metav1.ResourceVersionMatchExact
	}))
	w.asked = nil
	for _, name := range []string{"b", "c"} {
		_, err := w.store.Put(context.Background(), configMaps.Key("default", name), encoded(t, configMap(name)), 0)
		require.NoError(t, err)
	}
	result := w.finish(m)
	require.NoError(t, result.Err)
	require.Equal(t, []string{"wait", "list"}, w.asked)
	names, about := seen(t, result.Response)
	require.Equal(t, []string{"a"}, names)
	require.Equal(t, api.FormatResourceVersion(wanted), about.GetResourceVersion())
}

func encoded(t *testing.T, obj api.Object) []byte {
	value, err := api.Encode(obj)
	require.NoError(t, err)
	return value
}

// A page that its selector leaves short is filled up, from the cache and from the store alike.
func TestSelectedPages(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 40 {
		w.must(create(configMap(fmt.Sprintf("c%02d", i), func(cm *corev1.ConfigMap) { cm.Labels = map[string]string{"last": fmt.Sprint(i % 10)} })))
	}
	w.catchUp()
	old := w.revision()
	for range 3 {
		w.must(create(configMap(fmt.Sprintf("x%d", w.revision()))))
		w.catchUp()
	}
	for _, rv := range []string{"", api.FormatResourceVersion(old)} {
		var names []string
		next := ""
		for page := 0; page == 0 || next != ""; page++ {
			require.Less(t, page, 3)
			resp, err := w.do(list(func(r *api.Request) {
				r.Labels, r.Limit, r.Continue = "last=7", 2, next
				if next == "" {
					r.ResourceVersion = rv
				}
			}))
			require.NoError(t, err)
			got, about := seen(t, resp)
			require.Nil(t, about.GetRemainingItemCount(), "nobody knows how many more match")
			names, next = append(names, got...), about.GetContinue()
		}
		require.Equal(t, []string{"c07", "c17", "c27", "c37"}, names)
	}
}

// While the cache is not ready everything is read from the store.
func TestCacheNotReady(t *testing.T) {
	w := newWorld(t, 3)
	w.must(create(configMap("a")))
	now := w.revision()
	w.set.Of(configMaps).Lose()
	for _, rv := range []string{"", "0", api.FormatResourceVersion(now)} {
		resp, err := w.do(list(func(r *api.Request) { r.ResourceVersion = rv }))
		require.NoError(t, err)
		require.Equal(t, []string{"list"}, w.asked)
		names, _ := seen(t, resp)
		require.Equal(t, []string{"a"}, names)
		req := get("a")
		req.ResourceVersion = rv
		w.must(req)
		require.Equal(t, []string{"get"}, w.asked)
	}
	_, err := w.do(list(func(r *api.Request) { r.ResourceVersion = api.FormatResourceVersion(now + 1) }))
	require.True(t, apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
	ahead := get("a")
	ahead.ResourceVersion = api.FormatResourceVersion(now + 1)
	_, err = w.do(ahead)
	require.True(t, apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
	for _, rv := range []string{"", "0", "1"} {
		_, err = w.do(api.Request{Verb: api.Watch, Resource: configMaps, ResourceVersion: rv})
		require.True(t, apierrors.IsTooManyRequests(err), "%v", err)
	}
	w.must(update(configMap("a", data("1"))))
	w.must(remove("a"))
}

// Row 19: a get is as new as it says, and says when it cannot be.
func TestGet(t *testing.T) {
	w := newWorld(t, 3)
	w.must(create(configMap("a", data("1"))))
	w.catchUp()
	cached := w.revision()
	w.must(update(configMap("a", data("2"))))
	for _, c := range []struct{ rv, want, asked string }{
		{"", "2", "get"},
		{"0", "1", ""},
		{api.FormatResourceVersion(cached), "1", ""},
		{api.FormatResourceVersion(cached + 1), "2", "wait"},
	} {
		req := get("a")
		req.ResourceVersion = c.rv
		require.Equal(t, c.want, w.must(req).(*corev1.ConfigMap).Data["v"], "resourceVersion %q", c.rv)
		require.Equal(t, c.asked, strings.Join(w.asked, " "))
	}
	req := get("a")
	req.ResourceVersion = api.FormatResourceVersion(cached + 9)
	_, err := w.do(req)
	require.True(t, apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge))
	seconds, ok := apierrors.SuggestsClientDelay(err)
	require.True(t, ok)
	require.Equal(t, 1, seconds)
}

// What a read of the store that goes wrong becomes.
func TestReadErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason metav1.StatusReason
	}{
		{store.ErrUnavailable, metav1.StatusReasonServiceUnavailable},
		{store.ErrUnknown, metav1.StatusReasonTimeout},
		{context.DeadlineExceeded, metav1.StatusReasonTimeout},
		{store.ErrCompacted, metav1.StatusReasonExpired},
		{fmt.Errorf("odd"), metav1.StatusReasonInternalError},
	} {
		for _, req := range []api.Request{get("a"), list()} {
			w := newWorld(t, 1)
			m := w.begin(req)
			m.Done(request.Answer{Err: c.err})
			_, result := m.Next()
			require.Equal(t, c.reason, apierrors.ReasonForError(result.Err), "%v", result.Err)
		}
	}
	w := newWorld(t, 1)
	m := w.begin(api.Request{Verb: api.DeleteCollection, Resource: configMaps, Namespace: "default"})
	m.Done(request.Answer{Err: store.ErrUnknown})
	_, result := m.Next()
	require.Equal(t, trace.Failed, api.OutcomeOf(result.Err), "nothing was deleted")
}

// What a watch asks for before it is opened, and how it is opened.
func TestWatchOptions(t *testing.T) {
	w := newWorld(t, 3)
	w.must(create(configMap("a")))
	w.catchUp()
	cached := w.revision()
	w.must(create(configMap("b")))
	for _, c := range []struct {
		name  string
		req   api.Request
		want  cache.WatchOptions
		asked string
	}{
		{"unset", api.Request{}, cache.WatchOptions{Initial: true}, "count wait"},
		{"any", api.Request{ResourceVersion: "0", Bookmarks: true}, cache.WatchOptions{Initial: true, Bookmarks: true}, ""},
		{"after", api.Request{ResourceVersion: api.FormatResourceVersion(cached)}, cache.WatchOptions{After: cached}, ""},
		{"ahead", api.Request{ResourceVersion: api.FormatResourceVersion(cached + 1)}, cache.WatchOptions{After: cached + 1}, "wait"},
		{"a watch list (BUGS A13)", api.Request{InitialEvents: true, Match: metav1.ResourceVersionMatchNotOlderThan, Bookmarks: true},
			cache.WatchOptions{Initial: true, MarkEnd: true, Bookmarks: true}, "count wait"},
		{"a watch list not older", api.Request{ResourceVersion: api.FormatResourceVersion(cached + 1), InitialEvents: true, Match: metav1.ResourceVersionMatchNotOlderThan, Bookmarks: true},
			cache.WatchOptions{Initial: true, MarkEnd: true, Bookmarks: true, After: cached + 1}, "wait"},
	} {
		fresh := newWorld(t, 3)
		fresh.must(create(configMap("a")))
		fresh.catchUp()
		fresh.must(create(configMap("b")))
		fresh.asked = nil
		c.req.Verb, c.req.Resource, c.req.Namespace = api.Watch, configMaps, "default"
		result := fresh.finish(fresh.begin(c.req))
		require.NoError(t, result.Err, c.name)
		got := *result.Watch
		require.NotNil(t, got.Match)
		require.Equal(t, "/registry/configmaps/default/", got.Prefix)
		got.Match, got.Prefix = nil, ""
		require.Equal(t, c.want, got, c.name)
		require.Equal(t, c.asked, strings.Join(fresh.asked, " "), c.name)
	}
	for want, req := range map[string]api.Request{
		"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan":          {InitialEvents: true},
		"resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided": {Match: metav1.ResourceVersionMatchNotOlderThan},
		"Unsupported value: \"Exact\"": {Match: metav1.ResourceVersionMatchExact, InitialEvents: true},
		"Too large resource version":   {ResourceVersion: "9999"},
	} {
		req.Verb, req.Resource = api.Watch, configMaps
		_, err := w.do(req)
		require.ErrorContains(t, err, want)
	}
}
