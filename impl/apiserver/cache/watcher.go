package cache

import (
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
)

// WatchOptions says what a watcher wants to see.
type WatchOptions struct {
	// Prefix of the keys, and Match of the objects: what is outside of either does not exist for the watcher.
	Prefix string
	Match  func(api.Object) bool
	// After is the revision whose successors are wanted. With Initial the watcher is sent the present state instead, as
	// ADDED events, and what follows it.
	After   int64
	Initial bool
	// MarkEnd: the initial events end with a bookmark that says so.
	MarkEnd bool
	// Bookmarks are wanted.
	Bookmarks bool
}

// Watcher is one reader's place in the window. It has no queue of its own: it can neither be sent an event twice, nor
// miss one, nor make anybody wait, and one that is so slow that the window passes it by ends with 410.
type Watcher struct {
	opts WatchOptions
	// The initial events that are left are those in initial from the key at on; nil: none are.
	initial *Snapshot
	at      string
	cursor  uint64 // the number of the next event to look at
	sent    int64  // every matching change up to here was sent
	told    int64  // the last revision that the watcher was shown
}

// Watch begins a watch. The error is 410 Expired where the window does not reach back to opts.After.
//
// An opts.After that the Cache has not come to is accepted: the changes up to it will be passed over. Whoever wants
// such a watch refused waits for the Cache first.
func (c *Cache) Watch(opts WatchOptions) (*Watcher, error) {
	if !c.ready {
		return nil, apierrors.NewTooManyRequests("storage is (re)initializing", 1)
	}
	if opts.Initial {
		now := Snapshot{Revision: c.revision, tree: c.present}
		opts.After = 0
		return &Watcher{opts: opts, initial: &now, at: opts.Prefix, cursor: c.events.next, sent: now.Revision}, nil
	}
	if opts.After < c.floor {
		return nil, expired(opts.After, c.floor)
	}
	return &Watcher{opts: opts, cursor: c.events.after(opts.After), sent: opts.After, told: opts.After}, nil
}

func expired(after, floor int64) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", after, floor))
}

// Next returns the watcher's next event; false if there is none yet. An error ends the watch.
func (c *Cache) Next(w *Watcher) (api.WatchEvent, bool, error) {
	if w.cursor < c.events.first {
		return api.WatchEvent{}, false, expired(w.sent, c.floor)
	}
	if w.initial != nil {
		if e, ok := w.nextInitial(c.resource); ok {
			return e, true, nil
		}
	}
	for w.cursor < c.events.next {
		e := c.events.get(w.cursor)
		w.cursor++
		if e.revision <= w.opts.After {
			continue // the watch began ahead of the cache
		}
		w.sent = e.revision
		if shown, ok := w.show(e); ok {
			w.told = e.revision
			return shown, true, nil
		}
	}
	return api.WatchEvent{}, false, nil
}

// Waits reports whether there is something for the watcher to look at: what Next would return, an error, or events that do
// not concern it.
func (c *Cache) Waits(w *Watcher) bool { return w.initial != nil || w.cursor != c.events.next }

// nextInitial returns the next of the initial events; false when they have come to their end.
func (w *Watcher) nextInitial(resource *api.Resource) (api.WatchEvent, bool) {
	var found *Item
	w.initial.Ascend(w.opts.Prefix, w.at, func(item *Item) bool {
		w.at = item.KV.Key + "\x00"
		if w.opts.Match(item.Object) {
			found = item
		}
		return found == nil
	})
	if found != nil {
		return api.WatchEvent{Type: watch.Added, Object: found.Object}, true
	}
	w.initial = nil
	if w.opts.MarkEnd {
		w.told = w.sent
		return bookmark(resource, w.sent, true), true
	}
	return api.WatchEvent{}, false
}

// show is e as the watcher sees it: what does not match does not exist for it.
func (w *Watcher) show(e *event) (api.WatchEvent, bool) {
	had, has := w.sees(e.before), w.sees(e.after)
	switch {
	case had && has:
		return api.WatchEvent{Type: watch.Modified, Object: e.after.Object, Encoded: &e.encoded}, true
	case has:
		return api.WatchEvent{Type: watch.Added, Object: e.after.Object, Encoded: &e.encoded}, true
	case had && e.gone != nil:
		return api.WatchEvent{Type: watch.Deleted, Object: e.gone, Encoded: &e.encoded}, true
	case had:
		return api.WatchEvent{Type: watch.Deleted, Object: at(e.before.Object, e.revision)}, true
	}
	return api.WatchEvent{}, false
}

func (w *Watcher) sees(item *Item) bool {
	return item != nil && strings.HasPrefix(item.KV.Key, w.opts.Prefix) && w.opts.Match(item.Object)
}

// Bookmark returns a bookmark for a watcher that has been sent everything and was not told so; false if it wants none or
// has more to read. It carries the Cache's revision, which no later event is at or below.
func (c *Cache) Bookmark(w *Watcher) (api.WatchEvent, bool) {
	caughtUp := c.ready && w.initial == nil && w.cursor == c.events.next
	if !w.opts.Bookmarks || !caughtUp || c.revision <= w.told {
		return api.WatchEvent{}, false
	}
	w.sent, w.told = c.revision, c.revision
	return bookmark(c.resource, c.revision, false), true
}

func bookmark(resource *api.Resource, revision int64, initialEnd bool) api.WatchEvent {
	obj := resource.New()
	obj.GetObjectKind().SetGroupVersionKind(resource.GVK())
	obj.SetResourceVersion(api.FormatResourceVersion(revision))
	if initialEnd {
		obj.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return api.WatchEvent{Type: watch.Bookmark, Object: obj}
}
