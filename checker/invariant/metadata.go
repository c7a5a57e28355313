package invariant

import (
	"encoding/json"
	"slices"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// metadata judges rows 9, 13 to 18, 28 and 83: every version against the one before it.
func (j *judge) metadata() {
	owner := map[string]string{} // UID → the key it was given to
	for _, v := range slices.Concat(j.h.Log.Initial, j.h.Log.Entries) {
		if v.Deleted {
			j.removal(v)
			continue
		}
		now := j.object(v)
		if now == nil {
			continue
		}
		old := j.object(before(v))
		if uid := now.Metadata.UID; uid == "" {
			j.broken(UIDs, v.Seq(), "%s has no UID", v.Object)
		} else if old != nil && old.Metadata.UID != uid {
			j.broken(UIDs, v.Seq(), "the UID of %s changed from %s to %s by an update", v.Object, old.Metadata.UID, uid)
		} else if old == nil {
			if other, taken := owner[uid]; taken {
				j.broken(UIDs, v.Seq(), "%s was created with UID %s, which %s had been given before", v.Object, uid, other)
			}
			owner[uid] = v.Key
			j.inNamespace(v)
		}
		j.single(v, now)
		if old != nil && old.Metadata.UID == now.Metadata.UID {
			j.pair(v, old, now)
		}
	}
}

// inNamespace judges a creation. Upstream decides by a cache (its own documentation calls that a race); here the namespace's
// revision guards the write. Where the history holds no namespace at all it is not that of a whole store, and nothing is said.
func (j *judge) inNamespace(v *history.Version) {
	if v.Line == nil || v.Object.Namespace == "" || len(j.h.Log.All("namespaces")) == 0 {
		return
	}
	name := history.ObjectName{Resource: "namespaces", Name: v.Object.Namespace}
	switch ns := j.object(history.At(j.h.Log.Of(name), v.Revision-1)); {
	case ns == nil:
		j.broken(InNamespace, v.Seq(), "%s was created, and there was no namespace %s", v.Object, name.Name)
	case ns.Metadata.DeletionTimestamp != "":
		j.broken(InNamespace, v.Seq(), "%s was created in the namespace %s, which had been deleted at %s", v.Object, name.Name, ns.Metadata.DeletionTimestamp)
	}
}

// single judges one version by itself.
func (j *judge) single(v *history.Version, now *object.Object) {
	controllers := 0
	for _, ref := range now.Metadata.OwnerReferences {
		if ref.Controller {
			controllers++
		}
	}
	if controllers > 1 {
		j.broken(OneController, v.Seq(), "%s has %d owner references with controller=true", v.Object, controllers)
	}
	if now.Status.ObservedGeneration > now.Metadata.Generation {
		j.broken(Generations, v.Seq(), "%s has observedGeneration %d and generation %d", v.Object, now.Status.ObservedGeneration, now.Metadata.Generation)
	}
}

// pair judges two neighbouring versions of one UID.
func (j *judge) pair(v *history.Version, old, now *object.Object) {
	was, is := old.Metadata, now.Metadata
	if is.Generation < was.Generation {
		j.broken(Generations, v.Seq(), "the generation of %s went from %d to %d", v.Object, was.Generation, is.Generation)
	}
	if was.DeletionTimestamp != "" {
		switch {
		case is.DeletionTimestamp == "":
			j.broken(DeletionTimestamp, v.Seq(), "%s was being deleted (%s) and is not any more", v.Object, was.DeletionTimestamp)
		case is.DeletionTimestamp > was.DeletionTimestamp:
			j.broken(DeletionTimestamp, v.Seq(), "the deletionTimestamp of %s went from %s to %s", v.Object, was.DeletionTimestamp, is.DeletionTimestamp)
		}
		for _, f := range is.Finalizers {
			if !slices.Contains(was.Finalizers, f) {
				j.broken(NoNewFinalizers, v.Seq(), "%s is being deleted and got the finalizer %s", v.Object, f)
			}
		}
	}
	if was.DeletionGracePeriodSeconds != nil && is.DeletionGracePeriodSeconds != nil && *is.DeletionGracePeriodSeconds > *was.DeletionGracePeriodSeconds {
		j.broken(GracePeriod, v.Seq(), "the grace period of %s went from %d s to %d s", v.Object, *was.DeletionGracePeriodSeconds, *is.DeletionGracePeriodSeconds)
	}
	for _, before := range slices.Concat(old.Status.InitContainerStatuses, old.Status.ContainerStatuses) {
		for _, after := range slices.Concat(now.Status.InitContainerStatuses, now.Status.ContainerStatuses) {
			if after.Name == before.Name && after.RestartCount < before.RestartCount {
				j.broken(RestartsCounted, v.Seq(), "the restartCount of %s, container %s, went from %d to %d", v.Object, after.Name, before.RestartCount, after.RestartCount)
			}
		}
	}
}

// removal judges the deletion of a key against what was deleted.
func (j *judge) removal(v *history.Version) {
	last := j.object(before(v))
	if last == nil {
		return
	}
	if v.Object.Resource == "namespaces" {
		j.namespaceRemoval(v, last)
	}
	if held := last.Metadata.Finalizers; len(held) > 0 && (last.Metadata.DeletionTimestamp == "" || !j.finalized(v)) && !j.wishedOtherwise(v, held) {
		j.broken(FinalizersKept, v.Seq(), "%s was removed while it had the finalizers %v", v.Object, held)
	}
}

// finalized reports whether an update or patch that takes all finalizers away may have been what removed v.
//
// The removal is that write's own, so the log never shows the object without finalizers.
func (j *judge) finalized(v *history.Version) bool {
	for _, op := range j.h.Operations {
		if op.Layer != trace.API || op.Object() != v.Object || op.Outcome() == trace.Failed {
			continue
		}
		if op.Verb != "update" && op.Verb != "patch" || v.Line == nil || op.Start > j.h.Clock(v.Line) {
			continue
		}
		if op.OK() && op.Return.Object != nil && op.Return.Object.UID != "" && op.Return.Object.UID != v.UID {
			continue
		}
		if keepsNoFinalizer(op.Body) {
			return true
		}
	}
	return false
}

// wishedOtherwise reports whether a deletion may have removed v, as all that kept it were wishes for its dependents: those the next deletion
// takes away that has another.
func (j *judge) wishedOtherwise(v *history.Version, held []string) bool {
	wishes := map[string]string{object.Foreground: "Foreground", object.Orphan: "Orphan"}
	for _, op := range j.h.Operations {
		if op.Layer != trace.API || !op.Deletes() || op.Object() != v.Object || op.Outcome() == trace.Failed || v.Line == nil || op.Start > j.h.Clock(v.Line) {
			continue
		}
		if !slices.ContainsFunc(held, func(f string) bool { return wishes[f] == "" || op.Policy == "" || wishes[f] == op.Policy }) {
			return true
		}
	}
	return false
}

// keepsNoFinalizer reports whether the body of an update or patch may leave an object without finalizers. A JSON patch
// is a list of operations, and may.
func keepsNoFinalizer(body json.RawMessage) bool {
	var written struct {
		Metadata struct {
			Finalizers []string `json:"finalizers"`
		} `json:"metadata"`
	}
	return json.Unmarshal(body, &written) != nil || len(written.Metadata.Finalizers) == 0
}
