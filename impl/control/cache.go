package control

import (
	"slices"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxRemembered bounds how many names of deleted objects a cache remembers, the latest ones.
const maxRemembered = 1 << 16

// cache holds what one source has shown, overlaid with the ledger. The overlay is kept up to date with every change,
// so that reading costs no more than it would without a ledger.
type cache struct {
	source  Source
	listed  bool
	rv      int64
	round   int // how many lists were taken over
	entries map[name]*entry
	indexes []*index

	// sorted is entries in order, made again when stale.
	sorted []*entry
	stale  bool

	// acked are the writes that were OK at a resourceVersion that the source has not reached, by resourceVersion.
	acked []*write
	// dead are the names once taken, oldest first from position oldest on.
	dead      map[name]struct{}
	graveyard []name
	oldest    int

	// changed is told of every change of what is shown.
	changed func(c *cache, old, new metav1.Object)
}

type name struct{ namespace, name string }

func nameOf(obj metav1.Object) name { return name{obj.GetNamespace(), obj.GetName()} }

func (n name) compare(m name) int {
	if c := strings.Compare(n.namespace, m.namespace); c != 0 {
		return c
	}
	return strings.Compare(n.name, m.name)
}

// entry is one name: what the source shows under it, the component's own latest write to it, and which of the two
// counts.
type entry struct {
	name   name
	base   metav1.Object
	baseRV int64
	own    *write

	shown     metav1.Object
	predicted bool          // shown is a prediction, not an object that a server sent
	gone      metav1.Object // what was shown before the own write after which nothing is; nil: there is no such
	real      bool          // an object of this name has existed
	round     int           // the list that last held it
}

func newCache(source Source, changed func(*cache, metav1.Object, metav1.Object)) *cache {
	c := &cache{source: source, rv: -1, entries: map[name]*entry{}, dead: map[name]struct{}{}, changed: changed}
	for _, i := range source.Indexes {
		c.indexes = append(c.indexes, newIndex(i))
	}
	return c
}

// entry returns the entry of that name, made if need be.
func (c *cache) entry(n name) *entry {
	e := c.entries[n]
	if e == nil {
		e = &entry{name: n}
		c.entries[n] = e
		c.stale = true
	}
	return e
}

// setBase takes over what the source shows of e; obj is nil where it is gone.
func (c *cache) setBase(e *entry, obj metav1.Object, rv int64) {
	if rv < e.baseRV {
		misused("%s: %s/%s goes back from resourceVersion %d to %d", c.source.Name, e.name.namespace, e.name.name, e.baseRV, rv)
	}
	e.base, e.baseRV = obj, rv
	for e.own != nil && e.own.passedBy(obj, rv) {
		e.own.detach() // and the one that it was made on counts again, unless that has been passed, too
	}
	c.refresh(e)
}

// refresh works out anew what e shows, and tells whom it concerns.
func (c *cache) refresh(e *entry) {
	old, oldPredicted, gone := e.shown, e.predicted, e.gone
	e.shown, e.predicted, e.gone = e.base, false, nil
	if w := e.own; w != nil {
		e.shown, e.predicted = w.expect, w.state != acknowledged
		if e.shown == nil {
			e.gone = w.before
		}
	}
	if e.shown != nil && !e.predicted {
		e.real = true
	}
	if e.base == nil && e.own == nil {
		c.remove(e)
	}
	if old == e.shown && oldPredicted == e.predicted {
		return
	}
	for _, i := range c.indexes {
		i.move(e, old)
	}
	if old == nil && gone != nil && gone != e.shown { // whom it concerned may have waited to learn whether it is gone
		c.changed(c, gone, nil)
	}
	if old == nil && e.shown == nil {
		return
	}
	if old != nil && e.shown != nil {
		if !oldPredicted && !e.predicted && old.GetResourceVersion() == e.shown.GetResourceVersion() && old.GetResourceVersion() != "" && old.GetUID() == e.shown.GetUID() {
			return
		}
		if old.GetUID() != e.shown.GetUID() && old.GetUID() != "" && e.shown.GetUID() != "" {
			c.changed(c, old, nil)
			old = nil
		}
	}
	c.changed(c, old, e.shown)
}

func (c *cache) remove(e *entry) {
	delete(c.entries, e.name)
	c.stale = true
	if _, known := c.dead[e.name]; !e.real || known || c.source.Resource == nil {
		return
	}
	c.dead[e.name] = struct{}{}
	if len(c.graveyard) < maxRemembered {
		c.graveyard = append(c.graveyard, e.name)
		return
	}
	delete(c.dead, c.graveyard[c.oldest])
	c.graveyard[c.oldest] = e.name
	c.oldest = (c.oldest + 1) % maxRemembered
}

// reach advances the source to rv, and drops the acknowledged writes that it therefore shows.
func (c *cache) reach(rv int64) {
	if rv < c.rv {
		misused("%s goes back from resourceVersion %d to %d", c.source.Name, c.rv, rv)
	}
	c.rv = rv
	for len(c.acked) > 0 && c.acked[0].rv <= rv {
		w := c.acked[0]
		w.detach()
		c.refresh(w.entry)
	}
}

// acknowledge keeps w among those that wait for the source to reach their resourceVersion.
func (c *cache) acknowledge(w *write) {
	at := sort.Search(len(c.acked), func(i int) bool { return c.acked[i].rv > w.rv })
	c.acked = slices.Insert(c.acked, at, w)
}

func (c *cache) forget(w *write) {
	if at := slices.Index(c.acked, w); at >= 0 {
		c.acked = slices.Delete(c.acked, at, at+1)
	}
}

// ordered is all entries in the order of their names.
func (c *cache) ordered() []*entry {
	if c.stale {
		c.sorted = c.sorted[:0]
		for _, e := range c.entries {
			c.sorted = append(c.sorted, e)
		}
		slices.SortFunc(c.sorted, func(a, b *entry) int { return a.name.compare(b.name) })
		c.stale = false
	}
	return c.sorted
}
