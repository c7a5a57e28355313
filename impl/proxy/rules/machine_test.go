package rules_test

import (
	"context"
	"flag"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/fake"
)

// kernel is what the machine needs of either.
type kernel interface {
	rules.Rules
	// send sends a packet from a port of the client and tells where it went. expect is what will become of it.
	send(from uint16, to netip.AddrPort, expect rules.Verdict, translated bool) (target netip.AddrPort, verdict rules.Verdict)
	// flows are where each flow is at, by its client's port and its address.
	flows() map[flowKey]netip.AddrPort
	expire()
}

type flowKey struct {
	from uint16
	to   netip.AddrPort
}

type inMemory struct {
	fake.Kernel
	t *rapid.T
}

func (k *inMemory) send(from uint16, to netip.AddrPort, _ rules.Verdict, _ bool) (netip.AddrPort, rules.Verdict) {
	f, verdict := k.Connect(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 2}), from), rules.UDP, to, func(n int) int { return rapid.IntRange(0, n-1).Draw(k.t, "target") })
	return f.Target, verdict
}

func (k *inMemory) flows() map[flowKey]netip.AddrPort {
	all := map[flowKey]netip.AddrPort{}
	for _, c := range k.Flows() {
		all[flowKey{c.From.Port(), c.Address}] = c.Target
	}
	return all
}

func (k *inMemory) expire() {
	for _, c := range k.Flows() {
		k.Expire(c.From)
	}
}

type inLinux struct {
	rules.Rules
	n         *network
	t         *testing.T
	conntrack *netlink.Handle
}

func (k *inLinux) send(from uint16, to netip.AddrPort, expect rules.Verdict, translated bool) (netip.AddrPort, rules.Verdict) {
	c, err := k.n.open(rules.UDP, from, to)
	require.NoError(k.t, err)
	defer func() { _ = c.Close() }()
	wait := patience
	if expect == rules.Drop || !translated {
		wait = 5 * time.Millisecond
	}
	who, _, err := ask(c, wait)
	switch _, begun := k.flows()[flowKey{from, to}]; {
	case err == nil || begun:
		return who, rules.Forward
	case refused(err):
		return who, rules.Reject
	}
	return who, rules.Drop
}

func (k *inLinux) flows() map[flowKey]netip.AddrPort {
	tracked, err := k.conntrack.ConntrackTableList(netlink.ConntrackTable, unix.AF_INET)
	require.NoError(k.t, err)
	all := map[flowKey]netip.AddrPort{}
	for _, f := range tracked {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(f.Forward.DstIP.To4())), f.Forward.DstPort)
		if f.Forward.Protocol != unix.IPPROTO_UDP {
			continue
		}
		all[flowKey{f.Forward.SrcPort, to}] = netip.AddrPort{}
		if f.Mark != 0 {
			all[flowKey{f.Forward.SrcPort, to}] = netip.AddrPortFrom(netip.AddrFrom4([4]byte(f.Reverse.SrcIP.To4())), f.Reverse.SrcPort)
		}
	}
	return all
}

func (k *inLinux) expire() {
	require.NoError(k.t, k.conntrack.ConntrackTableFlush(netlink.ConntrackTable))
}

// Goal: the kernel in memory and that of Linux keep the same contract. Method: one random machine of clients, sets and flushes, run on both.
func TestContract(t *testing.T) {
	t.Run("fake", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { contract(t, &inMemory{t: t}) })
	})
	t.Run("nft", func(t *testing.T) {
		n := real(t)
		n.answers(t)
		conntrack, err := netlink.NewHandleAt(n.node.handle, unix.NETLINK_NETFILTER)
		require.NoError(t, err)
		t.Cleanup(conntrack.Close)
		setFlag(t, "rapid.checks", "8") // each takes most of a second: the kernel waits for its readers
		k := &inLinux{n.kernel, n, t, conntrack}
		rapid.Check(t, func(t *rapid.T) {
			k.expire()
			require.NoError(t, n.kernel.Remove())
			require.NoError(t, k.Apply(context.Background(), rules.Set{})) // from then on connections are tracked
			contract(t, k)
		})
	})
}

