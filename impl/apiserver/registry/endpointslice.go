package registry

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// What an EndpointSlice may hold.
const (
	maxSliceEndpoints = 1000
	maxSlicePorts     = 20000
	maxAddresses      = 100
	maxTopologyLabels = 16
	maxHints          = 8
)

var endpointSlice = strategy[*discoveryv1.EndpointSlice]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *discoveryv1.EndpointSlice) {
		for i := range obj.Ports {
			port := &obj.Ports[i]
			if port.Name == nil {
				port.Name = new(string)
			}
			if port.Protocol == nil {
				tcp := corev1.ProtocolTCP
				port.Protocol = &tcp
			}
		}
	},
	prepare: func(obj *discoveryv1.EndpointSlice, _ Env) field.ErrorList {
		obj.Generation = 1
		withoutTopology(obj)
		return nil
	},
	validate: func(obj *discoveryv1.EndpointSlice) field.ErrorList {
		return append(validateSlice(obj), validateSliceEndpoints(obj)...)
	},
	update: rewrite[*discoveryv1.EndpointSlice]{
		prepare: func(obj, old *discoveryv1.EndpointSlice) {
			if !equality.Semantic.DeepEqual(obj.Endpoints, old.Endpoints) {
				withoutTopology(obj)
			}
			// Its labels say which service it belongs to.
			if obj.AddressType != old.AddressType || !equality.Semantic.DeepEqual(obj.Labels, old.Labels) ||
				!equality.Semantic.DeepEqual(obj.Endpoints, old.Endpoints) || !equality.Semantic.DeepEqual(obj.Ports, old.Ports) {
				obj.Generation = old.Generation + 1
			}
		},
		validate: func(obj, old *discoveryv1.EndpointSlice) field.ErrorList {
			errs := validateSlice(obj)
			// What was valid once may stay.
			if found := validateSliceEndpoints(obj); len(found) > 0 && !equality.Semantic.DeepEqual(obj.Endpoints, old.Endpoints) {
				errs = append(errs, found...)
			}
			return append(errs, apivalidation.ValidateImmutableField(obj.AddressType, old.AddressType, field.NewPath("addressType"))...)
		},
	},
	warnings: func(obj, old *discoveryv1.EndpointSlice) []string {
		if old == nil && obj.AddressType == discoveryv1.AddressTypeFQDN {
			return []string{"spec.addressType: FQDN endpoints are deprecated"}
		}
		return nil
	},
}

// withoutTopology drops a field that v1 only keeps for what was written before.
func withoutTopology(obj *discoveryv1.EndpointSlice) {
	for i := range obj.Endpoints {
		obj.Endpoints[i].DeprecatedTopology = nil
	}
}

func validateSlice(obj *discoveryv1.EndpointSlice) field.ErrorList {
	errs := oneOf(field.NewPath("addressType"), obj.AddressType,
		discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	path := field.NewPath("ports")
	if len(obj.Ports) > maxSlicePorts {
		return append(errs, field.TooMany(path, len(obj.Ports), maxSlicePorts))
	}
	names := map[string]bool{}
	for i, port := range obj.Ports {
		at := path.Index(i)
		if *port.Name != "" {
			errs = append(errs, dnsLabel(at.Child("name"), *port.Name)...)
		}
		if names[*port.Name] {
			errs = append(errs, field.Duplicate(at.Child("name"), *port.Name))
		}
		names[*port.Name] = true
		errs = append(errs, protocol(at.Child("protocol"), *port.Protocol)...)
		if port.Port != nil {
			errs = append(errs, portNumber(at.Child("port"), *port.Port)...)
		}
		if port.AppProtocol != nil {
			errs = append(errs, qualifiedName(at.Child("appProtocol"), *port.AppProtocol)...)
		}
	}
	return errs
}

func validateSliceEndpoints(obj *discoveryv1.EndpointSlice) field.ErrorList {
	path := field.NewPath("endpoints")
	if len(obj.Endpoints) > maxSliceEndpoints {
		return field.ErrorList{field.TooMany(path, len(obj.Endpoints), maxSliceEndpoints)}
	}
	var errs field.ErrorList
	for i := range obj.Endpoints {
		errs = append(errs, validateSliceEndpoint(&obj.Endpoints[i], obj.AddressType, path.Index(i))...)
	}
	return errs
}

func validateSliceEndpoint(e *discoveryv1.Endpoint, kind discoveryv1.AddressType, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	addresses := path.Child("addresses")
	if len(e.Addresses) == 0 {
		errs = append(errs, field.Required(addresses, "must contain at least 1 address"))
	} else if len(e.Addresses) > maxAddresses {
		errs = append(errs, field.TooMany(addresses, len(e.Addresses), maxAddresses))
	}
	for i, address := range e.Addresses {
		errs = append(errs, validateSliceAddress(address, kind, addresses, i)...)
	}
	if e.NodeName != nil {
		errs = append(errs, dnsSubdomain(path.Child("nodeName"), *e.NodeName)...)
	}
	topology := path.Child("deprecatedTopology")
	if len(e.DeprecatedTopology) > maxTopologyLabels {
		errs = append(errs, field.TooMany(topology, len(e.DeprecatedTopology), maxTopologyLabels))
	}
	errs = append(errs, metav1validation.ValidateLabels(e.DeprecatedTopology, topology)...)
	if e.Hostname != nil {
		errs = append(errs, dnsLabel(path.Child("hostname"), *e.Hostname)...)
	}
	if e.Hints != nil {
		errs = append(errs, validateHints(e.Hints, path.Child("hints"))...)
	}
	return errs
}

func validateSliceAddress(address string, kind discoveryv1.AddressType, path *field.Path, i int) field.ErrorList {
	family := map[discoveryv1.AddressType]struct {
		is      func(string) bool
		message string
	}{
		discoveryv1.AddressTypeIPv4: {netutils.IsIPv4String, "must be an IPv4 address"},
		discoveryv1.AddressTypeIPv6: {netutils.IsIPv6String, "must be an IPv6 address"},
	}
	if kind == discoveryv1.AddressTypeFQDN {
		return validation.IsFullyQualifiedDomainName(path.Index(i), address)
	}
	wanted, ok := family[kind]
	if !ok {
		return nil
	}
	if errs := ipAddress(path.Index(i), address); len(errs) > 0 {
		return errs
	}
	var errs field.ErrorList
	if !wanted.is(address) {
		errs = append(errs, field.Invalid(path, address, wanted.message))
	}
	return append(errs, endpointIP(path.Index(i), address)...)
}

func validateHints(hints *discoveryv1.EndpointHints, path *field.Path) field.ErrorList {
	zones := make([]string, len(hints.ForZones))
	for i, zone := range hints.ForZones {
		zones[i] = zone.Name
	}
	nodes := make([]string, len(hints.ForNodes))
	for i, node := range hints.ForNodes {
		nodes[i] = node.Name
	}
	return append(
		validateHintNames(zones, path.Child("forZones"), validation.IsValidLabelValue),
		validateHintNames(nodes, path.Child("forNodes"), validation.IsDNS1123Subdomain)...)
}

func validateHintNames(names []string, path *field.Path, wrong func(string) []string) field.ErrorList {
	if len(names) > maxHints {
		return field.ErrorList{field.TooMany(path, len(names), maxHints)}
	}
	var errs field.ErrorList
	for i, name := range names {
		at := path.Index(i).Child("name")
		if slices.Contains(names[:i], name) {
			errs = append(errs, field.Duplicate(at, name))
		}
		errs = append(errs, invalid(at, name, wrong(name))...)
	}
	return errs
}
