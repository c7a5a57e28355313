package rules_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"orrery/impl/host/machine"
	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/nft"
)

// network is a client, a node, whose kernel has the rules, and pods, with a link between each. A service's addresses lead to the pods' machine by themselves,
// which throws such packets away.
//
//	client 10.1.0.2 ──── 10.1.0.1 node 10.88.0.254 ──── pods 10.88.0.1 to 10.88.0.4
type network struct {
	client, node, pods *space
	kernel             *nft.Kernel
}

// space is a network namespace, and the thread that is in it. It has no name, so that it is gone with whoever holds it.
type space struct {
	handle netns.NsHandle
	do     chan func()
}

// real is a network of the kernel's own, which takes root.
func real(t *testing.T) *network {
	require.Zero(t, os.Geteuid(), "namespaces and nftables need root")
	n := &network{client: newSpace(t), node: newSpace(t), pods: newSpace(t)}
	must(t, n.node.in(func() error {
		err := errors.Join(
			netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "link"}, PeerName: "link", PeerNamespace: netlink.NsFd(n.client.handle)}),
			netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "pods"}, PeerName: "pods", PeerNamespace: netlink.NsFd(n.pods.handle)}),
			up("lo"), assign("link", "10.1.0.1/24"), assign("pods", "10.88.0.254/24"), os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644),
			// A client that is refused again and again is told each time.
			os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0o644))
		return errors.Join(err, route("pods", &netlink.Route{Dst: &net.IPNet{IP: net.IPv4(10, 96, 0, 0), Mask: net.CIDRMask(16, 32)}, Gw: net.IPv4(10, 88, 0, 1)}))
	}))
	must(t, n.pods.in(func() (err error) {
		for _, target := range targets {
			err = errors.Join(err, assign("pods", target.Addr().String()+"/24"))
		}
		return errors.Join(err, route("pods", &netlink.Route{Gw: net.IPv4(10, 88, 0, 254)}))
	}))
	must(t, n.client.in(func() error {
		return errors.Join(assign("link", "10.1.0.2/24"), route("link", &netlink.Route{Gw: net.IPv4(10, 1, 0, 1)}))
	}))
	var err error
	n.kernel, err = nft.New(n.node.handle)
	must(t, err)
	t.Cleanup(n.kernel.Close)
	return n
}

func must(t require.TestingT, err error) { require.NoError(t, err) }

func newSpace(t *testing.T) *space {
	s := &space{do: make(chan func())}
	made := make(chan error)
	machine.Thread(func() {
		var err error
		s.handle, err = netns.New()
		made <- err
		for f := range s.do {
			f()
		}
	})
	must(t, <-made)
	t.Cleanup(func() {
		close(s.do)
		must(t, s.handle.Close())
	})
	return s
}

// in runs f in the namespace.
func (s *space) in(f func() error) error {
	done := make(chan error)
	s.do <- func() { done <- f() }
	return <-done
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

func assign(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(address)
	return errors.Join(err, netlink.AddrAdd(link, a), up(name))
}

func route(name string, r *netlink.Route) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	r.LinkIndex = link.Attrs().Index
	return netlink.RouteAdd(r)
}

// answers makes every target answer with its name, by TCP and UDP.
func (n *network) answers(t *testing.T) {
	for _, at := range targets {
		var packets net.PacketConn
		var listener net.Listener
		must(t, n.pods.in(func() (err error) {
			if listener, err = net.Listen("tcp", at.String()); err == nil {
				packets, err = net.ListenPacket("udp", at.String())
			}
			return err
		}))
		t.Cleanup(func() { _, _ = listener.Close(), packets.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer func() { _ = c.Close() }()
					b := make([]byte, 64)
					for {
						if _, err := c.Read(b); err != nil {
							return
						}
						_, _ = fmt.Fprint(c, at, " ", c.RemoteAddr().(*net.TCPAddr).IP)
					}
				}()
			}
		}()
		go func() {
			b := make([]byte, 64)
			for {
				_, from, err := packets.ReadFrom(b)
				if err != nil {
					return
				}
				_, _ = packets.WriteTo([]byte(at.String()+" "), from)
			}
		}()
	}
}

// patience is how long an answer may take that is expected; silence how long none is waited for.
const (
	patience = 5 * time.Second
	silence  = 200 * time.Millisecond
)

// open opens a socket of the client's, from a port, or any if that is 0.
func (n *network) open(protocol rules.Protocol, from uint16, to netip.AddrPort) (net.Conn, error) {
	return n.client.open(protocol, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 2}), from), to)
}

func (s *space) open(protocol rules.Protocol, from, to netip.AddrPort) (c net.Conn, err error) {
	err = s.in(func() (err error) {
		d := net.Dialer{Timeout: patience, Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
		}}
		d.LocalAddr = net.TCPAddrFromAddrPort(from)
		if protocol == rules.UDP {
			d.LocalAddr = net.UDPAddrFromAddrPort(from)
		}
		c, err = d.Dial(string(protocol), to.String())
		return err
	})
	return c, err
}

// ask asks who is there.
func ask(c net.Conn, wait time.Duration) (who netip.AddrPort, rest string, err error) {
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		return who, "", err
	}
	if _, err := c.Write([]byte("who")); err != nil {
		return who, "", err
	}
	b := make([]byte, 64)
	k, err := c.Read(b)
	if err != nil {
		return who, "", err
	}
	text, rest, _ := strings.Cut(string(b[:k]), " ")
	who, err = netip.ParseAddrPort(text)
	return who, rest, err
}

// reached is who answers a new flow.
func (n *network) reached(t *testing.T, protocol rules.Protocol, to netip.AddrPort) netip.AddrPort {
	c, err := n.open(protocol, 0, to)
	must(t, err)
	defer func() { _ = c.Close() }()
	who, _, err := ask(c, patience)
	must(t, err)
	return who
}

func refused(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }

// targets are the endpoints that there may be, service and node the addresses that rules are about.
var targets = [4]netip.AddrPort{at("10.88.0.1:8080"), at("10.88.0.2:8080"), at("10.88.0.3:8081"), at("10.88.0.4:8081")}

func at(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
