package refine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
	"orrery/model/node"
)

// nodeLifecycle is the name of the component.
const nodeLifecycle = "node-lifecycle-controller"

// looksAfter judges the steps of the node lifecycle controller: each is about the node of one name, or about its pods. What it had measured and
// its policy are told by the step, as no store holds them; how long it really was is for the checker invariant. Taints that make no pod go are
// none of the model's.
func looksAfter(j *judge, s *step) opinion {
	n := &lookingAfter{judge: j, step: s, name: history.ObjectName{Resource: "nodes", Name: s.Key}}
	if !n.any() {
		return opinion{}
	}
	if s.Look == nil || s.Look.Measured == nil {
		return opinion{any: true}
	}
	n.see(s.Look.Measured, false)
	why := n.refuses()
	if why != "" && n.live() {
		n.see(n.asked(), true)
		why = n.refuses()
	}
	o := opinion{any: true, known: true, why: why}
	if why != "" {
		o.allowed = n.named(n.view.Allowed())
	}
	return o
}

// lookingAfter is one step of the node lifecycle controller.
type lookingAfter struct {
	*judge
	*step
	name history.ObjectName

	// measured is by what the step is judged.
	measured *trace.Measured
	view     node.View
	names    []string // of the view's nodes; the first is the one that the step is about
	pods     []history.ObjectName
	// shown is the node, and podsShown its pods, as the view shows them; nil: there is none.
	shown     *history.Version
	content   *object.Object
	podsShown []*history.Version
}

// any reports whether the step writes anything that the model knows of.
func (n *lookingAfter) any() bool {
	return slices.ContainsFunc(n.Plan, func(e trace.Effect) bool {
		return e.Verb != "get" && (e.Object.Resource == "nodes" || e.Object.Resource == "pods") && n.operations[e.Call] != nil
	})
}

// see makes the view: what the store held at the caches' revisions, the own writes over it, what was measured, and whether it was read live.
func (n *lookingAfter) see(m *trace.Measured, live bool) {
	p := m.Policy
	n.measured, n.view, n.pods, n.podsShown = m, node.View{}, nil, nil
	n.view.Policy = node.Policy{Grace: milli(p.Grace), Quarantine: milli(p.Quarantine), Pace: milli(p.Pace), Slow: milli(p.Slow), Few: p.Few, Share: p.Share, Large: p.Large}
	zones := map[string]int{}
	own := n.owned(n.step, "nodes")
	mine := node.Node{}
	n.view.Nodes, n.names = []node.Node{{}}, []string{n.name.Name}
	prefix, _ := n.h.Log.Prefix("nodes", "")
	for _, v := range n.h.Log.Live(prefix, n.View["nodes"]) {
		one, seen := n.shows(v, own, zones)
		if seen == nil {
			continue
		}
		if v.Object == n.name {
			mine, n.shown, n.content = one, seen, n.judge.content(seen)
			continue
		}
		n.view.Nodes, n.names = append(n.view.Nodes, one), append(n.names, v.Object.Name)
	}
	mine.Quiet, mine.Missing = milli(m.Quiet), milli(m.Missing)
	mine.Live = live
	n.view.Nodes[0] = mine
	for range max(1, len(zones)) {
		n.view.Since = append(n.view.Since, milli(m.Since))
	}
	n.seePods(&n.view.Nodes[0])
}

// milli is a duration as the view has it: in milliseconds.
func milli(d int64) int {
	if d < 0 {
		return node.Never
	}
	return int(d / 1e6)
}

// shows is a node of the cache with the own writes over it, and the version that is shown; nil: it is gone.
func (n *lookingAfter) shows(v *history.Version, own map[history.ObjectName]own, zones map[string]int) (one node.Node, seen *history.Version) {
	o, wrote := own[v.Object]
	switch {
	case wrote && o.version != nil:
		v = o.version
	case wrote && o.gone:
		return node.Node{}, nil
	}
	c := n.judge.content(v)
	if c == nil {
		return node.Node{}, nil
	}
	zone, known := zones[c.Zone()]
	if !known {
		zone = len(zones)
		zones[c.Zone()] = zone
	}
	one = node.Node{UID: 1, Zone: zone, Condition: conditionOf(c), Tainted: tainted(c), Open: wrote && o.version == nil,
		OutOfService: slices.ContainsFunc(c.Spec.Taints, func(t object.Taint) bool { return t.Key == "node.kubernetes.io/out-of-service" })}
	if one.Open && o.effect.Subresource == "status" {
		one.Condition = node.Unknown
	}
	return one, v
}

