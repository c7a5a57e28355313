package proxy

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"orrery/impl/proxy/rules"
)

// Wanted are the rules of a node: a function of all services and slices and of nothing else (row 113), whatever their order.
func Wanted(services []*corev1.Service, all []*discoveryv1.EndpointSlice, node string) rules.Set {
	w := &wanted{node: node, slices: map[string][]*discoveryv1.EndpointSlice{}}
	for _, slice := range all {
		of := slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]
		w.slices[of] = append(w.slices[of], slice)
	}
	w.hold(services)
	set := rules.Set{Rules: make([]rules.Rule, 0, len(w.holders))}
	for about, f := range w.holders { // order does not matter: sorted below
		set.Rules = append(set.Rules, w.rule(about, f))
	}
	slices.SortFunc(set.Rules, rules.Rule.Compare)
	return set
}

type wanted struct {
	node    string
	slices  map[string][]*discoveryv1.EndpointSlice // by the service that they name
	holders map[about]front
}

// about is what a rule is about.
type about struct {
	protocol rules.Protocol
	address  netip.AddrPort
}

// front is one port of a service at one address.
type front struct {
	service *corev1.Service
	port    *corev1.ServicePort
	// local: only endpoints on the node may be used.
	local bool
}

// endpoint is one address of slices, and what they say of it.
type endpoint struct {
	address                           netip.AddrPort
	here, ready, serving, terminating bool
}

// endpoints are those of a service's port, in order of their addresses. The same address may be in several slices, and each may have been seen at
// another time (row 101); of what they say, that counts which was true last, as far as can be told: a pod that is being deleted never
// stops being deleted. Else the one that lets it be used.
func (w *wanted) endpoints(f front) []endpoint {
	var found []endpoint
	for _, slice := range w.slices[f.service.Namespace+"/"+f.service.Name] {
		port, ok := portOf(slice, f.port)
		if !ok {
			continue
		}
		for i := range slice.Endpoints {
			if e, ok := w.endpoint(&slice.Endpoints[i], port); ok {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b endpoint) int { return cmp.Or(a.address.Compare(b.address), b.rank()-a.rank()) })
	return slices.CompactFunc(found, func(a, b endpoint) bool { return a.address == b.address })
}

// portOf is the number that a slice gives the port of a service; false: its endpoints do not have it.
func portOf(slice *discoveryv1.EndpointSlice, of *corev1.ServicePort) (uint16, bool) {
	if slice.AddressType != discoveryv1.AddressTypeIPv4 {
		return 0, false
	}
	for _, p := range slice.Ports {
		if p.Port != nil && value(p.Name, "") == of.Name && value(p.Protocol, corev1.ProtocolTCP) == cmp.Or(of.Protocol, corev1.ProtocolTCP) {
			return uint16(*p.Port), true
		}
	}
	return 0, false
}

// endpoint reads an entry of a slice. What is not said of it is as upstream's pkg/proxy/endpointslicecache.go has it.
func (w *wanted) endpoint(e *discoveryv1.Endpoint, port uint16) (endpoint, bool) {
	if len(e.Addresses) == 0 {
		return endpoint{}, false
	}
	address, err := netip.ParseAddr(e.Addresses[0])
	if err != nil || !address.Is4() {
		return endpoint{}, false
	}
	return endpoint{
		address: netip.AddrPortFrom(address, port), here: value(e.NodeName, "") == w.node,
		ready: value(e.Conditions.Ready, true), serving: value(e.Conditions.Serving, true), terminating: value(e.Conditions.Terminating, false),
	}, true
}

// rank orders what may be said of one endpoint. It tells all that may be said apart, so that the order of slices does not matter.
func (e endpoint) rank() (n int) {
	for _, flag := range []bool{e.terminating, e.ready, e.serving, e.here} {
		if n *= 2; flag {
			n++
		}
	}
	return n
}

// draining: it is being deleted, and still answers.
func (e endpoint) draining() bool { return e.serving && e.terminating }

// hold finds the service that has each address. A view that lags may show two; the later one has it.
func (w *wanted) hold(services []*corev1.Service) {
	w.holders = map[about]front{}
	for _, s := range services {
		fronts(s, func(at about, f front) {
			if old, held := w.holders[at]; !held || later(s, old.service) {
				w.holders[at] = f
			}
		})
	}
}

// later: a was made after b. Times are told to the second only; the UIDs decide then, so that the order of services does not.
func later(a, b *corev1.Service) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return b.CreationTimestamp.Before(&a.CreationTimestamp)
	}
	return a.UID > b.UID
}

