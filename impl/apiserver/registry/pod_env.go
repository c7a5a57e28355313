package registry

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// fieldsInEnv and fieldsInFiles are what the downward API tells in either way.
var (
	fieldsInEnv = []string{"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
	fieldsInFiles = []string{"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"}
	// knownFields are those that exist at all.
	knownFields = append([]string{"metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"}, fieldsInEnv...)

	resourceFields = []string{"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory"}
	divisors = []string{"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"}
)

func validateEnv(vars []corev1.EnvVar, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range vars {
		at := path.Index(i)
		if v.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		} else {
			errs = append(errs, invalid(at.Child("name"), v.Name, validation.IsRelaxedEnvVarName(v.Name))...)
		}
		if v.ValueFrom != nil {
			errs = append(errs, validateEnvSource(v.ValueFrom, v.Value, at.Child("valueFrom"))...)
		}
	}
	return errs
}

func validateEnvSource(from *corev1.EnvVarSource, value string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	sources := 0
	if ref := from.FieldRef; ref != nil {
		sources++
		errs = append(errs, validateFieldRef(ref, fieldsInEnv, path.Child("fieldRef"))...)
	}
	if ref := from.ResourceFieldRef; ref != nil {
		sources++
		errs = append(errs, validateResourceFieldRef(ref, false, path.Child("resourceFieldRef"))...)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, path.Child("configMapKeyRef"))...)
	}
	if ref := from.SecretKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, path.Child("secretKeyRef"))...)
	}
	if from.FileKeyRef != nil {
		sources++
	}
	switch {
	case sources == 0:
		errs = append(errs, field.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case value != "":
		errs = append(errs, field.Invalid(path, "", "may not be specified when `value` is not empty"))
	case sources > 1:
		errs = append(errs, field.Invalid(path, "", "may not have more than one field specified at a time"))
	}
	return errs
}

func validateKeyRef(name, key string, path *field.Path) field.ErrorList {
	errs := dnsSubdomain(path.Child("name"), name)
	if key == "" {
		return append(errs, field.Required(path.Child("key"), ""))
	}
	return append(errs, invalid(path.Child("key"), key, validation.IsConfigMapKey(key))...)
}

// validateFieldRef judges a path such as metadata.name or metadata.labels['app'].
func validateFieldRef(ref *corev1.ObjectFieldSelector, told []string, path *field.Path) field.ErrorList {
	at := path.Child("fieldPath")
	switch {
	case ref.FieldPath == "":
		return field.ErrorList{field.Required(at, "")}
	case ref.APIVersion != "v1":
		return field.ErrorList{field.Invalid(at, ref.FieldPath, "error converting fieldPath: unsupported pod version: "+ref.APIVersion)}
	}
	if base, subscript, ok := subscripted(ref.FieldPath); ok {
		switch base {
		case "metadata.annotations":
			return qualifiedName(path, strings.ToLower(subscript))
		case "metadata.labels":
			return qualifiedName(path, subscript)
		}
		return field.ErrorList{field.Invalid(at, ref.FieldPath, "error converting fieldPath: field label does not support subscript: "+ref.FieldPath)}
	}
	name := ref.FieldPath
	if name == "spec.host" {
		name = "spec.nodeName"
	}
	switch {
	case !slices.Contains(knownFields, name):
		return field.ErrorList{field.Invalid(at, ref.FieldPath, "error converting fieldPath: field label not supported: "+ref.FieldPath)}
	case !slices.Contains(told, name):
		return field.ErrorList{field.NotSupported(at, name, told)}
	}
	return nil
}

// subscripted splits a path that ends with ['key'].
func subscripted(fieldPath string) (base, key string, ok bool) {
	rest, ok := strings.CutSuffix(fieldPath, "']")
	if !ok {
		return "", "", false
	}
	base, key, ok = strings.Cut(rest, "['")
	return base, key, ok && base != ""
}

func validateResourceFieldRef(ref *corev1.ResourceFieldSelector, inFile bool, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	hugePages := strings.HasPrefix(ref.Resource, "requests.hugepages-") || strings.HasPrefix(ref.Resource, "limits.hugepages-")
	switch {
	case inFile && ref.ContainerName == "":
		errs = append(errs, field.Required(path.Child("containerName"), ""))
	case ref.Resource == "":
		errs = append(errs, field.Required(path.Child("resource"), ""))
	case !slices.Contains(resourceFields, ref.Resource) && !hugePages:
		errs = append(errs, field.NotSupported(path.Child("resource"), ref.Resource, resourceFields))
	}
	if ref.Divisor.IsZero() {
		return errs
	}
	_, name, _ := strings.Cut(ref.Resource, ".")
	divisor := ref.Divisor.String()
	switch {
	case name == "cpu":
		if divisor != "1m" && divisor != "1" {
			errs = append(errs, field.Invalid(path.Child("divisor"), ref.Resource, "only divisor's values 1m and 1 are supported with the cpu resource"))
		}
	case !slices.Contains(divisors, divisor):
		if name == "ephemeral-storage" {
			name = "local ephemeral storage"
		} else if hugePages {
			name = "hugepages"
		}
		errs = append(errs, field.Invalid(path.Child("divisor"), ref.Resource,
			"only divisor's values "+strings.Join(divisors, ", ")+" are supported with the "+name+" resource"))
	}
	return errs
}

func validateEnvFrom(sources []corev1.EnvFromSource, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, source := range sources {
		at := path.Index(i)
		if source.Prefix != "" {
			errs = append(errs, invalid(at.Child("prefix"), source.Prefix, validation.IsRelaxedEnvVarName(source.Prefix))...)
		}
		reference := func(name, object string) {
			if object == "" {
				errs = append(errs, field.Required(at.Child(name, "name"), ""))
			} else {
				errs = append(errs, dnsSubdomain(at.Child(name, "name"), object)...)
			}
		}
		if source.ConfigMapRef != nil {
			reference("configMapRef", source.ConfigMapRef.Name)
		}
		if source.SecretRef != nil {
			reference("secretRef", source.SecretRef.Name)
		}
		switch {
		case source.ConfigMapRef == nil && source.SecretRef == nil:
			errs = append(errs, field.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
		case source.ConfigMapRef != nil && source.SecretRef != nil:
			errs = append(errs, field.Invalid(path, "", "may not have more than one field specified at a time"))
		}
	}
	return errs
}
