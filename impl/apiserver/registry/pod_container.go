package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateContainers judges a pod spec's containers, init containers and ephemeral containers.
func validateContainers(spec *corev1.PodSpec, volumes map[string]corev1.VolumeSource, path *field.Path) field.ErrorList {
	at := path.Child("containers")
	var errs field.ErrorList
	if len(spec.Containers) == 0 {
		errs = append(errs, field.Required(at, ""))
	}
	names := map[string]bool{}
	grace := spec.TerminationGracePeriodSeconds
	for i := range spec.Containers {
		c, at := &spec.Containers[i], at.Index(i)
		errs = append(errs, validateContainer(c, volumes, at)...)
		errs = append(errs, unique(names, c.Name, at.Child("name"))...)
		errs = append(errs, validateHooksAndProbes(c, grace, at)...)
		errs = append(errs, validateContainerRestart(c, at)...)
	}
	errs = append(errs, validateHostPorts(spec.Containers, at)...)
	if spec.HostNetwork {
		errs = append(errs, validateHostNetworkPorts(spec.Containers, at)...)
	}
	init := path.Child("initContainers")
	for i := range spec.InitContainers {
		c, at := &spec.InitContainers[i], init.Index(i)
		errs = append(errs, validateContainer(c, volumes, at)...)
		errs = append(errs, unique(names, c.Name, at.Child("name"))...)
		errs = append(errs, validateHostPorts(spec.InitContainers[i:i+1], init)...)
		errs = append(errs, validateInitContainer(c, grace, at)...)
	}
	for i := range spec.EphemeralContainers {
		c, at := (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon), path.Child("ephemeralContainers").Index(i)
		errs = append(errs, validateContainer(c, volumes, at)...)
		errs = append(errs, unique(names, c.Name, at.Child("name"))...)
	}
	return errs
}

func unique(seen map[string]bool, name string, path *field.Path) field.ErrorList {
	if seen[name] {
		return field.ErrorList{field.Duplicate(path, name)}
	}
	if name != "" {
		seen[name] = true
	}
	return nil
}

// validateContainer judges what all kinds of containers have.
func validateContainer(c *corev1.Container, volumes map[string]corev1.VolumeSource, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), ""))
	} else {
		errs = append(errs, dnsLabel(path.Child("name"), c.Name)...)
	}
	if c.Image == "" {
		errs = append(errs, field.Required(path.Child("image"), ""))
	}
	errs = append(errs, oneOf(path.Child("terminationMessagePolicy"), c.TerminationMessagePolicy,
		corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)...)
	errs = append(errs, validateContainerPorts(c.Ports, path.Child("ports"))...)
	errs = append(errs, validateEnv(c.Env, path.Child("env"))...)
	errs = append(errs, validateEnvFrom(c.EnvFrom, path.Child("envFrom"))...)
	errs = append(errs, validateMounts(c, volumes, path.Child("volumeMounts"))...)
	errs = append(errs, oneOf(path.Child("imagePullPolicy"), c.ImagePullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)...)
	errs = append(errs, validateResources(&c.Resources, path.Child("resources"))...)
	return append(errs, validateSecurityContext(c.SecurityContext, path.Child("securityContext"))...)
}

func validateContainerPorts(ports []corev1.ContainerPort, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[string]bool{}
	for i, port := range ports {
		at := path.Index(i)
		if port.Name != "" {
			if messages := validation.IsValidPortName(port.Name); len(messages) > 0 {
				errs = append(errs, invalid(at.Child("name"), port.Name, messages)...)
			} else {
				errs = append(errs, unique(names, port.Name, at.Child("name"))...)
			}
		}
		if port.ContainerPort == 0 {
			errs = append(errs, field.Required(at.Child("containerPort"), ""))
		} else {
			errs = append(errs, portNumber(at.Child("containerPort"), port.ContainerPort)...)
		}
		if port.HostPort != 0 {
			errs = append(errs, portNumber(at.Child("hostPort"), port.HostPort)...)
		}
		errs = append(errs, protocol(at.Child("protocol"), port.Protocol)...)
	}
	return errs
}

// validateHostPorts: two containers of one pod cannot both have a port of the host.
func validateHostPorts(containers []corev1.Container, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	taken := map[string]bool{}
	for i, c := range containers {
		for j, port := range c.Ports {
			if port.HostPort != 0 {
				id := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
				errs = append(errs, unique(taken, id, path.Index(i).Child("ports").Index(j).Child("hostPort"))...)
			}
		}
	}
	return errs
}

func validateHostNetworkPorts(containers []corev1.Container, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range containers {
		for j, port := range c.Ports {
			if port.HostPort != 0 && port.HostPort != port.ContainerPort {
				errs = append(errs, field.Invalid(path.Index(i).Child("ports").Index(j).Child("hostPort"), port.HostPort,
					"must match `containerPort` when `hostNetwork` is true"))
			}
		}
	}
	return errs
}

// validateInitContainer: only one that goes on beside the others has hooks and probes.
func validateInitContainer(c *corev1.Container, grace *int64, path *field.Path) field.ErrorList {
	if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		return validateHooksAndProbes(c, grace, path)
	}
	errs := validateContainerRestart(c, path)
	for _, f := range []struct {
		name string
		set  bool
	}{{"lifecycle", c.Lifecycle != nil}, {"livenessProbe", c.LivenessProbe != nil},
		{"readinessProbe", c.ReadinessProbe != nil}, {"startupProbe", c.StartupProbe != nil}} {
		if f.set {
			errs = append(errs, field.Forbidden(path.Child(f.name), "may not be set for init containers without restartPolicy=Always"))
		}
	}
	return errs
}

