// Package linear judges whether the operations on the store and at the API took effect in one order that everybody could
// have seen: the order of revisions.
//
// A revision is the time stamp of a commit, and the observer's log tells every one of them. So the order of writes is
// given, and what remains to be found is the moment c(r) at which each revision was committed. Every operation says
// something about these moments, and nothing more:
//
//	a write of revision r, called at s, returned at t              s <= c(r) <= t
//	a read of a state that was current from revision a up to b     c(a) <= t and s <= c(b+1)
//	a read that may be stale                                       c(a) <= t
//	the observer's line for r, at t                                c(r) <= t
//	always                                                         c(r) <= c(r+1)
//
// An operation has a moment of its own in [s, t] within [c(a), c(b+1)) exactly if each interval begins before the other
// ends, which is what the table says; and bounds of one variable each, with the chain, can be met exactly if the largest
// lower bound up to r is never above the smallest upper bound from r on. That is sort, two sweeps, and replay:
// O(n log n), no search.
//
// Search is needed only where an operation can be explained by several states that are not neighbours (not found:
// before the create, or after the delete). They are narrowed until one is left; what cannot be narrowed is tried with
// the earliest moments, and if these do not fit, the object's operations are given to porcupine.
//
// Unknown outcomes: at the store the log says whether a write took effect. Every entry must be the effect of one write
// that was asked for, so that each that no acknowledged write made is given to an unknown one with the same key, value
// and expected revision. At the API nothing hangs on them.
//
// A run in which nothing is wrong yields a [Witness], the order found, and [Verify] checks it again by replay, with
// nothing taken over from the search.
//
// What is judged, with the rows of INVARIANTS.md: the sentinels in guarantees.go.
//
// **Not done**: what an update changed within the object (refinement); deletecollection, which is no atomic operation but
// many deletions; that what failed at the API had no effect (at the store it is judged; at the API, AlreadyExists may be
// told of the object that the same request made); that a failed read of the API's (410 Gone) was right to fail; failures
// other than NotFound, AlreadyExists and Conflict, which may come from anything.
//
// Sources: Herlihy and Wing, Linearizability (1990); etcd's tests/robustness (resolving unknown outcomes by the log);
// Lee and Mathur (OOPSLA 2025) and the CAS-chain checkers for why a commit's time stamp makes it near linear.
package linear
