package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"orrery/checker/history"
	"orrery/checker/report"
	"orrery/fuzz/museum"
)

// shrinking bounds how long a failure is made smaller.
const shrinking = time.Minute

// options are the command's.
type options struct {
	Campaign
	seeds             uint64
	shard             string
	script, out, tell string
	bug, museum, root string
	shrink            bool
}

// Command is `orrery sim`.
func Command() *cobra.Command {
	o := options{Campaign: Campaign{Size: DefaultSize}}
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run simulated clusters under faults, one for each seed, until one breaks a guarantee",
		Long: "sim makes a run of a whole simulated cluster from each seed, and judges each. It stops at the first that is illegal, makes\n" +
			"it as small as it can, and prints the steps that are left.\n\n" +
			"Exit status: 0 ok, 1 illegal, 2 unknown, 3 there is no verdict because something else went wrong.",
		Example: "  orrery sim --seeds 100000\n  orrery sim --from 17 --seeds 1 --out out/sim\n  orrery sim --script out/sim/script.txt\n  orrery sim --bug R02 --time 30s",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			// A run leaves much garbage and keeps little.
			switch {
			case o.bug != "":
				return o.plant(ctx, cmd)
			case o.script != "":
				return o.replay(ctx, cmd.OutOrStdout())
			}
			return o.run(ctx, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&o.seeds, "seeds", 1000, "how many runs")
	flags.Uint64Var(&o.From, "from", 1, "the first seed")
	flags.DurationVar(&o.Time, "time", 0, "stop after that time, however many runs were made (default: no bound)")
	flags.IntVar(&o.Size.ControlPlanes, "control-planes", o.Size.ControlPlanes, "control planes of each cluster")
	flags.IntVar(&o.Size.Workers, "workers", o.Size.Workers, "workers of each cluster")
	flags.BoolVar(&o.Size.Standby, "standby", false, "run the scheduler and the controllers twice, and have them elect who acts")
	flags.IntVar(&o.Long, "long", 1, "how many times longer than usual the faulty phase of each run is")
	flags.BoolVar(&o.Twice, "twice", false, "make each run twice, and require the same trace")
	flags.StringVar(&o.shard, "shard", "0/1", "make only the runs of one of several shares, `I/N`: the seeds that are I modulo N")
	flags.StringVar(&o.script, "script", "", "make the one run that this `file` tells")
	flags.StringVar(&o.out, "out", "", "`folder` for the trace, the report and the script of a failure (default: none is kept)")
	flags.StringVar(&o.tell, "result", "", "`file` to which the tally is written, as JSON; -: a line of the output")
	flags.BoolVar(&o.shrink, "shrink", true, "make a failure small")
	flags.StringVar(&o.bug, "bug", "", "ID of a bug to plant first; see testdata/museum")
	flags.StringVar(&o.museum, "museum", "testdata/museum", "folder of the patches that plant bugs")
	flags.StringVar(&o.root, "root", ".", "folder of the sources that a bug is planted in")
	return cmd
}

func (o *options) complete() error {
	o.Seeds = o.seeds
	if _, err := fmt.Sscanf(o.shard, "%d/%d", &o.Shard, &o.Shards); err != nil || o.Shards < 1 || o.Shard >= o.Shards {
		return fmt.Errorf("--shard %s: must be I/N with 0 <= I < N", o.shard)
	}
	const most = 9
	if n := o.Size.ControlPlanes; n < 1 || n > most {
		return fmt.Errorf("--control-planes %d: must be 1 to %d", n, most)
	}
	if o.Long < 1 {
		return fmt.Errorf("--long %d: must be at least 1", o.Long)
	}
	if n := o.Size.Workers; n < 1 || n > most {
		return fmt.Errorf("--workers %d: must be 1 to %d", n, most)
	}
	return nil
}

// run makes the campaign and tells what came of it.
func (o *options) run(ctx context.Context, w io.Writer) error {
	o.Progress = func(t Tally) { fmt.Fprintln(w, t) }
	tally, failed, err := o.Campaign.Run(ctx)
	if err != nil {
		return err
	}
	if err := o.save(w, tally); err != nil {
		return err
	}
	fmt.Fprint(w, tally.Table())
	switch {
	case failed != nil:
		fmt.Fprintf(w, "\nseed %d breaks a guarantee after %.1f s: %s\n", *tally.Failed, tally.Seconds, tally.Broken)
		if o.shrink {
			fmt.Fprintln(w, "making it smaller ...")
		}
		return o.explain(ctx, w, *failed)
	case ctx.Err() != nil:
		return errors.New("interrupted: there is no verdict")
	case tally.Runs == 0:
		return errors.New("no run was made")
	case tally.Unknown > 0:
		return o.doubt(ctx, w, *tally.Unjudged)
	}
	return nil
}

// doubt makes the first run again that could not be judged, and shows it.
func (o *options) doubt(ctx context.Context, w io.Writer, seed uint64) error {
	r, err := o.one(ctx, seed)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := o.show(w, r); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nTo make the run again: orrery sim --from %d --seeds 1%s\n", seed, o.unusual())
	return r.Report.Verdict().Err()
}

// save writes the tally where it is asked to.
func (o *options) save(w io.Writer, tally Tally) error {
	text, err := json.Marshal(share{o.Shard, o.Shards, tally})
	switch {
	case err != nil || o.tell == "":
		return err
	case o.tell == "-":
		_, err = fmt.Fprintf(w, "%s%s\n", resultMark, text)
		return err
	}
	return os.WriteFile(o.tell, append(text, '\n'), 0o644)
}

