package control_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/control/controltest"
	"orrery/impl/controller/replication"
)

// Goal: whatever the order of observation, work and answers, and whatever becomes of the effects, a controller on the
// loop never creates a pod too many, and once faults end it reaches exactly the number wanted and stays.
// Method: the replication controller in a small world, its steps and fates drawn; the store is looked at after each.

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// seeds is how many runs every test makes that draws from seeds.
const seeds = 30

// most is the most replicas that are ever wanted.
const most = 3

// world is one run.
type world struct {
	api  *controltest.API
	proc *controltest.Process
	// owners are the UIDs of the ReplicaSets, of "web" first.
	owners []types.UID
	// spare is how many pods more than most there may be. An orphan may come while as many pods of its own are under way;
	// and of creates that were under way when the process was killed, its successor may not choose the names again,
	// because names of deleted pods are free for it.
	spare int
}

// wrap makes a mutant of the component; nil: the real one.
var wrap func(control.Component) control.Component

func component() control.Component {
	if wrap != nil {
		return wrap(replication.ReplicaSets())
	}
	return replication.ReplicaSets()
}

func newWorld(made func(*control.Loop)) *world {
	w := &world{api: controltest.NewAPI(start)}
	w.own("web", most)
	w.proc = &controltest.Process{API: w.api, Component: component, Made: made}
	w.proc.Start()
	return w
}

// own makes a ReplicaSet.
func (w *world) own(name string, replicas int32) {
	w.owners = append(w.owners, w.api.Must(request(api.Create, "replicasets", name, replicaSetOf(replicas))).GetUID())
}

func request(verb api.Verb, resource, name string, obj api.Object) api.Request {
	r, _ := api.ByName(resource)
	req := api.Request{Verb: verb, Resource: r, Name: name}
	if r.Namespaced {
		req.Namespace = "default"
	}
	if obj != nil {
		req.Object = obj
	}
	return req
}

func replicaSetOf(replicas int32) *appsv1.ReplicaSet {
	labels := map[string]string{"app": "web"}
	return &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{
		Replicas: &replicas,
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}},
	}}
}

// step is one thing that the process, a user or a kubelet does.
func (w *world) step(choose controltest.Choose) {
	switch choose("who", 16) {
	case 0:
		w.user(choose)
	case 1:
		w.kubelet(choose)
	default:
		w.proc.Step(choose, true)
	}
	if w.owned() <= most && w.underWay() == 0 && w.orphans() == 0 && len(w.proc.Behind()) == 0 {
		w.spare = 0
	}
}

func (w *world) user(choose controltest.Choose) {
	switch choose("user", 6) {
	case 0:
		replicas := int32(choose("replicas", most+1))
		w.scale(replicas)
	case 1:
		w.spare += w.underWay()
		w.proc.Start()
	case 2:
		for _, s := range w.proc.Loop.Component().Sources() {
			w.proc.Relist(s)
		}
	case 3:
		if pod := w.pod(choose); pod != nil {
			w.remove(request(api.Delete, "pods", pod.Name, nil))
		}
	case 4:
		name := fmt.Sprintf("orphan-%d", choose("orphan", 2))
		if _, err := w.api.Do(request(api.Create, "pods", name, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}}})); err == nil {
			w.spare++
		}
	case 5:
		if pod := w.pod(choose); pod != nil {
			stray := pod.DeepCopy()
			stray.Labels = map[string]string{"app": "stray"}
			w.api.Must(request(api.Update, "pods", pod.Name, stray))
		}
	}
}

// underWay counts the effects that have left and may still happen.
func (w *world) underWay() int { return w.proc.Flying() + len(w.proc.Late) }

// orphans counts the pods that may be adopted.
func (w *world) orphans() (n int) {
	r, _ := api.ByName("pods")
	_, pods := w.api.List(r)
	for _, pod := range pods {
		if metav1.GetControllerOf(pod) == nil && counts(pod.(*corev1.Pod)) {
			n++
		}
	}
	return n
}

// counts: the pod is one of those that there have to be so many of.
func counts(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded && pod.Labels["app"] == "web"
}

func (w *world) scale(replicas int32) {
	rs := w.api.Must(request(api.Get, "replicasets", "web", nil)).(*appsv1.ReplicaSet).DeepCopy()
	rs.Spec.Replicas = &replicas
	w.api.Must(request(api.Update, "replicasets", "web", rs))
}

// kubelet gives a pod a node, makes it ready, ends it, or removes it after its deletion.
func (w *world) kubelet(choose controltest.Choose) {
	pod := w.pod(choose)
	if pod == nil {
		return
	}
	pod = pod.DeepCopy()
	switch what := choose("kubelet", 4); {
	case pod.DeletionTimestamp != nil:
		zero := int64(0)
		req := request(api.Delete, "pods", pod.Name, nil)
		req.Delete = &metav1.DeleteOptions{GracePeriodSeconds: &zero}
		w.remove(req)
	case pod.Spec.NodeName == "":
		pod.Spec.NodeName = fmt.Sprintf("node-%d", choose("node", 2))
		w.api.Must(request(api.Update, "pods", pod.Name, pod))
	case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded: // for ever
	default:
		pod.Status.Phase = corev1.PodRunning
		if what == 0 {
			pod.Status.Phase = corev1.PodFailed
		}
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(w.api.Now)}}
		req := request(api.Update, "pods", pod.Name, pod)
		req.Subresource = "status"
		w.api.Must(req)
	}
}

