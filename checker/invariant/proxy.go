package invariant

// listsFirst judges row 114: each set of rules follows from a list of services and one of slices, which the process had got before.
func (j *judge) listsFirst() {
	for _, l := range j.h.Rules {
		for _, resource := range []string{"services", "endpointslices"} {
			if l.Rules.View[resource] <= 0 {
				j.broken(ListedFirst, l.Seq, "the proxy of %s applied the rules %s, and had no list of %s", l.Rules.Node, l.Rules.Hash, resource)
			}
		}
	}
}
