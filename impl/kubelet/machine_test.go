package kubelet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/fake"
)

// Users create and delete pods of a few names, processes end, the kubelet is killed before and after any effect, the runtime
// goes away and comes back, power is lost: whatever happens, the laws below hold at every change of a container and at every
// write; and once it stops happening, the node comes to what is wanted, and stays. The law is named in each failure.
func TestKubeletUnderFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { underFaults(t, newWorld(), t) })
}

// underFaults drives one node by what is drawn of t.
func underFaults(t *rapid.T, w *world, complain fataler) {
	j := newJudge(complain, w)
	actions := map[string]func(*rapid.T){
		"create": func(t *rapid.T) {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			if w.pod(name) == nil {
				w.put("pods", drawPod(t, name))
			}
		},
		"delete": func(t *rapid.T) {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			grace := int64(rapid.IntRange(0, 8).Draw(t, "grace"))
			if pod := w.pod(name); pod != nil && grace == 0 {
				j.forced[string(pod.UID)] = true
			}
			w.remove(name, grace)
		},
		"": func(*rapid.T) { j.check() },
	}
	maps.Copy(actions, befalls(w))
	t.Repeat(actions)
	j.heal()
}

// befalls is what befalls any kubelet.
func befalls(w *world) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"work": func(*rapid.T) { w.settle() },
		"pass": func(t *rapid.T) {
			w.pass(time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second)
		},
		"crash":          func(t *rapid.T) { crashSoon(t, w) },
		"lose an answer": func(t *rapid.T) { loseSoon(t, w) },
		"toggle runtime": func(t *rapid.T) {
			w.machine.SetDown(rapid.Bool().Draw(t, "down"))
			w.relist()
		},
		"reboot": func(*rapid.T) {
			w.machine.Reboot()
			w.boot()
		},
	}
}

// crashSoon has the kubelet die before or after one of its next effects.
func crashSoon(t *rapid.T, w *world) {
	left, performs := rapid.IntRange(0, 30).Draw(t, "after"), rapid.Bool().Draw(t, "performs")
	w.before = func(control.Effect) (perform, crashes bool) {
		if left--; left > 0 {
			return true, false
		}
		w.before = nil
		return performs, true
	}
}

// loseSoon has the answer of one of the next calls to the runtime lost, and perhaps the call.
func loseSoon(t *rapid.T, w *world) {
	left, done := rapid.IntRange(1, 20).Draw(t, "after"), rapid.Bool().Draw(t, "done")
	w.machine.Fault = func(call string) (before, after error) {
		if left--; left != 0 {
			return nil, nil
		}
		lost := fmt.Errorf("%s: %w", call, runtime.ErrUnavailable)
		if done {
			return nil, lost
		}
		return lost, nil
	}
}

// drawPod draws one of the pods that differ in how they end.
func drawPod(t *rapid.T, name string) *corev1.Pod {
	programs := [][]string{{"run"}, {"ignore-term"}, {"exit", "0", "after", "3s"}, {"exit", "1", "after", "2s"}, {"run", "term-after", "2s"}, {"nonsense"}}
	container := func(name string) corev1.Container {
		c := corev1.Container{Name: name, Image: "img", ImagePullPolicy: corev1.PullIfNotPresent, Command: rapid.SampledFrom(programs).Draw(t, "program")}
		if rapid.IntRange(0, 3).Draw(t, "hook") == 3 {
			c.Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"hello"}}}}
		}
		return c
	}
	grace := int64(rapid.IntRange(1, 6).Draw(t, "specGrace"))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Generation: 1}, Status: corev1.PodStatus{Phase: corev1.PodPending}}
	pod.Spec = corev1.PodSpec{NodeName: "n1", TerminationGracePeriodSeconds: &grace,
		RestartPolicy: rapid.SampledFrom([]corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}).Draw(t, "policy"),
		Containers:    []corev1.Container{container("one")}}
	if limit := int64(rapid.IntRange(-20, 10).Draw(t, "deadline")); limit > 0 {
		pod.Spec.ActiveDeadlineSeconds = &limit
	}
	if rapid.Bool().Draw(t, "two") {
		pod.Spec.Containers = append(pod.Spec.Containers, container("two"))
	}
	if rapid.Bool().Draw(t, "init") {
		pod.Spec.InitContainers = []corev1.Container{container("init")}
		pod.Spec.InitContainers[0].Command = []string{"exit", rapid.SampledFrom([]string{"0", "0", "1"}).Draw(t, "code"), "after", "1s"}
	}
	return pod
}

// fataler is what a judge complains to.
type fataler interface {
	Fatalf(format string, args ...any)
}

