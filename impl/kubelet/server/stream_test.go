package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/apiserver/pki"
	"orrery/impl/host/containerd/containerdtest"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/cri"
	"orrery/impl/kubelet/server"
)

// containerd's streaming server listens on its machine's own loopback, so that the kubelet's server must run there too.
func TestMain(m *testing.M) { containerdtest.Main(m, serveCommand()) }

func serveCommand() *cobra.Command {
	var endpoint, logs, pkiDir, listen string
	cmd := &cobra.Command{Use: "serve-kubelet", SilenceUsage: true, RunE: func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
		defer stop()
		client, err := cri.Dial(endpoint)
		if err != nil {
			return err
		}
		defer client.Close()
		authority, err := pki.Ensure(pkiDir)
		if err != nil {
			return err
		}
		host, _, err := net.SplitHostPort(listen)
		if err != nil {
			return err
		}
		cert, key, err := authority.Issue("server", pki.Subject{User: "system:node:w", Hosts: []string{host}, Server: true})
		if err != nil {
			return err
		}
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", listen)
		if err != nil {
			return err
		}
		return server.New(&live{client, logs}, client).Serve(ctx, listener, pair, authority.Pool())
	}}
	cmd.Flags().StringVar(&endpoint, "endpoint", "", "")
	cmd.Flags().StringVar(&logs, "logs", "", "")
	cmd.Flags().StringVar(&pkiDir, "pki", "", "")
	cmd.Flags().StringVar(&listen, "listen", "", "")
	return cmd
}

// live is a Source that asks the runtime every time.
type live struct {
	*cri.Client
	logs string
}

func (l *live) Pods() []runtime.Pod {
	pods, _ := l.List(context.Background())
	return pods
}

func (l *live) LogFile(pod runtime.Pod, c runtime.Container) string {
	return filepath.Join(l.logs, pod.UID, c.LogPath)
}

// kubelet is a kubelet's server on a worker, with who may speak to it.
type kubelet struct {
	*cri.Client
	w      *containerdtest.Worker
	t      *testing.T
	ctx    context.Context
	config *rest.Config
	base   string
}

func serve(t *testing.T) *kubelet {
	w := containerdtest.New(t)
	dir := filepath.Join(w.Dir, "pki")
	authority, err := pki.Ensure(dir)
	require.NoError(t, err)
	address := w.Machine.Address.String() + ":10250"
	w.Process("serve-kubelet", "--endpoint", "unix://"+w.Address, "--logs", w.Logs, "--pki", dir, "--listen", address)
	cert, key, err := authority.Issue("client", pki.KubeletClient)
	require.NoError(t, err)
	client, err := cri.Dial("unix://" + w.Address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	k := &kubelet{Client: client, w: w, t: t, ctx: containerdtest.Bounded(t), base: "https://" + address, config: &rest.Config{Host: "https://" + address,
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(dir, "ca.crt"), CertFile: cert, KeyFile: key}}}
	k.await("the server answers", func() bool {
		_, body, err := k.get("/healthz")
		return err == nil && body == "ok"
	})
	return k
}

func (k *kubelet) await(what string, condition func() bool) {
	k.t.Helper()
	require.Eventually(k.t, condition, containerdtest.Patience, 5*time.Millisecond, what)
}

