package cache

import (
	"bytes"
	"errors"
	"fmt"

	"orrery/impl/api"
	"orrery/impl/store"
)

// Root is the prefix of every key that a Set observes.
const Root = "/registry/"

// Set is the Caches of all resources, fed from one list and one watch over [Root], so that a change of any resource
// tells all of them how far they have come.
type Set struct {
	caches []*Cache
}

// NewSet returns the unready Caches of all resources.
func NewSet(window int) *Set {
	s := &Set{}
	for _, r := range api.Resources {
		s.caches = append(s.caches, New(r, window))
	}
	return s
}

// DecodeWith has the Caches take their Items from a Decoder: Sets of one process may share one.
func (s *Set) DecodeWith(decode Decoder) {
	for _, c := range s.caches {
		c.decode = decode
	}
}

// Held is the Item that the Caches hold of a store's answer, if it is their present one.
func (s *Set) Held(kv store.KV) (*Item, bool) {
	c := s.byKey(kv.Key)
	if c == nil {
		return nil, false
	}
	item, ok := c.live.Get(&Item{KV: store.KV{Key: kv.Key}})
	return item, ok && c.ready && item.KV.Mod == kv.Mod && bytes.Equal(item.KV.Value, kv.Value)
}

// All are the Caches, in the order of [api.Resources].
func (s *Set) All() []*Cache { return s.caches }

// Of is the Cache of one resource.
func (s *Set) Of(r *api.Resource) *Cache {
	for _, c := range s.caches {
		if c.resource == r {
			return c
		}
	}
	panic("cache: resource " + r.Name + " is not served")
}

// Ready reports whether all Caches are.
func (s *Set) Ready() bool {
	for _, c := range s.caches {
		if !c.ready {
			return false
		}
	}
	return true
}

// ObserveList hands each Cache its part of a list of everything at revision. An object that cannot be decoded makes its
// own resource unready and no other; the error names each of those.
func (s *Set) ObserveList(revision int64, kvs []store.KV) error {
	return s.takeOver(revision, kvs, s.caches)
}

// Recover is ObserveList for the Caches that are not ready; the others go on as they are.
func (s *Set) Recover(revision int64, kvs []store.KV) error {
	var lost []*Cache
	for _, c := range s.caches {
		if !c.ready {
			lost = append(lost, c)
		}
	}
	return s.takeOver(revision, kvs, lost)
}

func (s *Set) takeOver(revision int64, kvs []store.KV, caches []*Cache) error {
	parts := make(map[*Cache][]store.KV, len(s.caches))
	for _, kv := range kvs {
		if c := s.byKey(kv.Key); c != nil {
			parts[c] = append(parts[c], kv)
		}
	}
	var errs []error
	for _, c := range caches {
		errs = append(errs, c.ObserveList(revision, parts[c]))
	}
	return errors.Join(errs...)
}

// Observe hands each Cache its part of one revision's changes, and tells the others that they had none. It returns the
// Caches that changed. The error names the resources that are not ready and would have changed: a value could not be
// decoded, now or before, and it is time to [Set.Recover].
func (s *Set) Observe(resp store.WatchResponse) (changed []*Cache, err error) {
	var errs []error
	for _, c := range s.caches {
		if mine := c.own(resp.Changes); len(mine) > 0 {
			if !c.ready {
				errs = append(errs, fmt.Errorf("%s at revision %d: the cache is not ready", mine[0].KV.Key, resp.Revision))
				continue
			}
			errs = append(errs, c.Observe(resp.Revision, mine))
			changed = append(changed, c)
		}
	}
	for _, c := range s.caches {
		c.Progress(resp.Revision)
	}
	return changed, errors.Join(errs...)
}

func (s *Set) byKey(key string) *Cache {
	for _, c := range s.caches {
		if c.holds(key) {
			return c
		}
	}
	return nil
}
