package node_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/node"
)

// renewal is how often a kubelet renews its lease.
const renewal = 10 * time.Second

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// world is an API, the controller, and kubelets that renew leases, say that they and their pods are ready, and remove pods that are being
// deleted, as long as they are linked.
type world struct {
	api     *controltest.API
	proc    *controltest.Process
	config  node.Config
	names   []string
	linked  map[string]bool
	renewed map[string]time.Time // when a linked kubelet last renewed its lease

	// What is so in truth: when a node's lease or status was last renewed, and since when it has which NoExecute taint.
	lease, status map[string]time.Time
	held          map[string]map[string]time.Time
}

func newWorld(config node.Config, names ...string) *world {
	w := &world{api: controltest.NewAPI(start), config: config, names: names, linked: map[string]bool{}, renewed: map[string]time.Time{},
		lease: map[string]time.Time{}, status: map[string]time.Time{}, held: map[string]map[string]time.Time{}}
	w.proc = &controltest.Process{API: w.api, Component: func() control.Component { return node.New(config) }}
	return w
}

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic(name)
	}
	return r
}

func (w *world) do(verb api.Verb, kind, namespace, name, subresource string, obj api.Object) (api.Object, error) {
	made, err := w.api.Do(api.Request{Verb: verb, Resource: resource(kind), Namespace: namespace, Name: name, Subresource: subresource, Object: obj})
	w.look()
	return made, err
}

// look keeps the truth about taints.
func (w *world) look() {
	for _, name := range w.names {
		has := map[string]time.Time{}
		if n := w.node(name); n != nil {
			for _, t := range n.Spec.Taints {
				if t.Effect == corev1.TaintEffectNoExecute {
					key := string(n.UID) + t.Key + t.Value
					if has[key] = w.api.Now; !w.held[name][key].IsZero() {
						has[key] = w.held[name][key]
					}
				}
			}
		}
		w.held[name] = has
	}
}

func (w *world) node(name string) *corev1.Node {
	obj, _ := w.api.Do(api.Request{Verb: api.Get, Resource: resource("nodes"), Name: name})
	n, _ := obj.(*corev1.Node)
	return n
}

func (w *world) pods() (all []*corev1.Pod) {
	_, objects := w.api.List(resource("pods"))
	for _, obj := range objects {
		all = append(all, obj.(*corev1.Pod))
	}
	return all
}

// register makes a node, ready and linked.
func (w *world) register(name string, labels map[string]string) {
	if _, err := w.do(api.Create, "nodes", "", name, "", &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: labels}}); err != nil {
		return
	}
	w.linked[name] = true
	w.status[name] = w.api.Now
	w.report(name, corev1.ConditionTrue)
	w.renew(name)
}

// report has a kubelet say whether its node is ready.
func (w *world) report(name string, ready corev1.ConditionStatus) {
	n := w.node(name).DeepCopy()
	at := metav1.NewTime(w.api.Now.Truncate(time.Second))
	c := corev1.NodeCondition{Type: corev1.NodeReady, Status: ready, LastHeartbeatTime: at, LastTransitionTime: at}
	n.Status.Conditions = []corev1.NodeCondition{c}
	if _, err := w.do(api.Update, "nodes", "", name, "status", n); err == nil {
		w.status[name] = w.api.Now
	}
}

func (w *world) renew(name string) {
	at := metav1.NewMicroTime(w.api.Now)
	lease := &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &name, RenewTime: &at}}
	if made, err := w.do(api.Get, "leases", corev1.NamespaceNodeLease, name, "", nil); err == nil {
		lease = made.DeepCopyObject().(*coordinationv1.Lease)
		lease.Spec.RenewTime = &at
		_, _ = w.do(api.Update, "leases", corev1.NamespaceNodeLease, name, "", lease)
	} else {
		_, _ = w.do(api.Create, "leases", corev1.NamespaceNodeLease, name, "", lease)
	}
	w.renewed[name], w.lease[name] = w.api.Now, w.api.Now
}

