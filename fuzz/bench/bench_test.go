package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	apiserver "orrery/impl/apiserver/command"
	"orrery/impl/controller"
	"orrery/impl/host/containerd"
	"orrery/impl/host/disk"
	"orrery/impl/host/etcd"
	"orrery/impl/host/process"
	"orrery/impl/host/tools"
	"orrery/impl/kubelet"
	"orrery/impl/proxy"
	"orrery/impl/scheduler"
	"orrery/model/cluster"
)

// The test binary is the orrery binary too: every process that is measured is this binary re-executed.
func TestMain(m *testing.M) {
	root := &cobra.Command{Use: "orrery"}
	root.AddCommand(etcd.Command(), disk.Command(), apiserver.Command(), scheduler.Command(), controller.Command(),
		kubelet.Command(), proxy.Command(), containerd.Command(), containerd.ObserveCommand())
	if len(os.Args) > 1 {
		if cmd, _, err := root.Find(os.Args[1:]); err == nil && cmd != root {
			root.SetArgs(os.Args[1:])
			if err := root.ExecuteContext(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, "orrery:", err)
				os.Exit(1)
			}
			return
		}
	}
	os.Exit(m.Run())
}

// bound is on everything that one test measures, its turn on the host included.
const bound = 3 * time.Minute

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), bound)
	t.Cleanup(cancel)
	return ctx
}

