package registry

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

var service = strategy[*corev1.Service]{
	name:     apivalidation.NameIsDNSLabel,
	defaults: defaultService,
	prepare: func(obj *corev1.Service, _ Env) field.ErrorList {
		obj.Status = corev1.ServiceStatus{}
		return nil
	},
	validate: validateService,
	allocate: allocateService,
	update: rewrite[*corev1.Service]{
		prepare: func(obj, old *corev1.Service) {
			obj.Status = old.Status
			keepAddress(obj, old)
			dropOfOtherType(obj, old)
		},
		validate: func(obj, old *corev1.Service) field.ErrorList {
			return append(validateServiceUpdate(obj, old), validateService(obj)...)
		},
	},
	status: rewrite[*corev1.Service]{
		prepare: func(obj, old *corev1.Service) { obj.Spec = old.Spec },
	},
	fields: func(obj *corev1.Service) map[string]string {
		return map[string]string{"spec.clusterIP": obj.Spec.ClusterIP, "spec.type": string(obj.Spec.Type)}
	},
	deletion: deletion[*corev1.Service]{returns: true},
}

func defaultService(obj *corev1.Service) {
	spec := &obj.Spec
	if spec.Type == "" {
		spec.Type = corev1.ServiceTypeClusterIP
	}
	switch spec.SessionAffinity {
	case "":
		spec.SessionAffinity = corev1.ServiceAffinityNone
		fallthrough
	case corev1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		if c := spec.SessionAffinityConfig; c == nil || c.ClientIP == nil || c.ClientIP.TimeoutSeconds == nil {
			seconds := corev1.DefaultClientIPServiceAffinitySeconds
			spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &seconds}}
		}
	}
	for i := range spec.Ports {
		port := &spec.Ports[i]
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if port.TargetPort == intstr.FromInt32(0) || port.TargetPort == intstr.FromString("") {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
	if externallyAccessible(spec) && spec.ExternalTrafficPolicy == "" {
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyCluster
	}
	if spec.InternalTrafficPolicy == nil && spec.Type != corev1.ServiceTypeExternalName {
		cluster := corev1.ServiceInternalTrafficPolicyCluster
		spec.InternalTrafficPolicy = &cluster
	}
	if spec.Type == corev1.ServiceTypeLoadBalancer {
		defaultLoadBalancer(obj)
	}
	// clusterIP is the first of clusterIPs; who knows only one of the two has set it.
	switch {
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		spec.ClusterIPs = []string{spec.ClusterIP}
	case spec.ClusterIP == "" && len(spec.ClusterIPs) > 0:
		spec.ClusterIP = spec.ClusterIPs[0]
	}
}

func defaultLoadBalancer(obj *corev1.Service) {
	if obj.Spec.AllocateLoadBalancerNodePorts == nil {
		yes := true
		obj.Spec.AllocateLoadBalancerNodePorts = &yes
	}
	for i := range obj.Status.LoadBalancer.Ingress {
		if ingress := &obj.Status.LoadBalancer.Ingress[i]; ingress.IP != "" && ingress.IPMode == nil {
			vip := corev1.LoadBalancerIPModeVIP
			ingress.IPMode = &vip
		}
	}
}

func hasNodePorts(spec *corev1.ServiceSpec) bool {
	return spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer
}

func externallyAccessible(spec *corev1.ServiceSpec) bool {
	return hasNodePorts(spec) || spec.Type == corev1.ServiceTypeClusterIP && len(spec.ExternalIPs) > 0
}

func healthChecked(spec *corev1.ServiceSpec) bool {
	return spec.Type == corev1.ServiceTypeLoadBalancer && spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

func headless(spec *corev1.ServiceSpec) bool { return spec.ClusterIP == corev1.ClusterIPNone }

// keepAddress lets an update leave out what the service was given.
func keepAddress(obj, old *corev1.Service) {
	if obj.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	if obj.Spec.ClusterIP == "" && len(obj.Spec.ClusterIPs) == 0 {
		obj.Spec.ClusterIP, obj.Spec.ClusterIPs = old.Spec.ClusterIP, old.Spec.ClusterIPs
	}
	if obj.Spec.IPFamilyPolicy == nil {
		obj.Spec.IPFamilyPolicy = old.Spec.IPFamilyPolicy
	}
	if len(obj.Spec.IPFamilies) == 0 {
		obj.Spec.IPFamilies = old.Spec.IPFamilies
	}
	keepPorts(&obj.Spec, &old.Spec)
}

// keepPorts is the same for node ports, which are found by their port's name.
func keepPorts(is, was *corev1.ServiceSpec) {
	if hasNodePorts(is) && hasNodePorts(was) {
		for i := range is.Ports {
			for _, before := range was.Ports {
				if is.Ports[i].NodePort == 0 && before.Name == is.Ports[i].Name && !slices.ContainsFunc(is.Ports, func(p corev1.ServicePort) bool {
					return p.NodePort == before.NodePort
				}) {
					is.Ports[i].NodePort = before.NodePort
				}
			}
		}
	}
	if healthChecked(is) && healthChecked(was) && is.HealthCheckNodePort == 0 {
		is.HealthCheckNodePort = was.HealthCheckNodePort
	}
}

// dropOfOtherType clears what does not apply to a new type, unless the user has changed it too.
func dropOfOtherType(obj, old *corev1.Service) {
	was, is := &old.Spec, &obj.Spec
	if was.Type != corev1.ServiceTypeExternalName && is.Type == corev1.ServiceTypeExternalName {
		if is.ClusterIP == was.ClusterIP && slices.Equal(is.ClusterIPs, was.ClusterIPs) {
			is.ClusterIP, is.ClusterIPs = "", nil
		}
		if slices.Equal(is.IPFamilies, was.IPFamilies) {
			is.IPFamilies = nil
		}
		if equality.Semantic.DeepEqual(is.IPFamilyPolicy, was.IPFamilyPolicy) {
			is.IPFamilyPolicy = nil
		}
	}
	if hasNodePorts(was) && !hasNodePorts(is) && !newNodePorts(was, is) {
		for i := range is.Ports {
			is.Ports[i].NodePort = 0
		}
	}
	if was.Type == corev1.ServiceTypeLoadBalancer && is.Type != corev1.ServiceTypeLoadBalancer {
		if equality.Semantic.DeepEqual(is.AllocateLoadBalancerNodePorts, was.AllocateLoadBalancerNodePorts) {
			is.AllocateLoadBalancerNodePorts = nil
		}
		if equality.Semantic.DeepEqual(is.LoadBalancerClass, was.LoadBalancerClass) {
			is.LoadBalancerClass = nil
		}
	}
	if healthChecked(was) && !healthChecked(is) && is.HealthCheckNodePort == was.HealthCheckNodePort {
		is.HealthCheckNodePort = 0
	}
	if externallyAccessible(was) && !externallyAccessible(is) && is.ExternalTrafficPolicy == was.ExternalTrafficPolicy {
		is.ExternalTrafficPolicy = ""
	}
	if is.Type != corev1.ServiceTypeLoadBalancer {
		obj.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	}
}

func newNodePorts(was, is *corev1.ServiceSpec) bool {
	return slices.ContainsFunc(is.Ports, func(p corev1.ServicePort) bool {
		return p.NodePort != 0 && !slices.ContainsFunc(was.Ports, func(q corev1.ServicePort) bool { return q.NodePort == p.NodePort })
	})
}

func validateServiceUpdate(obj, old *corev1.Service) field.ErrorList {
	external := obj.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName
	if external || headless(&obj.Spec) && headless(&old.Spec) {
		return nil
	}
	path := field.NewPath("spec", "clusterIPs")
	var errs field.ErrorList
	for i, ip := range old.Spec.ClusterIPs {
		switch {
		case i < len(obj.Spec.ClusterIPs) && obj.Spec.ClusterIPs[i] != ip:
			errs = append(errs, field.Invalid(path.Index(i), obj.Spec.ClusterIPs, "may not change once set"))
		case i == 0 && len(obj.Spec.ClusterIPs) == 0:
			errs = append(errs, field.Invalid(path.Index(0), obj.Spec.ClusterIPs, "primary clusterIP can not be unset"))
		}
	}
	return errs
}

func validateService(obj *corev1.Service) field.ErrorList {
	path, spec := field.NewPath("spec"), &obj.Spec
	var errs field.ErrorList
	if len(spec.Ports) == 0 && !headless(spec) && spec.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(path.Child("ports"), ""))
	}
	errs = append(errs, validateServiceType(spec, path)...)
	errs = append(errs, validateServicePorts(spec, path.Child("ports"))...)
	errs = append(errs, metav1validation.ValidateLabels(spec.Selector, path.Child("selector"))...)
	errs = append(errs, validateAffinityOfClients(spec, path)...)
	errs = append(errs, validateClusterIPs(spec, path)...)
	for i, ip := range spec.ExternalIPs {
		at := path.Child("externalIPs").Index(i)
		if found := ipAddress(at, ip); len(found) > 0 {
			errs = append(errs, found...)
		} else {
			errs = append(errs, endpointIP(at, ip)...)
		}
	}
	errs = append(errs, oneOf(path.Child("type"), spec.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)...)
	return append(errs, validateTrafficPolicies(spec, path)...)
}

