package request

import (
	"strings"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
)

// Leaks removes claims that name a Service without the address: what is left of requests that broke off. Each pass looks
// at those only that the pass before has seen too, so that a request on its way is seldom disturbed; if one is, it takes the
// address again. Several servers may do so at once.
type Leaks struct {
	seen map[string]int64 // the claims of the last pass, and their revisions
}

// Pass begins a pass. Its answer is empty; an error means that it is to be tried again.
func (l *Leaks) Pass(caches Caches) *Machine {
	m := &Machine{caches: caches}
	m.req.Resource, _ = api.ByName("services")
	m.ask(Op{Kind: List, Key: registry.AddressRoot}, func(a Answer) {
		if a.Err != nil {
			m.fail(ofRead(a.Err, true))
			return
		}
		before := l.seen
		l.seen = make(map[string]int64, len(a.KVs))
		var suspects []store.KV
		for _, kv := range a.KVs {
			l.seen[kv.Key] = kv.Mod
			if before[kv.Key] == kv.Mod && !believed(caches, &kv) {
				suspects = append(suspects, kv)
			}
		}
		m.examine(suspects)
	})
	return m
}

// believed reports whether the cache knows the Service with the address of a claim.
func believed(caches Caches, claim *store.KV) bool {
	services, _ := api.ByName("services")
	s, ready := caches.Snapshot(services)
	if !ready {
		return false
	}
	item, found := s.Get(string(claim.Value))
	if !found {
		return false
	}
	has, _, err := holder(caches, item.KV.Key, &item.KV, addressAt(claim.Key))
	return has || err != nil
}

func addressAt(key string) registry.Address {
	return registry.Address(strings.TrimPrefix(key, registry.AddressRoot))
}

// examine looks live whether the Services have the addresses, and empties and removes the claims of those that have not.
func (m *Machine) examine(claims []store.KV) {
	if len(claims) == 0 {
		m.finish(api.Response{}, nil)
		return
	}
	claim, next := claims[0], func() { m.examine(claims[1:]) }
	if len(claim.Value) == 0 {
		m.ask(Op{Kind: Delete, Key: claim.Key, Expected: claim.Mod}, func(Answer) { next() })
		return
	}
	owner := string(claim.Value)
	m.ask(Op{Kind: Get, Key: owner}, func(a Answer) {
		if a.Err != nil {
			m.fail(ofRead(a.Err, true))
			return
		}
		has, guard, err := holder(m.caches, owner, a.KV, addressAt(claim.Key))
		if has || err != nil {
			next()
			return
		}
		empty(m.ask, addressAt(claim.Key), claim.Mod, guard, next)
	})
}
