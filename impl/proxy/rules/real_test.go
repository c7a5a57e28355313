package rules_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/stretchr/testify/require"

	"orrery/impl/proxy/rules"
	"orrery/impl/proxy/rules/nft"
)

var (
	web   = at("10.96.0.1:80")
	dns   = at("10.96.0.2:53")
	empty = at("10.96.0.3:80")
)

func to(protocol rules.Protocol, address netip.AddrPort, targets ...netip.AddrPort) rules.Rule {
	r := rules.Rule{Protocol: protocol, Address: address, Verdict: rules.Forward, Targets: targets}
	if protocol == rules.UDP {
		r.Stays = targets
	}
	if len(targets) == 0 {
		r.Verdict = rules.Reject
	}
	return r
}

func apply(t *testing.T, k rules.Rules, list ...rules.Rule) rules.Set {
	set := rules.Set{Rules: list}
	require.NoError(t, k.Apply(context.Background(), set))
	current, err := k.Current(context.Background())
	require.NoError(t, err)
	require.Equal(t, set.String(), current.String())
	return set
}

// Goal: packets go where the rules say, spread over the targets, or are refused at once (row 118). Method: sockets in two namespaces.
func TestPackets(t *testing.T) {
	n := real(t)
	n.answers(t)
	node := rules.NodePort(30080)
	apply(t, n.kernel,
		rules.Rule{Protocol: rules.TCP, Address: node, Verdict: rules.Forward, Targets: targets[2:3], Masquerade: true},
		to(rules.TCP, web, targets[0], targets[1]), to(rules.UDP, dns, targets[0], targets[1]), to(rules.TCP, empty), to(rules.UDP, empty))
	for _, service := range []struct {
		protocol rules.Protocol
		address  netip.AddrPort
	}{{rules.TCP, web}, {rules.UDP, dns}} {
		count := map[netip.AddrPort]int{}
		for range 60 {
			count[n.reached(t, service.protocol, service.address)]++
		}
		require.Len(t, count, 2, "%v", count)
		for _, times := range count {
			require.Greater(t, times, 5, "one in a million million runs may have fewer: %v", count)
		}
	}
	c, err := n.open(rules.TCP, 0, at("10.1.0.1:30080"))
	require.NoError(t, err)
	who, client, err := ask(c, patience)
	require.NoError(t, err)
	require.Equal(t, targets[2], who)
	require.Equal(t, "10.88.0.254", client, "a client outside is masqueraded")
	require.NoError(t, c.Close())

	// A pod that is sent to itself would not know the answer if it came from there.
	apply(t, n.kernel, to(rules.TCP, web, targets[0]), to(rules.TCP, empty), to(rules.UDP, empty))
	own, err := n.pods.open(rules.TCP, netip.AddrPortFrom(targets[0].Addr(), 0), web)
	require.NoError(t, err)
	who, client, err = ask(own, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who)
	require.Equal(t, "10.88.0.254", client)
	require.NoError(t, own.Close())

	began := time.Now()
	_, err = n.open(rules.TCP, 0, empty)
	require.True(t, refused(err), "got %v, want a reset", err)
	u, err := n.open(rules.UDP, 0, empty)
	require.NoError(t, err)
	_, _, err = ask(u, patience)
	require.True(t, refused(err), "got %v, want that the port is unreachable", err)
	require.NoError(t, u.Close())
	require.Less(t, time.Since(began), patience, "that is told at once")
	_, err = n.open(rules.TCP, 0, at("10.1.0.1:30081"))
	require.True(t, refused(err), "other ports of the node are its own")
}

