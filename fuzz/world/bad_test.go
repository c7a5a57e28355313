package world

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"orrery/impl/host/machine"
	"orrery/impl/host/sweep"
)

// Goal: whatever is wrong with a command line, with the host, or with the moment, bin/orrery says so in one line, exits
// with 3, and leaves everything as it was. Method: it is executed, on hosts that lack something; what the host lacks is
// hidden in a mount namespace of the process.

// noVerdict is the exit status of everything here: 1 and 2 are verdicts.
const noVerdict = 3

// nobody is a user without any rights.
const nobody = 65534

// call is one execution of orrery.
type call struct {
	t    *testing.T
	bin  string
	home string // where it runs; nothing may be left there
	root bool
	logs bool // stderr has lines of a log too
}

func newCall(t *testing.T) *call {
	t.Helper()
	require.Zero(t, os.Geteuid(), "it takes root to take something away from a process")
	bin, err := buildBin()
	require.NoError(t, err)
	return &call{t: t, bin: filepath.Join(bin, "orrery"), home: t.TempDir(), root: true}
}

// refused executes orrery and requires that it says want, and nothing else.
func (c *call) refused(want string, args ...string) {
	c.t.Helper()
	c.executed(want, c.bin, args...)
}

// without executes orrery where the shell command has been executed first, in a mount namespace of its own.
func (c *call) without(want, command string, args ...string) {
	c.t.Helper()
	c.executed(want, "unshare", append([]string{"--mount", "sh", "-ec", command + `; exec "$0" "$@"`, c.bin}, args...)...)
}

func (c *call) executed(want, name string, args ...string) {
	c.t.Helper()
	before := c.files()
	ctx, cancel := context.WithTimeout(c.t.Context(), turn)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.home
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if !c.root {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	c.says(want, cmd, &stderr)
	require.Empty(c.t, stdout.String())
	require.Equal(c.t, before, c.files(), "something was left behind")
}

// says requires that a command that has ended was refused with one line that has want in it.
func (c *call) says(want string, cmd *exec.Cmd, stderr *bytes.Buffer) {
	c.t.Helper()
	require.Equal(c.t, noVerdict, cmd.ProcessState.ExitCode(), "%s", stderr)
	require.True(c.t, strings.HasSuffix(stderr.String(), "\n"), "%q is no line", stderr)
	lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
	if c.logs {
		lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "orrery: ") })
	}
	require.Len(c.t, lines, 1, "%s", stderr)
	require.True(c.t, strings.HasPrefix(lines[0], "orrery: "), lines[0])
	require.Contains(c.t, lines[0], want)
}

