package scheduler_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/scheduler"
	"orrery/impl/trace"
)

// BenchmarkFill has 2,000 pods scheduled onto 100 nodes: each is decided on, bound, and seen to be so.
func BenchmarkFill(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fill(b, 100, 2000)
	}
}

func fill(b *testing.B, nodes, pods int) {
	loop := control.New(control.Config{Component: scheduler.New(), ID: "bench"})
	now, rv := time.Unix(1_700_000_000, 0), int64(1)
	meta := func(namespace, name string) metav1.ObjectMeta {
		rv++
		return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(name), ResourceVersion: strconv.FormatInt(rv, 10)}
	}
	var nodeList, podList []metav1.Object
	room := corev1.ResourceList{"cpu": resource.MustParse("8"), "memory": resource.MustParse("32Gi"), "pods": resource.MustParse("110")}
	for i := range nodes {
		nodeList = append(nodeList, &corev1.Node{ObjectMeta: meta("", fmt.Sprintf("node-%03d", i)), Status: corev1.NodeStatus{Allocatable: room}})
	}
	asks := corev1.ResourceList{"cpu": resource.MustParse("10m"), "memory": resource.MustParse("16Mi")}
	for i := range pods {
		podList = append(podList, &corev1.Pod{ObjectMeta: meta("d", fmt.Sprintf("pod-%d", i)), Spec: corev1.PodSpec{SchedulerName: corev1.DefaultSchedulerName,
			Containers: []corev1.Container{{Name: "web", Resources: corev1.ResourceRequirements{Requests: asks}}}}})
	}
	require.NoError(b, loop.ObserveList("namespaces", rv, nil))
	require.NoError(b, loop.ObserveList("nodes", rv, nodeList))
	require.NoError(b, loop.ObserveList("pods", rv, podList))
	bound := 0
	for loop.Work(now) {
		for e, ok := loop.Next(now); ok; e, ok = loop.Next(now) {
			answer := control.Answer{Outcome: trace.OK}
			if pod, ok := e.Expect.(*corev1.Pod); ok {
				rv++
				seen := *pod
				seen.ResourceVersion = strconv.FormatInt(rv, 10)
				answer.Object = &seen
				bound++
				loop.Done(now, e.ID, answer)
				require.NoError(b, loop.Observe("pods", api.WatchEvent{Type: watch.Modified, Object: &seen}))
				continue
			}
			loop.Done(now, e.ID, answer)
		}
	}
	require.Equal(b, pods, bound)
}
