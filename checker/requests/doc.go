// Package requests judges what pods were answered that asked a service: the end to end of rows 97, 113 and 118 of INVARIANTS.md, from the store through
// the rules to the wire. It looks at the request lines of a trace, which only real runs have.
//
// Which rules were in force is known but for moments: a proxy says what it is about to put into its kernel, in a step, and that it has, in a line of
// rules. So a set may be in force from its step on, and until another that came later is known to be:
//
//	step 1 .. rules 1 ............. step 2 ....... rules 2
//	  [------------ set 1 may be in force ------------]
//	                                  [------------ set 2 may be in force ...
//
// What a set sends to follows from the services and slices that the proxy had seen, by package checker/rules. That those are the right ones is for
// refine, invariant and converge to say; here it is held against the sets that may have been in force, on the node of the client, at any moment from
// the beginning of a request to its end:
//
//  1. who answers has an address that one of the sets sends to;
//  2. who answers had a container that had not ended when the request began;
//  3. a connection is refused only if one of the sets has no endpoint, or has one that is not known to have served: see below;
//  4. a connection is refused, and not left to wait, if each of the sets knows the service and has no endpoint for it, and if something was heard later
//     by the same client, so that its pod had not lost its network;
//  5. once all has settled, a request to a service that selects pods that are ready is answered by one of those.
//
// A pod is known to have served throughout a request if it answered one that ended before, and one that began after, and had one container in the whole
// run: what listens does not cease to and begin again. Only its own answers prove it; being ready does not, as a process that has just started, or has
// just been told to end, does not listen.
//
// What is not known is allowed: whatever a node does before its first set is known to be there, or while one may be in force that cannot be told;
// answers of a pod of which the store never had an address; and requests that ended in some other way, as under a cut, where a packet may be lost on its
// way to an endpoint of another machine, or where an endpoint has just ended and its address is nobody's. Times of exits come from another clock than
// the trace's, so that an end counts only [drift] later.
//
// **Not done**: UDP, affinity, ports of nodes and requests from machines, which TestService has; how evenly endpoints are chosen; that a request is
// answered during the faults, if all of its endpoints serve and none is cut off; a service which is itself deleted, or changes its address, while it
// is asked.
//
// Sources: INVARIANTS.md, rows 97, 113, 117 and 118; Jepsen, for the outcome that nobody knows; package impl/proxy for when a set is in force.
package requests
