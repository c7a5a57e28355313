package control

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
)

// ObserveList takes over the whole content of a source at rv, in one step. An error refuses a list older than what was
// seen, and leaves everything as it was.
func (l *Loop) ObserveList(source string, rv int64, objects []metav1.Object) error {
	c := l.view.cache(source)
	if rv < c.rv || rv == c.rv && c.source.Resource == nil {
		return fmt.Errorf("%s: refused a list at resourceVersion %d, %d has been seen", source, rv, c.rv)
	}
	for _, obj := range objects {
		if at := c.revision(obj, rv); at < 0 || at > rv {
			return fmt.Errorf("%s: refused a list at resourceVersion %d that holds %s/%s at %q",
				source, rv, obj.GetNamespace(), obj.GetName(), obj.GetResourceVersion())
		}
	}
	l.news = true
	defer l.old()
	c.round++
	for _, obj := range objects {
		e := c.entry(nameOf(obj))
		e.round = c.round
		c.setBase(e, obj, c.revision(obj, rv))
	}
	for _, e := range append([]*entry(nil), c.ordered()...) {
		if e.base != nil && e.round != c.round {
			c.setBase(e, nil, rv)
		}
	}
	c.listed = true
	c.reach(rv)
	l.begun()
	return nil
}

// Observe takes over one WatchEvent (ADDED, MODIFIED, DELETED, BOOKMARK). An error refuses one that goes back.
func (l *Loop) Observe(source string, event api.WatchEvent) error {
	c := l.view.cache(source)
	if !c.listed || c.source.Resource == nil {
		misused("%s: an event before the list, or of a local source, which is fed by lists", source)
	}
	obj, ok := event.Object.(metav1.Object)
	if !ok {
		return fmt.Errorf("%s: a %s event holds %T, which is no object", source, event.Type, event.Object)
	}
	rv, err := api.ParseResourceVersion(obj.GetResourceVersion())
	if err != nil {
		return fmt.Errorf("%s: a %s event: %w", source, event.Type, err)
	}
	if rv < c.rv || rv == c.rv && event.Type != watch.Bookmark {
		return fmt.Errorf("%s: refused a %s event at resourceVersion %d, %d has been seen", source, event.Type, rv, c.rv)
	}
	l.news = true
	defer l.old()
	switch event.Type {
	case watch.Added, watch.Modified:
		c.setBase(c.entry(nameOf(obj)), obj, rv)
	case watch.Deleted:
		if e := c.entries[nameOf(obj)]; e != nil {
			c.setBase(e, nil, rv)
		}
	case watch.Bookmark:
	default:
		return fmt.Errorf("%s: an event of type %q", source, event.Type)
	}
	c.reach(rv)
	return nil
}

// old ends what is news.
func (l *Loop) old() { l.news = false }

// revision is the resourceVersion of an object; a local source's objects need none of their own. -1: not a number.
func (c *cache) revision(obj metav1.Object, rv int64) int64 {
	if c.source.Resource == nil {
		return rv
	}
	at, err := api.ParseResourceVersion(obj.GetResourceVersion())
	if err != nil {
		return -1
	}
	return at
}

// begun tells the component of everything there is, once every source has been listed that is not late, and once those have been too.
func (l *Loop) begun() {
	if l.view.complete {
		return
	}
	synced, complete := true, true
	for _, c := range l.caches {
		synced, complete = synced && (c.listed || c.source.Late), complete && c.listed
	}
	if !synced || l.synced && !complete {
		return
	}
	l.synced, l.view.complete = true, complete
	for _, c := range l.caches {
		for _, e := range c.ordered() {
			if e.shown != nil {
				l.changed(c, nil, e.shown)
			}
		}
	}
}
