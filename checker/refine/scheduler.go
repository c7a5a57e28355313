package refine

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/scheduler"
)

// schedules judges the steps of the scheduler that chose a node, or pods to be deleted on one. The view is made of that node and what is on it,
// or promised: of the others the choice does not depend, but for which of them it is. A pod whose place is decided by more than resources,
// labels and taints is not judged.
func schedules(j *judge, s *step) opinion {
	for _, e := range s.Plan {
		if op := j.operations[e.Call]; op != nil && binds(e) {
			c := &choosing{judge: j, step: s, pod: history.NameOf(e.Object), node: bound(op)}
			why, known := c.refuses(nil)
			return opinion{true, known, why, "choose a node that has room, or none"}
		}
	}
	node, victims, any := j.preempts(s)
	if !any {
		return opinion{}
	}
	if node == "" {
		return opinion{any: true} // the nomination was not sent, so that nobody knows of which node
	}
	c := &choosing{judge: j, step: s, pod: podOfKey(s.Key), node: node}
	why, known := c.refuses(&preempting{victims})
	return opinion{true, known, why, "have those pods deleted that are of lower priority and must go, or none"}
}

// preempting is what is decided for a pod that fits nowhere: who is deleted, by name and UID.
type preempting struct{ victims []trace.Ref }

// preempts tells whether a step has pods deleted, or a node promised to its pod, and which node that is; empty: nobody knows.
func (j *judge) preempts(s *step) (node string, victims []trace.Ref, any bool) {
	pod, told := podOfKey(s.Key), false
	for _, e := range s.Plan {
		switch {
		case e.Object.Resource != "pods":
		case e.Verb == "delete":
			victims = append(victims, e.Object)
		case e.Subresource == "status" && history.NameOf(e.Object) == pod:
			told = true
			node, _ = promised(j.operations[e.Call])
		}
	}
	if !told {
		if obj := j.latestOf(s, pod); obj != nil {
			node = obj.Status.NominatedNodeName
		}
	}
	return node, victims, len(victims) > 0 || told && node != ""
}

// latestOf is the pod that a step was about, as it saw it: from the answer to its own last write, or else in its cache.
func (j *judge) latestOf(s *step, pod history.ObjectName) *object.Object {
	if o, own := j.owned(s, "pods")[pod]; own && o.version != nil {
		return j.content(o.version)
	}
	return j.content(history.At(j.h.Log.Of(pod), s.View["pods"]))
}

func podOfKey(key string) history.ObjectName {
	namespace, name, _ := strings.Cut(key, "/")
	return history.ObjectName{Resource: "pods", Namespace: namespace, Name: name}
}

// promised is the node that an update of a pod's status nominates; false: it is no such update.
func promised(op *history.Operation) (string, bool) {
	var body struct {
		Status struct {
			NominatedNodeName string `json:"nominatedNodeName"`
		} `json:"status"`
	}
	if op == nil || op.Subresource != "status" || json.Unmarshal(op.Call.Body, &body) != nil {
		return "", false
	}
	return body.Status.NominatedNodeName, true
}

func schedulerReads(j *judge, s *step) map[string][]*history.Version {
	nodes := []*history.Version(nil)
	for _, e := range s.Plan {
		if op := j.operations[e.Call]; op != nil && binds(e) {
			nodes = j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: bound(op)})
		}
	}
	if node, _, any := j.preempts(s); any && node != "" {
		nodes = j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: node})
	}
	return map[string][]*history.Version{"pods": j.h.Log.All("pods"), "nodes": nodes}
}

// binds: a step chooses one node, as its key is a pod.
func binds(e trace.Effect) bool { return e.Object.Resource == "pods" && e.Subresource == "binding" }

// choosing is one choice of the scheduler's.
type choosing struct {
	*judge
	*step
	pod  history.ObjectName
	node string

	resources []string // that the pod asks for
	view      scheduler.View
	places    map[history.ObjectName]int // of the pods in the view
	// unsure: what an own write had promised, or no longer did, is not known; apart: somebody there may keep others away.
	unsure, apart bool
}

