package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// nodeTroubleSeconds is how long a pod stays bound to a node that is not ready or cannot be reached, unless it says so
// itself.
const nodeTroubleSeconds = 300

// tolerateNodeTrouble adds the tolerations that every pod has: upstream's admission plugin DefaultTolerationSeconds.
func tolerateNodeTrouble(spec *corev1.PodSpec) {
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		if tolerates(spec.Tolerations, key) {
			continue
		}
		seconds := int64(nodeTroubleSeconds)
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
			Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds})
	}
}

func tolerates(tolerations []corev1.Toleration, key string) bool {
	for _, t := range tolerations {
		if (t.Key == key || t.Key == "") && (t.Effect == corev1.TaintEffectNoExecute || t.Effect == "") {
			return true
		}
	}
	return false
}

// priorities are the priority classes that there are without any PriorityClass object, which is not served.
var priorities = map[string]int32{"": 0, "system-cluster-critical": 2000000000, "system-node-critical": 2000001000}

// setPriority looks the pod's priority up: upstream's admission plugin Priority.
//
// Upstream: 403, as of every admission plugin.
func setPriority(spec *corev1.PodSpec) field.ErrorList {
	path := field.NewPath("spec")
	priority, ok := priorities[spec.PriorityClassName]
	if !ok {
		return field.ErrorList{field.Forbidden(path.Child("priorityClassName"),
			fmt.Sprintf("no PriorityClass with name %v was found", spec.PriorityClassName))}
	}
	if spec.Priority != nil && *spec.Priority != priority {
		return field.ErrorList{field.Forbidden(path.Child("priority"), fmt.Sprintf(
			"the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name",
			*spec.Priority, priority))}
	}
	spec.Priority = &priority
	if spec.PreemptionPolicy == nil {
		lower := corev1.PreemptLowerPriority
		spec.PreemptionPolicy = &lower
	}
	return nil
}
