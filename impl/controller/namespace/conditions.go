package namespace

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

// fine are the conditions of a namespace whose deletion nothing holds up, in upstream's order.
var fine = []corev1.NamespaceCondition{
	{Type: corev1.NamespaceDeletionDiscoveryFailure, Reason: "ResourcesDiscovered", Message: "All resources successfully discovered"},
	{Type: corev1.NamespaceDeletionGVParsingFailure, Reason: "ParsedGroupVersions", Message: "All legacy kube types successfully parsed"},
	{Type: corev1.NamespaceDeletionContentFailure, Reason: "ContentDeleted", Message: "All content successfully deleted, may be waiting on finalization"},
	{Type: corev1.NamespaceContentRemaining, Reason: "ContentRemoved", Message: "All content successfully removed"},
	{Type: corev1.NamespaceFinalizersRemaining, Reason: "ContentHasNoFinalizers", Message: "All content-preserving finalizers finished"},
}

// conditionsOf say what is left. They are in an order of their own, so that the same content is told in the same words.
func conditionsOf(there []object) (conditions []corev1.NamespaceCondition) {
	resources, finalizers := map[string]int{}, map[string]int{}
	for _, o := range there {
		resources[o.resource.Name+"."+o.resource.Group]++
		for _, f := range o.GetFinalizers() {
			finalizers[f]++
		}
	}
	conditions = append(conditions, corev1.NamespaceCondition{Type: corev1.NamespaceContentRemaining, Reason: "SomeResourcesRemain",
		Message: "Some resources are remaining: " + counted(resources, "%s has %d resource instances")})
	if len(finalizers) > 0 {
		conditions = append(conditions, corev1.NamespaceCondition{Type: corev1.NamespaceFinalizersRemaining, Reason: "SomeFinalizersRemain",
			Message: "Some content in the namespace has finalizers remaining: " + counted(finalizers, "%s in %d resource instances")})
	}
	return conditions
}

func counted(counts map[string]int, format string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf(format, name, counts[name]))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// refused is the condition that tells why a deletion was refused; false: none was. That an object is gone meanwhile, or another has its name, is
// what was wanted.
func refused(v *control.View) (corev1.NamespaceCondition, bool) {
	effect, err := v.Failure()
	var status apierrors.APIStatus
	if effect == nil || effect.Request.Verb != api.Delete || !errors.As(err, &status) || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return corev1.NamespaceCondition{}, false
	}
	return corev1.NamespaceCondition{Type: corev1.NamespaceDeletionContentFailure, Reason: "ContentDeletionFailed",
		Message: fmt.Sprintf("Failed to delete all resource types, 1 remaining: %v", err)}, true
}

// withConditions is the namespace with these conditions True, and all others of [fine] False; false: it says so already.
func withConditions(ns *corev1.Namespace, failing []corev1.NamespaceCondition, now time.Time) (*corev1.Namespace, bool) {
	next := *ns
	next.Status.Conditions = slices.Clone(ns.Status.Conditions)
	changed := false
	for _, is := range fine {
		is.Status = corev1.ConditionFalse
		if at := position(failing, is.Type); at >= 0 {
			is = failing[at]
			is.Status = corev1.ConditionTrue
		}
		is.LastTransitionTime = metav1.NewTime(now)
		at := position(next.Status.Conditions, is.Type)
		if at < 0 {
			next.Status.Conditions, changed = append(next.Status.Conditions, is), true
			continue
		}
		was := next.Status.Conditions[at]
		if was.Status == is.Status {
			is.LastTransitionTime = was.LastTransitionTime
		}
		if was.Status != is.Status || was.Reason != is.Reason || was.Message != is.Message {
			next.Status.Conditions[at], changed = is, true
		}
	}
	return &next, changed
}

func position(conditions []corev1.NamespaceCondition, of corev1.NamespaceConditionType) int {
	return slices.IndexFunc(conditions, func(c corev1.NamespaceCondition) bool { return c.Type == of })
}

// said are the messages of conditions.
func said(conditions []corev1.NamespaceCondition) string {
	var messages []string
	for _, c := range conditions {
		messages = append(messages, c.Message)
	}
	return strings.Join(messages, "; ")
}
