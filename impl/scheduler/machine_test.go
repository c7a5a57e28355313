package scheduler_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/scheduler"
)

// Goal: preemption keeps rows 50 and 52 to 54 whatever is late, lost or lands late. Method: pods of three priorities on two nodes, a kubelet that
// lets what is being deleted go, and an owner who makes another pod in the place of each that was; the steps and fates are drawn. Once faults
// have ended, the scheduler must come to rest however often the owner makes the victims anew.

// cores is what each node has; a pod asks for 1 to 3 of them, and is of a priority of 0 to 2.
const cores = 4

// rounds is how often the owner may make pods anew, once faults have ended: for each pod that waits, each other one may have to go once.
const rounds = 100

type arena struct {
	t    *rapid.T
	api  *controltest.API
	proc *controltest.Process
	made int
	// promised are the pods, by UID and node, to which that node was promised in the store at some time, and of what priority they
	// are; but for those that may not preempt.
	promised map[string]int32
	// said is what the scheduler last wanted to write into each pod's status as the node that is promised to it, and unsaid how much of what it
	// wanted to write there was not carried out.
	said   map[types.UID]string
	unsaid map[types.UID]int
	// placed are the pods for which a bind was sent: it may be elsewhere, and then the node that was promised is not needed any more.
	placed map[types.UID]bool
	// decided are the binds and deletions that were sent, by name and version of the pod: what is sent again was decided before.
	decided map[string]bool
}

func newArena(t *rapid.T) *arena {
	a := &arena{
		t: t, api: controltest.NewAPI(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), promised: map[string]int32{},
		said: map[types.UID]string{}, unsaid: map[types.UID]int{}, placed: map[types.UID]bool{}, decided: map[string]bool{},
	}
	for _, name := range []string{"n0", "n1"} {
		a.do(api.Create, "nodes", name, &corev1.Node{Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{"cpu": *resource.NewQuantity(cores, resource.DecimalSI), "pods": resource.MustParse("20")}}})
	}
	a.proc = &controltest.Process{API: a.api, Component: func() control.Component { return scheduler.New() }, Sent: a.sent, Carried: a.carried}
	a.proc.Start()
	return a
}

func (a *arena) do(verb api.Verb, resource, name string, obj api.Object) {
	r, _ := api.ByName(resource)
	req := api.Request{Verb: verb, Resource: r, Name: name, Object: obj}
	if r.Namespaced {
		req.Namespace = "default"
	}
	if verb == api.Delete {
		req.Delete = &metav1.DeleteOptions{}
	}
	a.api.Must(req)
}

// remove is what a kubelet does when the pod's containers have ended.
func (a *arena) remove(pod *corev1.Pod) {
	r, _ := api.ByName("pods")
	a.api.Must(api.Request{Verb: api.Delete, Resource: r, Namespace: "default", Name: pod.Name, Delete: &metav1.DeleteOptions{GracePeriodSeconds: new(int64)}})
}

// create makes a pod whose name nobody else has had.
func (a *arena) create(cpu int64, priority int32, policy *corev1.PreemptionPolicy) {
	a.made++
	pod := &corev1.Pod{Spec: corev1.PodSpec{SchedulerName: corev1.DefaultSchedulerName, Priority: &priority, PreemptionPolicy: policy, Containers: []corev1.Container{{
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": *resource.NewQuantity(cpu, resource.DecimalSI)}},
	}}}}
	a.do(api.Create, "pods", fmt.Sprintf("p%d", a.made), pod)
}

func (a *arena) pods() (pods []*corev1.Pod) {
	r, _ := api.ByName("pods")
	_, objects := a.api.List(r)
	for _, obj := range objects {
		pods = append(pods, obj.(*corev1.Pod))
	}
	return pods
}

func (a *arena) pod(name string) *corev1.Pod {
	pods := a.pods()
	if i := slices.IndexFunc(pods, func(p *corev1.Pod) bool { return p.Name == name }); i >= 0 {
		return pods[i]
	}
	return nil
}

func asks(pod *corev1.Pod) int64 { return pod.Spec.Containers[0].Resources.Requests.Cpu().Value() }

// used is what the pods on a node ask for that are of at least some priority.
func (a *arena) used(node string, least int32) (sum int64) {
	for _, pod := range a.pods() {
		if pod.Spec.NodeName == node && *pod.Spec.Priority >= least {
			sum += asks(pod)
		}
	}
	return sum
}

// sent judges what is decided.
func (a *arena) sent(e control.Effect) {
	a.look()
	r := e.Request
	if r.Resource.Name != "pods" {
		return
	}
	switch pod := a.pod(r.Name); {
	case r.Subresource == "status":
		told := r.Object.(*corev1.Pod)
		a.said[told.UID] = told.Status.NominatedNodeName
		a.unsaid[told.UID]++
	case pod == nil: // its user has deleted it
	case r.Subresource == "binding" && a.first(r.Name, r.Object.(*corev1.Binding).ResourceVersion):
		a.bound(pod, r.Object.(*corev1.Binding).Target.Name)
		a.placed[pod.UID] = true
	case r.Verb == api.Delete && a.first(r.Name, *r.Delete.Preconditions.ResourceVersion):
		a.preempted(pod)
	}
}

