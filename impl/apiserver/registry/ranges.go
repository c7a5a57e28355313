package registry

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/api"
)

// Ranges is where the addresses of Services come from. The zero value gives none.
type Ranges struct {
	ServiceIPs netip.Prefix
	// FirstPort and LastPort are those of the node ports.
	FirstPort, LastPort int32
}

// Upstream's defaults, but that there the range of IPs has none.
const (
	DefaultServiceIPs = "10.96.0.0/16"
	DefaultNodePorts  = "30000-32767"
)

// ParseRanges reads the values of --service-cluster-ip-range and --service-node-port-range.
func ParseRanges(serviceIPs, nodePorts string) (Ranges, error) {
	if strings.Contains(serviceIPs, ",") {
		return Ranges{}, fmt.Errorf("the range of service IPs is %q: must be one CIDR, as dual-stack services are not served", serviceIPs)
	}
	prefix, err := netip.ParsePrefix(serviceIPs)
	if err != nil {
		return Ranges{}, fmt.Errorf("the range of service IPs is %q: must be a CIDR such as %s", serviceIPs, DefaultServiceIPs)
	}
	if free := prefix.Addr().BitLen() - prefix.Bits(); free < 3 || free > 20 {
		return Ranges{}, fmt.Errorf("the range of service IPs is %q: must have between 8 and 1048576 addresses", serviceIPs)
	}
	low, high, _ := strings.Cut(nodePorts, "-")
	first, err := strconv.ParseUint(low, 10, 16)
	last, err2 := strconv.ParseUint(high, 10, 16)
	if err != nil || err2 != nil || first == 0 || first > last {
		return Ranges{}, fmt.Errorf("the range of node ports is %q: must be FIRST-LAST such as %s", nodePorts, DefaultNodePorts)
	}
	return Ranges{ServiceIPs: prefix.Masked(), FirstPort: int32(first), LastPort: int32(last)}, nil
}

// DefaultRanges are upstream's.
func DefaultRanges() Ranges {
	r, err := ParseRanges(DefaultServiceIPs, DefaultNodePorts)
	if err != nil {
		panic(err)
	}
	return r
}

// KubernetesIP is the address of the Service kubernetes: the first that is any service's.
func (r Ranges) KubernetesIP() string { return r.ServiceIPs.Addr().Next().String() }

func (r Ranges) family() corev1.IPFamily {
	if r.ServiceIPs.Addr().Is4() {
		return corev1.IPv4Protocol
	}
	return corev1.IPv6Protocol
}

// ips is how many addresses services may have: not the network's own, and of IPv4 not the broadcast address.
func (r Ranges) ips() int {
	n := 1<<(r.ServiceIPs.Addr().BitLen()-r.ServiceIPs.Bits()) - 1
	if r.ServiceIPs.Addr().Is4() {
		n--
	}
	return n
}

// ip is the address at a position from 0 on.
func (r Ranges) ip(position int) string {
	bytes := r.ServiceIPs.Addr().AsSlice()
	for i, carry := len(bytes)-1, position+1; carry > 0; i-- {
		carry += int(bytes[i])
		bytes[i], carry = byte(carry), carry>>8
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr.String()
}

// hasIP reports whether a service may have that address.
func (r Ranges) hasIP(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && r.ServiceIPs.Contains(addr) && addr != r.ServiceIPs.Addr() &&
		!(addr.Is4() && addr.String() == r.ip(r.ips())) // the broadcast address comes after the last
}

// Address is an IP or a port that at most one live Service has. Who has it is written under its own key of the store.
type Address string

// AddressRoot is the prefix of the keys of all addresses. Upstream keeps a bitmap under each of "serviceips" and
// "servicenodeports", and of late an IPAddress for each IP.
const AddressRoot = "/registry/ranges/"

// ipOf is the same for all ways of writing an IP.
func ipOf(ip string) Address {
	if addr, err := netip.ParseAddr(ip); err == nil {
		ip = addr.String()
	}
	return Address("serviceips/" + ip)
}

func portOf(port int32) Address { return Address(fmt.Sprintf("servicenodeports/%d", port)) }

// Key is where the store says whose the address is: the key of a Service, or nothing.
func (a Address) Key() string { return AddressRoot + string(a) }

// AddressesOf are the addresses of a Service, each once; another object has none.
func AddressesOf(obj api.Object) []Address {
	svc, ok := obj.(*corev1.Service)
	if !ok {
		return nil
	}
	var all []Address
	add := func(a Address) {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	for _, ip := range svc.Spec.ClusterIPs {
		if ip != "" && ip != corev1.ClusterIPNone {
			add(ipOf(ip))
		}
	}
	for _, p := range svc.Spec.Ports {
		if p.NodePort != 0 {
			add(portOf(p.NodePort))
		}
	}
	if svc.Spec.HealthCheckNodePort != 0 {
		add(portOf(svc.Spec.HealthCheckNodePort))
	}
	return all
}
