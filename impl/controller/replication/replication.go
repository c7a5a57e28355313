package replication

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/control"
)

// Sources, and the index of the pods that nobody controls, by namespace.
const (
	ownersSource = "owners"
	podsSource   = "pods"
	orphansIndex = "orphans"
)

// Reconciler is the [control.Component] of one kind.
type Reconciler struct {
	kind *kind
	// known are the owners as they were last read, by UID, so that a selector is not parsed for every pod. It holds
	// nothing that the objects themselves would not give.
	known map[types.UID]*owner
}

// ReplicaSets reconciles ReplicaSets.
func ReplicaSets() *Reconciler { return &Reconciler{replicaSet, map[types.UID]*owner{}} }

// ReplicationControllers reconciles ReplicationControllers.
func ReplicationControllers() *Reconciler {
	return &Reconciler{replicationController, map[types.UID]*owner{}}
}

// read reads an owner, unless this very object was read before.
func (r *Reconciler) read(obj metav1.Object) *owner {
	o, known := r.known[obj.GetUID()]
	if !known || o.Object != obj {
		o = r.kind.read(obj)
		r.known[obj.GetUID()] = o
	}
	return o
}

// Name is that under which upstream's controller reports.
func (r *Reconciler) Name() string { return r.kind.component }

// Sources are the owners of the kind, and all pods.
func (r *Reconciler) Sources() []control.Source {
	return []control.Source{
		{Name: ownersSource, Resource: r.kind.resource, Indexes: []control.Index{control.ByNamespace}},
		{Name: podsSource, Resource: pods, Indexes: []control.Index{control.ByOwner, orphans}},
	}
}

var orphans = control.Index{Name: orphansIndex, Values: func(obj metav1.Object, add func(string)) {
	if metav1.GetControllerOfNoCopy(obj) == nil {
		add(obj.GetNamespace())
	}
}}

// Keys: an owner concerns itself, a pod its controller, and a pod without one all those that could adopt it. The controller
// is known by its UID, as where pods are counted: no server compares the name that a reference has besides.
func (r *Reconciler) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	if source == ownersSource && new == nil {
		delete(r.known, old.GetUID())
	}
	for _, obj := range []metav1.Object{old, new} {
		switch {
		case obj == nil:
		case source == ownersSource:
			add(keyOf(obj.GetNamespace(), obj.GetName()))
		default:
			r.keysOfPod(v, obj, add)
		}
	}
}

func (r *Reconciler) keysOfPod(v *control.View, pod metav1.Object, add func(control.Key)) {
	if ref := metav1.GetControllerOfNoCopy(pod); ref != nil {
		if o, known := r.known[ref.UID]; known {
			add(o.key)
		} else if ref.Kind == r.kind.resource.Kind && groupOf(ref.APIVersion) == r.kind.resource.Group {
			add(keyOf(pod.GetNamespace(), ref.Name))
		}
		return
	}
	for obj := range v.Select(ownersSource, control.ByNamespace.Name, pod.GetNamespace()).Each {
		if o := r.read(obj); o.selector.Matches(labels.Set(pod.GetLabels())) {
			add(o.key)
		}
	}
}

func keyOf(namespace, name string) control.Key { return control.Key(namespace + "/" + name) }

func groupOf(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

// active: neither ended nor about to.
func active(pod *corev1.Pod) bool {
	return pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed && pod.DeletionTimestamp == nil
}
