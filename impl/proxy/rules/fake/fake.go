package fake

import (
	"context"
	"net/netip"
	"slices"

	"orrery/impl/proxy/rules"
)

// Kernel is a node's kernel. It is not for use by several goroutines at once.
type Kernel struct {
	// Fault is asked at the beginning of each call ("apply", "current", "flush"): with an error before, the call is not carried out; with one after,
	// it is, and nobody is told. nil: nothing fails.
	Fault func(call string) (before, after error)

	set    rules.Set
	flows  []Client
	sticky []Client
}

// Client is a flow, and who has begun it.
type Client struct {
	From netip.AddrPort
	rules.Flow
}

var _ rules.Rules = (*Kernel)(nil)

// Apply implements [rules.Rules]. Clients with affinity whose targets are no more are forgotten.
func (k *Kernel) Apply(_ context.Context, set rules.Set) error {
	return k.call("apply", func() {
		k.set = clone(set)
		k.sticky = slices.DeleteFunc(k.sticky, func(c Client) bool {
			r, found := k.rule(c.Flow)
			return !found || r.Affinity == 0 || !slices.Contains(r.Targets, c.Target)
		})
	})
}

// Current implements [rules.Rules].
func (k *Kernel) Current(context.Context) (set rules.Set, err error) {
	err = k.call("current", func() {
		set = clone(k.set)
		for i := range set.Rules {
			set.Rules[i].Stays = nil
		}
	})
	return set, err
}

// Flush implements [rules.Rules].
func (k *Kernel) Flush(_ context.Context, set rules.Set) (ended int, err error) {
	err = k.call("flush", func() {
		before := len(k.flows)
		k.flows = slices.DeleteFunc(k.flows, func(c Client) bool { return !set.Keeps(c.Flow) })
		ended = before - len(k.flows)
	})
	return ended, err
}

func (k *Kernel) call(name string, do func()) error {
	var before, after error
	if k.Fault != nil {
		before, after = k.Fault(name)
	}
	if before != nil {
		return before
	}
	do()
	return after
}

// Tamper removes all rules, as somebody else may.
func (k *Kernel) Tamper() { k.set, k.sticky = rules.Set{}, nil }

// Connect sends the first packet of a client, or another one; choose picks one of so many targets. The flow is there afterwards, unless the packet was
// rejected or dropped.
func (k *Kernel) Connect(from netip.AddrPort, protocol rules.Protocol, to netip.AddrPort, choose func(n int) int) (rules.Flow, rules.Verdict) {
	if at := slices.IndexFunc(k.flows, func(c Client) bool { return c.From == from && c.Protocol == protocol && c.Address == to }); at >= 0 {
		return k.flows[at].Flow, rules.Forward
	}
	c := Client{from, rules.Flow{Protocol: protocol, Address: to}}
	if r, found := k.rule(c.Flow); found {
		if r.Verdict != rules.Forward {
			return rules.Flow{}, r.Verdict
		}
		c.Target = k.target(c, r, choose)
	}
	k.flows = append(k.flows, c)
	return c.Flow, rules.Forward
}

func (k *Kernel) target(c Client, r rules.Rule, choose func(n int) int) netip.AddrPort {
	if r.Affinity == 0 {
		return r.Targets[choose(len(r.Targets))]
	}
	at := slices.IndexFunc(k.sticky, func(s Client) bool {
		return s.From.Addr() == c.From.Addr() && s.Protocol == c.Protocol && s.Address == c.Address
	})
	if at >= 0 {
		return k.sticky[at].Target
	}
	c.Target = r.Targets[choose(len(r.Targets))]
	k.sticky = append(k.sticky, c)
	return c.Target
}

// Expire forgets the flows of a client.
func (k *Kernel) Expire(from netip.AddrPort) {
	k.flows = slices.DeleteFunc(k.flows, func(c Client) bool { return c.From == from })
}

// Flows are all that are remembered, in the order in which they began.
func (k *Kernel) Flows() []Client { return slices.Clone(k.flows) }

// Put adds a flow, wherever it leads.
func (k *Kernel) Put(c Client) { k.flows = append(k.flows, c) }

func (k *Kernel) rule(f rules.Flow) (rules.Rule, bool) {
	at, found := slices.BinarySearchFunc(k.set.Rules, rules.Rule{Protocol: f.Protocol, Address: f.Address}, rules.Rule.Compare)
	if !found {
		return rules.Rule{}, false
	}
	return k.set.Rules[at], true
}

func clone(set rules.Set) rules.Set { return rules.Set{Rules: slices.Clone(set.Rules)} }
