package namespace_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

var (
	epoch         = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	namespaces, _ = api.ByName("namespaces")
	pods, _       = api.ByName("pods")
)

// foreign is a finalizer of somebody else's.
const foreign = "example.com/held"

// world is one name of a namespace, what it holds, and a process that runs the controller. It does as the API server promises: nothing is created
// but in a namespace that is Active at that moment.
type world struct {
	now     time.Time
	rv      int64
	uids    int
	ns      *corev1.Namespace
	objects map[string]api.Object // by "resource/name"
	events  []api.WatchEvent      // of the namespace

	component control.Component
	trace     trace.Sink
	loop      *control.Loop
	listed    bool
	shown     int // how many of the events the loop was shown
	starts    int
	flying    []control.Effect
	late      []control.Effect // given up, and still on their way

	broken string
}

func newWorld(component control.Component) *world {
	return &world{now: epoch, rv: 10, objects: map[string]api.Object{}, component: component}
}

// start begins the process anew; what it had sent without an answer may still arrive.
func (w *world) start() {
	w.late, w.flying = append(w.late, w.flying...), nil
	w.starts++
	w.listed = false
	w.loop = control.New(control.Config{Component: w.component, ID: fmt.Sprintf("n%d", w.starts), Trace: w.trace})
}

// see shows the loop its first list, or the next event; false: there is nothing new.
func (w *world) see() bool {
	if !w.listed {
		var all []metav1.Object
		if w.ns != nil {
			all = append(all, w.ns)
		}
		w.listed, w.shown = true, len(w.events)
		must(w.loop.ObserveList("namespaces", w.rv, all))
		return true
	}
	if w.shown == len(w.events) {
		return false
	}
	must(w.loop.Observe("namespaces", w.events[w.shown]))
	w.shown++
	return true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// work lets the loop work as far as it can, and takes what it wants done.
func (w *world) work() {
	for worked := true; worked; {
		worked = w.loop.Work(w.now)
		for e, ok := w.loop.Next(w.now); ok; e, ok = w.loop.Next(w.now) {
			w.flying = append(w.flying, e)
		}
	}
}

// take takes the effect at that position from those under way.
func (w *world) take(i int) control.Effect {
	e := w.flying[i]
	w.flying = slices.Delete(w.flying, i, i+1)
	return e
}

var unheard = control.Answer{Outcome: trace.Unknown, Err: errors.New("no answer")}

// write stores the next version of the namespace: it is gone if it is being deleted and nothing keeps it.
func (w *world) write(ns *corev1.Namespace) {
	w.rv++
	ns.ResourceVersion = api.FormatResourceVersion(w.rv)
	kind := watch.Modified
	if w.ns == nil {
		kind = watch.Added
	}
	w.ns = ns
	if ns.DeletionTimestamp != nil && len(ns.Spec.Finalizers)+len(ns.Finalizers) == 0 {
		if n := len(w.objects); n > 0 {
			w.violated("the namespace is removed and holds %d objects", n)
		}
		kind, w.ns = watch.Deleted, nil
	}
	w.events = append(w.events, api.WatchEvent{Type: kind, Object: ns})
}

func (w *world) violated(format string, args ...any) {
	if w.broken == "" {
		w.broken = fmt.Sprintf(format, args...)
	}
}

func (w *world) uid() types.UID {
	w.uids++
	return types.UID(fmt.Sprintf("uid-%d", w.uids))
}

// open creates the namespace, closed deletes it, as users do.
func (w *world) open() {
	w.write(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n", UID: w.uid()}, Spec: corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}})
}

func (w *world) closed() {
	at := metav1.NewTime(w.now)
	ns := w.ns.DeepCopy()
	ns.DeletionTimestamp, ns.Status.Phase = &at, corev1.NamespaceTerminating
	w.write(ns)
}

func keyOf(r *api.Resource, name string) string { return r.Name + "/" + name }

// put stores an object of the namespace.
func (w *world) put(obj api.Object) {
	r, _ := api.ByObject(obj)
	w.rv++
	obj.SetNamespace("n")
	if obj.GetUID() == "" {
		obj.SetUID(w.uid())
	}
	obj.SetResourceVersion(api.FormatResourceVersion(w.rv))
	w.objects[keyOf(r, obj.GetName())] = obj
}

// keys are those of the objects, sorted.
func (w *world) keys() []string { return slices.Sorted(maps.Keys(w.objects)) }

// letGo is whoever stops an object that is being deleted, or takes its finalizers away.
func (w *world) letGo(key string) {
	w.rv++
	delete(w.objects, key)
}

// do carries a request out, as the server does.
func (w *world) do(e control.Effect) control.Answer {
	r := e.Request
	switch {
	case r.Verb == api.List:
		return w.list(r.Resource)
	case r.Verb == api.Delete:
		return control.AnswerOf(api.Response{}, w.delete(r))
	case w.ns == nil:
		return control.AnswerOf(api.Response{}, apierrors.NewNotFound(namespaces.GR(), r.Name))
	case r.Verb == api.Get:
		return control.AnswerOf(api.Response{Object: w.ns}, nil)
	}
	next := r.Object.(*corev1.Namespace)
	if next.UID != w.ns.UID || next.ResourceVersion != w.ns.ResourceVersion {
		return control.AnswerOf(api.Response{}, apierrors.NewConflict(namespaces.GR(), r.Name, errors.New("changed")))
	}
	written := w.ns.DeepCopy()
	if r.Subresource == "status" {
		written.Status = *next.Status.DeepCopy()
	} else {
		w.finalized(next)
		written.Spec.Finalizers = slices.Clone(next.Spec.Finalizers)
	}
	w.write(written)
	return control.AnswerOf(api.Response{Object: written}, nil)
}

// finalized judges that a finalizer is taken away (row 29).
func (w *world) finalized(next *corev1.Namespace) {
	ours := slices.Contains(w.ns.Spec.Finalizers, corev1.FinalizerKubernetes) && !slices.Contains(next.Spec.Finalizers, corev1.FinalizerKubernetes)
	switch {
	case ours && w.ns.DeletionTimestamp == nil:
		w.violated("a namespace is finalized that is not being deleted")
	case ours && len(w.objects) > 0:
		w.violated("a namespace is finalized that holds %s", strings.Join(w.keys(), ", "))
	case len(w.ns.Spec.Finalizers)-len(next.Spec.Finalizers) != 1:
		w.violated("a finalizer is taken away that is another's")
	}
}

func (w *world) list(r *api.Resource) control.Answer {
	all := &control.Listed{ResourceVersion: w.rv}
	for _, key := range w.keys() {
		if strings.HasPrefix(key, r.Name+"/") {
			all.Items = append(all.Items, w.objects[key])
		}
	}
	return control.Answer{Outcome: trace.OK, List: all}
}

func (w *world) delete(r *api.Request) error {
	key := keyOf(r.Resource, r.Name)
	old := w.objects[key]
	if old == nil {
		return apierrors.NewNotFound(r.Resource.GR(), r.Name)
	}
	if p := r.Delete.Preconditions; p != nil && p.UID != nil && *p.UID != old.GetUID() {
		return apierrors.NewConflict(r.Resource.GR(), r.Name, errors.New("another has the name"))
	}
	switch {
	case w.ns == nil || w.ns.DeletionTimestamp == nil:
		w.violated("%s is deleted, whose namespace is not being deleted", key)
	case r.Delete.GracePeriodSeconds != nil:
		w.violated("%s is deleted by force", key)
	}
	if old.GetDeletionTimestamp() != nil {
		return nil
	}
	if r.Resource != pods && len(old.GetFinalizers()) == 0 {
		w.letGo(key)
		return nil
	}
	going := old.DeepCopyObject().(api.Object)
	at, grace := metav1.NewTime(w.now), int64(0)
	if r.Resource == pods {
		grace = 30
	}
	going.SetDeletionTimestamp(&at)
	going.SetDeletionGracePeriodSeconds(&grace)
	w.put(going)
	return nil
}

// tick moves the clock to when the loop is due, if it is.
func (w *world) tick() {
	if due, ok := w.loop.Due(); ok && due.After(w.now) {
		w.now = due
	}
}