// judge holds the ground truth and the writes against the laws.
type judge struct {
	t      fataler
	w      *world
	seen   int
	forced map[string]bool
	live   map[string]fake.Change   // by container ID: started and not exited
	starts map[string]int           // by container ID
	ended  map[string]fake.Change   // by UID/container: the last exit
	specs  map[string]*corev1.Pod   // by UID, as last seen in the API
	graces map[string]time.Duration // by UID: the shortest grace that its spec or a deletion has ever given
}

func newJudge(t fataler, w *world) *judge {
	j := &judge{t: t, w: w, forced: map[string]bool{}, live: map[string]fake.Change{}, starts: map[string]int{}, ended: map[string]fake.Change{}, specs: map[string]*corev1.Pod{}, graces: map[string]time.Duration{}}
	w.write = j.written
	return j
}

// check reads the ground truth that came since the last time.
func (j *judge) check() {
	for _, obj := range j.w.api {
		if pod, ok := obj.(*corev1.Pod); ok {
			j.specs[string(pod.UID)] = pod
			j.graced(pod)
		}
	}
	for ; j.seen < len(j.w.changes); j.seen++ {
		c := j.w.changes[j.seen]
		switch c.State {
		case "started":
			j.started(c)
			j.live[c.ID] = c
		case "exited":
			j.exited(c)
			delete(j.live, c.ID)
			j.ended[c.UID+"/"+c.Container] = c
		}
	}
}

// graced keeps the shortest grace of a pod. A deletion's may be longer than the spec's, but what was stopped for another reason has the spec's.
func (j *judge) graced(pod *corev1.Pod) {
	for _, seconds := range []*int64{pod.Spec.TerminationGracePeriodSeconds, pod.DeletionGracePeriodSeconds} {
		if seconds == nil {
			continue
		}
		given, grace := j.graces[string(pod.UID)]
		if next := time.Duration(*seconds) * time.Second; !grace || next < given {
			j.graces[string(pod.UID)] = next
		}
	}
}

// exited judges row 86. No program of these pods ends with the code of KILL by itself, and no deletion by force shortens what is given: the kubelet
// learns of it only by the pod's being gone.
func (j *judge) exited(c fake.Change) {
	if _, ran := j.live[c.ID]; !ran || c.ExitCode != killed {
		return
	}
	grace := j.graces[c.UID]
	switch {
	case c.Told.IsZero():
		j.t.Fatalf("row 86: container %s of %s was killed and had not been told to stop", c.Container, c.Name)
	case c.At.Sub(c.Told) < grace:
		j.t.Fatalf("row 86: container %s of %s was killed %v after it had been told to stop, and has %v", c.Container, c.Name, c.At.Sub(c.Told), grace)
	}
}

// killed is the exit code of a process that was killed.
const killed = 137

func (j *judge) started(c fake.Change) {
	if j.starts[c.ID]++; j.starts[c.ID] > 1 {
		j.t.Fatalf("K05: container %s was started twice", c.ID)
	}
	for _, other := range j.live {
		if other.Namespace == c.Namespace && other.Name == c.Name && other.UID != c.UID {
			j.t.Fatalf("row 87: %s of UID %s was started while UID %s runs", c.Name, c.UID, other.UID)
		}
		if other.UID == c.UID && other.Container == c.Container {
			j.t.Fatalf("row 81: container %s of %s was started beside a live one", c.Container, c.Name)
		}
	}
	pod := j.specs[c.UID]
	if pod == nil {
		return
	}
	if end, ok := j.ended[c.UID+"/"+c.Container]; ok && pod.Spec.RestartPolicy == corev1.RestartPolicyNever {
		j.t.Fatalf("row 82: %s of %s was started again after exit %d", c.Container, c.Name, end.ExitCode)
	} else if ok && pod.Spec.RestartPolicy == corev1.RestartPolicyOnFailure && end.ExitCode == 0 && c.Container != "init" {
		j.t.Fatalf("row 82: %s of %s was started again though it succeeded", c.Container, c.Name)
	}
	if len(pod.Spec.InitContainers) > 0 && c.Container != "init" {
		if end, ok := j.ended[c.UID+"/init"]; !ok || end.ExitCode != 0 {
			j.t.Fatalf("row 85: %s of %s was started before its init container succeeded", c.Container, c.Name)
		}
	}
}

