package host

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/host/disk"
	"orrery/impl/host/image"
	"orrery/impl/host/machine"
	"orrery/impl/trace"
)

// logs are shown when a test fails.
func logs(t *testing.T, dir string) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*", "*.log"))
		for _, f := range files {
			data, _ := os.ReadFile(f)
			t.Logf("%s: %s", f, data[max(0, len(data)-2000):])
		}
	})
}

func up(t *testing.T, config Config) *Cluster {
	t.Helper()
	config.Dir, config.Tools, config.Wait = t.TempDir(), bin(t), true
	logs(t, config.Dir)
	c, err := Up(bounded(t), config)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		require.NoError(t, c.Close(), "twice is once")
		requireNothingLeft(t)
	})
	return c
}

// createPod creates a pod through the API and returns when it runs.
func createPod(t *testing.T, c *Cluster, name string) {
	t.Helper()
	body := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"},"spec":{"containers":[{"name":"web","image":"local/web:1"}]}}`
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.clientTLS(), DisableKeepAlives: true}}
	answer, err := client.Post(url(c.Machines()[0], apiPort)+"/api/v1/namespaces/default/pods", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	require.Eventually(t, func() bool { return phase(t, c, name) == corev1.PodRunning }, patience, 10*time.Millisecond)
}

func phase(t *testing.T, c *Cluster, name string) corev1.PodPhase {
	var pod corev1.Pod
	if err := c.get(t.Context(), c.Machines()[0], "/api/v1/namespaces/default/pods/"+name, &pod); err != nil {
		return ""
	}
	return pod.Status.Phase
}

// testservers are the processes of our containers on this host: of those in the network namespaces of pods, by their name.
func testservers(t *testing.T) (pids []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	require.NoError(t, err)
	for _, path := range names {
		if name, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(name)) == "testserver" {
			pids = append(pids, filepath.Base(filepath.Dir(path)))
		}
	}
	return pids
}

// Goal: the cluster works, its components come back when they are killed and the containers do not notice, and its end leaves
// nothing. Method: one pod through the API; SIGKILL to everything in turn.
func TestKills(t *testing.T) {
	var log bytes.Buffer
	c := up(t, Config{Workers: 1, Log: &log, Trace: t.TempDir()})
	_, err := Up(t.Context(), Config{Dir: t.TempDir(), Tools: c.config.Tools})
	require.ErrorIs(t, err, ErrBusy, "a second one is refused at once")

	createPod(t, c, "web")
	before := testservers(t)
	require.Len(t, before, 1)
	for _, p := range c.Processes() {
		if p.Component() == Disk {
			continue // pulled out from under etcd: see TestFaults for how disks fail
		}
		starts := p.Starts()
		require.NoError(t, p.Kill(bounded(t)), p.Name())
		require.Eventually(t, func() bool { return p.Starts() > starts && p.Pid() != 0 }, patience, time.Millisecond, p.Name())
	}
	require.NoError(t, c.awaitNodes(bounded(t)))
	createPod(t, c, "second")
	require.Equal(t, corev1.PodRunning, phase(t, c, "web"))
	require.Subset(t, testservers(t), before, "the container is the same process")
	names, err := c.Load(bounded(t), filepath.Join(c.config.Dir, "images.tar"))
	require.NoError(t, err)
	require.Equal(t, []string{image.Pause, image.Web}, names)

	f, err := os.Open(c.traceFile("host"))
	require.NoError(t, err)
	defer f.Close()
	in, err := trace.NewReader(f)
	require.NoError(t, err)
	exits := 0
	for {
		line, err := in.Read()
		if err != nil {
			break
		}
		if line.Life.State == "exit" {
			exits++
		}
	}
	require.GreaterOrEqual(t, exits, len(c.Processes())-1, "every exit is recorded")
}

