package cri_test

import (
	"flag"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orrery/impl/kubelet/runtime/runtimetest"
)

// How many runs of how many actions there are against the real thing, whose processes and networks take their time. A failure
// is not made smaller, which would take minutes.
const (
	runs  = "2"
	steps = "40"
)

// The real containerd keeps the contract, also where it is killed between two calls.
func TestContract(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": runs, "rapid.steps": steps, "rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		if was := f.Value.String(); was == f.DefValue {
			require.NoError(t, f.Value.Set(value))
			t.Cleanup(func() { require.NoError(t, f.Value.Set(was)) })
		}
	}
	r := start(t)
	rapid.Check(t, func(t *rapid.T) {
		runtimetest.Check(t, &runtimetest.Side{
			Runtime: r.Client, Image: image, Logs: r.Logs, CgroupParent: r.CgroupParent(),
			Forever:  runtimetest.Program{Args: []string{"/testserver", "serve", "--listen", "127.0.0.1:0", "--print", "ready"}, Codes: []int32{0}},
			Stubborn: runtimetest.Program{Args: []string{"/testserver", "serve", "--listen", "127.0.0.1:0", "--print", "ready", "--ignore-term"}},
			Kill:     func(id string) { end(t, r.Pids()[id]) },
			Crash:    func(victims []string, away func()) { r.crash(t, victims, away) },
			Await:    func(what string, condition func() bool) { await(t, what, condition) },
		})
	})
}

func itoa(n int) string { return strconv.Itoa(n) }
