package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// sourceManifests is local: the static pods, which files of this node ask for. They are run whether or not there is an API; there each is shown by a
// mirror, a pod of the same name with a UID of its own, that nobody runs. What is decided for a static pod comes from its file and the runtime alone.
const sourceManifests = "manifests"

// keyMirror stands at the end of the key under which the mirror of a static pod is kept, after a container without a name. It is a key of its own, so
// that an API server that does not answer holds up nothing that runs (row 96).
const keyMirror = control.Key("//mirror")

// mirrored is the UID of the static pod that a pod shows; empty: it shows none.
func mirrored(pod *corev1.Pod) string { return pod.Annotations[corev1.MirrorPodAnnotationKey] }

func isMirror(pod *corev1.Pod) bool {
	_, ok := pod.Annotations[corev1.MirrorPodAnnotationKey]
	return ok
}

// isStatic reports whether a pod is a static one: whatever the API has is of a resourceVersion, and may have any annotation.
func isStatic(pod *corev1.Pod) bool { return pod.ResourceVersion == "" }

// static is the static pod of a name as far as the runtime tells how it is; nil: there is none.
func (k *Kubelet) static(v *control.View, namespace, name string) *corev1.Pod {
	if k.cfg.Manifests == "" {
		return nil
	}
	pod, _ := v.Get(sourceManifests, namespace, name).(*corev1.Pod)
	if pod == nil {
		return nil
	}
	seen, _ := v.Get(sourceRuntime, namespace, name).(*Observed)
	return since(pod, seen)
}

// since is a pod with the time at which it was begun: what the API says, or else that of the oldest sandbox that is left.
func since(pod *corev1.Pod, seen *Observed) *corev1.Pod {
	sandboxes := seen.of(pod.UID).Sandboxes
	if admitted(pod) || len(sandboxes) == 0 {
		return pod
	}
	known := *pod
	known.Status.StartTime = seconds(sandboxes[len(sandboxes)-1].Created)
	return &known
}

// bound is the pod of a name that the API has bound to this node, but for a mirror; nil: there is none.
func (k *Kubelet) bound(v *control.View, namespace, name string) *corev1.Pod {
	pod, _ := v.Get(sourcePods, namespace, name).(*corev1.Pod)
	// A live read of an object in doubt shows what has its name by now, which may be another node's.
	if pod == nil || pod.Spec.NodeName != k.cfg.Node || isMirror(pod) {
		return nil
	}
	return pod
}

// wanted is the pod of a name that is to run here; nil: none is. Of two, a static one and one of the API, the second goes first if it was begun before.
func (k *Kubelet) wanted(v *control.View, namespace, name string) *corev1.Pod {
	bound, static := k.bound(v, namespace, name), k.static(v, namespace, name)
	seen, _ := v.Get(sourceRuntime, namespace, name).(*Observed)
	if static == nil || bound != nil && begun(bound, seen) && !terminal(bound.Status.Phase) {
		return bound
	}
	return static
}

// begun reports whether a pod of the API was begun here: the API says so, or, where it could not be told yet, the runtime.
func begun(pod *corev1.Pod, seen *Observed) bool { return admitted(since(pod, seen)) }

// all are the pods that are to run here or have run, whoever asks for them, each with the time at which it was begun if it was.
func (k *Kubelet) all(v *control.View) (pods []*corev1.Pod) {
	for obj := range v.All(sourcePods).Each {
		if pod := obj.(*corev1.Pod); !isMirror(pod) {
			seen, _ := v.Get(sourceRuntime, pod.Namespace, pod.Name).(*Observed)
			pods = append(pods, since(pod, seen))
		}
	}
	if k.cfg.Manifests == "" {
		return pods
	}
	for obj := range v.All(sourceManifests).Each {
		pods = append(pods, k.static(v, obj.GetNamespace(), obj.GetName()))
	}
	return pods
}

// apart reports whether the pods of a name can be decided for without the API: there is a static one, or all that is left there is of such.
func (k *Kubelet) apart(v *control.View, namespace, name string) bool {
	if k.static(v, namespace, name) != nil {
		return true
	}
	seen, _ := v.Get(sourceRuntime, namespace, name).(*Observed)
	if seen == nil {
		return false
	}
	for i := range seen.Pods {
		if !fromFile(&seen.Pods[i]) {
			return false
		}
	}
	return true
}

// fromFile reports whether the runtime's records tell that it is a static pod's.
func fromFile(rt *runtime.Pod) bool {
	s := rt.Sandbox()
	return s != nil && s.Annotations[runtime.AnnotationConfigSource] == sourceFile
}

// Where a pod comes from, as its sandbox tells.
const (
	sourceFile = "file"
	sourceAPI  = "api"
)

// staticKeys adds the keys of the static pod that has the name of an object, if there is one, and that of its mirror.
func (k *Kubelet) staticKeys(v *control.View, obj metav1.Object, add func(control.Key)) {
	namespace, name := obj.GetNamespace(), obj.GetName()
	static := k.static(v, namespace, name)
	if static != nil {
		podKeys(static, add)
	}
	if there, _ := v.Get(sourcePods, namespace, name).(*corev1.Pod); static != nil || there != nil && isMirror(there) {
		add(control.Key(namespace+"/"+name) + keyMirror)
	}
}

