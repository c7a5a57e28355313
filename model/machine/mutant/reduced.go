package mutant

import (
	"slices"

	"orrery/model/machine"
)

// Reduced explores a mutant with local actions taken alone, and without that. whole and reduced are how many states either visits; differs
// are the properties that only one of both finds broken, or reached. Nothing is explored with its Eventually, as there is no reduction then.
func Reduced[S, A any](m Mutant[S, A], o machine.Options) (whole, reduced int, differs []string) {
	o.All = true
	for _, wrong := range m.Machines {
		safety := *wrong
		safety.Eventually = nil
		o.NoReduction = true
		all := machine.Explore(&safety, o)
		o.NoReduction = false
		less := machine.Explore(&safety, o)
		whole, reduced = whole+all.States, reduced+less.States
		got, want := found(less), found(all)
		differs = append(append(differs, without(want, got)...), without(got, want)...)
	}
	return whole, reduced, differs
}

// found are the properties that are broken, and those that are reached.
func found[S, A any](out machine.Outcome[S, A]) (names []string) {
	names = slices.Clone(out.Broken)
	for _, r := range out.Reached {
		if r.Depth >= 0 {
			names = append(names, r.Name)
		}
	}
	return names
}

func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}
