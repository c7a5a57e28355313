package cri_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/impl/host/containerd/containerdtest"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/cri"
)

func TestMain(m *testing.M) { containerdtest.Main(m) }

// poll is how often it is looked whether something has come.
const poll = 5 * time.Millisecond

// image is one that every worker has, by its full name, as the runtime tells it back.
const image = "docker.io/local/web:1"

// real is a worker with a client of its containerd.
type real struct {
	*containerdtest.Worker
	*cri.Client
}

func start(t *testing.T) *real {
	t.Helper()
	w := containerdtest.New(t)
	client, err := cri.Dial("unix://" + w.Address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return &real{Worker: w, Client: client}
}

// bound is a test, or rapid's run of one, whose draws are told only where it is the run that fails.
type bound interface {
	rapid.TB
	Context() context.Context
}

// crash kills containerd and, while it is away, the processes of those containers and sandboxes.
func (r *real) crash(t bound, victims []string, away func()) {
	pids := r.Pids()
	r.Worker.Kill()
	for _, id := range victims {
		end(t, pids[id])
	}
	away()
	r.Worker.Start()
	await(t, "the client is connected again", func() bool {
		_, err := r.List(t.Context())
		return !errors.Is(err, runtime.ErrUnavailable)
	})
}

// end kills a process and returns when it is gone, or waits for its parent to collect it.
func end(t rapid.TB, pid int) {
	if err := syscall.Kill(pid, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
		return // it has ended by itself
	} else if err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
	await(t, "a process that was killed ends", func() bool {
		status, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || strings.Contains(string(status), ") Z ")
	})
}

func await(t rapid.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(containerdtest.Patience); !condition(); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
