package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"orrery/model/machine"
	"orrery/model/replication"
)

const promela = "../../" + twinFile

func needSpin(t *testing.T) {
	t.Helper()
	if why := missingForSpin(); why != "" {
		t.Skip(why)
	}
}

// Goal: the twin in Promela is a twin. Method: in small worlds, which between them have every action of the model, SPIN visits as many states
// and steps as we do.
func TestTwin(t *testing.T) {
	needSpin(t)
	taken := map[replication.Kind]bool{}
	for _, d := range []replication.Domain{
		{Replicas: 1, Most: 2, Changes: 1},
		{Replicas: 2, Most: 4, Changes: 2},
		{Replicas: 1, Most: 1, Changes: 1, Crashes: 1, Losses: 1},
		{Replicas: 1, Most: 1, Pods: 2, Changes: 1, Losses: 1},
		{Replicas: 0, Most: 1, Pods: 3, Changes: 1},
		{Replicas: 1, Most: 1, Pods: 1, Crashes: 2, Losses: 1},
	} {
		m := replication.New(d)
		m.Always, m.AlwaysStep, m.Eventually = nil, nil, nil
		next := m.Next
		m.Next = func(s replication.State, a replication.Action) (replication.State, bool) {
			taken[a.Kind] = true
			return next(s, a)
		}
		ours := machine.Explore(m, machine.Options{NoSymmetry: true, NoReduction: true, Exact: true})
		twin, err := makeTwin(t.Context(), promela, t.TempDir(), "-O0", d)
		require.NoError(t, err)
		its, err := twin.search(t.Context(), ours.States)
		require.NoError(t, err)
		require.Equal(t, [2]int{ours.States, ours.Steps}, [2]int{its.states, its.steps}, "%+v: states and steps, ours and SPIN's", d)
	}
	for kind := replication.Scale; kind <= replication.Heal; kind++ {
		require.True(t, taken[kind], "no world has an action of kind %d", kind)
	}
}

// Goal: what is no twin is found out. Method: twins with one thing wrong each.
func TestTwinIsCompared(t *testing.T) {
	needSpin(t)
	text, err := os.ReadFile(promela)
	require.NoError(t, err)
	d := replication.Domain{Replicas: 1, Most: 1, Pods: 2, Changes: 1, Losses: 1}
	m := replication.New(d)
	m.Eventually = nil
	ours := machine.Explore(m, machine.Options{})
	for right, wrong := range map[string]string{
		"pod_version[i] == version ->":        "pod_version[i] >= version ->",
		"seen_version[i] <= write_version[i]": "true",
		"adopted = 1; excused = 1":            "excused = 1",
	} {
		require.Equal(t, 1, bytes.Count(text, []byte(right)), "%q is not once in the twin", right)
		file := filepath.Join(t.TempDir(), "wrong.pml")
		require.NoError(t, os.WriteFile(file, bytes.Replace(text, []byte(right), []byte(wrong), 1), 0o644))
		twin, err := makeTwin(t.Context(), file, t.TempDir(), "-O0", d)
		require.NoError(t, err)
		its, err := twin.search(t.Context(), ours.States)
		require.NoError(t, err)
		require.NotEqual(t, ours.States, its.states, "%q instead of %q makes no difference", wrong, right)
	}
}

// Goal: what SPIN says is read, and what it has not done is not taken for done.
func TestReadSearch(t *testing.T) {
	const says = "State-vector 108 byte, depth reached 50, errors: 0\n" +
		"   500000 states, stored\n 1469333 states, matched\n  1980013 transitions (= stored+matched)\n" +
		"   58.000\tactual memory usage for states (compression: 94.11%)\n    4.000\tmemory used for hash table (-w19)\n" +
		"pan: elapsed time 2.5 seconds\n"
	got, err := readSearch([]byte(says))
	require.NoError(t, err)
	require.Equal(t, searched{states: 500000, steps: 1980012, perSecond: 200000, per: 62 << 20 / 500000.0}, got)
	for _, wrong := range []string{
		says + "Warning: Search not completed\n",
		"error: max search depth too small\n" + says,
		"errors: 1\n" + says,
		says[:len(says)-20],
	} {
		_, err := readSearch([]byte(wrong))
		require.Error(t, err, wrong)
	}
}
