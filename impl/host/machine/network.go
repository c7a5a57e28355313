package machine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Bounds on the number of machines: what the addresses have room for.
const (
	MaxControlPlanes = 7
	MaxWorkers       = 50
)

// Services is the range of the addresses of services.
var Services = netip.MustParsePrefix("10.96.0.0/16")

const (
	bridge           = Prefix + "0"
	hostPart         = 1
	controlPlanePart = 10
	workerPart       = 100
)

// Network is the machines of one cluster and what joins them.
type Network struct {
	// Gateway is the host's address on the bridge.
	Gateway  netip.Addr
	Machines []*Machine
}

// Plan says which machines a cluster has, with their names and addresses, and makes nothing.
func Plan(subnet netip.Prefix, controlPlanes, workers int) *Network {
	at := func(part int) netip.Addr {
		a := subnet.Addr().As4()
		a[3] = byte(part)
		return netip.AddrFrom4(a)
	}
	n := &Network{Gateway: at(hostPart)}
	for i := 1; i <= controlPlanes; i++ {
		n.Machines = append(n.Machines, &Machine{Name: fmt.Sprintf("control-%d", i), Address: at(controlPlanePart + i)})
	}
	for i := 1; i <= workers; i++ {
		n.Machines = append(n.Machines, &Machine{
			Name:    fmt.Sprintf("worker-%d", i),
			Worker:  true,
			Address: at(workerPart + i),
			Pods:    netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 88, byte(i), 0}), 24),
		})
	}
	return n
}

// New makes the bridge, the namespaces, and the routes between them. What it has made when it fails is for [Remove].
func New(n *Network) error {
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge}}
	if err := netlink.LinkAdd(br); err != nil {
		return fmt.Errorf("machine: bridge %s: %w", bridge, err)
	}
	if err := configure(br, n.Gateway); err != nil {
		return fmt.Errorf("machine: bridge %s: %w", bridge, err)
	}
	for _, m := range n.Machines {
		if err := n.plug(m, br); err != nil {
			return fmt.Errorf("machine %s: %w", m.Name, err)
		}
	}
	if err := n.routes(br, netip.Addr{}); err != nil {
		return fmt.Errorf("machine: routes of the host: %w", err)
	}
	return nil
}

// plug makes the machine's namespace and its cable to the bridge.
func (n *Network) plug(m *Machine, br netlink.Link) error {
	if err := m.makeNamespace(); err != nil {
		return err
	}
	ns, err := netns.GetFromPath(m.Namespace())
	if err != nil {
		return err
	}
	defer ns.Close()
	cable := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: m.link(), MasterIndex: br.Attrs().Index},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsFd(ns),
	}
	if err := netlink.LinkAdd(cable); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(cable); err != nil {
		return err
	}
	return m.Do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		eth, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		if err := configure(eth, m.Address); err != nil {
			return err
		}
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Gw: n.Gateway.AsSlice()}); err != nil {
			return err
		}
		return errors.Join(n.routes(eth, m.Address), m.ranges(eth))
	})
}

// ranges are the routes to what no other machine has. A packet for none of our pods is refused: its way would be the default one, to the host, who
// sends it back. One for a service has a way so that it gets as far as the proxy's rules; where they do not know the service it is asked on the bridge
// who has the address, nobody has, and nothing leaves for the network of the host.
func (m *Machine) ranges(eth netlink.Link) error {
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Scope: netlink.SCOPE_LINK, Dst: ipNet(Services)}); err != nil {
		return fmt.Errorf("route to services: %w", err)
	}
	if !m.Worker {
		return nil
	}
	if err := netlink.RouteAdd(&netlink.Route{Type: unix.RTN_UNREACHABLE, Dst: ipNet(m.Pods)}); err != nil {
		return fmt.Errorf("route to no pod: %w", err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), 32)}
}

// configure gives a link its address in the machines' network and raises it.
func configure(link netlink.Link, address netip.Addr) error {
	ip := &netlink.Addr{IPNet: &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(24, 32)}}
	if err := netlink.AddrAdd(link, ip); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// routes leads to the pods of all machines but the one that has the address.
func (n *Network) routes(link netlink.Link, except netip.Addr) error {
	for _, m := range n.Machines {
		if !m.Worker || m.Address == except {
			continue
		}
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet(m.Pods), Gw: m.Address.AsSlice()}); err != nil {
			return fmt.Errorf("route to the pods of %s: %w", m.Name, err)
		}
	}
	return nil
}

// Left are the namespaces and links on this host that [New] has made, now or in a run that was killed. The namespaces are
// paths, the links names.
func Left() (spaces, links []string, err error) {
	spaces, err = filepath.Glob(filepath.Join(namespaces, Prefix+"-*"))
	if err != nil {
		return nil, nil, err
	}
	all, err := netlink.LinkList()
	if err != nil {
		return nil, nil, fmt.Errorf("machine: links: %w", err)
	}
	for _, l := range all {
		if name := l.Attrs().Name; name == bridge || strings.HasPrefix(name, "orr-") {
			links = append(links, name)
		}
	}
	return spaces, links, nil
}

// Remove removes all that [Left] finds and names it. The processes in the namespaces should have ended before.
func Remove() (removed []string, err error) {
	spaces, links, err := Left()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range links {
		link, err := netlink.LinkByName(name)
		if err != nil {
			continue // went with its other end
		}
		if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
			errs = append(errs, fmt.Errorf("machine: link %s: %w", name, err))
			continue
		}
		removed = append(removed, "link "+name)
	}
	for _, path := range spaces {
		if err := removeNamespace(path); err != nil {
			errs = append(errs, fmt.Errorf("machine: namespace %s: %w", path, err))
			continue
		}
		removed = append(removed, "namespace "+path)
	}
	return removed, errors.Join(errs...)
}
