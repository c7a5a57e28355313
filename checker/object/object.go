package object

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Object is what the guarantees need to know of a stored object, of whatever kind.
type Object struct {
	Metadata struct {
		Name            string            `json:"name"`
		Namespace       string            `json:"namespace"`
		UID             string            `json:"uid"`
		Labels          map[string]string `json:"labels"`
		Annotations     map[string]string `json:"annotations"`
		Generation      int64             `json:"generation"`
		Finalizers      []string          `json:"finalizers"`
		OwnerReferences []OwnerReference  `json:"ownerReferences"`
		// DeletionTimestamp is RFC 3339 in UTC and whole seconds, so that later is greater.
		DeletionTimestamp          string `json:"deletionTimestamp"`
		DeletionGracePeriodSeconds *int64 `json:"deletionGracePeriodSeconds"`
	} `json:"metadata"`
	Spec struct {
		// Of a pod.
		NodeName      string `json:"nodeName"`
		SchedulerName string `json:"schedulerName"`
		// ServiceAccountName is empty where the pod runs as nobody.
		ServiceAccountName string            `json:"serviceAccountName"`
		NodeSelector       map[string]string `json:"nodeSelector"`
		RestartPolicy      string            `json:"restartPolicy"`
		Containers         []Container       `json:"containers"`
		InitContainers     []Container       `json:"initContainers"`
		Tolerations        []Toleration      `json:"tolerations"`
		Overhead           Resources         `json:"overhead"`
		// Of a pod: absent is 0, and that it preempts those of lower priority.
		Priority         int    `json:"priority"`
		PreemptionPolicy string `json:"preemptionPolicy"`
		// Of a pod, looked at only for whether they are there.
		Affinity                  json.RawMessage `json:"affinity"`
		TopologySpreadConstraints json.RawMessage `json:"topologySpreadConstraints"`
		SchedulingGates           json.RawMessage `json:"schedulingGates"`
		// Of a namespace.
		Finalizers []string `json:"finalizers"`
		// Of a node.
		Unschedulable bool    `json:"unschedulable"`
		Taints        []Taint `json:"taints"`
		// Of an owner.
		Replicas *int64   `json:"replicas"`
		Selector Selector `json:"selector"`
		// Of a service.
		Type                     string   `json:"type"`
		PublishNotReadyAddresses bool     `json:"publishNotReadyAddresses"`
		ClusterIPs               []string `json:"clusterIPs"`
		Ports                    []struct {
			NodePort int32 `json:"nodePort"`
			// TargetPort is a number, or the name of a port of the pod.
			TargetPort json.RawMessage `json:"targetPort"`
		} `json:"ports"`
		IPFamilies            []string `json:"ipFamilies"`
		HealthCheckNodePort   int32    `json:"healthCheckNodePort"`
		InternalTrafficPolicy string   `json:"internalTrafficPolicy"`
	} `json:"spec"`
	// Of a secret or a config map; the values of a secret are in base64.
	Type      string            `json:"type"`
	Data      map[string]string `json:"data"`
	Immutable bool              `json:"immutable"`
	Status    struct {
		ObservedGeneration    int64             `json:"observedGeneration"`
		Phase                 string            `json:"phase"`
		Conditions            []Condition       `json:"conditions"`
		NominatedNodeName     string            `json:"nominatedNodeName"`
		Replicas              int64             `json:"replicas"`
		ReadyReplicas         int64             `json:"readyReplicas"`
		Allocatable           Resources         `json:"allocatable"`
		ContainerStatuses     []ContainerStatus `json:"containerStatuses"`
		InitContainerStatuses []ContainerStatus `json:"initContainerStatuses"`
		// Of a pod.
		PodIPs []struct {
			IP string `json:"ip"`
		} `json:"podIPs"`
	} `json:"status"`
	// Of an EndpointSlice.
	AddressType string         `json:"addressType"`
	Endpoints   []Endpoint     `json:"endpoints"`
	Ports       []EndpointPort `json:"ports"`
	// Of Endpoints.
	Subsets []Subset `json:"subsets"`
}

// Subset is a part of Endpoints: addresses that have the same ports.
type Subset struct {
	Addresses         []SubsetAddress `json:"addresses"`
	NotReadyAddresses []SubsetAddress `json:"notReadyAddresses"`
	Ports             []EndpointPort  `json:"ports"`
}

// SubsetAddress is one address of a subset, and what is behind it.
type SubsetAddress struct {
	IP        string    `json:"ip"`
	TargetRef TargetRef `json:"targetRef"`
	// Ready is where it is in its subset, which the object itself does not say.
	Ready bool `json:"-"`
}

// Addressed are the addresses of all subsets, one after the other.
func (o *Object) Addressed() (all []SubsetAddress) {
	for _, s := range o.Subsets {
		for _, a := range s.Addresses {
			a.Ready = true
			all = append(all, a)
		}
		all = append(all, s.NotReadyAddresses...)
	}
	return all
}

// MadeByController: Endpoints whose label says that the controller has made them.
func (o *Object) MadeByController() bool {
	return o.Metadata.Labels["endpoints.kubernetes.io/managed-by"] == "endpoint-controller"
}

// PortsDecide: which pods the Endpoints of the service o are to have depends on their ports, as one of its own is the name of one, or as it has none
// and is not headless.
func (o *Object) PortsDecide() bool {
	for _, port := range o.Spec.Ports {
		if bytes.HasPrefix(port.TargetPort, []byte(`"`)) {
			return true
		}
	}
	return len(o.Spec.Ports) == 0 && !slices.Contains(o.Spec.ClusterIPs, "None")
}

