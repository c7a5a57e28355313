package cache

import (
	"strings"

	"orrery/impl/api"
	"orrery/impl/store"
)

// DefaultWindow is the number of events that a Cache keeps if it is not told otherwise.
const DefaultWindow = 2048

// Cache is what one API server knows of one resource. It is a plain struct: whoever shares it locks it.
type Cache struct {
	resource *api.Resource
	root     string // of the resource's keys
	decode   Decoder
	ready    bool
	revision int64
	live     *tree // the present state; never read from outside, as the next change writes to it
	present  *tree // its copy that is handed out
	// floor is the lowest revision from which every change is in the window, and base the state there.
	floor  int64
	base   *tree
	events window
}

// New returns an empty Cache, which is not ready before the first ObserveList.
func New(resource *api.Resource, window int) *Cache {
	if window <= 0 {
		window = DefaultWindow
	}
	return &Cache{resource: resource, root: resource.Root(""), decode: Decode, live: newTree(), present: newTree(), base: newTree(), events: newWindow(window)}
}

// Resource is the resource that is cached.
func (c *Cache) Resource() *api.Resource { return c.resource }

// Ready reports whether the Cache holds a state at all.
func (c *Cache) Ready() bool { return c.ready }

// Revision is up to where the Cache has seen every change.
func (c *Cache) Revision() int64 { return c.revision }

// ObserveList takes over the state at revision as a whole. What happened since the state before is not known, so the
// window is emptied and every watcher ends, unless the list is no newer than what the Cache has seen change by change.
func (c *Cache) ObserveList(revision int64, kvs []store.KV) error {
	if c.ready && revision == c.revision {
		return nil
	}
	state := newTree()
	for _, kv := range kvs {
		item, err := c.decode(kv)
		if err != nil {
			c.Lose()
			return err
		}
		state.ReplaceOrInsert(item)
	}
	c.ready, c.revision, c.floor = true, revision, revision
	c.live, c.present = state, state.Clone()
	c.base = c.present
	c.events.clear()
	return nil
}

// Lose makes the Cache unready until the next ObserveList, and ends every watcher.
func (c *Cache) Lose() {
	c.ready = false
	c.floor = c.revision + 1
	c.events.clear()
}

// Observe takes over the changes of one revision. Changes that the Cache has seen before are passed over, so a watch may
// be taken up again from any revision up to the Cache's.
func (c *Cache) Observe(revision int64, changes []store.Change) error {
	if !c.ready || revision <= c.revision {
		return nil
	}
	items := make([]*Item, len(changes)) // decoded first: a revision is taken over whole or not at all
	for i, change := range changes {
		if change.Deleted {
			continue
		}
		item, err := c.decode(change.KV)
		if err != nil {
			c.Lose()
			return err
		}
		items[i] = item
	}
	for i, change := range changes {
		c.apply(revision, change.KV.Key, items[i])
	}
	c.revision = revision
	return nil
}

func (c *Cache) apply(revision int64, key string, item *Item) {
	e := &event{revision: revision, after: item}
	if item != nil {
		e.before, _ = c.live.ReplaceOrInsert(item)
	} else {
		e.before, _ = c.live.Delete(&Item{KV: store.KV{Key: key}})
		if e.before == nil {
			return // nobody was shown it
		}
		e.gone = at(e.before.Object, revision)
	}
	c.present = c.live.Clone()
	e.state = c.present
	if evicted := c.events.push(e); evicted != nil {
		c.floor, c.base = evicted.revision, evicted.state
	}
}

// Progress tells that there is no change up to revision that the Cache has not seen.
func (c *Cache) Progress(revision int64) {
	if c.ready {
		c.revision = max(c.revision, revision)
	}
}

// Snapshot is the present state; false if the Cache is not ready.
func (c *Cache) Snapshot() (Snapshot, bool) {
	return Snapshot{Revision: c.revision, tree: c.present}, c.ready
}

// At is the state at exactly revision; false if the window does not reach back to it or the Cache has not come to it.
func (c *Cache) At(revision int64) (Snapshot, bool) {
	if !c.ready || revision < c.floor || revision > c.revision {
		return Snapshot{}, false
	}
	state := c.base
	if n := c.events.after(revision); n > c.events.first {
		state = c.events.get(n - 1).state
	}
	return Snapshot{Revision: revision, tree: state}, true
}

// own are those of the changes that are the resource's.
func (c *Cache) own(changes []store.Change) []store.Change {
	if len(changes) == 1 && c.holds(changes[0].KV.Key) { // always, as the API writes one object per revision
		return changes
	}
	var own []store.Change
	for _, change := range changes {
		if c.holds(change.KV.Key) {
			own = append(own, change)
		}
	}
	return own
}

// holds reports whether key is one of the resource's.
func (c *Cache) holds(key string) bool { return strings.HasPrefix(key, c.root) }
