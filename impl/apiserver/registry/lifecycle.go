package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// NeedsNamespace reports that req has to be admitted by its namespace, see [Admit].
func NeedsNamespace(req api.Request) bool {
	return req.Resource.Namespaced && req.Verb == api.Create
}

// Admit says what speaks against req, which creates something in namespace (nil: there is none): nothing is created in
// a namespace that is not there, or that is being emptied. It is upstream's admission plugin NamespaceLifecycle. Whoever
// asks it about a namespace from a cache should ask again about the stored one before it believes that there is none.
func Admit(namespace *corev1.Namespace, req api.Request) error {
	if !NeedsNamespace(req) {
		return nil
	}
	if namespace == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, req.Namespace)
	}
	if namespace.Status.Phase != corev1.NamespaceTerminating && namespace.DeletionTimestamp == nil {
		return nil
	}
	name := req.Name
	if obj, ok := req.Object.(metav1.Object); ok && name == "" {
		name = obj.GetName()
		if name == "" {
			name = obj.GetGenerateName()
		}
	}
	err := apierrors.NewForbidden(req.Resource.GR(), name, fmt.Errorf(
		"unable to create new content in namespace %s because it is being terminated", req.Namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type:    corev1.NamespaceTerminatingCause,
		Message: fmt.Sprintf("namespace %s is being terminated", req.Namespace),
		Field:   "metadata.namespace",
	})
	return err
}
