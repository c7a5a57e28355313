package object

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// Refuses says why a node of that name does not take a pod, whatever else runs there; "" if it does.
func (o *Object) Refuses(name string, pod *Object) string {
	if o.Spec.Unschedulable && !pod.Tolerates(Taint{Key: "node.kubernetes.io/unschedulable", Effect: "NoSchedule"}) {
		return fmt.Sprintf("node %s is unschedulable", name)
	}
	for _, t := range o.Spec.Taints {
		if !pod.Tolerates(t) {
			return fmt.Sprintf("node %s has the taint %s=%s:%s, which the pod does not tolerate", name, t.Key, t.Value, t.Effect)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(pod.Spec.NodeSelector)) {
		if o.Metadata.Labels[key] != pod.Spec.NodeSelector[key] {
			return fmt.Sprintf("node %s has the label %s=%q, and the pod selects %q", name, key, o.Metadata.Labels[key], pod.Spec.NodeSelector[key])
		}
	}
	return ""
}

// Plain reports whether nothing but [Object.Refuses] and resources decides where a pod may run.
func (o *Object) Plain() bool {
	for _, c := range slices.Concat(o.Spec.InitContainers, o.Spec.Containers) {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				return false
			}
		}
	}
	return len(o.Spec.Affinity) == 0 && len(o.Spec.TopologySpreadConstraints) == 0 && len(o.Spec.SchedulingGates) == 0
}

// Room is what is left of a node's allocatable resources beside the pods that it has, "pods" among them.
func (o *Object) Room(has []*Object) (Amounts, error) {
	room := Amounts{}
	if err := room.Add(o.Status.Allocatable); err != nil {
		return nil, err
	}
	for _, p := range has {
		requests, err := p.Requests()
		if err != nil {
			return nil, err
		}
		requests["pods"] = big.NewRat(1, 1)
		for name, n := range requests {
			if room[name] == nil {
				room[name] = new(big.Rat)
			}
			room[name].Sub(room[name], n)
		}
	}
	return room, nil
}

// Fits reports whether a node has room for one more pod beside those.
func (o *Object) Fits(pod *Object, has []*Object) (bool, error) {
	room, err := o.Room(has)
	if err != nil {
		return false, err
	}
	return room.Fits(pod)
}

// Fits reports whether one more pod fits into the room.
func (a Amounts) Fits(pod *Object) (bool, error) {
	requests, err := pod.Requests()
	if err != nil {
		return false, err
	}
	requests["pods"] = big.NewRat(1, 1)
	for name, n := range requests {
		have := a[name]
		if have == nil {
			have = new(big.Rat)
		}
		if n.Cmp(have) > 0 {
			return false, nil
		}
	}
	return true, nil
}