// files are all below the directory of the call.
func (c *call) files() (names []string) {
	c.t.Helper()
	require.NoError(c.t, filepath.WalkDir(c.home, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

func TestBadCommandLine(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"chekc", `unknown command "chekc": did you mean check?`},
		{"frobnicate", "see orrery --help"},
		{"help frobnicate", `unknown command "frobnicate"`},
		{"check --sede 1", "unknown flag: --sede: did you mean --seed?"},
		{"check --seed one", `invalid argument "one" for "--seed"`},
		{"check --time 1s", "--time 1s is too short: at least 20s"},
		{"check --time soon", `invalid argument "soon" for "--time"`},
		{"check --faults flood", `there is no fault "flood"; there are cut-worker`},
		{"check --museum nowhere --bug K11", "nowhere is no museum: it holds no patch"},
		{"check now", "usage: orrery check"},
		{"judge", "usage: orrery judge TRACE..."},
		{"judge nowhere.jsonl.zst", "open nowhere.jsonl.zst: no such file or directory"},
		{"judge /proc/self/exe", "/proc/self/exe: trace: line 1: "},
		{"judge .", "is a directory"},
		{"museum --museum nowhere", "nowhere is no museum: it holds no patch"},
		{"up --control-planes 2", "control planes: 2: must be odd (etcd needs a majority) and at most 7"},
		{"up --control-planes -1", "--control-planes -1"},
		{"up --workers 0", "--workers 0: at least one of each"},
		{"up --workers many", `invalid argument "many" for "--workers"`},
		{"up --workers 1000", "workers: 1000: must be between 1 and 50"},
		{"up --workesr 1", "did you mean --workers?"},
		{"load", "usage: orrery load IMAGE.tar"},
		{"load nowhere.tar", "nowhere.tar: no such file or directory"},
		{"clean-host all", "usage: orrery clean-host"},
		{"etcd", `required flag(s) "data-dir"`},
		{"apiserver", "--etcd-servers is missing"},
		{"apiserver --listen anywhere --etcd-servers http://127.0.0.1:1", `--listen "anywhere": must be IP:PORT`},
		{"scheduler --kubeconfig nowhere", "open nowhere: no such file or directory"},
		{"controllers", `required flag(s) "kubeconfig"`},
		{"kubelet", `required flag(s) "address"`},
		{"kubelet --node n --runtime-endpoint unix:///run/c.sock --address 127.0.0.1 --pki-dir p --kubeconfig k --cgroup-root pods", `--cgroup-root "pods": must be an absolute path`},
		{"containerd", `required flag(s) "address"`},
		{"disk", `required flag(s) "backing"`},
	} {
		t.Run(c.args, func(t *testing.T) { newCall(t).refused(c.want, strings.Fields(c.args)...) })
	}
}

func TestBadSocketPath(t *testing.T) {
	long := filepath.Join("/tmp", strings.Repeat("x", 120))
	newCall(t).refused("130 bytes, at most 107 are possible", "disk", "--backing", "b", "--mount", "m", "--control", long+".sock")
	newCall(t).refused("130 bytes, a socket path can have at most", "containerd", "--root", "r", "--state", "s", "--pods", "10.9.0.0/24", "--tools", "t", "--address", long+".sock")
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	used, data := listener.Addr().String(), t.TempDir()
	c := newCall(t)
	c.logs = true
	c.refused("listen tcp "+used+": bind: address already in use", "apiserver", "--listen", used, "--etcd-servers", "http://127.0.0.1:1", "--pki-dir", data)
	c.refused("listen tcp "+used+": bind: address already in use", "etcd", "--name", "a", "--data-dir", filepath.Join(data, "etcd"), "--pki-dir", data,
		"--listen-client", "https://"+used, "--listen-peer", "https://127.0.0.1:0", "--initial-cluster", "a=https://127.0.0.1:0")
}

func TestNoRoot(t *testing.T) {
	c := newCall(t)
	// A home that nobody can reach, with what nobody may execute.
	home, err := os.MkdirTemp("", "orrery-nobody-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(home) })
	require.NoError(t, os.Chmod(home, 0o755))
	program, err := os.ReadFile(c.bin)
	require.NoError(t, err)
	c.bin, c.home, c.root = filepath.Join(home, "orrery"), home, false
	require.NoError(t, os.WriteFile(c.bin, program, 0o755))
	for _, command := range []string{"up", "check"} {
		c.refused("a real cluster needs root", command)
	}
	c.refused("clean-host needs root", "clean-host")

	c.root = true
	c.refused("not built: image/pause", "up")
	c.refused("run make build", "check")
}

func TestPoorHost(t *testing.T) {
	for _, h := range []struct{ name, without, want string }{
		{"no FUSE", "mount -t tmpfs none /dev", "this host has no FUSE, which the disks of etcd need (modprobe fuse): open /dev/fuse: no such file or directory"},
		{"another device", "mount --bind /dev/null /dev/fuse", "this host has no FUSE, which the disks of etcd need (modprobe fuse): /dev/fuse is something else"},
		{"no network namespaces", "mount -t tmpfs none /proc/$$/ns", "this kernel has no network namespaces"},
		{"no cgroups", "umount --recursive --lazy /sys/fs/cgroup", "no cgroups are mounted, which containers need"},
	} {
		t.Run(h.name, func(t *testing.T) {
			newCall(t).without(h.want, h.without, "up")
			newCall(t).without(h.want, h.without, "check")
		})
	}
}

func TestNoCompiler(t *testing.T) {
	make, err := exec.LookPath("make")
	require.NoError(t, err)
	cmd := exec.Command(make, "gcc")
	cmd.Dir, cmd.Env = "../..", []string{"PATH=" + t.TempDir()}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.Error(t, cmd.Run())
	first, _, _ := strings.Cut(stderr.String(), "\n")
	require.Equal(t, "orrery: gcc is not installed; runc is built with it (Debian: apt-get install gcc libc6-dev)", first)
}

// The data directory is looked at once it is the cluster's turn.
func TestBadDirectory(t *testing.T) {
	for _, d := range []struct{ name, prepare, want string }{
		{"another version", "echo orrery-data/9 > version", "is of another version: orrery-data/9, this is orrery-data/1: name another directory, or remove it"},
		{"somebody's", "touch thesis.txt", "holds thesis.txt but no version file: it is no data directory of orrery"},
		{"a file", "rmdir $PWD; touch $PWD", "not a directory"},
		{"full", "mount -t tmpfs -o size=1m none $PWD", "is full: 1 MiB are free, 512 are needed"},
	} {
		t.Run(d.name, func(t *testing.T) {
			c, dir := newCall(t), filepath.Join(t.TempDir(), "data")
			require.NoError(t, os.Mkdir(dir, 0o755))
			c.without(d.want, "home=$PWD; cd "+dir+"; "+d.prepare+"; cd $home", "up", "--wait", "--dir", dir)
		})
	}
	requireClean(t)
}

func TestBusyHost(t *testing.T) {
	lock := locked(t)
	defer lock.Unlock()
	for _, command := range []string{"up", "check", "clean-host"} {
		newCall(t).refused("another orrery cluster is running on this host: end it first", command)
	}
	c := newCall(t)
	image := filepath.Join(c.home, "image.tar")
	require.NoError(t, os.WriteFile(image, nil, 0o644))
	c.refused("no cluster is running on this host: start one with orrery up", "load", image)
}

// locked is the host's lock when it is our turn.
func locked(t *testing.T) *machine.Lock {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), turn)
	defer cancel()
	lock, err := machine.WaitLock(ctx)
	require.NoError(t, err)
	return lock
}

