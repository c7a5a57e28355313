package registry

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubectl/pkg/util/qos"
)

var pod = strategy[*corev1.Pod]{
	name:     apivalidation.NameIsDNSSubdomain,
	defaults: defaultPod,
	prepare: func(obj *corev1.Pod, env Env) field.ErrorList {
		obj.Generation = 1
		obj.Status = corev1.PodStatus{Phase: corev1.PodPending}
		obj.Status.QOSClass = qos.ComputePodQOS(obj)
		if len(obj.Spec.SchedulingGates) > 0 {
			setCondition(&obj.Status, corev1.PodCondition{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonSchedulingGated,
				Message: "Scheduling is blocked due to non-empty scheduling gates",
			}, env)
		}
		tolerateNodeTrouble(&obj.Spec)
		return setPriority(&obj.Spec)
	},
	validate: func(obj *corev1.Pod) field.ErrorList {
		errs := validatePod(obj)
		spec := field.NewPath("spec")
		if len(obj.Spec.EphemeralContainers) > 0 {
			errs = append(errs, field.Forbidden(spec.Child("ephemeralContainers"), "cannot be set on create"))
		}
		if obj.Spec.NodeName != "" && len(obj.Spec.SchedulingGates) > 0 {
			errs = append(errs, field.Forbidden(spec.Child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
		}
		return errs
	},
	update: rewrite[*corev1.Pod]{
		prepare: func(obj, old *corev1.Pod) {
			obj.Status = old.Status
			// A body without them is one of a client that has not seen what admission added.
			if obj.Spec.Priority == nil {
				obj.Spec.Priority = old.Spec.Priority
			}
			if obj.Spec.PreemptionPolicy == nil {
				obj.Spec.PreemptionPolicy = old.Spec.PreemptionPolicy
			}
			tolerateNodeTrouble(&obj.Spec)
			if !equality.Semantic.DeepEqual(obj.Spec, old.Spec) {
				obj.Generation = old.Generation + 1
			}
		},
		validate: func(obj, old *corev1.Pod) field.ErrorList {
			return append(validatePod(obj), validatePodUpdate(obj, old)...)
		},
	},
	status: rewrite[*corev1.Pod]{prepare: preparePodStatus, validate: validatePodStatus},
	warnings: func(obj, old *corev1.Pod) []string {
		messages := validation.IsDNS1123Label(obj.Name)
		if old != nil || len(messages) == 0 {
			return nil
		}
		return []string{fmt.Sprintf("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: %v", messages)}
	},
	fields: func(obj *corev1.Pod) map[string]string {
		ip := ""
		if len(obj.Status.PodIPs) > 0 {
			ip = obj.Status.PodIPs[0].IP
		}
		return map[string]string{
			"spec.nodeName":            obj.Spec.NodeName,
			"spec.restartPolicy":       string(obj.Spec.RestartPolicy),
			"spec.schedulerName":       obj.Spec.SchedulerName,
			"spec.serviceAccountName":  obj.Spec.ServiceAccountName,
			"spec.hostNetwork":         strconv.FormatBool(obj.Spec.HostNetwork),
			"status.phase":             string(obj.Status.Phase),
			"status.podIP":             ip,
			"status.nominatedNodeName": obj.Status.NominatedNodeName,
		}
	},
	deletion: deletion[*corev1.Pod]{grace: podGrace, returns: true},
}

// podGrace is how long a pod has from its deletion until it is to be gone. Nobody has to stop what was never started
// or has ended.
func podGrace(obj *corev1.Pod, wanted *int64) int64 {
	var seconds int64
	switch {
	case wanted != nil:
		seconds = *wanted
	case obj.Spec.TerminationGracePeriodSeconds != nil:
		seconds = *obj.Spec.TerminationGracePeriodSeconds
	}
	if obj.Spec.NodeName == "" || obj.Status.Phase == corev1.PodFailed || obj.Status.Phase == corev1.PodSucceeded {
		seconds = 0
	}
	if seconds < 0 {
		seconds = 1
	}
	return seconds
}
