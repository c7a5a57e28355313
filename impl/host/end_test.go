package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/host/process"
	"orrery/impl/trace"
)

// endBound is how long the API server may take to end: what is under way is given some seconds.
const endBound = 10 * time.Second

// Goal: each process ends by itself when it is sent SIGTERM, soon and with exit status 0, though it is at work; the API server ends watches, and answers what it
// was asked before. Method: a cluster with a pod that runs; the API server is told to end while a create waits for etcd, which stands still, and then all others
// are; how each ended is what their parent has recorded.
func TestSIGTERM(t *testing.T) {
	c := up(t, Config{Workers: 1, Trace: t.TempDir()})
	createPod(t, c, "web")
	server, member := only(t, c, APIServer), only(t, c, Etcd)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.clientTLS(), ForceAttemptHTTP2: true}}
	at := url(c.Machines()[0], apiPort) + "/api/v1/namespaces/default/"

	watch, err := client.Get(at + "pods?watch=true")
	require.NoError(t, err)
	defer watch.Body.Close()
	watched := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, watch.Body)
		watched <- err
	}()
	require.NoError(t, member.Pause())
	type created struct {
		code int
		err  error
	}
	answered := make(chan created, 1)
	go func() {
		answer, err := client.Post(at+"configmaps", "application/json", strings.NewReader(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held"}}`))
		if err != nil {
			answered <- created{0, err}
			return
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answered <- created{answer.StatusCode, errors.Join(err, answer.Body.Close())}
	}()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(c.traceFile(server.Name()))
		return err == nil && bytes.Contains(text, []byte("/configmaps/default/held"))
	}, patience, 5*time.Millisecond, "etcd is asked to hold it")

	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), endBound)
		defer cancel()
		ended <- server.Terminate(ctx)
	}()
	require.NoError(t, <-watched, "the watch is ended, not broken off")
	select {
	case got := <-answered:
		t.Fatalf("answered before etcd was: %v", got)
	case err := <-ended:
		t.Fatalf("the API server has not waited for what it was asked: %v", err)
	default:
	}
	require.NoError(t, member.Resume())
	require.Equal(t, created{http.StatusCreated, nil}, <-answered)
	require.NoError(t, <-ended)

	require.NoError(t, c.Close())
	how := ends(t, c.traceFile("host"))
	for _, p := range c.Processes() {
		require.Equal(t, []string{"exit status 0"}, how[p.Name()], p.Name())
	}
}

// only is the one process of a component.
func only(t *testing.T, c *Cluster, component string) (found *process.Process) {
	for _, p := range c.Processes() {
		if p.Component() == component {
			require.Nil(t, found)
			found = p
		}
	}
	require.NotNil(t, found)
	return found
}

// ends are how processes ended, by name.
func ends(t *testing.T, recorded string) map[string][]string {
	f, err := os.Open(recorded)
	require.NoError(t, err)
	defer f.Close()
	in, err := trace.NewReader(f)
	require.NoError(t, err)
	how := map[string][]string{}
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			return how
		}
		require.NoError(t, err)
		if line.Life.State == "exit" {
			how[line.Life.Name+"@"+line.Life.Machine] = append(how[line.Life.Name+"@"+line.Life.Machine], line.Life.Why)
		}
	}
}
