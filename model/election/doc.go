// Package election is the specification of leader election: two candidates, one lease, and clocks that go at rates of their own.
//
// There are three layers. [View.Refuses] says what a candidate may do about the lease in a view of it. The machine, [New], puts two
// candidates that do so into a world: requests and answers are lost or late, candidates crash, and are told to end. The properties say what
// must come of it.
//
//	action      enabled when                                            changes
//	Look        a candidate waits for no answer, and may look           the lease is read; the answer is on its way
//	Hold        the view does not refuse to acquire or to renew it      a write that names the candidate is sent
//	Arrive      a write is on its way                                   the lease, if it is as the write requires; an answer is on its way
//	Hear        an answer is on its way                                 the candidate knows; it leads, if it was a write that took place
//	Lose        an answer is on its way, or a request                   the candidate has given it up; a write still is on its way
//	Land, Drop  a write is on its way that was given up                 it arrives, or never will
//	Act         a candidate leads                                       something that it does is on its way
//	Effect      something is on its way that a candidate did            it is done
//	End         a candidate is up                                       it is told to end
//	Stop        a candidate was told to end                             nothing acts for it any more
//	Release     it has stopped, and holds the lease                     a write that names nobody is sent
//	Leave       it has stopped, and has nothing to give back            it is gone
//	Touch       the faults have not ended                               the lease's version: somebody wrote to it
//	Crash       a candidate is up                                       all that it knows is gone; what it sent is on its way
//	Start       a candidate is gone                                     one with another identity
//	Heal        nobody has healed the world                             nothing is lost or crashes any more
//	Tick        see below                                               all clocks go on, each by its rate; who has led for too long leads no more
//
// What must not be put off for ever are Look, Hold, Hear, Arrive, Effect, Stop, Release, Leave, Start, Heal, Tick, and that what was given up lands
// or is dropped.
//
// # Time
//
// There is no clock that all share, but there are durations, which each measures by its own: for how long the lease has been as it is, from when
// a candidate first read it so; and for how long a leader may act, from when it sent the write. A tick is so many units on one clock and so
// many on the other. Until the faults have ended everybody may be as late as they like; from then on time passes only if nothing else
// is to be done. Between two ticks a candidate looks or renews once.
//
// # What is claimed
//
// Row 44: no two lead at once, if the rates of no two clocks differ by a factor of LeaseDuration/RenewDeadline or more. A leader stops RenewDeadline
// after it sent the last write that took place, by its own clock, and others saw that write then or later. Where the rates differ by
// more the same claim is wrong ([New] has it among what is tempting then), and nothing that a candidate could do mends it.
//
// Row 45: the record has a holder and no time. A candidate that compared a time in the record with its own clock could take the lease over at any
// time, as clocks may show anything; that is one of the mutants.
//
// It is not a fence, and that is no defect of it: what a leader has sent arrives when another leads ([Fence] is tempting). So each other model
// claims what it claims with requests of a process that is gone, or has been cut off, still on their way.
//
// # Where it begins
//
// With two candidates that know nothing, and a lease that nobody holds (or that is not there: that is the same) or that is held by somebody who
// is gone, perhaps with a write of that one on its way (row 123). From there it comes to where one leads and goes on to (row 119).
//
// # Not modelled
//
//   - more than two candidates: two must not lead at once, and the third is no other than either;
//   - clocks whose rate changes, or that go back: what is measured is durations, by a clock that only goes forward;
//   - candidates with other durations: the record says for how long its holder may lead, and the others wait that long;
//   - what a leader does: see the models of the components;
//   - a lease that somebody removes or gives to another: whoever may write it may do so, and is believed;
//   - Upstream: counts the deadline from the answer to a renewal. That is a mutant: an answer that is late makes two lead.
//
// Sources: INVARIANTS.md, rows 44, 45, 119 and 123; BUGS.md, C07, C09 and C10; client-go tools/leaderelection of v1.37.
package election