// setFlag sets a flag of rapid's for the rest of a test.
func setFlag(t *testing.T, name, value string) {
	old := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
}

var addresses = []netip.AddrPort{dns, at("10.96.0.4:53")}

func contract(t *rapid.T, k kernel) {
	ctx := context.Background()
	set := rules.Set{}
	flows := map[flowKey]netip.AddrPort{}
	sticky := map[netip.AddrPort]netip.AddrPort{}
	t.Repeat(map[string]func(*rapid.T){
		"apply": func(t *rapid.T) {
			set = drawSet(t)
			require.NoError(t, k.Apply(ctx, set))
			maps.DeleteFunc(sticky, func(address, target netip.AddrPort) bool {
				r, found := about(set, address)
				return !found || r.Affinity == 0 || !slices.Contains(r.Targets, target)
			})
		},
		"send": func(t *rapid.T) {
			f := flowKey{rapid.Uint16Range(20001, 20002).Draw(t, "from"), rapid.SampledFrom(addresses).Draw(t, "to")}
			r, found := about(set, f.to)
			at, begun := flows[f]
			translated := found
			if begun {
				r.Verdict, translated = rules.Forward, at.IsValid()
			} else if !found {
				r.Verdict = rules.Forward
			}
			target, verdict := k.send(f.from, f.to, r.Verdict, translated)
			require.Equal(t, r.Verdict, verdict)
			switch {
			case begun:
				require.Equal(t, at, target, "what has begun goes on")
				return
			case verdict != rules.Forward:
				return
			case !found:
				require.False(t, target.IsValid())
			default:
				require.Contains(t, r.Targets, target)
				if last, ok := sticky[f.to]; ok {
					require.Equal(t, last, target, "a client with affinity stays")
				}
				if r.Affinity > 0 {
					sticky[f.to] = target
				}
			}
			flows[f] = target
		},
		"flush": func(t *rapid.T) {
			kept := maps.Clone(flows)
			maps.DeleteFunc(kept, func(f flowKey, target netip.AddrPort) bool {
				return !set.Keeps(rules.Flow{Protocol: rules.UDP, Address: f.to, Target: target})
			})
			ended, err := k.Flush(ctx, set)
			require.NoError(t, err)
			require.Equal(t, len(flows)-len(kept), ended)
			flows = kept
		},
		"": func(t *rapid.T) {
			current, err := k.Current(ctx)
			require.NoError(t, err)
			require.Equal(t, set.String(), current.String())
			require.Equal(t, flows, k.flows())
		},
	})
}

func about(set rules.Set, address netip.AddrPort) (rules.Rule, bool) {
	at := slices.IndexFunc(set.Rules, func(r rules.Rule) bool { return r.Address == address })
	if at < 0 {
		return rules.Rule{}, false
	}
	return set.Rules[at], true
}

func drawSet(t *rapid.T) (set rules.Set) {
	for _, address := range addresses {
		r := rules.Rule{Protocol: rules.UDP, Address: address, Verdict: rapid.SampledFrom([]rules.Verdict{"", rules.Reject, rules.Drop, rules.Forward, rules.Forward, rules.Forward}).Draw(t, "verdict")}
		for i, some := range rapid.SliceOfN(rapid.IntRange(0, 2), 4, 4).Draw(t, "targets") {
			if some > 0 {
				r.Stays = append(r.Stays, targets[i])
			}
			if some == 2 {
				r.Targets = append(r.Targets, targets[i])
			}
		}
		switch {
		case r.Verdict == "":
			continue
		case r.Verdict != rules.Forward:
			r.Targets = nil
		case len(r.Targets) == 0:
			r.Targets = targets[:1]
		}
		if r.Verdict == rules.Forward && rapid.Bool().Draw(t, "affinity") {
			r.Affinity = time.Hour
		}
		r.Masquerade = r.Verdict == rules.Forward && rapid.Bool().Draw(t, "masquerade")
		set.Rules = append(set.Rules, r)
	}
	return set
}