// validateServiceType judges what goes only with some types.
func validateServiceType(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	onlyLoadBalancer := func(name string, set bool) {
		if set && spec.Type != corev1.ServiceTypeLoadBalancer {
			errs = append(errs, field.Forbidden(path.Child(name), "may only be used when `type` is 'LoadBalancer'"))
		}
	}
	if hasNodePorts(spec) && headless(spec) {
		errs = append(errs, field.Invalid(path.Child("clusterIPs").Index(0), corev1.ClusterIPNone,
			fmt.Sprintf("may not be set to 'None' for %s services", spec.Type)))
	}
	if spec.Type == corev1.ServiceTypeExternalName {
		for _, f := range []struct {
			name string
			set  bool
		}{{"clusterIPs", len(spec.ClusterIPs) > 0}, {"ipFamilies", len(spec.IPFamilies) > 0}, {"ipFamilyPolicy", spec.IPFamilyPolicy != nil}} {
			if f.set {
				errs = append(errs, field.Forbidden(path.Child(f.name), "may not be set for ExternalName services"))
			}
		}
		if name := strings.TrimSuffix(spec.ExternalName, "."); name != "" {
			errs = append(errs, dnsSubdomain(path.Child("externalName"), name)...)
		} else {
			errs = append(errs, field.Required(path.Child("externalName"), ""))
		}
	}
	onlyLoadBalancer("LoadBalancerSourceRanges", len(spec.LoadBalancerSourceRanges) > 0) // upstream's spelling
	for i, cidr := range spec.LoadBalancerSourceRanges {
		errs = append(errs, validation.IsValidCIDR(path.Child("LoadBalancerSourceRanges").Index(i), strings.TrimSpace(cidr))...)
	}
	onlyLoadBalancer("allocateLoadBalancerNodePorts", spec.AllocateLoadBalancerNodePorts != nil)
	onlyLoadBalancer("loadBalancerClass", spec.LoadBalancerClass != nil)
	return errs
}

