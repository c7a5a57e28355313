// Package simulation is the policy of the simulated world: what happens in a run, what it is worth, and what of it matters.
//
//	explore.go   chooses: which step, which fault, whose request; from a seed or from a fuzzer's bytes
//	do.go        does: one line of a script; its comment is the language
//	run.go       a whole run: setup, safety under faults, heal, liveness, and the judgement
//	campaign.go  many runs, on all processors
//	shrink.go    a failing run made small
//	story.go     a run in words
//
// The contract:
//
//  1. A run follows from its choices alone: the same seed, the same bytes or the same script make the same trace, byte for byte.
//  2. Every run leaves the script that makes it again. What was chosen at random is in it as words, so that a script outlives a
//     change of how things are chosen.
//  3. Of the choices 0 is always the ordinary: a run of zeros is a cluster in which nothing is asked for and nothing fails.
//  4. After the safety phase everything is healed, and within a bound of the world's time the cluster must have come to rest as
//     desired; a run that does not says what is still wanted.
//  5. A failure is shrunk to a script that breaks the same guarantee. What is left is printed, and may be kept in testdata/scripts.
//
// The runs are swarms: how often there are faults, and which, how disorderly messages are, and how long a run is, is drawn too.
// Sieve's three patterns are among them: stale state (lag, and a component that crashes and lists from a server that lags),
// unobserved state (a watch that is cut while an object comes and goes, and compaction), intermediate state (a crash, or a request
// that is broken, between two writes). The fourth, a name that is given again, is what the workload does all the time.
//
// A run takes some 9 ms of two cores (109 a second; 300 are wanted): where they go says package bench.
//
// **Not done**: two faults of the store's members at once are drawn, but no member is replaced; clocks run fast, not back.
//
// Sources: DESIGN.md section 3; Groce and others, Swarm Testing (ISSTA 2012); Sieve (OSDI 2022); TigerBeetle's VOPR.
package simulation
