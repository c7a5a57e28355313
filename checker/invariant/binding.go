package invariant

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// scheduler is the component's name, and the schedulerName of the pods it is responsible for.
const scheduler = "default-scheduler"

// binding judges rows 31, 46, 49 and 50: one sweep over the log, keeping which pods each node carries.
func (j *judge) binding() {
	steps := j.bindSteps()
	load := map[string]map[string]*history.Version{} // node → key → the pod bound to it
	direct := map[string]bool{}                      // nodes that somebody else than the scheduler gave a pod
	for _, v := range slices.Concat(j.h.Log.Initial, j.h.Log.Entries) {
		if v.Object.Resource != "pods" {
			continue
		}
		old, now := j.object(before(v)), j.object(v)
		if old != nil && old.Spec.NodeName != "" {
			delete(load[old.Spec.NodeName], v.Key)
		}
		if now == nil {
			continue
		}
		if old != nil && old.Metadata.UID == now.Metadata.UID && old.Spec.NodeName != "" && old.Spec.NodeName != now.Spec.NodeName {
			j.broken(BoundOnce, v.Seq(), "spec.nodeName of %s went from %q to %q", v.Object, old.Spec.NodeName, now.Spec.NodeName)
		}
		node := now.Spec.NodeName
		if node == "" || now.Terminal() {
			continue
		}
		if load[node] == nil {
			load[node] = map[string]*history.Version{}
		}
		load[node][v.Key] = v
		if old == nil {
			direct[node] = true
			continue
		}
		if old.Spec.NodeName != "" {
			continue
		}
		if step := steps[now.Metadata.UID]; step != nil {
			j.decision(v, old, node, step)
		} else {
			direct[node] = true
		}
		if !direct[node] {
			j.fits(v, node, load[node])
		}
	}
}

// bindSteps are the scheduler's last steps that decided to bind, by the pod's UID.
func (j *judge) bindSteps() map[string]*trace.Line {
	steps := map[string]*trace.Line{}
	for _, l := range j.h.Steps {
		if l.Step.Component != scheduler {
			continue
		}
		for _, e := range l.Step.Plan {
			if e.Subresource == "binding" {
				steps[e.Object.UID] = l
			}
		}
	}
	return steps
}

// decision judges rows 46 and 49: what the scheduler bound, and where, by what it may have seen.
func (j *judge) decision(v *history.Version, pod *object.Object, node string, step *trace.Line) {
	if pod.Metadata.DeletionTimestamp != "" {
		j.broken(BindsOnlyPending, v.Seq(), "%s was bound to %s while it was being deleted", v.Object, node)
	}
	if name := pod.Spec.SchedulerName; name != scheduler {
		j.broken(BindsOnlyPending, v.Seq(), "%s was bound to %s by the default scheduler, and asks for %q", v.Object, node, name)
	}
	chain := j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: node})
	if len(chain) == 0 {
		j.broken(BindsWhereItFits, v.Seq(), "%s was bound to %s, which never existed", v.Object, node)
		return
	}
	// Any version of the node from the one in the scheduler's view up to the bind justifies it.
	from, why := step.Step.View["nodes"], fmt.Sprintf("node %s did not exist", node)
	for _, n := range chain {
		if n.Until() <= from || n.Revision > v.Revision {
			continue
		}
		obj := j.object(n)
		if obj == nil {
			continue
		}
		if why = obj.Refuses(n.Object.Name, pod); why == "" {
			return
		}
	}
	j.broken(BindsWhereItFits, v.Seq(), "%s was bound to %s, but %s", v.Object, node, why)
}

// fits judges row 50 when v has just been bound to a node.
func (j *judge) fits(v *history.Version, node string, pods map[string]*history.Version) {
	n := j.object(history.At(j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: node}), v.Revision))
	if n == nil {
		return // the node vanished between decision and bind, which nobody promises not to happen
	}
	used, room := object.Amounts{"pods": new(big.Rat)}, object.Amounts{}
	err := room.Add(n.Status.Allocatable)
	for _, p := range pods {
		used["pods"].Add(used["pods"], big.NewRat(1, 1))
		var requests object.Amounts
		if err == nil {
			requests, err = j.object(p).Requests()
		}
		used.AddAll(requests)
	}
	if err != nil {
		j.unknown = append(j.unknown, fmt.Sprintf("what node %s carries at revision %d cannot be added up: %v", node, v.Revision, err))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		have := room[name]
		if have == nil {
			have = new(big.Rat)
		}
		if used[name].Cmp(have) > 0 {
			j.broken(NoOvercommit, v.Seq(), "after %s was bound to %s, the node's pods request %s of %s, and %s is allocatable (%s)",
				v.Object, node, used[name].RatString(), name, have.RatString(), strings.Join(slices.Sorted(maps.Keys(pods)), ", "))
		}
	}
}