// remove deletes a pod; what is late of its name has happened before or never will. (A create that lands after its name
// has been created by the repeat, seen and deleted again makes a pod too many, and no client could prevent it.)
func (w *world) remove(req api.Request) {
	w.api.Must(req)
	kept := w.proc.Late[:0]
	for _, e := range w.proc.Late {
		if e.Request.Name != req.Name {
			kept = append(kept, e)
		}
	}
	w.proc.Late = kept
}

func (w *world) pod(choose controltest.Choose) *corev1.Pod {
	r, _ := api.ByName("pods")
	if _, pods := w.api.List(r); len(pods) > 0 {
		return pods[choose("pod", len(pods))].(*corev1.Pod)
	}
	return nil
}

// owned counts the active pods in the store of the owner that has the most.
func (w *world) owned() (n int) {
	for _, owner := range w.owners {
		n = max(n, w.ownedBy(owner))
	}
	return n
}

func (w *world) ownedBy(owner types.UID) (n int) {
	r, _ := api.ByName("pods")
	_, pods := w.api.List(r)
	for _, obj := range pods {
		if ref := metav1.GetControllerOf(obj); ref != nil && ref.UID == owner && counts(obj.(*corev1.Pod)) {
			n++
		}
	}
	return n
}

// violation says what is wrong in the store; "" is nothing.
func (w *world) violation() string {
	if n := w.owned(); n > most+w.spare {
		return fmt.Sprintf("%d pods where at most %d were ever wanted", n, most+w.spare)
	}
	return ""
}

func TestNeverTooManyAndFinallyExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		w := newWorld(nil)
		for range rapid.IntRange(10, 300).Draw(t, "steps") {
			w.step(choose)
			require.Empty(t, w.violation())
		}
		w.settle()
		rs := w.api.Must(request(api.Get, "replicasets", "web", nil)).(*appsv1.ReplicaSet)
		require.Equal(t, int(*rs.Spec.Replicas), w.owned(), "after faults end: wants %v", w.proc.Loop.Wants())
		require.Equal(t, *rs.Spec.Replicas, rs.Status.Replicas)
		require.Equal(t, rs.Generation, rs.Status.ObservedGeneration)
		require.Empty(t, w.proc.Loop.Wants())
		r, _ := api.ByName("pods")
		before, _ := w.api.List(r)
		w.proc.Settle(time.Hour)
		after, _ := w.api.List(r)
		require.Equal(t, before, after, "it stays")
	})
}

func (w *world) settle() { w.proc.Settle(time.Minute) }

// seeded runs one world from a seed, and returns what it violated and a hash of all that was said.
func seeded(seed uint64, made func(*control.Loop)) (violation string, hash uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(made)
	for range 400 {
		w.step(func(_ string, n int) int { return random.IntN(n) })
		if v := w.violation(); v != "" {
			return v, w.proc.Hash
		}
	}
	w.settle()
	return "", w.proc.Hash
}

func TestSameSeedSameTrace(t *testing.T) {
	for seed := range uint64(seeds) {
		violation, first := seeded(seed, nil)
		require.Empty(t, violation, "seed %d", seed)
		_, second := seeded(seed, nil)
		require.Equal(t, first, second, "seed %d", seed)
	}
}

// fresh is the controller with names as a server would choose them: never the same twice.
type fresh struct {
	control.Component
	made *int
}

func (f fresh) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := f.Component.Reconcile(v, now, key)
	for _, batch := range plan.Batches {
		for i := range batch {
			if r := batch[i].Request; r.Verb == api.Create && r.Resource.Name == "pods" {
				*f.made++
				pod := r.Object.(*corev1.Pod)
				pod.Name = fmt.Sprintf("web-%d", *f.made)
				r.Name = pod.Name
			}
		}
	}
	return plan
}

// The ledger and the names that follow from the situation are each there for a reason: without either, the test above
// would see too many pods.
func TestMutants(t *testing.T) {
	for _, mutant := range []struct {
		name  string
		fresh bool
		made  func(*control.Loop)
	}{
		{"neither ledger nor names by rule", true, control.Blind},
		{"ledger, but names by chance", true, nil},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			caught := 0
			for seed := range uint64(seeds) {
				wrap = func(c control.Component) control.Component { return fresh{c, new(int)} }
				violation, _ := seeded(seed, mutant.made)
				wrap = nil
				if violation != "" {
					caught++
				}
			}
			t.Logf("%d of %d seeds create too many", caught, seeds)
			require.NotZero(t, caught)
		})
	}
}

// Goal: a pod wakes the owner that counts it, which is the one of its reference's UID, whatever name that reference has.
// Method: a pod with the UID of one and the name of another is deleted once all is as wanted.
func TestOwnerIsFoundByUID(t *testing.T) {
	w := newWorld(nil)
	w.own("rival", 1)
	yes := true
	w.api.Must(request(api.Create, "pods", "odd", &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Labels:          map[string]string{"app": "web"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "rival", UID: w.owners[0], Controller: &yes}},
	}}))
	w.settle()
	require.Equal(t, most, w.ownedBy(w.owners[0]))
	w.api.Must(request(api.Delete, "pods", "odd", nil))
	w.settle()
	require.Equal(t, most, w.ownedBy(w.owners[0]))
}
