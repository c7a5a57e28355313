package world

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/host/machine"
	"orrery/impl/host/sweep"
	"orrery/impl/host/tools"
)

// Bounds of the waits: turn is how long other clusters of this host may take before it is ours, patience all else.
const (
	turn     = 10 * time.Minute
	patience = 2 * time.Minute
	poll     = 20 * time.Millisecond
)

// buildBin builds what is not built, or is not of these sources.
var buildBin = sync.OnceValues(func() (string, error) {
	root, err := tools.Root(".")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin")
	return bin, tools.Build(context.Background(), root, bin)
})

// cluster is one that `orrery up` made.
type cluster struct {
	t          *testing.T
	bin, dir   string
	kubeconfig string
	home       string // of kubectl's cache and of what scripts write
}

// up runs `orrery up` until the end of the test, and then requires that nothing is left.
func up(t *testing.T, flags ...string) *cluster {
	t.Helper()
	require.Zero(t, os.Geteuid(), "a real cluster needs root")
	bin, err := buildBin()
	require.NoError(t, err)
	c := &cluster{t: t, bin: bin, dir: t.TempDir(), home: t.TempDir()}
	cmd := exec.Command(filepath.Join(bin, "orrery"), append([]string{"up", "--wait", "--dir", c.dir}, flags...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	started, ended := make(chan error), make(chan struct{})
	t.Cleanup(func() { close(ended) })
	// From a thread that outlives it: the kernel takes the end of the thread that started it for its parent's death, and [machine.Machine.Do] ends threads.
	machine.Thread(func() {
		started <- cmd.Start()
		<-ended
	})
	require.NoError(t, <-started)
	slow := time.AfterFunc(turn, func() { cmd.Process.Signal(syscall.SIGTERM) })

	lines := bufio.NewScanner(stdout)
	for c.kubeconfig == "" && lines.Scan() {
		c.kubeconfig, _ = strings.CutPrefix(lines.Text(), "export KUBECONFIG=")
		if c.kubeconfig == lines.Text() {
			c.kubeconfig = ""
		}
	}
	slow.Stop()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer stuck.Stop()
		ended := cmd.Wait() // stderr is the child's until then
		c.showLogs(&stderr)
		require.NoError(t, ended, "%s", &stderr)
		require.Contains(t, stderr.String(), "removing the cluster; its data stays in "+c.dir)
		c.requireNothingLeft()
	})
	require.NotEmpty(t, c.kubeconfig, "orrery up: %s", &stderr)
	return c
}

// requireNothingLeft looks for any process of this cluster, and for whatever a cluster may leave; for the latter it waits
// its turn, so that another cluster is not taken for a leftover.
func (c *cluster) requireNothingLeft() {
	require.Empty(c.t, c.processes(""))
	ctx, cancel := context.WithTimeout(context.Background(), turn)
	defer cancel()
	lock, err := machine.WaitLock(ctx)
	require.NoError(c.t, err)
	defer lock.Unlock()
	left, err := sweep.Left()
	require.NoError(c.t, err)
	require.Empty(c.t, left)
}

// showLogs prints what the cluster has logged if the test has failed.
func (c *cluster) showLogs(stderr *bytes.Buffer) {
	if !c.t.Failed() {
		return
	}
	c.t.Logf("orrery up: %s", stderr)
	files, _ := filepath.Glob(filepath.Join(c.dir, "*", "*.log"))
	for _, f := range files {
		data, _ := os.ReadFile(f)
		c.t.Logf("%s: %s", f, data[max(0, len(data)-1500):])
	}
}

// command is one of bin/, or any other, in a terminal of a user who has set KUBECONFIG.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if name == "kubectl" || name == "orrery" {
		cmd = exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	}
	cmd.Dir = c.home
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig, "HOME="+c.home, "PATH="+c.bin+":"+os.Getenv("PATH"), "TZ=UTC")
	// What it started in turn may hold its output open; nobody waits for that.
	cmd.WaitDelay = time.Second
	return cmd
}

func (c *cluster) bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	c.t.Cleanup(cancel)
	return ctx
}

// run returns what a command printed, all of it, and its error.
func (c *cluster) run(name string, args ...string) (string, error) {
	out, err := c.command(c.bounded(), name, args...).CombinedOutput()
	return string(out), err
}

// kubectl is a call that must succeed.
func (c *cluster) kubectl(args ...string) string {
	c.t.Helper()
	out, err := c.run("kubectl", args...)
	require.NoError(c.t, err, "kubectl %s: %s", strings.Join(args, " "), out)
	return out
}

// eventually is a call of kubectl that may fail for a while.
func (c *cluster) eventually(args ...string) {
	c.t.Helper()
	c.await(func() (bool, string) {
		out, err := c.run("kubectl", args...)
		return err == nil, "kubectl " + strings.Join(args, " ") + ": " + out
	})
}

// await returns when what is asked for is so, and fails with what it was last if that takes too long.
func (c *cluster) await(look func() (bool, string)) {
	c.t.Helper()
	ctx := c.bounded()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		good, last := look()
		if good {
			return
		}
		select {
		case <-ctx.Done():
			require.FailNow(c.t, "waited too long", "%s", last)
		case <-ticker.C:
		}
	}
}