// Goal: a flow of UDP to an endpoint that is gone is ended, a flow of TCP is left alone, and rules that are dropped do not tell the client (rows 116, 118).
// Method: the same sockets before and after.
func TestFlows(t *testing.T) {
	n := real(t)
	n.answers(t)
	ctx := context.Background()
	apply(t, n.kernel, to(rules.TCP, web, targets[0]), to(rules.UDP, dns, targets[0]))
	u, err := n.open(rules.UDP, 0, dns)
	require.NoError(t, err)
	defer func() { _ = u.Close() }()
	c, err := n.open(rules.TCP, 0, web)
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	who, _, err := ask(u, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who)
	who, _, err = ask(c, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who)

	set := apply(t, n.kernel, to(rules.TCP, web, targets[1]), to(rules.UDP, dns, targets[1]))
	who, _, err = ask(u, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who, "the kernel remembers")
	ended, err := n.kernel.Flush(ctx, set)
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	who, _, err = ask(u, patience)
	require.NoError(t, err)
	require.Equal(t, targets[1], who)
	who, _, err = ask(c, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who, "TCP is left alone")
	ended, err = n.kernel.Flush(ctx, set)
	require.NoError(t, err)
	require.Zero(t, ended, "what may stay stays")

	// The service is gone: its flow is still known as the proxy's (X03).
	ended, err = n.kernel.Flush(ctx, apply(t, n.kernel, to(rules.TCP, web)))
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	who, _, err = ask(c, patience)
	require.NoError(t, err)
	require.Equal(t, targets[0], who, "what is refused are new flows only")

	// A flow begins before there is a rule, and is ended by the first (X01).
	_, _, err = ask(u, silence)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	set = apply(t, n.kernel, to(rules.UDP, dns, targets[2]))
	ended, err = n.kernel.Flush(ctx, set)
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	who, _, err = ask(u, patience)
	require.NoError(t, err)
	require.Equal(t, targets[2], who)

	ended, err = n.kernel.Flush(ctx, apply(t, n.kernel, rules.Rule{Protocol: rules.UDP, Address: dns, Verdict: rules.Drop}))
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	_, _, err = ask(u, silence)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "nobody tells the client")
}

// Goal: a restart of the proxy breaks no flow (row 117). Method: another kernel's handle writes the same set, and one after somebody has damaged
// the table, while a connection is open.
func TestRestart(t *testing.T) {
	n := real(t)
	n.answers(t)
	c := to(rules.TCP, web, targets[0], targets[1])
	set := apply(t, n.kernel, c)
	conn, err := n.open(rules.TCP, 0, web)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	first, _, err := ask(conn, patience)
	require.NoError(t, err)
	n.kernel.Close()
	again, err := nft.New(n.node.handle)
	require.NoError(t, err)
	defer again.Close()
	current, err := again.Current(context.Background())
	require.NoError(t, err)
	require.Equal(t, set.Hash(), current.Hash())
	apply(t, again, c)
	_, err = again.Flush(context.Background(), set)
	require.NoError(t, err)
	who, _, err := ask(conn, patience)
	require.NoError(t, err)
	require.Equal(t, first, who)
	require.NoError(t, again.Remove())
	apply(t, again)
	who, _, err = ask(conn, patience)
	require.NoError(t, err)
	require.Equal(t, first, who)
}

// Goal: a client with affinity stays with its target over changes, as long as there is that target, and no longer than the timeout. Method: many
// flows of one client.
func TestAffinity(t *testing.T) {
	n := real(t)
	n.answers(t)
	sticky := func(timeout time.Duration, targets ...netip.AddrPort) rules.Rule {
		r := to(rules.TCP, web, targets...)
		r.Affinity = timeout
		return r
	}
	apply(t, n.kernel, sticky(time.Hour, targets[:]...))
	first := n.reached(t, rules.TCP, web)
	for range 10 {
		require.Equal(t, first, n.reached(t, rules.TCP, web))
	}
	apply(t, n.kernel, sticky(2*time.Hour, targets[:]...), to(rules.UDP, dns, targets[0]))
	for range 10 {
		require.Equal(t, first, n.reached(t, rules.TCP, web), "another set has it, too")
	}
	var others []netip.AddrPort
	for _, other := range targets {
		if other != first {
			others = append(others, other)
		}
	}
	apply(t, n.kernel, sticky(time.Hour, others...))
	second := n.reached(t, rules.TCP, web)
	require.NotEqual(t, first, second)
	for range 10 {
		require.Equal(t, second, n.reached(t, rules.TCP, web))
	}
}

