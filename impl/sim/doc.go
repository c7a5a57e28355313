// Package sim is a whole cluster in one goroutine: the components as they are, over a network, a clock, disks and runtimes
// that are values. It is mechanism only: what happens when is for its user to choose.
//
// A [World] is at every moment in a state in which some [Step]s are enabled: a message may arrive, an answer may be heard,
// the store may carry an operation out, a watch may deliver, a component may work, time may go on. [World.Enabled] lists them in
// a fixed order; [World.Take] takes one. Nothing else happens. So a run is a sequence of choices, and the same choices make
// the same trace, byte for byte.
//
// Between the steps its user may interfere, by the methods of World, with what is called a fault:
//
//	fault              what it does                                               what must survive
//	Crash, Start       a process loses its memory; what it has sent goes on       everything
//	Pause, Resume      a process does not run, its clock goes on                  everything
//	Cut, Mend          one machine does not hear another; requests hang           safety; liveness once it is mended
//	Break              a caller gives up a request that may still be carried out  everything
//	Stall, Release     a member's disk does not answer                            a minority of members
//	CrashMember, ...   a member of the store ends; its disk keeps what it synced  a minority of members
//	LoseWrite          a disk loses a write that it had not synced                everything
//	Lag, CatchUp       an API server's caches do not move                         everything
//	Compact            the store forgets history                                  everything
//	Lose               a call to a container runtime is lost, before or after     everything
//	Kill               a container's process dies                                 everything
//	Collect            the record of a container is lost that the API shows ended everything
//	Reboot             a machine's containers end, its processes lose all         everything but what ran
//
// What a correct cluster must survive is the table's last column: no acknowledged write is lost, no guarantee of the
// checkers broken, and once all faults have ended everything comes to be as desired.
//
// The duties of this package:
//
//  1. The components' code is the real one: loop and decisions, reflectors, request machines, watch caches, the store contract
//     in memory, the kubelet and its Local over the fake runtime. What is replaced is the goroutines, HTTP, and etcd's Raft.
//  2. A write that was acknowledged is kept: an etcd member's disk is synced before its answer. One that was not may take effect at
//     any later time, or never.
//  3. A message is delivered at most once; messages of different requests overtake each other, events of one watch do not.
//  4. What an API server does by itself from time to time, it does when its user says so: [World.Repair], [World.Compact].
//  5. Everything of interest is a line of the trace, as in a real run, and judged by the same checkers.
//
// A component joins by one call of [World.AddComponents]; or of [World.AddCandidate], if several processes stand for acting: each has the
// clock of its process, and [World.Leave] is what SIGTERM is.
//
// # Not modelled
//
// Raft: members are a quorum or not, and of a quorum the first is the leader. Reads of the store are linearizable as etcd's
// are. Clocks of processes run at their own rate, but all deadlines of the network are the world's. The kubelet's Events, its
// server, and probes other than exec. HTTP: [orrery/impl/client] and web are tested by themselves.
//
// Sources: DESIGN.md sections 2 and 3; TigerBeetle's VOPR and FoundationDB's simulation for one source of choices and two
// phases; Sieve (OSDI 2022) for stale, unobserved and intermediate states.
package sim
