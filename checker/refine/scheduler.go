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

// schedules judges the steps of the scheduler that chose a node. The view is made of that node and what is on it: of the others the choice
// does not depend. A pod whose place is decided by more than resources, labels and taints is not judged.
func schedules(j *judge, s *step) opinion {
	for _, e := range s.Plan {
		if op := j.operations[e.Call]; op != nil && binds(e) {
			c := &choosing{judge: j, step: s, pod: history.NameOf(e.Object), node: bound(op)}
			why, known := c.refuses()
			return opinion{true, known, why, "choose a node that has room, or none"}
		}
	}
	return opinion{}
}

func schedulerReads(j *judge, s *step) map[string][]*history.Version {
	nodes := []*history.Version(nil)
	for _, e := range s.Plan {
		if op := j.operations[e.Call]; op != nil && binds(e) {
			nodes = j.h.Log.Of(history.ObjectName{Resource: "nodes", Name: bound(op)})
		}
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

// refuses is why the model refuses the choice; empty: it does not. False: it cannot be judged.
func (c *choosing) refuses() (string, bool) {
	pod := c.content(history.At(c.h.Log.Of(c.pod), c.View["pods"]))
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
	c.others()
	why := c.view.Refuses(scheduler.Choice{Pod: 0, Node: 1})
	for i, name := range c.resources {
		why = strings.ReplaceAll(why, fmt.Sprintf("of resource %d,", i), "of "+name+" in thousandths,")
	}
	return strings.NewReplacer("pod 0", c.pod.String(), "node 1", "node "+c.node).Replace(why), true
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
		if _, own := mine[v.Object]; !own && v.Object != c.pod {
			c.put(c.content(v), "")
		}
	}
	for name, o := range mine { // order does not matter: they are added up
		switch {
		case name == c.pod || o.gone:
		case o.version != nil:
			c.put(c.content(o.version), "")
		default:
			c.put(c.content(history.At(c.h.Log.Of(name), c.View["pods"])), bound(o.request))
		}
	}
}

// put adds a pod if it is on the node; predicted is the node that it is to be given, if it is.
func (c *choosing) put(pod *object.Object, predicted string) {
	if pod == nil || pod.Spec.NodeName != c.node && predicted != c.node {
		return
	}
	if asks, ok := c.amounts(pod); ok {
		p := c.shown(pod, asks)
		p.Node = 1
		c.view.Pods = append(c.view.Pods, p)
	}
}

func (c *choosing) shown(pod *object.Object, asks object.Amounts) scheduler.Pod {
	p := scheduler.Pod{Phase: scheduler.Present, Ours: pod.Spec.SchedulerName == defaultScheduler}
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
