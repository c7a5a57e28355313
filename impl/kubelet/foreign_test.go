package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Goal: another node's pod, or one without a node, is not this kubelet's, whatever shows it: a live read of an object in doubt does (rows 77, 79).
// Method: a source that does not select by node.
func TestPodsOfOthersAreLeftAlone(t *testing.T) {
	for _, node := range []string{"n2", ""} {
		w := newWorld()
		w.put("pods", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Spec: corev1.PodSpec{
			NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "img"}}}})
		before := w.pod("web")
		w.settle()
		require.Same(t, before, w.pod("web"), "its status was written")
		require.Empty(t, w.changes, "something of it was made")
	}
}
