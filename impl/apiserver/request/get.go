package request

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
)

// get answers from the store if no resourceVersion is asked for, from the Cache as it is for "0", and from the Cache once
// it has come that far for any other.
func (m *Machine) get() {
	rv := m.req.ResourceVersion
	if rv == "" {
		m.getStored(0)
		return
	}
	wanted, err := api.ParseResourceVersion(rv)
	if err != nil {
		m.fail(apierrors.NewInvalid(m.req.Resource.GVK().GroupKind(), m.req.Name,
			field.ErrorList{field.Invalid(field.NewPath("resourceVersion"), rv, err.Error())}))
		return
	}
	m.reach(wanted, m.getCached, func(current int64, ready bool) {
		if !ready {
			m.getStored(wanted)
			return
		}
		m.fail(ahead(wanted, current))
	})
}

// reach goes on with a snapshot that is at least as new as wanted, waiting for the Cache if need be, and with missed if
// the Cache does not come that far.
func (m *Machine) reach(wanted int64, reached func(cache.Snapshot), missed func(current int64, ready bool)) {
	s, ready := m.caches.Snapshot(m.req.Resource)
	switch {
	case ready && s.Revision >= wanted:
		reached(s)
	case !ready:
		missed(0, false)
	default:
		m.ask(Op{Kind: Wait, Revision: wanted}, func(Answer) {
			s, ready := m.caches.Snapshot(m.req.Resource)
			if ready && s.Revision >= wanted {
				reached(s)
				return
			}
			missed(s.Revision, ready)
		})
	}
}

func (m *Machine) getCached(s cache.Snapshot) {
	item, _ := s.Get(m.key())
	m.show(item)
}

// getStored reads the store, whose answer must be at least as new as wanted.
func (m *Machine) getStored(wanted int64) {
	m.ask(Op{Kind: Get, Key: m.key()}, func(a Answer) {
		switch {
		case a.Err != nil:
			m.fail(ofRead(a.Err, false))
		case a.Revision < wanted:
			m.fail(ahead(wanted, a.Revision))
		default:
			m.showKV(a.KV)
		}
	})
}

func (m *Machine) showKV(kv *store.KV) {
	if kv == nil {
		m.show(nil)
		return
	}
	item, err := m.caches.Decode(*kv)
	if err != nil {
		m.fail(apierrors.NewInternalError(err))
		return
	}
	m.show(item)
}

func (m *Machine) show(item *cache.Item) {
	if item == nil {
		m.fail(apierrors.NewNotFound(m.req.Resource.GR(), m.req.Name))
		return
	}
	change, err := registry.Decide(item.Object, m.req, m.env())
	if err != nil {
		m.fail(err)
		return
	}
	m.finish(api.Response{Object: change.Answer(change.Object), Warnings: change.Warnings}, nil)
}
