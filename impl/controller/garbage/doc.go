// Package garbage collects what has no owner left, and lets owners go that are deleted with a wish for their dependents.
//
// Of an object the first of these that is called for is done, in the order of model/garbage:
//
//	finalize    it is being deleted, and no dependent blocks it (finalizer foregroundDeletion), or none refers to it any more (finalizer orphan)
//	unlink      its dependents lose their references to it, which it is to orphan
//	unblock     it waits for itself, by way of owners that all wait: the references that make the circle block no more
//	unlink      it loses its references to owners that are gone, or wait for it to go, while another owner stays
//	collect     each of its owners is gone, or waits for it to go: it is deleted, in the foreground if it must be waited for in turn
//
// An owner is looked for under the name that the reference says, in the object's own namespace if the owner's kind has namespaces, and is gone
// if what is there has another UID (row 109).
//
// The caches only suggest to look at an object; see [Collector.Keys]. It is then read live, and after it its owners, or, if it has a wish for its
// dependents, a list of everything that may depend on it. What is decided rests on these reads alone, and every write requires the UID and
// resourceVersion that were read. Where they show that there is nothing to do, the caches are behind; the object is looked at again until they
// are not, as a list may pass over what came and went.
//
// Upstream: pkg/controller/garbagecollector orphans, finalizes and breaks circles by its graph, which may lag (rows 110, 111), and breaks
// a circle only where it deletes a member; see model/garbage.
//
// # Not done
//
// Owners of kinds that are not the collector's, events among them: what they own stays. Events in
// which upstream tells that a reference names the wrong namespace.
//
// Sources: pkg/controller/garbagecollector of v1.37; the design proposals api-machinery/garbage-collection and synchronous-garbage-collection;
// INVARIANTS.md, rows 16, 60, 109 to 112, 119, 123; BUGS.md, G05 to G11 and R04.
package garbage
