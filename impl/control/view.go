package control

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// View is what a decision sees: the caches of all sources, overlaid with the ledger. Objects are shared and must not be
// modified.
type View struct {
	caches []*cache // a few: they are found faster one after the other than by hash
	ledger *ledger
	// complete: every source has been listed.
	complete bool
	live     []liveRead
	lists    []liveList
	failed   *Effect
	err      error
}

// liveRead is the answer to a Get that a component asked for.
type liveRead struct {
	source string
	name   name
	object metav1.Object
}

// liveList is the answer to a List that a component asked for.
type liveList struct {
	resource  *api.Resource
	namespace string
	listed    *Listed
}

// Get returns the object of that name, or nil.
func (v *View) Get(source, namespace, objectName string) metav1.Object {
	if e := v.cache(source).entries[name{namespace, objectName}]; e != nil {
		return e.shown
	}
	return nil
}

// Complete reports whether every source has been listed, those too that are [Source.Late]: what is not shown is not there then.
func (v *View) Complete() bool { return v.complete }

// Select is the objects whose index has that value, in the order of their namespaces and names.
func (v *View) Select(source, indexName, value string) Objects {
	return v.cache(source).index(indexName).entries[value]
}

// All is every object of a source, in the order of their namespaces and names.
func (v *View) All(source string) Objects { return v.cache(source).ordered() }

// Live returns the answer of a live read that the key's last plan asked for. read is false where there was none, and
// obj is nil where the object was not found.
func (v *View) Live(source, namespace, objectName string) (obj metav1.Object, read bool) {
	for i := len(v.live) - 1; i >= 0; i-- {
		if r := v.live[i]; r.source == source && r.name == (name{namespace, objectName}) {
			return r.object, true
		}
	}
	return nil, false
}

// LiveList returns the answer of a live list that the key's last plan asked for; nil: there was none. The resource need be no source's.
func (v *View) LiveList(r *api.Resource, namespace string) *Listed {
	for _, l := range v.lists {
		if l.resource == r && l.namespace == namespace {
			return l.listed
		}
	}
	return nil
}

// Used reports whether the name is taken, or was once since the loop began: what is deleted is remembered.
func (v *View) Used(source, namespace, objectName string) bool {
	c, n := v.cache(source), name{namespace, objectName}
	if _, dead := c.dead[n]; dead {
		return true
	}
	return c.entries[n] != nil
}

// Doubtful reports whether what Get shows is the prediction of a write of unknown outcome. What must not be done twice may
// rely on the prediction, what makes up for it may not: a pod whose deletion is doubtful is no longer to be deleted, but
// a replacement would be one too many if the deletion was lost.
func (v *View) Doubtful(source, namespace, objectName string) bool {
	if len(v.ledger.unknown) == 0 {
		return false // as nearly always
	}
	e := v.cache(source).entries[name{namespace, objectName}]
	return e != nil && e.own != nil && e.own.state == unknown
}

// AnyDoubtful reports whether a write of unknown outcome concerns an object whose index has that value, before or after the write: also one
// that is predicted to be gone, which Select does not show.
func (v *View) AnyDoubtful(source, indexName, value string) bool {
	for _, w := range v.ledger.unknown {
		if w.cache.source.Name != source {
			continue
		}
		index, found := w.cache.index(indexName), false
		for _, obj := range []metav1.Object{w.before, w.expect} {
			if obj != nil {
				index.Values(obj, func(has string) { found = found || has == value })
			}
		}
		if found {
			return true
		}
	}
	return false
}

// Revision is the resourceVersion at which the view shows a source.
func (v *View) Revision(source string) int64 { return v.cache(source).rv }

// Failure is the effect that ended the key's last plan early, and why; nil where all of it was OK.
func (v *View) Failure() (*Effect, error) { return v.failed, v.err }

func (v *View) cache(source string) *cache {
	c := v.find(source)
	if c == nil {
		misused("there is no source %q", source)
	}
	return c
}

// find is the cache of a source; nil: there is none.
func (v *View) find(source string) *cache {
	for _, c := range v.caches {
		if c.source.Name == source {
			return c
		}
	}
	return nil
}

// Objects are some of a source, in order. It is no iter.Seq, so that to go over it needs no allocation.
type Objects []*entry

// Each yields them.
func (list Objects) Each(yield func(metav1.Object) bool) {
	for _, e := range list {
		if e.shown != nil && !yield(e.shown) {
			return
		}
	}
}