func conditionOf(o *object.Object) node.Condition {
	switch status, _ := o.Condition("Ready"); status {
	case "True":
		return node.Ready
	case "Unknown":
		return node.Unknown
	}
	return node.NotReady
}

func tainted(o *object.Object) bool { return slices.ContainsFunc(o.Spec.Taints, object.Taint.Own) }

// live: the step before has read the node and its lease, and what was read is what the cache shows.
func (n *lookingAfter) live() bool {
	lease := history.ObjectName{Resource: "leases", Namespace: "kube-node-lease", Name: n.name.Name}
	node := n.reads(n.name, n.shown)
	return node && (n.shown == nil || n.reads(lease, history.At(n.h.Log.Of(lease), n.View["leases"])))
}

// asked is what had been measured when the step before decided to read: a read says nothing of the time after it, however long its answer takes.
func (n *lookingAfter) asked() *trace.Measured {
	now, m := n.Look.Measured, *n.Look.Measured
	then := &trace.Measured{}
	if n.before.Look != nil && n.before.Look.Measured != nil {
		then = n.before.Look.Measured
	}
	m.Quiet, m.Missing, m.Held = min(now.Quiet, then.Quiet), min(now.Missing, then.Missing), nil
	for _, h := range now.Held {
		for _, was := range then.Held {
			if was.Key == h.Key && was.Value == h.Value {
				h.For = min(h.For, was.For)
				m.Held = append(m.Held, h)
			}
		}
	}
	return &m
}

func (n *lookingAfter) reads(name history.ObjectName, shown *history.Version) bool {
	if n.before == nil {
		return false
	}
	for _, e := range n.before.Plan {
		op := n.operations[e.Call]
		if e.Verb != "get" || history.NameOf(e.Object) != name || op == nil || op.Return == nil || op.ReturnLine > n.line.Seq || !n.issued(e.Call) {
			continue
		}
		if op.OK() && op.Return.Object != nil {
			return shown != nil && !shown.Deleted && op.Return.Object.Revision == shown.Revision
		}
		return op.Return.Code == notFound && (shown == nil || shown.Deleted)
	}
	return false
}

// issued: the request is of the same life of the process as this step's.
func (n *lookingAfter) issued(call string) bool {
	life := func(id string) string { return id[:max(0, strings.LastIndexByte(id, '/'))] }
	return slices.ContainsFunc(n.Plan, func(e trace.Effect) bool { return e.Call != "" && life(e.Call) == life(call) })
}

// seePods puts the pods that are bound to the name into the view. A pod has as much time left of what it tolerates in the view as it has by
// the taint that it tolerates least.
func (n *lookingAfter) seePods(mine *node.Node) {
	own := n.owned(n.step, "pods")
	held := map[object.Taint]int{}
	if n.content != nil {
		for _, t := range n.content.Executes() {
			i := slices.IndexFunc(n.measured.Held, func(h trace.Held) bool { return h.Key == t.Key && h.Value == t.Value })
			if i >= 0 {
				held[t] = milli(n.measured.Held[i].For)
			}
			mine.Held = max(mine.Held, held[t])
		}
	}
	prefix, _ := n.h.Log.Prefix("pods", "")
	for _, v := range n.h.Log.Live(prefix, n.View["pods"]) {
		o, wrote := own[v.Object]
		if wrote && o.version != nil {
			v = o.version
		}
		c := n.judge.content(v)
		if c == nil || c.Spec.NodeName != n.name.Name || wrote && o.gone {
			continue
		}
		ready, _ := c.Condition("Ready")
		p := node.Pod{Phase: node.Running, Ready: ready == "True", Open: wrote && o.version == nil, Tolerates: n.tolerates(c, held, mine.Held)}
		if c.Metadata.DeletionTimestamp != "" {
			p.Phase = node.Leaving
		}
		n.view.Pods, n.pods, n.podsShown = append(n.view.Pods, p), append(n.pods, v.Object), append(n.podsShown, v)
	}
}

