package namespace_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/controller/namespace"
)

// choose picks one of n.
type choose func(label string, n int) int

// anyhow lets the world begin in any state, also one that no history need have led to (row 123): the namespace is there or not, is being deleted or
// not, is finalized or not, and it, or none, holds anything. What holds something and is not kept by our finalizer has nobody who makes it right,
// upstream neither, and is left out.
func (w *world) anyhow(choose choose) {
	for range choose("objects", 4) {
		w.create(choose)
		if choose("going", 2) == 1 {
			w.going(w.keys()[choose("which", len(w.objects))])
		}
	}
	switch choose("namespace", 4) {
	case 1:
		w.open()
	case 2:
		w.open()
		w.closed()
	case 3:
		w.open()
		w.hold()
		w.closed()
		if len(w.objects) == 0 && choose("finalized", 2) == 1 {
			ns := w.ns.DeepCopy()
			ns.Spec.Finalizers = []corev1.FinalizerName{foreign}
			w.write(ns)
		}
	}
}

func (w *world) going(key string) {
	at := metav1.NewTime(w.now)
	if obj := w.objects[key].DeepCopyObject().(api.Object); obj.GetDeletionTimestamp() == nil && (len(obj.GetFinalizers()) > 0 || key[0] == 'p') {
		obj.SetDeletionTimestamp(&at)
		w.put(obj)
	}
}

// create makes an object that is gone at once when it is deleted, one that is stopped first, or one that somebody else holds.
func (w *world) create(choose choose) {
	meta := metav1.ObjectMeta{Name: fmt.Sprint("x", choose("name", 2))}
	objects := []api.Object{&corev1.ConfigMap{ObjectMeta: meta}, &corev1.Pod{ObjectMeta: meta}, &corev1.Secret{ObjectMeta: meta}}
	objects[2].SetFinalizers([]string{foreign})
	obj := objects[choose("kind", len(objects))]
	if r, _ := api.ByObject(obj); w.objects[keyOf(r, meta.Name)] == nil {
		w.put(obj)
	}
}

func (w *world) hold() {
	ns := w.ns.DeepCopy()
	ns.Spec.Finalizers = append(ns.Spec.Finalizers, foreign)
	w.write(ns)
}

// user lets somebody do something.
func (w *world) user(choose choose) {
	what := choose("user", 8)
	active := w.ns != nil && w.ns.DeletionTimestamp == nil
	switch {
	case w.ns == nil && what < 4:
		w.open()
	case active && what < 2:
		w.closed()
	case active && what < 6:
		w.create(choose)
	case active && what == 6 && !slices.Contains(w.ns.Spec.Finalizers, foreign):
		w.hold()
	case w.ns != nil && what == 5:
		ns := w.ns.DeepCopy()
		ns.Labels = map[string]string{"touched": fmt.Sprint(w.rv)}
		w.write(ns)
	case w.ns != nil && what == 7 && slices.Contains(w.ns.Spec.Finalizers, foreign):
		w.release()
	case len(w.objects) > 0:
		w.stop(w.keys()[choose("which", len(w.objects))], choose("held", 3) == 0)
	}
}

func (w *world) release() {
	ns := w.ns.DeepCopy()
	ns.Spec.Finalizers = slices.DeleteFunc(ns.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == foreign })
	w.write(ns)
}

// stop lets an object go that is being deleted; held: also one that somebody holds.
func (w *world) stop(key string, held bool) {
	if obj := w.objects[key]; obj.GetDeletionTimestamp() != nil && (held || len(obj.GetFinalizers()) == 0) {
		w.letGo(key)
	}
}

// step does one thing that is possible.
func (w *world) step(choose choose) {
	switch kind := choose("step", 14); {
	case kind < 3:
		w.see()
	case kind < 5 && w.listed:
		w.work()
	case kind < 9 && len(w.flying) > 0:
		w.fate(choose)
	case kind < 11:
		w.user(choose)
	case kind == 11 && len(w.late) > 0 && choose("lands", 3) == 0:
		i := choose("late", len(w.late))
		e := w.late[i]
		w.late = slices.Delete(w.late, i, i+1)
		w.do(e)
	case kind == 12 && choose("crash", 4) == 0:
		w.start()
	default:
		w.tick()
	}
}

