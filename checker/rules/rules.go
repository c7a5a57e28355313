package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
	"orrery/model/proxy"
)

// Wanted is what a proxy sees, in the words of the model, and what follows from it.
type Wanted struct {
	View  proxy.View
	Rules []proxy.Rule
	// Hash is that of the rules.
	Hash string

	fronts  []front
	targets []netip.AddrPort
}

// front is a port of a service at one address, as the model's service of the same place.
type front struct {
	protocol string
	address  netip.AddrPort
	affinity int64
	node     bool
}

// service and slice are what counts of the stored objects.
type service struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Type                  string   `json:"type"`
		ClusterIP             string   `json:"clusterIP"`
		ClusterIPs            []string `json:"clusterIPs"`
		InternalTrafficPolicy string   `json:"internalTrafficPolicy"`
		ExternalTrafficPolicy string   `json:"externalTrafficPolicy"`
		SessionAffinity       string   `json:"sessionAffinity"`
		SessionAffinityConfig struct {
			ClientIP struct {
				TimeoutSeconds *int64 `json:"timeoutSeconds"`
			} `json:"clientIP"`
		} `json:"sessionAffinityConfig"`
		Ports []port `json:"ports"`
	} `json:"spec"`
}

type metadata struct {
	Namespace         string            `json:"namespace"`
	Name              string            `json:"name"`
	UID               string            `json:"uid"`
	CreationTimestamp string            `json:"creationTimestamp"`
	Labels            map[string]string `json:"labels"`
}

type port struct {
	Name     string  `json:"name"`
	Protocol string  `json:"protocol"`
	Port     *uint16 `json:"port"`
	NodePort uint16  `json:"nodePort"`
}

type slice struct {
	Metadata    metadata `json:"metadata"`
	AddressType string   `json:"addressType"`
	Ports       []port   `json:"ports"`
	Endpoints   []struct {
		Addresses  []string `json:"addresses"`
		NodeName   string   `json:"nodeName"`
		Conditions struct {
			Ready       *bool `json:"ready"`
			Serving     *bool `json:"serving"`
			Terminating *bool `json:"terminating"`
		} `json:"conditions"`
	} `json:"endpoints"`
}

// Of is what the proxy of a node is to want that sees services and slices as they were at these revisions; 0: it has not listed them.
func Of(log *history.Log, services, slices int64, node string) (*Wanted, error) {
	seenServices, err := read[service](log, "services", services)
	if err != nil {
		return nil, err
	}
	seenSlices, err := read[slice](log, "endpointslices", slices)
	if err != nil {
		return nil, err
	}
	w := &Wanted{}
	w.View.ServicesListed, w.View.SlicesListed = services > 0, slices > 0
	w.describe(seenServices, seenSlices, node)
	w.Rules = w.View.Wanted()
	w.Hash = trace.HashOf([]byte(w.String()))
	return w, nil
}

func read[T any](log *history.Log, resource string, revision int64) (all []T, err error) {
	prefix, known := log.Prefix(resource, "")
	if !known || revision <= 0 {
		return nil, nil
	}
	for _, v := range log.Live(prefix, revision) {
		var obj T
		if err := json.Unmarshal(v.JSON, &obj); err != nil {
			return nil, fmt.Errorf("%s at revision %d cannot be read: %w", v.Object, v.Revision, err)
		}
		all = append(all, obj)
	}
	return all, nil
}

// entry is an endpoint of a front's.
type entry struct {
	address netip.AddrPort
	model   proxy.Endpoint
}

func (w *Wanted) describe(services []service, all []slice, node string) {
	slices.SortFunc(services, func(a, b service) int {
		return cmp.Or(cmp.Compare(a.Metadata.CreationTimestamp, b.Metadata.CreationTimestamp), cmp.Compare(a.Metadata.UID, b.Metadata.UID))
	})
	var entries [][][]entry // by front and slice
	for i, s := range services {
		for _, p := range s.Spec.Ports {
			for _, f := range s.fronts(p) {
				w.fronts = append(w.fronts, f)
				local := s.Spec.InternalTrafficPolicy
				if f.node {
					local = s.Spec.ExternalTrafficPolicy
				}
				w.View.Services = append(w.View.Services, proxy.Service{UID: uint16(i + 1), UDP: f.protocol == "udp", Local: local == "Local", Affinity: f.affinity > 0})
				entries = append(entries, endpointsOf(s, p, all, node))
			}
		}
	}
	addresses := w.addresses()
	w.targets = sorted(func(add func(netip.AddrPort)) {
		for _, e := range slices.Concat(slices.Concat(entries...)...) {
			add(e.address)
		}
	})
	for i := range w.View.Services {
		s := &w.View.Services[i]
		s.Name, s.Address = uint16(i+1), number(addresses, w.fronts[i].address)
		for _, in := range entries[i] {
			one := proxy.Slice{Service: s.Name}
			for _, e := range in {
				e.model.Address = number(w.targets, e.address)
				one.Endpoints = append(one.Endpoints, e.model)
			}
			w.View.Slices = append(w.View.Slices, one)
		}
	}
}

