package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Goal: whoever waits is looked at again when a pod's change may help. Method: a pod before and after, one thing changed.
func TestHelpedByPod(t *testing.T) {
	pod := func(change func(*corev1.Pod)) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"app": "web"}, Generation: 1}, Spec: corev1.PodSpec{NodeName: "n"}}
		if change != nil {
			change(p)
		}
		return p
	}
	is := pod(nil)
	leaving := pod(func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} })
	waiting := pod(func(p *corev1.Pod) { p.Spec.NodeName = "" })
	for _, c := range []struct {
		name     string
		old, new *corev1.Pod
		want     whom
	}{
		{"it comes", waiting, is, affine},
		{"it is told to leave", is, leaving, nobody},
		{"it leaves", leaving, nil, everybody},
		{"its deletion was lost", leaving, is, everybody},
		{"it ends", is, pod(func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }), everybody},
		{"it is resized", is, pod(func(p *corev1.Pod) { p.Generation = 2 }), everybody},
		{"its labels change", is, pod(func(p *corev1.Pod) { p.Labels = nil }), affine},
		{"its status changes", is, pod(func(p *corev1.Pod) { p.Status.Message = "m" }), nobody},
		{"it is on another node", is, pod(func(p *corev1.Pod) { p.Spec.NodeName = "m" }), everybody},
	} {
		var old, next metav1.Object // an absent pod is no object, and not one that is nil
		if c.old != nil {
			old = c.old
		}
		if c.new != nil {
			next = c.new
		}
		require.Equal(t, c.want, helpedByPod(old, next), c.name)
	}
}
