//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still writes them

package endpoints

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/control"
)

// capacity is how many addresses Endpoints hold at most, each counted once for every subset that it is in.
const capacity = 1000

// subsetsOf are the subsets that the Endpoints of a service are to have, and whether they had to be cut short: each has the ports that the same
// pods have, equally ready. The first of the service's families is the one.
//
// Upstream: sorts ports and subsets by hashes (pkg/api/v1/endpoints/util.go, RepackSubsets).
func subsetsOf(v *control.View, s *corev1.Service) (subsets []corev1.EndpointSubset, truncated bool) {
	at := map[string]*corev1.EndpointSubset{}
	for obj := range v.Select(podsSource, control.ByNamespace.Name, s.Namespace).Each {
		pod := obj.(*corev1.Pod)
		if !selects(s, pod.Labels) || ended(pod) || pod.DeletionTimestamp != nil && !s.Spec.PublishNotReadyAddresses {
			continue
		}
		address := addressOf(pod, families(s)[0])
		if address == "" {
			continue
		}
		// order does not matter: each is another subset
		for key, ports := range portSets(s, pod) {
			if at[key] == nil {
				at[key] = &corev1.EndpointSubset{Ports: ports}
			}
			if s.Spec.PublishNotReadyAddresses || isReady(pod) {
				at[key].Addresses = append(at[key].Addresses, oldAddress(s, pod, address))
			} else {
				at[key].NotReadyAddresses = append(at[key].NotReadyAddresses, oldAddress(s, pod, address))
			}
		}
	}
	byPods := map[string]*corev1.EndpointSubset{}
	// order does not matter: sorted below
	for _, one := range at {
		slices.SortFunc(one.Addresses, byAddress)
		slices.SortFunc(one.NotReadyAddresses, byAddress)
		key := podsKey(one)
		if same := byPods[key]; same != nil {
			same.Ports = append(same.Ports, one.Ports...)
		} else {
			byPods[key] = one
		}
	}
	subsets = []corev1.EndpointSubset{}
	// order does not matter: sorted below
	for _, one := range byPods {
		slices.SortFunc(one.Ports, byPort)
		subsets = append(subsets, *one)
	}
	slices.SortFunc(subsets, func(a, b corev1.EndpointSubset) int { return slices.CompareFunc(a.Ports, b.Ports, byPort) })
	return truncate(subsets)
}

// portSets are the service's ports as this pod has them, each in a set of its own. Only where a headless service has no ports at all there is a set
// without any.
func portSets(s *corev1.Service, pod *corev1.Pod) map[string][]corev1.EndpointPort {
	sets := map[string][]corev1.EndpointPort{}
	if len(s.Spec.Ports) == 0 && s.Spec.ClusterIP == corev1.ClusterIPNone {
		sets[""] = nil
	}
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		if number, ok := numberOf(p, pod); ok {
			port := corev1.EndpointPort{Name: p.Name, Protocol: p.Protocol, Port: number, AppProtocol: p.AppProtocol}
			sets[portKey(port)] = []corev1.EndpointPort{port}
		}
	}
	return sets
}

// oldAddress says which pod has an address.
//
// Upstream: the name of the node is there also where it is empty.
func oldAddress(s *corev1.Service, pod *corev1.Pod, ip string) corev1.EndpointAddress {
	e := endpoint(s, pod, ip)
	return corev1.EndpointAddress{IP: ip, NodeName: e.NodeName, Hostname: deref(e.Hostname), TargetRef: e.TargetRef}
}

func portKey(p corev1.EndpointPort) string {
	return fmt.Sprintf("%s %s %d %s", p.Name, p.Protocol, p.Port, deref(p.AppProtocol))
}

// podsKey tells which pods a subset has, and which of them are ready.
func podsKey(s *corev1.EndpointSubset) string {
	var key strings.Builder
	for _, a := range s.Addresses {
		fmt.Fprintf(&key, "%s %s,", a.IP, a.TargetRef.UID)
	}
	key.WriteString(" not ready: ")
	for _, a := range s.NotReadyAddresses {
		fmt.Fprintf(&key, "%s %s,", a.IP, a.TargetRef.UID)
	}
	return key.String()
}

func byAddress(a, b corev1.EndpointAddress) int {
	return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(a.TargetRef.UID, b.TargetRef.UID))
}

func byPort(a, b corev1.EndpointPort) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(deref(a.AppProtocol), deref(b.AppProtocol)))
}

// truncate leaves out what there is no room for: first what is not ready, and of each subset its share.
//
// Upstream: keeps subsets in which nothing is left, so that validation refuses the whole.
func truncate(subsets []corev1.EndpointSubset) ([]corev1.EndpointSubset, bool) {
	ready, all := 0, 0
	for i := range subsets {
		ready += len(subsets[i].Addresses)
		all += len(subsets[i].Addresses) + len(subsets[i].NotReadyAddresses)
	}
	if all <= capacity {
		return subsets, false
	}
	share, of := capacity-ready, all-ready
	if ready > capacity {
		share, of = capacity, ready
	}
	left := share
	for i := range subsets {
		s := &subsets[i]
		cut := &s.NotReadyAddresses
		if ready > capacity {
			s.NotReadyAddresses, cut = nil, &s.Addresses
		}
		n := min((len(*cut)*share+of-1)/of, left, len(*cut))
		*cut = (*cut)[:n]
		left -= n
	}
	return slices.DeleteFunc(subsets, func(s corev1.EndpointSubset) bool { return len(s.Addresses)+len(s.NotReadyAddresses) == 0 }), true
}
