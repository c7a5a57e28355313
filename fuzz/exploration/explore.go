package exploration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"orrery/fuzz/exploration/script"
	"orrery/model/machine"
)

// explore searches the states of a machine, unless one of its bounds is wrong.
func explore[S, A any](o options, of func() *machine.Machine[S, A], wrong ...error) (*result, error) {
	if o.script != "" {
		return nil, errors.New("--script: no scripts are made of this component's paths")
	}
	return explored(o, of, nil, wrong...)
}

// writer makes a script of a path.
type writer[S, A any] func(context.Context, machine.Path[S, A]) (script.Script, error)

// explored is explore for a component of whose paths scripts are made.
func explored[S, A any](o options, of func() *machine.Machine[S, A], write writer[S, A], wrong ...error) (*result, error) {
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	m := of()
	if o.property != "" {
		if err := narrow(m, o.property); err != nil {
			return nil, err
		}
	}
	r := &result{}
	for kind, names := range kinds(m) {
		for _, name := range names {
			r.claims = append(r.claims, claim{[]string{"always", "every step", "eventually"}[kind], name})
		}
	}
	o.search.Keep = o.dot != "" || o.svg != ""
	out := machine.Explore(m, o.search)
	r.report = out.Report
	if v := out.Violation; v != nil {
		r.broken, r.path = v.Property, v.Path.Words(m)
		r.script = func(ctx context.Context) (script.Script, error) { return write(ctx, v.Path) }
	}
	r.dot = func(w io.Writer) error { return out.Dot(w, nil) }
	return r, nil
}

// kinds are the names of what is claimed always, of every step and eventually.
func kinds[S, A any](m *machine.Machine[S, A]) [3][]string {
	var names [3][]string
	for _, p := range m.Always {
		names[0] = append(names[0], p.Name)
	}
	for _, p := range m.AlwaysStep {
		names[1] = append(names[1], p.Name)
	}
	for _, p := range m.Eventually {
		names[2] = append(names[2], p.Name)
	}
	return names
}

// narrow leaves a machine one claim, which may be a tempting one: that whose name begins so.
func narrow[S, A any](m *machine.Machine[S, A], property string) error {
	begins := func(name string) bool { return strings.HasPrefix(name, property) }
	always := slices.DeleteFunc(slices.Concat(m.Always, m.Tempting), func(p machine.Property[S]) bool { return !begins(p.Name) })
	steps := slices.DeleteFunc(slices.Clone(m.AlwaysStep), func(p machine.StepProperty[S, A]) bool { return !begins(p.Name) })
	eventually := slices.DeleteFunc(slices.Clone(m.Eventually), func(p machine.Property[S]) bool { return !begins(p.Name) })
	switch n := len(always) + len(steps) + len(eventually); {
	case n == 0:
		return fmt.Errorf("--property %q: no property of %s begins so; there are\n  %s", property, m.Name, strings.Join(known(m), "\n  "))
	case n > 1:
		return fmt.Errorf("--property %q: several properties of %s begin so; there are\n  %s", property, m.Name, strings.Join(known(m), "\n  "))
	}
	m.Always, m.AlwaysStep, m.Eventually = always, steps, eventually
	return nil
}

func known[S, A any](m *machine.Machine[S, A]) []string {
	names := m.Properties()
	for _, p := range m.Tempting {
		names = append(names, p.Name+" (tempting, and wrong)")
	}
	return names
}
