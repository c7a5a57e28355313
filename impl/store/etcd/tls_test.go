package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
	"orrery/impl/store"
)

// issue returns the files of a certificate, good for both sides on this host.
func issue(t *testing.T, ca *pki.Authority, name string) TLS {
	cert, key, err := ca.Issue(name, pki.Subject{User: name, Hosts: []string{"127.0.0.1"}, Server: true, Client: true})
	require.NoError(t, err)
	return TLS{Cert: cert, Key: key, CA: ca.CertFile()}
}

func clientTLS(t *testing.T, files TLS, ca *pki.Authority) *tls.Config {
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}
}

// freePorts returns addresses that nobody listens on.
func freePorts(t *testing.T, n int) []string {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// Three members under mutual TLS: they form a cluster, serve who has a certificate, and refuse who has none; without a
// quorum nothing is written, and what is known of a write is told rightly.
func TestClusterOverTLS(t *testing.T) {
	ca, err := pki.Ensure(t.TempDir())
	require.NoError(t, err)
	peers := freePorts(t, 3)
	var initial []string
	for i, p := range peers {
		initial = append(initial, fmt.Sprintf("m%d=https://%s", i, p))
	}
	bounded, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	members := make([]*Member, len(peers))
	var wg sync.WaitGroup
	for i, p := range peers {
		cfg := config(t, fmt.Sprintf("m%d", i))
		cfg.ListenClient, cfg.ListenPeer = "https://127.0.0.1:0", "https://"+p
		cfg.InitialCluster = strings.Join(initial, ",")
		cfg.Client, cfg.Peer = issue(t, ca, "etcd-"+cfg.Name), issue(t, ca, "etcd-"+cfg.Name)
		wg.Go(func() {
			m, err := Start(bounded, cfg)
			if err != nil {
				t.Error(err)
				return
			}
			members[i] = m
		})
	}
	wg.Wait()
	require.False(t, t.Failed())
	var endpoints []string
	for _, m := range members {
		t.Cleanup(m.Stop)
		endpoints = append(endpoints, m.ClientURL())
	}

	_, err = Open(Options{Endpoints: endpoints})
	require.ErrorContains(t, err, "needs TLS")
	stranger := open(t, Options{Endpoints: endpoints, TLS: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}, RequestTimeout: 500 * time.Millisecond})
	_, err = stranger.Put(ctx, "a", nil, 0)
	require.ErrorIs(t, err, store.ErrUnavailable)

	s := open(t, Options{Endpoints: endpoints, TLS: clientTLS(t, issue(t, ca, "client"), ca)})
	put, err := s.Put(ctx, "a", []byte("1"), 0)
	require.NoError(t, err)
	require.True(t, put.Succeeded)
	for _, e := range endpoints {
		one := open(t, Options{Endpoints: []string{e}, TLS: clientTLS(t, issue(t, ca, "client"), ca)})
		got, err := one.Get(ctx, "a", store.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, "1", string(got.KV.Value))
	}

	members[0].Stop()
	members[1].Stop()
	last := open(t, Options{Endpoints: endpoints[2:], TLS: clientTLS(t, issue(t, ca, "client"), ca), RequestTimeout: time.Second})
	_, err = last.Put(ctx, "a", []byte("2"), put.Revision)
	require.True(t, isOneOf(err, store.ErrUnavailable, store.ErrUnknown), "%v", err)
	_, err = last.Get(ctx, "a", store.GetOptions{})
	require.ErrorIs(t, err, store.ErrUnavailable)
}

func isOneOf(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}
