// Package observe writes down the store's own log: one Revision line for every change, in order, without
// loss or repetition. It is the truth that a judge holds everything else against, so it reads from the store by itself
// and not through an API server.
//
//  1. Lines come in the order of revisions. Each holds the object as JSON with its resourceVersion, when it was created,
//     which revision it replaced, and the hash of the stored bytes. A value that cannot be decoded is written with its
//     hash alone: what is stored is a fact whatever it is.
//  2. A broken watch is opened again after the last revision written. If that is compacted by then, part of the log is
//     lost for ever and the observer ends with [ErrLost].
//  3. Over store/memory it is synchronous: Open has written all of history when it returns, and every write is written
//     down before it returns. Nothing here reads a clock or starts a goroutine but Run.
//  4. A Compact line tells that history before its revision is gone. It is found by asking, so it comes late: the call
//     that compacted is in the trace as well, if it went through a recorded Store.
//
// The observer of a real cluster wants a [orrery/impl/store.Store] with all members as endpoints: one that is cut off
// with its member sees the rest of the log once the cut is healed.
//
// **Not done**: history from before it was opened, and what was compacted while it could not read.
//
// Sources: etcd tests/robustness, whose watch of all keys is its record of the truth; package trace for the lines.
package observe
