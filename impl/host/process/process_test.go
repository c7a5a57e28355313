package process

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/host/machine"
)

// patience bounds every wait of the tests.
const patience = 2 * time.Minute

// The test binary re-executes itself as the processes that are supervised.
func TestMain(m *testing.M) {
	switch os.Getenv("ORRERY_TEST_ROLE") {
	case "sleeper":
		fmt.Println("sleeping")
		select {}
	case "failer":
		fmt.Println("first\nthe reason")
		os.Exit(3)
	case "parent":
		// It is killed: the sleeper that it starts must not survive.
		p := New(Spec{Component: "child", Machine: "m", Namespace: "/proc/self/ns/net", Path: os.Args[0],
			Env: []string{"ORRERY_TEST_ROLE=sleeper"}, Log: os.Getenv("ORRERY_TEST_LOG")})
		if err := p.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(p.Pid())
		select {}
	default:
		os.Exit(m.Run())
	}
}

type lives struct {
	mu  sync.Mutex
	all []Life
}

func (l *lives) tell(life Life) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, life)
}

func newProcess(t *testing.T, role, namespace string, tell func(Life)) *Process {
	t.Helper()
	p := New(Spec{Component: role, Machine: "m", Namespace: namespace, Path: os.Args[0],
		Env: []string{"ORRERY_TEST_ROLE=" + role}, Log: filepath.Join(t.TempDir(), "log"), Tell: tell})
	t.Cleanup(func() { require.NoError(t, p.Stop(bounded(t))) })
	return p
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

const own = "/proc/self/ns/net"

// Goal: a supervised process that is killed comes back, one that was stopped does not, and each life is told.
func TestSupervise(t *testing.T) {
	var l lives
	p := newProcess(t, "sleeper", own, l.tell)
	require.NoError(t, p.Start())
	require.NoError(t, p.Start(), "it runs already")
	p.Supervise()
	first := p.Pid()
	require.NoError(t, p.Kill(bounded(t)))
	require.Eventually(t, func() bool { pid := p.Pid(); return pid != 0 && pid != first }, patience, time.Millisecond)
	require.Equal(t, 2, p.Starts())
	require.NoError(t, p.Stop(bounded(t)))
	require.Zero(t, p.Pid())
	require.Equal(t, []Life{
		{Component: "sleeper", Machine: "m", Started: true},
		{Component: "sleeper", Machine: "m", Why: "signal: killed"},
		{Component: "sleeper", Machine: "m", Started: true, Why: "started again"},
		{Component: "sleeper", Machine: "m", Why: "signal: killed"},
	}, l.all)
	require.NoError(t, p.Start())
	require.NotZero(t, p.Pid())
	require.NoError(t, p.Terminate(bounded(t)))
}

// Goal: an unsupervised process that fails stays down, and its last words are known.
func TestFailure(t *testing.T) {
	p := newProcess(t, "failer", own, nil)
	require.NoError(t, p.Start())
	<-p.Exited()
	require.Equal(t, "the reason", p.LastLine())
	require.Equal(t, 1, p.Starts())
	p.Supervise()
	require.Eventually(t, func() bool { return p.Starts() >= 3 }, patience, time.Millisecond, "it is tried again and again")
}

func TestPause(t *testing.T) {
	p := newProcess(t, "sleeper", own, nil)
	require.NoError(t, p.Start())
	state := func() string {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
		require.NoError(t, err)
		return strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))[0]
	}
	require.NoError(t, p.Pause())
	require.Eventually(t, func() bool { return state() == "T" }, patience, time.Millisecond)
	require.NoError(t, p.Resume())
	require.Eventually(t, func() bool { return state() != "T" }, patience, time.Millisecond)
	require.NoError(t, p.Pause())
	require.NoError(t, p.Kill(bounded(t)), "a paused process can be killed")
}

// Goal: the child of a parent that is killed goes too.
func TestNobodyOutlivesItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "ORRERY_TEST_ROLE=parent", "ORRERY_TEST_LOG="+filepath.Join(t.TempDir(), "log"))
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line := make([]byte, 32)
	n, err := out.Read(line)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	require.NoError(t, err, "%s", line[:n])
	require.NoError(t, syscall.Kill(child, 0))
	require.NoError(t, parent.Process.Kill())
	parent.Wait()
	require.Eventually(t, func() bool { return gone(child) }, patience, time.Millisecond)
}

// gone: no such process, or a zombie that whoever inherited it has not collected yet.
func gone(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(data), ") Z ")
}

// Goal: the process is in its machine's network namespace, and only that differs from the host's.
func TestNamespace(t *testing.T) {
	lock, err := machine.WaitLock(bounded(t))
	require.NoError(t, err)
	defer lock.Unlock()
	_, err = machine.Remove()
	require.NoError(t, err)
	defer func() {
		_, err := machine.Remove()
		require.NoError(t, err)
	}()
	n := machine.Plan(netip.MustParsePrefix("10.77.0.0/24"), 1, 1)
	require.NoError(t, machine.New(n))
	for _, m := range n.Machines {
		p := newProcess(t, "sleeper", m.Namespace(), nil)
		require.NoError(t, p.Start())
		namespace := func(pid, kind string) string {
			link, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
			require.NoError(t, err)
			return link
		}
		pid := strconv.Itoa(p.Pid())
		require.NotEqual(t, namespace("self", "net"), namespace(pid, "net"))
		require.Equal(t, namespace("self", "mnt"), namespace(pid, "mnt"))
		require.NoError(t, p.Stop(bounded(t)))
	}
	absent := newProcess(t, "sleeper", "/run/netns/orrery-absent", nil)
	require.ErrorContains(t, absent.Start(), "sleeper@m: start: network namespace /run/netns/orrery-absent")
}
