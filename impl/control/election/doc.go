// Package election decides which of several processes of a kind acts, by a Lease that one of them holds: rings 1 and 2 of leader
// election.
//
//	decide.go    what is to be done about the lease, from what was last read of it: a pure function
//	elector.go   one candidate: its requests, one at a time, and from when until when it leads
//	step.go      what is told of it in a trace
//
// The contract of an [Elector]:
//
//  1. Its owner asks it for requests with Next, sends each once, and tells the answer with Done. Due says when time alone lets it go on.
//  2. It leads from when it hears that a write of its took place, until RenewDeadline after it sent that write ([Elector.Leads]). Whoever
//     acts must ask before each thing that it does, and do nothing once the answer is no: neither decide nor send (C07).
//  3. It takes a lease that another holds only if the lease has not changed for as long as its record says that it is held, since it was
//     read for the first time as it is, by the clock of this process. The times in the record are written for people and never read
//     (row 45, C09). What is written requires the version that was read.
//  4. Whoever ends stops acting first, and then calls Release: the lease names nobody then, and the next need not wait (C10).
//  5. An identity belongs to one life of one process: a lease that names it is its own.
//
// # What is promised
//
// With clocks that go at rates of which no two differ by a factor of LeaseDuration/RenewDeadline or more, no two lead at the same time (row 44):
// the holder counts from when it sent a write, the others from when they saw it or later. Package model/election says when that is not so.
//
// It is not a fence. What a leader has sent may arrive when another leads, and a clock that stands still (a machine that is suspended)
// lets its leader lead for ever. So every write of a component must be safe under two leaders: it requires the version or the UID that it
// was decided for. What leader election gives is that two do not work against each other for long.
//
// Upstream: counts the renewal deadline from the answer to a renewal, not from when it was sent. An answer that takes longer
// than LeaseDuration-RenewDeadline then makes two lead. Here it does not.
//
// # Not done
//
// Jitter: upstream lets candidates wait for RetryPeriod and up to 1.2 times more, at random; a run could not be repeated then, and a conflict
// costs one request. Health checks of a leader that holds the lease and does nothing; coordinated leader election; locks other than Leases.
//
// Sources: client-go tools/leaderelection of v1.37; kubernetes/client-go#448; vmware/pinniped#800.
package election
