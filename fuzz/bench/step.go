package bench

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/replication"
)

// podsEach is how many pods each owner wants, and has.
const podsEach = 3

// stepping is a loop that runs the ReplicaSet controller alone, at rest.
type stepping struct {
	loop *control.Loop
	pods []metav1.Object
	now  time.Time
	done int
}

func newStepping(owners int) (*stepping, error) {
	s := &stepping{loop: control.New(control.Config{Component: replication.ReplicaSets(), ID: "bench"}), now: time.Unix(1_700_000_000, 0)}
	var sets []metav1.Object
	replicas, yes, labels := int32(podsEach), true, map[string]string{"app": "web"}
	for i := range owners {
		rs := &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: fmt.Sprint("web-", i), UID: types.UID(fmt.Sprint(i)), ResourceVersion: "1"},
			Spec: appsv1.ReplicaSetSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}}},
			Status: appsv1.ReplicaSetStatus{Replicas: replicas, FullyLabeledReplicas: replicas},
		}
		sets = append(sets, rs)
		for j := range podsEach {
			s.pods = append(s.pods, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: "d", Name: fmt.Sprintf("%s-%d", rs.Name, j), UID: types.UID(fmt.Sprint(i, "-", j)), ResourceVersion: "1", Labels: labels,
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: rs.Name, UID: rs.UID, Controller: &yes}},
			}})
		}
	}
	if err := s.loop.ObserveList("owners", 1, sets); err != nil {
		return nil, err
	}
	if err := s.loop.ObserveList("pods", 1, s.pods); err != nil {
		return nil, err
	}
	for s.loop.Work(s.now) {
	}
	return s, nil
}

// events are the next n: each a pod's.
func (s *stepping) events(n int) []api.WatchEvent {
	events := make([]api.WatchEvent, n)
	for i := range events {
		s.done++
		pod := *s.pods[s.done*7%len(s.pods)].(*corev1.Pod)
		pod.ResourceVersion = fmt.Sprint(s.done + 1)
		events[i] = api.WatchEvent{Type: watch.Modified, Object: &pod}
	}
	return events
}

// take takes two steps for each event: the loop observes it, and decides what follows.
func (s *stepping) take(events []api.WatchEvent) error {
	for _, event := range events {
		if err := s.loop.Observe("pods", event); err != nil {
			return err
		}
		if !s.loop.Work(s.now) {
			return fmt.Errorf("bench: the loop has nothing to decide after an event of %s", event.Object.(metav1.Object).GetName())
		}
	}
	return nil
}
