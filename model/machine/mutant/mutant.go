package mutant

import (
	"fmt"
	"slices"
	"strings"

	"orrery/model/machine"
)

// Mutant is a machine with one thing wrong.
type Mutant[S, A any] struct {
	// Name says what is wrong, in a few words.
	Name string
	// Machines are the same mutant in several small worlds, as one that is big enough for all mutants takes too long.
	Machines []*machine.Machine[S, A]
}

// Broken are the properties that a mutant breaks, in one of its worlds or in several.
func Broken[S, A any](m Mutant[S, A], o machine.Options) (names []string) {
	o.All = true
	for _, wrong := range m.Machines {
		names = append(names, machine.Explore(wrong, o).Broken...)
	}
	return names
}

// Kills is the kill matrix: a line for each mutant, a column for each property of the machine that is right. alive are the properties that no
// mutant breaks, harmless the mutants that break none.
func Kills[S, A any](right *machine.Machine[S, A], mutants []Mutant[S, A], o machine.Options) (matrix string, alive, harmless []string) {
	names := right.Properties()
	killed := make([]bool, len(names))
	var text strings.Builder
	for i, name := range names {
		fmt.Fprintf(&text, "%2d  %s\n", i+1, name)
	}
	width := 0
	for _, m := range mutants {
		width = max(width, len(m.Name))
	}
	fmt.Fprintf(&text, "\n%-*s", width, "")
	for i := range names {
		fmt.Fprintf(&text, " %2d", i+1)
	}
	text.WriteString("\n")
	for _, m := range mutants {
		fmt.Fprintf(&text, "%-*s", width, m.Name)
		broken := Broken(m, o)
		for i, name := range names {
			mark := "."
			if slices.Contains(broken, name) {
				mark, killed[i] = "x", true
			}
			fmt.Fprintf(&text, " %2s", mark)
		}
		text.WriteString("\n")
		if len(broken) == 0 {
			harmless = append(harmless, m.Name)
		}
	}
	for i, name := range names {
		if !killed[i] {
			alive = append(alive, name)
		}
	}
	return text.String(), alive, harmless
}