func (n *lookingAfter) tolerates(pod *object.Object, held map[object.Taint]int, longest int) int {
	least := node.Forever
	if n.content == nil {
		return least
	}
	for _, t := range n.content.Executes() {
		seconds := int64(0)
		if tol := pod.TolerationOf(t); tol != nil {
			if tol.TolerationSeconds == nil {
				continue
			}
			seconds = max(0, *tol.TolerationSeconds)
		}
		if left := max(0, int(seconds)*1000-held[t]+longest); least == node.Forever || left < least {
			least = left
		}
	}
	return least
}

// refuses is why the model refuses the plan; empty: it does not. What was not sent is left out.
func (n *lookingAfter) refuses() string {
	var about, pods []node.Effect
	for _, e := range n.Plan {
		op := n.operations[e.Call]
		if e.Verb == "get" || op == nil {
			continue
		}
		switch e.Object.Resource {
		case "nodes":
			if history.NameOf(e.Object) != n.name {
				return fmt.Sprintf("it writes to %v", history.NameOf(e.Object))
			}
			verb, why := n.verb(op)
			if why == "" {
				why = based(e, n.shown)
			}
			if why != "" {
				return n.name.String() + ": " + why
			}
			if verb != 0 {
				about = append(about, node.Effect{Verb: verb})
			}
		case "pods":
			i := slices.Index(n.pods, history.NameOf(e.Object))
			if i < 0 {
				return fmt.Sprintf("%v is not bound to it", history.NameOf(e.Object))
			}
			if why := based(e, n.podsShown[i]); why != "" {
				return n.pods[i].String() + ": " + why
			}
			pods = append(pods, node.Effect{Verb: verbOfPod(op), Object: i})
		}
	}
	why := n.view.Refuses(about)
	if why == "" && len(pods) > 0 {
		// Pods go for any taint of the effect NoExecute, whoever has put it on.
		n.view.Nodes[0].Tainted = n.content != nil && len(n.content.Executes()) > 0
		why = n.view.Refuses(pods)
	}
	return n.named(why)
}

// based is why a write is not one of the version that the view shows, which is its precondition.
func based(e trace.Effect, shown *history.Version) string {
	switch {
	case shown == nil:
		return "there is none"
	case e.Object.UID != shown.UID:
		return fmt.Sprintf("it is to be of UID %q, and that is %q", e.Object.UID, shown.UID)
	case e.ResourceVersion != strconv.FormatInt(shown.Revision, 10):
		return fmt.Sprintf("it is to be of resourceVersion %q, and the view shows %d", e.ResourceVersion, shown.Revision)
	}
	return ""
}

// verb is what a write does to the node, in the words of the model; 0: nothing that it knows of.
func (n *lookingAfter) verb(op *history.Operation) (verb node.Verb, why string) {
	var next object.Object
	if err := json.Unmarshal(op.Call.Body, &next); err != nil || op.Verb != "update" {
		return 0, "it is written otherwise than by an update"
	}
	if op.Subresource == "status" {
		if status, _ := next.Condition("Ready"); status != "Unknown" {
			return 0, fmt.Sprintf("it is said to be ready: %q, which is its kubelet's to say", status)
		}
		return node.Doubt, ""
	}
	switch was, is := n.content != nil && tainted(n.content), tainted(&next); {
	case is && !was:
		return node.Taint, ""
	case was && !is && n.view.Nodes[0].Condition == node.Ready:
		return node.Untaint, ""
	case was && !is:
		return node.Spare, ""
	}
	return 0, ""
}

// verbOfPod is what a write does to a pod.
func verbOfPod(op *history.Operation) node.Verb {
	switch {
	case op.Verb == "delete" && op.Grace != nil && *op.Grace == 0:
		return node.Collect
	case op.Verb == "delete":
		return node.Evict
	}
	return node.Unready
}

// named puts the names of nodes and pods in the place of their numbers.
func (n *lookingAfter) named(why string) string {
	for i := len(n.pods) - 1; i >= 0; i-- {
		why = strings.ReplaceAll(why, fmt.Sprintf("pod %d", i), n.pods[i].String())
	}
	for i := len(n.names) - 1; i >= 0; i-- {
		why = strings.ReplaceAll(why, fmt.Sprintf("node %d", i), "node "+n.names[i])
	}
	return why
}
