package apiserver

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
)

// expired are the Events that were last heard of more than ttl ago.
//
// Upstream gives the key of an Event an etcd lease. The time that counts there is that of the last write; here it is the
// latest that the Event itself tells.
func expired(events cache.Snapshot, prefix string, now time.Time, ttl time.Duration) []*cache.Item {
	var old []*cache.Item
	events.Ascend(prefix, "", func(item *cache.Item) bool {
		if e, ok := item.Object.(*corev1.Event); ok && now.Sub(lastHeard(e)) > ttl {
			old = append(old, item)
		}
		return true
	})
	return old
}

func lastHeard(e *corev1.Event) time.Time {
	last := e.CreationTimestamp.Time
	for _, t := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time, e.FirstTimestamp.Time} {
		if t.After(last) {
			last = t
		}
	}
	if e.Series != nil && e.Series.LastObservedTime.After(last) {
		last = e.Series.LastObservedTime.Time
	}
	return last
}

// sweep removes expired Events. Several servers may do so at once: each removal compares the version that had expired.
func (s *Server) sweep(ctx context.Context) {
	if s.cfg.EventTTL < 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	events, _ := api.ByName("events")
	snapshot, ready := s.feed.Snapshot(events)
	if !ready {
		return
	}
	for _, item := range expired(snapshot, events.Root(""), s.cfg.Clock(), s.cfg.EventTTL) {
		if _, err := s.store.Delete(ctx, item.KV.Key, item.KV.Mod); err != nil {
			s.cfg.Warn(fmt.Errorf("removing expired events: %w", err))
			return
		}
	}
}
