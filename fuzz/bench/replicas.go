package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/pki"
	"orrery/impl/host"
)

// minLoopRate is the target of what a loop gets done, of what is done by who decides nothing.
const minLoopRate = 0.5

// measureReplicas compares how fast the pods of one owner come to be with creates of such pods by who decides nothing. Nobody else writes: there is no
// scheduler and no kubelet. The controllers run on one side only, so that what it costs to tell them of pods is theirs.
func measureReplicas(ctx context.Context, s Size, dir string, flags ...string) ([]Row, error) {
	return asked(ctx, dir, flags, func(p *pair, a *asker) ([]Row, error) {
		r := &replicas{pair: p, asker: a, n: s.Replicas}
		meter := &meter{names: []string{"API server", "etcd"}, pids: []int{p.apiserver.Pid(), p.etcd.Pid()}}
		straight := &loopless{asker: a, n: s.Replicas}
		got, err := inTurns(ctx, s.Turns, r.grow, meter.around(s.Replicas, straight.create))
		if err != nil {
			return nil, err
		}
		return []Row{atLeast(fmt.Sprintf("0 to %d replicas, of the rate of creates", s.Replicas), got.ratio, minLoopRate,
			fmt.Sprintf("%.0f/s of %.0f/s, %d at once; a pod took of the controllers %.2f ms CPU, a create of %v", got.a, got.b, atOnce, 1000*r.spent/float64(r.made), meter))}, nil
	})
}

// replicas has the controllers make pods.
type replicas struct {
	pair  *pair
	asker *asker
	n     int

	turn, made int
	spent      float64 // by the controllers, in seconds
}

// grow is one owner of n pods, from its creation until a watch has shown them all. The controllers have made another's only pod before, so that what
// is told is not how long it takes them to start.
func (r *replicas) grow(ctx context.Context) (got float64, err error) {
	controllers, err := r.pair.component(host.Controllers, pki.Controllers)
	if err != nil {
		return 0, err
	}
	r.turn++
	first, all := fmt.Sprintf("first-%d", r.turn), fmt.Sprintf("all-%d", r.turn)
	err = beside(ctx, controllers, func(ctx context.Context) error {
		if _, err := r.own(ctx, first, 1); err != nil {
			return err
		}
		before, err := cpuSeconds(controllers.Pid())
		if err != nil {
			return err
		}
		took, err := r.own(ctx, all, r.n)
		if err != nil {
			return err
		}
		after, err := cpuSeconds(controllers.Pid())
		r.spent, r.made, got = r.spent+after-before, r.made+r.n, float64(r.n)/took.Seconds()
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, name := range []string{first, all} {
		if err := r.disown(ctx, name); err != nil {
			return 0, err
		}
	}
	return got, r.asker.clear(ctx)
}

// own creates an owner and waits for its pods.
func (r *replicas) own(ctx context.Context, name string, n int) (time.Duration, error) {
	stream, err := r.asker.watch(ctx, "owner="+name)
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	labels := map[string]string{"owner": name}
	begun := time.Now()
	_, err = r.asker.create(ctx, "replicasets", &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.ReplicaSetSpec{Replicas: new(int32(n)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: examplePod().Spec}},
	})
	if err != nil {
		return 0, err
	}
	err = readAdded(stream, n)
	return time.Since(begun), err
}

// disown deletes an owner when nobody looks.
func (r *replicas) disown(ctx context.Context, name string) error {
	_, err := r.asker.transport.Do(ctx, api.Request{Verb: api.Delete, Resource: served("replicasets"), Namespace: namespace, Name: name})
	return err
}

// loopless creates pods as a loop does, without deciding anything.
type loopless struct {
	asker  *asker
	n      int
	number atomic.Int64
}

// create makes n pods as fast as can be.
func (l *loopless) create(ctx context.Context) (float64, error) {
	got, err := rate(ctx, atOnce, l.n, func(ctx context.Context, _ int) error {
		_, err := l.asker.create(ctx, "pods", l.pod(fmt.Sprintf("pod-%d", l.number.Add(1))))
		return err
	})
	if err != nil {
		return 0, err
	}
	return got, l.asker.clear(ctx)
}

// pod is one with the labels that those of an owner have.
func (l *loopless) pod(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"owner": "nobody"}}, Spec: examplePod().Spec}
}