// explain shows a failure, made small if it is asked to, and keeps it.
func (o *options) explain(ctx context.Context, w io.Writer, failed Result) error {
	small := failed
	if o.shrink {
		bounded, cancel := context.WithTimeout(ctx, shrinking)
		defer cancel()
		small = Shrink(bounded, failed)
		small.Header.Seed = failed.Header.Seed
	}
	if err := o.show(w, small); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nOf %d steps, %d lines are left (%d control planes, %d workers):\n\n%s\nTo make the run again: orrery sim --from %d --seeds 1%s\n",
		failed.Steps, len(small.Script), small.Size.ControlPlanes, small.Size.Workers, small.Text(), failed.Header.Seed, o.unusual())
	return small.Report.Verdict().Err()
}

// unusual are the flags that make another run of the same seed.
func (o *options) unusual() (flags string) {
	if o.Size.ControlPlanes != DefaultSize.ControlPlanes {
		flags += fmt.Sprint(" --control-planes ", o.Size.ControlPlanes)
	}
	if o.Size.Standby {
		flags += " --standby"
	}
	if o.Size.Workers != DefaultSize.Workers {
		flags += fmt.Sprint(" --workers ", o.Size.Workers)
	}
	if o.Long > 1 {
		flags += fmt.Sprint(" --long ", o.Long)
	}
	return flags
}

// show writes the report, and keeps everything where it is asked to.
func (o *options) show(w io.Writer, r Result) error {
	h := history.New(r.Header, r.Lines)
	if err := report.Write(w, h, r.Report); err != nil {
		return err
	}
	for _, want := range r.Wants {
		fmt.Fprintf(w, "  %s %s still wants %s\n", want.Component, want.Key, want.Why)
	}
	if o.out == "" {
		return nil
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.out, "script.txt"), []byte(r.Text()), 0o644); err != nil {
		return err
	}
	return history.Save(filepath.Join(o.out, "trace.jsonl.zst"), r.Header, r.Lines)
}

// replay makes the run of a script.
func (o *options) replay(ctx context.Context, w io.Writer) error {
	text, err := os.ReadFile(o.script)
	if err != nil {
		return err
	}
	size, script, err := ParseScript(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", o.script, err)
	}
	r, err := Replay(ctx, size, script, true)
	if err != nil {
		return fmt.Errorf("%s: %w", o.script, err)
	}
	if err := o.show(w, r); err != nil {
		return err
	}
	return r.Report.Verdict().Err()
}

// plant builds the simulation with a bug in it, and runs that.
func (o *options) plant(ctx context.Context, cmd *cobra.Command) error {
	bug, err := museum.Find(o.museum, o.bug)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "planting %s: %s\n", bug.ID, bug.What)
	dir, err := os.MkdirTemp("", "orrery-sim-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "sim")
	if err := bug.BuildPackage(ctx, o.root, planted, binary); err != nil {
		return err
	}
	again := exec.CommandContext(ctx, binary, o.again()...)
	again.Stdout, again.Stderr = w, cmd.ErrOrStderr()
	again.Cancel = func() error { return again.Process.Signal(syscall.SIGTERM) }
	return outcome(again.Run())
}

// again are the flags that the planted program is given.
func (o *options) again() []string {
	args := []string{fmt.Sprint("--seeds=", o.seeds), fmt.Sprint("--from=", o.From), fmt.Sprint("--time=", o.Time), "--shard=" + o.shard, fmt.Sprint("--long=", o.Long),
		fmt.Sprint("--control-planes=", o.Size.ControlPlanes), fmt.Sprint("--workers=", o.Size.Workers), fmt.Sprint("--standby=", o.Size.Standby), "--out=" + o.out, "--result=" + o.tell, fmt.Sprint("--shrink=", o.shrink)}
	if o.Twice {
		args = append(args, "--twice")
	}
	if o.script != "" {
		args = append(args, "--script="+o.script)
	}
	return args
}

// Text is the run's script as a file.
func (r Result) Text() string {
	return fmt.Sprintf("cluster %d %d%s\n%s\n", r.Size.ControlPlanes, r.Size.Workers, map[bool]string{true: standby}[r.Size.Standby], strings.Join(r.Script, "\n"))
}

// standby ends the first line of the script of a cluster that has them.
const standby = " standby"

// ParseScript reads what [Result.Text] wrote: a line "cluster CONTROL-PLANES WORKERS [standby]", and the script. Empty lines and those that
// begin with # are passed over.
func ParseScript(text string) (size Size, script []string, err error) {
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if size.Workers == 0 {
			line, size.Standby = strings.CutSuffix(line, standby)
			if _, err := fmt.Sscanf(line, "cluster %d %d", &size.ControlPlanes, &size.Workers); err != nil || size.ControlPlanes < 1 || size.Workers < 1 {
				return size, nil, fmt.Errorf("line %d: %q: a script begins with \"cluster CONTROL-PLANES WORKERS\"", n+1, line)
			}
			continue
		}
		script = append(script, line)
	}
	if size.Workers == 0 {
		return size, nil, errors.New("the script is empty: it begins with \"cluster CONTROL-PLANES WORKERS\"")
	}
	return size, script, nil
}
