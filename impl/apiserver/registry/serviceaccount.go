package registry

import (
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var serviceAccount = strategy[*corev1.ServiceAccount]{
	name: apivalidation.ValidateServiceAccountName,
	prepare: func(obj *corev1.ServiceAccount, _ Env) field.ErrorList {
		onlyNames(obj)
		return nil
	},
	update:   rewrite[*corev1.ServiceAccount]{prepare: func(obj, _ *corev1.ServiceAccount) { onlyNames(obj) }},
	deletion: deletion[*corev1.ServiceAccount]{returns: true},
}

// onlyNames leaves the names of an account's secrets: they are in its namespace.
func onlyNames(obj *corev1.ServiceAccount) {
	for i, ref := range obj.Secrets {
		obj.Secrets[i] = corev1.ObjectReference{Name: ref.Name}
	}
}
