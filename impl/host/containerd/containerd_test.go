package containerd

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
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/host/image"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/host/sweep"
	"orrery/impl/host/tools"
	"orrery/impl/trace"
)

// patience bounds every wait of the tests.
const patience = 2 * time.Minute

// The test binary re-executes itself as containerd and as the observer.
func TestMain(m *testing.M) {
	cmd := Command()
	switch {
	case len(os.Args) > 1 && os.Args[1] == "containerd":
	case len(os.Args) > 1 && os.Args[1] == "observe-runtime":
		cmd = ObserveCommand()
	default:
		os.Exit(m.Run())
	}
	cmd.SetArgs(os.Args[2:])
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// worker is a machine with a containerd and an observer.
type worker struct {
	t                    *testing.T
	machine              *machine.Machine
	containerd, observer *process.Process
	address, trace, logs string
	runtime              runtimeapi.RuntimeServiceClient
}

func newWorker(t *testing.T) *worker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	lock, err := machine.WaitLock(ctx)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := sweep.Sweep(ctx)
		require.NoError(t, err)
		left, err := sweep.Left()
		require.NoError(t, err)
		require.Empty(t, left)
		require.NoError(t, lock.Unlock())
	})
	_, err = sweep.Sweep(ctx)
	require.NoError(t, err)
	root, err := tools.Root(".")
	require.NoError(t, err)
	bin := filepath.Join(root, "bin")
	require.NoError(t, tools.Build(ctx, root, bin, tools.Runtime...))

	n := machine.Plan(netip.MustParsePrefix("10.77.0.0/24"), 1, 1)
	require.NoError(t, machine.New(n))
	m := n.Machines[1]
	dir := t.TempDir()
	state := filepath.Join(sweep.RunDir, m.Name)
	require.NoError(t, os.MkdirAll(state, 0o700))
	w := &worker{t: t, machine: m, address: filepath.Join(state, "c.sock"), trace: filepath.Join(dir, "trace.jsonl"), logs: filepath.Join(dir, "logs")}
	require.NoError(t, os.MkdirAll(w.logs, 0o700))
	log := filepath.Join(dir, "containerd.log")
	w.containerd = process.New(process.Spec{Component: "containerd", Machine: m.Name, Namespace: m.Namespace(), Path: os.Args[0], Log: log,
		Args: []string{"containerd", "--root", filepath.Join(dir, "root"), "--state", state, "--address", w.address, "--tools", bin, "--pods", m.Pods.String()}})
	w.observer = process.New(process.Spec{Component: "observer", Machine: m.Name, Namespace: m.Namespace(), Path: os.Args[0], Log: log,
		Args: []string{"observe-runtime", "--address", w.address, "--node", m.Name, "--trace", w.trace}})
	for _, p := range []*process.Process{w.containerd, w.observer} {
		require.NoError(t, p.Start())
		t.Cleanup(func() { require.NoError(t, p.Stop(ctx)) })
	}
	t.Cleanup(func() {
		if t.Failed() {
			data, _ := os.ReadFile(log)
			t.Logf("%s", data)
		}
	})
	require.NoError(t, AwaitReady(ctx, w.address))

	archive := filepath.Join(dir, "images.tar")
	require.NoError(t, image.WriteArchive(archive, image.Own(filepath.Join(bin, "image"))))
	names, err := Import(ctx, w.address, archive)
	require.NoError(t, err)
	require.Equal(t, []string{image.Pause, image.Web}, names)
	conn, err := dial(w.address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	w.runtime = runtimeapi.NewRuntimeServiceClient(conn)
	return w
}

// run starts a pod with one container and returns their IDs and the pod's address.
func (w *worker) run(ctx context.Context, name string, args ...string) (pod, container, address string) {
	w.t.Helper()
	labels := map[string]string{labelPodName: name, labelPodNamespace: "default", labelPodUID: "uid-" + name}
	config := &runtimeapi.PodSandboxConfig{
		Metadata:     &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: "uid-" + name, Attempt: 1},
		Hostname:     name,
		LogDirectory: w.logs, Labels: labels, Linux: &runtimeapi.LinuxPodSandboxConfig{},
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
		require.Equal(w.t, w.machine.Name, c.Node)
		word := c.State
		if c.State == exited {
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
	}, patience, 5*time.Millisecond)
}

// Goal: containers live on when containerd and the observer are killed, and what happens to them meanwhile is told when both
// are back: each state once, in order. Method: real containers, real kills; at the end nothing is left on the host.
func TestContainersOutliveContainerd(t *testing.T) {
	w := newWorker(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	pod, container, address := w.run(ctx, "web", "--print", "hello")
	w.await("web", "pod/created pod/started created started")
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address+":8080", patience)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, patience, 5*time.Millisecond, "the host reaches the pod")
	out, err := w.runtime.ExecSync(ctx, &runtimeapi.ExecSyncRequest{ContainerId: container, Cmd: []string{"cat", "/etc/hostname"}, Timeout: 60})
	require.NoError(t, err)
	require.Equal(t, "web\n", string(out.Stdout))

	before := w.pid(ctx, container)
	require.NoError(t, w.containerd.Kill(ctx))
	require.NoError(t, w.containerd.Start())
	require.NoError(t, AwaitReady(ctx, w.address))
	require.Equal(t, before, w.pid(ctx, container), "the same process")

	require.NoError(t, w.observer.Kill(ctx))
	require.NoError(t, w.containerd.Kill(ctx))
	require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	require.NoError(t, w.observer.Start())
	require.NoError(t, w.containerd.Start())
	require.NoError(t, AwaitReady(ctx, w.address))
	// Upstream: a containerd that was down at the exit does not learn the code; it says 255.
	w.await("web", `pod/created pod/started created started exited\((137|255)\)`)

	_, err = w.runtime.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: pod})
	require.NoError(t, err)
	_, err = w.runtime.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: pod})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Count(w.lines("web"), removed) == 2 }, patience, 5*time.Millisecond)
	require.Regexp(t, `^pod/created pod/started created started exited\(\d+\) .*pod/exited\(\d+\)`, w.lines("web"))

	// One that is left running is for the sweep.
	w.run(ctx, "left")
	w.await("left", "pod/created pod/started created started")
}

func (w *worker) pid(ctx context.Context, id string) int {
	w.t.Helper()
	client, err := connect(w.address)
	require.NoError(w.t, err)
	defer client.Close()
	c, err := client.LoadContainer(ctx, id)
	require.NoError(w.t, err)
	task, err := c.Task(ctx, nil)
	require.NoError(w.t, err)
	return int(task.Pid())
}

func TestRefusals(t *testing.T) {
	good := Config{Root: "/r", State: "/s", Address: "/a", Tools: t.TempDir(), Pods: netip.MustParsePrefix("10.88.1.0/24")}
	for _, c := range []struct {
		name  string
		spoil func(*Config)
		want  string
	}{
		{"socket path too long", func(c *Config) { c.Address = "/" + strings.Repeat("a", 107) }, "108 bytes"},
		{"state too long for the shims' sockets", func(c *Config) { c.State = "/" + strings.Repeat("s", 60) }, "shims"},
		{"no range for pods", func(c *Config) { c.Pods = netip.Prefix{} }, "10.88.1.0/24"},
		{"relative path", func(c *Config) { c.Root = "r" }, `"r": must be absolute`},
		{"tools not built", func(*Config) {}, "runc is not in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.spoil(&config)
			require.ErrorContains(t, Serve(t.Context(), config), c.want)
		})
	}
}
