package bench

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/pki"
	"orrery/impl/client"
	"orrery/impl/host"
)

// measureBind compares how fast the scheduler gives pods their nodes with binds by who decides nothing. The scheduler also writes an Event for each pod.
func measureBind(ctx context.Context, s Size, dir string, flags ...string) ([]Row, error) {
	return asked(ctx, dir, flags, func(p *pair, a *asker) ([]Row, error) {
		for i := range s.Nodes {
			if _, err := a.create(ctx, "nodes", exampleNode(i)); err != nil {
				return nil, err
			}
		}
		b := &binder{pair: p, asker: a, pods: s.Bound, nodes: s.Nodes}
		got, err := inTurns(ctx, s.Turns, b.decided, b.straight)
		if err != nil {
			return nil, err
		}
		return []Row{atLeast(fmt.Sprintf("%d pods onto %d nodes, of the rate of binds", s.Bound, s.Nodes), got.ratio, minLoopRate,
			fmt.Sprintf("%.0f/s of %.0f/s, %d at once; a pod took of the scheduler %.2f ms CPU", got.a, got.b, atOnce, 1000*b.spent/float64(b.done)))}, nil
	})
}

func exampleNode(i int) *corev1.Node {
	room := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"), corev1.ResourcePods: resource.MustParse("110")}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName(i), Labels: map[string]string{corev1.LabelHostname: nodeName(i), corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", i%3)}},
		Status: corev1.NodeStatus{Capacity: room, Allocatable: room,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

func nodeName(i int) string { return fmt.Sprintf("node-%03d", i) }

// binder has pods bound.
type binder struct {
	pair        *pair
	asker       *asker
	pods, nodes int

	turn, done int
	spent      float64 // by the scheduler, in seconds
}

// fill makes the pods, without nodes.
func (b *binder) fill(ctx context.Context) ([]*corev1.Pod, error) {
	b.turn++
	made := make(chan *corev1.Pod, b.pods)
	next := &loopless{asker: b.asker}
	_, err := rate(ctx, atOnce, b.pods, func(ctx context.Context, _ int) error {
		pod := next.pod(fmt.Sprintf("pod-%d-%d", b.turn, next.number.Add(1)))
		obj, err := b.asker.create(ctx, "pods", pod)
		if err != nil {
			return err
		}
		got, ok := obj.(*corev1.Pod)
		if !ok {
			return fmt.Errorf("the create of a pod was answered with %T", obj)
		}
		made <- got
		return nil
	})
	close(made)
	var all []*corev1.Pod
	for pod := range made {
		all = append(all, pod)
	}
	return all, err
}

// decided has the scheduler started where all pods wait, and tells how many it binds in a second from the first bind that a watch shows to the last.
func (b *binder) decided(ctx context.Context) (got float64, err error) {
	if _, err := b.fill(ctx); err != nil {
		return 0, err
	}
	stream, err := b.asker.watch(ctx, "owner=nobody")
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	scheduler, err := b.pair.component(host.Scheduler, pki.Scheduler)
	if err != nil {
		return 0, err
	}
	err = beside(ctx, scheduler, func(context.Context) error {
		took, err := readBound(stream, b.pods)
		if err != nil {
			return err
		}
		spent, err := cpuSeconds(scheduler.Pid())
		b.spent, b.done, got = b.spent+spent, b.done+b.pods, float64(b.pods-1)/took.Seconds()
		return err
	})
	if err != nil {
		return 0, err
	}
	return got, b.asker.clear(ctx)
}

// readBound reads until n pods have nodes, and returns how long that took from the first of them.
func readBound(stream client.Stream, n int) (time.Duration, error) {
	bound := map[string]bool{}
	var first time.Time
	for len(bound) < n {
		event, err := stream.Recv()
		if err != nil {
			return 0, fmt.Errorf("the watch ended after %d of %d pods were bound: %w", len(bound), n, err)
		}
		if pod, ok := event.Object.(*corev1.Pod); ok && pod.Spec.NodeName != "" {
			if len(bound) == 0 {
				first = time.Now()
			}
			bound[pod.Name] = true
		}
	}
	return time.Since(first), nil
}

// straight binds as many pods in turn to each node.
func (b *binder) straight(ctx context.Context) (float64, error) {
	all, err := b.fill(ctx)
	if err != nil {
		return 0, err
	}
	left := make(chan int, len(all))
	for i := range all {
		left <- i
	}
	got, err := rate(ctx, atOnce, len(all), func(ctx context.Context, _ int) error {
		i := <-left
		pod := all[i]
		_, err := b.asker.transport.Do(ctx, api.Request{Verb: api.Create, Resource: served("pods"), Namespace: pod.Namespace, Name: pod.Name, Subresource: "binding",
			Object: &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion},
				Target: corev1.ObjectReference{Kind: "Node", Name: nodeName(i % b.nodes)}}})
		return err
	})
	if err != nil {
		return 0, err
	}
	return got, b.asker.clear(ctx)
}