// fate answers all reads that are under way, one of which may be lost; or one write, or not.
func (w *world) fate(choose choose) {
	if r := w.flying[0].Request; !r.Verb.Writes() {
		lost := choose("lost", 60)
		for i := 0; len(w.flying) > 0 && !w.flying[0].Request.Verb.Writes(); i++ {
			e, answer := w.take(0), unheard
			if i != lost {
				answer = w.do(e)
			}
			w.loop.Done(w.now, e.ID, answer)
		}
		return
	}
	e := w.take(choose("effect", len(w.flying)))
	answer := unheard
	switch choose("fate", 8) {
	case 0: // lost
	case 1:
		w.do(e)
	case 2:
		w.late = append(w.late, e)
	default:
		answer = w.do(e)
	}
	w.loop.Done(w.now, e.ID, answer)
}

// settle lets everything happen that must, without faults, until the controller but looks again and again.
func (w *world) settle() {
	for _, e := range w.late {
		w.do(e)
	}
	w.late = nil
	quiet := 0
	for range 2000 {
		before := w.rv
		for w.see() {
		}
		w.work()
		for len(w.flying) > 0 {
			e := w.take(0)
			w.loop.Done(w.now, e.ID, w.do(e))
		}
		for _, key := range w.keys() {
			w.stop(key, false)
		}
		w.work()
		if len(w.flying) == 0 {
			w.tick()
		}
		if quiet++; w.rv != before {
			quiet = 0
		}
		if quiet == 50 {
			return
		}
	}
	w.violated("it writes for ever")
}

// judge says what is wrong at the end.
func (w *world) judge() {
	if w.ns == nil || w.ns.DeletionTimestamp == nil {
		return
	}
	for _, key := range w.keys() {
		if obj := w.objects[key]; obj.GetDeletionTimestamp() == nil || len(obj.GetFinalizers()) == 0 {
			w.violated("%s is still there, and nobody holds it", key)
		}
	}
	held := slices.Contains(w.ns.Spec.Finalizers, foreign)
	if len(w.objects) == 0 && (!held || len(w.ns.Spec.Finalizers) > 1) {
		w.violated("the namespace is still there, and nobody holds it; wants %v", w.loop.Wants())
	}
	for _, c := range w.ns.Status.Conditions {
		want := corev1.ConditionFalse
		if len(w.objects) > 0 && (c.Type == corev1.NamespaceContentRemaining || c.Type == corev1.NamespaceFinalizersRemaining) {
			want = corev1.ConditionTrue
		}
		if c.Status != want {
			w.violated("the condition %s is %s, with %d objects left", c.Type, c.Status, len(w.objects))
		}
	}
	if len(w.objects) > 0 && len(w.ns.Status.Conditions) == 0 {
		w.violated("nobody is told what is left")
	}
}

// run is one world: it begins anyhow or well, so many things happen, and then everything comes to rest.
func run(component control.Component, choose choose, more func() bool) string {
	w := newWorld(component)
	if choose("anyhow", 2) == 1 {
		w.anyhow(choose)
	} else {
		w.open()
	}
	w.start()
	for more() && w.broken == "" {
		w.step(choose)
	}
	if w.broken == "" {
		w.settle()
		w.judge()
	}
	return w.broken
}

// Goal: whatever happens, and from whatever beginning, only what is in a namespace that is being deleted is deleted, a namespace is finalized only
// when it is empty, and once faults end what is being deleted is gone, but for what somebody holds, and its conditions say so (rows 28, 29, 73,
// 107, 108, 119, 123). Method: each step is drawn: an observation, work, an answer that comes, is lost or comes late, a crash, what users do.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choose := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		left := rapid.IntRange(10, 200).Draw(t, "steps")
		require.Empty(t, run(namespace.Controller{}, choose, func() bool { left--; return left > 0 }))
	})
}