func validateContainerRestart(c *corev1.Container, path *field.Path) field.ErrorList {
	if c.RestartPolicy == nil {
		if len(c.RestartPolicyRules) > 0 {
			return field.ErrorList{field.Required(path.Child("restartPolicy"), "must specify restartPolicy when restart rules are used")}
		}
		return nil
	}
	errs := oneOf(path.Child("restartPolicy"), *c.RestartPolicy,
		corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure)
	return append(errs, validateRestartRules(c.RestartPolicyRules, path.Child("restartPolicyRules"))...)
}

// Upstream bounds how many rules and exit codes there are (validateContainerRestartPolicy).
const (
	maxRestartRules = 20
	maxExitCodes    = 255
)

func validateRestartRules(rules []corev1.ContainerRestartRule, path *field.Path) (errs field.ErrorList) {
	if len(rules) > maxRestartRules {
		errs = append(errs, field.TooMany(path, len(rules), maxRestartRules))
	}
	for i, rule := range rules {
		at := path.Index(i)
		errs = append(errs, oneOf(at.Child("action"), rule.Action, corev1.ContainerRestartRuleActionRestart, corev1.ContainerRestartRuleActionRestartAllContainers)...)
		if rule.ExitCodes == nil {
			errs = append(errs, field.Required(at.Child("exitCodes"), "must be specified"))
			continue
		}
		codes := at.Child("exitCodes")
		errs = append(errs, oneOf(codes.Child("operator"), rule.ExitCodes.Operator, corev1.ContainerRestartRuleOnExitCodesOpIn, corev1.ContainerRestartRuleOnExitCodesOpNotIn)...)
		if len(rule.ExitCodes.Values) > maxExitCodes {
			errs = append(errs, field.TooMany(codes.Child("values"), len(rule.ExitCodes.Values), maxExitCodes))
		}
	}
	return errs
}

func validateSecurityContext(sc *corev1.SecurityContext, path *field.Path) field.ErrorList {
	if sc == nil {
		return nil
	}
	var errs field.ErrorList
	if sc.RunAsUser != nil {
		errs = append(errs, invalid(path.Child("runAsUser"), *sc.RunAsUser, validation.IsValidUserID(*sc.RunAsUser))...)
	}
	if sc.RunAsGroup != nil {
		errs = append(errs, invalid(path.Child("runAsGroup"), *sc.RunAsGroup, validation.IsValidGroupID(*sc.RunAsGroup))...)
	}
	if sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation {
		return errs
	}
	if sc.Privileged != nil && *sc.Privileged {
		errs = append(errs, field.Invalid(path, sc, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
	}
	if sc.Capabilities != nil && slices.Contains(sc.Capabilities.Add, "CAP_SYS_ADMIN") {
		errs = append(errs, field.Invalid(path, sc, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
	}
	return errs
}

// containerResources are the resources without a domain that a container can ask for.
var containerResources = []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}

func isHugePages(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// isNative: Kubernetes knows the resource, rather than some device plugin.
func isNative(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

// divisible: the resource's users may together be promised more than there is.
func divisible(name corev1.ResourceName) bool { return isNative(name) && !isHugePages(name) }

func validateResources(r *corev1.ResourceRequirements, path *field.Path) field.ErrorList {
	limits, requests := path.Child("limits"), path.Child("requests")
	var errs field.ErrorList
	huge, plain := false, false
	look := func(name corev1.ResourceName) {
		huge = huge || isHugePages(name)
		plain = plain || name == corev1.ResourceCPU || name == corev1.ResourceMemory
	}
	for _, name := range slices.Sorted(maps.Keys(r.Limits)) {
		look(name)
		errs = append(errs, validateResource(name, r.Limits[name], limits.Key(string(name)))...)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		look(name)
		request := r.Requests[name]
		errs = append(errs, validateResource(name, request, requests.Key(string(name)))...)
		switch limit, limited := r.Limits[name]; {
		case !limited && !divisible(name):
			errs = append(errs, field.Required(limits, "Limit must be set for non overcommitable resources"))
		case limited && !divisible(name) && request.Cmp(limit) != 0:
			errs = append(errs, field.Invalid(requests, request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case limited && request.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(requests, request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		}
	}
	if huge && !plain {
		errs = append(errs, field.Forbidden(path, "HugePages require cpu or memory"))
	}
	return errs
}

func validateResource(name corev1.ResourceName, quantity resource.Quantity, path *field.Path) field.ErrorList {
	errs := invalid(path, name, validation.IsQualifiedName(string(name)))
	switch domain := strings.Contains(string(name), "/"); {
	case len(errs) > 0:
	case !domain && !slices.Contains(containerResources, name) && !isHugePages(name):
		errs = append(errs, field.Invalid(path, name, "must be a standard resource type or fully qualified"),
			field.Invalid(path, name, "must be a standard resource for containers"))
	case domain && !isNative(name) && strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix):
		errs = append(errs, field.Invalid(path, name, "doesn't follow extended resource name standard"))
	}
	return append(errs, validateQuantity(path, name, quantity)...)
}

// validateQuantity judges an amount: of some resources there are whole ones only.
func validateQuantity(path *field.Path, name corev1.ResourceName, quantity resource.Quantity) field.ErrorList {
	var errs field.ErrorList
	if quantity.Sign() < 0 {
		errs = append(errs, field.Invalid(path, quantity.String(), "must be greater than or equal to 0"))
	}
	whole := name == corev1.ResourcePods || !isNative(name) && !strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix)
	if whole && quantity.MilliValue()%1000 != 0 {
		errs = append(errs, field.Invalid(path, quantity.String(), "must be an integer"))
	}
	return errs
}
