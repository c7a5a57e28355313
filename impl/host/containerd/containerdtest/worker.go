package containerdtest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	host "orrery/impl/host/containerd"
	"orrery/impl/host/image"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
	"orrery/impl/host/sweep"
	"orrery/impl/host/tools"
)

// Patience bounds every wait of the tests.
const Patience = 2 * time.Minute

// Main is the TestMain of a test binary that runs workers, and perhaps more of its own commands on them.
func Main(m *testing.M, more ...*cobra.Command) {
	for _, cmd := range append(more, host.Command(), host.ObserveCommand()) {
		if len(os.Args) < 2 || os.Args[1] != cmd.Name() {
			continue
		}
		cmd.SetArgs(os.Args[2:])
		if err := cmd.ExecuteContext(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Worker is a machine with a containerd.
type Worker struct {
	Machine    *machine.Machine
	Containerd *process.Process
	// Address is the unix socket of the CRI and of containerd.
	Address string
	// Logs is a directory for containers' logs, Dir one for the rest; both end with the test.
	Logs, Dir string

	t   *testing.T
	log string
}

// New makes the worker of a test. Its containerd is ready, and has the images of our own.
func New(t *testing.T) *Worker {
	t.Helper()
	ctx := Bounded(t)
	lock, err := machine.WaitLock(ctx)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
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
	w := &Worker{t: t, Machine: m, Address: filepath.Join(state, "c.sock"), Dir: dir, Logs: filepath.Join(dir, "logs"), log: filepath.Join(dir, "containerd.log")}
	require.NoError(t, os.MkdirAll(w.Logs, 0o700))
	w.Containerd = w.Process("containerd", "--root", filepath.Join(dir, "root"), "--state", state, "--address", w.Address, "--tools", bin, "--pods", m.Pods.String())
	t.Cleanup(func() {
		if t.Failed() {
			data, _ := os.ReadFile(w.log)
			t.Logf("%s", data)
		}
	})
	require.NoError(t, host.AwaitReady(ctx, w.Address))

	archive := filepath.Join(dir, "images.tar")
	require.NoError(t, image.WriteArchive(archive, image.Own(filepath.Join(bin, "image"))))
	names, err := host.Import(ctx, w.Address, archive)
	require.NoError(t, err)
	require.Equal(t, []string{image.Pause, image.Web}, names)
	return w
}

// CgroupParent is to be named by every sandbox of the worker, so that its control groups are found at the end.
func (w *Worker) CgroupParent() string { return sweep.CgroupParent(w.Machine.Name) }

// Bounded is a context that ends when the test's patience does, and not before its cleanups.
func Bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Process starts this test binary on the worker as one of the commands of [Main], until the test ends.
func (w *Worker) Process(args ...string) *process.Process {
	w.t.Helper()
	p := process.New(process.Spec{Component: args[0], Machine: w.Machine.Name, Namespace: w.Machine.Namespace(), Path: os.Args[0], Log: w.log, Args: args})
	require.NoError(w.t, p.Start())
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		require.NoError(w.t, p.Stop(ctx))
	})
	return p
}

// Kill kills containerd, as kill -9 does.
func (w *Worker) Kill() {
	w.t.Helper()
	require.NoError(w.t, w.Containerd.Kill(Bounded(w.t)))
}

// Start starts containerd again and waits until it is ready.
func (w *Worker) Start() {
	w.t.Helper()
	require.NoError(w.t, w.Containerd.Start())
	require.NoError(w.t, host.AwaitReady(Bounded(w.t), w.Address))
}

// Pids are the first processes of the containers and sandboxes that run, by ID.
func (w *Worker) Pids() map[string]int {
	w.t.Helper()
	ctx := Bounded(w.t)
	client, err := containerd.New(w.Address, containerd.WithDefaultNamespace(host.Namespace))
	require.NoError(w.t, err)
	defer client.Close()
	all, err := client.Containers(ctx)
	require.NoError(w.t, err)
	pids := map[string]int{}
	for _, c := range all {
		if task, err := c.Task(ctx, nil); err == nil { // otherwise it does not run
			pids[c.ID()] = int(task.Pid())
		}
	}
	return pids
}
