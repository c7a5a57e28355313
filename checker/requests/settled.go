package requests

import (
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// settled judges the requests of the phase in which nothing moves any more, by the last state of the store.
func (j *judge) settled() {
	from, to := j.settledPhase()
	ready := map[string][]string{} // by service
	for _, l := range j.h.Requests {
		r := l.Request
		if r.Begin < from || l.Time > to || !j.still(r) {
			continue
		}
		pods, known := ready[r.Service]
		if !known {
			pods = j.ready(r.Service)
			ready[r.Service] = pods
		}
		switch {
		case len(pods) == 0 || r.Outcome == trace.OK && slices.Contains(pods, r.Answer):
		case r.Outcome == trace.OK:
			j.broken(Answered, 118, l.Seq, "%s was asked from %s, and %s answered, where only %v are selected and ready", r.Service, r.Node, r.Answer, pods)
		case r.Outcome == trace.Failed:
			j.broken(Answered, 118, l.Seq, "%s was asked from %s, and refused, where %v are selected and ready", r.Service, r.Node, pods)
		default:
			j.broken(Answered, 118, l.Seq, "%s was asked from %s, and nobody answered (%s), where %v are selected and ready", r.Service, r.Node, r.Reason, pods)
		}
	}
}

// still: the client is a pod that is well, on a node that is too, and whose rules have not changed since it asked.
func (j *judge) still(r *trace.Request) bool {
	n := j.nodes[r.Node]
	if n == nil || len(n.sets) == 0 || !j.nodeReady(r.Node) {
		return false
	}
	if last := n.sets[len(n.sets)-1]; !last.confirmed || last.from >= r.Begin {
		return false
	}
	for _, v := range j.live("pods", "") {
		if v.UID == r.UID {
			return well(contentOf(v))
		}
	}
	return false
}

// live are the objects of a resource that there are in the end.
func (j *judge) live(resource, namespace string) []*history.Version {
	prefix, known := j.h.Log.Prefix(resource, namespace)
	if !known {
		return nil
	}
	return j.h.Log.Live(prefix, j.h.Log.End())
}

// well: the pod is ready, and is to stay.
func well(pod *object.Object) bool {
	if pod == nil {
		return false
	}
	status, _ := pod.Condition("Ready")
	return status == "True" && pod.Active()
}

func (j *judge) nodeReady(name string) bool {
	v := history.At(j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: name}), j.h.Log.End())
	if v == nil {
		return false
	}
	node := contentOf(v)
	if node == nil {
		return false
	}
	status, _ := node.Condition("Ready")
	return status == "True"
}

// ready are the pods that a service selects and that are ready, if it is there. One that is on a node which is in doubt is not among them.
func (j *judge) ready(name string) (names []string) {
	namespace, name, _ := strings.Cut(name, "/")
	v := history.At(j.h.Log.Of(history.ObjectName{Resource: "services", Namespace: namespace, Name: name}), j.h.Log.End())
	if v == nil {
		return nil
	}
	service := contentOf(v)
	if service == nil || !service.Spec.Selector.Any() {
		return nil
	}
	for _, p := range j.live("pods", namespace) {
		if pod := contentOf(p); well(pod) && service.Selects(pod.Metadata.Labels) && len(pod.Status.PodIPs) > 0 && j.nodeReady(pod.Spec.NodeName) {
			names = append(names, p.Object.Name)
		}
	}
	return names
}
