package registry

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"
)

// invalid makes one error of every message about value.
func invalid(path *field.Path, value any, messages []string) field.ErrorList {
	var errs field.ErrorList
	for _, message := range messages {
		errs = append(errs, field.Invalid(path, value, message))
	}
	return errs
}

// oneOf is for a required field with a closed set of values.
func oneOf[T ~string](path *field.Path, value T, values ...T) field.ErrorList {
	switch {
	case value == "":
		return field.ErrorList{field.Required(path, "")}
	case !slices.Contains(values, value):
		return field.ErrorList{field.NotSupported(path, value, values)}
	}
	return nil
}

// nonNegative is for counts and durations.
func nonNegative[T ~int32 | ~int64](path *field.Path, value T) field.ErrorList {
	if value < 0 {
		return field.ErrorList{field.Invalid(path, int64(value), "must be greater than or equal to 0")}
	}
	return nil
}

func protocol(path *field.Path, value corev1.Protocol) field.ErrorList {
	return oneOf(path, value, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)
}

func portNumber(path *field.Path, port int32) field.ErrorList {
	return invalid(path, port, validation.IsValidPortNum(int(port)))
}

func portNumberOrName(path *field.Path, port intstr.IntOrString) field.ErrorList {
	if port.Type == intstr.Int {
		return invalid(path, port.IntValue(), validation.IsValidPortNum(port.IntValue()))
	}
	return invalid(path, port.StrVal, validation.IsValidPortName(port.StrVal))
}

func dnsLabel(path *field.Path, value string) field.ErrorList {
	return invalid(path, value, validation.IsDNS1123Label(value))
}

func dnsSubdomain(path *field.Path, value string) field.ErrorList {
	return invalid(path, value, validation.IsDNS1123Subdomain(value))
}

func qualifiedName(path *field.Path, value string) field.ErrorList {
	return invalid(path, value, validation.IsQualifiedName(value))
}

func ipAddress(path *field.Path, value string) field.ErrorList {
	return validation.IsValidIP(path, value)
}

// endpointIP is for addresses that other machines are to reach.
func endpointIP(path *field.Path, value string) field.ErrorList {
	ip := netutils.ParseIPSloppy(value)
	if ip == nil {
		return field.ErrorList{field.Invalid(path, value, "must be a valid IP address")}
	}
	var errs field.ErrorList
	for _, special := range []struct {
		is      bool
		message string
	}{
		{ip.IsUnspecified(), "may not be unspecified (" + value + ")"},
		{ip.IsLoopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)"},
		{ip.IsLinkLocalUnicast(), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"},
		{ip.IsLinkLocalMulticast(), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"},
	} {
		if special.is {
			errs = append(errs, field.Invalid(path, value, special.message))
		}
	}
	return errs
}

// frozen forbids a change of a field that was immutable from some moment on.
func frozen(path *field.Path, changed bool) field.ErrorList {
	if !changed {
		return nil
	}
	return field.ErrorList{field.Forbidden(path, "field is immutable when `immutable` is set")}
}

// mapsOfLibrary are the fields whose entries the library judges in the order of a map, that is in any.
var mapsOfLibrary = []string{"labels", "annotations", "matchLabels", "nodeSelector", "selector", "deprecatedTopology"}

// ordered sorts what the library says of the entries of one map.
func ordered(errs field.ErrorList) field.ErrorList {
	for start := 0; start < len(errs); {
		name := errs[start].Field
		end := start + 1
		for end < len(errs) && errs[end].Field == name {
			end++
		}
		if slices.Contains(mapsOfLibrary, name[strings.LastIndex(name, ".")+1:]) {
			slices.SortStableFunc(errs[start:end], func(a, b *field.Error) int {
				return strings.Compare(fmt.Sprint(a.BadValue), fmt.Sprint(b.BadValue))
			})
		}
		start = end
	}
	return errs
}
