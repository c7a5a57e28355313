// Package namespace empties a namespace that is being deleted, and then lets it go.
//
// In every round the first of these that is called for is done, and the rest follows in the next round, as model/namespace has it:
//
//	wait      nobody knows yet what became of a write to the namespace, or it is somebody else who keeps it
//	look      every resource with namespaces is listed live, and after that the namespace itself is read live
//	finalize  nothing is left: the finalizer `kubernetes` is taken away, if the namespace is still as it was seen (row 29)
//	delete    what is there and not going already, by its UID, if the namespace is still the one that was seen: first the pods, with their grace
//	          (row 73), and when they are gone all else
//	wait      what is left is going: the conditions say so, and it is looked at again later
//
// A list counts if its resourceVersion is not below the namespace's as the cache shows it. For that version is being deleted, and so what the
// list shows is complete: an API server writes no new object without the guard that its namespace is not (row 28, impl/apiserver/request). And
// the read after the list says in which namespace it is, where the name has been given again. So neither a cache that lags, nor an API server that
// does, nor a second controller does harm: all that can happen is that a request is refused.
//
// The conditions are upstream's, word for word.
//
// Upstream: deletes collections by the namespace's name alone, which may be that of another namespace when the request arrives; and finalizes
// whatever version there is. It also writes the conditions of a namespace that it finalizes in the next moment; here they are only written where
// somebody can see them.
//
// # Not done
//
// Discovery: what is served is known (impl/api), so that two of the conditions are always False. Events and metrics.
//
// Only namespaces are watched. What is in them is listed when one of them is deleted, and again after half the time that its pods may take, or
// that upstream estimates for finalizers; never more seldom than that.
//
// Sources: pkg/controller/namespace of v1.37, deletion/namespaced_resources_deleter.go and deletion/status_condition_utils.go; KEP-5080 for pods
// first; BUGS.md, G01 to G04.
package namespace
