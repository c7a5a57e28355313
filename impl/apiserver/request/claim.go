package request

import (
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
)

// A claim says whose an address is: the value under the address's key is the key of a Service, or empty. What holds at every
// revision, since no write of the store changes two keys:
//
//	(*) where a Service has an address, the address's claim names that Service.
//
// So no two have the same. Three rules keep it, each a condition of one write:
//
//  1. A Service gets an address only by a write that is guarded by the revision of a claim that names it, and that the same
//     request has written.
//  2. A claim is written over only where it is empty or its own request's, or else by a write that is guarded by the revision
//     of the Service named in it (0: absent), of which is known that it does not have the address. So whoever wants to write that
//     Service by the old claim is refused, and he who has written it already refuses this.
//  3. A claim is removed only where it is empty, or by the request that wrote it, after all writes that it guarded were refused.
//
// It does not matter where a request breaks off, or how late its writes land: what is left is a claim that names a Service
// without the address, and the next who wants the address may write it over, or [Leaks] removes it. A deleted Service that a
// finalizer keeps has its addresses as before (BUGS A17).
//
// Upstream marks an address in a bitmap or as an IPAddress first, and writes the Service without looking at it again; that a
// repair loop took the mark away meanwhile is how addresses were given twice (k/k#37488, k/k#93199).

// maxTaken bounds how many addresses a write finds to be others' before it says that there is none.
const maxTaken = 64

// hold is a claim that a write has made and not used.
type hold struct {
	address registry.Address
	owner   string
	mod     int64
}

// addresses are what a write has to do with addresses.
type addresses struct {
	held  []hold
	taken map[registry.Address]bool // found to be another's
	// contended is how often a claim was another than was thought.
	contended int
}

// env is what a decision may depend on.
func (w *write) env() registry.Env {
	env := w.m.env()
	if w.req.Resource.Kind != "Service" {
		return env
	}
	env.Taken = func(a registry.Address) bool { return w.taken[a] }
	var cached map[registry.Address]bool
	env.Avoid = func(a registry.Address) bool {
		if cached == nil {
			cached = w.cached()
		}
		return cached[a]
	}
	return env
}

// cached are the addresses of all Services that the cache knows.
func (w *write) cached() map[registry.Address]bool {
	all := map[registry.Address]bool{}
	if s, ok := w.m.caches.Snapshot(w.req.Resource); ok {
		s.Ascend(w.req.Resource.Root(""), "", func(item *cache.Item) bool {
			for _, a := range registry.AddressesOf(item.Object) {
				all[a] = true
			}
			return true
		})
	}
	return all
}

// target is the key of the object that the change writes.
func (w *write) target() string {
	return w.req.Resource.Key(w.req.Namespace, w.change.Object.GetName())
}

func (w *write) oldAddresses() []registry.Address {
	if w.old == nil {
		return nil
	}
	return registry.AddressesOf(w.old.Object)
}

// claim takes the addresses that the change gives the object, one after the other, and then goes on.
func (w *write) claim(then func()) {
	had := w.oldAddresses()
	for _, a := range registry.AddressesOf(w.change.Object) {
		if slices.Contains(had, a) {
			continue
		}
		i := slices.IndexFunc(w.held, func(h hold) bool { return h.address == a })
		switch {
		case i < 0:
			w.take(a, 0, nil, then)
			return
		case w.held[i].owner != w.target(): // a generated name was taken
			w.take(a, w.held[i].mod, nil, then)
			return
		}
	}
	then()
}

// guarded are the namespace's guard and those of the claims of what the change gives the object.
func (w *write) guarded() []store.Guard {
	guards, had := slices.Clone(w.guards), w.oldAddresses()
	for _, a := range registry.AddressesOf(w.change.Object) {
		if !slices.Contains(had, a) {
			i := slices.IndexFunc(w.held, func(h hold) bool { return h.address == a })
			guards = append(guards, store.Guard{Key: a.Key(), Mod: w.held[i].mod})
		}
	}
	return guards
}

// take writes a claim over the version expected of it (rule 2).
func (w *write) take(a registry.Address, expected int64, guards []store.Guard, then func()) {
	owner := w.target()
	op := Op{Kind: Put, Key: a.Key(), Value: []byte(owner), Expected: expected, Guards: guards}
	w.m.ask(op, func(answer Answer) {
		w.held = slices.DeleteFunc(w.held, func(h hold) bool { return h.address == a })
		switch {
		case answer.Err != nil:
			w.fail(ofRead(answer.Err, true)) // the object is not written, whatever became of the claim
		case answer.Succeeded:
			w.held = append(w.held, hold{a, owner, answer.Revision})
			w.claim(then)
		default:
			w.contend(a, answer.KV, then)
		}
	})
}

