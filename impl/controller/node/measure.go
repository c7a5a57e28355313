package node

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/control"
	"orrery/impl/trace"
)

// measured is what the controller's clock says of one node. A time is that of the decision that first saw what it is about, so that what is
// measured from it is never too long.
type measured struct {
	uid types.UID
	// seen is when the node's lease or status was last seen to have been renewed: the lease has this version, the status is this.
	seen    time.Time
	lease   string
	node    string
	status  corev1.NodeStatus
	missing time.Time // since when there is no node; zero: there is
	held    []hold
	asked   time.Time // when it was last decided to read it live
}

// hold is a NoExecute taint, and since when it was seen.
type hold struct {
	taint corev1.Taint
	since time.Time
}

// measure takes in what the View shows of a node now.
func (c *Controller) measure(v *control.View, name string, n *corev1.Node, now time.Time) *measured {
	if c.began.IsZero() {
		c.began = now
	}
	if c.dawns {
		c.dawns, c.dawn = false, now
	}
	m := c.known[name]
	if m == nil {
		m = &measured{}
		c.known[name] = m
	}
	if n == nil {
		if m.missing.IsZero() {
			*m = measured{missing: now}
		}
		return m
	}
	if m.uid != n.UID || !m.missing.IsZero() {
		*m = measured{uid: n.UID, seen: now}
	}
	if lease := v.Get(leasesSource, corev1.NamespaceNodeLease, name); lease != nil && lease.GetResourceVersion() != m.lease {
		m.lease, m.seen = lease.GetResourceVersion(), now
	}
	// A status that says the same as before is written only if its heartbeat is later: what changes it renews it, but for the controller's own word.
	if m.node != n.ResourceVersion {
		if m.node = n.ResourceVersion; !equality.Semantic.DeepEqual(m.status, n.Status) {
			m.status, m.seen = n.Status, now
		}
	}
	var held []hold
	for _, t := range executed(n) {
		if i := slices.IndexFunc(m.held, func(h hold) bool { return same(h.taint, t) }); i >= 0 {
			held = append(held, hold{t, m.held[i].since})
		} else if !v.Doubtful(nodesSource, "", name) { // a taint whose write may have been lost, or be late, is not seen yet
			held = append(held, hold{t, now})
		}
	}
	m.held = held
	return m
}

// same: nobody has taken the taint off and put it on again, as far as it says when it was put on.
func same(a, b corev1.Taint) bool {
	return a.Key == b.Key && a.Value == b.Value && a.TimeAdded.Equal(b.TimeAdded)
}

// quietSince is since when the node is quiet. When the first node of all is ready again the others may be about to be, and each has its grace
// period once more.
func (c *Controller) quietSince(m *measured) time.Time {
	if c.dawn.After(m.seen) {
		return c.dawn
	}
	return m.seen
}

// taintedSince is when a node of the zone was last given the taint. A controller that has just started counts as one that has just done so.
func (c *Controller) taintedSince(z zone) time.Time {
	if at, ok := c.tainted[z]; ok {
		return at
	}
	return c.began
}

// clockOf is all that was measured, for the trace.
func (c *Controller) clockOf(m *measured, z zone, now time.Time) *trace.Measured {
	clock := &trace.Measured{Policy: c.policy, Since: int64(now.Sub(c.taintedSince(z)))}
	if !m.missing.IsZero() {
		clock.Missing = int64(now.Sub(m.missing))
		return clock
	}
	clock.Quiet = int64(now.Sub(c.quietSince(m)))
	for _, h := range m.held {
		clock.Held = append(clock.Held, trace.Held{Key: h.taint.Key, Value: h.taint.Value, For: int64(now.Sub(h.since))})
	}
	return clock
}

// Look names in the trace what was measured: [control.Looking].
func (c *Controller) Look(*control.View, control.Key) *trace.Look {
	return &trace.Look{Measured: c.clock}
}

func timeAt(at time.Time) *metav1.Time {
	t := metav1.NewTime(at)
	return &t
}
