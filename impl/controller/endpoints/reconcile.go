package endpoints

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
)

// room is how many endpoints a slice holds at most (--max-endpoints-per-slice).
const room = 100

// Reconcile decides what to do for one service now.
func (Slices) Reconcile(v *control.View, _ time.Time, key control.Key) control.Plan {
	namespace, name := split(key)
	s, _ := v.Get(servicesSource, namespace, name).(*corev1.Service)
	if s == nil {
		return control.Plan{Why: "it is gone: its slices are the garbage collector's"}
	}
	if !managed(s) {
		return control.Plan{Why: "it has no selector: its slices are somebody else's"}
	}
	if v.AnyDoubtful(slicesSource, serviceIndex, namespace+"/"+name) {
		return control.Plan{Wants: "to learn what became of the last write to its slices"}
	}
	have := slicesOf(v, s)
	groups := wanted(v, s)
	writes, missing := write(v, s, have, groups)
	if len(writes) > 0 {
		return control.Plan{Batches: [][]control.Effect{writes}, Why: fmt.Sprintf("%d endpoints", count(groups))}
	}
	if missing { // what is missing in its own slices may be in leftovers. Upstream deletes those all the same.
		return control.Plan{Why: "it is being deleted, and gets no more slices"}
	}
	if surplus := tidy(have); len(surplus) > 0 {
		return control.Plan{Batches: [][]control.Effect{surplus}, Why: "slices that hold nothing that is wanted"}
	}
	return control.Plan{Why: fmt.Sprintf("%d endpoints in %d slices", count(groups), len(have))}
}

func count(groups []*group) (n int) {
	for _, g := range groups {
		n += len(g.endpoints)
	}
	return n
}

// held is one of the controller's slices, and what it is to hold.
type held struct {
	slice *discoveryv1.EndpointSlice
	// owned: it is this service's. One that is not is a leftover of a service that had the same name.
	owned  bool
	group  *group // nil: none that is wanted
	after  []discoveryv1.Endpoint
	placed bool // it is the one that a family without endpoints has
}

// slicesOf are the slices that this controller manages under the name of a service, in the order of their names.
func slicesOf(v *control.View, s *corev1.Service) (have []*held) {
	for obj := range v.Select(slicesSource, serviceIndex, s.Namespace+"/"+s.Name).Each {
		if slice := obj.(*discoveryv1.EndpointSlice); slice.Labels[discoveryv1.LabelManagedBy] == manager {
			have = append(have, &held{slice: slice, owned: metav1.IsControlledBy(slice, s)})
		}
	}
	return have
}

// write is what makes the service's slices hold what is wanted; missing: the service gets no slices for all of it.
func write(v *control.View, s *corev1.Service, have []*held, groups []*group) (writes []control.Effect, missing bool) {
	var fresh []*discoveryv1.EndpointSlice
	for _, g := range groups {
		for _, missing := range slices.Collect(slices.Chunk(g.fill(have), room)) {
			fresh = append(fresh, blank(s, g.family, g.ports, missing))
		}
	}
	for _, family := range families(s) {
		if !slices.ContainsFunc(groups, func(g *group) bool { return g.family == family }) && !place(have, family) {
			fresh = append(fresh, blank(s, family, []discoveryv1.EndpointPort{}, []discoveryv1.Endpoint{}))
		}
	}
	for _, h := range have {
		if !h.owned || h.group == nil && !h.placed {
			continue // tidy deletes it, if it is to go
		}
		next := *h.slice
		if next.Endpoints = h.after; len(next.Endpoints) == 0 {
			next.Endpoints = []discoveryv1.Endpoint{}
		}
		if next.Labels = labelsOf(s); !equality.Semantic.DeepEqual(next.Endpoints, h.slice.Endpoints) || !maps.Equal(next.Labels, h.slice.Labels) {
			writes = append(writes, update(&next))
		}
	}
	if s.DeletionTimestamp != nil {
		return writes, len(fresh) > 0
	}
	for i, name := range v.FreeNames(slicesSource, s.Namespace, s.Name, s.UID, len(fresh)) {
		fresh[i].Name = name
		writes = append(writes, create(fresh[i]))
	}
	return writes, false
}

// fill puts the endpoints of a group into the slices of its ports: each stays in the first that holds it. It returns those for which there is no
// room.
func (g *group) fill(have []*held) []discoveryv1.Endpoint {
	left := slices.Clone(g.endpoints)
	var own []*held
	for _, h := range have {
		if !h.owned || h.group != nil || groupKey(h.slice.AddressType, h.slice.Ports) != g.key {
			continue
		}
		h.group = g
		own = append(own, h)
		for i := range h.slice.Endpoints {
			at := slices.IndexFunc(left, func(e discoveryv1.Endpoint) bool { return same(&e, &h.slice.Endpoints[i]) })
			if at >= 0 && len(h.after) < room {
				h.after = append(h.after, left[at])
				left = slices.Delete(left, at, at+1)
			}
		}
	}
	for _, h := range own {
		n := min(room-len(h.after), len(left))
		h.after, left = append(h.after, left[:n]...), left[n:]
		slices.SortFunc(h.after, func(a, b discoveryv1.Endpoint) int { return cmp.Compare(a.Addresses[0], b.Addresses[0]) })
	}
	return left
}

// same: both are about that address of that pod, whatever they say of it.
func same(a, b *discoveryv1.Endpoint) bool {
	return len(b.Addresses) > 0 && a.Addresses[0] == b.Addresses[0] && b.TargetRef != nil && a.TargetRef.UID == b.TargetRef.UID
}

// place finds the slice that a family without endpoints has; false: it has none.
func place(have []*held, family discoveryv1.AddressType) bool {
	for _, h := range have {
		if h.owned && h.slice.AddressType == family {
			h.placed = true
			return true
		}
	}
	return false
}

// tidy deletes leftovers, and slices in which nothing is wanted. Where nothing is missing, one of each family stays: a family has endpoints, or a
// slice for none.
func tidy(have []*held) (deletions []control.Effect) {
	for _, h := range have {
		if !h.owned || len(h.after) == 0 && !h.placed {
			deletions = append(deletions, remove(h.slice))
		}
	}
	return deletions
}
