package machine

import "slices"

// Machine is a state machine with states S and actions A. Both are values: no function modifies what it is given.
type Machine[S, A any] struct {
	Name string
	Init []S
	// Enabled appends the actions that may happen in a state, in an order that depends on the state alone.
	Enabled func(S, []A) []A
	// Next is the state after an action; false: it is not enabled.
	Next func(S, A) (S, bool)
	// Encode appends what tells the state from all others.
	Encode func([]byte, S) []byte
	// Within is the boundary: a state outside is visited, and nothing after it. nil: there is none.
	Within func(S) bool

	// Canonical is the state that stands for all those which differ from it in interchangeable names only. nil: none do.
	Canonical func(S) S
	// Local reports whether an enabled action may be taken at once and alone, so that all others wait for it. nil: none may. It may if what
	// else happens before it makes no difference: the action stays enabled, and whatever comes before it may as well come after it and
	// leads to the same state, or need not come at all, as the action has done the same. Nor may any property tell: what breaks or is
	// reached before the action does so after it as well, or has done so where it was taken. And it does not lead beyond the boundary.
	// It is a claim about this machine: who changes the machine claims it anew.
	Local func(S, A) bool

	// Classes are the names of the classes of actions that fairness is about, Fair the class of an action, -1: none.
	Classes []string
	Fair    func(A) int

	Always     []Property[S]
	AlwaysStep []StepProperty[S, A]
	Sometimes  []Property[S]
	Eventually []Property[S]
	// Tempting are claims about states that one might believe, and that are wrong: a path to where each breaks teaches something.
	Tempting []Property[S]

	// Action is an action in a few words.
	Action func(A) string
	// Changes are what a step changed, a line for each. nil: nobody says.
	Changes func(before, after S) []string
}

// Property is a named claim about a state.
type Property[S any] struct {
	Name  string
	Holds func(S) bool
}

// StepProperty is a named claim about a step.
type StepProperty[S, A any] struct {
	Name  string
	Holds func(before S, action A, after S) bool
}

// MaxClasses bounds how many classes of fairness a machine has.
const MaxClasses = 64

func (m *Machine[S, A]) canonical(s S) S {
	if m.Canonical == nil {
		return s
	}
	return m.Canonical(s)
}

func (m *Machine[S, A]) within(s S) bool { return m.Within == nil || m.Within(s) }

// tempted reports whether something tempting is claimed: what is local was judged by the properties alone.
func (m *Machine[S, A]) tempted() bool {
	return slices.ContainsFunc(m.Always, func(p Property[S]) bool {
		return slices.ContainsFunc(m.Tempting, func(t Property[S]) bool { return t.Name == p.Name })
	})
}

// Properties are the names of all that is claimed to hold always or eventually, in order.
func (m *Machine[S, A]) Properties() (names []string) {
	for _, p := range m.Always {
		names = append(names, p.Name)
	}
	for _, p := range m.AlwaysStep {
		names = append(names, p.Name)
	}
	for _, p := range m.Eventually {
		names = append(names, p.Name)
	}
	return names
}
