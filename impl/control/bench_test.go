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

// BenchmarkStep is one event of one pod among so many, and the decision that follows from it.
func BenchmarkStep(b *testing.B) {
	for _, owners := range []int{10, 1000} {
		b.Run(fmt.Sprint("pods=", owners*podsEach), func(b *testing.B) { benchmarkStep(b, owners) })
	}
}

const podsEach = 3

func benchmarkStep(b *testing.B, owners int) {
	l := control.New(control.Config{Component: replication.ReplicaSets(), ID: "b"})
	var sets, pods []metav1.Object
	yes := true
	for i := range owners {
		rs := replicaSetOf(podsEach)
		rs.Namespace, rs.Name, rs.UID, rs.ResourceVersion = "d", fmt.Sprintf("web-%d", i), types.UID(fmt.Sprint(i)), "1"
		rs.Status.Replicas, rs.Status.FullyLabeledReplicas = podsEach, podsEach
		sets = append(sets, rs)
		for j := range podsEach {
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
	events := make([]api.WatchEvent, 1000)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += len(events) {
		b.StopTimer()
		for i := range events {
			pod := *pods[(done+i)*7%len(pods)].(*corev1.Pod)
			pod.ResourceVersion = fmt.Sprint(done + i + 2)
			events[i] = api.WatchEvent{Type: watch.Modified, Object: &pod}
		}
		b.StartTimer()
		for _, event := range events[:min(len(events), b.N-done)] {
			if err := l.Observe("pods", event); err != nil {
				b.Fatal(err)
			}
			if !l.Work(start) {
				b.Fatal("nothing to do")
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}
