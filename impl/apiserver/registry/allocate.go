package registry

import (
	"fmt"
	"hash/fnv"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// allocateService gives a service the addresses that it lacks, and refuses those that it may not have. Which address it is
// follows from the service's name and from what is taken, so that a create which is repeated wants the same one.
//
// Upstream chooses at random, and gives up an address that it has in hand where the service cannot be written; a crash leaves
// it to a repair loop to find out. See package request for how an address is taken here.
func allocateService(obj, old *corev1.Service, env Env) error {
	if !env.Ranges.ServiceIPs.IsValid() {
		return nil
	}
	a := allocation{obj: obj, env: env, seed: seedOf(obj.Namespace + "/" + obj.Name)}
	if old != nil {
		a.had = AddressesOf(old)
	}
	if errs := a.families(); len(errs) > 0 {
		return invalidService(obj, errs)
	}
	for _, part := range []func() error{a.clusterIP, a.nodePorts, a.healthCheck} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

type allocation struct {
	obj  *corev1.Service
	had  []Address // what the service has already
	env  Env
	seed int
}

// seedOf is where the search for an address begins.
func seedOf(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name))
	return int(h.Sum32() >> 1)
}

func invalidService(obj *corev1.Service, errs field.ErrorList) error {
	return apierrors.NewInvalid(schema.GroupKind{Kind: "Service"}, obj.Name, errs)
}

// full is the answer where no address is left.
//
// Upstream: the same words with 500, which a client has to take for an unknown outcome.
func full(what string) error {
	return apierrors.NewServiceUnavailable(fmt.Sprintf("failed to allocate a %s: range is full", what))
}

