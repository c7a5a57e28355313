package command

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"

	"orrery/impl/apiserver/pki"
	"orrery/impl/store"
	"orrery/impl/store/memory"
	"orrery/impl/trace"
)

// asKubectl makes the test binary the stock kubectl of the module's version, in a process of its own.
const asKubectl = "ORRERY_TEST_AS_KUBECTL"

func TestMain(m *testing.M) {
	if os.Getenv(asKubectl) != "" {
		if err := kubectlcmd.NewDefaultKubectlCommand().Execute(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// cluster is a store with API servers over it, to be started and stopped.
type cluster struct {
	t          *testing.T
	store      store.Store
	authority  *pki.Authority
	address    string
	kubeconfig string
	home       string
	access     *log.Logger // if not nil, takes a line for each request
	authorize  string      // --authorization-mode
}

func newCluster(t *testing.T) *cluster {
	authority, err := pki.Ensure(filepath.Join(t.TempDir(), "pki"))
	require.NoError(t, err)
	c := &cluster{t: t, store: memory.New(), authority: authority, address: "127.0.0.1:0", home: t.TempDir()}
	c.kubeconfig = filepath.Join(c.home, "admin.conf")
	return c
}

// start starts a server at the cluster's address, which is settled by the first, and waits until it is ready.
func (c *cluster) start() (stop func()) {
	listener, err := net.Listen("tcp", c.address)
	require.NoError(c.t, err)
	c.address = listener.Addr().String()
	require.NoError(c.t, c.authority.Kubeconfig(c.kubeconfig, "admin", pki.Admin, pki.Cluster{Name: "test", Server: "https://" + c.address}))
	ctx, cancel := context.WithCancel(context.Background())
	p := process{
		options: options{name: "test", accessLog: c.access != nil, authorize: c.authorize}, log: c.access, authority: c.authority,
		listener: listener, sink: trace.Discard, store: c.store,
	}
	if p.log == nil {
		p.log = log.New(io.Discard, "", 0)
	}
	done := make(chan error, 1)
	go func() { done <- p.serve(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(c.t, <-done)
		}
	}
	c.t.Cleanup(stop)
	client := c.rest()
	client.Timeout = time.Second
	transport, err := rest.HTTPClientFor(client)
	require.NoError(c.t, err)
	require.Eventually(c.t, func() bool {
		response, err := transport.Get("https://" + c.address + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == 200
	}, 10*time.Second, 5*time.Millisecond)
	transport.CloseIdleConnections()
	return stop
}

func (c *cluster) rest() *rest.Config {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(c.t, err)
	config.QPS = -1
	return config
}

// kubectl runs kubectl with input and returns what it prints, errors and all.
func (c *cluster) kubectl(input string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	// Under the race detector a program sleeps for a second before it ends: kubectl, which is not what is tested, does not.
	cmd.Env = append(os.Environ(), asKubectl+"=1", "KUBECONFIG="+c.kubeconfig, "HOME="+c.home, "GORACE=atexit_sleep_ms=0")
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
