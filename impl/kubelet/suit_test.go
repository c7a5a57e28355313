package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Goal: a pod that was bound to a node it does not ask for, or whose port is taken, is refused in upstream's words. Method: a node of zone a, on
// which a pod has port 80 of one address and port 53 of all by UDP.
func TestUnsuited(t *testing.T) {
	affinity := &Rejection{"NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"}
	ports := &Rejection{"NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"zone": "a"}}}
	there := podFrom(t, `{metadata: {name: there, uid: there}, spec: {containers: [{name: app, ports: [
		{containerPort: 80, hostPort: 80, hostIP: 10.0.0.1}, {containerPort: 53, hostPort: 53, protocol: UDP, hostIP: 0.0.0.0}]}]}}`)
	in := func(operator, zone string) string {
		return "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: " +
			operator + ", values: [" + zone + "]}]}]}}}, containers: [{name: app}]}"
	}
	port := func(p string) string { return "{containers: [{name: app, ports: [" + p + "]}]}" }
	for _, c := range []struct {
		name, spec string
		want       *Rejection
	}{
		{"it asks for nothing", "{containers: [{name: app}]}", nil},
		{"its selector is met", "{nodeSelector: {zone: a}, containers: [{name: app}]}", nil},
		{"its selector is not", "{nodeSelector: {zone: b}, containers: [{name: app}]}", affinity},
		{"its affinity is met", in("In", "a"), nil},
		{"its affinity is not", in("NotIn", "a"), affinity},
		{"an affinity that cannot be read is not met", in("Nonsense", "a"), affinity},
		{"a port of the same address", port("{containerPort: 1, hostPort: 80, hostIP: 10.0.0.1}"), ports},
		{"of another", port("{containerPort: 1, hostPort: 80, hostIP: 10.0.0.2}"), nil},
		{"of all", port("{containerPort: 1, hostPort: 80}"), ports},
		{"of all, taken from one", port("{containerPort: 1, hostPort: 53, protocol: UDP, hostIP: 10.0.0.2}"), ports},
		{"by another protocol", port("{containerPort: 1, hostPort: 53}"), nil},
		{"another port", port("{containerPort: 80}"), nil},
		{"a sidecar's", "{initContainers: [{name: side, restartPolicy: Always, ports: [{containerPort: 1, hostPort: 80}]}], containers: [{name: app}]}", ports},
		{"not one of a container that ends first", "{initContainers: [{name: init, ports: [{containerPort: 1, hostPort: 80}]}], containers: [{name: app}]}", nil},
	} {
		there.Status.StartTime = &metav1.Time{Time: epoch}
		pod := podFrom(t, "{metadata: {uid: new}, spec: "+c.spec+"}")
		others := []*corev1.Pod{there, pod}
		require.Equal(t, c.want, unsuited(pod, node, others), c.name)
		there.Status.StartTime = nil
		if c.want == ports {
			require.Nil(t, unsuited(pod, node, others), "%s, of a pod that was not taken on", c.name)
		}
	}
	require.Nil(t, unsuited(podFrom(t, "{spec: {nodeSelector: {zone: b}, containers: [{name: app}]}}"), nil, nil), "the node is not known yet")
}