// Goal: faults bite and are counted, and healing ends them. Method: three members; the leader's disk stalls, then it is cut
// off, then its power fails.
func TestFaults(t *testing.T) {
	c := up(t, Config{ControlPlanes: 3, Workers: 1})
	ctx := bounded(t)
	leader, err := c.EtcdLeader(ctx)
	require.NoError(t, err)
	d, err := c.Disk(leader)
	require.NoError(t, err)
	require.NoError(t, d.Set(ctx, disk.Faults{StallFsync: true}))
	require.Eventually(t, func() bool {
		counters, err := d.Counters(ctx)
		return err == nil && counters.FsyncsHeld > 0
	}, patience, 5*time.Millisecond, "leases of nodes are written")

	var cuts []*machine.Cut
	for _, m := range c.Machines() {
		if m.Name != leader {
			cut, err := c.Cut(leader, m.Name, false)
			require.NoError(t, err)
			cuts = append(cuts, cut)
		}
	}
	require.Eventually(t, func() bool {
		dropped, err := cuts[0].Dropped()
		return err == nil && dropped > 0
	}, patience, 5*time.Millisecond)
	require.Eventually(t, func() bool {
		now, err := c.EtcdLeader(ctx)
		return err == nil && now != leader
	}, patience, 50*time.Millisecond, "the others elect")
	require.NoError(t, c.Heal(ctx))

	member, err := c.Process(leader, Etcd)
	require.NoError(t, err)
	require.NoError(t, member.Stop(ctx))
	_, err = d.Crash(ctx, disk.Loss{Torn: true})
	require.NoError(t, err)
	require.NoError(t, member.Start())
	require.NoError(t, until(ctx, func(ctx context.Context) error { return c.get(ctx, c.machines(leader), "/readyz", nil) }))
	createPod(t, c, "web")

	_, err = c.Disk("worker-1")
	require.ErrorContains(t, err, "worker-1 is a worker")
	_, err = c.Cut("control-1", "control-1", false)
	require.ErrorContains(t, err, "cannot be cut from itself")
	_, err = c.Process("control-9", Etcd)
	require.ErrorContains(t, err, `no machine "control-9"`)
	_, err = c.Process("worker-1", Etcd)
	require.ErrorContains(t, err, "no etcd on worker-1")
}

func (c *Cluster) machines(name string) *machine.Machine {
	m, err := c.machine(name)
	if err != nil {
		panic(err)
	}
	return m
}

// Goal: an Up that fails says which process ended, and why, and leaves nothing.
func TestUpFails(t *testing.T) {
	for component, flag := range map[string]string{APIServer: "--nosuch", Containerd: "--pods=all", Kubelet: "--port=-1", Proxy: "--node="} {
		t.Run(component, func(t *testing.T) {
			dir := t.TempDir()
			logs(t, dir)
			_, err := Up(bounded(t), Config{Workers: 1, Dir: dir, Tools: bin(t), Wait: true, Flags: map[string][]string{component: {flag}}})
			require.ErrorContains(t, err, component+"@")
			require.ErrorContains(t, err, "ended while it was starting: orrery: ")
			require.NotContains(t, err.Error(), "\n")
			requireNothingLeft(t)
		})
	}
}

// Goal: an Up that is interrupted leaves nothing, and so does one that was killed once the host has been cleaned; the next
// Up of the same data works. Method: at moments of the start that can be told from outside.
func TestInterrupted(t *testing.T) {
	tools := bin(t)
	for _, moment := range []string{"control-1/disk.sock", "worker-1/containerd.sock"} {
		t.Run(filepath.Base(moment), func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(bounded(t))
			done := make(chan error, 1)
			go func() {
				_, err := Up(ctx, Config{Workers: 1, Dir: dir, Tools: tools, Wait: true})
				done <- err
			}()
			awaitFile(t, filepath.Join("/run/orrery", moment))
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
			requireNothingLeft(t)
		})
	}
}

func awaitFile(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool { _, err := os.Stat(path); return err == nil }, patience, time.Millisecond)
}

func TestKilled(t *testing.T) {
	dir, binDir := t.TempDir(), binary(t, bin(t))
	orrery := filepath.Join(binDir, "orrery")
	cmd := exec.Command(orrery, "up", "--workers", "1", "--dir", dir)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	lock, err := machine.WaitLock(bounded(t))
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
	require.NoError(t, cmd.Start())
	awaitFile(t, "/run/orrery/worker-1/containerd.sock")
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	clean, err := exec.CommandContext(bounded(t), orrery, "clean-host").CombinedOutput()
	require.NoError(t, err, "%s", clean)
	require.Contains(t, string(clean), "removed link orrery0")
	requireNothingLeft(t)
	clean, err = exec.CommandContext(bounded(t), orrery, "clean-host").CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "nothing was left\n", string(clean))
}

// binary is a directory with links to the tools, and to this binary as orrery.
func binary(t *testing.T, tools string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(tools)
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != "orrery" {
			require.NoError(t, os.Symlink(filepath.Join(tools, e.Name()), filepath.Join(dir, e.Name())))
		}
	}
	self, err := Binary()
	require.NoError(t, err)
	data, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "orrery"), data, 0o755))
	return dir
}
