package server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
	"orrery/impl/kubelet/runtime"
)

// node is a Source with the pods that a test gives it.
type node struct {
	dir  string
	pods []runtime.Pod
}

func (n *node) Pods() []runtime.Pod { return n.pods }
func (n *node) LogFile(_ runtime.Pod, c runtime.Container) string {
	return filepath.Join(n.dir, c.LogPath)
}

// start serves a node, and returns a function that gets a path as the subject of a certificate.
func start(t *testing.T, n *node) func(subject pki.Subject, path string) (int, string) {
	authority, err := pki.Ensure(filepath.Join(t.TempDir(), "pki"))
	require.NoError(t, err)
	load := func(name string, s pki.Subject) tls.Certificate {
		cert, key, err := authority.Issue(name, s)
		require.NoError(t, err)
		pair, err := tls.LoadX509KeyPair(cert, key)
		require.NoError(t, err)
		return pair
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	certificate := load("kubelet", pki.Subject{User: "system:node:n1", Hosts: []string{"127.0.0.1"}, Server: true})
	go func() { done <- New(n, nil).Serve(ctx, listener, certificate, authority.Pool()) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return func(subject pki.Subject, path string) (int, string) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), Certificates: []tls.Certificate{load(subject.User, subject)}}}
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Get("https://" + listener.Addr().String() + path)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
}

// Who may ask, what is found, and how what is wrong is answered.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "0.log"), []byte("2026-01-01T00:00:01Z stdout F first\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.log"), []byte("2026-01-01T00:00:02Z stdout F second\n2026-01-01T00:00:03Z stdout F third\n"), 0o600))
	get := start(t, &node{dir: dir, pods: []runtime.Pod{{UID: "u", Namespace: "default", Name: "web",
		Sandboxes: []runtime.Sandbox{{ID: "s", Ready: true}},
		Containers: []runtime.Container{{ID: "c1", Sandbox: "s", Name: "app", Attempt: 1, State: runtime.Exited, LogPath: "1.log"},
			{ID: "c0", Sandbox: "s", Name: "app", State: runtime.Exited, LogPath: "0.log"}}}}})
	for _, c := range []struct {
		path string
		code int
		body string
	}{
		{"/healthz", 200, "ok"},
		{"/containerLogs/default/web/app", 200, "second\nthird\n"},
		{"/containerLogs/default/web/app?tailLines=1", 200, "third\n"},
		{"/containerLogs/default/web/app?previous=true", 200, "first\n"},
		{"/containerLogs/default/web/app?follow=true", 200, "second\nthird\n"},
		{"/containerLogs/default/web/app?tailLines=-1", 400, "invalid tailLines \"-1\": must be a number, 0 at least\n"},
		{"/containerLogs/default/web/app?sinceTime=yesterday", 400, "invalid sinceTime \"yesterday\": must be a time like 2006-01-02T15:04:05Z\n"},
		{"/containerLogs/default/web/other", 404, "container other not found in pod web_default\n"},
		{"/containerLogs/default/none/app", 404, "pod does not exist: default/none\n"},
		{"/exec/default/web/app", 400, "you must specify the command to execute\n"},
		{"/nothing", 404, "404 page not found\n"},
	} {
		code, body := get(pki.KubeletClient, c.path)
		require.Equal(t, c.code, code, c.path)
		require.Equal(t, c.body, body, c.path)
	}
	code, body := get(pki.Node("n2"), "/pods")
	require.Equal(t, http.StatusForbidden, code)
	require.Contains(t, body, "system:node:n2")
	_, body = get(pki.KubeletClient, "/pods")
	require.Contains(t, body, `"name":"web"`)
}
