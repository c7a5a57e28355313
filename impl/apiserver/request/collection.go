package request

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/trace"
)

// collection deletes what it has listed, one by one.
//
// Upstream (staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go) deletes by name, and so removes also
// what came under a listed name meanwhile. Here each delete requires the UID that was listed.
type collection struct {
	m      *Machine
	listed api.Response
	left   []*cache.Item
	total  int
	done   int // deletes that were carried out
}

func (m *Machine) deleteCollection() {
	l := newList(m)
	l.finish = func(listed api.Response, err error) {
		if err != nil {
			m.fail(err)
			return
		}
		(&collection{m: m, listed: listed, left: l.matched, total: len(l.matched)}).next()
	}
	l.begin()
}

func (c *collection) next() {
	if len(c.left) == 0 {
		c.m.finish(c.listed, nil)
		return
	}
	item := c.left[0]
	c.left = c.left[1:]
	(&write{m: c.m, req: c.deleteOf(item), finish: func(_ api.Response, err error) { c.deleted(item, err) }}).begin()
}

// deleteOf is the request that deletes item and nothing that came after it.
func (c *collection) deleteOf(item *cache.Item) api.Request {
	options := &metav1.DeleteOptions{}
	if c.m.req.Delete != nil {
		options = c.m.req.Delete.DeepCopy()
	}
	if options.Preconditions == nil {
		options.Preconditions = &metav1.Preconditions{}
	}
	if options.Preconditions.UID == nil {
		uid := item.Object.GetUID()
		options.Preconditions.UID = &uid
	}
	return api.Request{Verb: api.Delete, Resource: c.m.req.Resource, Namespace: item.Object.GetNamespace(), Name: item.Object.GetName(),
		User: c.m.req.User, Delete: options, DryRun: c.m.req.DryRun, FieldManager: c.m.req.FieldManager}
}

func (c *collection) deleted(item *cache.Item, err error) {
	wanted := c.m.req.Delete != nil && c.m.req.Delete.Preconditions != nil // by the client, who is to hear of its conflicts
	switch {
	case err == nil:
		c.done++
		c.next()
	case apierrors.IsNotFound(err), apierrors.IsConflict(err) && !wanted: // somebody else has removed what was listed
		c.next()
	case c.done > 0 && api.OutcomeOf(err) == trace.Failed:
		// A part is done, so that nothing definite can be said of the whole.
		c.m.fail(apierrors.NewInternalError(fmt.Errorf("%d of %d were deleted, then %s: %w", c.done, c.total, item.Object.GetName(), err)))
	default:
		c.m.fail(err)
	}
}
