package registry

import (
	"fmt"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// scalable is what a Scale shows and changes of an object.
type scalable struct {
	replicas *int32
	running  int32
	selector string
}

// decideScale decides on the subresource scale: a Scale is made of the object, changed as the request says, and its
// replicas are put back into the object, which is then an update of that object.
func decideScale(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	if req.Verb != api.Get && req.Verb != api.Update && req.Verb != api.Patch {
		return Change{}, notSupported(req)
	}
	if old == nil {
		return Change{}, apierrors.NewNotFound(req.Resource.GR(), req.Name)
	}
	answer := func(stored api.Object) runtime.Object { return k.scaleOf(stored) }
	if req.Verb == api.Get {
		return Change{Object: old, Answer: answer}, nil
	}
	wanted, warnings, err := wantedScale(k.scaleOf(old), req)
	if err != nil {
		return Change{}, err
	}
	if errs := validation.ValidateNonnegativeField(int64(wanted.Spec.Replicas), field.NewPath("spec", "replicas")); len(errs) > 0 {
		gk := schema.GroupKind{Group: autoscalingv1.GroupName, Kind: "Scale"}
		return Change{}, apierrors.NewInvalid(gk, req.Name, errs)
	}
	if wanted.UID != "" && wanted.UID != old.GetUID() {
		resource := schema.GroupResource{Group: req.Resource.Group, Resource: req.Resource.Name + "/scale"}
		//lint:ignore ST1005 the words are upstream's
		return Change{}, apierrors.NewConflict(resource, req.Name, fmt.Errorf(
			"Precondition failed: UID in precondition: %s, UID in object meta: %s", wanted.UID, old.GetUID()))
	}
	obj := old.DeepCopyObject().(api.Object)
	*k.scale(obj).replicas = wanted.Spec.Replicas
	obj.SetResourceVersion(wanted.ResourceVersion)
	req.Subresource = ""
	change, err := replace(k, obj, old, req, warnings)
	change.Answer = answer
	return change, err
}

// wantedScale is the Scale that the request makes of the current one.
func wantedScale(current *autoscalingv1.Scale, req api.Request) (*autoscalingv1.Scale, []string, error) {
	if req.Verb == api.Patch {
		obj, warnings, err := patched(current, req, &autoscalingv1.Scale{})
		if err != nil {
			return nil, nil, err
		}
		scale := obj.(*autoscalingv1.Scale)
		return scale, warnings, firstOf(place(scale, req), named(scale, req))
	}
	scale, ok := req.Object.(*autoscalingv1.Scale)
	if !ok {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("expected input object type to be Scale, but %T", req.Object))
	}
	scale = scale.DeepCopy()
	return scale, nil, firstOf(place(scale, req), named(scale, req))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// scaleOf is obj seen as a Scale.
func (k *kind) scaleOf(obj api.Object) *autoscalingv1.Scale {
	s := k.scale(obj)
	scale := &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
			ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
		},
		Status: autoscalingv1.ScaleStatus{Replicas: s.running, Selector: s.selector},
	}
	if s.replicas != nil {
		scale.Spec.Replicas = *s.replicas
	}
	return scale
}
