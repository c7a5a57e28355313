package proxy

import (
	"fmt"

	"orrery/model/machine"
)

// Machine is the machine of the package comment, within a domain.
type Machine = machine.Machine[State, Action]

// New returns the machine within a domain.
func New(d Domain) *Machine {
	m := &Machine{
		Name:    "proxy",
		Init:    []State{Init(d)},
		Enabled: Enabled,
		Next:    func(s State, a Action) (State, bool) { return after(s, a), true },
		Encode:  func(b []byte, s State) []byte { return s.Encode(b) },
		Local:   local,
		Classes: Classes, Fair: Fair,
		Always:     []machine.Property[State]{Knows},
		AlwaysStep: []machine.StepProperty[State, Action]{Justified, Listed, Whole, Kept, ToReady, ToDraining, ToNobody, Ended, TCP, NotInVain, Affine},
		Sometimes:  sometimes,
		Eventually: []machine.Property[State]{Stable, Unpinned},
		Tempting:   tempting,
		Action:     Action.String,
		Changes:    Changes,
	}
	if d.Anyhow {
		m.Init = anyhow(d)
	}
	return m
}

// Changes are what a step changed, in words.
func Changes(before, after State) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range after.Services {
		if before.Services[i] != after.Services[i] {
			say("service %d: %v", i, after.Services[i])
		}
		if before.SeenServices[i] != after.SeenServices[i] && after.Up {
			say("the proxy's cache: service %d: %v", i, after.SeenServices[i])
		}
	}
	for i := range after.Slices {
		if before.Slices[i] != after.Slices[i] {
			say("slice %d: %v", i, after.Slices[i])
		}
		if before.SeenSlices[i] != after.SeenSlices[i] && after.Up {
			say("the proxy's cache: slice %d: %v", i, after.SeenSlices[i])
		}
	}
	if before.Table != after.Table {
		say("kernel: %v", after.Table)
	}
	if before.Flow != after.Flow {
		say("kernel: %v", after.Flow)
	}
	if before.Sticky != after.Sticky {
		say("kernel, for the client's next flow: %v", after.Sticky)
	}
	if w := after.Write; before.Write != w {
		say("write: %v", w)
	}
	if before.Sure != after.Sure && after.Up {
		say("the proxy knows what the kernel holds: %v", after.Sure)
	}
	return lines
}

func (s Service) String() string {
	if s.UID == 0 {
		return "none"
	}
	text := fmt.Sprintf("UID %d, address %d", s.UID, s.Address)
	if s.Local {
		text += ", on the node"
	}
	if s.Affinity {
		text += ", with affinity"
	}
	return text
}

func (s Stored) String() string {
	text := fmt.Sprintf("of service %d", s.Service-1)
	for target, c := range s.Conditions {
		text += fmt.Sprintf(", target %d %v", target+1, c)
	}
	return text
}

func (t Table) String() string {
	text := ""
	for _, r := range t.rules() {
		text += fmt.Sprintf("; address %d: %v", r.Address, r)
	}
	if text == "" {
		return "no rules"
	}
	return text[2:]
}

func (f Flow) String() string {
	switch {
	case f == Flow{}:
		return "no flow"
	case f.Target == 0:
		return fmt.Sprintf("a flow to address %d, not translated", f.Address)
	}
	return fmt.Sprintf("a flow to address %d at target %d", f.Address, f.Target)
}

func (w Write) String() string {
	way := [...]string{"none", "on its way", "carried out", "refused"}[w.Way]
	if w.Way == None {
		return way
	}
	return fmt.Sprintf("%v, %s", w.Table, way)
}
