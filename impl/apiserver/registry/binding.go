package registry

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// decideBinding gives a pod its node. This happens once in a pod's life: spec.nodeName never changes again.
func decideBinding(old api.Object, req api.Request, env Env) (Change, error) {
	if req.Verb != api.Create {
		return Change{}, notSupported(req)
	}
	binding, ok := req.Object.(*corev1.Binding)
	if !ok {
		return Change{}, apierrors.NewBadRequest(fmt.Sprintf("not a Binding object: %T", req.Object))
	}
	if err := judgeBinding(binding, req); err != nil {
		return Change{}, err
	}
	if old == nil {
		return Change{}, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	if binding.UID != "" && binding.UID != old.GetUID() {
		return Change{}, failedPrecondition(req, "UID", string(binding.UID), string(old.GetUID()))
	}
	if binding.ResourceVersion != "" && binding.ResourceVersion != old.GetResourceVersion() {
		return Change{}, failedPrecondition(req, "ResourceVersion", binding.ResourceVersion, old.GetResourceVersion())
	}
	pod := old.DeepCopyObject().(*corev1.Pod)
	if err := mayBind(pod); err != nil {
		return Change{}, apierrors.NewConflict(schema.GroupResource{Resource: "pods/binding"}, req.Name, err)
	}
	bind(pod, binding, env)
	answer := func(api.Object) runtime.Object {
		status := success(nil)
		status.Code = 201
		return status
	}
	return Change{Action: Put, Object: pod, Answer: answer, Created: true}, nil
}

// judgeBinding says what is wrong with the binding itself.
func judgeBinding(binding *corev1.Binding, req api.Request) error {
	if binding.Name != req.Name {
		return apierrors.NewBadRequest("name in URL does not match name in Binding object")
	}
	if binding.Namespace != "" && binding.Namespace != req.Namespace {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	var errs field.ErrorList
	target := field.NewPath("target")
	if kind := binding.Target.Kind; kind != "" && kind != "Node" {
		errs = append(errs, field.NotSupported(target.Child("kind"), kind, []string{"Node", "<empty>"}))
	}
	if binding.Target.Name == "" {
		errs = append(errs, field.Required(target.Child("name"), ""))
	}
	if len(errs) > 0 {
		// Upstream: 500, because it forgets to make a Status of them.
		return apierrors.NewInvalid(schema.GroupKind{Kind: "Binding"}, req.Name, errs)
	}
	return nil
}

// mayBind says what forbids to bind pod, whoever asks.
func mayBind(pod *corev1.Pod) error {
	switch {
	case pod.DeletionTimestamp != nil:
		return fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return fmt.Errorf("pod %v is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) != 0:
		return fmt.Errorf("pod %v has non-empty .spec.schedulingGates", pod.Name)
	}
	return nil
}

func bind(pod *corev1.Pod, binding *corev1.Binding, env Env) {
	pod.Spec.NodeName = binding.Target.Name
	pod.Status.NominatedNodeName = ""
	pod.Annotations = merged(pod.Annotations, binding.Annotations)
	pod.Labels = merged(pod.Labels, binding.Labels)
	setCondition(&pod.Status, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, env)
}

func merged(into, from map[string]string) map[string]string {
	if len(from) == 0 {
		return into
	}
	if into == nil {
		into = map[string]string{}
	}
	maps.Copy(into, from)
	return into
}

// setCondition puts condition in the place of the one of its type; the time of its last transition changes only with
// its status.
func setCondition(status *corev1.PodStatus, condition corev1.PodCondition, env Env) {
	condition.LastTransitionTime = env.now()
	for i, c := range status.Conditions {
		if c.Type != condition.Type {
			continue
		}
		if c.Status == condition.Status {
			condition.LastTransitionTime = c.LastTransitionTime
		}
		status.Conditions[i] = condition
		return
	}
	status.Conditions = append(status.Conditions, condition)
}
