package rules_test

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

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
