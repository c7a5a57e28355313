package rules

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"orrery/impl/trace"
)

// Protocol is that of a service's port.
type Protocol string

// The protocols. Of one address TCP comes first.
const (
	TCP Protocol = "tcp"
	UDP Protocol = "udp"
)

// Verdict is what becomes of a new flow to a service.
type Verdict string

// The verdicts.
const (
	Forward Verdict = "forward" // to one of the targets
	Reject  Verdict = "reject"  // the client is told
	Drop    Verdict = "drop"    // the client is not told, so that it tries again
)

// Rule is what becomes of new flows to one address of one protocol.
type Rule struct {
	Protocol Protocol
	// Address is a service's. One that is [NodePort] stands for the port at every address of the node.
	Address netip.AddrPort
	Verdict Verdict
	// Targets are the endpoints that new flows go to, each as often as the others, in order.
	Targets []netip.AddrPort
	// Affinity is how long after its last new flow a client stays with its target; 0: it does not.
	Affinity time.Duration
	// Masquerade: the target sees the node as the client, so that it answers through it.
	Masquerade bool
	// Stays are the endpoints, in order, at which flows of UDP that have begun may stay.
	Stays []netip.AddrPort
}

// Set is what becomes of all flows to services: rules, in the order of [Rule.Compare], of which no two are about the same.
type Set struct{ Rules []Rule }

// Flow is what a kernel remembers of a client of UDP or TCP: the address to which it has sent, or the node's port, and where that went. Target is
// zero if it was not translated by rules.
type Flow struct {
	Protocol Protocol
	Address  netip.AddrPort
	Target   netip.AddrPort
}

// NodePort is the address that stands for a port of the node.
func NodePort(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.IPv4Unspecified(), port) }

// Compare orders rules by what they are about.
func (r Rule) Compare(other Rule) int {
	return cmp.Or(r.Address.Compare(other.Address), cmp.Compare(r.Protocol, other.Protocol))
}

// String is the rule as people read it, and as it is hashed. It does not tell what stays.
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s ", r.Protocol, r.Address)
	if r.Verdict != Forward {
		b.WriteString(string(r.Verdict))
		return b.String()
	}
	b.WriteString("to")
	for _, t := range r.Targets {
		b.WriteByte(' ')
		b.WriteString(t.String())
	}
	if r.Affinity > 0 {
		fmt.Fprintf(&b, " affinity %d", r.Affinity/time.Second)
	}
	if r.Masquerade {
		b.WriteString(" masquerade")
	}
	return b.String()
}

// String is a line for each rule.
func (s Set) String() string {
	var b strings.Builder
	for _, r := range s.Rules {
		b.WriteString(r.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Hash tells sets with different rules apart, whatever stays.
func (s Set) Hash() string { return trace.HashOf([]byte(s.String())) }

// Stays tells sets apart that keep different flows.
func (s Set) Stays() string {
	var b strings.Builder
	for _, r := range s.Rules {
		if r.Protocol == UDP {
			fmt.Fprintf(&b, "%s %v\n", r.Address, r.Stays)
		}
	}
	return trace.HashOf([]byte(b.String()))
}

// Keeps reports whether a flow may stay (row 116). TCP may always: its ends notice by themselves. UDP may if it is at what stays of the rule for
// its address; or if there is no such rule and no rule has translated it, as it is not the proxy's then.
func (s Set) Keeps(f Flow) bool {
	if f.Protocol != UDP {
		return true
	}
	at, found := slices.BinarySearchFunc(s.Rules, Rule{Protocol: f.Protocol, Address: f.Address}, Rule.Compare)
	if !f.Target.IsValid() {
		return !found
	}
	return found && slices.Contains(s.Rules[at].Stays, f.Target)
}
