package scheduler

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// Upstream's reasons, as users know them from kubectl describe.
const (
	reasonUnschedulable = "node(s) were unschedulable"
	reasonNodeAffinity  = "node(s) didn't match Pod's node affinity/selector"
	reasonPorts         = "node(s) didn't have free ports for the requested pod ports"
	reasonTooManyPods   = "Too many pods"
	reasonAffinity      = "node(s) didn't match pod affinity rules"
	reasonAntiAffinity  = "node(s) didn't match pod anti-affinity rules"
	reasonExisting      = "node(s) didn't satisfy existing pods anti-affinity rules"
	reasonClaims        = "node(s) didn't have the volume or resource claims that the pod asks for"
)

// filter says why the pod may not run on the node; nothing: it may. The filters come in upstream's order, and the first
// that refuses is the one that speaks.
func (p *problem) filter(c *candidate) []string {
	switch pod, node := p.pod, c.node; {
	case node.Spec.Unschedulable && !tolerates(pod, &unschedulable):
		return []string{reasonUnschedulable}
	case p.untolerated(node) != "":
		return []string{p.untolerated(node)}
	case !p.matches(node):
		return []string{reasonNodeAffinity}
	case p.portsTaken(c):
		return []string{reasonPorts}
	}
	if reasons := p.insufficient(c); len(reasons) > 0 {
		return reasons
	}
	switch {
	case claims(p.pod):
		return []string{reasonClaims}
	default:
		return p.topology.filter(c.node)
	}
}

// unschedulable is the taint that a cordoned node has, or is about to have.
var unschedulable = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

func tolerates(pod *corev1.Pod, taint *corev1.Taint) bool {
	return corev1helpers.TolerationsTolerateTaint(klog.Logger{}, pod.Spec.Tolerations, taint, false)
}

// untolerated words the first taint that keeps the pod away.
func (p *problem) untolerated(node *corev1.Node) string {
	for _, t := range node.Spec.Taints {
		if (t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute) && !tolerates(p.pod, &t) {
			return "node(s) had untolerated taint {" + t.Key + ": " + t.Value + "}"
		}
	}
	return ""
}

// matches: nodeSelector and required node affinity. Terms that cannot be read match nothing.
func (p *problem) matches(node *corev1.Node) bool {
	ok, err := p.affinity.Match(node)
	return ok && err == nil
}

// insufficient names every resource of which too little is left, in a fixed order.
func (p *problem) insufficient(c *candidate) []string {
	var reasons []string
	if c.used[corev1.ResourcePods]+1 > c.allocatable[corev1.ResourcePods] {
		reasons = append(reasons, reasonTooManyPods)
	}
	for _, name := range p.wanted {
		if want := p.requests[name]; want > 0 && want > c.allocatable[name]-c.used[name] {
			reasons = append(reasons, "Insufficient "+string(name))
		}
	}
	return reasons
}

// portsTaken: a port of the host that the pod wants is in use.
func (p *problem) portsTaken(c *candidate) bool {
	if len(p.ports) == 0 {
		return false
	}
	for _, other := range slices.Concat(c.pods, c.awaited) {
		for _, have := range hostPorts(other) {
			if slices.ContainsFunc(p.ports, have.collides) {
				return true
			}
		}
	}
	return false
}

// hostPort is one port of the host; an empty address means all of them.
type hostPort struct {
	protocol corev1.Protocol
	address  string
	port     int32
}

func (a hostPort) collides(b hostPort) bool {
	return a.protocol == b.protocol && a.port == b.port && (a.address == "" || b.address == "" || a.address == b.address)
}

// hostPorts are those of the containers and of the sidecars.
func hostPorts(pod *corev1.Pod) []hostPort {
	var ports []hostPort
	take := func(c *corev1.Container) {
		for _, p := range c.Ports {
			if p.HostPort == 0 {
				continue
			}
			h := hostPort{p.Protocol, p.HostIP, p.HostPort}
			if h.protocol == "" {
				h.protocol = corev1.ProtocolTCP
			}
			if h.address == "0.0.0.0" {
				h.address = ""
			}
			ports = append(ports, h)
		}
	}
	for i := range pod.Spec.Containers {
		take(&pod.Spec.Containers[i])
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			take(c)
		}
	}
	return ports
}

// claims: the pod asks for what nobody here can give.
func claims(pod *corev1.Pod) bool {
	return len(pod.Spec.ResourceClaims) > 0 || slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil || v.Ephemeral != nil
	})
}
