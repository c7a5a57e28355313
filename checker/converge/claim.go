package converge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// passes is how many passes of one API server must have begun before a claim that is nobody's is held against it: one in which it sees the
// claim, one in which it sees it again and removes it, and one more, by which the second has ended.
const passes = 3

// claims judges row 30 in the end: an address is claimed for a service that has it. None is claimed for another once the cluster has settled,
// since nobody asks for one then; and of what broken requests have left, nothing stays that an API server had the time to remove.
func (j *judge) claims(settled history.Phase) {
	owners := map[string]string{} // the hash of a claim → the key of the service for which it is
	since := int64(0)             // when a service was last written
	for _, v := range j.h.Log.All("services") {
		owners[trace.HashOf([]byte(v.Key))] = v.Key
		since = max(since, v.Seq())
	}
	owner := func(v *history.Version) string {
		if key := owners[v.Hash]; key != "" {
			return key
		}
		return "a service that nobody has seen"
	}
	for _, v := range j.h.Log.Entries {
		if v.Seq() >= settled.From && v.Seq() <= settled.To && claim(v) && !j.holds(owners[v.Hash], v, v.Revision) {
			j.broken(Claimed, 30, v.Seq(), "%s was claimed for %s at revision %d, after the cluster had settled, and is not its own", v.Key, owner(v), v.Revision)
			return
		}
	}
	for _, v := range j.h.Log.Live(addressRoot, j.last) {
		if claim(v) && !j.holds(owners[v.Hash], v, j.last) && j.looked(max(since, v.Seq())) {
			j.broken(Claimed, 30, v.Seq(), "%s is claimed for %s, which does not have it, and an API server has looked %d times since", v.Key, owner(v), passes)
		}
	}
}

// claim reports whether a version says whose an address is: it is known, and somebody's.
func claim(v *history.Version) bool {
	return strings.HasPrefix(v.Key, addressRoot) && !v.Deleted && v.Hash != "" && v.Hash != trace.HashOf(nil)
}

// holds reports whether the service under a key has the address of a claim at a revision.
func (j *judge) holds(key string, claim *history.Version, revision int64) bool {
	service := j.read(history.At(j.h.Log.Chain(key), revision))
	return service != nil && slices.Contains(addresses(service), strings.TrimPrefix(claim.Key, addressRoot))
}

// addresses are those of a service, as the keys of their claims name them.
func addresses(service *object.Object) (all []string) {
	for _, ip := range service.Spec.ClusterIPs {
		if addr, err := netip.ParseAddr(ip); err == nil {
			all = append(all, "serviceips/"+addr.String())
		}
	}
	for _, p := range service.Spec.Ports {
		all = append(all, fmt.Sprintf("servicenodeports/%d", p.NodePort))
	}
	return append(all, fmt.Sprintf("servicenodeports/%d", service.Spec.HealthCheckNodePort))
}

// looked reports whether an API server, in one life, has begun so many passes over all claims since a line.
func (j *judge) looked(since int64) bool {
	begun := map[string]int{}
	for _, op := range j.h.Operations {
		if op.CallLine <= since || op.Layer != trace.Store || op.Verb != "list" || op.Key != addressRoot {
			continue
		}
		life, _, _ := strings.Cut(op.Client, "/")
		if begun[life]++; begun[life] == passes {
			return true
		}
	}
	return false
}
