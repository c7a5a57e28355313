package request

import (
	"reflect"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// listOf makes the typed list of items, which are shared and stay as they are: the list holds copies of their structs
// without kind and apiVersion, which upstream's lists do not repeat.
func listOf(r *api.Resource, items []api.Object, revision int64, next string, remaining *int64) runtime.Object {
	list := r.NewList()
	list.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind + "List"})
	pointer, err := meta.GetItemsPtr(list)
	if err != nil {
		panic("request: the list of " + r.Name + " has no items: " + err.Error())
	}
	slice := reflect.ValueOf(pointer).Elem()
	slice.Set(reflect.MakeSlice(slice.Type(), len(items), len(items)))
	for i, item := range items {
		slot := slice.Index(i)
		slot.Set(reflect.ValueOf(item).Elem())
		slot.Addr().Interface().(runtime.Object).GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	}
	about := list.(metav1.ListInterface)
	about.SetResourceVersion(api.FormatResourceVersion(revision))
	about.SetContinue(next)
	about.SetRemainingItemCount(remaining)
	return list
}
