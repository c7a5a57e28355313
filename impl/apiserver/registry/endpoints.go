//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still serves them

package registry

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var endpoints = strategy[*corev1.Endpoints]{
	name: apivalidation.NameIsDNSSubdomain,
	defaults: func(obj *corev1.Endpoints) {
		for i := range obj.Subsets {
			for j := range obj.Subsets[i].Ports {
				if port := &obj.Subsets[i].Ports[j]; port.Protocol == "" {
					port.Protocol = corev1.ProtocolTCP
				}
			}
		}
	},
	validate: func(obj *corev1.Endpoints) field.ErrorList { return validateSubsets(obj.Subsets) },
	update: rewrite[*corev1.Endpoints]{validate: func(obj, old *corev1.Endpoints) field.ErrorList {
		// What was valid once may stay.
		if errs := validateSubsets(obj.Subsets); len(errs) > 0 && !equality.Semantic.DeepEqual(obj.Subsets, old.Subsets) {
			return errs
		}
		return nil
	}},
}

func validateSubsets(subsets []corev1.EndpointSubset) field.ErrorList {
	var errs field.ErrorList
	for i := range subsets {
		subset, path := &subsets[i], field.NewPath("subsets").Index(i)
		if len(subset.Addresses) == 0 && len(subset.NotReadyAddresses) == 0 {
			errs = append(errs, field.Required(path, "must specify `addresses` or `notReadyAddresses`"))
		}
		for j := range subset.Addresses {
			errs = append(errs, validateEndpointAddress(&subset.Addresses[j], path.Child("addresses").Index(j))...)
		}
		for j := range subset.NotReadyAddresses {
			errs = append(errs, validateEndpointAddress(&subset.NotReadyAddresses[j], path.Child("notReadyAddresses").Index(j))...)
		}
		for j := range subset.Ports {
			errs = append(errs, validateEndpointPort(&subset.Ports[j], len(subset.Ports) > 1, path.Child("ports").Index(j))...)
		}
	}
	return errs
}

func validateEndpointAddress(address *corev1.EndpointAddress, path *field.Path) field.ErrorList {
	errs := ipAddress(path.Child("ip"), address.IP)
	if address.Hostname != "" {
		errs = append(errs, dnsLabel(path.Child("hostname"), address.Hostname)...)
	}
	if address.NodeName != nil {
		errs = append(errs, dnsSubdomain(path.Child("nodeName"), *address.NodeName)...)
	}
	return append(errs, endpointIP(path.Child("ip"), address.IP)...)
}

func validateEndpointPort(port *corev1.EndpointPort, named bool, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if port.Name != "" {
		errs = append(errs, dnsLabel(path.Child("name"), port.Name)...)
	} else if named {
		errs = append(errs, field.Required(path.Child("name"), ""))
	}
	errs = append(errs, portNumber(path.Child("port"), port.Port)...)
	errs = append(errs, protocol(path.Child("protocol"), port.Protocol)...)
	if port.AppProtocol != nil {
		errs = append(errs, qualifiedName(path.Child("appProtocol"), *port.AppProtocol)...)
	}
	return errs
}
