package nft

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"orrery/impl/proxy/rules"
)

var table = &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "orrery-proxy"}

// mark are the bits that a flow's connection is marked with. Other bits are left alone.
const (
	markOurs       = 1 << 24
	markNode       = 1 << 25 // by a port of the node
	markMasquerade = 1 << 26
)

// Types of what is in the maps.
var (
	about    = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetProto, nftables.TypeInetService)
	numbered = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetProto, nftables.TypeInetService, nftables.TypeMark)
	target   = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
	permit   = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetProto, nftables.TypeInetService, nftables.TypeIPAddr, nftables.TypeInetService)
	client   = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr, nftables.TypeInetProto, nftables.TypeInetService)
	pair     = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)
)

// layout is a set as the kernel is to hold it.
type layout struct {
	base     []*nftables.Chain
	targets  []translation // one for each kind of rule that there is
	services *nftables.Set
	numbered *nftables.Set
	closed   *nftables.Set
	own      *nftables.Set
	affinity *nftables.Set
	allowed  *nftables.Set
	elements map[*nftables.Set][]nftables.SetElement
}

// translation is what a chain that translates does: to one of so many targets.
type translation struct {
	count            int
	node, masquerade bool
	affinity         time.Duration
}

// translationOf is the kind of a rule that forwards.
func translationOf(r rules.Rule) translation {
	return translation{len(r.Targets), r.Address == rules.NodePort(r.Address.Port()), r.Masquerade, r.Affinity}
}

