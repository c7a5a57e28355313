package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// BenchmarkDecide is what deciding costs beside the store's write, which is some hundred microseconds.
func BenchmarkDecide(b *testing.B) {
	pods, _ := api.ByName("pods")
	stored := storedPod().(*corev1.Pod)
	status := stored.DeepCopy()
	status.Status.Phase = corev1.PodRunning
	for _, c := range []struct {
		name string
		old  api.Object
		req  api.Request
	}{
		{"create", nil, api.Request{Verb: api.Create, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}}},
		{"status", stored, api.Request{Verb: api.Update, Subresource: "status", Object: status}},
		{"unchanged", stored, api.Request{Verb: api.Update, Subresource: "status", Object: stored}},
		{"patch", stored, api.Request{Verb: api.Patch, PatchType: types.StrategicMergePatchType, Patch: []byte(`{"metadata":{"labels":{"a":"b"}}}`)}},
		{"bind", stored, api.Request{Verb: api.Create, Subresource: "binding", Object: &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: "x"}, Target: corev1.ObjectReference{Name: "n"}}}},
		{"delete", stored, api.Request{Verb: api.Delete}},
	} {
		c.req.Resource, c.req.Namespace, c.req.Name = pods, "ns", "x"
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := registry.Decide(c.old, c.req, registry.Env{UID: "u"})
				require.NoError(b, err)
			}
		})
	}
}
