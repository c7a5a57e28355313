package containerd_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/host/containerd"
	"orrery/impl/host/containerd/containerdtest"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/trace"
)

func TestMain(m *testing.M) { containerdtest.Main(m) }

// worker is one with an observer.
type worker struct {
	*containerdtest.Worker
	t        *testing.T
	observer *process.Process
	trace    string
	runtime  runtimeapi.RuntimeServiceClient
}

func newWorker(t *testing.T) *worker {
	t.Helper()
	w := &worker{Worker: containerdtest.New(t), t: t}
	w.trace = filepath.Join(w.Dir, "trace.jsonl")
	w.observer = w.Process("observe-runtime", "--address", w.Address, "--node", w.Machine.Name, "--trace", w.trace)
	conn, err := grpc.NewClient("unix:"+w.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	w.runtime = runtimeapi.NewRuntimeServiceClient(conn)
	return w
}

// run starts a pod with one container and returns their IDs and the pod's address.
func (w *worker) run(ctx context.Context, name string, args ...string) (pod, container, address string) {
	w.t.Helper()
	labels := map[string]string{"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "default", "io.kubernetes.pod.uid": "uid-" + name}
	config := &runtimeapi.PodSandboxConfig{
		Metadata:     &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: "uid-" + name, Attempt: 1},
		Hostname:     name,
		LogDirectory: w.Logs, Labels: labels, Linux: &runtimeapi.LinuxPodSandboxConfig{CgroupParent: w.CgroupParent()},
	}
	sandbox, err := w.runtime.RunPodSandbox(ctx, &runtimeapi.RunPodSandboxRequest{Config: config})
	require.NoError(w.t, err)
	made, err := w.runtime.CreateContainer(ctx, &runtimeapi.CreateContainerRequest{
		PodSandboxId: sandbox.PodSandboxId, SandboxConfig: config,
		Config: &runtimeapi.ContainerConfig{
			Metadata: &runtimeapi.ContainerMetadata{Name: "web", Attempt: 2},
			Image:    &runtimeapi.ImageSpec{Image: "local/web:1"}, Args: args, LogPath: name + ".log",
			Labels: labels, Linux: &runtimeapi.LinuxContainerConfig{},
		},
	})
	require.NoError(w.t, err)
	_, err = w.runtime.StartContainer(ctx, &runtimeapi.StartContainerRequest{ContainerId: made.ContainerId})
	require.NoError(w.t, err)
	status, err := w.runtime.PodSandboxStatus(ctx, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: sandbox.PodSandboxId})
	require.NoError(w.t, err)
	return sandbox.PodSandboxId, made.ContainerId, status.Status.Network.Ip
}

// lines are what the observer has told, one word per line: STATE of a container, pod/STATE of a sandbox.
func (w *worker) lines(pod string) string {
	f, err := os.Open(w.trace)
	if err != nil {
		return ""
	}
	defer f.Close()
	in, err := trace.NewReader(f)
	require.NoError(w.t, err)
	var words []string
	for {
		line, err := in.Read()
		if err != nil {
			return strings.Join(words, " ")
		}
		c := line.Container
		if c.Pod != pod {
			continue
		}
		require.Equal(w.t, "uid-"+pod, c.PodUID)
		require.Equal(w.t, w.Machine.Name, c.Node)
		word := c.State
		if c.State == "exited" {
			word += fmt.Sprintf("(%d)", c.ExitCode)
		}
		if c.Container == "" {
			require.Equal(w.t, 1, c.Attempt)
			words = append(words, "pod/"+word)
			continue
		}
		require.Equal(w.t, 2, c.Attempt)
		require.LessOrEqual(w.t, c.At, line.Time)
		words = append(words, word)
	}
}

func (w *worker) await(pod, want string) {
	w.t.Helper()
	var got string
	defer func() {
		if w.t.Failed() {
			w.t.Logf("the observer told of %s: %s", pod, got)
		}
	}()
	require.Eventually(w.t, func() bool {
		got = w.lines(pod)
		return regexp.MustCompile("^" + want + "$").MatchString(got)
	}, containerdtest.Patience, 5*time.Millisecond)
}

