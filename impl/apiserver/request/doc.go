// Package request is one request to the API server on its way: what it needs of the store and the watch cache, in what
// order, and what it answers.
//
// A [Machine] has no goroutine, clock or lock. [Machine.Next] returns the next [Op] as a value, or the [Result];
// [Machine.Done] takes the answer. Between the two a simulation may let any other request go first.
//
//  1. A write is read → decide → compare-and-swap → decide again or answer. Deciding is [registry.Decide]'s.
//
//  2. A first version may come from the Cache, as a suggestion. A change decided on it stands only if the
//     compare-and-swap, of a deletion as of an update, finds that very version in the store; a refusal, and the finding
//     that there is nothing to do, are decided again on a version read from the store.
//
//  3. An update never creates: only a create compares with "absent".
//
//  4. Nothing is written twice: after a write of unknown outcome the request ends with 504 Timeout. Every other error of
//     a write of one object is definite, except where the server itself is at fault (500).
//
//  5. Repetition is bounded: a write that loses every race ends with 409 after 32, a generated name after 8.
//
//  6. A new object needs a namespace that exists and is not being deleted: so it is at the moment of the write, which the
//     namespace's revision guards.
//
//  7. A token of a service account is issued for what is in the store at some moment within the request, and nothing is written. Where new pods
//     have accounts, so does theirs: it was in the store after the request began.
//
//  8. No two live Services have the same cluster IP or node port, of however many servers, and an address whose Service is gone
//     is free again: see claim.go for why, and [Leaks] for what a broken request leaves.
//
// Lists, by resourceVersion and resourceVersionMatch, as upstream has it (kubernetes.io, "API concepts"; KEP-2340):
//
//		                          unset        "0"           N
//		match unset               consistent   any           not older than N
//		match unset, limit        consistent   any, no limit exactly N
//		match unset, continue     the token's  the token's   400
//		Exact                     422          422           exactly N
//		NotOlderThan              422          any           not older than N
//
//	  - consistent: the store is asked for its revision, the Cache is waited for until it has come there ([WaitBound]), and
//	    its present state is the answer; where it does not come there, the store is listed.
//	  - exactly: the Cache's state at that revision, or, where its window does not reach, the store's. 410 if that is
//	    compacted, with a token that goes on inconsistently if the list was continued.
//	  - not older than: waited for, 504 with the cause ResourceVersionTooLarge if the Cache does not come there.
//
// A get is consistent (from the store) without a resourceVersion, from the Cache with "0", and not older than N with N. A
// watch begins after N, or, without N or with sendInitialEvents, with the present state as ADDED events: consistent if
// the resourceVersion is unset, any for "0", not older than N for N.
//
// What the store's errors become: unavailable 503, unknown outcome 504, compacted 410, future 504 (ResourceVersionTooLarge),
// too large 413, anything else 500.
//
// Not done: sendInitialEvents=false, which api.Request cannot tell from unset; deletecollection deletes one after the other.
package request

import "time"

// WaitBound is how long a [Wait] may take, as upstream's cacher bounds it.
const WaitBound = 3 * time.Second