// get reads an answer to its end.
func (k *kubelet) get(path string) (int, string, error) {
	client, err := rest.HTTPClientFor(k.config)
	if err != nil {
		return 0, "", err
	}
	defer client.CloseIdleConnections()
	response, err := client.Get(k.base + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// run starts a pod of one container, and waits for its first words if it has any.
func (k *kubelet) run(name, words string, change func(*api.ContainerConfig)) (sandbox, container string) {
	k.t.Helper()
	labels := map[string]string{runtime.LabelPodName: name, runtime.LabelPodNamespace: "default", runtime.LabelPodUID: name, runtime.LabelContainerName: "app"}
	in := &api.PodSandboxConfig{Metadata: &api.PodSandboxMetadata{Name: name, Namespace: "default", Uid: name}, Hostname: name,
		LogDirectory: filepath.Join(k.w.Logs, name), Labels: labels, Linux: &api.LinuxPodSandboxConfig{CgroupParent: k.w.CgroupParent()}}
	config := &api.ContainerConfig{Metadata: &api.ContainerMetadata{Name: "app"}, Image: &api.ImageSpec{Image: "local/web:1"}, LogPath: "app/0.log",
		Labels: labels, Annotations: map[string]string{runtime.AnnotationRestartCount: "0"}, Linux: &api.LinuxContainerConfig{}}
	change(config)
	sandbox, err := k.RunSandbox(k.ctx, in)
	require.NoError(k.t, err)
	container, err = k.CreateContainer(k.ctx, sandbox, config, in)
	require.NoError(k.t, err)
	require.NoError(k.t, k.StartContainer(k.ctx, container))
	k.await("its first words", func() bool {
		_, body, err := k.get("/containerLogs/default/" + name + "/app")
		return err == nil && body == words
	})
	return sandbox, container
}

// The executors that clients have: SPDY, and kubectl's, which turns to SPDY when its WebSocket protocol is refused.
func (k *kubelet) executors(path string) map[string]remotecommand.Executor {
	target, err := url.Parse(k.base + path)
	require.NoError(k.t, err)
	web, err := remotecommand.NewWebSocketExecutor(k.config, http.MethodGet, target.String())
	require.NoError(k.t, err)
	spdy, err := remotecommand.NewSPDYExecutor(k.config, http.MethodPost, target)
	require.NoError(k.t, err)
	refused := func(err error) bool { return strings.Contains(err.Error(), "unable to upgrade") }
	both, err := remotecommand.NewFallbackExecutor(web, spdy, refused)
	require.NoError(k.t, err)
	return map[string]remotecommand.Executor{"kubectl": both, "spdy": spdy}
}

// Goal: a client's streams reach a real container through the kubelet's server, and every end is told. Method: client-go's
// own clients, against a server on the machine of a real containerd.
func TestStreams(t *testing.T) {
	k := serve(t)
	sandbox, _ := k.run("web", "ready\n", func(c *api.ContainerConfig) { c.Args = []string{"--print", "ready"} })

	for _, c := range []struct {
		name, query, stdin, stdout, stderr string
		code                               int
		failure                            string
	}{
		{name: "output", query: "command=echo&command=hello&output=1", stdout: "hello\n"},
		{name: "what stdin says comes back", query: "command=cat&input=1&output=1", stdin: "a\nb", stdout: "a\nb"},
		{name: "exit code", query: "command=exit&command=7&output=1", code: 7},
		{name: "stderr", query: "command=cat&command=/none&output=1&error=1", stderr: "cat: open /none: no such file or directory\n", code: 1},
		{name: "no such command", query: "command=nonsense&output=1", failure: "executable file not found"},
		{name: "a terminal", query: "command=echo&command=hello&output=1&tty=1", stdout: "hello\r\n"},
	} {
		for protocol, executor := range k.executors("/exec/default/web/app?" + c.query) {
			t.Run("exec "+c.name+" "+protocol, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				options := remotecommand.StreamOptions{Stdout: &stdout, Tty: strings.Contains(c.query, "tty=1")}
				if c.stdin != "" {
					options.Stdin = strings.NewReader(c.stdin)
				}
				if strings.Contains(c.query, "error=1") {
					options.Stderr = &stderr
				}
				err := executor.StreamWithContext(k.ctx, options)
				var exit exec.CodeExitError
				switch {
				case c.failure != "":
					require.ErrorContains(t, err, c.failure)
				case c.code != 0:
					require.True(t, errors.As(err, &exit), "%v", err)
					require.Equal(t, c.code, exit.Code)
				default:
					require.NoError(t, err)
				}
				require.Equal(t, c.stdout, stdout.String())
				require.Equal(t, c.stderr, stderr.String())
			})
		}
	}

	t.Run("port-forward", func(t *testing.T) {
		target, err := url.Parse(k.base + "/portForward/default/web")
		require.NoError(t, err)
		roundTripper, upgrader, err := spdy.RoundTripperFor(k.config)
		require.NoError(t, err)
		stop, ready, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		forwarder, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, http.MethodPost, target),
			[]string{"0:8080"}, stop, ready, io.Discard, io.Discard)
		require.NoError(t, err)
		go func() { done <- forwarder.ForwardPorts() }()
		select {
		case <-ready:
		case err := <-done:
			t.Fatal(err)
		}
		ports, err := forwarder.GetPorts()
		require.NoError(t, err)
		transport := &http.Transport{DisableKeepAlives: true}
		response, err := (&http.Client{Transport: transport, Timeout: containerdtest.Patience}).Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "web\n", string(body))
		close(stop)
		require.NoError(t, <-done)
	})

	for _, protocol := range []string{"kubectl", "spdy"} {
		t.Run("attach "+protocol, func(t *testing.T) {
			_, id := k.run("cat-"+protocol, "", func(c *api.ContainerConfig) {
				c.Command, c.Stdin, c.StdinOnce = []string{"cat"}, true, true
			})
			c := &conversation{heard: make(chan struct{})}
			require.NoError(t, k.executors("/attach/default/cat-" + protocol + "/app?input=1&output=1")[protocol].StreamWithContext(k.ctx,
				remotecommand.StreamOptions{Stdin: c, Stdout: c}))
			require.True(t, strings.HasSuffix(c.said.String(), c.answer.String()), "of %q it was answered %q", c.said.String(), c.answer.String())
			require.True(t, strings.HasSuffix(c.answer.String(), lastWords), "of %q it was answered %q", c.said.String(), c.answer.String())
			k.await("the end of its input is its end", func() bool {
				pod, err := k.Inspect(k.ctx, "cat-"+protocol)
				return err == nil && pod.Containers[0].State == runtime.Exited && pod.Containers[0].ID == id
			})
			_, body, err := k.get("/containerLogs/default/cat-" + protocol + "/app")
			require.NoError(t, err)
			require.Equal(t, c.said.String(), body)
		})
	}

	// A log is followed until its container has ended, and to the last line.
	t.Run("follow", func(t *testing.T) {
		followed := make(chan string, 1)
		go func() {
			_, body, err := k.get("/containerLogs/default/web/app?follow=true")
			followed <- fmt.Sprint(body, err)
		}()
		pod, err := k.Inspect(k.ctx, "web")
		require.NoError(t, err)
		require.NoError(t, k.StopContainer(k.ctx, pod.Containers[0].ID, time.Minute))
		require.Equal(t, "ready\nreceived terminated\n<nil>", <-followed)
		for _, executor := range k.executors("/exec/default/web/app?command=true&output=1") {
			require.ErrorContains(t, executor.StreamWithContext(k.ctx, remotecommand.StreamOptions{Stdout: io.Discard}), "not running")
		}
		require.NoError(t, k.StopSandbox(k.ctx, sandbox))
	})
}

// conversation is both ends of an attach to a container that says what it is told. It begins until it is answered: containerd takes input before it has
// joined the output (container_io.go, Attach), so that what is said at once may be answered to nobody.
type conversation struct {
	said, answer bytes.Buffer
	heard        chan struct{}
	once         sync.Once
	ended        bool
}

const lastWords = "the last words\n"

// Read is what is said next.
func (c *conversation) Read(p []byte) (int, error) {
	if c.ended {
		return 0, io.EOF
	}
	words := "hello\n"
	select {
	case <-c.heard:
		words, c.ended = lastWords, true
	case <-time.After(10 * time.Millisecond):
	}
	c.said.WriteString(words)
	return copy(p, words), nil
}

// Write is an answer.
func (c *conversation) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.heard) })
	return c.answer.Write(p)
}
