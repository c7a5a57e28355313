package control_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/replication"
)

// BenchmarkStep is one event of one pod among 3,000, and the decision that follows from it.
func BenchmarkStep(b *testing.B) {
	const owners, each = 1000, 3
	l := control.New(control.Config{Component: replication.ReplicaSets(), ID: "b"})
	var sets, pods []metav1.Object
	yes := true
	for i := range owners {
		rs := replicaSetOf(each)
		rs.Namespace, rs.Name, rs.UID, rs.ResourceVersion = "d", fmt.Sprintf("web-%d", i), types.UID(fmt.Sprint(i)), "1"
		rs.Status.Replicas, rs.Status.FullyLabeledReplicas = each, each
		sets = append(sets, rs)
		for j := range each {
			pods = append(pods, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: "d", Name: fmt.Sprintf("web-%d-%d", i, j), UID: types.UID(fmt.Sprint(i, j)), ResourceVersion: "1", Labels: map[string]string{"app": "web"},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: rs.Name, UID: rs.UID, Controller: &yes}},
			}})
		}
	}
	if err := l.ObserveList("owners", 1, sets); err != nil {
		b.Fatal(err)
	}
	if err := l.ObserveList("pods", 1, pods); err != nil {
		b.Fatal(err)
	}
	for l.Work(start) {
	}
	events := make([]api.WatchEvent, b.N)
	for n := range events {
		pod := *pods[n*7%len(pods)].(*corev1.Pod)
		pod.ResourceVersion = fmt.Sprint(n + 2)
		events[n] = api.WatchEvent{Type: watch.Modified, Object: &pod}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, event := range events {
		if err := l.Observe("pods", event); err != nil {
			b.Fatal(err)
		}
		if !l.Work(start) {
			b.Fatal("nothing to do")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}
