// Package watch judges whether every watch was told what it had to be told: at the API and at the store, the same nine
// guarantees, held against the store's log.
//
//	guarantee     row     at the API
//	Filter        21      only objects that the watch asked for
//	Ordered       21, 22  in the order of revisions, which is the same for all
//	Unique        21      each change once
//	Atomic        5       the changes of one revision together
//	Reliable      21      no change is left out between two that were told
//	Resumable     21      nor between the resourceVersion asked for and the first that was told
//	Bookmarkable  25      what a bookmark covers was told before it, and is not told after it
//	Content       24      an event is a version that the store held; at the store, with the version that it replaced
//	IsCreate      23      ADDED if the object comes into view, DELETED if it goes out of view, MODIFIED otherwise
//	Initial       20, 21  the initial events are the state at one revision
//	Backwards     39      what a client that lists and watches is shown never goes back, over relists and servers
//
// A watch with a selector sees an object come into view when it begins to match, and go out of view when it ceases to, with
// the revision of that change.
//
// Each guarantee is one function of one stream and one sentinel error. A change that is missing is charged to one of them
// only: to Bookmarkable if a bookmark covers it, to Atomic if another change of its revision was told, to Resumable if it
// was due before all that was told, else to Reliable; and one that comes late is no missing one, but breaks Ordered.
//
// Each is linear in what it reads: a watch's events, and the log once for each set of selectors that a watch used.
//
// **Not done**: how soon a change is told (no bound is promised); that a refusal (410) was right; events of revisions up to
// that at which recording began, of which only the state is known, are passed over; a list with resourceVersion 0 may go
// back, as upstream's may.
//
// Sources: etcd's tests/robustness/validate/watch.go and "KV API guarantees"; Kubernetes' "API concepts" on watches;
// kubernetes/kubernetes#59848 for what goes back in time.
package watch