// bind makes a pod that runs on a node and is ready.
func (w *world) bind(name, on string, tolerations ...corev1.Toleration) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{NodeName: on, Tolerations: tolerations}}
	made, err := w.do(api.Create, "pods", "d", name, "", pod)
	if err != nil {
		return
	}
	w.readiness(made.(*corev1.Pod), corev1.ConditionTrue)
}

func (w *world) readiness(pod *corev1.Pod, ready corev1.ConditionStatus) {
	pod = pod.DeepCopy()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	_, _ = w.do(api.Update, "pods", "d", pod.Name, "status", pod)
}

// taint gives a node a taint, or takes it; it says when, to the second, as kubectl does not.
func (w *world) taint(name, key string, effect corev1.TaintEffect, put bool) {
	n := w.node(name)
	if n == nil {
		return
	}
	n = n.DeepCopy()
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == key && t.Effect == effect })
	if put {
		at := metav1.NewTime(w.api.Now)
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: effect, TimeAdded: &at})
	}
	_, _ = w.do(api.Update, "nodes", "", name, "", n)
}

func (w *world) delete(kind, namespace, name string, grace *int64) {
	_, _ = w.api.Do(api.Request{Verb: api.Delete, Resource: resource(kind), Namespace: namespace, Name: name, Delete: &metav1.DeleteOptions{GracePeriodSeconds: grace}})
	w.look()
}

// kubelets do what linked kubelets have to do now, and say when the next has to renew its lease.
func (w *world) kubelets() (next time.Time) {
	for _, name := range w.names {
		n := w.node(name)
		if n == nil || !w.linked[name] {
			continue
		}
		if !w.renewed[name].Add(renewal).After(w.api.Now) {
			w.renew(name)
		}
		if ready := n.Status.Conditions; len(ready) == 0 || ready[0].Status == corev1.ConditionUnknown {
			w.report(name, corev1.ConditionTrue)
		}
		if at := w.renewed[name].Add(renewal); next.IsZero() || at.Before(next) {
			next = at
		}
		for _, pod := range w.pods() {
			if pod.Spec.NodeName != name {
				continue
			}
			if pod.DeletionTimestamp != nil {
				w.delete("pods", "d", pod.Name, new(int64))
			} else if len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status != corev1.ConditionTrue {
				w.readiness(pod, corev1.ConditionTrue)
			}
		}
	}
	return next
}

// pass lets time go on to when something is due, at most to end.
func (w *world) pass(end time.Time) {
	w.look() // what the controller has written since counts from now
	at := end
	if due, ok := w.proc.Loop.Due(); ok && due.Before(at) {
		at = due
	}
	if next := w.kubelets(); !next.IsZero() && next.Before(at) {
		at = next
	}
	if at.After(w.api.Now) {
		w.api.Now = at
	}
	w.kubelets()
}

// rest lets everything be done that can be done now; false: there is no end of it.
func (w *world) rest() bool {
	first := func(string, int) int { return 0 }
	for range 1000 {
		switch {
		case w.proc.Observe(first), w.proc.Work():
		case w.proc.Flying() > 0:
			w.proc.Perform(0, controltest.Answered)
		default:
			return true
		}
	}
	return false
}

// words are what is there.
func (w *world) words() string {
	var b strings.Builder
	for _, name := range w.names {
		n := w.node(name)
		if n == nil {
			fmt.Fprintf(&b, "%s: none\n", name)
			continue
		}
		fmt.Fprintf(&b, "%s: %s", name, ready(n))
		for _, t := range n.Spec.Taints {
			fmt.Fprintf(&b, " %s:%s", strings.TrimPrefix(t.Key, "node.kubernetes.io/"), t.Effect)
		}
		b.WriteString("\n")
	}
	for _, pod := range w.pods() {
		fmt.Fprintf(&b, "%s on %s:", pod.Name, pod.Spec.NodeName)
		if len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue {
			b.WriteString(" ready")
		}
		if pod.DeletionTimestamp != nil {
			b.WriteString(" being deleted")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// ready is the node's condition Ready.
func ready(n *corev1.Node) corev1.ConditionStatus {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status
		}
	}
	return corev1.ConditionFalse
}