// contend goes on where a claim is another than was thought.
func (w *write) contend(a registry.Address, kv *store.KV, then func()) {
	if w.contended++; w.contended > maxConflicts+maxTaken {
		w.fail(apierrors.NewConflict(w.req.Resource.GR(), w.change.Object.GetName(), errors.New(optimisticLock)))
		return
	}
	switch {
	case kv == nil:
		w.take(a, 0, nil, then)
		return
	case len(kv.Value) == 0:
		w.take(a, kv.Mod, nil, then)
		return
	}
	owner := string(kv.Value)
	w.m.ask(Op{Kind: Get, Key: owner}, func(answer Answer) {
		if answer.Err != nil {
			w.fail(ofRead(answer.Err, true))
			return
		}
		has, guard, err := holder(w.m.caches, owner, answer.KV, a)
		switch {
		case err != nil:
			w.fail(apierrors.NewInternalError(err))
		case !has:
			w.take(a, kv.Mod, []store.Guard{guard}, then)
		default:
			w.occupied(a)
		}
	})
}

// holder reports whether the Service under a key, as it was read, has the address, and what guards that it does not get it.
func holder(caches Caches, owner string, kv *store.KV, a registry.Address) (has bool, guard store.Guard, err error) {
	guard.Key = owner
	if kv == nil {
		return false, guard, nil
	}
	guard.Mod = kv.Mod
	item, err := caches.Decode(*kv)
	if err != nil {
		return false, guard, err
	}
	return slices.Contains(registry.AddressesOf(item.Object), a), guard, nil
}

// occupied decides again, knowing that an address is another Service's: it is refused, or another one chosen.
func (w *write) occupied(a registry.Address) {
	if w.taken == nil {
		w.taken = map[registry.Address]bool{}
	}
	w.taken[a] = true
	if len(w.taken) > maxTaken {
		w.fail(apierrors.NewServiceUnavailable("failed to allocate an address: all that were tried are taken"))
		return
	}
	w.decide()
}

// lost forgets the claims of which another was found, as the answer to a put says, and reports whether there are such.
func (w *write) lost(guards []store.Guard, there []*store.KV) bool {
	before := len(w.held)
	for i, kv := range there {
		if !guards[i].Holds(kv) {
			w.held = slices.DeleteFunc(w.held, func(h hold) bool { return h.address.Key() == guards[i].Key })
		}
	}
	return len(w.held) < before
}

// giveBack removes the claims that the object was not written by (rule 3), and then goes on, whatever became of it.
func (w *write) giveBack(then func()) {
	if len(w.held) == 0 {
		then()
		return
	}
	h := w.held[0]
	w.held = w.held[1:]
	w.m.ask(Op{Kind: Delete, Key: h.address.Key(), Expected: h.mod}, func(Answer) { w.giveBack(then) })
}

// release empties the claims of addresses that the object no longer has since the revision that is its own (0: it is gone), and then
// goes on, whatever became of it.
func (w *write) release(freed []registry.Address, object store.Guard, then func()) {
	if len(freed) == 0 {
		then()
		return
	}
	next := func() { w.release(freed[1:], object, then) }
	w.m.ask(Op{Kind: Get, Key: freed[0].Key()}, func(a Answer) {
		if a.Err != nil || a.KV == nil || string(a.KV.Value) != object.Key {
			next()
			return
		}
		empty(w.m.ask, freed[0], a.KV.Mod, object, next)
	})
}

// empty writes a claim over with nothing (rule 2) and removes it (rule 3).
func empty(ask func(Op, func(Answer)), a registry.Address, mod int64, owner store.Guard, then func()) {
	ask(Op{Kind: Put, Key: a.Key(), Expected: mod, Guards: []store.Guard{owner}}, func(answer Answer) {
		if answer.Err != nil || !answer.Succeeded {
			then()
			return
		}
		ask(Op{Kind: Delete, Key: a.Key(), Expected: answer.Revision}, func(Answer) { then() })
	})
}

// settle does what is left to do about addresses after the object was written at revision, or was not (0), and then ends.
func (w *write) settle(revision int64, end func()) {
	if revision == 0 {
		w.giveBack(end)
		return
	}
	var is []registry.Address
	object := store.Guard{Key: w.target(), Mod: revision}
	if w.change.Action == registry.Remove {
		object.Mod = 0
	} else {
		is = registry.AddressesOf(w.change.Object)
	}
	w.held = slices.DeleteFunc(w.held, func(h hold) bool { return slices.Contains(is, h.address) })
	freed := slices.DeleteFunc(w.oldAddresses(), func(a registry.Address) bool { return slices.Contains(is, a) })
	w.giveBack(func() { w.release(freed, object, end) })
}