// written judges one write of the kubelet.
func (j *judge) written(resource string, old, new metav1.Object) {
	if resource != "pods" {
		return
	}
	j.check()
	before := old.(*corev1.Pod)
	if isMirror(before) && new == nil {
		return // what it shows goes on
	}
	if new == nil {
		for _, c := range j.live {
			if c.UID == string(before.UID) {
				j.t.Fatalf("row 88: %s was deleted from the API while container %s runs", before.Name, c.ID)
			}
		}
		if !terminal(before.Status.Phase) {
			j.t.Fatalf("row 89: %s was deleted from the API in phase %s", before.Name, before.Status.Phase)
		}
		return
	}
	after := new.(*corev1.Pod)
	if terminal(before.Status.Phase) && after.Status.Phase != before.Status.Phase {
		j.t.Fatalf("row 78: %s went from %s to %s", before.Name, before.Status.Phase, after.Status.Phase)
	}
	for _, s := range slices.Concat(before.Status.ContainerStatuses, before.Status.InitContainerStatuses) {
		for _, n := range slices.Concat(after.Status.ContainerStatuses, after.Status.InitContainerStatuses) {
			if s.Name != n.Name {
				continue
			}
			if n.RestartCount < s.RestartCount {
				j.t.Fatalf("row 83: restartCount of %s/%s fell from %d to %d", before.Name, s.Name, s.RestartCount, n.RestartCount)
			}
			if s.State.Running != nil && n.State.Waiting != nil {
				j.t.Fatalf("row 93: %s/%s went from running to waiting: %s", before.Name, s.Name, n.State.Waiting.Reason)
			}
		}
	}
}

// heal ends all faults and lets time go by: the node must come to what is wanted, and then write nothing more.
func (j *judge) heal() {
	const enough = 40 * time.Minute // several times the longest backoff
	w := j.w
	w.before, w.machine.Fault = nil, nil
	w.machine.SetDown(false)
	w.silent, w.told = false, 0
	w.relist()
	w.pass(enough)
	j.check()
	pods, err := w.machine.List(context.Background())
	if err != nil {
		j.t.Fatalf("the healed runtime does not list: %v", err)
	}
	wanted := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(w.api)) {
		pod, ok := w.api[key].(*corev1.Pod)
		if !ok {
			continue
		}
		if isDeleted(pod) {
			j.t.Fatalf("%s is still being deleted", pod.Name)
		}
		if isMirror(pod) {
			shown := *pod
			shown.UID, pod = types.UID(mirrored(pod)), &shown
		}
		wanted[string(pod.UID)] = true
		j.converged(pod)
	}
	for uid, static := range w.local.asked {
		if there, _ := w.api["pods/default/"+static.Name].(*corev1.Pod); there == nil {
			j.t.Fatalf("%s, UID %s, is shown by no mirror", static.Name, uid)
		} else if !isMirror(there) && terminal(there.Status.Phase) {
			wanted[string(uid)] = true // it is not shown, as its name is taken
		}
	}
	for _, p := range pods {
		if !wanted[p.UID] {
			j.t.Fatalf("row 95: something is left of %s, UID %s", p.Name, p.UID)
		}
	}
	if dirs := w.local.machine.Dirs; len(dirs) > len(wanted) {
		j.t.Fatalf("row 95: directories are left: %v, wanted %v", dirs, wanted)
	}
}

// converged: every container that is to run for ever runs, and the API says what is.
func (j *judge) converged(pod *corev1.Pod) {
	if terminal(pod.Status.Phase) {
		for _, c := range j.live {
			if c.UID == string(pod.UID) {
				j.t.Fatalf("row 78: %s has ended as %s and container %s runs", pod.Name, pod.Status.Phase, c.ID)
			}
		}
		return
	}
	if pod.Spec.ActiveDeadlineSeconds != nil {
		j.t.Fatalf("%s has outlived its deadline: %s", pod.Name, statusLine(pod))
	}
	for _, c := range pod.Spec.Containers {
		if c.Command[0] != "run" && c.Command[0] != "ignore-term" || len(pod.Spec.InitContainers) > 0 && pod.Spec.InitContainers[0].Command[1] != "0" {
			continue
		}
		running := slices.ContainsFunc(slices.Collect(valuesOf(j.live)), func(l fake.Change) bool { return l.UID == string(pod.UID) && l.Container == c.Name })
		_, ended := j.ended[string(pod.UID)+"/"+c.Name]
		if !running && !(ended && pod.Spec.RestartPolicy == corev1.RestartPolicyNever) {
			j.t.Fatalf("%s/%s does not run: %s", pod.Name, c.Name, statusLine(pod))
		}
	}
}

func valuesOf(m map[string]fake.Change) func(func(fake.Change) bool) {
	return func(yield func(fake.Change) bool) {
		for _, c := range m {
			if !yield(c) {
				return
			}
		}
	}
}
