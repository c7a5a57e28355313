// Package wellformed judges whether a trace is a faithful record of a run that did something: only then do the other
// checkers' verdicts mean anything.
//
// Faithful, otherwise the verdict is Illegal:
//
//  1. Every return, watch event and end of a fault has its beginning; no ID begins or ends twice.
//  2. A client has at most one operation open, and takes a new name after an Unknown outcome.
//  3. The revisions of the store's log strictly increase from the header's on.
//  4. The log has no gap: each version replaces the version before it of the same key.
//  5. Outcomes, layers, phases and event types are the format's; a request ends after it began, and is answered by somebody or was not.
//
// Not vacuous, otherwise the verdict is Unknown: as many operations, writes and watch events as the header expects, each
// of its Sometimes reached, each of its kinds of fault there, and every fault bit.
//
// **Not done**: whether an observer saw everything up to the end of the run; linear notices an acknowledged write that
// the log does not reach.
//
// Sources: package trace for the format; etcd tests/robustness/validate, for a log without gaps; INVARIANTS.md.
package wellformed
