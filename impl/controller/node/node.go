package node

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/control"
	"orrery/impl/trace"
)

// Sources, and the index of the nodes that are not ready, or have a NoExecute taint of this controller's.
const (
	nodesSource  = "nodes"
	leasesSource = "leases"
	podsSource   = "pods"
	unwellIndex  = "unwell"
)

// component is the name under which upstream's controller reports.
const component = "node-lifecycle-controller"

var (
	nodes  = resource("nodes")
	leases = resource("leases")
	pods   = resource("pods")
)

func resource(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("node: " + name + " are not served")
	}
	return r
}

// Controller is the [control.Component]. Beside what the View shows it knows only what its own clock has measured.
type Controller struct {
	policy trace.NodePolicy
	// known is what was measured of each node that is there or has pods, tainted when a node of each zone was last given the taint, and began
	// when the controller did.
	known   map[string]*measured
	tainted map[zone]time.Time
	began   time.Time
	// ready are the nodes that the View shows as ready. dawns: the first of all has just become so, and dawn is when that was noticed last.
	ready map[string]bool
	dawns bool
	dawn  time.Time
	// clock is what the last decision was made by.
	clock *trace.Measured
}

// New is a controller that has measured nothing yet.
func New(c Config) *Controller {
	return &Controller{policy: policyOf(c), known: map[string]*measured{}, tainted: map[zone]time.Time{}, ready: map[string]bool{}}
}

// Name is that under which upstream's controller reports.
func (*Controller) Name() string { return component }

// Sources are all nodes, their leases, and all pods.
func (*Controller) Sources() []control.Source {
	return []control.Source{
		{Name: nodesSource, Resource: nodes, Indexes: []control.Index{unwell}},
		{Name: leasesSource, Resource: leases, Namespace: corev1.NamespaceNodeLease},
		{Name: podsSource, Resource: pods, Indexes: []control.Index{control.ByNode}},
	}
}

var unwell = control.Index{Name: unwellIndex, Values: func(obj metav1.Object, add func(string)) {
	if n := obj.(*corev1.Node); conditionOf(n) != corev1.ConditionTrue || tainted(n) {
		add("")
	}
}}

// Keys: all is done by node, under its name, whether there is such a node or not. What changes the health of a zone concerns every node that is
// not well.
func (c *Controller) Keys(v *control.View, source string, old, new metav1.Object, add func(control.Key)) {
	for _, obj := range []metav1.Object{old, new} {
		switch obj := obj.(type) {
		case *corev1.Pod:
			if obj.Spec.NodeName != "" {
				add(control.Key(obj.Spec.NodeName))
			}
		case nil:
		default:
			add(control.Key(obj.GetName()))
		}
	}
	if source != nodesSource {
		return
	}
	was, is := standing(old), standing(new)
	if was == is {
		return
	}
	c.count(old, new, is)
	for obj := range v.Select(nodesSource, unwellIndex, "").Each {
		add(control.Key(obj.GetName()))
	}
}

// count keeps the nodes that are ready, and notices the first of all.
func (c *Controller) count(old, new metav1.Object, is stands) {
	if old != nil {
		delete(c.ready, old.GetName())
	}
	if new != nil && is.ready {
		c.dawns = c.dawns || len(c.ready) == 0
		c.ready[new.GetName()] = true
	}
}

// stands is what a node counts as for its zone.
type stands struct {
	there, ready bool
	zone         zone
}

func standing(obj metav1.Object) stands {
	n, ok := obj.(*corev1.Node)
	if !ok {
		return stands{}
	}
	return stands{true, conditionOf(n) == corev1.ConditionTrue, zoneOf(n)}
}

// condition is one of a node's conditions; nil: it does not have it.
func condition(n *corev1.Node, kind corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == kind {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

// conditionOf is a node's condition Ready. One that has never said anything of itself is not ready.
func conditionOf(n *corev1.Node) corev1.ConditionStatus {
	if c := condition(n, corev1.NodeReady); c != nil {
		return c.Status
	}
	return corev1.ConditionFalse
}
