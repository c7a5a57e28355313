package node

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/api"
	"orrery/impl/control"
)

const (
	// burst bounds the writes to pods of one round.
	burst = 500
	// retry is how soon a node is read live again, where the cache does not show what was read: upstream's node-monitor-period.
	retry = 5 * time.Second
)

// Reconcile decides what to do about one node, or about the pods that are bound to a name that no node has. The order is the model's.
func (c *Controller) Reconcile(v *control.View, now time.Time, key control.Key) control.Plan {
	n, _ := v.Get(nodesSource, "", string(key)).(*corev1.Node)
	m := c.measure(v, string(key), n, now)
	t := &turn{Controller: c, view: v, now: now, name: string(key), node: n, measured: m, pods: v.Select(podsSource, control.ByNode.Name, string(key))}
	if n == nil {
		c.clock = c.clockOf(m, zone{}, now)
		if len(t.pods) == 0 {
			delete(c.known, t.name)
			return control.Plan{Why: "it is gone, and has no pods"}
		}
		return t.orphans()
	}
	c.clock = c.clockOf(m, zoneOf(n), now)
	if v.Doubtful(nodesSource, "", t.name) {
		return control.Plan{Wants: "to learn what became of the last write to it"}
	}
	for _, decide := range []func() (control.Plan, bool){t.doubt, t.taint, t.unready, t.evict, t.retire} {
		if plan, any := decide(); any {
			return plan
		}
	}
	return control.Plan{Again: t.again, Why: t.waits}
}

// turn is one decision.
type turn struct {
	*Controller
	*measured
	view *control.View
	now  time.Time
	name string
	node *corev1.Node
	pods control.Objects

	again time.Time // when there may be something to do, though nothing has changed
	waits string    // for what
	since time.Time // the last of the times that have come
}

// passed reports whether a time has come; if it has not, it is waited for.
func (t *turn) passed(at time.Time, what string) bool {
	if !at.After(t.now) {
		if at.After(t.since) {
			t.since = at
		}
		return true
	}
	if t.again.IsZero() || at.Before(t.again) {
		t.again, t.waits = at, what
	}
	return false
}

// live reports whether the node and its lease have just been read live, and are no more than what the cache shows. If not, plan reads them, or
// waits until the cache shows what was read. A read counts that was asked for when all times that are decided by had come: one that was on its way
// for long says nothing of the time since.
func (t *turn) live() (plan control.Plan, yes bool) {
	reads := []control.Effect{look(nodes, "", t.name)}
	read := t.read(nodesSource, "")
	if t.node != nil {
		reads = append(reads, look(leases, corev1.NamespaceNodeLease, t.name))
		read = min(read, t.read(leasesSource, corev1.NamespaceNodeLease))
	}
	switch {
	case read == unread, t.asked.Before(t.since):
		t.asked = t.now
		return control.Plan{Batches: [][]control.Effect{reads}, Why: "what is shown may be over"}, false
	case read == shown:
		return control.Plan{}, true
	}
	return control.Plan{Again: t.now.Add(retry), Wants: "to see in the cache what a live read has shown: " + t.name + " has changed"}, false
}

// reading is what is known from a live read, the less the lower.
type reading uint8

const (
	unread reading = iota
	changed
	shown
)

func (t *turn) read(source, namespace string) reading {
	obj, read := t.view.Live(source, namespace, t.name)
	cached := t.view.Get(source, namespace, t.name)
	switch {
	case !read:
		return unread
	case obj == nil && cached == nil, obj != nil && cached != nil && obj.GetUID() == cached.GetUID() && obj.GetResourceVersion() == cached.GetResourceVersion():
		return shown
	}
	return changed
}

// doubt says of a node that was quiet for the grace period that its condition is unknown.
//
// Upstream: measures by what its watch shows alone, so that a watch that hangs for the grace period is enough (N03).
func (t *turn) doubt() (control.Plan, bool) {
	if conditionOf(t.node) == corev1.ConditionUnknown || !t.passed(t.quietSince(t.measured).Add(time.Duration(t.policy.Grace)), "the end of its grace period") {
		return control.Plan{}, false
	}
	plan, live := t.live()
	if !live {
		return plan, true
	}
	next := doubted(t.node, t.now)
	t.status = next.Status
	return control.Plan{
		Batches: [][]control.Effect{{updateStatus(nodes, next, "it has been quiet for its grace period"), t.tell(corev1.EventTypeNormal, "NodeNotReady", "Node %s status is now: NodeNotReady", t.name)}},
		Why:     fmt.Sprintf("quiet since %s", stamp(t.quietSince(t.measured))),
	}, true
}

// taint gives the node the taints that it should have, and takes those that it should not: NoSchedule at once, and of NoExecute one in its zone
// each pace.
func (t *turn) taint() (control.Plan, bool) {
	execute, why := t.executes()
	taints, differ := retaint(t.node, execute, t.now)
	if !differ {
		return control.Plan{}, false
	}
	if execute && !tainted(t.node) {
		t.tainted[zoneOf(t.node)] = t.now
	}
	next := *t.node
	next.Spec.Taints = taints
	return control.Plan{Batches: [][]control.Effect{{update(nodes, &next, why)}}, Why: why}, true
}

