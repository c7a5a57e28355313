package request

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
)

// watch waits until the Cache has come to where the watch shall begin, and ends with the options to open it.
//
// Upstream accepts a watch from a revision that its cache has not come to, and is silent until then. Here it waits for
// [WaitBound] and then says so, as a list would: a client that has come from a restored store would wait for ever.
func (m *Machine) watch() {
	if err := validateWatch(m.req); err != nil {
		m.fail(err)
		return
	}
	after, err := api.ParseResourceVersion(m.req.ResourceVersion)
	if err != nil {
		m.fail(apierrors.NewBadRequest(err.Error()))
		return
	}
	match, err := registry.Matcher(m.req)
	if err != nil {
		m.fail(err)
		return
	}
	opts := cache.WatchOptions{
		Prefix: m.req.Resource.Root(m.req.Namespace), Match: match, After: after,
		// Without a revision to begin after, a watch begins with what there is.
		Initial:   m.req.InitialEvents || after == 0,
		MarkEnd:   m.req.InitialEvents && m.req.Bookmarks,
		Bookmarks: m.req.Bookmarks,
	}
	open := func(cache.Snapshot) { m.result = &Result{Watch: &opts} }
	if m.req.ResourceVersion == "" {
		m.latest(open, m.refuse, m.fail)
		return
	}
	m.reach(after, open, func(int64, bool) { m.refuse(after) })
}

// refuse ends a watch that cannot begin yet, because the Cache has not come to wanted.
func (m *Machine) refuse(wanted int64) {
	s, ready := m.caches.Snapshot(m.req.Resource)
	if !ready {
		m.fail(reinitializing())
		return
	}
	m.fail(ahead(wanted, s.Revision))
}