// bytes are choices; when they are used up every choice is 0.
func bytes(data []byte) (choose, func() bool) {
	return func(_ string, n int) int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b) % n
	}, func() bool { return len(data) > 0 }
}

func seeded(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 3))
	data := make([]byte, 600)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// mostBytes bounds a run.
const mostBytes = 2000

// FuzzNamespace is TestMachine, with each byte a choice.
func FuzzNamespace(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seeded(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		choose, more := bytes(data[:min(len(data), mostBytes)])
		if broken := run(namespace.Controller{}, choose, more); broken != "" {
			t.Fatal(broken)
		}
	})
}

// altered is the controller with its plans changed.
type altered struct {
	namespace.Controller
	alter func(*control.View, *control.Plan)
}

func (a altered) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	plan := a.Controller.Reconcile(v, now, key)
	a.alter(v, &plan)
	return plan
}

func each(alter func(*api.Request)) func(*control.View, *control.Plan) {
	return func(_ *control.View, plan *control.Plan) {
		for _, batch := range plan.Batches {
			for _, e := range batch {
				alter(e.Request)
			}
		}
	}
}

// inputs is how many are tried for each bug. The rarest, that a late deletion meets another namespace, takes more than a thousand.
const inputs = 4000

// Goal: the machine is seen to fail. Method: each planted bug must be found by one of the first inputs, for the right reason.
func TestMachineFindsBugs(t *testing.T) {
	for _, bug := range []struct {
		name, says string
		alter      func(*control.View, *control.Plan)
	}{
		{"deletes by name alone", "whose namespace is not being deleted", each(func(r *api.Request) {
			if r.Verb == api.Delete {
				r.Delete.Preconditions = nil
			}
		})},
		{"deletes pods by force (G04)", "by force", each(func(r *api.Request) {
			if r.Verb == api.Delete && r.Resource == pods {
				r.Delete.GracePeriodSeconds = new(int64)
			}
		})},
		{"deletes nothing", "nobody holds it", func(_ *control.View, plan *control.Plan) {
			if len(plan.Batches) == 1 && plan.Batches[0][0].Request.Verb == api.Delete {
				plan.Batches = nil
			}
		}},
		{"does not look again", "nobody", func(_ *control.View, plan *control.Plan) { plan.Again = time.Time{} }},
		{"finalizes without a look", "finalized that holds", func(v *control.View, plan *control.Plan) {
			if len(plan.Batches) == 2 && plan.Batches[0][0].Request.Verb == api.List {
				next := v.Get("namespaces", "", "n").(*corev1.Namespace).DeepCopy()
				next.Spec.Finalizers = next.Spec.Finalizers[1:]
				plan.Batches = [][]control.Effect{{{Request: &api.Request{Verb: api.Update, Resource: namespaces, Subresource: "finalize", Name: "n", Object: next}, Expect: next}}}
			}
		}},
		{"takes all finalizers away", "another's", each(func(r *api.Request) {
			if r.Subresource == "finalize" {
				r.Object.(*corev1.Namespace).Spec.Finalizers = nil
			}
		})},
		{"tells nobody", "nobody is told", func(_ *control.View, plan *control.Plan) {
			if len(plan.Batches) == 1 && plan.Batches[0][0].Request.Subresource == "status" {
				plan.Batches = nil
			}
		}},
	} {
		t.Run(bug.name, func(t *testing.T) {
			for seed := range uint64(inputs) {
				choose, more := bytes(seeded(seed))
				if broken := run(altered{alter: bug.alter}, choose, more); broken != "" {
					require.Contains(t, broken, bug.says, "seed %d", seed)
					return
				}
			}
			t.Fatal("the planted bug was not found")
		})
	}
}
