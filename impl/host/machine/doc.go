// Package machine makes the machines of a cluster out of one host: network namespaces on a bridge.
//
// The contract:
//
//  1. Every machine has an address of its own on the bridge, and a range of addresses for its pods; machines, pods and the
//     host reach each other by them.
//  2. Everything that [New] makes is recognisable by its name: the bridge, the namespaces and the links begin with [Prefix].
//     [Remove] removes all of it, whoever made it.
//  3. A process is entered into the network namespace only. Its mounts stay the host's: a remounted /sys, as
//     `ip netns exec` makes one, hides the cgroups from runc.
//  4. A [Cut] drops packets silently and counts them, so that it can be told whether it bit.
//
// How the addresses lie in a network 10.77.0.0/24:
//
//	.1           the host, on the bridge
//	.11 .. .17   control planes
//	.101 .. .150 workers; worker N's pods are 10.88.N.0/24
//
// Addresses of services, 10.96.0.0/16, are nobody's. Machines have a route to them, so that what is sent there meets the rules of the machine's proxy.
//
// **Not done**: delay and loss of single packets (the kernels aimed at have no netem), and IPv6.
//
// Sources: network_namespaces(7), bridge(8), nft(8), Netfilter's packet flow.
package machine
