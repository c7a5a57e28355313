// Package control is the loop that every component runs: rings 2 and 3 of a component whose ring 1 is a [Component].
//
// A [Loop] is one struct without goroutines. Its owner feeds it and serves it:
//
//  1. ObserveList and Observe tell it what the sources show. A list is taken over atomically. A list or event older than
//     what the source has shown is refused with an error, and the owner must list again (C01).
//  2. Work reconciles the first key that is due, if any, and queues the plan's effects. Nothing is decided before every
//     source has been listed once (row 43), but for what needs none that is late, and no key while an effect of its last plan is unanswered (row 40).
//  3. Next hands out one effect. The owner performs it once, at any later time, and tells the answer with Done.
//  4. Due tells when time alone makes the loop move again: a backoff, a plan's Again, an unknown write to be resolved.
//
// Every call happens under the owner's lock and returns at once; now is an argument. Two loops that are given the same
// calls in the same order do the same, trace included.
//
// # The ledger
//
// A decision must see what the component itself has already done, or it does it twice (R02). Every write that carries a
// prediction is in the ledger from the moment it is planned until the cache has caught up with it, and the [View] shows
// the cache as overlaid with it:
//
//	planned, in flight   the prediction is shown
//	OK                   the server's answer is shown until the source has reached its resourceVersion
//	Failed               dropped: the cache is shown again
//	Unknown              the prediction is shown until it is resolved
//
// An Unknown write is resolved by the cache (the object has changed since the required resourceVersion, has another UID,
// or is gone: whether it was this write or not, it cannot happen any more), or else by the loop itself. A create is read
// live: if the name exists it was done, and if not the entry is dropped and the component decides again, and because it
// chooses names by rule it chooses the same one, so that a late arrival of the first is met by AlreadyExists. Any other
// write is repeated as it is: it requires a resourceVersion, so of the two at most one takes place, and the answer is
// definite. (Merely reading is not enough: the first could still land after the read, and a bind would then overcommit
// a node that another pod was given meanwhile.) While the outcome of a write to an object is open, no other is sent.
// Both questions are the loop's own: in the trace they are a Step without a key.
//
// A prediction is safe to rely on for not doing a thing twice, not for making up for it: see [View.Doubtful].
//
// # Live reads
//
// A Get or a List among the effects of a plan is a consistent read: what it shows is the latest at some moment after it was sent, whatever the
// caches show. The next Reconcile of its key finds the answer ([View.Live], [View.LiveList]), and none after that. An answer tells at which
// resourceVersion it was true; what has been written since it does not show, and what the caches show need not be older. A list is of
// everything that a resource has in a namespace; whose resource is no source can so be looked through now and then, without a watch.
//
// # Leader election
//
// Two processes of a kind are safe, as every write carries preconditions (row 44), but they would work against each other's ledger. So
// [Elect] has one of them act: for each term in which it leads, new loops, which list everything first. A loop is asked for nothing, and no
// effect of it is sent, from the moment in which its process may not lead any more; effects in flight are abandoned, as in a crash. What
// leads whom is decided by package election.
//
// Sources: DESIGN.md section 2; client-go tools/cache/shared_informer.go for what a cache promises and
// util/workqueue for the queue; KEP-5647 for why a controller must read its own writes.
package control
