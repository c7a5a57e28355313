package control_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/scheduler"
)

// Goal: at every revision, the requests of the pods bound to a node fit it (row 50), whatever becomes of the binds; and once
// faults end every pod that fits somewhere is bound (row 51). Method: as for replication.

// cores is what each of the nodes has, and what is asked for is 1, 2 or 3.
const cores = 4

type bindWorld struct {
	api  *controltest.API
	proc *controltest.Process
	pods int
	// most is the most pods that are ever made; 0: as many as may be.
	most int
}

func newBindWorld(made func(*control.Loop)) *bindWorld {
	w := &bindWorld{api: controltest.NewAPI(start)}
	for i := range 3 {
		name := fmt.Sprintf("n%d", i)
		w.api.Must(request(api.Create, "nodes", name, nodeOf(name)))
	}
	w.proc = &controltest.Process{API: w.api, Component: func() control.Component { return scheduler.New() }, Made: made}
	w.proc.Start()
	return w
}

func nodeOf(name string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{corev1.LabelHostname: name}},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
			"cpu": *resource.NewQuantity(cores, resource.DecimalSI), "pods": resource.MustParse("20"),
		}},
	}
}

// podOf is a pod that asks for so many cores, and that keeps, if it is to be apart, apart from its like.
func podOf(cpu int, apart bool) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{}}}
	pod.Spec.SchedulerName = corev1.DefaultSchedulerName
	pod.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
		"cpu": *resource.NewQuantity(int64(cpu), resource.DecimalSI),
	}}}}
	if apart {
		pod.Labels["apart"] = "yes"
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: pod.Labels},
			}},
		}}
	}
	return pod
}

func (w *bindWorld) step(choose controltest.Choose) {
	switch who := choose("who", 12); {
	case who < 2:
		if w.most > 0 && w.pods == w.most {
			return
		}
		w.pods++
		w.api.Must(request(api.Create, "pods", fmt.Sprintf("p%d", w.pods), podOf(1+choose("cpu", 3), false)))
	case who == 2:
		if pods := w.list(); len(pods) > 0 {
			req := request(api.Delete, "pods", pods[choose("pod", len(pods))].Name, nil)
			req.Delete = &metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
			w.api.Must(req)
		}
	case who == 3:
		if w.proc.Flying() == 0 && len(w.proc.Late) == 0 {
			w.proc.Start() // a bind that outlives its scheduler is seen by its successor too late, and nothing prevents it
		}
	default:
		w.proc.Step(choose, true)
	}
}

func (w *bindWorld) list() (pods []*corev1.Pod) {
	r, _ := api.ByName("pods")
	_, objects := w.api.List(r)
	for _, obj := range objects {
		pods = append(pods, obj.(*corev1.Pod))
	}
	return pods
}

// used is what is asked for per node; "" are the pods that wait.
func (w *bindWorld) used() map[string]int64 {
	used := map[string]int64{}
	for _, pod := range w.list() {
		if !ended(pod) {
			used[pod.Spec.NodeName] += asked(pod)
		}
	}
	return used
}

// apart is how many pods there are per node that keep apart from their like.
func (w *bindWorld) apart() map[string]int64 {
	apart := map[string]int64{}
	for _, pod := range w.list() {
		if !ended(pod) && pod.Labels["apart"] != "" {
			apart[pod.Spec.NodeName]++
		}
	}
	return apart
}

func asked(pod *corev1.Pod) int64 { return pod.Spec.Containers[0].Resources.Requests.Cpu().Value() }

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// waits: the pod is one that the scheduler has to bind.
func waits(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && !ended(pod) && pod.Spec.SchedulerName == corev1.DefaultSchedulerName
}

func (w *bindWorld) violation() string {
	for node, n := range w.used() {
		if node != "" && n > cores {
			return fmt.Sprintf("%s has %d cores and is asked for %d", node, cores, n)
		}
	}
	return ""
}

// left names a pod that waits though it fits.
func (w *bindWorld) left() string {
	used, apart := w.used(), w.apart()
	r, _ := api.ByName("nodes")
	_, nodes := w.api.List(r)
	for _, pod := range w.list() {
		for _, obj := range nodes {
			node := obj.(*corev1.Node)
			kept := pod.Labels["apart"] != "" && apart[node.Name] > 0
			if waits(pod) && !node.Spec.Unschedulable && !kept && used[node.Name]+asked(pod) <= cores {
				return fmt.Sprintf("%s waits for %d cores, and %s uses %d", pod.Name, asked(pod), node.Name, used[node.Name])
			}
		}
	}
	return ""
}

func TestNeverOvercommitted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newBindWorld(nil)
		choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			w.step(choose)
			require.Empty(t, w.violation())
		}
		w.proc.Settle(time.Minute)
		require.Empty(t, w.violation())
		require.Empty(t, w.left())
	})
}

func bindSeed(seed uint64, made func(*control.Loop)) (string, uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	w := newBindWorld(made)
	for range 200 {
		w.step(func(_ string, n int) int { return random.IntN(n) })
		if v := w.violation(); v != "" {
			return v, w.proc.Hash
		}
	}
	w.proc.Settle(time.Minute)
	return w.violation() + w.left(), w.proc.Hash
}

func TestNeverOvercommittedSeeds(t *testing.T) {
	for seed := range uint64(seeds) {
		violation, first := bindSeed(seed, nil)
		require.Empty(t, violation, "seed %d", seed)
		_, second := bindSeed(seed, nil)
		require.Equal(t, first, second, "seed %d", seed)
	}
}

func TestOvercommittedWithoutLedger(t *testing.T) {
	caught := 0
	for seed := range uint64(seeds) {
		if violation, _ := bindSeed(seed, control.Blind); violation != "" {
			caught++
		}
	}
	t.Logf("%d of %d seeds overcommit without the ledger", caught, seeds)
	require.NotZero(t, caught)
}
