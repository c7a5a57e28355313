package invariant

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sort"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// scheduler is the component's name, and the schedulerName of the pods it is responsible for.
const scheduler = "default-scheduler"

// binding judges rows 31, 46, 49 and 50: one sweep over the log, keeping which pods each node carries.
func (j *judge) binding() {
	decisions, lives := j.bindDecisions(), j.lives()
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
		if made := decidedBefore(decisions[now.Metadata.UID], v, node); len(made) > 0 {
			j.decision(v, old, node, made)
			// A bind that a scheduler which is gone left on its way lands when it likes, and its successor cannot know of it.
			direct[node] = direct[node] || made[len(made)-1].life != lives.at(v.Seq())
		} else {
			direct[node] = true
		}
		if !direct[node] {
			j.fits(v, node, load[node])
		}
	}
}

// bindDecision is a step of the scheduler that decided to bind a pod.
type bindDecision struct {
	line *trace.Line
	node string // empty: the request was not sent
	life string // of the process that decided
}

// lives are those of the scheduler, each with the line of its start, or else of its first decision, in order.
type lives []bindDecision

// at is the life that was begun last before a line.
func (l lives) at(line int64) string {
	i := sort.Search(len(l), func(i int) bool { return l[i].line.Seq >= line })
	if i == 0 {
		return ""
	}
	return l[i-1].life
}

func (j *judge) lives() (all lives) {
	for _, l := range j.h.Steps {
		if l.Step.Component != scheduler {
			continue
		}
		for _, e := range l.Step.Plan {
			if life := lifeOf(e.Call); e.Call != "" && (len(all) == 0 || all[len(all)-1].life != life) {
				all = append(all, bindDecision{line: j.start(l), life: life})
			}
		}
	}
	return all
}

// start is where the life of a process, or its last time as a leader, began that wrote a line; the line itself, if nothing tells.
func (j *judge) start(of *trace.Line) *trace.Line {
	begun := of
	for _, l := range j.h.Lives {
		if l.Seq < of.Seq && (l.Life.State == "start" && isOf(l.Life, of.Process) || l.Life.State == trace.Leads && l.Process == of.Process) {
			begun = l
		}
	}
	return begun
}

// bindDecisions are the scheduler's, by the pod's UID, in order. A step without a key decides nothing: it repeats a request whose
// outcome is unknown.
func (j *judge) bindDecisions() map[string][]bindDecision {
	operations := j.operations()
	made := map[string][]bindDecision{}
	for _, l := range j.h.Steps {
		if l.Step.Component != scheduler || l.Step.Key == "" {
			continue
		}
		for _, e := range l.Step.Plan {
			if e.Subresource == "binding" {
				made[e.Object.UID] = append(made[e.Object.UID], bindDecision{l, target(operations[e.Call]), lifeOf(e.Call)})
			}
		}
	}
	return made
}

// target is the node that a request binds to.
func target(op *history.Operation) string {
	var body struct {
		Target struct {
			Name string `json:"name"`
		} `json:"target"`
	}
	if op == nil || json.Unmarshal(op.Call.Body, &body) != nil {
		return ""
	}
	return body.Target.Name
}

// decidedBefore are those of a pod's decisions that may have bound it to the node, as v shows it.
func decidedBefore(made []bindDecision, v *history.Version, node string) (before []bindDecision) {
	for _, d := range made {
		if d.line.Seq < v.Seq() && (d.node == node || d.node == "") {
			before = append(before, d)
		}
	}
	return before
}

// decision judges rows 46 and 49: what the scheduler bound, and where, by what it may have seen when it decided that, the last time
// or before: a request lands late.
func (j *judge) decision(v *history.Version, pod *object.Object, node string, made []bindDecision) {
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
	why := ""
	for _, d := range made {
		if why = j.refused(chain, d.line.Step.View["nodes"], v.Revision, pod); why == "" {
			return
		}
	}
	j.broken(BindsWhereItFits, v.Seq(), "%s was bound to %s, but %s", v.Object, node, why)
}

// refused is why no version of a node, from the one in the scheduler's view up to the bind, took the pod; empty: one did.
func (j *judge) refused(node []*history.Version, from, to int64, pod *object.Object) string {
	why := fmt.Sprintf("node %s did not exist", node[0].Object.Name)
	for _, n := range node {
		if n.Until() <= from || n.Revision > to {
			continue
		}
		obj := j.object(n)
		if obj == nil {
			continue
		}
		if why = obj.Refuses(n.Object.Name, pod); why == "" {
			return ""
		}
	}
	return why
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
