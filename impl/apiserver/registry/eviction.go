package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
)

// Evicts returns the body of a request that evicts a pod.
func Evicts(req api.Request) (*policyv1.Eviction, bool) {
	eviction, ok := req.Object.(*policyv1.Eviction)
	return eviction, ok && req.Resource != nil && req.Resource.Name == "pods" && req.Subresource == "eviction" && req.Verb == api.Create
}

// decideEviction deletes a pod as the eviction's deleteOptions say, and shows in it why. No budget speaks against it, as none are served.
//
// Upstream: writes the condition first and deletes then; a server that dies between the two leaves a pod that says it is evicted, and is not.
// Here both are one compare-and-swap.
func decideEviction(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	if req.Verb != api.Create {
		return Change{}, notSupported(req)
	}
	eviction, ok := Evicts(req)
	switch {
	case !ok:
		return Change{}, apierrors.NewBadRequest(fmt.Sprintf("not a Eviction object: %T", req.Object))
	case eviction.Name != req.Name:
		return Change{}, apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	case old == nil:
		return Change{}, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	pod := old.DeepCopyObject().(*corev1.Pod)
	disrupt(pod, env)
	req.Verb, req.Subresource, req.Object, req.Delete = api.Delete, "", nil, eviction.DeleteOptions
	change, err := remove(k, pod, req, env)
	if err != nil {
		return Change{}, err
	}
	if change.Action == None {
		change.Object = old
		if !same(pod, old) { // it is being deleted already, and does not say yet that it is evicted
			change.Action, change.Object = Put, pod
		}
	}
	change.Created = true
	change.Answer = func(api.Object) runtime.Object {
		status := success(nil)
		status.Code = 201
		return status
	}
	return change, nil
}

// disrupt shows that a pod is evicted, once.
func disrupt(pod *corev1.Pod, env Env) {
	is := corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting",
		ObservedGeneration: pod.Generation}
	for _, c := range pod.Status.Conditions {
		if c.Type == is.Type && c.Status == is.Status && c.Reason == is.Reason {
			return
		}
	}
	setCondition(&pod.Status, is, env)
}
