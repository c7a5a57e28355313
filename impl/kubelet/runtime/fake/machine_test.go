package fake_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

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
