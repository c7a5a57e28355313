package node

// anyhow are the states in which a world begins that no history need have led to (row 123): a node is there or not, with any condition, and with
// a taint and out of service or not, whether that goes together or not; its machine runs or does not, and has been silent for long or not at all;
// and its pods are there, being deleted or not, ready or not, also if their node is not there. The controller has just started.
func anyhow(d Domain) []State {
	s := Init(Domain{Nodes: d.Nodes, Pods: d.Pods, Cuts: d.Cuts, Changes: d.Changes, Losses: d.Losses, Crashes: d.Crashes})
	begins := []State{s}
	for i := range d.Nodes {
		begins = each(begins, func(s State) []State { return s.nodes(i) })
	}
	for i := range d.Pods {
		begins = each(begins, func(s State) []State { return s.pods(d, i) })
	}
	for i, s := range begins {
		if s = s.started(); s.noneReady(d) {
			s.Dawn = 0
		}
		begins[i] = s
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

// nodes are the states with everything that there may be under the name of a node.
func (s State) nodes(i int) (all []State) {
	uid := s.Nodes[i].UID
	for _, linked := range []bool{true, false} {
		s.Linked[i] = linked
		gone := s
		gone.Nodes[i] = StoredNode{}
		all = append(all, gone)
		for condition := Ready; condition <= Unknown; condition++ {
			for flags := range 8 {
				is := func(flag int) bool { return flags&flag != 0 }
				s.Nodes[i] = StoredNode{UID: uid, Condition: condition, Tainted: is(1), OutOfService: is(2)}
				s.Silent[i], s.Held[i] = longest*bit(is(4)), longest*bit(is(1))
				all = append(all, s)
			}
		}
	}
	return all
}

// pods are the states with everything that there may be under the name of a pod. What runs in none is not ready: that is its kubelet's to say.
func (s State) pods(d Domain, i int) (all []State) {
	uid := s.Pods[i].UID
	gone := s
	gone.Pods[i] = StoredPod{}
	all = append(all, gone)
	for phase := Running; phase <= Leaving; phase++ {
		for _, ready := range []bool{false, true} {
			if ready && !d.Serving {
				continue
			}
			for _, forever := range []bool{false, true} {
				s.Pods[i] = StoredPod{Phase: phase, UID: uid, Ready: ready, Forever: forever}
				all = append(all, s)
			}
		}
	}
	return all
}
