package nft

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"orrery/impl/proxy/rules"
)

// Flush implements [rules.Rules].
func (k *Kernel) Flush(ctx context.Context, set rules.Set) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	here, err := k.here()
	if err != nil {
		return 0, err
	}
	ended, err := k.conntrack.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, ending{set, here})
	if err != nil {
		return int(ended), fmt.Errorf("nft: flows: %w", err)
	}
	return int(ended), nil
}

// ending finds the flows that a set does not keep.
type ending struct {
	set  rules.Set
	here map[netip.Addr]bool
}

// MatchConntrackFlow implements [netlink.CustomConntrackFilter].
func (e ending) MatchConntrackFlow(tracked *netlink.ConntrackFlow) bool {
	f, ok := flowOf(tracked, e.here)
	return ok && !e.set.Keeps(f)
}

// here are the node's own addresses.
func (k *Kernel) here() (map[netip.Addr]bool, error) {
	addresses, err := k.conntrack.AddrList(nil, unix.AF_INET)
	if err != nil {
		return nil, fmt.Errorf("nft: addresses: %w", err)
	}
	here := map[netip.Addr]bool{}
	for _, a := range addresses {
		here[addr(a.IP)] = true
	}
	return here, nil
}

// flowOf is a tracked connection as a flow; false: it is neither of TCP nor of UDP. The proxy's is known by its mark. One that rules of the proxy have
// not translated, and that is for the node, is about the port of the node.
func flowOf(tracked *netlink.ConntrackFlow, here map[netip.Addr]bool) (rules.Flow, bool) {
	f := rules.Flow{Address: netip.AddrPortFrom(addr(tracked.Forward.DstIP), tracked.Forward.DstPort)}
	switch tracked.Forward.Protocol {
	case unix.IPPROTO_TCP:
		f.Protocol = rules.TCP
	case unix.IPPROTO_UDP:
		f.Protocol = rules.UDP
	default:
		return f, false
	}
	ours := tracked.Mark&markOurs != 0
	if tracked.Mark&markNode != 0 || !ours && here[f.Address.Addr()] {
		f.Address = rules.NodePort(f.Address.Port())
	}
	if ours {
		f.Target = netip.AddrPortFrom(addr(tracked.Reverse.SrcIP), tracked.Reverse.SrcPort)
	}
	return f, true
}

func addr(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}
