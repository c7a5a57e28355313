package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"orrery/impl/api"
)

// builder collects the schemas of Go types as they are met.
type builder struct {
	schemas map[string]*spec.Schema
}

func newBuilder() *builder { return &builder{schemas: map[string]*spec.Schema{}} }

// Interfaces by which the types of k8s.io/api describe themselves.
type (
	named      interface{ OpenAPIModelName() string }
	documented interface{ SwaggerDoc() map[string]string }
	typed      interface{ OpenAPISchemaType() []string }
	formatted  interface{ OpenAPISchemaFormat() string }
	oneOf      interface{ OpenAPIV3OneOfTypes() []string }
)

// ref returns a reference to the schema of t, a struct, which it adds.
func (b *builder) ref(t reflect.Type) spec.Schema {
	name := modelName(t)
	if _, known := b.schemas[name]; !known {
		// Put down before it is filled, because types contain themselves.
		s := &spec.Schema{}
		b.schemas[name] = s
		b.fill(s, t)
	}
	return spec.Schema{SchemaProps: spec.SchemaProps{Ref: spec.MustCreateRef("#/components/schemas/" + name)}}
}

// modelName is upstream's name of a type: its package with the domain turned round.
func modelName(t reflect.Type) string {
	if n, ok := reflect.New(t).Interface().(named); ok {
		return n.OpenAPIModelName()
	}
	domain, rest, _ := strings.Cut(t.PkgPath(), "/")
	parts := strings.Split(domain, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(rest, "/", ".") + "." + t.Name()
}

func (b *builder) fill(s *spec.Schema, t reflect.Type) {
	zero := reflect.New(t).Interface()
	docs := map[string]string{}
	if d, ok := reflect.Zero(t).Interface().(documented); ok {
		docs = d.SwaggerDoc()
	}
	s.Description = docs[""]
	if scalar(s, zero) {
		return
	}
	s.Type = spec.StringOrArray{"object"}
	if _, opaque := zero.(json.Marshaler); opaque || t.Kind() != reflect.Struct {
		return
	}
	s.Properties = map[string]spec.Schema{}
	b.addFields(s, t, docs)
	if gvks := kindsOf(t); len(gvks) > 0 {
		s.AddExtension("x-kubernetes-group-version-kind", gvks)
	}
}

// scalar fills the schema of types that are no objects in JSON: times, quantities, int-or-string.
func scalar(s *spec.Schema, zero any) bool {
	t, ok := zero.(typed)
	if !ok {
		return false
	}
	if o, ok := zero.(oneOf); ok {
		for _, kind := range o.OpenAPIV3OneOfTypes() {
			s.OneOf = append(s.OneOf, spec.Schema{SchemaProps: spec.SchemaProps{Type: spec.StringOrArray{kind}}})
		}
	} else {
		s.Type = t.OpenAPISchemaType()
	}
	if f, ok := zero.(formatted); ok {
		s.Format = f.OpenAPISchemaFormat()
	}
	return true
}

func (b *builder) addFields(s *spec.Schema, t reflect.Type, docs map[string]string) {
	for field := range fields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous {
			inner := docs
			if d, ok := reflect.Zero(field.Type).Interface().(documented); ok {
				inner = d.SwaggerDoc()
			}
			b.addFields(s, field.Type, inner)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		property := b.property(field.Type)
		describe(&property, docs[name])
		addPatch(&property, field.Tag)
		s.Properties[name] = property
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			s.Required = append(s.Required, name)
		}
	}
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

// property is the schema of a field: a reference for a struct, written out for all else.
func (b *builder) property(t reflect.Type) spec.Schema {
	switch t.Kind() {
	case reflect.Pointer:
		return b.property(t.Elem())
	case reflect.Struct:
		return b.ref(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return primitive("string", "byte")
		}
		items := b.property(t.Elem())
		describe(&items, "")
		return spec.Schema{SchemaProps: spec.SchemaProps{Type: spec.StringOrArray{"array"}, Items: &spec.SchemaOrArray{Schema: &items}}}
	case reflect.Map:
		values := b.property(t.Elem())
		describe(&values, "")
		return spec.Schema{SchemaProps: spec.SchemaProps{
			Type: spec.StringOrArray{"object"}, AdditionalProperties: &spec.SchemaOrBool{Allows: true, Schema: &values},
		}}
	case reflect.String:
		return primitive("string", "")
	case reflect.Bool:
		return primitive("boolean", "")
	case reflect.Int32, reflect.Uint32, reflect.Uint8, reflect.Int16, reflect.Uint16:
		return primitive("integer", "int32")
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return primitive("integer", "int64")
	case reflect.Float32, reflect.Float64:
		return primitive("number", "double")
	case reflect.Interface:
		return primitive("object", "")
	}
	panic(fmt.Sprintf("openapi: no schema for a field of type %v", t))
}

func primitive(kind, format string) spec.Schema {
	return spec.Schema{SchemaProps: spec.SchemaProps{Type: spec.StringOrArray{kind}, Format: format}}
}

// describe adds a description. Nothing may stand beside a reference, so one that is described is wrapped, as upstream does.
func describe(s *spec.Schema, text string) {
	if ref := s.Ref; ref.String() != "" {
		*s = spec.Schema{SchemaProps: spec.SchemaProps{
			AllOf: []spec.Schema{{SchemaProps: spec.SchemaProps{Ref: ref}}}, Default: map[string]any{},
		}}
	}
	s.Description = text
}

// addPatch says how lists and maps are merged: what strategic merge patches, and kubectl apply, go by.
func addPatch(s *spec.Schema, tag reflect.StructTag) {
	strategy, key := tag.Get("patchStrategy"), tag.Get("patchMergeKey")
	if strategy != "" {
		s.AddExtension("x-kubernetes-patch-strategy", strategy)
	}
	if key != "" {
		s.AddExtension("x-kubernetes-patch-merge-key", key)
		s.AddExtension("x-kubernetes-list-type", "map")
		s.AddExtension("x-kubernetes-list-map-keys", []any{key})
	} else if strategy == "merge" && len(s.Type) > 0 && s.Type[0] == "array" {
		s.AddExtension("x-kubernetes-list-type", "set")
	}
}

// kindsOf are the kinds that a type is served as, if it is an object or a list. The options of requests are in every group;
// they are described where they are defined.
func kindsOf(t reflect.Type) (kinds []any) {
	gvks, _, err := api.Scheme.ObjectKinds(newObject(t))
	if err != nil {
		return nil
	}
	for _, gvk := range gvks {
		if t.PkgPath() == metaPackage && gvk.Group != "" {
			continue
		}
		kinds = append(kinds, kindExtension(gvk))
	}
	return kinds
}

var metaPackage = reflect.TypeFor[metav1.ObjectMeta]().PkgPath()

func kindExtension(gvk schema.GroupVersionKind) map[string]any {
	return map[string]any{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind}
}
