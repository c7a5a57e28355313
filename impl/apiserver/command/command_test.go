package command

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/store/etcd"
)

// Goal: the process starts, serves over a real etcd and stops, and says in one line what is wrong. Method: the command itself, in
// this process, with real files and sockets.

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	tokens, file := filepath.Join(dir, "tokens"), filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(tokens, []byte("just-a-token\n"), 0o600))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	rest := "--etcd-servers http://127.0.0.1:1 --listen 127.0.0.1:0 --pki-dir " + filepath.Join(dir, "pki")
	for _, c := range []struct{ args, want string }{
		{"", "apiserver: --etcd-servers is missing: URLs such as http://127.0.0.1:2379; `orrery up` starts a whole cluster"},
		{"--etcd-servers localhost:2379", `apiserver: --etcd-servers: "localhost:2379" is no URL such as http://127.0.0.1:2379`},
		{"--etcd-servers http://a:1", "apiserver: --pki-dir is missing: the directory of the cluster's certificates"},
		{"--listen 6443", `apiserver: --listen "6443": must be IP:PORT`},
		{"--name a/b", `apiserver: --name "a/b": must be one word`},
		{rest + " --request-timeout -1s", "apiserver: --request-timeout -1s: must not be negative"},
		{rest + " --authorization-mode RBAC", `apiserver: --authorization-mode "RBAC": must be AlwaysAllow or Node,RBAC`},
		{rest + " --max-requests-inflight 0", "apiserver: --max-requests-inflight and --max-mutating-requests-inflight must be at least 1"},
		{rest + " --listen " + taken.Addr().String(), "apiserver: listen tcp " + taken.Addr().String() + ": bind: address already in use"},
		{rest + " --token-file " + filepath.Join(dir, "none"), "apiserver: --token-file: open " + filepath.Join(dir, "none") + ": no such file or directory"},
		{rest + " --token-file " + tokens, "apiserver: --token-file: " + tokens + ":1: token file must contain at least 3 columns (token, user, uid), found 1"},
		{rest + " --pki-dir " + file, "apiserver: pki: mkdir " + file + ": not a directory"},
		{rest + " --trace " + dir, "is a directory"},
		{"--frob", "unknown flag: --frob"},
		{"extra", `unknown command "extra" for "apiserver"`},
	} {
		cmd := Command()
		cmd.SetArgs(strings.Fields(c.args))
		var out bytes.Buffer
		cmd.SetErr(&out)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := cmd.ExecuteContext(ctx)
		cancel()
		require.ErrorContains(t, err, c.want, c.args)
		require.NotContains(t, strings.TrimSpace(err.Error()), "\n", c.args)
		require.Empty(t, out.String(), c.args)
	}
}

func TestWithoutEtcdItWaitsAndSaysSoOnce(t *testing.T) {
	var out lockedBuffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := Command()
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"--etcd-servers", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--pki-dir", t.TempDir()})
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "waiting for etcd at http://127.0.0.1:1: ") }, 30*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, 1, strings.Count(out.String(), "waiting for etcd"))
}

func TestOverEtcd(t *testing.T) {
	member := startEtcd(t)
	c := newCluster(t)
	st, err := etcd.Open(etcd.Options{Endpoints: []string{member}})
	require.NoError(t, err)
	defer st.Close()
	c.store = st
	stop := c.start()
	defer stop()
	out, err := c.kubectl("", "create", "configmap", "c", "--from-literal=a=b")
	require.NoError(t, err, out)
	out, err = c.kubectl("", "get", "configmap", "c", "-o", "jsonpath={.data}")
	require.NoError(t, err, out)
	require.Equal(t, `{"a":"b"}`, out)
}

// startEtcd starts a member of its own and returns its address.
func startEtcd(t *testing.T) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	member, err := etcd.Start(ctx, etcd.Config{Name: "m", DataDir: t.TempDir(), ListenClient: "http://127.0.0.1:0", ListenPeer: "http://127.0.0.1:0", UnsafeNoFsync: true})
	require.NoError(t, err)
	t.Cleanup(member.Stop)
	return member.ClientURL()
}
