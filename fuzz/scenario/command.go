package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"orrery/checker/verdict"
	"orrery/fuzz/museum"
	"orrery/fuzz/nemesis"
	"orrery/fuzz/simulation"
)

// stoppable is a context that ends with Ctrl-C, SIGTERM, or the terminal.
func stoppable(cmd *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

// interrupted is what a run says that was told to end. What else went wrong on the way down is said too.
func interrupted(err error) error {
	const text = "interrupted: there is no verdict"
	if err == nil || errors.Is(err, context.Canceled) {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// checkFlags are what check and museum have in common.
func checkFlags(cmd *cobra.Command, config *Config, faults *string) {
	flags := cmd.Flags()
	flags.Uint64Var(&config.Seed, "seed", 1, "what clients and nemesis choose follows from it")
	flags.DurationVar(&config.Time, "time", DefaultTime, "length of the phase under faults")
	flags.StringVar(faults, "faults", "all", "comma separated: "+strings.Join(nemesis.Kinds(), ", ")+", all or none")
	flags.StringVar(&config.Out, "out", "out/check", "folder for trace, report and verdict")
	flags.BoolVar(&config.Wait, "wait", false, "wait for the end of another cluster on this host instead of refusing")
	flags.StringVar(&config.Museum, "museum", "testdata/museum", "folder of the patches that plant bugs")
	flags.StringVar(&config.Root, "root", ".", "folder of the sources that a bug is planted in")
}

// minTime gives every fault the time to bite.
const minTime = 20 * time.Second

func (c *Config) complete(cmd *cobra.Command, faults string) (err error) {
	if c.Faults, err = nemesis.Select(faults); err != nil {
		return err
	}
	if c.Time < minTime {
		return fmt.Errorf("--time %v is too short: at least %v", c.Time, minTime)
	}
	c.Progress = cmd.OutOrStdout()
	return nil
}

// CheckCommand is `orrery check`.
func CheckCommand() *cobra.Command {
	var config Config
	var faults string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Bring up a real cluster, hurt it, record it and judge it",
		Long: "check brings up three control planes and three workers on this host, lets clients use the cluster while faults\n" +
			"hurt it, heals it, waits until it has settled, and judges the recording.\n\n" +
			"Exit status: 0 ok, 1 illegal, 2 unknown, 3 there is no verdict because something else went wrong.",
		Example: "  orrery check --seed 7 --time 2m --faults kill-kubelet,cut-worker\n  orrery check --bug K11",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.complete(cmd, faults); err != nil {
				return err
			}
			ctx, stop := stoppable(cmd)
			defer stop()
			report, err := Check(ctx, config)
			if ctx.Err() != nil {
				return interrupted(err)
			}
			if err != nil {
				return err
			}
			return report.Verdict().Err()
		},
	}
	checkFlags(cmd, &config, &faults)
	cmd.Flags().StringVar(&config.Bug, "bug", "", "ID of a bug to plant first; see testdata/museum")
	return cmd
}

// JudgeCommand is `orrery judge`.
func JudgeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "judge TRACE...",
		Short:   "Judge saved traces again",
		Long:    "judge reads traces (.jsonl, .jsonl.zst) and prints what the checkers find. The exit status is that of the worst verdict.",
		Example: "  orrery judge out/check/trace.jsonl.zst",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			ctx, stop := stoppable(cmd)
			defer stop()
			worst := verdict.Ok
			for _, file := range files {
				report, err := Judge(ctx, file, cmd.OutOrStdout())
				if err != nil {
					return err
				}
				worst = worst.And(report.Verdict())
			}
			return worst.Err()
		},
	}
}

// MuseumCommand is `orrery museum`.
func MuseumCommand() *cobra.Command {
	var config Config
	var faults string
	var simulated bool
	var tries int
	cmd := &cobra.Command{
		Use:   "museum [ID...]",
		Short: "Plant known bugs, one after the other; each must be found",
		Long: "museum runs check with each bug that its patch says check finds, or, with --sim, simulated clusters with each that sim finds.\n" +
			"The exit status is 0 only if every one was found: illegal, by the guarantee that the patch names.",
		Example: "  orrery museum K11 A10\n  orrery museum --sim --tries 5",
		RunE: func(cmd *cobra.Command, ids []string) error {
			if simulated {
				ctx, stop := stoppable(cmd)
				defer stop()
				return exhibitSimulated(ctx, config, ids, tries, cmd.OutOrStdout())
			}
			if err := config.complete(cmd, faults); err != nil {
				return err
			}
			ctx, stop := stoppable(cmd)
			defer stop()
			return exhibit(ctx, config, ids, cmd.OutOrStdout())
		},
	}
	checkFlags(cmd, &config, &faults)
	cmd.Flags().BoolVar(&simulated, "sim", false, "look for each bug in simulated clusters")
	cmd.Flags().IntVar(&tries, "tries", 1, "with --sim: how often each bug is looked for, from other seeds each time")
	return cmd
}

// simTime is how long a planted bug may stay hidden from simulated clusters.
const simTime = 30 * time.Second

// exhibitSimulated looks for the bugs in simulated clusters and prints a line for each.
func exhibitSimulated(ctx context.Context, config Config, ids []string, tries int, w io.Writer) error {
	if tries < 1 {
		return fmt.Errorf("--tries %d: must be 1 or more", tries)
	}
	bugs, err := selected(config.Museum, ids, "orrery sim")
	if err != nil {
		return err
	}
	missed := 0
	for _, bug := range bugs {
		d, err := simulation.Exhibit(ctx, bug, config.Root, tries, simTime)
		if ctx.Err() != nil {
			return interrupted(err)
		}
		if err != nil {
			return err
		}
		if d.Found < d.Tries {
			missed++
		}
		fmt.Fprintln(w, d)
		for _, other := range d.Else {
			fmt.Fprintf(w, "     another guarantee broke: %s\n", other)
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d bugs were not found each time", missed, len(bugs))
	}
	return nil
}

// selected are the bugs with these IDs, or all that the command is said to find.
func selected(dir string, ids []string, command string) (bugs []museum.Bug, err error) {
	all, err := museum.Load(dir)
	if err != nil {
		return nil, err
	}
	for _, bug := range all {
		if len(ids) == 0 && bug.By(command) {
			bugs = append(bugs, bug)
		}
	}
	for _, id := range ids {
		bug, err := museum.Find(dir, id)
		if err != nil {
			return nil, err
		}
		bugs = append(bugs, bug)
	}
	return bugs, nil
}

// exhibit runs the bugs and prints a line for each.
func exhibit(ctx context.Context, config Config, ids []string, w io.Writer) error {
	bugs, err := selected(config.Museum, ids, "make check")
	if err != nil {
		return err
	}
	out, missed := config.Out, 0
	for _, bug := range bugs {
		id := bug.ID
		config.Bug, config.Out = id, filepath.Join(out, id)
		report, err := Check(ctx, config)
		if ctx.Err() != nil {
			return interrupted(err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		result := "missed: " + report.Verdict().String()
		if _, first, ok := report.First(); ok && report.Verdict() == verdict.Illegal {
			if result = "found: " + first.Guarantee.Error(); !bug.Breaks(first.Guarantee.Error()) {
				result = "another guarantee broke: " + first.Guarantee.Error()
			}
		}
		if !strings.HasPrefix(result, "found") {
			missed++
		}
		fmt.Fprintf(w, "%-4s %s\n     %s\n", id, bug.What, result)
	}
	if missed > 0 {
		return errors.New(fmt.Sprint(missed, " of ", len(bugs), " bugs were not found"))
	}
	return nil
}