func requireClean(t *testing.T) {
	t.Helper()
	lock := locked(t)
	defer lock.Unlock()
	left, err := sweep.Left()
	require.NoError(t, err)
	require.Empty(t, left)
}

// running is an orrery that has printed a line.
type running struct {
	*call
	cmd    *exec.Cmd
	stderr bytes.Buffer
	rest   chan struct{} // closed when stdout is at its end
}

// until starts orrery and returns when it has printed a line that begins with line, or ended.
func (c *call) until(line string, args ...string) *running {
	c.t.Helper()
	r := &running{call: c, cmd: exec.Command(c.bin, args...), rest: make(chan struct{})}
	r.cmd.Dir, r.cmd.Stderr = c.home, &r.stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stdout, err := r.cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, r.cmd.Start())
	found := make(chan struct{})
	go func() {
		defer close(r.rest)
		lines, seen := bufio.NewScanner(stdout), false
		for lines.Scan() {
			if !seen && strings.HasPrefix(lines.Text(), line) {
				seen = true
				close(found)
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), turn)
	defer cancel()
	select {
	case <-found:
	case <-r.rest:
	case <-ctx.Done():
		r.cmd.Process.Signal(syscall.SIGTERM)
		require.Fail(c.t, "it says nothing", "%q", line)
	}
	return r
}

// end sends the signal and waits.
func (r *running) end(signal syscall.Signal) {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(signal))
	r.wait()
}

