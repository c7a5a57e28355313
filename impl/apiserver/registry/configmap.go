package registry

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxDataSize bounds the values of a ConfigMap or Secret taken together.
const maxDataSize = 1 << 20

var configMap = strategy[*corev1.ConfigMap]{
	name:     apivalidation.NameIsDNSSubdomain,
	validate: validateConfigMap,
	update: rewrite[*corev1.ConfigMap]{validate: func(obj, old *corev1.ConfigMap) field.ErrorList {
		var errs field.ErrorList
		if old.Immutable != nil && *old.Immutable {
			errs = append(errs, frozen(field.NewPath("immutable"), obj.Immutable == nil || !*obj.Immutable)...)
			errs = append(errs, frozen(field.NewPath("data"), !equality.Semantic.DeepEqual(obj.Data, old.Data))...)
			errs = append(errs, frozen(field.NewPath("binaryData"), !equality.Semantic.DeepEqual(obj.BinaryData, old.BinaryData))...)
		}
		return append(errs, validateConfigMap(obj)...)
	}},
}

func validateConfigMap(obj *corev1.ConfigMap) field.ErrorList {
	data, binary := field.NewPath("data"), field.NewPath("binaryData")
	errs, size := validateData(data, obj.Data)
	for _, key := range slices.Sorted(maps.Keys(obj.Data)) {
		if _, ok := obj.BinaryData[key]; ok {
			errs = append(errs, field.Invalid(data.Key(key), key, "duplicate of key present in binaryData"))
		}
	}
	binaryErrs, binarySize := validateData(binary, obj.BinaryData)
	errs = append(errs, binaryErrs...)
	if size+binarySize > maxDataSize {
		errs = append(errs, field.TooLong(field.NewPath(""), "", maxDataSize))
	}
	return errs
}

// validateData judges the keys and adds up the values.
func validateData[V ~string | ~[]byte](path *field.Path, data map[string]V) (errs field.ErrorList, size int) {
	for _, key := range slices.Sorted(maps.Keys(data)) {
		errs = append(errs, invalid(path.Key(key), key, validation.IsConfigMapKey(key))...)
		size += len(data[key])
	}
	return errs, size
}
