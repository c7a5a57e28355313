package command

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	clientforward "k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	runtimecommand "k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"orrery/impl/apiserver/pki"
)

// Goal: kubectl reaches a container through the API server. Method: a kubelet whose containers are functions of this test, spoken
// to by the streaming library that container runtimes use.

const streamTime = 30 * time.Second

// kubelet plays one node's kubelet. A container runs the words of its command: echo, cat, fail.
type kubelet struct{ t *testing.T }

func (k kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.TLS.PeerCertificates[0].Subject.CommonName; got != pki.KubeletClient.User || r.Header.Get("Authorization") != "" {
		http.Error(w, "only the API server, without its client's credentials", http.StatusForbidden)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "containerLogs" && parts[3] == "silent":
		http.Error(w, `container "silent" in pod "p" is waiting to start: ContainerCreating`, http.StatusBadRequest)
	case parts[0] == "containerLogs":
		fmt.Fprintf(w, "log of %s with %s\n", strings.Join(parts[1:], "/"), r.URL.Query().Encode())
	case parts[0] == "exec" || parts[0] == "attach":
		options, err := runtimecommand.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		runtimecommand.ServeExec(w, r, k, parts[2], "", parts[3], append([]string{parts[0]}, r.URL.Query()["command"]...), options,
			streamTime, streamTime, runtimecommand.SupportedStreamingProtocols)
	case parts[0] == "portForward":
		options, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		portforward.ServePortForward(w, r, k, parts[2], "", options, streamTime, streamTime, portforward.SupportedProtocols)
	default:
		http.NotFound(w, r)
	}
}

func (k kubelet) ExecInContainer(_ context.Context, name, _, container string, cmd []string, in io.Reader, out, errs io.WriteCloser, _ bool, _ <-chan runtimecommand.TerminalSize, _ time.Duration) error {
	if len(cmd) == 1 {
		_, err := fmt.Fprintf(out, "attached to %s of %s\n", container, name)
		return err
	}
	switch cmd[1] {
	case "echo":
		_, err := fmt.Fprintln(out, strings.Join(cmd[2:], " "))
		return err
	case "cat":
		_, err := io.Copy(out, in)
		return err
	case "fail":
		fmt.Fprintln(errs, "it failed")
		return utilexec.CodeExitError{Err: errors.New("exit 7"), Code: 7}
	}
	return fmt.Errorf("%s: not found", cmd[1])
}

func (k kubelet) PortForward(_ context.Context, name, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	_, err := fmt.Fprintf(stream, "port %d of %s", port, name)
	return err
}

// withKubelet adds a node with a kubelet, and a pod p on it with the containers a, b and silent.
func withKubelet(t *testing.T, c *cluster) {
	server := httptest.NewUnstartedServer(kubelet{t})
	cert, err := issue(c.authority, "kubelet", pki.Subject{User: "system:node:n1", Hosts: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientCAs: c.authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	set := c.clientset("application/json")
	node, err := set.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(server.Listener.Addr().(*net.TCPAddr).Port)
	_, err = set.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	require.NoError(t, err)
	var containers []corev1.Container
	for _, name := range []string{"a", "b", "silent"} {
		containers = append(containers, corev1.Container{Name: name, Image: "test:1"})
	}
	p, err := set.CoreV1().Pods("default").Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: corev1.PodSpec{NodeName: "n1", Containers: containers},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	p.Status.Phase = corev1.PodRunning
	_, err = set.CoreV1().Pods("default").UpdateStatus(ctx, p, metav1.UpdateOptions{})
	require.NoError(t, err)
}

func TestKubectlReachesContainers(t *testing.T) {
	c := newCluster(t)
	c.start()
	withKubelet(t, c)
	for _, e := range []struct {
		line, input, want string
		fails             bool
	}{
		{line: "logs p -c a", want: "log of default/p/a with \n"},
		{line: "logs p -c b --tail=3 --timestamps --previous", want: "log of default/p/b with previous=true&tailLines=3&timestamps=true\n"},
		{line: "logs p -c b -f", want: "log of default/p/b with follow=true\n"},
		{line: "logs p -c silent", want: "Error from server (BadRequest): container \"silent\" in pod \"p\" is waiting to start: ContainerCreating\n", fails: true},
		{line: "logs p -c none", want: "error: container none is not valid for pod p out of: a, b, silent\n", fails: true},
		{line: "logs q", want: "error: error from server (NotFound): pods \"q\" not found in namespace \"default\"\n", fails: true},
		{line: "exec p -c b -- echo hello world", want: "hello world\n"},
		{line: "exec -i p -c a -- cat", input: "through and back", want: "through and back"},
		{line: "exec p -c a -- fail", want: "it failed\ncommand terminated with exit code 7\n", fails: true},
		{line: "attach p -c a", want: "attached to a of p\n"},
	} {
		out, err := c.kubectl(e.input, strings.Fields(e.line)...)
		require.Equal(t, e.fails, err != nil, "%s: %s", e.line, out)
		require.True(t, strings.HasSuffix(out, e.want), "%s: %q", e.line, out)
	}
}

// TestWebSocketIsPassedOn: older protocols than kubectl's newest are the runtime's to serve.
func TestWebSocketIsPassedOn(t *testing.T) {
	c := newCluster(t)
	c.start()
	withKubelet(t, c)
	target := c.clientset("application/json").CoreV1().RESTClient().Get().Resource("pods").Namespace("default").Name("p").SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: "a", Command: []string{"echo", "socket"}, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream := func(protocol string) (string, error) {
		executor, err := remotecommand.NewWebSocketExecutorForProtocols(c.rest(), "GET", target.String(), protocol)
		require.NoError(t, err)
		var out, errs bytes.Buffer
		err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errs})
		return out.String() + errs.String(), err
	}
	out, err := stream("v4.channel.k8s.io")
	require.NoError(t, err)
	require.Equal(t, "socket\n", out)
	_, err = stream("v5.channel.k8s.io")
	require.ErrorContains(t, err, "the WebSocket protocols offered (v5.channel.k8s.io) are not served, use SPDY/3.1")
}

