package node

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/control"
	"orrery/impl/trace"
)

// zone is what nodes share that are likely to fail together.
type zone struct{ region, name string }

func zoneOf(n *corev1.Node) zone {
	return zone{n.Labels[corev1.LabelTopologyRegion], n.Labels[corev1.LabelTopologyZone]}
}

// never is the pace of a zone in which no node is tainted.
const never = time.Duration(-1)

// policyOf is a Config with times between two taints in the place of rates, and a percentage in that of a share.
func policyOf(c Config) trace.NodePolicy {
	return trace.NodePolicy{
		Grace: int64(c.GracePeriod), Quarantine: int64(c.Quarantine), Pace: int64(between(c.EvictionRate)), Slow: int64(between(c.SecondaryEvictionRate)),
		Few: c.FewNodes, Share: int(c.UnhealthyZoneThreshold*100 + 0.5), Large: c.LargeClusterSizeThreshold,
	}
}

func between(rate float64) time.Duration {
	if rate <= 0 {
		return never
	}
	return time.Duration(float64(time.Second) / rate)
}

// health is how much is down: of the zone, and whether no node of any zone is ready.
type health struct {
	ready, unready int
	down           bool
}

// healthOf counts the nodes that the view shows. One that is being doubted is not ready any more.
func healthOf(v *control.View, z zone) (h health) {
	h.down = true
	for obj := range v.All(nodesSource).Each {
		n := obj.(*corev1.Node)
		ready := conditionOf(n) == corev1.ConditionTrue
		h.down = h.down && !ready
		switch {
		case zoneOf(n) != z:
		case ready:
			h.ready++
		default:
			h.unready++
		}
	}
	return h
}

// pace is the time between two taints in the zone: row 72.
func (h health) pace(p *trace.NodePolicy) time.Duration {
	all := h.ready + h.unready
	partial := h.ready > 0 && h.unready > p.Few && 100*h.unready >= p.Share*all
	switch {
	case h.down, partial && all <= p.Large:
		return never
	case partial:
		return time.Duration(p.Slow)
	}
	return time.Duration(p.Pace)
}
