package replication

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Goal: the order of victims is upstream's ActivePodsWithRanks. Method: one line per rule; the first pod is to go before the
// second, whichever way round they are given, though every later rule would have it otherwise.

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

type change func(*corev1.Pod)

// keeper is a pod that every rule would rather keep: assigned, running, ready for long, old.
func keeper(uid types.UID, changes ...change) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: string(uid), UID: uid}}
	p.Spec.NodeName = "n-" + string(uid)
	p.Status.Phase = corev1.PodRunning
	created(1000 * time.Hour)(p)
	ready(1000 * time.Hour)(p)
	for _, c := range changes {
		c(p)
	}
	return p
}

func on(node string) change              { return func(p *corev1.Pod) { p.Spec.NodeName = node } }
func phase(phase corev1.PodPhase) change { return func(p *corev1.Pod) { p.Status.Phase = phase } }
func cost(cost string) change {
	return func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.PodDeletionCost: cost} }
}
func notReady(p *corev1.Pod) { p.Status.Conditions = nil }
func created(ago time.Duration) change {
	return func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(now.Add(-ago)) }
}
func restarted(times int32) change {
	return func(p *corev1.Pod) { p.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: times}} }
}
func ready(ago time.Duration) change {
	return func(p *corev1.Pod) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-ago))}}
	}
}

func TestVictims(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second []change
	}{
		{"unassigned before assigned", []change{on("")}, []change{phase(corev1.PodPending), notReady, cost("-5"), restarted(9), created(time.Second)}},
		{"pending before running", []change{phase(corev1.PodPending)}, []change{notReady, cost("-5"), restarted(9)}},
		{"pending before unknown", []change{phase(corev1.PodPending)}, []change{phase(corev1.PodUnknown), notReady}},
		{"unknown before running", []change{phase(corev1.PodUnknown)}, []change{notReady}},
		{"not ready before ready", []change{notReady}, []change{cost("-5"), restarted(9), created(time.Second)}},
		{"lower cost", []change{cost("-5")}, []change{ready(time.Second), restarted(9)}},
		{"a cost that is no number is 0", []change{cost("lots")}, []change{cost("1"), ready(time.Second)}},
		{"shorter ready", []change{ready(time.Minute)}, []change{restarted(9), created(time.Second)}},
		{"about as long ready is equal, more restarts decide", []change{ready(1001 * time.Hour), restarted(2)}, []change{restarted(1), created(time.Second)}},
		{"newer", []change{created(time.Hour)}, []change{}},
		{"created in the future is newest", []change{created(-time.Hour)}, []change{created(time.Second)}},
		{"else the UID", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := keeper("a", c.first...), keeper("b", c.second...)
			require.Equal(t, "a", victims([]*corev1.Pod{a, b}, now)[0].Name)
			require.Equal(t, "a", victims([]*corev1.Pod{b, a}, now)[0].Name)
		})
	}
	t.Run("more on one node", func(t *testing.T) {
		pods := []*corev1.Pod{keeper("a", on("x"), ready(time.Second)), keeper("b", on("y")), keeper("c", on("y"))}
		require.Equal(t, "b", victims(pods, now)[0].Name)
	})
}
