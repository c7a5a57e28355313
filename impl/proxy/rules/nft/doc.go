// Package nft is the kernel of Linux, for the rules of a proxy: nftables and connection tracking of one network namespace.
//
// Everything is in one table of its own, "ip orrery-proxy"; other tables, such as those of partitions, are not touched. A set is mostly content of maps, so
// that 1,000 services are no more rules than one:
//
//	map services   address . protocol . port          -> goto the chain that translates, by how many targets there are and what else it does
//	map targets    address . protocol . port . number -> the target of that number
//	map closed     address . protocol . port          -> goto reject, or drop
//	set own        target . target                    a pod that is sent to itself, which would not take the answer for one
//	map affinity   client . address . protocol . port -> the client's last target; entries go when their time is over
//	set allowed    address . protocol . port . target that an entry of affinity may lead to
//
// The port of the node is at address 0.0.0.0. A chain that translates marks the flow, by bits in the mark of its connection, as the proxy's: see
// [mark]. One transaction empties the rules and maps, but for affinity, and fills them anew; what an old entry of affinity leads to is held against
// allowed, so that none need be found and removed. Where the kernel's generation tells that nobody has changed anything since the last set was put there,
// a transaction tells only what differs: of 1,000 services one that has another endpoint is some dozens of elements, and not 21,000. Only if the kernel
// refuses that, as the table has been made into something else, is the table deleted and made, in one transaction too; it refuses nothing then, but
// clients lose their affinity.
//
// New packets to addresses without endpoints are refused before they are translated, and only those: what has begun goes on. A connection is translated
// for as long as the kernel remembers it, whatever the rules are by then.
//
// # Not done
//
// Current compares the expressions of rules with nothing, but counts them. All sets of one node must fit into one message of 16 MiB.
//
// Sources: upstream's pkg/proxy/nftables/README.md of v1.37; net/netfilter/nft_dynset.c of Linux, where an update does not change the data of an entry
// that exists, so that it is deleted first.
package nft
