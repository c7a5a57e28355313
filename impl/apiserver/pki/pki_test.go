package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"orrery/impl/token"
)

// Goal: processes that start at once agree on one authority, and certificates verify as what they were issued for.
// Method: real files, many goroutines, and the standard library's verification.

func TestEnsureAgreesWhenManyStartAtOnce(t *testing.T) {
	const starters = 16
	dir := t.TempDir()
	authorities, errs := make([]*Authority, starters), make([]error, starters)
	var group sync.WaitGroup
	for i := range starters {
		group.Go(func() {
			if authorities[i], errs[i] = Ensure(dir); errs[i] == nil {
				_, _, errs[i] = authorities[i].Issue("shared", Admin)
			}
		})
	}
	group.Wait()
	for i := range starters {
		require.NoError(t, errs[i])
		require.Equal(t, authorities[0].cert.Raw, authorities[i].cert.Raw)
	}
	_, err := tls.LoadX509KeyPair(filepath.Join(dir, "shared.crt"), filepath.Join(dir, "shared.key"))
	require.NoError(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 4, "no temporary file stays")
}

func TestEnsureAfterACrashBetweenKeyAndCertificate(t *testing.T) {
	dir := t.TempDir()
	_, err := ensureKey(filepath.Join(dir, "ca.key"))
	require.NoError(t, err)
	_, err = Ensure(dir)
	require.NoError(t, err)
}

func TestEnsureRefuses(t *testing.T) {
	spoil := func(file, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600))
		}
	}
	for name, c := range map[string]struct {
		spoil func(*testing.T, string)
		want  string
	}{
		"a key that is none":          {spoil("ca.key", "hello"), "ca.key holds no EC PRIVATE KEY in PEM"},
		"a certificate that is none":  {spoil("ca.crt", "hello"), "ca.crt holds no CERTIFICATE in PEM"},
		"a certificate without a key": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "ca.key"))) }, "but its key"},
		"the key of another": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "ca.key")))
			_, err := ensureKey(filepath.Join(dir, "ca.key"))
			require.NoError(t, err)
		}, "does not belong to"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, err := Ensure(dir)
			require.NoError(t, err)
			c.spoil(t, dir)
			_, err = Ensure(dir)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestIssue(t *testing.T) {
	a, err := Ensure(t.TempDir())
	require.NoError(t, err)
	subject := Subject{User: "web", Groups: []string{"b", "a"}, Hosts: []string{"localhost", "127.0.0.1"}, Server: true}
	certFile, _, err := a.Issue("web", subject)
	require.NoError(t, err)
	first, err := readCertificate(certFile)
	require.NoError(t, err)
	for _, host := range subject.Hosts {
		_, err = first.Verify(x509.VerifyOptions{DNSName: host, Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		require.NoError(t, err)
	}
	_, err = first.Verify(x509.VerifyOptions{Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.Error(t, err, "a server's certificate is no client's")

	_, _, err = a.Issue("web", subject)
	require.NoError(t, err)
	again, err := readCertificate(certFile)
	require.NoError(t, err)
	require.Equal(t, first.Raw, again.Raw, "a good certificate stays")

	subject.Hosts = append(subject.Hosts, "10.0.0.1")
	_, _, err = a.Issue("web", subject)
	require.NoError(t, err)
	again, err = readCertificate(certFile)
	require.NoError(t, err)
	require.Len(t, again.IPAddresses, 2, "another subject needs another certificate")

	for _, name := range []string{"", "ca", "../x", ".x"} {
		_, _, err = a.Issue(name, Admin)
		require.ErrorContains(t, err, "cannot name a certificate")
	}
	_, _, err = a.Issue("x", Subject{User: "x"})
	require.ErrorContains(t, err, "needs a user and a use")
}

func TestKubeconfig(t *testing.T) {
	a, err := Ensure(t.TempDir())
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "admin.conf")
	require.ErrorContains(t, a.Kubeconfig(path, "admin", Admin), "at least one cluster")
	require.NoError(t, a.Kubeconfig(path, "admin", Admin, Cluster{"b", "https://b:6443"}, Cluster{"a", "https://a:6443"}))
	config, err := clientcmd.BuildConfigFromFlags("", path)
	require.NoError(t, err)
	require.Equal(t, "https://b:6443", config.Host)
	require.NotEmpty(t, config.CertData)
	raw, err := clientcmd.LoadFromFile(path)
	require.NoError(t, err)
	require.Equal(t, "https://a:6443", raw.Clusters["a"].Server)
}

// Goal: all API servers and controllers sign tokens with one key. Method: many start at once.
func TestAccountKeyIsMadeOnce(t *testing.T) {
	authority, err := Ensure(t.TempDir())
	require.NoError(t, err)
	keys, errs := make([][]byte, 4), make([]error, 4)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() { keys[i], errs[i] = authority.EnsureAccountKey() })
	}
	group.Wait()
	for i := range keys {
		require.NoError(t, errs[i])
		require.Equal(t, keys[0], keys[i])
	}
	_, err = token.ParseKey(keys[0])
	require.NoError(t, err)
	info, err := os.Stat(authority.AccountKeyFile())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	_, _, err = authority.Issue("sa", Admin)
	require.Error(t, err, "its key would be taken for that of the tokens")
}