func (k *Kubelet) everyStatic(v *control.View, add func(control.Key)) {
	if k.cfg.Manifests == "" {
		return
	}
	for obj := range v.All(sourceManifests).Each {
		k.staticKeys(v, obj, add)
	}
}

// decideMirror says what is to be written to the API about the static pod of a name:
//
//	the API has                                         what is done
//	nothing of that name                                the mirror is created
//	a pod that somebody else has made                   it is rejected, if it was not begun before the static one
//	a mirror of another static pod, one that is being   it is deleted at once, to be made anew
//	deleted, or one that has ended while its pod runs
//	its mirror                                          its status is written
//	a mirror, and no file asks for such a pod           it is deleted when nothing of the pod is left here
func (k *Kubelet) decideMirror(v *control.View, namespace, name string, now time.Time) control.Plan {
	if v.Doubtful(sourcePods, namespace, name) {
		return control.Plan{Wants: "to learn what became of the last write to the mirror"}
	}
	there, _ := v.Get(sourcePods, namespace, name).(*corev1.Pod)
	static := k.static(v, namespace, name)
	seen, _ := v.Get(sourceRuntime, namespace, name).(*Observed)
	switch {
	case there != nil && there.Spec.NodeName != k.cfg.Node:
		return control.Plan{Wants: "the name, which is that of another node's pod"}
	case static == nil && there != nil && isMirror(there) && (seen == nil || len(seen.Pods) == 0 && !seen.Uncertain):
		return removal(there, "no file asks for the pod that it shows")
	case static == nil:
		return control.Plan{}
	case there == nil:
		return k.mirror(v, static)
	case !isMirror(there):
		return k.refuse(there, static, seen, now)
	case mirrored(there) != string(static.UID):
		return removal(there, "it shows another pod")
	case isDeleted(there):
		return removal(there, "its pod goes on whether or not it is shown")
	}
	fresh := decide(&k.cfg, k.input(v, static, namespace, name), now).Status
	if terminal(there.Status.Phase) && !terminal(fresh.Phase) {
		return removal(there, "it has ended, and its pod runs again")
	}
	shown := *static
	shown.Status, shown.Generation = there.Status, there.Generation
	d := decide(&k.cfg, k.input(v, &shown, namespace, name), now)
	plan := control.Plan{Again: d.Again}
	if apiequality.Semantic.DeepEqual(&there.Status, d.Status) {
		return plan
	}
	effects := []control.Effect{statusWrite(there, d.Status)}
	if notes := notesOf(&there.Status, d.Status, static); len(notes) > 0 {
		effects = append(effects, control.Effect{Other: Say{refOf(static), notes}, BestEffort: true})
	}
	plan.Batches = [][]control.Effect{effects}
	return plan
}

// mirror creates the mirror of a static pod. It belongs to the Node, so that it goes with it.
func (k *Kubelet) mirror(v *control.View, static *corev1.Pod) control.Plan {
	node, _ := v.Get(sourceNodes, "", k.cfg.Node).(*corev1.Node)
	if node == nil || node.UID == "" {
		return control.Plan{Wants: "the Node to be there, to which the mirror belongs"}
	}
	resource, _ := api.ByName(sourcePods)
	yes := true
	mirror := static.DeepCopy()
	mirror.UID, mirror.Status = "", corev1.PodStatus{}
	mirror.Annotations[corev1.MirrorPodAnnotationKey] = string(static.UID)
	mirror.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: &yes}}
	return control.Plan{Batches: [][]control.Effect{{{
		Request: &api.Request{Verb: api.Create, Resource: resource, Namespace: mirror.Namespace, Name: mirror.Name, Object: mirror},
		Expect:  mirror, Why: "the API does not show the pod",
	}}}}
}

// refuse rejects a pod of the API whose name is a static pod's, and which was not begun before that.
func (k *Kubelet) refuse(pod, static *corev1.Pod, seen *Observed, now time.Time) control.Plan {
	switch rt := seen.of(pod.UID); {
	case terminal(pod.Status.Phase) && isDeleted(pod) && rt.Empty():
		return control.Plan{Batches: [][]control.Effect{{finalDelete(pod)}}, Why: "nothing of the pod is left on this node"}
	case terminal(pod.Status.Phase):
		return control.Plan{Wants: "the name, which is that of a pod that has ended"}
	case begun(pod, seen):
		return control.Plan{Wants: "the name, which is that of a pod that was here before"}
	}
	p := newPass(&k.cfg, Input{Pod: pod, Seen: seen}, now)
	status := p.rejected(Rejection{Reason: "NameTaken", Message: "Its name is that of static pod " + string(static.UID) + " of node " + k.cfg.Node})
	return control.Plan{Batches: [][]control.Effect{{statusWrite(pod, status)}}}
}

// removal deletes a mirror from the API for good.
func removal(mirror *corev1.Pod, why string) control.Plan {
	gone := finalDelete(mirror)
	gone.Why = why
	return control.Plan{Batches: [][]control.Effect{{gone}}}
}
