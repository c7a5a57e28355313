// Package machine makes the machines of a cluster out of one host: network namespaces on a bridge.
//
// The contract:
//
//  1. Every machine has an address of its own on the bridge, and a range of addresses for its pods; machines, pods and the
//     host reach each other by them.
//  2. Everything that [New] makes is recognisable by its name: the bridge, the namespaces and the links begin with [Prefix].
//  3. A process is entered into the network namespace only. Its mounts stay the host's: a remounted /sys, as
//     `ip netns exec` makes one, hides the cgroups from runc.
//  4. A [Cut] drops packets silently and counts them, so that it can be told whether it bit.
//
// **Not done**: delay and loss of single packets (the kernels aimed at have no netem), and IPv6.
//
// Sources: network_namespaces(7), bridge(8), nft(8).
package machine

import "net/netip"

// Prefix begins the names of everything this package makes on the host.
const Prefix = "orrery"

// Machine is one machine of the cluster.
type Machine struct {
	// Name is the machine's name, and that of its Node.
	Name string
	// Address is its own address, Pods the range of its pods, Gateway the host's address on the bridge.
	Address netip.Addr
	Pods    netip.Prefix
}

// Cut is a partition between two machines that is in force.
type Cut struct {
	// From and To are the machines; what From sends to To is dropped and, unless OneWay, the reverse too.
	From, To string
	OneWay   bool
}

// Dropped is the number of packets that the cut has dropped up to now or, once healed, in all.
func (c *Cut) Dropped() (int64, error) { return 0, nil }

// Heal ends the cut. A second Heal does nothing.
func (c *Cut) Heal() error { return nil }
