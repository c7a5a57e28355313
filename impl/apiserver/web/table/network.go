//lint:file-ignore SA1019 Endpoints are deprecated, and upstream still serves them

package table

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var (
	serviceColumns = []metav1.TableColumnDefinition{
		name(),
		{Name: "Type", Type: "string", Description: corev1.ServiceSpec{}.SwaggerDoc()["type"]},
		{Name: "Cluster-IP", Type: "string", Description: corev1.ServiceSpec{}.SwaggerDoc()["clusterIP"]},
		{Name: "External-IP", Type: "string", Description: corev1.ServiceSpec{}.SwaggerDoc()["externalIPs"]},
		{Name: "Port(s)", Type: "string", Description: corev1.ServiceSpec{}.SwaggerDoc()["ports"]},
		age(),
		{Name: "Selector", Type: "string", Priority: 1, Description: corev1.ServiceSpec{}.SwaggerDoc()["selector"]},
	}
	endpointsColumns = []metav1.TableColumnDefinition{
		name(), {Name: "Endpoints", Type: "string", Description: corev1.Endpoints{}.SwaggerDoc()["subsets"]}, age(),
	}
	endpointSliceColumns = []metav1.TableColumnDefinition{
		name(),
		{Name: "AddressType", Type: "string", Description: discoveryv1.EndpointSlice{}.SwaggerDoc()["addressType"]},
		{Name: "Ports", Type: "string", Description: discoveryv1.EndpointSlice{}.SwaggerDoc()["ports"]},
		{Name: "Endpoints", Type: "string", Description: discoveryv1.EndpointSlice{}.SwaggerDoc()["endpoints"]},
		age(),
	}
)

func serviceCells(svc *corev1.Service, now time.Time) []any {
	clusterIP := svc.Spec.ClusterIP
	if len(svc.Spec.ClusterIPs) > 0 {
		clusterIP = svc.Spec.ClusterIPs[0]
	}
	var ports []string
	for _, p := range svc.Spec.Ports {
		port := fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.NodePort > 0 {
			port = fmt.Sprintf("%d:%d/%s", p.Port, p.NodePort, p.Protocol)
		}
		ports = append(ports, port)
	}
	return []any{
		svc.Name, string(svc.Spec.Type), orElse(clusterIP, "<none>"), externalIP(svc), orElse(strings.Join(ports, ","), "<none>"),
		since(svc.CreationTimestamp, now), labels.FormatLabels(svc.Spec.Selector),
	}
}

func externalIP(svc *corev1.Service) string {
	switch svc.Spec.Type {
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort:
		return orElse(strings.Join(svc.Spec.ExternalIPs, ","), "<none>")
	case corev1.ServiceTypeLoadBalancer:
		var all []string
		for _, ingress := range svc.Status.LoadBalancer.Ingress {
			if where := orElse(ingress.IP, ingress.Hostname); where != "" {
				all = append(all, where)
			}
		}
		slices.Sort(all)
		return orElse(strings.Join(append(slices.Compact(all), svc.Spec.ExternalIPs...), ","), "<pending>")
	case corev1.ServiceTypeExternalName:
		return svc.Spec.ExternalName
	}
	return "<unknown>"
}

func endpointsCells(e *corev1.Endpoints, now time.Time) []any {
	var all []string
	for _, subset := range e.Subsets {
		if len(subset.Ports) == 0 {
			for _, address := range subset.Addresses {
				all = append(all, address.IP)
			}
		}
		for _, port := range subset.Ports {
			for _, address := range subset.Addresses {
				all = append(all, net.JoinHostPort(address.IP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	otherwise := ""
	if len(e.Subsets) == 0 {
		otherwise = "<none>"
	}
	return []any{e.Name, abridged(all, otherwise), since(e.CreationTimestamp, now)}
}

func endpointSliceCells(slice *discoveryv1.EndpointSlice, now time.Time) []any {
	var ports, addresses []string
	for _, p := range slice.Ports {
		switch {
		case p.Port != nil:
			ports = append(ports, strconv.Itoa(int(*p.Port)))
		case p.Name != nil:
			ports = append(ports, *p.Name)
		default:
			ports = append(ports, "*")
		}
	}
	for _, e := range slice.Endpoints {
		addresses = append(addresses, e.Addresses...)
	}
	return []any{
		slice.Name, string(slice.AddressType), abridged(ports, "<unset>"), abridged(addresses, "<unset>"), since(slice.CreationTimestamp, now),
	}
}
