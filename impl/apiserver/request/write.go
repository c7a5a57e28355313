package request

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
	"orrery/impl/trace"
)

const (
	// maxConflicts bounds how often a write whose client did not ask for a certain version begins again because somebody
	// else was faster. Upstream goes on until the request times out.
	maxConflicts = 32
	// maxNames bounds how many names a create with generateName tries, as upstream does.
	maxNames = 8
)

// write is the change of one object: read → decide → compare-and-swap → decide again or answer.
//
//	        cached?                        ┌──── another version is there ────┐
//	begin ──────────► decide ── change ──► compare-and-swap ── done ──► answer │
//	  │                 │ ▲ ▲                                                  │
//	  └──► read ────────┼─┘ └──────────────────────────────────────────────────┘
//	        ▲           │ refused, or nothing to do
//	        └─ cached ──┴── read ──► answer
type write struct {
	m      *Machine
	req    api.Request
	finish func(api.Response, error)

	old       *cache.Item   // nil: absent
	fresh     bool          // old was read from the store by this request
	guards    []store.Guard // of a create: its namespace is there and stays
	conflicts int
	// accountRead: that of a new pod was, where the server needs one; account is nil if there is none.
	accountRead bool
	account     *corev1.ServiceAccount
	change      registry.Change
	addresses
}

func (w *write) begin() {
	if w.req.Verb == api.Create && w.req.Subresource == "" {
		w.admit()
		return
	}
	// A cached version is only a suggestion: a change that was decided on it is held against the store by its
	// compare-and-swap, and anything else is decided again on what is really there.
	if s, ok := w.m.caches.Snapshot(w.req.Resource); ok {
		if item, ok := s.Get(w.key()); ok {
			w.old = item
			w.decide()
			return
		}
	}
	w.read()
}

func (w *write) key() string { return w.req.Resource.Key(w.req.Namespace, w.req.Name) }

func (w *write) read() {
	w.m.ask(Op{Kind: Get, Resource: w.req.Resource, Key: w.key()}, func(a Answer) {
		if a.Err != nil {
			w.fail(ofRead(a.Err, true))
			return
		}
		w.found(a.KV)
	})
}

// found goes on from what is in the store now.
func (w *write) found(kv *store.KV) {
	w.old, w.fresh = nil, true
	if kv != nil {
		item, err := w.m.caches.Decode(*kv)
		if err != nil {
			w.fail(apierrors.NewInternalError(err))
			return
		}
		w.old = item
	}
	w.decide()
}

func (w *write) decide() {
	var old api.Object
	if w.old != nil {
		old = w.old.Object
	}
	env := w.env()
	env.AccountRead, env.Account = w.accountRead, w.account
	change, err := registry.Decide(old, w.req, env)
	var needs *registry.NeedsAccount
	if errors.As(err, &needs) {
		w.readAccount(needs.Name)
		return
	}
	if (err != nil || change.Action == registry.None || w.req.DryRun) && !w.fresh {
		w.read()
		return
	}
	if err != nil {
		w.fail(err)
		return
	}
	w.change = change
	switch {
	case change.Action == registry.None || w.req.DryRun:
		w.answer(0)
	case change.Action == registry.Remove:
		w.remove()
	default:
		w.put()
	}
}

func (w *write) put() {
	obj := w.change.Object
	obj.SetResourceVersion("")
	value, err := api.Encode(obj)
	if err != nil {
		w.fail(apierrors.NewInternalError(err))
		return
	}
	expected := int64(0)
	if w.old != nil { // as always but for a create: see registry.Decide
		expected = w.old.KV.Mod
	}
	w.claim(func() {
		guards := w.guarded()
		w.m.ask(Op{Kind: Put, Resource: w.req.Resource, Key: w.target(), Value: value, Expected: expected, Guards: guards}, func(a Answer) { w.swapped(a, guards) })
	})
}

func (w *write) remove() {
	w.m.ask(Op{Kind: Delete, Resource: w.req.Resource, Key: w.key(), Expected: w.old.KV.Mod}, func(a Answer) { w.swapped(a, nil) })
}

func (w *write) swapped(a Answer, guards []store.Guard) {
	if a.Err != nil {
		err := ofWrite(a.Err)
		if api.OutcomeOf(err) == trace.Unknown {
			w.held = nil // it may still be written by these claims
		}
		w.fail(err)
		return
	}
	if a.Succeeded {
		w.answer(a.Revision)
		return
	}
	w.conflicts++
	switch {
	case w.conflicts > maxConflicts:
		w.fail(apierrors.NewConflict(w.req.Resource.GR(), w.req.Name, errors.New(optimisticLock)))
	case len(w.guards) > 0 && len(a.Guards) > 0 && !w.guards[0].Holds(a.Guards[0]):
		if namespaces, _ := api.ByName("namespaces"); w.readmit(a.Guards[0], namespaces) {
			w.decide()
		}
	case w.lost(guards, a.Guards):
		w.put()
	case w.creates():
		w.another()
	default:
		w.found(a.KV)
	}
}

// creates reports whether the request is one for a new object.
func (w *write) creates() bool { return w.req.Verb == api.Create && w.req.Subresource == "" }

// another goes on where the name of a new object is not free: with another one if the server may choose it.
func (w *write) another() {
	name := w.change.Object.GetName()
	given, ok := w.req.Object.(metav1.Object)
	switch generated := ok && given.GetName() == ""; {
	case !generated:
		w.fail(apierrors.NewAlreadyExists(w.req.Resource.GR(), name))
	case w.conflicts >= maxNames:
		w.fail(apierrors.NewGenerateNameConflict(w.req.Resource.GR(), name, retrySeconds))
	default:
		w.decide()
	}
}

// answer ends the request with what was written at revision; 0: nothing was.
func (w *write) answer(revision int64) {
	if revision != 0 {
		w.change.Object.SetResourceVersion(api.FormatResourceVersion(revision))
	}
	w.settle(revision, func() {
		w.finish(api.Response{Object: w.change.Answer(w.change.Object), Created: w.change.Created, Warnings: w.change.Warnings}, nil)
	})
}

func (w *write) fail(err error) {
	w.settle(0, func() { w.finish(api.Response{}, err) })
}
