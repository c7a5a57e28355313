package kubelet

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime/fake"
)

// complaint keeps what a judge complains of.
type complaint []string

func (c *complaint) Fatalf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

// The judge of the machine test must reject each law's violation: a wrong history for each, and the name of the law.
func TestJudgeRejects(t *testing.T) {
	change := func(uid, container, id, state string) fake.Change {
		return fake.Change{UID: uid, Namespace: "default", Name: "a", Container: container, ID: id, State: state}
	}
	pod := func(phase corev1.PodPhase, restarts int32, running bool) *corev1.Pod {
		p := podFrom(t, "{metadata: {name: a, uid: u1}, spec: {restartPolicy: Never, terminationGracePeriodSeconds: 3, initContainers: [{name: init}], containers: [{name: one}]}}")
		p.Status.Phase = phase
		s := corev1.ContainerStatus{Name: "one", RestartCount: restarts}
		if s.State.Waiting = (&corev1.ContainerStateWaiting{}); running {
			s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{s}
		return p
	}
	exit := func(id string, told time.Time) fake.Change {
		c := change("u1", "one", id, "exited")
		c.At, c.ExitCode, c.Told = epoch, killed, told
		return c
	}
	initDone := []fake.Change{change("u1", "init", "i", "started"), change("u1", "init", "i", "exited")}
	for _, c := range []struct {
		want      string
		changes   []fake.Change
		old, next *corev1.Pod
		gone      bool
	}{
		{want: "K05", changes: append(initDone, change("u1", "one", "x", "started"), change("u1", "one", "x", "started"))},
		{want: "row 87", changes: []fake.Change{change("u0", "one", "x", "started"), change("u1", "init", "y", "started")}},
		{want: "row 81", changes: append(initDone, change("u1", "one", "x", "started"), change("u1", "one", "y", "started"))},
		{want: "row 82", changes: append(initDone, change("u1", "one", "x", "started"), change("u1", "one", "x", "exited"), change("u1", "one", "y", "started"))},
		{want: "row 85", changes: []fake.Change{change("u1", "one", "x", "started")}},
		{want: "row 86", changes: append(initDone, change("u1", "one", "x", "started"), exit("x", time.Time{}))},
		{want: "row 86: container one of a was killed 2s", changes: append(initDone, change("u1", "one", "x", "started"), exit("x", epoch.Add(-2*time.Second)))},
		{want: "row 88", changes: append(initDone, change("u1", "one", "x", "started")), old: pod(corev1.PodFailed, 0, false), gone: true},
		{want: "row 89", old: pod(corev1.PodRunning, 0, false), gone: true},
		{want: "row 78", old: pod(corev1.PodFailed, 0, false), next: pod(corev1.PodRunning, 0, false)},
		{want: "row 83", old: pod(corev1.PodRunning, 2, false), next: pod(corev1.PodRunning, 1, false)},
		{want: "row 93", old: pod(corev1.PodRunning, 0, true), next: pod(corev1.PodRunning, 0, false)},
	} {
		t.Run(c.want, func(t *testing.T) {
			var said complaint
			w := newWorld()
			w.api["pods/default/a"] = pod(corev1.PodPending, 0, false)
			j := newJudge(&said, w)
			w.changes = c.changes
			j.check()
			switch {
			case c.gone:
				j.written("pods", c.old, nil)
			case c.next != nil:
				j.written("pods", c.old, c.next)
			}
			require.NotEmpty(t, said)
			require.Contains(t, said[0], c.want)
		})
	}
	t.Run("and not what is allowed", func(t *testing.T) {
		var said complaint
		w := newWorld()
		w.api["pods/default/a"] = pod(corev1.PodPending, 0, false)
		j := newJudge(&said, w)
		w.changes = append(initDone, change("u1", "one", "x", "started"), exit("x", epoch.Add(-3*time.Second)))
		j.check()
		require.Empty(t, said)
	})
}
