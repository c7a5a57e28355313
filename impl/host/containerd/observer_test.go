package containerd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/typeurl/v2"
	"github.com/stretchr/testify/require"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/trace"
)

// words is a sink that keeps STATE@TIME of each line.
type words []string

func (w *words) Emit(l trace.Line) {
	*w = append(*w, fmt.Sprintf("%s@%d", l.Container.State, l.Container.At))
}

// extension is what the CRI plugin attaches to a container.
type extension string

func (extension) GetTypeUrl() string { return "" }
func (e extension) GetValue() []byte { return []byte(e) }

var _ typeurl.Any = extension("")

func record(id, kind string) containers.Container {
	return containers.Container{
		ID:     id,
		Labels: map[string]string{labelKind: kind, labelPodUID: "u", labelPodName: "p", labelPodNamespace: "n"},
		Extensions: map[string]typeurl.Any{"io.cri-containerd.container.metadata": extension(
			`{"Version":"v1","Metadata":{"ID":"x","Config":{"metadata":{"name":"web","attempt":3},"annotations":{"orrery/container.init":"true"}}}}`)},
	}
}

// Goal: each state is told once and in order, whatever is heard twice, late, or not at all.
func TestAdvance(t *testing.T) {
	for _, c := range []struct {
		name, heard, want string
	}{
		{"a whole life", "started@2 exited@3 removed@4", "created@1 started@2 exited@3 removed@4"},
		{"heard twice", "started@2 started@2 exited@3 started@4 exited@5", "created@1 started@2 exited@3"},
		{"the start was missed", "exited@3", "created@1 started@0 exited@3"},
		{"the exit was missed", "started@2 removed@4", "created@1 started@2 exited@0 removed@4"},
		{"never started", "removed@4", "created@1 removed@4"},
		{"after the removal", "removed@4 started@5 exited@6", "created@1 removed@4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told words
			o := &Observer{sink: &told, known: map[string]*container{}}
			o.know(record("x", "container"), 1)
			for _, word := range strings.Fields(c.heard) {
				state, at, _ := strings.Cut(word, "@")
				var n int64
				fmt.Sscan(at, &n)
				o.advance("x", state, n, 0)
			}
			require.Equal(t, c.want, strings.Join(told, " "))
		})
	}
}

// Goal: whoever could not be started has not run, though the CRI says that he has exited. Method: statuses as the CRI plugin keeps them.
func TestLife(t *testing.T) {
	status := func(started, finished int64, state runtimeapi.ContainerState, reason string) *runtimeapi.ContainerStatus {
		return &runtimeapi.ContainerStatus{Id: "x", StartedAt: started, FinishedAt: finished, State: state, Reason: reason}
	}
	for _, c := range []struct {
		name   string
		status *runtimeapi.ContainerStatus
		want   []string
	}{
		{"created", status(0, 0, runtimeapi.ContainerState_CONTAINER_CREATED, ""), nil},
		{"running", status(1, 0, runtimeapi.ContainerState_CONTAINER_RUNNING, ""), []string{started}},
		{"over", status(1, 2, runtimeapi.ContainerState_CONTAINER_EXITED, "Completed"), []string{started, exited}},
		{"could not be started", status(0, 2, runtimeapi.ContainerState_CONTAINER_EXITED, "StartError"), nil},
		{"containerd ended while it was being started", status(0, 2, runtimeapi.ContainerState_CONTAINER_EXITED, "Unknown"), []string{exited}},
	} {
		var states []string
		for _, p := range life(c.status) {
			states = append(states, p.state)
		}
		require.Equal(t, c.want, states, c.name)
	}
}

func TestDescription(t *testing.T) {
	var lines []trace.Container
	o := &Observer{node: "w", sink: sinkFunc(func(l trace.Line) { lines = append(lines, *l.Container) }), known: map[string]*container{}}
	o.know(record("x", "container"), 7)
	o.know(record("y", "sandbox"), 8)
	o.know(record("z", "of somebody else"), 9)
	require.Equal(t, []trace.Container{
		{Node: "w", PodUID: "u", Namespace: "n", Pod: "p", Container: "web", Attempt: 3, ID: "x", State: created, At: 7},
		{Node: "w", PodUID: "u", Namespace: "n", Pod: "p", Attempt: 3, ID: "y", State: created, At: 8},
	}, lines)
}

type sinkFunc func(trace.Line)

func (f sinkFunc) Emit(l trace.Line) { f(l) }

// Goal: an observer that was killed goes on where its trace ends.
func TestObserverGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace.jsonl")
	first, err := trace.Open(path, "observer")
	require.NoError(t, err)
	o, err := NewObserver("", "w", first, path)
	require.NoError(t, err)
	o.know(record("x", "container"), 1)
	o.know(record("y", "container"), 2)
	o.advance("x", started, 3, 0)
	o.advance("y", removed, 4, 0)
	require.NoError(t, first.Close())
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"t":5,"p":"obs`) // the half line that a kill leaves
	require.NoError(t, err)
	require.NoError(t, f.Close())

	second, err := trace.Open(path, "observer")
	require.NoError(t, err)
	defer second.Close()
	o, err = NewObserver("", "w", second, path)
	require.NoError(t, err)
	require.Len(t, o.known, 1)
	require.Equal(t, started, o.known["x"].State)
}

func TestOnTrace(t *testing.T) {
	require.Zero(t, onTrace(time.Time{}))
	before := trace.Monotonic()
	require.InDelta(t, before-int64(time.Hour), onTrace(time.Now().Add(-time.Hour)), float64(time.Minute))
}
