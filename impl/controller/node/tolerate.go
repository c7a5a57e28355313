package node

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// due is when a pod that has to go because of a node's NoExecute taints is to go; false: it need not, ever. Each taint is tolerated from when it
// was seen, for as long as the first toleration that fits it says.
//
// Upstream: pkg/controller/tainteviction counts all from when it saw the first of the taints, v1.37.
func due(pod *corev1.Pod, held []hold) (at time.Time, ever bool) {
	for _, h := range held {
		end := h.since
		i := slices.IndexFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool { return tolerates(&t, h.taint) })
		if i >= 0 {
			seconds := pod.Spec.Tolerations[i].TolerationSeconds
			if seconds == nil {
				continue
			}
			end = end.Add(time.Duration(max(0, *seconds)) * time.Second)
		}
		if !ever || end.Before(at) {
			at, ever = end, true
		}
	}
	return at, ever
}

// tolerates: a toleration fits a taint.
//
// Upstream: k8s.io/api/core/v1, Toleration.ToleratesTaint; the operators Lt and Gt are not known here.
func tolerates(t *corev1.Toleration, taint corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	equal := t.Operator == corev1.TolerationOpEqual || t.Operator == ""
	return t.Operator == corev1.TolerationOpExists || equal && t.Value == taint.Value
}

// The taints of this controller, by the condition Ready.
const (
	notReady    = corev1.TaintNodeNotReady
	unreachable = corev1.TaintNodeUnreachable
)

// own: the taint is one that only this controller gives and takes.
func own(t corev1.Taint) bool { return t.Key == notReady || t.Key == unreachable }

// tainted: the node has a NoExecute taint of this controller's.
func tainted(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return own(t) && t.Effect == corev1.TaintEffectNoExecute })
}

// executed are the node's NoExecute taints, anybody's.
func executed(n *corev1.Node) (taints []corev1.Taint) {
	for _, t := range n.Spec.Taints {
		if t.Effect == corev1.TaintEffectNoExecute {
			taints = append(taints, t)
		}
	}
	return taints
}

func outOfService(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeOutOfService })
}

// closed are the keys of the NoSchedule taints that follow from the node's conditions and spec, each with whether it is called for.
//
// Upstream: pkg/controller/nodelifecycle, nodeConditionToTaintKeyStatusMap, v1.37.
func closed(n *corev1.Node) []struct {
	key    string
	wanted bool
} {
	is := func(kind corev1.NodeConditionType, status corev1.ConditionStatus) bool {
		c := condition(n, kind)
		return c != nil && c.Status == status
	}
	return []struct {
		key    string
		wanted bool
	}{
		{notReady, is(corev1.NodeReady, corev1.ConditionFalse)},
		{unreachable, is(corev1.NodeReady, corev1.ConditionUnknown)},
		{corev1.TaintNodeMemoryPressure, is(corev1.NodeMemoryPressure, corev1.ConditionTrue)},
		{corev1.TaintNodeDiskPressure, is(corev1.NodeDiskPressure, corev1.ConditionTrue)},
		{corev1.TaintNodePIDPressure, is(corev1.NodePIDPressure, corev1.ConditionTrue)},
		{corev1.TaintNodeNetworkUnavailable, is(corev1.NodeNetworkUnavailable, corev1.ConditionTrue)},
		{corev1.TaintNodeUnschedulable, n.Spec.Unschedulable},
	}
}

// retaint is the node's taints as they should be: NoSchedule by its conditions, and of this controller's NoExecute taints that of its condition,
// or none if execute is false. One that says nothing of whether it is ready keeps what it has. changed: they are not what it has.
func retaint(n *corev1.Node, execute bool, now time.Time) (taints []corev1.Taint, changed bool) {
	wanted, mute := closed(n), condition(n, corev1.NodeReady) == nil
	has := map[string]bool{}
	for _, t := range n.Spec.Taints {
		keep := true
		for _, w := range wanted {
			if t.Key == w.key && (t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute && own(t)) {
				keep = w.wanted && (t.Effect == corev1.TaintEffectNoSchedule || execute) || mute && execute && t.Effect == corev1.TaintEffectNoExecute && own(t)
			}
		}
		if keep {
			taints = append(taints, t)
			has[t.Key+string(t.Effect)] = true
		}
	}
	changed = len(taints) < len(n.Spec.Taints)
	at := now.Truncate(time.Second)
	for _, w := range wanted {
		for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
			t := corev1.Taint{Key: w.key, Effect: effect, TimeAdded: timeAt(at)}
			if !w.wanted || has[t.Key+string(effect)] || effect == corev1.TaintEffectNoExecute && !(own(t) && execute) {
				continue
			}
			taints, changed = append(taints, t), true
		}
	}
	return taints, changed
}