// fronts are the addresses of a service that need rules. A headless service has none, nor has one that is the name of something outside or that
// another proxy is to take care of.
func fronts(s *corev1.Service, add func(about, front)) {
	address, ok := clusterIP(s)
	if _, others := s.Labels[proxyLabel]; !ok || others || s.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	for i := range s.Spec.Ports {
		port := &s.Spec.Ports[i]
		protocol, ok := protocols[cmp.Or(port.Protocol, corev1.ProtocolTCP)]
		if !ok {
			continue
		}
		inside := value(s.Spec.InternalTrafficPolicy, "") == corev1.ServiceInternalTrafficPolicyLocal
		add(about{protocol, netip.AddrPortFrom(address, uint16(port.Port))}, front{s, port, inside})
		if port.NodePort != 0 && (s.Spec.Type == corev1.ServiceTypeNodePort || s.Spec.Type == corev1.ServiceTypeLoadBalancer) {
			outside := s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
			add(about{protocol, rules.NodePort(uint16(port.NodePort))}, front{s, port, outside})
		}
	}
}

// proxyLabel names the proxy that is to take care of a service, where it is not this one.
const proxyLabel = "service.kubernetes.io/service-proxy-name"

var protocols = map[corev1.Protocol]rules.Protocol{corev1.ProtocolTCP: rules.TCP, corev1.ProtocolUDP: rules.UDP}

func clusterIP(s *corev1.Service) (netip.Addr, bool) {
	for _, text := range append([]string{s.Spec.ClusterIP}, s.Spec.ClusterIPs...) {
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			return address, true
		}
	}
	return netip.Addr{}, false
}

// rule is row 118: to those that are ready, or else to those that drain; among those that the policy allows.
func (w *wanted) rule(at about, f front) rules.Rule {
	r := rules.Rule{Protocol: at.protocol, Address: at.address, Affinity: affinity(f.service)}
	var ready, draining []netip.AddrPort
	elsewhere := false
	for _, e := range w.endpoints(f) {
		if at.protocol == rules.UDP && (e.serving || e.ready) {
			r.Stays = append(r.Stays, e.address)
		}
		switch usable := e.ready || e.draining(); {
		case !usable:
		case f.local && !e.here:
			elsewhere = true
		case e.ready:
			ready = append(ready, e.address)
		default:
			draining = append(draining, e.address)
		}
	}
	switch {
	case len(ready) > 0:
		r.Verdict, r.Targets = rules.Forward, ready
	case len(draining) > 0:
		r.Verdict, r.Targets = rules.Forward, draining
	case elsewhere:
		r.Verdict = rules.Drop
	default:
		r.Verdict = rules.Reject
	}
	if r.Verdict != rules.Forward {
		r.Affinity = 0
		return r
	}
	// A client outside would be answered by another node, which it does not know. With a policy of Local the target is on this one, and is to see
	// the client as it is.
	r.Masquerade = at.address == rules.NodePort(at.address.Port()) && !f.local
	return r
}

func affinity(s *corev1.Service) time.Duration {
	if s.Spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return 0
	}
	seconds := int32(corev1.DefaultClientIPServiceAffinitySeconds)
	if c := s.Spec.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
		seconds = *c.ClientIP.TimeoutSeconds
	}
	return time.Duration(seconds) * time.Second
}

// value is what a pointer points to, or else what counts where nothing is said.
func value[T any](p *T, unsaid T) T {
	if p == nil {
		return unsaid
	}
	return *p
}
