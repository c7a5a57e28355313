package kubelet

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// Version is what nodeInfo says: the release whose behaviour this kubelet follows.
const Version = "v1.37.2+orrery"

// leaseNamespace holds the Leases of all nodes.
const leaseNamespace = "kube-node-lease"

// Upstream: pkg/kubelet/nodestatus/setters.go, v1.37.
const (
	maxImages = 50
	maxNames  = 5
)

// decideNode says what is to be written of the node's own object: its registration, or its status where that has changed
// or was last written long ago. nil: nothing, until again.
func decideNode(cfg *Config, node *corev1.Node, machine *Machine, now time.Time) (req *api.Request, expect metav1.Object, again time.Time) {
	resource, _ := api.ByName("nodes")
	if node == nil {
		fresh := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: cfg.Node, Labels: nodeLabels(cfg)}}
		fresh.Status = nodeStatus(cfg, fresh, machine, now)
		return &api.Request{Verb: api.Create, Resource: resource, Name: cfg.Node, Object: fresh}, fresh, now.Add(cfg.Heartbeat)
	}
	if missing := missingLabels(cfg, node); missing != nil {
		return &api.Request{Verb: api.Update, Resource: resource, Name: cfg.Node, Object: missing}, missing, now.Add(cfg.Heartbeat)
	}
	next := node.DeepCopy()
	next.Status = nodeStatus(cfg, node, machine, now)
	due := lastHeartbeat(node).Add(cfg.Report)
	if !changed(&node.Status, &next.Status) && now.Before(due) {
		return nil, nil, due
	}
	return &api.Request{Verb: api.Update, Resource: resource, Name: cfg.Node, Subresource: "status", Object: next}, next, now.Add(cfg.Heartbeat)
}

// nodeLabels are those that a node gives itself.
func nodeLabels(cfg *Config) map[string]string {
	labels := map[string]string{corev1.LabelHostname: cfg.Hostname, corev1.LabelOSStable: cfg.Info.OperatingSystem, corev1.LabelArchStable: cfg.Info.Architecture,
		"beta.kubernetes.io/os": cfg.Info.OperatingSystem, "beta.kubernetes.io/arch": cfg.Info.Architecture}
	for key, value := range cfg.Labels {
		labels[key] = value
	}
	return labels
}

// missingLabels is the node with its own labels as they should be, or nil if they are.
func missingLabels(cfg *Config, node *corev1.Node) *corev1.Node {
	var next *corev1.Node
	for key, value := range nodeLabels(cfg) {
		if node.Labels[key] == value {
			continue
		}
		if next == nil {
			next = node.DeepCopy()
		}
		if next.Labels == nil {
			next.Labels = map[string]string{}
		}
		next.Labels[key] = value
	}
	return next
}

// nodeStatus is the node's status as this machine sees it; conditions of others are kept.
func nodeStatus(cfg *Config, node *corev1.Node, machine *Machine, now time.Time) corev1.NodeStatus {
	s := *node.Status.DeepCopy()
	s.Capacity, s.Allocatable = cfg.Capacity.DeepCopy(), cfg.Capacity.DeepCopy()
	s.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: cfg.Address}, {Type: corev1.NodeHostName, Address: cfg.Hostname}}
	s.DaemonEndpoints.KubeletEndpoint.Port = cfg.Port
	s.NodeInfo = cfg.Info
	if v := machine.Version; v.Name != "" {
		s.NodeInfo.ContainerRuntimeVersion = v.Name + "://" + v.Version
	} else {
		s.NodeInfo.ContainerRuntimeVersion = node.Status.NodeInfo.ContainerRuntimeVersion
	}
	if machine.Down == "" {
		s.Images = machine.Images
	}
	condition := func(kind corev1.NodeConditionType, good bool, reason, message string) {
		setNodeCondition(&s, kind, good, reason, message, now)
	}
	condition(corev1.NodeMemoryPressure, false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available")
	condition(corev1.NodeDiskPressure, false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
	condition(corev1.NodePIDPressure, false, "KubeletHasSufficientPID", "kubelet has sufficient PID available")
	if why := machine.unready(); why != "" {
		condition(corev1.NodeReady, false, "KubeletNotReady", why)
	} else {
		condition(corev1.NodeReady, true, "KubeletReady", "kubelet is posting ready status")
	}
	return s
}

// unready says why no pod can be started here; empty: they can.
//
// Upstream: pkg/kubelet/runtime.go, runtimeErrors and networkErrors; pkg/kubelet/container/runtime.go, RuntimeCondition.String.
func (m *Machine) unready() string {
	switch {
	case m.Down != "":
		return "container runtime is down: " + m.Down
	case !m.Status.Ready:
		return "container runtime not ready: RuntimeReady=false reason:" + m.Status.Reason + " message:" + m.Status.Message
	case !m.Status.NetworkReady:
		return "container runtime network not ready: NetworkReady=false reason:" + m.Status.NetworkReason + " message:" + m.Status.NetworkMessage
	}
	return ""
}

func setNodeCondition(s *corev1.NodeStatus, kind corev1.NodeConditionType, good bool, reason, message string, now time.Time) {
	c := corev1.NodeCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message,
		LastHeartbeatTime: *seconds(now), LastTransitionTime: *seconds(now)}
	if good {
		c.Status = corev1.ConditionTrue
	}
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			if s.Conditions[i].Status == c.Status {
				c.LastTransitionTime = s.Conditions[i].LastTransitionTime
			}
			s.Conditions[i] = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}

// changed compares two statuses but for the times of the heartbeats, which alone are not worth a write.
func changed(old, next *corev1.NodeStatus) bool {
	a, b := old.DeepCopy(), next.DeepCopy()
	for _, s := range []*corev1.NodeStatus{a, b} {
		for i := range s.Conditions {
			s.Conditions[i].LastHeartbeatTime = metav1.Time{}
		}
	}
	return !apiequality.Semantic.DeepEqual(a, b)
}

func lastHeartbeat(node *corev1.Node) time.Time {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.LastHeartbeatTime.Time
		}
	}
	return time.Time{}
}

// decideLease says whether the node's Lease is to be created or renewed now, which is done whatever else fails (row 76).
func decideLease(cfg *Config, node *corev1.Node, lease *coordinationv1.Lease, now time.Time) (req *api.Request, expect metav1.Object, again time.Time) {
	resource, _ := api.ByName("leases")
	duration := int32(cfg.LeaseDuration / time.Second)
	renewed := metav1.NewMicroTime(now)
	next := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: cfg.Node, Namespace: leaseNamespace}}
	req = &api.Request{Verb: api.Create, Resource: resource, Namespace: leaseNamespace, Name: cfg.Node}
	if lease != nil {
		orphan := len(lease.OwnerReferences) == 0 && node != nil
		if due := renewal(cfg, lease); now.Before(due) && !orphan {
			return nil, nil, due
		}
		next, req.Verb = lease.DeepCopy(), api.Update
	}
	next.Spec.HolderIdentity, next.Spec.LeaseDurationSeconds, next.Spec.RenewTime = &cfg.Node, &duration, &renewed
	if len(next.OwnerReferences) == 0 && node != nil && node.UID != "" {
		next.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}
	}
	req.Object = next
	return req, next, now.Add(cfg.LeaseRenewal)
}

func renewal(cfg *Config, lease *coordinationv1.Lease) time.Time {
	if lease.Spec.RenewTime == nil {
		return time.Time{}
	}
	return lease.Spec.RenewTime.Add(cfg.LeaseRenewal)
}
