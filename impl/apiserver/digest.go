package apiserver

import (
	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/trace"
)

// digest tells what each cache holds that has moved on since it was told last, so that a judge can hold it against the
// store at the same revision.
func (s *Server) digest(told map[*api.Resource]int64) {
	for _, r := range api.Resources {
		if snapshot, ready := s.feed.Snapshot(r); ready && snapshot.Revision != told[r] {
			told[r] = snapshot.Revision
			line := DigestOf(s.cfg.Name, r, snapshot)
			s.cfg.Sink.Emit(trace.Line{Digest: &line})
		}
	}
}

// DigestOf sums up what a server knows of a resource.
func DigestOf(server string, r *api.Resource, snapshot cache.Snapshot) trace.Digest {
	refs := make([]trace.Ref, 0, snapshot.Len())
	snapshot.Ascend(r.Root(""), "", func(item *cache.Item) bool {
		refs = append(refs, trace.Ref{Resource: r.Name, Namespace: item.Object.GetNamespace(), Name: item.Object.GetName(),
			UID: string(item.Object.GetUID()), Revision: item.KV.Mod})
		return true
	})
	return trace.Digest{Server: server, Resource: r.Name, Revision: snapshot.Revision, Count: len(refs), Hash: trace.DigestOf(refs)}
}
