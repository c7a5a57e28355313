package converge

import (
	"fmt"

	"orrery/checker/history"
	"orrery/checker/object"
)

// What the labels of an EndpointSlice say.
const (
	ofService  = "kubernetes.io/service-name"
	managedBy  = "endpointslice.kubernetes.io/managed-by"
	controller = "endpointslice-controller.k8s.io"
)

// services judges the slices of every service: what is in them, and that it is as the pods are.
func (j *judge) services(live []*history.Version) {
	for _, v := range live {
		service := j.read(v)
		if v.Object.Resource != "services" || service == nil || service.Metadata.DeletionTimestamp != "" || !service.Spec.Selector.Any() || service.Spec.Type == "ExternalName" {
			continue
		}
		pods := map[string]*object.Object{} // by UID, those of which an endpoint is wanted
		shown := map[string]int{}           // by UID and address
		for _, p := range live {
			if pod := j.read(p); p.Object.Resource == "pods" && p.Object.Namespace == v.Object.Namespace && pod != nil && service.Selects(pod.Metadata.Labels) && !pod.Terminal() {
				pods[p.UID] = pod
			}
		}
		for _, s := range live {
			slice := j.read(s)
			if s.Object.Resource != "endpointslices" || s.Object.Namespace != v.Object.Namespace || slice == nil ||
				slice.Metadata.Labels[ofService] != v.Object.Name || slice.Metadata.Labels[managedBy] != controller {
				continue
			}
			for _, e := range slice.Endpoints {
				shown[e.TargetRef.UID+" "+first(e.Addresses)]++
				if why := unfit(service, pods[e.TargetRef.UID], e); why != "" {
					j.broken(Served, 97, s.Seq(), "%s of %s has %s of pod %s (UID %s), %s", s.Object, v.Object, first(e.Addresses), e.TargetRef.Name, e.TargetRef.UID, why)
				}
			}
		}
		for _, p := range live {
			pod := pods[p.UID]
			if p.Object.Resource != "pods" || pod == nil || len(pod.Status.PodIPs) == 0 {
				continue
			}
			if n := shown[p.UID+" "+pod.Status.PodIPs[0].IP]; n != 1 {
				j.broken(Served, 97, v.Seq(), "%s selects %s (UID %s) at %s, and its slices have that %d times", v.Object, p.Object, p.UID, pod.Status.PodIPs[0].IP, n)
			}
		}
	}
}

func first(addresses []string) string {
	if len(addresses) == 0 {
		return "no address"
	}
	return addresses[0]
}

// unfit is why an endpoint is not what is wanted of a pod; empty: it is.
func unfit(service, pod *object.Object, e object.Endpoint) string {
	if pod == nil {
		return "which it does not select, or which has ended"
	}
	has := false
	for _, ip := range pod.Status.PodIPs {
		has = has || ip.IP == first(e.Addresses)
	}
	status, _ := pod.Condition("Ready")
	serving, terminating := status == "True", pod.Metadata.DeletionTimestamp != ""
	ready := serving && !terminating || service.Spec.PublishNotReadyAddresses
	said := [3]bool{}
	said[0], said[1], said[2] = e.Said()
	switch want := [3]bool{ready, serving, terminating}; {
	case !has:
		return "which does not have that address"
	case said != want:
		return fmt.Sprintf("and says ready, serving and terminating are %v, where the pod's are %v", said, want)
	}
	return ""
}
