package node

// Policy are the durations and bounds by which nodes are judged. All durations are in one unit: seconds for a real cluster, ticks in the
// machine.
type Policy struct {
	// Grace is for how long a node may be quiet before it is doubted, Quarantine for how long it must be missing before its pods are collected.
	Grace, Quarantine int
	// Pace is the time between two taints in a zone, Slow the time where a large zone is partially down.
	Pace, Slow int
	// A zone is partially down if more than Few of its nodes are not ready, and at least Share percent. It is large with more than Large nodes.
	Few, Share, Large int
}

// Upstream is the policy of v1.37, in seconds (pkg/controller/nodelifecycle, pkg/controller/podgc).
var Upstream = Policy{Grace: 50, Quarantine: 40, Pace: 10, Slow: 100, Few: 2, Share: 55, Large: 50}

// Never is the pace of a zone in which no node is tainted.
const Never = -1

// Health is how much of a zone is down.
type Health uint8

// The healths of a zone.
const (
	Healthy Health = iota // or without nodes
	Partial
	Full // none of its nodes is ready
)

func (h Health) String() string { return [...]string{"healthy", "partially down", "down"}[h] }

// HealthOf is the health of a zone with so many nodes that are ready and so many that are not.
func (p Policy) HealthOf(ready, unready int) Health {
	switch {
	case unready == 0:
		return Healthy
	case ready == 0:
		return Full
	case unready > p.Few && 100*unready >= p.Share*(ready+unready):
		return Partial
	}
	return Healthy
}

// Paces is row 72: the time between two taints in each zone, or [Never]; and whether all zones are down.
//
// A zone of which nothing answers is taken for dead, and its nodes are tainted at the usual pace; one of which a part answers may be cut off
// from the control plane in part, and is given time, or spared if it is small. But where nothing answers anywhere, it is most likely the control
// plane that is cut off, and no node is tainted.
func (p Policy) Paces(nodes []Node) (paces []int, down bool) {
	zones := 0
	for _, n := range nodes {
		zones = max(zones, n.Zone+1)
	}
	ready, unready := make([]int, zones), make([]int, zones)
	down = true
	for _, n := range nodes {
		switch {
		case n.UID == 0:
		case n.Condition == Ready:
			down = false
			ready[n.Zone]++
		default:
			unready[n.Zone]++
		}
	}
	paces = make([]int, zones)
	for z := range paces {
		health := p.HealthOf(ready[z], unready[z])
		switch {
		case down, health == Partial && ready[z]+unready[z] <= p.Large:
			paces[z] = Never
		case health == Partial:
			paces[z] = p.Slow
		default:
			paces[z] = p.Pace
		}
	}
	return paces, down
}

// Heartbeats are the durations that the grace must be greater than.
type Heartbeats struct {
	// Period is the time between two renewals, of which Retries may fail in a row.
	Period, Retries int
	// Connection is how long a dead connection may go unnoticed: the ping and idle timeouts of HTTP/2.
	Connection int
}

// Refuses is row 69: why a policy would doubt nodes that are well; empty: it would not.
func (p Policy) Refuses(h Heartbeats) string {
	switch {
	case p.Grace <= h.Period*h.Retries:
		return "a node is in doubt before its kubelet has tried often enough"
	case p.Grace <= h.Connection:
		return "a node is in doubt before its kubelet can notice that its connection is dead"
	}
	return ""
}
