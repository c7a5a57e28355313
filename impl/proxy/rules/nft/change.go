package nft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"orrery/impl/proxy/rules"
)

// known is what this process has put into the kernel, and the generation of the kernel's rules, which every transaction ends, that began with that: as
// long as it is that one, nobody has changed anything. The zero value knows nothing.
type known struct {
	set        rules.Set
	generation uint32
}

// learn makes known what was put into the kernel, unless this is another generation than it must be: another's transaction came between then.
func (k *Kernel) learn(set rules.Set, generation uint32) {
	if now, err := k.generation(); err == nil && now == generation {
		k.known = known{set, now}
	}
}

// generation asks the kernel for that of its rules.
func (k *Kernel) generation() (uint32, error) {
	config := &netlink.Config{}
	if k.namespace.IsOpen() {
		config.NetNS = int(k.namespace)
	}
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, config)
	if err != nil {
		return 0, fmt.Errorf("nft: %w", err)
	}
	defer conn.Close()
	const header = 4 // of what is netfilter's: family, version, and two bytes that are not used
	answers, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETGEN, Flags: netlink.Request},
		Data:   make([]byte, header),
	})
	if err != nil {
		return 0, fmt.Errorf("nft: the generation: %w", err)
	}
	for _, answer := range answers {
		attributes, err := netlink.NewAttributeDecoder(answer.Data[min(header, len(answer.Data)):])
		if err != nil {
			return 0, fmt.Errorf("nft: the generation: %w", err)
		}
		attributes.ByteOrder = binary.BigEndian
		for attributes.Next() {
			if attributes.Type() == unix.NFTA_GEN_ID {
				return attributes.Uint32(), nil
			}
		}
	}
	return 0, errors.New("nft: the kernel does not tell the generation of its rules")
}

// change makes the kernel hold a set where it holds another, in one transaction that tells what differs; in none, if nothing does.
func change(conn *nftables.Conn, from, to rules.Set) (transactions uint32, err error) {
	gone, come := differing(from.Rules, to.Rules), differing(to.Rules, from.Rules)
	if len(gone)+len(come) == 0 {
		return 0, nil
	}
	old, l := newLayout(rules.Set{Rules: gone}), newLayout(rules.Set{Rules: come})
	before, after := wholeOf(from), wholeOf(to)
	// What pods are sent to themselves is not of one rule alone.
	old.elements[old.own] = slices.DeleteFunc(old.elements[old.own], after.sends)
	l.elements[l.own] = slices.DeleteFunc(l.elements[l.own], before.sends)

	was := old.kept()
	for i, s := range l.kept() {
		if err := inChunks(unique(old.elements[was[i]]), s, conn.SetDeleteElements); err != nil {
			return 0, err
		}
	}
	for _, t := range after.kinds {
		if !slices.Contains(before.kinds, t) {
			chain := conn.AddChain(&nftables.Chain{Name: t.String(), Table: table})
			l.translate(t, func(expressions ...[]expr.Any) {
				conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: slices.Concat(expressions...)})
			})
		}
	}
	for _, s := range l.kept() {
		if err := inChunks(unique(l.elements[s]), s, conn.SetAddElements); err != nil {
			return 0, err
		}
	}
	for _, t := range before.kinds {
		if !slices.Contains(after.kinds, t) {
			chain := &nftables.Chain{Name: t.String(), Table: table}
			conn.FlushChain(chain)
			conn.DelChain(chain)
		}
	}
	return 1, commit(conn)
}

// differing are the rules that are not, as they are, among others, whatever stays. Both are in order.
func differing(all, others []rules.Rule) (differ []rules.Rule) {
	for _, r := range all {
		for len(others) > 0 && others[0].Compare(r) < 0 {
			others = others[1:]
		}
		if len(others) == 0 || !sameRule(others[0], r) {
			differ = append(differ, r)
		}
	}
	return differ
}

func sameRule(a, b rules.Rule) bool {
	return a.Compare(b) == 0 && a.Verdict == b.Verdict && a.Affinity == b.Affinity && a.Masquerade == b.Masquerade && slices.Equal(a.Targets, b.Targets)
}

// whole is what rules have in common.
type whole struct {
	kinds   []translation
	targets map[netip.Addr]bool
}

func wholeOf(set rules.Set) whole {
	w := whole{targets: map[netip.Addr]bool{}}
	for _, r := range set.Rules {
		if r.Verdict != rules.Forward {
			continue
		}
		if t := translationOf(r); !slices.Contains(w.kinds, t) {
			w.kinds = append(w.kinds, t)
		}
		for _, to := range r.Targets {
			w.targets[to.Addr()] = true
		}
	}
	return w
}

// sends reports whether an element of own is about one of the targets.
func (w whole) sends(own nftables.SetElement) bool {
	return w.targets[netip.AddrFrom4([4]byte(own.Key[:4]))]
}