// requirePod requires that the pod is found, and that who enters its network is where the pod is, also while no containerd runs.
func (w *worker) requirePod(name, address string) {
	w.t.Helper()
	uid, network, err := containerd.Pod(containerdtest.Bounded(w.t), w.Address, "default", name)
	require.NoError(w.t, err)
	require.Equal(w.t, "uid-"+name, uid)
	w.Kill()
	defer w.Start()
	require.NoError(w.t, machine.In(network, func() error {
		conn, err := net.DialTimeout("tcp4", "127.0.0.1:8080", containerdtest.Patience)
		if err != nil {
			return err
		}
		defer conn.Close()
		l, err := net.Listen("tcp4", address+":0") // nobody else has the address
		if err != nil {
			return err
		}
		return l.Close()
	}))
	require.ErrorIs(w.t, machine.In(network+"-none", func() error { panic("must not be called") }), machine.ErrEnter)
}

// Goal: containers live on when containerd and the observer are killed, and what happens to them meanwhile is told when both
// are back: each state once, in order. Method: real containers, real kills; at the end nothing is left on the host.
func TestContainersOutliveContainerd(t *testing.T) {
	w := newWorker(t)
	ctx, cancel := context.WithTimeout(t.Context(), containerdtest.Patience)
	defer cancel()
	pod, container, address := w.run(ctx, "web", "--print", "hello")
	w.await("web", "pod/created pod/started created started")
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address+":8080", containerdtest.Patience)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, containerdtest.Patience, 5*time.Millisecond, "the host reaches the pod")
	out, err := w.runtime.ExecSync(ctx, &runtimeapi.ExecSyncRequest{ContainerId: container, Cmd: []string{"cat", "/etc/hostname"}, Timeout: 60})
	require.NoError(t, err)
	require.Equal(t, "web\n", string(out.Stdout))

	before := w.Pids()[container]
	require.NotZero(t, before)
	w.Kill()
	w.Start()
	require.Equal(t, before, w.Pids()[container], "the same process")

	w.requirePod("web", address)
	require.NoError(t, w.observer.Kill(ctx))
	w.Kill()
	require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	require.NoError(t, w.observer.Start())
	w.Start()
	// Upstream: a containerd that was down at the exit does not learn the code; it says 255.
	w.await("web", `pod/created pod/started created started exited\((137|255)\)`)

	_, err = w.runtime.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: pod})
	require.NoError(t, err)
	_, err = w.runtime.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: pod})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Count(w.lines("web"), "removed") == 2 }, containerdtest.Patience, 5*time.Millisecond)
	_, _, err = containerd.Pod(ctx, w.Address, "default", "web")
	require.ErrorIs(t, err, containerd.ErrNoPod)
	require.Regexp(t, `^pod/created pod/started created started exited\(\d+\) .*pod/exited\(\d+\)`, w.lines("web"))

	// One that is left running is for the sweep.
	w.run(ctx, "left")
	w.await("left", "pod/created pod/started created started")
}

func TestRefusals(t *testing.T) {
	good := containerd.Config{Root: "/r", State: "/s", Address: "/a", Tools: t.TempDir(), Pods: netip.MustParsePrefix("10.88.1.0/24")}
	for _, c := range []struct {
		name  string
		spoil func(*containerd.Config)
		want  string
	}{
		{"socket path too long", func(c *containerd.Config) { c.Address = "/" + strings.Repeat("a", 107) }, "108 bytes"},
		{"state too long for the shims' sockets", func(c *containerd.Config) { c.State = "/" + strings.Repeat("s", 60) }, "shims"},
		{"no range for pods", func(c *containerd.Config) { c.Pods = netip.Prefix{} }, "10.88.1.0/24"},
		{"relative path", func(c *containerd.Config) { c.Root = "r" }, `"r": must be absolute`},
		{"tools not built", func(*containerd.Config) {}, "runc is not in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.spoil(&config)
			require.ErrorContains(t, containerd.Serve(t.Context(), config), c.want)
		})
	}
}
