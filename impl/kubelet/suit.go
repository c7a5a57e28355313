package kubelet

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// unsuited says why a pod cannot be on this node whatever room there is, or nil: the node is not one that it asks for, or a port of the
// host is another's. A node that has no object yet is any pod's.
//
// Upstream: pkg/kubelet/lifecycle/predicate.go, after it has looked for room; it also refuses what does not tolerate a NoExecute taint,
// which here is left to who evicts for taints.
func unsuited(pod *corev1.Pod, node *corev1.Node, others []*corev1.Pod) *Rejection {
	if node != nil {
		if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); !ok || err != nil {
			return failedPredicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
		}
	}
	wanted := hostPorts(pod)
	for _, other := range others {
		if other.UID == pod.UID || terminal(other.Status.Phase) || !admitted(other) {
			continue
		}
		for _, taken := range hostPorts(other) {
			if slices.ContainsFunc(wanted, taken.collides) {
				return failedPredicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")
			}
		}
	}
	return nil
}

func failedPredicate(name, why string) *Rejection {
	return &Rejection{Reason: name, Message: "Predicate " + name + " failed: " + why}
}

// hostPort is one port of the node; an empty address is all that it has.
type hostPort struct {
	protocol corev1.Protocol
	address  string
	port     int32
}

func (h hostPort) collides(with hostPort) bool {
	return h.protocol == with.protocol && h.port == with.port && (h.address == "" || with.address == "" || h.address == with.address)
}

// hostPorts are those of the containers that run beside each other.
func hostPorts(pod *corev1.Pod) (ports []hostPort) {
	for i, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		if i < len(pod.Spec.InitContainers) && !sidecar {
			continue
		}
		for _, p := range c.Ports {
			if p.HostPort == 0 {
				continue
			}
			h := hostPort{p.Protocol, p.HostIP, p.HostPort}
			if h.protocol == "" {
				h.protocol = corev1.ProtocolTCP
			}
			if h.address == "0.0.0.0" || h.address == "::" {
				h.address = ""
			}
			ports = append(ports, h)
		}
	}
	return ports
}