func TestPortForward(t *testing.T) {
	c := newCluster(t)
	c.start()
	withKubelet(t, c)
	target := c.clientset("application/json").CoreV1().RESTClient().Post().Resource("pods").Namespace("default").Name("p").SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.rest())
	require.NoError(t, err)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := clientforward.NewOnAddresses(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, target),
		[]string{"127.0.0.1"}, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-done:
		require.NoError(t, err)
	}
	ports, err := forwarder.GetPorts()
	require.NoError(t, err)
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[0].Local))
	require.NoError(t, err)
	defer conn.Close()
	data, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "port 8080 of p", string(data))
	close(stop)
	require.NoError(t, <-done)
}

func TestStreamsThatCannotBegin(t *testing.T) {
	c := newCluster(t)
	c.start()
	withKubelet(t, c)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	set := c.clientset("application/json")
	get := func(path string) string {
		data, err := set.CoreV1().RESTClient().Get().AbsPath("/api/v1/namespaces/default/pods/"+strings.Split(path, "?")[0]).
			SetHeader("Accept", "application/json").RequestURI("/api/v1/namespaces/default/pods/" + path).DoRaw(ctx)
		require.Error(t, err, path)
		return string(data) + err.Error()
	}
	for path, want := range map[string]string{
		"p/log":                                      "a container name must be specified for pod p, choose one of: [a b silent]",
		"p/log?container=a&tailLines=-1":             "must be greater than or equal to 0",
		"p/log?container=a&sinceTime=now":            "cannot parse",
		"p/exec?container=a&command=x":               "you must specify at least 1 of stdin, stdout, stderr",
		"p/exec?container=a&stdout=1":                "you must specify the command to execute",
		"p/exec?stdout=1&command=x":                  "a container name must be specified for pod p",
		"p/exec?container=a&command=x&stdout=1":      "Upgrade request required",
		"p/portforward?ports=80,no":                  `unable to parse \"no\" as a port`,
		"q/exec?container=a&command=x&stdout=1":      `pods \"q\" not found`,
		"p/exec?container=a&command=x&dryRun=All":    "dryRun is not supported",
		"p/attach?container=z&stdout=true&stdin=yes": "container z is not valid for pod p",
	} {
		require.Contains(t, get(path), want, path)
	}
	// A kubelet that is not there.
	node, err := set.CoreV1().Nodes().Get(ctx, "n1", metav1.GetOptions{})
	require.NoError(t, err)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(closed.Addr().(*net.TCPAddr).Port)
	closed.Close()
	_, err = set.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Contains(t, get("p/log?container=a"), "connection refused")
	out, err := c.kubectl("", "exec", "p", "-c", "a", "--", "echo")
	require.Error(t, err)
	require.Contains(t, out, "error dialing backend: dial tcp 127.0.0.1:")
	node.Status.Addresses = nil
	node.ResourceVersion = ""
	_, err = set.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	require.NoError(t, err)
	require.Contains(t, get("p/log?container=a"), "the node n1 tells neither an InternalIP nor a port of its kubelet")
}