// Family is that of the addresses in the Endpoints of the service o: the first of its own.
func (o *Object) Family() string {
	if len(o.Spec.IPFamilies) == 0 {
		return "IPv4"
	}
	return o.Spec.IPFamilies[0]
}

// Address is the first of the pod o that is of a family; empty: it has none.
func (o *Object) Address(family string) string {
	for _, ip := range o.Status.PodIPs {
		if strings.Contains(ip.IP, ":") == (family == "IPv6") {
			return ip.IP
		}
	}
	return ""
}

// EndpointPort is one port of a slice, or of a subset.
type EndpointPort struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
}

// Endpoint is one address of a slice, and what is behind it.
type Endpoint struct {
	Addresses  []string `json:"addresses"`
	Conditions struct {
		Ready       *bool `json:"ready"`
		Serving     *bool `json:"serving"`
		Terminating *bool `json:"terminating"`
	} `json:"conditions"`
	TargetRef TargetRef `json:"targetRef"`
}

// TargetRef names the pod that has an address.
type TargetRef struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
}

// Said is what a slice says of an endpoint. What is not said of ready counts as true, of serving as what is said of ready, of terminating as false.
func (e *Endpoint) Said() (ready, serving, terminating bool) {
	yes, no := true, false
	c := &e.Conditions
	return *cmp.Or(c.Ready, &yes), *cmp.Or(c.Serving, c.Ready, &yes), *cmp.Or(c.Terminating, &no)
}

// OwnerReference names an owner, and whether it manages the object.
type OwnerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
	// Blocks: an owner that waits for its dependents waits for this one.
	Blocks bool `json:"blockOwnerDeletion"`
}

// Container is a container or init container as the pod asks for it.
type Container struct {
	Name          string `json:"name"`
	RestartPolicy string `json:"restartPolicy"`
	Resources     struct {
		Requests Resources `json:"requests"`
	} `json:"resources"`
	Ports []struct {
		HostPort int32 `json:"hostPort"`
	} `json:"ports"`
}

// ContainerStatus is what the kubelet last said of one container.
type ContainerStatus struct {
	Name         string `json:"name"`
	RestartCount int64  `json:"restartCount"`
}

// Condition is one condition of a pod or node: its status is True, False or Unknown.
type Condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	// LastHeartbeatTime is when a kubelet last said so, of a node.
	LastHeartbeatTime string `json:"lastHeartbeatTime"`
}

// Taint keeps pods away from a node.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
	// TimeAdded is when it was put on, by the clock of who did, RFC 3339 in whole seconds; empty: nobody said.
	TimeAdded string `json:"timeAdded"`
}

// Own: the taint is one that only the node lifecycle controller gives and takes.
func (t Taint) Own() bool {
	return t.Effect == "NoExecute" && (t.Key == "node.kubernetes.io/not-ready" || t.Key == "node.kubernetes.io/unreachable")
}

// Toleration lets a pod onto a node in spite of a taint.
type Toleration struct {
	Key      string `json:"key"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
	Effect   string `json:"effect"`
	// TolerationSeconds is for how long, of the effect NoExecute; nil: for ever.
	TolerationSeconds *int64 `json:"tolerationSeconds"`
}

// Fits reports whether the toleration is one of that taint.
func (tol *Toleration) Fits(t Taint) bool {
	if tol.Effect != "" && tol.Effect != t.Effect || tol.Key != "" && tol.Key != t.Key {
		return false
	}
	return tol.Operator == "Exists" || tol.Key != "" && tol.Value == t.Value
}

// Controller is the owner reference that manages the object, if there is one.
func (o *Object) Controller() (OwnerReference, bool) {
	i := slices.IndexFunc(o.Metadata.OwnerReferences, func(r OwnerReference) bool { return r.Controller })
	if i < 0 {
		return OwnerReference{}, false
	}
	return o.Metadata.OwnerReferences[i], true
}

// Terminal: a pod that has ended, and is for ever.
func (o *Object) Terminal() bool { return o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed" }

// Runs is the UID under which a pod's containers run: its own, or that of the static pod that it shows.
func (o *Object) Runs() string {
	if static := o.Metadata.Annotations["kubernetes.io/config.mirror"]; static != "" {
		return static
	}
	return o.Metadata.UID
}

// Active: a pod that counts for its owner.
func (o *Object) Active() bool { return !o.Terminal() && o.Metadata.DeletionTimestamp == "" }

// Tolerates reports whether the pod o may be put on a node with that taint.
func (o *Object) Tolerates(t Taint) bool {
	if t.Effect != "NoSchedule" && t.Effect != "NoExecute" {
		return true
	}
	return slices.ContainsFunc(o.Spec.Tolerations, func(tol Toleration) bool { return tol.Fits(t) })
}

// Executes are the node's taints that make pods go.
func (o *Object) Executes() (taints []Taint) {
	for _, t := range o.Spec.Taints {
		if t.Effect == "NoExecute" {
			taints = append(taints, t)
		}
	}
	return taints
}

// TolerationOf is the first toleration that the pod has of a taint; nil: it has none.
func (o *Object) TolerationOf(t Taint) *Toleration {
	for i := range o.Spec.Tolerations {
		if tol := &o.Spec.Tolerations[i]; tol.Fits(t) {
			return tol
		}
	}
	return nil
}

// Zone is where a node is: what nodes share that are likely to fail together.
func (o *Object) Zone() string {
	return o.Metadata.Labels["topology.kubernetes.io/region"] + "/" + o.Metadata.Labels["topology.kubernetes.io/zone"]
}

// Condition is the status and reason of a condition; empty where it is not there.
func (o *Object) Condition(kind string) (status, reason string) {
	for _, c := range o.Status.Conditions {
		if c.Type == kind {
			return c.Status, c.Reason
		}
	}
	return "", ""
}
