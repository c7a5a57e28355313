package nft

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"

	"orrery/impl/proxy/rules"
)

// errForeign: somebody has changed the table so that it is no set any more.
var errForeign = errors.New("nft: the table is not as the proxy makes it")

// Current implements [rules.Rules]. No table is an empty set.
func (k *Kernel) Current(ctx context.Context) (rules.Set, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return rules.Set{}, err
	}
	conn, err := k.connect()
	if err != nil {
		return rules.Set{}, err
	}
	chains, err := k.chains(conn)
	if err != nil || len(chains) == 0 {
		return rules.Set{}, err
	}
	set, err := readSet(conn)
	if err != nil {
		return rules.Set{}, err
	}
	return set, counted(conn, chains, newLayout(set))
}

// counted is an error if the table has other chains than the layout, or other numbers of rules in them.
func counted(conn *nftables.Conn, chains []string, l *layout) error {
	wanted := map[string]int{}
	l.rules(func(chain string, _ []expr.Any) { wanted[chain]++ })
	if len(chains) != len(wanted) {
		return errForeign
	}
	for _, name := range chains {
		in, err := conn.GetRules(table, &nftables.Chain{Name: name, Table: table})
		if err != nil {
			return fmt.Errorf("nft: %w", err)
		}
		if len(in) != wanted[name] {
			return errForeign
		}
	}
	return nil
}

func readSet(conn *nftables.Conn) (rules.Set, error) {
	empty := newLayout(rules.Set{})
	elements := map[*nftables.Set][]nftables.SetElement{}
	for _, s := range []*nftables.Set{empty.services, empty.closed, empty.numbered} {
		var err error
		if elements[s], err = conn.GetSetElements(s); err != nil {
			return rules.Set{}, fmt.Errorf("nft: %w", err)
		}
	}
	targets := make(map[string]netip.AddrPort, len(elements[empty.numbered]))
	for _, e := range elements[empty.numbered] {
		targets[string(e.Key)] = addrPort(e.Val[:4], e.Val[4:])
	}
	var set rules.Set
	for _, e := range slices.Concat(elements[empty.closed], elements[empty.services]) {
		r, ok := readRule(e, targets)
		if !ok {
			return rules.Set{}, errForeign
		}
		set.Rules = append(set.Rules, r)
	}
	slices.SortFunc(set.Rules, rules.Rule.Compare)
	return set, nil
}

func readRule(e nftables.SetElement, targets map[string]netip.AddrPort) (rules.Rule, bool) {
	r := rules.Rule{Address: addrPort(e.Key[:4], e.Key[8:])}
	for protocol, number := range numberOf { // order does not matter: the numbers differ
		if number == e.Key[4] {
			r.Protocol = protocol
		}
	}
	verdict := verdictOf(e.Val)
	switch {
	case verdict == "":
		r.Verdict = rules.Drop
		return r, true
	case verdict == rejectChain:
		r.Verdict = rules.Reject
		return r, true
	}
	t, ok := parseTranslation(verdict)
	r.Verdict, r.Affinity, r.Masquerade = rules.Forward, t.affinity, t.masquerade
	for i := range t.count {
		to, found := targets[string(slices.Concat(e.Key, binaryutil.NativeEndian.PutUint32(uint32(i))))]
		ok = ok && found
		r.Targets = append(r.Targets, to)
	}
	return r, ok
}

// verdictOf is the chain that an element of a map leads to, as the kernel tells it: the verdict's code, and then the name; empty: none.
func verdictOf(data []byte) string {
	const name = 12
	if len(data) <= name {
		return ""
	}
	return strings.TrimRight(string(data[name:]), "\x00")
}

func addrPort(address, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(address)), binary.BigEndian.Uint16(port))
}
