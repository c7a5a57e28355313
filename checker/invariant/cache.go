package invariant

import (
	"orrery/checker/history"
	"orrery/impl/trace"
)

// caches judges row 26: what a watch cache said it held at a revision, against the log at that revision.
func (j *judge) caches() {
	log := j.h.Log
	for _, l := range j.h.Digests {
		d := l.Digest
		if d.Revision < log.Start || d.Revision > log.End() {
			continue // before the recording, or after the last revision observed: nothing to hold it against
		}
		var refs []trace.Ref
		if prefix, held := log.Prefix(d.Resource, ""); held {
			refs = refsOf(log.Live(prefix, d.Revision))
		}
		if want := trace.DigestOf(refs); len(refs) != d.Count || want != d.Hash {
			j.broken(CacheEqualsStore, l.Seq, "the cache of %s on %s at %d holds %d objects (digest %s), the store %d (digest %s)",
				d.Resource, d.Server, d.Revision, d.Count, d.Hash, len(refs), want)
		}
	}
}

func refsOf(versions []*history.Version) []trace.Ref {
	refs := make([]trace.Ref, len(versions))
	for i, v := range versions {
		refs[i] = trace.Ref{Resource: v.Object.Resource, Namespace: v.Object.Namespace, Name: v.Object.Name, UID: v.UID, Revision: v.Revision}
	}
	return refs
}
