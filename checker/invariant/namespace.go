package invariant

import (
	"encoding/json"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// namespaceRemoval judges that a namespace is gone: rows 29 and 107.
func (j *judge) namespaceRemoval(v *history.Version, last *object.Object) {
	held := last.Spec.Finalizers
	switch {
	case last.Metadata.DeletionTimestamp == "" && len(held) > 0:
		j.broken(NamespaceFinalized, v.Seq(), "%s was removed and was not being deleted", v.Object)
	case len(held) > 0 && !j.namespaceFinalized(v):
		j.broken(NamespaceFinalized, v.Seq(), "%s was removed while its spec had the finalizers %v", v.Object, held)
	}
	for _, left := range j.h.Log.Live("/registry/", v.Revision) {
		if left.Object.Namespace == v.Object.Name {
			j.broken(NamespaceEmpty, v.Seq(), "%s was removed, and %s (UID %s) is left", v.Object, left.Object, left.UID)
			return // one is enough
		}
	}
}

// namespaceFinalized reports whether a request that takes all finalizers from the spec may have been what removed v. The removal is that write's own,
// so the log never shows the namespace without.
func (j *judge) namespaceFinalized(v *history.Version) bool {
	for _, op := range j.h.Operations {
		if op.Layer != trace.API || op.Subresource != "finalize" || op.Object() != v.Object || op.Outcome() == trace.Failed || v.Line == nil || op.Start > j.h.Clock(v.Line) {
			continue
		}
		var body object.Object
		if op.UID != "" && op.UID != v.UID || json.Unmarshal(op.Body, &body) != nil || len(body.Spec.Finalizers) > 0 {
			continue
		}
		return true
	}
	return false
}
