package web

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	metav1beta1 "k8s.io/apimachinery/pkg/apis/meta/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/apiserver/web/table"
)

// show turns obj into the kind asked for. obj itself is shared and not changed.
func (c *call) show(a accepted, obj runtime.Object) (runtime.Object, error) {
	if _, isStatus := obj.(*metav1.Status); isStatus || a.as.Empty() {
		return withKind(obj)
	}
	switch a.as.Kind {
	case "Table":
		options, err := c.tableOptions()
		if err != nil {
			return nil, err
		}
		return c.table(obj, options, a.as.GroupVersion())
	case "PartialObjectMetadata":
		if meta.IsListType(obj) {
			return nil, notAcceptable(fmt.Sprintf("you requested PartialObjectMetadata, but the requested object is a list (%T)", obj))
		}
		return partial(obj, a.as.GroupVersion())
	}
	if !meta.IsListType(obj) {
		return nil, notAcceptable(fmt.Sprintf("you requested PartialObjectMetadataList, but the requested object is not a list (%T)", obj))
	}
	return partialList(obj, a.as.GroupVersion())
}

func (c *call) tableOptions() (metav1.TableOptions, error) {
	var options metav1.TableOptions
	if err := readQuery(c.r.URL.Query(), &options); err != nil {
		return options, err
	}
	if errs := validation.ValidateTableOptions(&options); len(errs) > 0 {
		return options, apierrors.NewBadRequest(fmt.Sprintf("Unable to convert to Table as requested: %v", errs.ToAggregate()))
	}
	return options, nil
}

// table shows an object or a list as a Table, each row with as much of its object as the options say.
func (c *call) table(obj runtime.Object, options metav1.TableOptions, gv schema.GroupVersion) (runtime.Object, error) {
	t, err := table.Convert(obj, c.Now())
	if err != nil {
		return nil, err
	}
	t.SetGroupVersionKind(gv.WithKind("Table"))
	if options.NoHeaders {
		t.ColumnDefinitions = nil
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		switch options.IncludeObject {
		case metav1.IncludeNone:
			row.Object.Object = nil
		case metav1.IncludeObject:
			row.Object.Object, err = withKind(row.Object.Object)
		default:
			row.Object.Object, err = partial(row.Object.Object, gv)
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// partial is the metadata of obj alone.
func partial(obj runtime.Object, gv schema.GroupVersion) (runtime.Object, error) {
	m, err := meta.Accessor(obj)
	if err != nil {
		return nil, err
	}
	p := meta.AsPartialObjectMetadata(m)
	p.SetGroupVersionKind(gv.WithKind("PartialObjectMetadata"))
	return p, nil
}

func partialList(obj runtime.Object, gv schema.GroupVersion) (runtime.Object, error) {
	source, err := meta.ListAccessor(obj)
	if err != nil {
		return nil, err
	}
	items := make([]metav1.PartialObjectMetadata, 0, meta.LenList(obj))
	err = meta.EachListItem(obj, func(item runtime.Object) error {
		m, err := meta.Accessor(item)
		if err != nil {
			return err
		}
		p := meta.AsPartialObjectMetadata(m)
		p.SetGroupVersionKind(gv.WithKind("PartialObjectMetadata"))
		items = append(items, *p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var listMeta metav1.ListMeta
	listMeta.ResourceVersion = source.GetResourceVersion()
	listMeta.Continue = source.GetContinue()
	listMeta.RemainingItemCount = source.GetRemainingItemCount()
	kind := metav1.TypeMeta{APIVersion: gv.String(), Kind: "PartialObjectMetadataList"}
	if gv == metav1beta1.SchemeGroupVersion {
		return &metav1beta1.PartialObjectMetadataList{TypeMeta: kind, ListMeta: listMeta, Items: items}, nil
	}
	return &metav1.PartialObjectMetadataList{TypeMeta: kind, ListMeta: listMeta, Items: items}, nil
}