// Goal: the measuring code works from end to end and leaves nothing. Method: tiny numbers; no figure is judged.
func TestMeasures(t *testing.T) {
	root, err := tools.Root(".")
	require.NoError(t, err)
	bin := filepath.Join(root, "bin")
	require.NoError(t, tools.Build(t.Context(), root, bin, tools.Runtime...))
	size := Size{Turns: 1, Writes: 20, Pods: 10, Watchers: 2, Replicas: 5, Bound: 10, Nodes: 2, Services: 5, Runs: 4, Events: 1000, Long: 2, Composed: cluster.Domain{Nodes: 1, Room: 1, Replicas: 1, Most: 1, Pods: 1, Bounds: cluster.Bounds{Pods: 1}}}
	ofModel := 5
	if missingForSpin() != "" {
		ofModel = 4 // one that says so, instead of two
	}
	for _, c := range []struct {
		name    string
		rows    int
		measure func(ctx context.Context, dir string) ([]Row, error)
	}{
		{"sim", 5, func(ctx context.Context, _ string) ([]Row, error) { return measureSim(ctx, size) }},
		{"model", ofModel, func(ctx context.Context, dir string) ([]Row, error) {
			return measureModel(ctx, size, dir, filepath.Join(root, twinFile))
		}},
		{"create", 2, func(ctx context.Context, dir string) ([]Row, error) { return measureCreate(ctx, size, dir) }},
		{"memory", 1, func(ctx context.Context, dir string) ([]Row, error) { return measureMemory(ctx, size, dir) }},
		{"replicas", 1, func(ctx context.Context, dir string) ([]Row, error) { return measureReplicas(ctx, size, dir) }},
		{"bind", 1, func(ctx context.Context, dir string) ([]Row, error) { return measureBind(ctx, size, dir) }},
		{"rules", 3, func(ctx context.Context, _ string) ([]Row, error) { return measureRules(ctx, size) }},
		{"pod", 1, func(ctx context.Context, dir string) ([]Row, error) { return measurePod(ctx, size, dir, bin) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			rows, err := c.measure(bounded(t), dir)
			require.NoError(t, err)
			require.Len(t, rows, c.rows)
			for _, row := range rows {
				require.NotEmpty(t, row.Got)
				t.Logf("%+v", row)
			}
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// Goal: a process that cannot be measured is an error that says why. Method: a flag that does not exist.
func TestWhatDoesNotStartIsTold(t *testing.T) {
	_, err := measureMemory(bounded(t), Size{}, t.TempDir(), "--no-such-flag")
	require.ErrorContains(t, err, "apiserver@bench ended while it was starting: orrery: unknown flag: --no-such-flag")
}

// Goal: of a process that lives and does not get ready, it is told what it said last.
func TestWhatDoesNotGetReadyIsTold(t *testing.T) {
	p := process.New(process.Spec{Component: "sleeper", Machine: "bench", Namespace: ownNetwork, Path: "/bin/sh", Args: []string{"-c", "echo waiting for nothing; exec sleep 1000"},
		Log: filepath.Join(t.TempDir(), "log")})
	require.NoError(t, p.Start())
	t.Cleanup(func() { require.NoError(t, p.Stop(bounded(t))) })
	ctx, cancel := context.WithCancel(bounded(t))
	err := await(ctx, p, func(context.Context) error {
		if p.LastLine() != "" {
			cancel()
		}
		return errors.New("no answer")
	})
	require.EqualError(t, err, `sleeper@bench is not ready: no answer; what it said last: "waiting for nothing"`)
}

func TestTurns(t *testing.T) {
	var order strings.Builder
	of := func(name string, figure float64) side {
		return func(context.Context) (float64, error) {
			order.WriteString(name)
			return figure, nil
		}
	}
	got, err := inTurns(t.Context(), 3, of("a", 6), of("b", 4))
	require.NoError(t, err)
	require.Equal(t, compared{a: 6, b: 4, ratio: 1.5}, got)
	require.Equal(t, "ab"+"ba"+"ab"+"ba", order.String(), "one that does not count, and three")

	bad := errors.New("bad")
	_, err = inTurns(t.Context(), 1, of("a", 1), func(context.Context) (float64, error) { return 0, bad })
	require.ErrorIs(t, err, bad)
	_, err = rate(t.Context(), 4, 100, func(context.Context, int) error { return bad })
	require.ErrorIs(t, err, bad)
}

func TestMedian(t *testing.T) {
	require.EqualValues(t, 2, median([]float64{9, 1, 2}))
	require.EqualValues(t, 2.5, median([]float64{9, 1, 2, 3}))
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printTable(&out, []Row{atMost("time", 1.2, 1.5, "one"), atLeast("rate", 0.2, 0.5, "two"), told("ratio", "2.00", "three")}))
	require.Equal(t, "MEASURE  GOT   TARGET  VERDICT  FROM\n"+
		"time     1.20  ≤ 1.50  met      one\n"+
		"rate     0.20  ≥ 0.50  not met  two\n"+
		"ratio    2.00  -       -        three\n", out.String())
}

func TestReadingProc(t *testing.T) {
	m, err := readMemory(os.Getpid())
	require.NoError(t, err)
	require.GreaterOrEqual(t, m.most, m.resident)
	_, err = statusField([]byte("VmRSS:\t  12 kB\n"), "VmHWM")
	require.ErrorContains(t, err, "has no field VmHWM")
	_, err = statusField([]byte("VmRSS:\t  many\n"), "VmRSS")
	require.ErrorContains(t, err, "is no size")
	seconds, err := cpuSeconds(os.Getpid())
	require.NoError(t, err)
	require.GreaterOrEqual(t, seconds, 0.0)
}

func TestReadReady(t *testing.T) {
	path, err := readReady(strings.NewReader("ready after 2.0 s\nexport KUBECONFIG=/a/b\n"))
	require.NoError(t, err)
	require.Equal(t, "/a/b", path)
	_, err = readReady(strings.NewReader("nothing\n"))
	require.ErrorContains(t, err, "it ended before it was ready")
}

func TestBadFlags(t *testing.T) {
	for flags, want := range map[string]string{
		"--only nothing": "--only nothing: there is only sim, model, up, pod, create, memory, replicas, bind, rules",
		"--turns 0":      "--turns 0: at least 1",
	} {
		cmd := Command()
		cmd.SetArgs(strings.Fields(flags))
		cmd.SetOut(io.Discard)
		require.EqualError(t, cmd.Execute(), want)
	}
}