func (w *Wanted) addresses() []netip.AddrPort {
	return sorted(func(add func(netip.AddrPort)) {
		for _, f := range w.fronts {
			add(f.address)
		}
	})
}

func sorted(each func(add func(netip.AddrPort))) (list []netip.AddrPort) {
	each(func(a netip.AddrPort) { list = append(list, a) })
	slices.SortFunc(list, netip.AddrPort.Compare)
	return slices.Compact(list)
}

// number is that of an address in a list in order, from 1.
func number(list []netip.AddrPort, a netip.AddrPort) uint16 {
	i, _ := slices.BinarySearchFunc(list, a, netip.AddrPort.Compare)
	return uint16(i + 1)
}

// fronts are the addresses at which a port of a service is; none for a service that needs no rules.
func (s service) fronts(p port) (all []front) {
	protocol := strings.ToLower(cmp.Or(p.Protocol, "TCP"))
	_, others := s.Metadata.Labels["service.kubernetes.io/service-proxy-name"]
	address, known := ipv4(append([]string{s.Spec.ClusterIP}, s.Spec.ClusterIPs...)...)
	if p.Port == nil || others || !known || s.Spec.Type == "ExternalName" || protocol != "tcp" && protocol != "udp" {
		return nil
	}
	affinity := int64(0)
	if s.Spec.SessionAffinity == "ClientIP" {
		const unsaid = 10800
		if affinity = unsaid; s.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds != nil {
			affinity = *s.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds
		}
	}
	all = []front{{protocol, netip.AddrPortFrom(address, *p.Port), affinity, false}}
	if p.NodePort != 0 && (s.Spec.Type == "NodePort" || s.Spec.Type == "LoadBalancer") {
		all = append(all, front{protocol, netip.AddrPortFrom(netip.IPv4Unspecified(), p.NodePort), affinity, true})
	}
	return all
}

// ipv4 is the first of some texts that is such an address.
func ipv4(texts ...string) (netip.Addr, bool) {
	for _, text := range texts {
		if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// endpointsOf are those of a service's port, slice by slice.
func endpointsOf(s service, p port, all []slice, node string) (entries [][]entry) {
	for _, in := range all {
		at := slices.IndexFunc(in.Ports, func(q port) bool {
			return q.Port != nil && q.Name == p.Name && cmp.Or(q.Protocol, "TCP") == cmp.Or(p.Protocol, "TCP")
		})
		if at < 0 || in.AddressType != "IPv4" || in.Metadata.Namespace != s.Metadata.Namespace || in.Metadata.Labels["kubernetes.io/service-name"] != s.Metadata.Name {
			continue
		}
		var one []entry
		for _, e := range in.Endpoints {
			address, known := ipv4(e.Addresses[:min(1, len(e.Addresses))]...)
			if !known {
				continue
			}
			said := func(flag *bool, unsaid bool) bool { return flag == nil && unsaid || flag != nil && *flag }
			one = append(one, entry{netip.AddrPortFrom(address, *in.Ports[at].Port), proxy.Endpoint{Here: e.NodeName == node,
				Ready: said(e.Conditions.Ready, true), Serving: said(e.Conditions.Serving, true), Terminating: said(e.Conditions.Terminating, false)}})
		}
		entries = append(entries, one)
	}
	return entries
}

// String is the rules as they are hashed.
func (w *Wanted) String() string {
	var b strings.Builder
	addresses := w.addresses()
	for _, r := range w.Rules {
		holder := w.holder(r)
		f := w.fronts[holder]
		fmt.Fprintf(&b, "%s %s ", f.protocol, addresses[r.Address-1])
		switch r.Verdict {
		case proxy.Forward:
			b.WriteString("to")
			for _, t := range r.Targets {
				fmt.Fprintf(&b, " %s", w.targets[t-1])
			}
			if r.Affinity {
				fmt.Fprintf(&b, " affinity %d", f.affinity)
			}
			if f.node && !w.View.Services[holder].Local {
				b.WriteString(" masquerade")
			}
		default:
			b.WriteString(r.Verdict.String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Ruled is what becomes of new connections by TCP to an address: they go to one of the targets, or, if there are none, may be rejected. Neither is so
// where they are dropped, or no rule is for the address.
func (w *Wanted) Ruled(address netip.AddrPort) (targets []netip.AddrPort, rejected bool) {
	addresses := w.addresses()
	for _, r := range w.Rules {
		if r.UDP || addresses[r.Address-1] != address {
			continue
		}
		for _, t := range r.Targets {
			targets = append(targets, w.targets[t-1])
		}
		return targets, r.Verdict == proxy.Reject
	}
	return nil, false
}

// holder is the service that a rule is for: of those with its address the last made.
func (w *Wanted) holder(r proxy.Rule) (at int) {
	var latest uint16
	for i, s := range w.View.Services {
		if s.Address == r.Address && s.UDP == r.UDP && s.UID > latest {
			at, latest = i, s.UID
		}
	}
	return at
}
