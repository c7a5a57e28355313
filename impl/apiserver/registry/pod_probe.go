package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateHooksAndProbes judges what is done to a container while it runs.
func validateHooksAndProbes(c *corev1.Container, grace *int64, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.Lifecycle != nil {
		at := path.Child("lifecycle")
		errs = append(errs, validateHook(c.Lifecycle.PostStart, grace, at.Child("postStart"))...)
		errs = append(errs, validateHook(c.Lifecycle.PreStop, grace, at.Child("preStop"))...)
	}
	for _, p := range []struct {
		name  string
		probe *corev1.Probe
	}{{"livenessProbe", c.LivenessProbe}, {"readinessProbe", c.ReadinessProbe}, {"startupProbe", c.StartupProbe}} {
		if p.probe == nil {
			continue
		}
		at := path.Child(p.name)
		errs = append(errs, validateProbe(p.probe, at)...)
		// One success of a readiness probe need not be enough; what failed otherwise is started again.
		if isReadiness := p.name == "readinessProbe"; !isReadiness && p.probe.SuccessThreshold != 1 {
			errs = append(errs, field.Invalid(at.Child("successThreshold"), p.probe.SuccessThreshold, "must be 1"))
		} else if isReadiness && p.probe.TerminationGracePeriodSeconds != nil {
			errs = append(errs, field.Invalid(at.Child("terminationGracePeriodSeconds"), *p.probe.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
		}
	}
	return errs
}

func validateProbe(probe *corev1.Probe, path *field.Path) field.ErrorList {
	errs := validateHandlers(path, handlers(probe.Exec, probe.HTTPGet, probe.TCPSocket, probe.GRPC, nil), nil)
	for _, n := range []struct {
		name  string
		value int32
	}{{"initialDelaySeconds", probe.InitialDelaySeconds}, {"timeoutSeconds", probe.TimeoutSeconds}, {"periodSeconds", probe.PeriodSeconds},
		{"successThreshold", probe.SuccessThreshold}, {"failureThreshold", probe.FailureThreshold}} {
		errs = append(errs, nonNegative(path.Child(n.name), n.value)...)
	}
	if grace := probe.TerminationGracePeriodSeconds; grace != nil && *grace <= 0 {
		errs = append(errs, field.Invalid(path.Child("terminationGracePeriodSeconds"), *grace, "must be greater than 0"))
	}
	return errs
}

func validateHook(hook *corev1.LifecycleHandler, grace *int64, path *field.Path) field.ErrorList {
	if hook == nil {
		return nil
	}
	return validateHandlers(path, handlers(hook.Exec, hook.HTTPGet, hook.TCPSocket, nil, hook.Sleep), grace)
}

// handler is one of the ways in which a probe or hook is carried out, of which each has exactly one.
type handler struct {
	name     string
	set      bool
	validate func(path *field.Path, grace *int64) field.ErrorList
}

func handlers(exec *corev1.ExecAction, get *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction, grpc *corev1.GRPCAction, sleep *corev1.SleepAction) []handler {
	return []handler{
		{"exec", exec != nil, func(path *field.Path, _ *int64) field.ErrorList {
			if len(exec.Command) == 0 {
				return field.ErrorList{field.Required(path.Child("command"), "")}
			}
			return nil
		}},
		{"httpGet", get != nil, func(path *field.Path, _ *int64) field.ErrorList { return validateHTTPGet(get, path) }},
		{"tcpSocket", tcp != nil, func(path *field.Path, _ *int64) field.ErrorList {
			return portNumberOrName(path.Child("port"), tcp.Port)
		}},
		{"grpc", grpc != nil, func(path *field.Path, _ *int64) field.ErrorList {
			return portNumberOrName(path.Child("port"), intstr.FromInt32(grpc.Port))
		}},
		{"sleep", sleep != nil, func(path *field.Path, grace *int64) field.ErrorList {
			if grace != nil && (sleep.Seconds < 0 || sleep.Seconds > *grace) {
				return field.ErrorList{field.Invalid(path, sleep.Seconds,
					fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace))}
			}
			return nil
		}},
	}
}

func validateHandlers(path *field.Path, all []handler, grace *int64) field.ErrorList {
	var errs field.ErrorList
	found := false
	for _, h := range all {
		switch {
		case !h.set:
		case found:
			errs = append(errs, field.Forbidden(path.Child(h.name), "may not specify more than 1 handler type"))
		default:
			found = true
			errs = append(errs, h.validate(path.Child(h.name), grace)...)
		}
	}
	if !found {
		errs = append(errs, field.Required(path, "must specify a handler type"))
	}
	return errs
}

func validateHTTPGet(get *corev1.HTTPGetAction, path *field.Path) field.ErrorList {
	errs := portNumberOrName(path.Child("port"), get.Port)
	errs = append(errs, oneOf(path.Child("scheme"), get.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
	for _, header := range get.HTTPHeaders {
		errs = append(errs, invalid(path.Child("httpHeaders"), header.Name, validation.IsHTTPHeaderName(header.Name))...)
	}
	return errs
}