// Goal: the kernel is told only what differs between two sets, and all of a set where somebody else has changed anything. Method: the kernel numbers rules
// anew that are written anew; chains come and go, targets are shared, moved and left; another's transactions come between.
func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	n := real(t)
	apply(t, n.kernel, to(rules.TCP, web, targets[0], targets[1]), to(rules.UDP, dns, targets[0]), to(rules.TCP, empty))
	first := n.handles(t)
	sticky := to(rules.TCP, web, targets[1], targets[2])
	sticky.Affinity = time.Hour
	for _, set := range [][]rules.Rule{
		{to(rules.TCP, web, targets[1], targets[2]), to(rules.UDP, dns, targets[0]), to(rules.TCP, empty)},
		{to(rules.TCP, web, targets[1], targets[2]), to(rules.UDP, dns, targets[1]), to(rules.TCP, empty, targets[0])},
		{to(rules.TCP, web, targets[:]...), to(rules.UDP, dns, targets[1])},
		{to(rules.TCP, web, targets[:]...), to(rules.UDP, dns, targets[1])},
		{sticky, to(rules.UDP, dns, targets[2])},
		{to(rules.UDP, dns)},
		{},
		{sticky, to(rules.UDP, dns, targets[2]), to(rules.TCP, empty)},
	} {
		apply(t, n.kernel, set...)
		require.Equal(t, first, n.handles(t), "%v", set)
		elsewhere := newSpace(t)
		whole, err := nft.New(elsewhere.handle)
		require.NoError(t, err)
		apply(t, whole, set...)
		whole.Close()
		require.Equal(t, elements(t, elsewhere), elements(t, n.node), "%v", set)
	}

	other := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "another"}
	for what, meddle := range map[string]func(*nftables.Conn){
		"another table":    func(c *nftables.Conn) { c.AddTable(other) },
		"a rule that went": func(c *nftables.Conn) { c.FlushChain(&nftables.Chain{Name: "translate", Table: proxyTable}) },
		"our table":        func(c *nftables.Conn) { c.DelTable(proxyTable) },
	} {
		conn, err := nftables.New(nftables.WithNetNSFd(int(n.node.handle)))
		require.NoError(t, err)
		meddle(conn)
		require.NoError(t, conn.Flush())
		before := n.handles(t)
		apply(t, n.kernel, to(rules.TCP, web, targets[0]))
		after := n.handles(t)
		require.NotEqual(t, before, after, what)
		apply(t, n.kernel, to(rules.TCP, web, targets[1]))
		require.Equal(t, after, n.handles(t), "%s: and from then on what differs", what)
	}
}

var proxyTable = &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "orrery-proxy"}

// elements are what is in the maps and sets of the proxy, but for what clients put there.
func elements(t *testing.T, s *space) map[string][]string {
	conn, err := nftables.New(nftables.WithNetNSFd(int(s.handle)))
	require.NoError(t, err)
	all := map[string][]string{}
	sets, err := conn.GetSets(proxyTable)
	require.NoError(t, err)
	for _, set := range sets {
		if set.Dynamic {
			continue
		}
		in, err := conn.GetSetElements(set)
		require.NoError(t, err)
		for _, e := range in {
			all[set.Name] = append(all[set.Name], fmt.Sprintf("%x %x", e.Key, e.Val))
		}
		slices.Sort(all[set.Name])
	}
	return all
}

// handles are the kernel's numbers of the rules that every set has.
func (n *network) handles(t *testing.T) (handles []uint64) {
	conn, err := nftables.New(nftables.WithNetNSFd(int(n.node.handle)))
	require.NoError(t, err)
	for _, chain := range []string{"refuse", "translate", "masquerade"} {
		in, err := conn.GetRules(proxyTable, &nftables.Chain{Name: chain, Table: proxyTable})
		if err != nil {
			continue // there is no table
		}
		for _, r := range in {
			handles = append(handles, r.Handle)
		}
	}
	return handles
}
