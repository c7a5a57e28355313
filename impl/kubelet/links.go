package kubelet

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// variable is an environment variable.
type variable struct{ name, value string }

// linked reports whether a container of the pod is told of a service: those with a cluster IP of the pod's own namespace, if the
// pod has service links, and the service kubernetes of the namespace default in any case.
func linked(pod *corev1.Pod, svc *corev1.Service) bool {
	if ip := svc.Spec.ClusterIP; ip == "" || ip == corev1.ClusterIPNone || len(svc.Spec.Ports) == 0 {
		return false
	}
	if svc.Namespace == metav1.NamespaceDefault && svc.Name == kubernetesService {
		return true
	}
	links := pod.Spec.EnableServiceLinks
	return svc.Namespace == pod.Namespace && (links == nil && corev1.DefaultEnableServiceLinks || links != nil && *links)
}

const kubernetesService = "kubernetes"

// links are the variables that tell a container of services, in the order of their names: as they are when it is created.
//
// Upstream: a map, whose order is any. A service kubernetes of the pod's own namespace takes the place of that of default.
func links(pod *corev1.Pod, services []*corev1.Service) []variable {
	byName := map[string]*corev1.Service{}
	for _, svc := range services {
		if linked(pod, svc) && (byName[svc.Name] == nil || svc.Namespace == pod.Namespace) {
			byName[svc.Name] = svc
		}
	}
	chosen := slices.DeleteFunc(slices.Clone(services), func(svc *corev1.Service) bool { return byName[svc.Name] != svc })
	slices.SortFunc(chosen, func(a, b *corev1.Service) int { return cmp.Compare(a.Name, b.Name) })
	var all []variable
	for _, svc := range chosen {
		all = append(all, linksTo(svc)...)
	}
	return all
}

// linksTo are upstream's variables of one service (pkg/kubelet/envvars), and after them those that Docker had for its links.
func linksTo(svc *corev1.Service) []variable {
	prefix, ip, ports := variableName(svc.Name), svc.Spec.ClusterIP, svc.Spec.Ports
	all := []variable{{prefix + "_SERVICE_HOST", ip}, {prefix + "_SERVICE_PORT", number(ports[0].Port)}}
	for _, p := range ports {
		if p.Name != "" {
			all = append(all, variable{prefix + "_SERVICE_PORT_" + variableName(p.Name), number(p.Port)})
		}
	}
	for i, p := range ports {
		protocol := strings.ToLower(string(cmp.Or(p.Protocol, corev1.ProtocolTCP)))
		url := protocol + "://" + joinHostPort(ip, p.Port)
		if i == 0 {
			all = append(all, variable{prefix + "_PORT", url})
		}
		port := fmt.Sprintf("%s_PORT_%d_%s", prefix, p.Port, strings.ToUpper(protocol))
		all = append(all, variable{port, url}, variable{port + "_PROTO", protocol}, variable{port + "_PORT", number(p.Port)}, variable{port + "_ADDR", ip})
	}
	return all
}

func joinHostPort(ip string, port int32) string {
	if strings.Contains(ip, ":") {
		ip = "[" + ip + "]"
	}
	return ip + ":" + number(port)
}

func number(n int32) string { return strconv.FormatInt(int64(n), 10) }

// variableName is a name as a variable can have it.
func variableName(name string) string {
	name = strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}
