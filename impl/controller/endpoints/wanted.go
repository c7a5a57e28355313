package endpoints

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	netutils "k8s.io/utils/net"

	"orrery/impl/control"
)

// group is what the slices of one family and one set of ports are to hold together.
type group struct {
	family    discoveryv1.AddressType
	ports     []discoveryv1.EndpointPort
	key       string                 // what the group is told by
	endpoints []discoveryv1.Endpoint // in the order of their addresses
}

// wanted are the groups of a service, in the order of their keys: none for a family of which no pod has an address.
func wanted(v *control.View, s *corev1.Service) []*group {
	groups := map[string]*group{}
	for obj := range v.Select(podsSource, control.ByNamespace.Name, s.Namespace).Each {
		pod := obj.(*corev1.Pod)
		if !selects(s, pod.Labels) || ended(pod) {
			continue
		}
		ports := portsOf(s, pod)
		for _, family := range families(s) {
			address := addressOf(pod, family)
			if address == "" {
				continue
			}
			g := &group{family: family, ports: ports, key: groupKey(family, ports)}
			if known := groups[g.key]; known != nil {
				g = known
			}
			groups[g.key] = g
			g.endpoints = append(g.endpoints, endpoint(s, pod, address))
		}
	}
	var all []*group
	// order does not matter: sorted below
	for _, g := range groups {
		slices.SortFunc(g.endpoints, func(a, b discoveryv1.Endpoint) int { return cmp.Compare(a.Addresses[0], b.Addresses[0]) })
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *group) int { return strings.Compare(a.key, b.key) })
	return all
}

// ended: its containers have, for good, and its address may be another's by now (row 97).
func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// families are those of a service's addresses. One that has none yet gets slices of the older.
func families(s *corev1.Service) (families []discoveryv1.AddressType) {
	for _, f := range s.Spec.IPFamilies {
		if f == corev1.IPv6Protocol {
			families = append(families, discoveryv1.AddressTypeIPv6)
		} else {
			families = append(families, discoveryv1.AddressTypeIPv4)
		}
	}
	if len(families) == 0 {
		families = []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4}
	}
	return families
}

func addressOf(pod *corev1.Pod, family discoveryv1.AddressType) string {
	for _, ip := range pod.Status.PodIPs {
		if netutils.IsIPv6String(ip.IP) == (family == discoveryv1.AddressTypeIPv6) {
			return ip.IP
		}
	}
	return ""
}

// endpoint says of a pod what is to be said (rows 98, 99).
func endpoint(s *corev1.Service, pod *corev1.Pod, address string) discoveryv1.Endpoint {
	serving, terminating := isReady(pod), pod.DeletionTimestamp != nil
	ready := s.Spec.PublishNotReadyAddresses || serving && !terminating
	e := discoveryv1.Endpoint{
		Addresses:  []string{address},
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		node := pod.Spec.NodeName
		e.NodeName = &node
	}
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == s.Name {
		host := pod.Spec.Hostname
		e.Hostname = &host
	}
	return e
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// portsOf are the service's ports as this pod has them. A named port that the pod has not is left out.
func portsOf(s *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	ports := []discoveryv1.EndpointPort{}
	for i := range s.Spec.Ports {
		p := s.Spec.Ports[i]
		number, ok := numberOf(&p, pod)
		if !ok {
			continue
		}
		ports = append(ports, discoveryv1.EndpointPort{Name: &p.Name, Protocol: &p.Protocol, Port: &number, AppProtocol: p.AppProtocol})
	}
	return ports
}

// numberOf is the number that a service's port has in a pod. Of init containers only those have ports that go on running.
func numberOf(p *corev1.ServicePort, pod *corev1.Pod) (int32, bool) {
	if p.TargetPort.Type == intstr.Int {
		if p.TargetPort.IntVal == 0 {
			return p.Port, true
		}
		return p.TargetPort.IntVal, true
	}
	lasting := slices.Clone(pod.Spec.Containers)
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			lasting = append(lasting, c)
		}
	}
	for _, c := range lasting {
		for _, port := range c.Ports {
			if port.Name == p.TargetPort.StrVal && port.Protocol == p.Protocol {
				return port.ContainerPort, true
			}
		}
	}
	return 0, false
}

// groupKey tells groups apart. Ports that differ in their order only are the same.
func groupKey(family discoveryv1.AddressType, ports []discoveryv1.EndpointPort) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		app := ""
		if p.AppProtocol != nil {
			app = *p.AppProtocol
		}
		parts[i] = fmt.Sprintf("%s %s %d %s", deref(p.Name), deref(p.Protocol), deref(p.Port), app)
	}
	slices.Sort(parts)
	return string(family) + ": " + strings.Join(parts, ", ")
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
