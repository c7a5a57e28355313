package registry

import (
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
)

// Matcher is the predicate by which a list or watch selects: the request's namespace, label selector and field selector,
// and its name if it has one.
func Matcher(req api.Request) (func(api.Object) bool, error) {
	byLabel, err := labels.Parse(req.Labels)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byField, err := fields.ParseSelector(req.Fields)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	k, ok := kinds[req.Resource.Kind]
	if !ok {
		return nil, noSubresource(req)
	}
	known := k.fields(req.Resource.New())
	byField, err = byField.Transform(func(label, value string) (string, string, error) {
		if known == nil {
			return runtime.DefaultMetaV1FieldSelectorConversion(label, value)
		}
		if label == "spec.host" && req.Resource.Name == "pods" {
			label = "spec.nodeName" // what v1 called it once
		}
		_, ok := known[label]
		if !ok && label != "metadata.name" && (label != "metadata.namespace" || !req.Resource.Namespaced) {
			return "", "", fmt.Errorf("field label not supported: %s", label)
		}
		return label, value, nil
	})
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return func(obj api.Object) bool {
		return (req.Namespace == "" || obj.GetNamespace() == req.Namespace) &&
			(req.Name == "" || obj.GetName() == req.Name) &&
			byLabel.Matches(labels.Set(obj.GetLabels())) &&
			(byField.Empty() || byField.Matches(selectable(k, obj)))
	}, nil
}

// selectable are the values by which obj can be selected.
func selectable(k *kind, obj api.Object) fields.Set {
	set := fields.Set{"metadata.name": obj.GetName(), "metadata.namespace": obj.GetNamespace()}
	maps.Copy(set, k.fields(obj))
	return set
}
