package machine

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Cut is a partition between two machines that is in force until it is healed.
type Cut struct {
	mu      sync.Mutex
	ends    []*end
	healed  bool
	dropped int64
}

// end is one direction of a cut: a table of rules in the namespace of the machine that receives.
type end struct {
	from, to *Machine
	port     uint16
	table    string
}

// NewCut drops what from sends to to and, unless oneWay, the reverse: packets of the machines themselves and of their pods.
// A port other than 0 confines it to TCP segments to that port and, unless oneWay, back from it. The name must be free: it
// tells cuts that overlap apart. Of a port a machine may be cut from itself.
func NewCut(name string, from, to *Machine, oneWay bool, port uint16) (*Cut, error) {
	c := &Cut{ends: []*end{{from: from, to: to, port: port, table: name}}}
	if !oneWay {
		c.ends = append(c.ends, &end{from: to, to: from, port: port, table: name + "-back"})
	}
	for i, e := range c.ends {
		if err := e.raise(portOffset(i)); err != nil {
			c.ends = c.ends[:i]
			return nil, errors.Join(fmt.Errorf("machine: cut %s from %s: %w", e.from.Name, e.to.Name, err), c.Heal())
		}
	}
	return c, nil
}

// portOffset is where in a TCP header the cut's port stands: the destination's in the first direction, the source's in the
// answers.
func portOffset(direction int) uint32 {
	if direction == 0 {
		return 2
	}
	return 0
}

// Dropped is the number of packets that the cut has dropped up to now or, once healed, in all.
func (c *Cut) Dropped() (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count()
}

func (c *Cut) count() (int64, error) {
	if c.healed {
		return c.dropped, nil
	}
	var sum int64
	for _, e := range c.ends {
		n, err := e.dropped()
		if err != nil {
			return 0, fmt.Errorf("machine: cut %s from %s: %w", e.from.Name, e.to.Name, err)
		}
		sum += n
	}
	return sum, nil
}

// Heal ends the cut. A second Heal does nothing.
func (c *Cut) Heal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.healed {
		return nil
	}
	dropped, countErr := c.count()
	errs := []error{countErr}
	for _, e := range c.ends {
		errs = append(errs, e.lower())
	}
	c.healed, c.dropped = true, dropped
	return errors.Join(errs...)
}

// do runs f with a connection to the rules of the receiving machine.
func (e *end) do(f func(*nftables.Conn) error) error {
	ns, err := netns.GetFromPath(e.to.Namespace())
	if err != nil {
		return err
	}
	defer ns.Close()
	conn, err := nftables.New(nftables.WithNetNSFd(int(ns)))
	if err != nil {
		return err
	}
	return f(conn)
}

func (e *end) definition() (*nftables.Table, *nftables.Chain) {
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: Prefix + "-" + e.table}
	accept := nftables.ChainPolicyAccept
	return table, &nftables.Chain{
		Name: "cut", Table: table, Policy: &accept,
		// Before routing: what is for the machine and what it would forward to its pods. Before connection tracking, which
		// shall not see what never arrived.
		Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
	}
}

func (e *end) raise(portAt uint32) error {
	return e.do(func(conn *nftables.Conn) error {
		table, chain := e.definition()
		conn.AddTable(table)
		conn.AddChain(chain)
		sources := []netip.Prefix{netip.PrefixFrom(e.from.Address, 32)}
		if e.from.Worker {
			sources = append(sources, e.from.Pods)
		}
		for _, s := range sources {
			match := matchSource(s)
			if e.port != 0 {
				match = append(match, matchPort(e.port, portAt)...)
			}
			conn.AddRule(&nftables.Rule{Table: table, Chain: chain,
				Exprs: append(match, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop})})
		}
		return conn.Flush()
	})
}

// matchSource: the packet's source address, masked, is the prefix's.
func matchSource(p netip.Prefix) []expr.Any {
	const sourceAddress, length = 12, 4 // in an IPv4 header
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: sourceAddress, Len: length},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: length,
			Mask: binaryutil.BigEndian.PutUint32(^uint32(0) << (32 - p.Bits())), Xor: make([]byte, length)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: p.Masked().Addr().AsSlice()},
	}
}

func matchPort(port uint16, at uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: at, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(port)},
	}
}

func (e *end) dropped() (sum int64, err error) {
	err = e.do(func(conn *nftables.Conn) error {
		table, chain := e.definition()
		rules, err := conn.GetRules(table, chain)
		if err != nil {
			return err
		}
		for _, rule := range rules {
			for _, x := range rule.Exprs {
				if counter, ok := x.(*expr.Counter); ok {
					sum += int64(counter.Packets)
				}
			}
		}
		return nil
	})
	return sum, err
}

func (e *end) lower() error {
	return e.do(func(conn *nftables.Conn) error {
		table, _ := e.definition()
		conn.DelTable(table)
		return conn.Flush()
	})
}
