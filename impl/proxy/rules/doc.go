// Package rules is the contract between a proxy and what turns packets to services into packets to endpoints: the kernel of its node.
//
// A [Set] says what becomes of new flows to each address of a service. Whoever implements [Rules] promises:
//
//  1. Apply puts a set in the place of the one before at once, and wholly (row 113): no packet meets a part of it, nor none at all. Only if that
//     fails because somebody else has changed what the rules consist of may all be removed and made anew, which is at once as well.
//  2. An error of Apply means that the set before is still there, or, if it is [ErrUnknown], that nobody knows which of both is.
//  3. Apply ends no flow, nor does the end of the process (row 117). A client with affinity stays with its target as long as a set has it (Affine
//     in model/proxy), and no longer than the rule's timeout after its last new flow.
//  4. Current reads back what is there, whoever has put it there; what stays of a [Rule] is not read.
//  5. Flush ends those flows of UDP that a set does not keep, and no other; see [Set.Keeps]. A flow is known as the proxy's by a mark that its
//     rules leave on it, so that nobody need remember which addresses services have had.
//
// Package fake is a kernel in memory, package nft the one of Linux; one random test runs both.
//
// # Not done
//
// IPv6, SCTP, external addresses and load balancers.
//
// Sources: model/proxy; INVARIANTS.md, rows 113 to 118; upstream's pkg/proxy/nftables and pkg/proxy/conntrack of v1.37.
package rules