func (r *running) wait() {
	r.t.Helper()
	select {
	case <-r.rest:
	case <-time.After(turn):
		r.cmd.Process.Signal(syscall.SIGTERM)
		require.Fail(r.t, "it does not end")
	}
	r.cmd.Wait()
}

func TestInterruptedUp(t *testing.T) {
	for _, moment := range []string{"version", "pki/ca.crt", "images.tar", "control-1/etcd.log"} {
		t.Run(filepath.Base(moment), func(t *testing.T) {
			c, dir := newCall(t), t.TempDir()
			cmd := exec.Command(c.bin, "up", "--wait", "--dir", dir)
			var stderr bytes.Buffer
			cmd.Dir, cmd.Stderr = c.home, &stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
			require.NoError(t, cmd.Start())
			require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, moment)); return err == nil }, turn, poll)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			cmd.Wait()
			c.says("interrupted while starting; everything was removed", cmd, &stderr)
		})
	}
	requireClean(t)
}

func TestInterruptedCheck(t *testing.T) {
	for _, moment := range []string{"setup", "safety"} {
		t.Run(moment, func(t *testing.T) {
			r := newCall(t).check(moment)
			r.end(syscall.SIGINT)
			r.says("interrupted: there is no verdict", r.cmd, &r.stderr)
			require.NoFileExists(t, filepath.Join(r.home, "out", "verdict"))
		})
	}
	requireClean(t)
}

// A recording with a hole is not judged: exit status 1 would call the cluster guilty of a full disk. The disk is a tmpfs
// that is made as small as what is on it, again and again until the run has ended: what the run removes while the disk is
// full (a log segment of etcd's, what a member that lost power had not synced) would else be room for the rest of the trace.
func TestDiskFullDuringCheck(t *testing.T) {
	c := newCall(t)
	out := filepath.Join(c.home, "out")
	require.NoError(t, os.Mkdir(out, 0o755))
	require.NoError(t, unix.Mount("none", out, "tmpfs", 0, "size=1g"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(out, 0)) })
	r := c.check("safety")
	for ended := false; !ended; {
		var fs unix.Statfs_t
		require.NoError(t, unix.Statfs(out, &fs))
		// Refused where what is on it has grown between the two calls: then the next turn does it.
		unix.Mount("none", out, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%d", int64(fs.Blocks-fs.Bfree)*fs.Bsize))
		select {
		case <-r.rest:
			ended = true
		case <-time.After(poll):
		}
	}
	r.wait()
	r.says("no space left on device", r.cmd, &r.stderr)
	require.NoFileExists(t, filepath.Join(out, "verdict"))
	requireClean(t)
}

// check starts `orrery check`, which does not wait for its turn, until it has begun the phase.
func (c *call) check(phase string) *running {
	c.t.Helper()
	for {
		require.NoError(c.t, locked(c.t).Unlock())
		r := c.until("phase "+phase, "check", "--seed", "1", "--out", "out")
		select {
		case <-r.rest: // another was faster
			r.cmd.Wait()
			require.Contains(c.t, r.stderr.String(), machine.ErrBusy.Error())
		default:
			return r
		}
	}
}

// A cluster whose `orrery up` was killed is removed by the next `orrery up`, of the same data too, and by clean-host.
func TestKilledUp(t *testing.T) {
	c, dir := newCall(t), t.TempDir()
	const ready = "export KUBECONFIG="
	for range 2 {
		r := c.until(ready, "up", "--wait", "--workers", "1", "--dir", dir)
		r.end(syscall.SIGKILL)
		require.Equal(t, -1, r.cmd.ProcessState.ExitCode(), "%s", &r.stderr)
	}
	for {
		require.NoError(t, locked(t).Unlock())
		out, err := exec.CommandContext(t.Context(), c.bin, "clean-host").CombinedOutput()
		if err == nil {
			break
		}
		require.Contains(t, string(out), machine.ErrBusy.Error(), "another was faster, and cleans too")
	}
	requireClean(t)
}
