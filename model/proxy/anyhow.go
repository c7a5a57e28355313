package proxy

// anyhow are the states in which a world begins that no history need have led to (row 123): the kernel holds any rules, also for services that
// are gone and for targets that are none, and any flow, be it where a rule leads or not; services and endpoints are there or not. The proxy
// has not started yet.
func anyhow(d Domain) (begins []State) {
	for services := range 1 << Services {
		s := Init(Domain{Local: d.Local, Affinity: d.Affinity, Bounds: d.Bounds})
		s.NextUID = Services + 1
		if services&1 == 0 {
			s.Services[0] = Service{}
		}
		if services&2 != 0 {
			s.Services[1] = Service{Name: 2, UID: Services, Address: Addresses}
		}
		for _, s.Slices[0].Conditions[0] = range []Condition{Out, Ready, Draining} {
			for _, s.Flow = range flows() {
				for _, s.Table[0] = range entries() {
					for _, s.Table[1] = range entries() {
						begins = append(begins, s)
					}
				}
			}
		}
	}
	return begins
}

// flows are all that the kernel may remember of the client.
func flows() []Flow {
	all := []Flow{{}}
	for address := uint16(1); address <= Addresses; address++ {
		for target := range uint16(Targets + 1) {
			all = append(all, Flow{address, isUDP(address), target})
		}
	}
	return all
}

// entries are all the rules that the kernel may hold for an address.
func entries() []Entry {
	return []Entry{
		{}, {Verdict: Reject}, {Verdict: Drop}, {Verdict: Forward, Targets: [Targets]bool{true, false}},
		{Verdict: Forward, Targets: [Targets]bool{false, true}}, {Verdict: Forward, Affinity: true, Targets: [Targets]bool{true, true}},
	}
}