// String is the chain's name, which tells all of it.
func (t translation) String() string {
	return fmt.Sprintf("to-%d-%d-%d-%d", t.count, t.affinity/time.Second, asInt(t.node), asInt(t.masquerade))
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func parseTranslation(name string) (t translation, ok bool) {
	var seconds, node, masquerade int
	n, err := fmt.Sscanf(name, "to-%d-%d-%d-%d", &t.count, &seconds, &node, &masquerade)
	t.affinity, t.node, t.masquerade = time.Duration(seconds)*time.Second, node == 1, masquerade == 1
	return t, err == nil && n == 4
}

const rejectChain = "reject"

func newLayout(set rules.Set) *layout {
	l := &layout{elements: map[*nftables.Set][]nftables.SetElement{}}
	named := func(s nftables.Set) *nftables.Set {
		s.Table, s.Concatenation = table, true
		return &s
	}
	l.services = named(nftables.Set{Name: "services", IsMap: true, KeyType: about, DataType: nftables.TypeVerdict})
	l.closed = named(nftables.Set{Name: "closed", IsMap: true, KeyType: about, DataType: nftables.TypeVerdict})
	l.numbered = named(nftables.Set{Name: "targets", IsMap: true, KeyType: numbered, DataType: target})
	l.own = named(nftables.Set{Name: "own", KeyType: pair})
	l.allowed = named(nftables.Set{Name: "allowed", KeyType: permit})
	l.affinity = named(nftables.Set{Name: "affinity", IsMap: true, KeyType: client, DataType: target, Dynamic: true, HasTimeout: true})
	l.base = baseChains()
	for _, r := range set.Rules {
		l.add(r)
	}
	return l
}

func baseChains() []*nftables.Chain {
	chain := func(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority int32) *nftables.Chain {
		accept := nftables.ChainPolicyAccept
		return &nftables.Chain{Name: name, Table: table, Type: kind, Hooknum: hook, Priority: nftables.ChainPriorityRef(nftables.ChainPriority(priority)), Policy: &accept}
	}
	// What is refused is not translated, so that comes first; both come after connection tracking.
	const refuse, translate, masquerade = -110, -100, 100
	return []*nftables.Chain{
		chain("refuse", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, refuse),
		chain("refuse-own", nftables.ChainTypeFilter, nftables.ChainHookOutput, refuse),
		chain("translate", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, translate),
		chain("translate-own", nftables.ChainTypeNAT, nftables.ChainHookOutput, translate),
		chain("masquerade", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, masquerade),
		{Name: rejectChain, Table: table},
	}
}

// add adds a rule's elements.
func (l *layout) add(r rules.Rule) {
	put := func(s *nftables.Set, e nftables.SetElement) { l.elements[s] = append(l.elements[s], e) }
	key := keyOf(r)
	switch r.Verdict {
	case rules.Reject:
		put(l.closed, nftables.SetElement{Key: key, VerdictData: &expr.Verdict{Kind: expr.VerdictGoto, Chain: rejectChain}})
		return
	case rules.Drop:
		put(l.closed, nftables.SetElement{Key: key, VerdictData: &expr.Verdict{Kind: expr.VerdictDrop}})
		return
	}
	t := translationOf(r)
	if !slices.Contains(l.targets, t) {
		l.targets = append(l.targets, t)
	}
	put(l.services, nftables.SetElement{Key: key, VerdictData: &expr.Verdict{Kind: expr.VerdictGoto, Chain: t.String()}})
	for i, to := range r.Targets {
		put(l.numbered, nftables.SetElement{Key: slices.Concat(key, binaryutil.NativeEndian.PutUint32(uint32(i))), Val: valueOf(to)})
		if r.Affinity > 0 {
			put(l.allowed, nftables.SetElement{Key: slices.Concat(key, valueOf(to))})
		}
		address := to.Addr().As4()
		put(l.own, nftables.SetElement{Key: slices.Concat(address[:], address[:])})
	}
}

var numberOf = map[rules.Protocol]byte{rules.TCP: unix.IPPROTO_TCP, rules.UDP: unix.IPPROTO_UDP}

// keyOf is what a rule is about, as the maps have it.
func keyOf(r rules.Rule) []byte {
	address := r.Address.Addr().As4()
	return slices.Concat(address[:], []byte{numberOf[r.Protocol], 0, 0, 0}, portBytes(r.Address.Port()))
}

// valueOf is a target, as the maps have it.
func valueOf(to netip.AddrPort) []byte {
	address := to.Addr().As4()
	return slices.Concat(address[:], portBytes(to.Port()))
}

func portBytes(port uint16) []byte { return append(binaryutil.BigEndian.PutUint16(port), 0, 0) }

// chunk is how many elements are in one message of a transaction, whose lists are shorter than 64 KiB.
const chunk = 400

// send makes the kernel hold the layout, in one transaction. have are the chains that there are; anew: the table is deleted first.
func (l *layout) send(conn *nftables.Conn, have []string, anew bool) error {
	conn.AddTable(table)
	if anew {
		conn.DelTable(table)
		conn.AddTable(table)
	} else {
		conn.FlushTable(table)
	}
	wanted := map[string]*nftables.Chain{}
	for _, c := range l.base {
		wanted[c.Name] = conn.AddChain(c)
	}
	for _, t := range l.targets {
		wanted[t.String()] = conn.AddChain(&nftables.Chain{Name: t.String(), Table: table})
	}
	for _, s := range append(l.kept(), l.affinity) {
		if err := conn.AddSet(s, nil); err != nil {
			return fmt.Errorf("nft: %w", err)
		}
	}
	for _, s := range l.kept() {
		conn.FlushSet(s)
		if err := inChunks(unique(l.elements[s]), s, conn.SetAddElements); err != nil {
			return err
		}
	}
	if !anew {
		for _, name := range have {
			if wanted[name] == nil {
				conn.DelChain(&nftables.Chain{Name: name, Table: table})
			}
		}
	}
	l.rules(func(chain string, expressions []expr.Any) {
		conn.AddRule(&nftables.Rule{Table: table, Chain: wanted[chain], Exprs: expressions})
	})
	return commit(conn)
}

// kept are the maps and sets that follow from rules alone.
func (l *layout) kept() []*nftables.Set {
	return []*nftables.Set{l.services, l.numbered, l.closed, l.own, l.allowed}
}

// inChunks does something with so many elements at a time as fit into one message.
func inChunks(elements []nftables.SetElement, s *nftables.Set, do func(*nftables.Set, []nftables.SetElement) error) error {
	for some := range slices.Chunk(elements, chunk) {
		if err := do(s, some); err != nil {
			return fmt.Errorf("nft: %w", err)
		}
	}
	return nil
}

// commit carries the transaction out.
func commit(conn *nftables.Conn) error {
	err := conn.Flush()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, unix.ENOBUFS):
		return fmt.Errorf("nft: %w: %w", rules.ErrUnknown, err)
	}
	return fmt.Errorf("nft: %w", err)
}

// unique are the elements without those whose keys are there already: an endpoint may be that of several services.
func unique(elements []nftables.SetElement) []nftables.SetElement {
	had := make(map[string]bool, len(elements))
	return slices.DeleteFunc(slices.Clone(elements), func(e nftables.SetElement) bool {
		was := had[string(e.Key)]
		had[string(e.Key)] = true
		return was
	})
}