func validateServicePorts(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, port := range spec.Ports {
		at, before := path.Index(i), spec.Ports[:i]
		if port.Name != "" {
			errs = append(errs, dnsLabel(at.Child("name"), port.Name)...)
			if slices.ContainsFunc(before, func(p corev1.ServicePort) bool { return p.Name == port.Name }) {
				errs = append(errs, field.Duplicate(at.Child("name"), port.Name))
			}
		} else if len(spec.Ports) > 1 {
			errs = append(errs, field.Required(at.Child("name"), ""))
		}
		errs = append(errs, portNumber(at.Child("port"), port.Port)...)
		errs = append(errs, protocol(at.Child("protocol"), port.Protocol)...)
		errs = append(errs, portNumberOrName(at.Child("targetPort"), port.TargetPort)...)
		if port.AppProtocol != nil {
			errs = append(errs, qualifiedName(at.Child("appProtocol"), *port.AppProtocol)...)
		}
		if port.NodePort != 0 && spec.Type == corev1.ServiceTypeClusterIP {
			errs = append(errs, field.Forbidden(at.Child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
		}
		if port.NodePort != 0 && slices.ContainsFunc(before, func(p corev1.ServicePort) bool {
			return p.Protocol == port.Protocol && p.NodePort == port.NodePort
		}) {
			errs = append(errs, field.Duplicate(at.Child("nodePort"), port.NodePort))
		}
		if slices.ContainsFunc(before, func(p corev1.ServicePort) bool { return p.Protocol == port.Protocol && p.Port == port.Port }) {
			errs = append(errs, field.Duplicate(at, corev1.ServicePort{Protocol: port.Protocol, Port: port.Port}))
		}
	}
	return errs
}

func validateAffinityOfClients(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	errs := oneOf(path.Child("sessionAffinity"), spec.SessionAffinity, corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)
	if spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return errs
	}
	const most = 24 * 60 * 60
	if seconds := *spec.SessionAffinityConfig.ClientIP.TimeoutSeconds; seconds <= 0 || seconds > most {
		at := path.Child("sessionAffinityConfig", "clientIP", "timeoutSeconds")
		errs = append(errs, field.Invalid(at, seconds, fmt.Sprintf("must be greater than 0 and less than %d", most)))
	}
	return errs
}

func validateClusterIPs(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	if spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	at := path.Child("clusterIPs")
	var errs field.ErrorList
	if len(spec.ClusterIPs) > 0 && spec.ClusterIPs[0] != spec.ClusterIP {
		errs = append(errs, field.Invalid(at, spec.ClusterIPs, "first value must match `clusterIP`"))
	}
	families := path.Child("ipFamilies")
	for i, family := range spec.IPFamilies {
		errs = append(errs, oneOf(families.Index(i), family, corev1.IPv4Protocol, corev1.IPv6Protocol)...)
		if slices.Contains(spec.IPFamilies[:i], family) {
			errs = append(errs, field.Duplicate(families.Index(i), family))
		}
	}
	if spec.IPFamilyPolicy != nil {
		errs = append(errs, oneOf(path.Child("ipFamilyPolicy"), *spec.IPFamilyPolicy, corev1.IPFamilyPolicyPreferDualStack,
			corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack)...)
	}
	wrong := false
	for i, ip := range spec.ClusterIPs {
		if i == 0 && ip == corev1.ClusterIPNone {
			if len(spec.ClusterIPs) > 1 {
				wrong = true
				errs = append(errs, field.Invalid(at, spec.ClusterIPs, "'None' must be the first and only value"))
			}
			continue
		}
		found := ipAddress(at.Index(i), ip)
		wrong = wrong || len(found) > 0
		errs = append(errs, found...)
	}
	if len(spec.ClusterIPs) > 2 {
		errs = append(errs, field.Invalid(at, spec.ClusterIPs, "may only hold up to 2 values"))
	}
	if wrong {
		return errs
	}
	if len(spec.ClusterIPs) > 1 {
		if dual, err := netutils.IsDualStackIPStrings(spec.ClusterIPs); err != nil || !dual {
			errs = append(errs, field.Invalid(at, spec.ClusterIPs, "may specify no more than one IP for each IP family"))
		}
	}
	return append(errs, validateFamilies(spec, at)...)
}

func validateFamilies(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	if headless(spec) {
		return nil
	}
	var errs field.ErrorList
	for i := range min(len(spec.ClusterIPs), len(spec.IPFamilies)) {
		if isV6 := netutils.IsIPv6String(spec.ClusterIPs[i]); isV6 != (spec.IPFamilies[i] == corev1.IPv6Protocol) {
			errs = append(errs, field.Invalid(path.Index(i), spec.ClusterIPs[i],
				fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%d]`", spec.IPFamilies[i], i)))
		}
	}
	return errs
}

func validateTrafficPolicies(spec *corev1.ServiceSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	external := path.Child("externalTrafficPolicy")
	if externallyAccessible(spec) {
		errs = oneOf(external, spec.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)
	} else if spec.ExternalTrafficPolicy != "" {
		errs = append(errs, field.Invalid(external, spec.ExternalTrafficPolicy, "may only be set for externally-accessible services"))
	}
	if !healthChecked(spec) && spec.HealthCheckNodePort != 0 {
		errs = append(errs, field.Invalid(path.Child("healthCheckNodePort"), spec.HealthCheckNodePort,
			"may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
	}
	if spec.InternalTrafficPolicy != nil {
		errs = append(errs, oneOf(path.Child("internalTrafficPolicy"), *spec.InternalTrafficPolicy,
			corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)...)
	}
	if spec.TrafficDistribution != nil {
		errs = append(errs, oneOf(path.Child("trafficDistribution"), *spec.TrafficDistribution, corev1.ServiceTrafficDistributionPreferClose,
			corev1.ServiceTrafficDistributionPreferSameNode, corev1.ServiceTrafficDistributionPreferSameZone)...)
	}
	return errs
}
