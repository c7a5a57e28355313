package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
	"orrery/impl/apiserver/user"
)

// Goal: only who is known is served, and the server ends when it is told to. Method: real TLS with certificates of two
// authorities, and files of tokens good and bad.

func TestReadTokens(t *testing.T) {
	read := func(content string) (Tokens, error) {
		path := filepath.Join(t.TempDir(), "tokens")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return ReadTokens(path)
	}
	tokens, err := read("t1,jane,7\nt2,root,8,\"system:masters,people\"\n")
	require.NoError(t, err)
	require.Equal(t, Tokens{"t1": {Name: "jane", UID: "7"}, "t2": {Name: "root", UID: "8", Groups: []string{"system:masters", "people"}}}, tokens)
	for content, want := range map[string]string{
		"t1,jane":              ":1: token file must contain at least 3 columns (token, user, uid), found 2",
		"t1,jane,7\n,jane,7":   ":2: token and user must not be empty",
		"t1,,7":                ":1: token and user must not be empty",
		"t1,jane,7\nt1,joe,8":  ":2: the token was given to a user before",
		"t1,jane,7,\"unclosed": "extraneous or missing",
	} {
		_, err := read(content)
		require.ErrorContains(t, err, want, content)
	}
	_, err = ReadTokens(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// client speaks TLS as subject, with a certificate of by; nil: with none.
func tlsClient(t *testing.T, trusted, by *pki.Authority, subject pki.Subject) *http.Client {
	config := &tls.Config{RootCAs: trusted.Pool()}
	if by != nil {
		certFile, keyFile, err := by.Issue("client", subject)
		require.NoError(t, err)
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		require.NoError(t, err)
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func TestServeOverTLS(t *testing.T) {
	authority, err := pki.Ensure(t.TempDir())
	require.NoError(t, err)
	other, err := pki.Ensure(t.TempDir())
	require.NoError(t, err)
	certFile, keyFile, err := authority.Issue("server", pki.Subject{User: "kube-apiserver", Hosts: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f, stopping := newFake(pod("a")), make(chan struct{})
	handler := New(Config{
		Transport: f, Authenticators: []Authenticator{&Certificates{Pool: authority.Pool()}}, Stopping: stopping, Log: log.New(io.Discard, "", 0),
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, listener, &tls.Config{Certificates: []tls.Certificate{pair}}, handler, func() { close(stopping) }, log.New(io.Discard, "", 0))
	}()
	url := "https://" + listener.Addr().String()
	get := func(client *http.Client, path string) *http.Response {
		response, err := client.Get(url + path)
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
		return response
	}

	jane := tlsClient(t, authority, authority, pki.Subject{User: "jane", Groups: []string{"people"}, Client: true})
	response := get(jane, podsPath+"/a")
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, 2, response.ProtoMajor)
	require.Equal(t, "jane", f.asked.User)
	require.Equal(t, user.Info{Name: "jane", Groups: []string{"people", user.AllAuthenticated}}, f.by)
	require.Equal(t, 401, get(tlsClient(t, authority, nil, pki.Subject{}), podsPath+"/a").StatusCode)
	require.Equal(t, 200, get(tlsClient(t, authority, nil, pki.Subject{}), "/version").StatusCode)
	require.Equal(t, 401, get(tlsClient(t, authority, other, pki.Admin), podsPath+"/a").StatusCode, "of another authority")
	server := pki.Subject{User: "kube-apiserver", Server: true}
	require.Equal(t, 401, get(tlsClient(t, authority, authority, server), podsPath+"/a").StatusCode, "a server's certificate")

	watch := get(jane, podsPath+"?watch=1")
	cancel()
	data, err := io.ReadAll(watch.Body)
	require.NoError(t, err, "a watch ends cleanly when the server stops")
	require.Empty(t, data)
	require.NoError(t, <-done)
	_, err = jane.Get(url + "/livez")
	require.Error(t, err)
}

// Goal: a certificate that was verified is not believed for longer than it is valid, nor by another authority, and what was
// refused is not remembered. Method: the clock is an argument.
func TestCertificatesAreRememberedWhileValid(t *testing.T) {
	authority, err := pki.Ensure(t.TempDir())
	require.NoError(t, err)
	other, err := pki.Ensure(t.TempDir())
	require.NoError(t, err)
	certFile, keyFile, err := authority.Issue("jane", pki.Subject{User: "jane", Client: true})
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	require.NoError(t, err)
	shown := []*x509.Certificate{leaf}

	c, strangers := &Certificates{Pool: authority.Pool()}, &Certificates{Pool: other.Pool()}
	now := time.Now()
	require.NoError(t, c.verify(shown, now))
	require.Len(t, c.verified, 1)
	require.NoError(t, c.verify(shown, now))
	require.Error(t, c.verify(shown, leaf.NotAfter.Add(time.Second)), "remembered, and over")
	require.Error(t, c.verify(shown, leaf.NotBefore.Add(-time.Second)), "remembered, and not yet")
	require.NoError(t, c.verify(shown, now))
	require.Error(t, strangers.verify(shown, now))
	require.Empty(t, strangers.verified)
}
