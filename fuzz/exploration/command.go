package exploration

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"orrery/checker/verdict"
	"orrery/model/machine"
)

// options are the command's, but for the bounds of the component.
type options struct {
	search   machine.Options
	property string
	// files that are written
	dot, svg, script string
}

// Command is `orrery explore`.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explore COMPONENT",
		Short: "Search all states of a component's model",
		Long: "explore searches every state of a component's model within the bounds that the flags set, and tells which properties\n" +
			"hold in all of them. Of one that does not it prints a shortest counterexample.\n\n" +
			"Exit status: 0 everything holds, 1 something does not, 2 not everything was visited.",
		Example: "  orrery explore replication --changes 2 --losses 1\n" +
			"  orrery explore replication --property \"there are never more pods than the owner wants\" --script story.txt",
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range components {
				names = append(names, c.name)
			}
			return fmt.Errorf("which component? There are %s", strings.Join(names, ", "))
		},
	}
	for _, c := range components {
		cmd.AddCommand(c.command())
	}
	return cmd
}

func (c component) command() *cobra.Command {
	o := options{search: machine.Options{Workers: runtime.GOMAXPROCS(0)}}
	cmd := &cobra.Command{Use: c.name, Short: c.what, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true}
	bounds := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	run := c.bind(bounds)
	cmd.Flags().AddFlagSet(bounds)
	flags := cmd.Flags()
	flags.StringVar(&o.property, "property", "", "check this claim only: how its name begins")
	flags.IntVar(&o.search.Depth, "depth", 0, "go no further than so many steps (default: no bound)")
	flags.IntVar(&o.search.States, "states", 20_000_000, "stop where so many states have been visited; 0: never")
	flags.BoolVar(&o.search.Exact, "exact", false, "tell states apart by all that they hold, not by a hash: no two can be mistaken, and it takes more memory")
	flags.BoolVar(&o.search.NoSymmetry, "no-symmetry", false, "visit states that differ in interchangeable names only")
	flags.BoolVar(&o.search.NoReduction, "no-reduction", false, "take actions that commute with all others in every order")
	flags.StringVar(&o.dot, "dot", "", "write the graph of all states to this `file`, for Graphviz")
	flags.StringVar(&o.svg, "svg", "", "draw the graph of all states into this `file`, if it is small")
	flags.StringVar(&o.script, "script", "", "write the counterexample to this `file`, as a script for `orrery sim --script`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		began := time.Now()
		shown := began
		o.search.Progress = func(r machine.Report) {
			if time.Since(shown) >= time.Second {
				shown = time.Now()
				fmt.Fprintf(cmd.ErrOrStderr(), "%d states, %d deep\n", r.States, r.Depth)
			}
		}
		r, err := run(o)
		if err != nil {
			return err
		}
		spent := time.Since(began)
		if err := r.write(cmd.OutOrStdout(), c.name, bounds); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%.2f s, %.0f states/s, %d bytes each\n", spent.Seconds(), float64(r.report.States)/spent.Seconds(), r.report.Bytes/max(r.report.States, 1))
		if o.dot != "" {
			if err := toFile(o.dot, r.dot); err != nil {
				return err
			}
		}
		if o.svg != "" {
			if err := r.svg(cmd.Context(), o.svg); err != nil {
				return err
			}
		}
		if o.script != "" {
			if err := r.writeScript(cmd.Context(), o.script, cmd.ErrOrStderr()); err != nil {
				return err
			}
		}
		switch {
		case r.broken != "":
			return verdict.Illegal.Err()
		case !r.report.Complete:
			return verdict.Unknown.Err()
		}
		return nil
	}
	return cmd
}

// write tells the result.
func (r *result) write(w io.Writer, name string, bounds *pflag.FlagSet) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, within", name)
	bounds.VisitAll(func(f *pflag.Flag) { fmt.Fprintf(&text, " --%s %s", f.Name, f.Value) })
	fmt.Fprintf(&text, "\n%d states, %d steps between them, none further than %d from the beginning", r.report.States, r.report.Steps, r.report.Depth)
	if r.report.Outside > 0 {
		fmt.Fprintf(&text, "; %d of the states are outside the boundary", r.report.Outside)
	}
	if !r.report.Complete {
		text.WriteString("; there are more")
	}
	text.WriteString("\n\n")
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, c := range r.claims {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.kind, c.name, r.standing(c))
	}
	for _, reached := range r.report.Reached {
		when := "never"
		if reached.Depth >= 0 {
			when = fmt.Sprintf("after %d steps", reached.Depth)
		}
		fmt.Fprintf(table, "sometimes\t%s\t%s\n", reached.Name, when)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.broken != "" {
		fmt.Fprintf(&text, "\nBroken: %s\n\n%s", r.broken, r.path)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// writeScript writes the counterexample, if there is one, to a file, and tells what of it is not in the script.
func (r *result) writeScript(ctx context.Context, file string, told io.Writer) error {
	if r.script == nil {
		fmt.Fprintf(told, "nothing is broken, so %s is not written\n", file)
		return nil
	}
	s, err := r.script(ctx)
	if err != nil {
		return err
	}
	for _, what := range s.Missing {
		fmt.Fprintln(told, "not in the script:", what)
	}
	return toFile(file, func(w io.Writer) error {
		_, err := io.WriteString(w, s.Text())
		return err
	})
}

// standing is what is known of a claim.
func (r *result) standing(c claim) string {
	switch {
	case c.name == r.broken:
		return "BROKEN"
	case r.broken != "" && c.kind == "eventually":
		return "not looked at"
	case r.broken != "":
		return "holds so far"
	case !r.report.Complete && c.kind == "eventually":
		return "not known"
	case !r.report.Complete:
		return "holds as far as was looked"
	}
	return "holds"
}