// families fills in ipFamilyPolicy and ipFamilies for a cluster of one family.
func (a *allocation) families() field.ErrorList {
	spec, path, own := &a.obj.Spec, field.NewPath("spec"), a.env.Ranges.family()
	if spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	// Nobody but its user makes the endpoints of a headless service without a selector: upstream takes it to be for both families.
	open := headless(spec) && len(spec.Selector) == 0
	if spec.IPFamilyPolicy == nil {
		policy := corev1.IPFamilyPolicySingleStack
		if open {
			policy = corev1.IPFamilyPolicyRequireDualStack
		}
		spec.IPFamilyPolicy = &policy
	}
	var errs field.ErrorList
	if *spec.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack {
		const only = "must be 'RequireDualStack' or 'PreferDualStack' when multiple %s are specified"
		if len(spec.ClusterIPs) == 2 {
			errs = append(errs, field.Invalid(path.Child("ipFamilyPolicy"), *spec.IPFamilyPolicy, fmt.Sprintf(only, "cluster IPs")))
		}
		if len(spec.IPFamilies) == 2 {
			errs = append(errs, field.Invalid(path.Child("ipFamilyPolicy"), *spec.IPFamilyPolicy, fmt.Sprintf(only, "IP families")))
		}
	}
	for i, ip := range spec.ClusterIPs {
		if ip == corev1.ClusterIPNone || i < len(spec.IPFamilies) {
			continue
		}
		if family := familyOf(ip); family != own {
			errs = append(errs, field.Invalid(path.Child("clusterIPs").Index(i), spec.ClusterIPs, fmt.Sprintf("%s is not configured on this cluster", family)))
		} else {
			spec.IPFamilies = append(spec.IPFamilies, family)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	if open {
		a.openFamilies()
		return nil
	}
	if *spec.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack {
		errs = append(errs, field.Invalid(path.Child("ipFamilyPolicy"), *spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services"))
	}
	for i, family := range spec.IPFamilies {
		if family != own {
			errs = append(errs, field.Invalid(path.Child("ipFamilies").Index(i), family, "not configured on this cluster"))
		}
	}
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []corev1.IPFamily{own}
	}
	return errs
}

// openFamilies are those of a headless service without a selector.
func (a *allocation) openFamilies() {
	spec := &a.obj.Spec
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []corev1.IPFamily{a.env.Ranges.family()}
	}
	if *spec.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack || len(spec.IPFamilies) > 1 {
		return
	}
	other := corev1.IPv4Protocol
	if spec.IPFamilies[0] == other {
		other = corev1.IPv6Protocol
	}
	spec.IPFamilies = append(spec.IPFamilies, other)
}

func familyOf(ip string) corev1.IPFamily {
	if netutils.IsIPv6String(ip) {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}

func (a *allocation) clusterIP() error {
	spec, ranges := &a.obj.Spec, a.env.Ranges
	if spec.Type == corev1.ServiceTypeExternalName || headless(spec) {
		return nil
	}
	if spec.ClusterIP != "" {
		why := ""
		switch {
		case slices.Contains(a.had, ipOf(spec.ClusterIP)):
			return nil
		case !ranges.hasIP(spec.ClusterIP):
			why = fmt.Sprintf("the provided IP (%s) is not in the valid range. The range of valid IPs is %s", spec.ClusterIP, ranges.ServiceIPs)
		case a.reserved(spec.ClusterIP), a.taken(ipOf(spec.ClusterIP)):
			why = "provided IP is already allocated"
		default:
			return nil
		}
		return invalidService(a.obj, field.ErrorList{field.Invalid(field.NewPath("spec", "clusterIPs"), spec.ClusterIPs,
			fmt.Sprintf("failed to allocate IP %s: %s", spec.ClusterIP, why))})
	}
	size := ranges.ips()
	position, found := a.search(size, band(size, 16, 256), func(i int) (Address, bool) {
		ip := ranges.ip(i)
		return ipOf(ip), !a.reserved(ip)
	})
	if !found {
		return full("serviceIP")
	}
	spec.ClusterIP = ranges.ip(position)
	spec.ClusterIPs = []string{spec.ClusterIP}
	return nil
}

// reserved: the first address is that of the Service kubernetes, whether it is there yet or not.
func (a *allocation) reserved(ip string) bool {
	return ipOf(ip) == ipOf(a.env.Ranges.KubernetesIP()) && (a.obj.Namespace != metav1.NamespaceDefault || a.obj.Name != "kubernetes")
}

func (a *allocation) taken(address Address) bool { return a.env.Taken != nil && a.env.Taken(address) }

func (a *allocation) avoided(address Address) bool { return a.env.Avoid != nil && a.env.Avoid(address) }

// band is how much at the beginning of a range is left to those who ask for an address of their own, as long as there is
// another: KEP-3070 and KEP-3668.
func band(size, share, most int) int {
	if size < 16 {
		return 0
	}
	return min(max(16, size/share), most, size-1)
}

// search finds a position that is free as far as is known, first beyond the band, then in it; then one of which only is
// believed that it is not.
func (a *allocation) search(size, band int, at func(int) (address Address, may bool)) (int, bool) {
	for _, believe := range []bool{true, false} {
		for _, part := range [2][2]int{{band, size}, {0, band}} {
			length := part[1] - part[0]
			for i := range length {
				position := part[0] + (a.seed+i)%length
				address, may := at(position)
				if may && !a.taken(address) && !(believe && a.avoided(address)) && !slices.Contains(a.had, address) {
					return position, true
				}
			}
		}
	}
	return 0, false
}

// nodePorts gives each port one. Ports of one number, which differ in their protocol, have the same.
func (a *allocation) nodePorts() error {
	spec := &a.obj.Spec
	if !hasNodePorts(spec) {
		return nil
	}
	allocates := spec.Type == corev1.ServiceTypeNodePort || spec.AllocateLoadBalancerNodePorts == nil || *spec.AllocateLoadBalancerNodePorts
	for i := range spec.Ports {
		if port := spec.Ports[i].NodePort; port != 0 {
			if why := a.portRefused(port); why != "" {
				return invalidService(a.obj, field.ErrorList{field.Invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), port, why)})
			}
		}
	}
	for i := range spec.Ports {
		port := &spec.Ports[i]
		if port.NodePort != 0 || !allocates {
			continue
		}
		if port.NodePort = sharedPort(spec.Ports, port); port.NodePort == 0 {
			if port.NodePort = a.port(); port.NodePort == 0 {
				return full("nodePort")
			}
		}
	}
	return nil
}

// sharedPort is the node port of another port of the same number, if it may be this one's too.
func sharedPort(ports []corev1.ServicePort, port *corev1.ServicePort) int32 {
	for _, p := range ports {
		if p.Port == port.Port && p.NodePort != 0 && !slices.ContainsFunc(ports, func(q corev1.ServicePort) bool {
			return q.NodePort == p.NodePort && q.Protocol == port.Protocol
		}) {
			return p.NodePort
		}
	}
	return 0
}

func (a *allocation) portRefused(port int32) string {
	ranges := a.env.Ranges
	switch {
	case slices.Contains(a.had, portOf(port)):
	case port < ranges.FirstPort || port > ranges.LastPort:
		return fmt.Sprintf("provided port is not in the valid range. The range of valid ports is %d-%d", ranges.FirstPort, ranges.LastPort)
	case a.taken(portOf(port)):
		return "provided port is already allocated"
	}
	return ""
}

// port is a port that nobody has, this service included; 0: there is none.
func (a *allocation) port() int32 {
	ranges, own := a.env.Ranges, AddressesOf(a.obj)
	size := int(ranges.LastPort-ranges.FirstPort) + 1
	position, found := a.search(size, band(size, 32, 128), func(i int) (Address, bool) {
		address := portOf(ranges.FirstPort + int32(i))
		return address, !slices.Contains(own, address)
	})
	if !found {
		return 0
	}
	return ranges.FirstPort + int32(position)
}

// healthCheck gives a load balancer that sends to local endpoints only the port at which it asks for them.
func (a *allocation) healthCheck() error {
	spec := &a.obj.Spec
	if !healthChecked(spec) {
		return nil
	}
	if spec.HealthCheckNodePort == 0 {
		if spec.HealthCheckNodePort = a.port(); spec.HealthCheckNodePort == 0 {
			return full("HealthCheck NodePort")
		}
		return nil
	}
	if why := a.portRefused(spec.HealthCheckNodePort); why != "" {
		// Upstream: the same words with 500.
		return invalidService(a.obj, field.ErrorList{field.Invalid(field.NewPath("spec", "healthCheckNodePort"), spec.HealthCheckNodePort,
			fmt.Sprintf("failed to allocate requested HealthCheck NodePort %d: %s", spec.HealthCheckNodePort, why))})
	}
	return nil
}