// executes is whether the node is to have a NoExecute taint of this controller's.
func (t *turn) executes() (yes bool, why string) {
	ready, has := conditionOf(t.node) == corev1.ConditionTrue, tainted(t.node)
	if ready {
		return false, "it is ready"
	}
	h := healthOf(t.view, zoneOf(t.node))
	pace := h.pace(&t.policy)
	switch {
	case has && h.down:
		return false, "no node of any zone is ready: it is spared"
	case has:
		return true, "its condition has changed"
	case condition(t.node, corev1.NodeReady) == nil:
		return false, "it has never said anything of itself"
	case conditionOf(t.node) == corev1.ConditionUnknown && !t.passed(t.quietSince(t.measured).Add(time.Duration(t.policy.Grace)), "that this controller has known it to be quiet for the grace period"):
	case h.down:
		t.waits = "no node of any zone is ready"
	case pace == never:
		t.waits = "its zone is small, and too much of it is down"
	case t.passed(t.taintedSince(zoneOf(t.node)).Add(pace), "its turn in its zone"):
		return true, fmt.Sprintf("of its zone %d are not ready and %d are", h.unready, h.ready)
	}
	return false, "it is not ready"
}

// unready says of the pods of a node in doubt that they are not ready, so that nothing is sent to them any more (P09).
//
// Upstream: of those of a node that says itself that it is not ready as well, once. Here that is left to its kubelet, which is there to say it.
func (t *turn) unready() (control.Plan, bool) {
	if conditionOf(t.node) != corev1.ConditionUnknown {
		return control.Plan{}, false
	}
	return t.write("its node does not answer", func(pod *corev1.Pod) (control.Effect, bool) {
		next := unreadied(pod, t.now)
		if next == nil {
			return control.Effect{}, false
		}
		return updateStatus(pods, next, "nobody knows whether it is ready"), true
	})
}

// evict deletes, gracefully, the pods that have tolerated the node's taints for as long as they do.
//
// Upstream: by the taints that its cache shows, without a precondition, and on while no node of any zone is ready (N05, N01).
func (t *turn) evict() (control.Plan, bool) {
	if len(t.held) == 0 || healthOf(t.view, zoneOf(t.node)).down {
		return control.Plan{}, false
	}
	return t.surely("they do not tolerate a taint of their node", func(pod *corev1.Pod) (control.Effect, bool) {
		if pod.DeletionTimestamp != nil {
			return control.Effect{}, false
		}
		at, ever := due(pod, t.held)
		if !ever || !t.passed(at, "the end of what pods tolerate") {
			return control.Effect{}, false
		}
		return remove(pod, t.now, "it does not tolerate a taint of its node"), true
	})
}

// retire removes pods that are being deleted from a node of which a user says that nothing runs there.
//
// Upstream: pkg/controller/podgc does so by the taint that its cache shows (N08).
func (t *turn) retire() (control.Plan, bool) {
	if !outOfService(t.node) || conditionOf(t.node) == corev1.ConditionTrue {
		return control.Plan{}, false
	}
	return t.surely("their node is out of service", func(pod *corev1.Pod) (control.Effect, bool) {
		return collect(pod, "its node is out of service"), pod.DeletionTimestamp != nil
	})
}

// orphans removes the pods of a node that is not there.
func (t *turn) orphans() control.Plan {
	if !t.passed(t.missing.Add(time.Duration(t.policy.Quarantine)), "the end of the quarantine") {
		return control.Plan{Again: t.again, Why: "there is no such node; waits for " + t.waits}
	}
	plan, _ := t.surely("there is no such node", func(pod *corev1.Pod) (control.Effect, bool) { return collect(pod, "its node is gone"), true })
	return plan
}

// surely is write for what must not be done on what the cache shows alone.
func (t *turn) surely(why string, effect func(*corev1.Pod) (control.Effect, bool)) (control.Plan, bool) {
	plan, any := t.write(why, effect)
	if !any || len(plan.Batches) == 0 {
		return plan, any
	}
	if look, live := t.live(); !live {
		return look, true
	}
	return plan, true
}

// write is a plan with an effect for each of the node's pods for which there is one. A pod is left alone while the outcome of the last write to it
// is not known.
func (t *turn) write(why string, effect func(*corev1.Pod) (control.Effect, bool)) (plan control.Plan, any bool) {
	var batch []control.Effect
	for obj := range t.pods.Each {
		pod := obj.(*corev1.Pod)
		e, ok := effect(pod)
		switch {
		case !ok || len(batch) == burst:
		case t.view.Doubtful(podsSource, pod.Namespace, pod.Name):
			plan.Wants = "to learn what became of the last write to " + pod.Name
		default:
			batch = append(batch, e)
		}
	}
	if len(batch) == 0 {
		return plan, false
	}
	plan.Batches, plan.Why = [][]control.Effect{batch}, fmt.Sprintf("%d pods: %s", len(batch), why)
	return plan, true
}

func look(r *api.Resource, namespace, name string) control.Effect {
	return control.Effect{Request: &api.Request{Verb: api.Get, Resource: r, Namespace: namespace, Name: name}, Why: "what is shown may be over"}
}

func stamp(at time.Time) string { return at.UTC().Format(time.TimeOnly) }

var _ control.Looking = (*Controller)(nil)
