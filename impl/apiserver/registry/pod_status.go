package registry

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// preparePodStatus restores what a write of the status does not change.
func preparePodStatus(obj, old *corev1.Pod) {
	obj.Spec = old.Spec
	obj.DeletionTimestamp = nil
	// Old kubelets corrupt them, and the garbage collector believes them.
	obj.OwnerReferences = old.OwnerReferences
	if obj.Status.QOSClass == "" {
		obj.Status.QOSClass = old.Status.QOSClass
	}
	if obj.Status.ResourceClaimStatuses == nil {
		obj.Status.ResourceClaimStatuses = old.Status.ResourceClaimStatuses
	}
	if obj.Status.ObservedGeneration == 0 {
		obj.Status.ObservedGeneration = old.Status.ObservedGeneration
	}
	keepObserved(obj.Status.Conditions, old.Status.Conditions)
}

// keepObserved lets those who know nothing of a condition's observedGeneration leave it out.
func keepObserved(conditions, old []corev1.PodCondition) {
	before := map[corev1.PodConditionType][]int64{}
	for _, c := range old {
		before[c.Type] = append(before[c.Type], c.ObservedGeneration)
	}
	for i := range conditions {
		c := &conditions[i]
		var generation int64
		if seen := before[c.Type]; len(seen) > 0 {
			generation, before[c.Type] = seen[0], seen[1:]
		}
		if c.ObservedGeneration == 0 {
			c.ObservedGeneration = generation
		}
	}
}

func validatePodStatus(obj, old *corev1.Pod) field.ErrorList {
	path := field.NewPath("status")
	errs := validateMirror(obj, old)
	errs = append(errs, validateConditions(obj.Status.Conditions, path.Child("conditions"))...)
	errs = append(errs, validateNomination(obj, old, path.Child("nominatedNodeName"))...)
	if obj.Status.ObservedGeneration < 0 {
		errs = append(errs, field.Invalid(path.Child("observedGeneration"), obj.Status.ObservedGeneration, "must be a non-negative integer"))
	}
	errs = append(errs, apivalidation.ValidateImmutableField(obj.Status.QOSClass, old.Status.QOSClass, path.Child("qosClass"))...)
	errs = append(errs, validateResurrection(obj.Status.ContainerStatuses, old.Status.ContainerStatuses,
		old.Spec.Containers, old.Spec.RestartPolicy, path.Child("containerStatuses"))...)
	errs = append(errs, validateResurrection(obj.Status.InitContainerStatuses, old.Status.InitContainerStatuses,
		old.Spec.InitContainers, old.Spec.RestartPolicy, path.Child("initContainerStatuses"))...)
	return append(errs, validatePodIPs(&obj.Status, path)...)
}

func validateConditions(conditions []corev1.PodCondition, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	known := []corev1.PodConditionType{corev1.PodScheduled, corev1.PodReady, corev1.PodInitialized}
	for i, c := range conditions {
		if c.ObservedGeneration < 0 {
			errs = append(errs, field.Invalid(path.Index(i).Child("observedGeneration"), c.ObservedGeneration, "must be a non-negative integer"))
		}
		if !slices.Contains(known, c.Type) {
			errs = append(errs, qualifiedName(path.Index(i).Child("Type"), string(c.Type))...)
		}
	}
	return errs
}

func validateNomination(obj, old *corev1.Pod, path *field.Path) field.ErrorList {
	name := obj.Status.NominatedNodeName
	if name == "" || name == old.Status.NominatedNodeName {
		return nil
	}
	errs := dnsSubdomain(path, name)
	if old.Spec.NodeName != "" {
		errs = append(errs, field.Forbidden(path, "may not be set on pods that are already bound to a node"))
	}
	return errs
}

// validateResurrection forbids that a container that has ended and is not started again be said to run.
func validateResurrection(is, was []corev1.ContainerStatus, containers []corev1.Container, policy corev1.RestartPolicy, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, old := range was {
		if old.State.Terminated == nil {
			continue
		}
		same := func(s corev1.ContainerStatus) bool { return s.Name == old.Name }
		j := slices.IndexFunc(is, same)
		if j < 0 || is[j].State.Terminated != nil {
			continue
		}
		k := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == old.Name })
		if k < 0 || !restarts(containers[k], policy, old.State.Terminated.ExitCode) {
			errs = append(errs, field.Forbidden(path.Index(i).Child("state"), "may not be transitioned to non-terminated state"))
		}
	}
	return errs
}

// restarts reports that a container that ended with exitCode is started again.
func restarts(c corev1.Container, policy corev1.RestartPolicy, exitCode int32) bool {
	if c.RestartPolicy != nil {
		for _, rule := range c.RestartPolicyRules {
			listed := slices.Contains(rule.ExitCodes.Values, exitCode)
			if listed == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn) {
				return true // every action that there is restarts it
			}
		}
		policy = corev1.RestartPolicy(*c.RestartPolicy)
	}
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && exitCode != 0
}

func validatePodIPs(status *corev1.PodStatus, path *field.Path) field.ErrorList {
	at := path.Child("podIPs")
	var errs field.ErrorList
	var ips []string
	for i, ip := range status.PodIPs {
		errs = append(errs, ipAddress(at.Index(i), ip.IP)...)
		ips = append(ips, ip.IP)
	}
	if len(errs) == 0 && len(ips) > 1 {
		if dual, err := netutils.IsDualStackIPStrings(ips); err != nil || !dual || len(ips) > 2 {
			errs = append(errs, field.Invalid(at, status.PodIPs, "may specify no more than one IP for each IP family"))
		}
	}
	for i, ip := range status.HostIPs {
		errs = append(errs, ipAddress(path.Child("hostIPs").Index(i), ip.IP)...)
	}
	if len(status.HostIPs) > 0 && status.HostIP != status.HostIPs[0].IP {
		errs = append(errs, field.Invalid(path.Child("hostIPs").Index(0).Child("ip"), status.HostIPs[0].IP, "must be equal to `hostIP`"))
	}
	return errs
}