func (a *arena) first(name, version string) bool {
	key := name + "/" + version
	defer func() { a.decided[key] = true }()
	return !a.decided[key]
}

// bound judges row 53: the pod fits beside those to which the node is promised, and that it does not go before.
func (a *arena) bound(pod *corev1.Pod, node string) {
	sum := a.used(node, 0) + asks(pod)
	for _, other := range a.pods() {
		// Of others it may be that the scheduler knows already, or does not know yet, that nothing is promised to them any more.
		certain := a.said[other.UID] == node && a.unsaid[other.UID] == 0 && !a.placed[other.UID]
		if other != pod && certain && other.Spec.NodeName == "" && other.Status.NominatedNodeName == node && *other.Spec.Priority >= *pod.Spec.Priority {
			sum += asks(other)
		}
	}
	require.LessOrEqual(a.t, sum, int64(cores), "%s is to be put on %s, of which others were promised their part", pod.Name, node)
}

// preempted judges row 52, and that the node was promised first: to a pod of a higher priority, which has no node.
func (a *arena) preempted(pod *corev1.Pod) {
	has := map[types.UID]bool{}
	for _, other := range a.pods() {
		has[other.UID] = other.Spec.NodeName != ""
	}
	for uid, node := range a.said {
		if priority, ok := a.promised[string(uid)+"/"+node]; ok && node == pod.Spec.NodeName && priority > *pod.Spec.Priority && !has[uid] {
			return
		}
	}
	a.t.Fatalf("%s of priority %d is to be deleted on %s, which is promised to nobody of a higher one", pod.Name, *pod.Spec.Priority, pod.Spec.NodeName)
}

// carried is told what the API is about to be asked.
func (a *arena) carried(e control.Effect) {
	a.look()
	if e.Request.Resource.Name == "pods" && e.Request.Subresource == "status" {
		a.unsaid[e.Request.Object.(*corev1.Pod).UID]--
	}
}

// look judges row 50, and remembers to whom nodes are promised.
func (a *arena) look() {
	for _, node := range []string{"n0", "n1"} {
		require.LessOrEqual(a.t, a.used(node, 0), int64(cores), "%s is asked for too much", node)
	}
	for _, pod := range a.pods() {
		if node := pod.Status.NominatedNodeName; node != "" && pod.Spec.PreemptionPolicy == nil {
			a.promised[string(pod.UID)+"/"+node] = *pod.Spec.Priority
		}
	}
}

func (a *arena) step(choose controltest.Choose) {
	switch who := choose("who", 14); {
	case who < 2:
		var policy *corev1.PreemptionPolicy
		if never := corev1.PreemptNever; choose("never", 6) == 5 {
			policy = &never
		}
		a.create(int64(1+choose("cpu", 3)), int32(choose("priority", 3)), policy)
	case who == 2:
		if pods := a.pods(); len(pods) > 0 {
			a.do(api.Delete, "pods", pods[choose("pod", len(pods))].Name, nil)
		}
	case who < 5:
		a.leave(choose)
	case who == 5:
		if a.proc.Flying() == 0 && len(a.proc.Late) == 0 {
			a.proc.Start() // a bind that outlives its scheduler is seen by its successor too late, and nothing prevents it
		}
	default:
		a.proc.Step(choose, true)
	}
	a.look()
}

// leave has the kubelet remove one of the pods that are being deleted, and the owner make another; false: none is.
func (a *arena) leave(choose controltest.Choose) bool {
	leaving := slices.DeleteFunc(a.pods(), func(p *corev1.Pod) bool { return p.DeletionTimestamp == nil })
	if len(leaving) == 0 {
		return false
	}
	pod := leaving[choose("leaving", len(leaving))]
	a.remove(pod)
	a.create(asks(pod), *pod.Spec.Priority, pod.Spec.PreemptionPolicy)
	return true
}

// rest ends all faults, and judges rows 51 and 54.
func (a *arena) rest() {
	for round := 0; ; round++ {
		a.proc.Settle(time.Minute)
		a.look()
		if !a.leave(func(string, int) int { return 0 }) {
			break
		}
		require.Less(a.t, round, rounds, "pods are deleted for others again and again")
	}
	for _, pod := range a.pods() {
		if pod.Spec.NodeName != "" {
			continue
		}
		require.Empty(a.t, pod.Status.NominatedNodeName, "%s waits for ever for the node that was promised to it", pod.Name)
		least := *pod.Spec.Priority
		if pod.Spec.PreemptionPolicy != nil {
			least = 0
		}
		for _, node := range []string{"n0", "n1"} {
			require.Greater(a.t, a.used(node, least)+asks(pod), int64(cores), "%s of priority %d waits, and %s would have room for it", pod.Name, *pod.Spec.Priority, node)
		}
	}
}

func TestPreemption(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newArena(t)
		choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		for range rapid.IntRange(10, 200).Draw(t, "steps") {
			a.step(choose)
		}
		a.rest()
	})
}
