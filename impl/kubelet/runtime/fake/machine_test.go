package fake_test

import (
	"context"
	"errors"
	"flag"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	"pgregory.net/rapid"

	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/fake"
	"orrery/impl/kubelet/runtime/runtimetest"
)

// The fake keeps the contract that containerd is held against by the same machine.
func TestContract(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { runtimetest.Check(t, side(t)) })
}

func side(t *rapid.T) *runtimetest.Side {
	now := time.Unix(1_000_000, 0)
	m := fake.New(now, "img")
	m.Command = command
	return &runtimetest.Side{
		Runtime: m, Image: "img",
		Forever:  runtimetest.Program{Args: []string{"run"}, Codes: []int32{143}},
		Stubborn: runtimetest.Program{Args: []string{"ignore-term"}},
		Kill:     m.Kill,
		Crash: func(victims []string, away func()) {
			m.SetDown(true)
			for _, id := range victims {
				m.Kill(id)
			}
			away()
			m.SetDown(false)
		},
		Await: func(what string, condition func() bool) {
			for range 100 {
				if condition() {
					return
				}
				now = now.Add(50 * time.Millisecond)
				m.Advance(now)
			}
			t.Fatalf("never: %s", what)
		},
	}
}

// command is what Exec does: echo and exit, as the image of the real side has them.
func command(_ runtime.Container, command []string) (runtime.ExecResult, error) {
	switch command[0] {
	case "echo":
		return runtime.ExecResult{Output: []byte(strings.Join(command[1:], " ") + "\n")}, nil
	case "exit":
		code, err := strconv.Atoi(command[1])
		return runtime.ExecResult{ExitCode: int32(code)}, err
	}
	return runtime.ExecResult{}, errors.New("no such command")
}

// broken breaks one of the promises.
type broken struct {
	*fake.Machine
	broken string
}

func (b broken) RunSandbox(ctx context.Context, config *cri.PodSandboxConfig) (string, error) {
	id, err := b.Machine.RunSandbox(ctx, config)
	if b.broken == "1" && err != nil {
		return "sandbox-0", nil
	}
	return id, err
}

func (b broken) StartContainer(ctx context.Context, id string) error {
	if err := b.Machine.StartContainer(ctx, id); b.broken != "2" || errors.Is(err, runtime.ErrNotFound) {
		return err
	}
	return nil
}

func (b broken) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	if b.broken == "3" {
		return nil
	}
	return b.Machine.StopContainer(ctx, id, grace)
}

func (b broken) RemoveSandbox(ctx context.Context, id string) error {
	if b.broken == "4" {
		return nil
	}
	return b.Machine.RemoveSandbox(ctx, id)
}

func (b broken) List(ctx context.Context) ([]runtime.Pod, error) {
	pods, err := b.Machine.List(ctx)
	if b.broken == "5" && len(pods) > 1 {
		return pods[1:], err
	}
	return pods, err
}

func (b broken) StopSandbox(ctx context.Context, id string) error {
	if err := b.Machine.StopSandbox(ctx, id); b.broken != "6" || !errors.Is(err, runtime.ErrUnavailable) {
		return err
	}
	return nil
}

// The machine is seen to reject a runtime that breaks a promise, for each that it checks.
func TestContractIsSeenToFail(t *testing.T) {
	for name, value := range map[string]string{"rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		was := f.Value.String()
		require.NoError(t, f.Value.Set(value))
		t.Cleanup(func() { require.NoError(t, f.Value.Set(was)) })
	}
	for _, promise := range []string{"1", "2", "3", "4", "5", "6"} {
		t.Run(promise, func(t *testing.T) {
			seen := &recorder{TB: t}
			rapid.Check(seen, func(t *rapid.T) {
				s := side(t)
				s.Runtime = broken{s.Runtime.(*fake.Machine), promise}
				runtimetest.Check(t, s)
			})
			require.True(t, seen.failed, "promise %s was broken and nothing said", promise)
		})
	}
}

// recorder takes a failure for what is wanted.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Failed() bool          { return r.failed }
func (r *recorder) Fail()                 { r.failed = true }
func (r *recorder) FailNow()              { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true }
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Fatal(...any)          { r.failed = true }
func (r *recorder) Logf(string, ...any)   {}
func (r *recorder) Log(...any)            {}
