package scheduler

// anyhow are the states in which a world begins that no history need have led to (row 123): every node has anything up to what the domain
// says, is cordoned or not, or is not there; and every pod is in any phase, and on any node: one that is full or cordoned, or is not there.
// Nobody says that the scheduler has put it there. For a pod that waits, perhaps a bind is on its way that nobody remembers.
func anyhow(d Domain) []State {
	begins := []State{Init(Domain{Crashes: d.Crashes, Losses: d.Losses, Changes: d.Changes})}
	for n, most := range d.Nodes {
		if most > 0 {
			begins = each(begins, func(s State) (all []State) {
				for _, node := range nodes(most) {
					s.Nodes[n], s.Most[n] = node, node.Allocatable
					all = append(all, s)
				}
				return all
			})
		}
	}
	for i, request := range d.Pods {
		if request > 0 {
			begins = each(begins, func(s State) (all []State) {
				for _, pod := range pods(request) {
					if s.Pods[i], s.Late[i] = pod, (Write{}); i > 0 && request == d.Pods[0] && pod.rank() < s.Pods[0].rank() {
						continue // of names that can be exchanged one order is enough
					}
					if all = append(all, s); pod.waits() {
						s.Late[i] = Write{Way: Sent, Node: 1, UID: pod.UID, Version: pod.Version, Orphan: true}
						all = append(all, s)
					}
				}
				return all
			})
		}
	}
	for i, s := range begins {
		begins[i] = s.started()
	}
	return begins
}

// each are the states that any of these becomes.
func each(states []State, becomes func(State) []State) (all []State) {
	for _, s := range states {
		all = append(all, becomes(s)...)
	}
	return all
}

// nodes is everything that there may be under the name of a node.
func nodes(most uint8) []StoredNode {
	all := []StoredNode{{}}
	for allocatable := range most + 1 {
		for _, shut := range []bool{false, true} {
			all = append(all, StoredNode{There: true, Allocatable: allocatable, Shut: shut})
		}
	}
	return all
}

// pods is everything that there may be under the name of a pod.
func pods(request uint8) []StoredPod {
	all := []StoredPod{{}}
	for phase := Present; phase <= Ended; phase++ {
		for node := range uint8(NodeNames + 1) {
			p := StoredPod{Phase: phase, UID: 1, Version: 1, Node: node, Request: request}
			if node != 0 {
				p.By = ByUser
			}
			all = append(all, p)
		}
	}
	return all
}

// rank orders what there may be.
func (p StoredPod) rank() int { return int(p.Phase)<<4 | int(p.Node) }
