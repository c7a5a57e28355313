// Package history reads a trace and makes its parts easy to find: what clients asked and were told, what the store
// really held at every revision, what watches delivered, what components decided, what nodes really ran.
//
// The contract:
//
//  1. [Parse] accepts every trace that [trace.Reader] accepts; it indexes and does not judge. What does not fit together
//     (a return without a call) is kept in [History.Stray] for the checker wellformed.
//  2. Seq numbers lines from 1, so Lines[n-1] is line n. Everything found points to the line it came from.
//  3. An operation without a return, or with outcome Unknown, ends at [Never]: it may take effect at any later time.
//  4. The [Log] is the observer's: initial objects and Revision lines. [Log.Live] and [At] tell the state at any revision
//     from the beginning of the recording on.
//  5. A History is not modified once parsed and may be read by several goroutines.
//
// Time is compared with [Operation.Before], which knows that a simulated run is one total order whatever its clock says,
// while in a real run two lines of the same nanosecond may have happened either way.
//
// [Open], [Load] and [Save] read and write files by name; a name that ends in .zst is compressed.
//
// **Not done**: traces that do not fit in memory. A run of three minutes has some 100,000 lines; a day has not been tried.
//
// Sources: package trace for the format; Herlihy and Wing (1990) for operations and their order; Jepsen for unknown outcomes.
package history