// bound is the node that a request for a binding, or a pod, names.
func bound(op *history.Operation) string {
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

// refuses is why the model refuses the choice of the node, or the preemption there; empty: it does not. False: it cannot be judged.
func (c *choosing) refuses(x *preempting) (string, bool) {
	pod := c.latestOf(c.step, c.pod)
	if pod == nil || !pod.Plain() {
		return "", false
	}
	asks, ok := c.amounts(pod)
	if !ok {
		return "", false
	}
	for name, n := range asks { // order does not matter: sorted below
		if n.Sign() > 0 {
			c.resources = append(c.resources, name)
		}
	}
	slices.Sort(c.resources)
	c.view.Nodes = []scheduler.Node{c.chosen(pod)}
	c.view.Pods = []scheduler.Pod{c.shown(pod, asks)}
	c.places = map[history.ObjectName]int{c.pod: 0}
	c.others()
	why := ""
	if x == nil {
		why = c.view.Refuses(scheduler.Choice{Pod: 0, Node: 1})
	} else if why = c.preemption(x); c.apart {
		return "", false
	}
	if why != "" && c.unsure {
		return "", false
	}
	for i, name := range c.resources {
		why = strings.ReplaceAll(why, fmt.Sprintf("of resource %d,", i), "of "+name+" in thousandths,")
	}
	return strings.NewReplacer("pod 0", c.pod.String(), "node 1", "node "+c.node).Replace(c.spoken(why)), true
}

// preemption is why the model refuses to have those pods deleted.
func (c *choosing) preemption(x *preempting) string {
	decided := scheduler.Preemption{Pod: 0, Node: 1}
	for _, victim := range x.victims {
		place, there := c.places[history.NameOf(victim)]
		if !there {
			return fmt.Sprintf("%v is not on node %s", history.NameOf(victim), c.node)
		}
		decided.Victims = append(decided.Victims, place)
	}
	return c.view.RefusesPreemption(decided)
}

// spoken names the pods but the first.
func (c *choosing) spoken(why string) string {
	words := strings.Split(why, " ")
	for name, place := range c.places { // order does not matter: each place is one pod's
		for i := range words[1:] {
			if place > 0 && words[i] == "pod" && words[i+1] == fmt.Sprint(place) {
				words[i+1] = name.String()
			}
		}
	}
	return strings.Join(words, " ")
}

// chosen is the node; one whose taints or labels keep the pod away has a taint that it does not tolerate.
func (c *choosing) chosen(pod *object.Object) scheduler.Node {
	n := c.content(history.At(c.h.Log.Of(history.ObjectName{Resource: "nodes", Name: c.node}), c.View["nodes"]))
	if n == nil {
		return scheduler.Node{Allocatable: make([]int, len(c.resources))}
	}
	node := scheduler.Node{There: true}
	if n.Refuses(c.node, pod) != "" {
		node.Taints = 1
	}
	allocatable := object.Amounts{}
	if allocatable.Add(n.Status.Allocatable) != nil {
		return scheduler.Node{}
	}
	for _, name := range c.resources {
		node.Allocatable = append(node.Allocatable, thousandths(allocatable[name]))
	}
	return node
}

// others are the pods on the node: as the cache shows them, and the own binds over it.
func (c *choosing) others() {
	mine := c.owned(c.step, "pods")
	prefix, _ := c.h.Log.Prefix("pods", "")
	for _, v := range c.h.Log.Live(prefix, c.View["pods"]) {
		if _, written := mine[v.Object]; !written && v.Object != c.pod {
			c.put(v.Object, c.content(v), own{})
		}
	}
	for name, o := range mine { // order does not matter: they are added up
		switch {
		case name == c.pod || o.gone:
		case o.version != nil:
			c.put(name, c.content(o.version), own{})
		default:
			c.put(name, c.content(history.At(c.h.Log.Of(name), c.View["pods"])), o)
		}
	}
}

// put adds a pod if it is on the node, or the node is promised to it, as the own write predicts that has not been answered, if there is one.
func (c *choosing) put(name history.ObjectName, pod *object.Object, predicted own) {
	if pod == nil {
		return
	}
	nominated := pod.Status.NominatedNodeName
	if predicted.effect.Subresource == "status" {
		var told bool
		if nominated, told = promised(predicted.request); !told {
			c.unsure = true
		}
	}
	on := pod.Spec.NodeName == c.node || bound(predicted.bind) == c.node
	waits := pod.Spec.NodeName == "" && bound(predicted.bind) == ""
	if !on && !(waits && nominated == c.node) {
		return
	}
	asks, ok := c.amounts(pod)
	if !ok {
		return
	}
	p := c.shown(pod, asks)
	if p.Node = 0; on {
		p.Node = 1
	} else {
		p.Nominated = 1
	}
	if predicted.effect.Verb == "delete" && p.Phase == scheduler.Present {
		p.Phase = scheduler.Leaving
	}
	c.apart = c.apart || !pod.Plain()
	c.places[name] = len(c.view.Pods)
	c.view.Pods = append(c.view.Pods, p)
}

func (c *choosing) shown(pod *object.Object, asks object.Amounts) scheduler.Pod {
	p := scheduler.Pod{Phase: scheduler.Present, Ours: pod.Spec.SchedulerName == defaultScheduler, Priority: pod.Spec.Priority, Never: pod.Spec.PreemptionPolicy == "Never"}
	switch {
	case pod.Terminal():
		p.Phase = scheduler.Ended
	case pod.Metadata.DeletionTimestamp != "":
		p.Phase = scheduler.Leaving
	}
	if pod.Spec.NodeName != "" {
		p.Node = len(c.view.Nodes) + 1 // one that is not in the view; put says if it is
	}
	for _, name := range c.resources {
		p.Requests = append(p.Requests, thousandths(asks[name]))
	}
	return p
}

const defaultScheduler = "default-scheduler"

// amounts are what a pod asks for, itself among it; false: it cannot be read.
func (c *choosing) amounts(pod *object.Object) (object.Amounts, bool) {
	asks, err := pod.Requests()
	if err != nil {
		return nil, false
	}
	asks["pods"] = big.NewRat(1, 1)
	return asks, true
}

// thousandths is an amount as a model counts it: Kubernetes knows nothing smaller of what is scheduled.
func thousandths(q *big.Rat) int {
	if q == nil {
		return 0
	}
	n := new(big.Rat).Mul(q, big.NewRat(1000, 1))
	return int(new(big.Int).Quo(n.Num(), n.Denom()).Int64())
}
