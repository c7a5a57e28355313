package invariant

import (
	"fmt"
	"slices"

	"orrery/checker/object"
)

// addresses judges row 30 at every revision: a Service has its addresses from when it is stored with them until it is stored without
// them or removed, also while it is being deleted and a finalizer keeps it.
func (j *judge) addresses() {
	holder := map[string]string{} // address → the key of the Service that has it
	for _, v := range j.h.Log.All("services") {
		var is []string
		if now := j.object(v); now != nil {
			is = addressesOf(now)
		}
		if old := j.object(before(v)); old != nil {
			for _, a := range addressesOf(old) {
				if holder[a] == v.Key && !slices.Contains(is, a) {
					delete(holder, a)
				}
			}
		}
		for _, a := range is {
			if other, taken := holder[a]; taken && other != v.Key {
				j.broken(OneAddress, v.Seq(), "%s got the %s, which %s has", v.Object, a, other)
				continue
			}
			holder[a] = v.Key
		}
	}
}

// addressesOf are the cluster IPs and node ports of a Service.
func addressesOf(o *object.Object) []string {
	var all []string
	for _, ip := range o.Spec.ClusterIPs {
		if ip != "" && ip != "None" {
			all = append(all, "cluster IP "+ip)
		}
	}
	ports := []int32{o.Spec.HealthCheckNodePort}
	for _, p := range o.Spec.Ports {
		ports = append(ports, p.NodePort)
	}
	for _, port := range ports {
		if a := fmt.Sprintf("node port %d", port); port != 0 && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}
