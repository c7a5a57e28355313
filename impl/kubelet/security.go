package kubelet

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Upstream: pkg/kubelet/cm/helpers_linux.go.
const (
	minShares    = 2
	cpuPeriod    = 100_000 // microseconds
	minCPUQuota  = 1_000
	sharesPerCPU = 1024

	// Upstream: pkg/kubelet/qos/policy.go.
	guaranteedOOMScore = -997
	bestEffortOOMScore = 1000

	// Upstream: pkg/apis/scheduling/types.go.
	nodeCritical = "system-node-critical"
)

// linuxResources translates requests and limits; memory is the node's, in bytes. The pod has no cgroup of its own: see [Config.CgroupRoot].
func linuxResources(pod *corev1.Pod, c *corev1.Container, memory int64) *cri.LinuxContainerResources {
	r := &cri.LinuxContainerResources{CpuShares: minShares, OomScoreAdj: oomScore(pod, c, memory)}
	request, hasRequest := c.Resources.Requests[corev1.ResourceCPU]
	limit, limited := c.Resources.Limits[corev1.ResourceCPU]
	if !hasRequest {
		request = limit
	}
	r.CpuShares = max(minShares, request.MilliValue()*sharesPerCPU/1000)
	if limited && !limit.IsZero() {
		r.CpuPeriod, r.CpuQuota = cpuPeriod, max(minCPUQuota, limit.MilliValue()*cpuPeriod/1000)
	}
	if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok {
		r.MemoryLimitInBytes = limit.Value()
	}
	return r
}

// oomScore says who is killed first when the node's memory, in bytes, runs out: the more of it a burstable container requests, the later, but between the
// guaranteed and those that request nothing. A sidecar is killed no earlier than the containers that it serves.
//
// Upstream: pkg/kubelet/qos/policy.go, GetContainerOOMScoreAdjust.
func oomScore(pod *corev1.Pod, c *corev1.Container, memory int64) int64 {
	switch {
	case pod.Status.QOSClass == corev1.PodQOSGuaranteed, pod.Spec.PriorityClassName == nodeCritical:
		return guaranteedOOMScore
	case pod.Status.QOSClass == corev1.PodQOSBestEffort:
		return bestEffortOOMScore
	}
	request := c.Resources.Requests.Memory().Value()
	if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		least := slices.MinFunc(pod.Spec.Containers, func(a, b corev1.Container) int {
			return a.Resources.Requests.Memory().Cmp(*b.Resources.Requests.Memory())
		})
		request = max(request, least.Resources.Requests.Memory().Value())
	}
	share := int64(float64(request) / float64(max(memory, 1)) * bestEffortOOMScore)
	return min(max(bestEffortOOMScore-share, bestEffortOOMScore+guaranteedOOMScore), bestEffortOOMScore-1)
}

// Paths that a container may not see, or not write, unless it is unmasked. Upstream: pkg/securitycontext/util.go.
var (
	maskedPaths   = []string{"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

// security translates the two security contexts, the container's before the pod's.
func (p *pass) security(c *corev1.Container) (*cri.LinuxContainerSecurityContext, error) {
	out := &cri.LinuxContainerSecurityContext{NamespaceOptions: p.namespaces(), MaskedPaths: maskedPaths, ReadonlyPaths: readonlyPaths,
		Seccomp: &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined}}
	pod := p.pod.Spec.SecurityContext
	if pod == nil {
		pod = &corev1.PodSecurityContext{}
	}
	own := c.SecurityContext
	if own == nil {
		own = &corev1.SecurityContext{}
	}
	out.RunAsUser = int64Value(own.RunAsUser, pod.RunAsUser)
	out.RunAsGroup = int64Value(own.RunAsGroup, pod.RunAsGroup)
	out.SupplementalGroups = append(out.SupplementalGroups, pod.SupplementalGroups...)
	if pod.FSGroup != nil {
		out.SupplementalGroups = append(out.SupplementalGroups, *pod.FSGroup)
	}
	if policy := pod.SupplementalGroupsPolicy; policy != nil && *policy == corev1.SupplementalGroupsPolicyStrict {
		out.SupplementalGroupsPolicy = cri.SupplementalGroupsPolicy_Strict
	}
	out.SelinuxOptions = selinux(own.SELinuxOptions, pod.SELinuxOptions)
	out.Apparmor = apparmor(own.AppArmorProfile, pod.AppArmorProfile)
	if own.Privileged != nil && *own.Privileged {
		out.Privileged, out.MaskedPaths, out.ReadonlyPaths = true, nil, nil
	}
	out.ReadonlyRootfs = own.ReadOnlyRootFilesystem != nil && *own.ReadOnlyRootFilesystem
	out.NoNewPrivs = own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation
	if own.Capabilities != nil {
		out.Capabilities = &cri.Capability{AddCapabilities: words(own.Capabilities.Add), DropCapabilities: words(own.Capabilities.Drop)}
	}
	if own.ProcMount != nil && *own.ProcMount == corev1.UnmaskedProcMount {
		out.MaskedPaths, out.ReadonlyPaths = nil, nil
	}
	profile := own.SeccompProfile
	if profile == nil {
		profile = pod.SeccompProfile
	}
	if profile != nil && profile.Type == corev1.SeccompProfileTypeLocalhost {
		return nil, fmt.Errorf("localhost seccomp profiles are not supported by this kubelet")
	}
	if profile != nil && profile.Type == corev1.SeccompProfileTypeRuntimeDefault {
		out.Seccomp.ProfileType = cri.SecurityProfile_RuntimeDefault
	}
	return out, mustNotBeRoot(out.RunAsUser, own.RunAsNonRoot, pod.RunAsNonRoot)
}

// selinux are the container's options, or else the pod's; nil: the runtime's own.
func selinux(own, pod *corev1.SELinuxOptions) *cri.SELinuxOption {
	if own == nil {
		own = pod
	}
	if own == nil {
		return nil
	}
	return &cri.SELinuxOption{User: own.User, Role: own.Role, Type: own.Type, Level: own.Level}
}

// apparmor likewise; a profile of the node's must have been loaded there, or the runtime refuses the container.
func apparmor(own, pod *corev1.AppArmorProfile) *cri.SecurityProfile {
	if own == nil {
		own = pod
	}
	if own == nil {
		return nil
	}
	switch own.Type {
	case corev1.AppArmorProfileTypeUnconfined:
		return &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined}
	case corev1.AppArmorProfileTypeLocalhost:
		name := ""
		if own.LocalhostProfile != nil {
			name = *own.LocalhostProfile
		}
		return &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Localhost, LocalhostRef: name}
	}
	return &cri.SecurityProfile{ProfileType: cri.SecurityProfile_RuntimeDefault}
}

// mustNotBeRoot checks runAsNonRoot as far as the pod itself says who runs.
//
// Upstream: also looks into the image for its user; here a pod that demands it must name one.
func mustNotBeRoot(user *cri.Int64Value, own, pod *bool) error {
	demand := own
	if demand == nil {
		demand = pod
	}
	switch {
	case demand == nil || !*demand:
		return nil
	case user == nil:
		return fmt.Errorf("container has runAsNonRoot and the pod names no user to run as (runAsUser)")
	case user.Value == 0:
		return fmt.Errorf("container's runAsUser breaks non-root policy")
	}
	return nil
}

func int64Value(values ...*int64) *cri.Int64Value {
	for _, v := range values {
		if v != nil {
			return &cri.Int64Value{Value: *v}
		}
	}
	return nil
}

func words(caps []corev1.Capability) []string {
	var out []string
	for _, c := range caps {
		out = append(out, string(c))
	}
	return out
}
