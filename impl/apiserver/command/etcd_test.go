package command

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
	"orrery/impl/apiserver/web"
	"orrery/impl/store"
	"orrery/impl/store/etcd"
)

// Goal: what is known to the API server is unknown to etcd, which trusts an authority of its own. Method: a member that does, opened with what the
// flags say, and spoken to by who has a certificate of the cluster's authority.
func TestEtcdHasAnAuthorityOfItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	authority, err := pki.Ensure(filepath.Join(dir, "etcd"))
	require.NoError(t, err)
	cert, key, err := authority.Issue("member", pki.Subject{User: "system:etcd:m", Server: true, Client: true, Hosts: []string{"127.0.0.1"}})
	require.NoError(t, err)
	files := etcd.TLS{Cert: cert, Key: key, CA: authority.CertFile()}
	free := func() string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		return "https://" + listener.Addr().String()
	}
	member, err := etcd.Start(t.Context(), etcd.Config{Name: "m", DataDir: t.TempDir(), ListenClient: free(), ListenPeer: free(), Client: files, Peer: files, UnsafeNoFsync: true})
	require.NoError(t, err)
	defer member.Stop()

	o := options{name: "a", listen: "127.0.0.1:0", etcdServers: []string{member.ClientURL()}, pkiDir: dir, authorize: allowAll,
		serviceIPs: "10.96.0.0/16", nodePorts: "30000-32767", limits: web.Limits{Reading: 1, Mutating: 1}}
	require.NoError(t, o.check())
	opened, err := openStore(o)
	require.NoError(t, err)
	defer opened.Close()
	_, err = opened.Get(t.Context(), "/registry/x", store.GetOptions{})
	require.NoError(t, err)

	clusters, err := pki.Ensure(dir)
	require.NoError(t, err)
	for _, subject := range []pki.Subject{pki.Node("n1"), pki.Admin, pki.EtcdAdmin} {
		config, err := clientTLS(clusters, "stranger", subject)
		require.NoError(t, err)
		config.RootCAs, config.NextProtos = authority.Pool(), []string{"h2"}
		conn, err := tls.Dial("tcp", strings.TrimPrefix(member.ClientURL(), "https://"), config)
		if err == nil { // of TLS 1.3 the client hears with the first answer that it is not known
			_, err = conn.Read(make([]byte, 1))
			conn.Close()
		}
		require.ErrorContains(t, err, "tls: ", subject.User)
	}
}
