package control_test

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/scheduler"
)

// schedule is the [property] of FuzzScheduler.
func schedule(data []byte, bug *bug) (violation string, hash uint64) {
	in := &input{data}
	w := newBindWorld(nil)
	w.most = 1 + in.choose("most", 20) // few, so that there is room in the end
	for i := range in.choose("litter", mostLitter+1) {
		w.litter(i, in.choose)
	}
	w.proc.Component = func() control.Component { return bug.plant(scheduler.New()) }
	w.proc.Made = bug.made()
	w.proc.Start()
	now := w.look()
	for in.more() {
		if in.choose("disturb", 6) == 0 {
			w.disturb(in.choose)
		} else {
			w.step(in.choose)
		}
		before := now
		if now = w.look(); now.worse(before) != "" {
			return now.worse(before), w.proc.Hash
		}
	}
	w.proc.Settle(time.Minute)
	if left := w.left(); left != "" {
		return left, w.proc.Hash
	}
	for i := range 3 {
		w.open(fmt.Sprintf("n%d", i))
	}
	w.proc.Settle(time.Minute)
	return w.look().worse(now) + w.left(), w.proc.Hash
}

// litter makes a pod as the scheduler may find it: bound where it fits, where it does not or to no node at all, ended,
// terminating, of another scheduler's.
func (w *bindWorld) litter(i int, choose controltest.Choose) {
	name := fmt.Sprintf("litter-%d", i)
	pod := podOf(1+choose("cpu", 3), choose("apart", 3) == 0)
	if choose("bound", 2) == 0 {
		pod.Spec.NodeName = fmt.Sprintf("n%d", choose("node", 4)) // there is no n3
	}
	if choose("other", 4) == 0 {
		pod.Spec.SchedulerName = "another"
	}
	if choose("terminating", 5) == 0 {
		pod.DeletionTimestamp = &metav1.Time{Time: start}
	}
	w.api.Must(request(api.Create, "pods", name, pod))
	if choose("ended", 4) == 0 {
		w.end(name)
	}
}

func (w *bindWorld) end(name string) {
	pod := w.api.Must(request(api.Get, "pods", name, nil)).(*corev1.Pod).DeepCopy()
	pod.Status.Phase = corev1.PodSucceeded
	req := request(api.Update, "pods", name, pod)
	req.Subresource = "status"
	w.api.Must(req)
}

// disturb lets a node be closed or opened, go or come again; lets a pod come that keeps apart from its like; or lets one
// that is bound end.
func (w *bindWorld) disturb(choose controltest.Choose) {
	switch kind := choose("kind", 4); kind {
	case 0, 1:
		name := fmt.Sprintf("n%d", choose("node", 3))
		switch node := w.node(name); {
		case node == nil || node.Spec.Unschedulable:
			w.open(name)
		case kind == 0:
			w.api.Must(request(api.Delete, "nodes", name, nil))
		default:
			node.Spec.Unschedulable = true
			w.api.Must(request(api.Update, "nodes", name, node))
		}
	case 2:
		if w.pods == w.most {
			return
		}
		w.pods++
		w.api.Must(request(api.Create, "pods", fmt.Sprintf("p%d", w.pods), podOf(1, true)))
	case 3:
		if pods := w.list(); len(pods) > 0 {
			if pod := pods[choose("pod", len(pods))]; pod.Spec.NodeName != "" {
				w.end(pod.Name)
			}
		}
	}
}

// open lets a node that has gone come again, and one that is closed be open.
func (w *bindWorld) open(name string) {
	node := w.node(name)
	if node == nil {
		w.api.Must(request(api.Create, "nodes", name, nodeOf(name)))
		return
	}
	node.Spec.Unschedulable = false
	w.api.Must(request(api.Update, "nodes", name, node))
}

func (w *bindWorld) node(name string) *corev1.Node {
	obj, err := w.api.Do(request(api.Get, "nodes", name, nil))
	if err != nil {
		return nil
	}
	return obj.(*corev1.Node).DeepCopy()
}

// moment is what a step is judged by.
type moment struct {
	used, apart map[string]int64
	pods        []*corev1.Pod
	byUID       map[types.UID]*corev1.Pod
}

func (w *bindWorld) look() moment {
	m := moment{w.used(), w.apart(), w.list(), map[types.UID]*corev1.Pod{}}
	for _, pod := range m.pods {
		m.byUID[pod.UID] = pod
	}
	return m
}

// worse says what a step has made worse. What was wrong before it is not the scheduler's fault.
func (now moment) worse(before moment) string {
	for _, pod := range now.pods {
		if old := before.byUID[pod.UID]; old != nil && !waits(old) && pod.Spec.NodeName != old.Spec.NodeName {
			return fmt.Sprintf("%s was not to be bound", pod.Name)
		}
	}
	for _, node := range []string{"n0", "n1", "n2", "n3"} {
		if n := now.used[node]; n > cores && n > before.used[node] {
			return fmt.Sprintf("%s has %d cores and is asked for %d", node, cores, n)
		}
		if n := now.apart[node]; n > 1 && n > before.apart[node] {
			return fmt.Sprintf("%s has %d pods that keep apart", node, n)
		}
	}
	return ""
}
