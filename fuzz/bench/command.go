package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"orrery/model/cluster"
)

// patience bounds how long the whole bench may take, waiting for its turn on the host included.
const patience = 15 * time.Minute

// Size says how much is done to measure.
type Size struct {
	Turns  int // of every comparison
	Writes int // creates, and puts, in one turn

	Pods, Watchers int // of which the memory is measured

	Replicas     int // of one owner
	Bound, Nodes int // pods that are scheduled, and onto how many nodes
	Services     int // of which a proxy makes rules

	Ups int // how often `orrery up` is started

	Runs   int // simulated
	Events int // to a loop alone

	Losses int // in the model whose twin SPIN explores
	// Composed bounds the composed model.
	Composed cluster.Domain
	Long     int // how many times as long as usual the simulated run is whose decisions are judged
}

// DefaultSize is that of the figures in the README.
var DefaultSize = Size{Turns: 7, Writes: 1500, Pods: 2000, Watchers: 20, Replicas: 1000, Bound: 2000, Nodes: 100, Services: 1000, Ups: 3, Runs: 1000, Events: 500_000, Losses: 1, Composed: cluster.Scope, Long: 100}

// measures are what can be measured, by the name that --only takes, in the order in which it is done.
var measures = []struct {
	name    string
	measure func(ctx context.Context, o options) ([]Row, error)
}{
	{"sim", func(ctx context.Context, o options) ([]Row, error) { return measureSim(ctx, o.size) }},
	{"model", func(ctx context.Context, o options) ([]Row, error) {
		return measureModel(ctx, o.size, o.out, o.twin)
	}},
	{"up", func(ctx context.Context, o options) ([]Row, error) { return measureUp(ctx, o.size, o.out) }},
	{"pod", func(ctx context.Context, o options) ([]Row, error) { return measurePod(ctx, o.size, o.out, "") }},
	{"create", func(ctx context.Context, o options) ([]Row, error) {
		return measureCreate(ctx, o.size, o.out, o.flags...)
	}},
	{"memory", func(ctx context.Context, o options) ([]Row, error) {
		return measureMemory(ctx, o.size, o.out, o.flags...)
	}},
	{"replicas", func(ctx context.Context, o options) ([]Row, error) {
		return measureReplicas(ctx, o.size, o.out, o.flags...)
	}},
	{"bind", func(ctx context.Context, o options) ([]Row, error) {
		return measureBind(ctx, o.size, o.out, o.flags...)
	}},
	{"rules", func(ctx context.Context, o options) ([]Row, error) { return measureRules(ctx, o.size) }},
}

func names() (all []string) {
	for _, m := range measures {
		all = append(all, m.name)
	}
	return all
}

type options struct {
	size  Size
	out   string
	twin  string // of a model, in Promela
	only  []string
	flags []string // further ones, of the API server
}

// Command is `orrery bench`.
func Command() *cobra.Command {
	o := options{size: DefaultSize}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast it all is, against what it is made of",
		Example: "  orrery bench\n" +
			"  orrery bench --only create --apiserver-flags --cpuprofile=/tmp/cpu.pprof",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			return run(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.only, "only", names(), "what to measure")
	flags.StringVar(&o.out, "out", filepath.Join("out", "bench"), "`folder` for what the measured processes write; it is removed again")
	flags.StringVar(&o.twin, "twin", filepath.FromSlash(twinFile), "Promela `file` of the twin of model/replication, for SPIN")
	flags.IntVar(&o.size.Turns, "turns", o.size.Turns, "how often each side of a comparison is measured")
	flags.StringSliceVar(&o.flags, "apiserver-flags", nil, "further flags of the API server that is measured")
	return cmd
}

func (o *options) complete() (err error) {
	if o.size.Turns < 1 {
		return fmt.Errorf("--turns %d: at least 1", o.size.Turns)
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("--only %s: there is only %s", name, strings.Join(names(), ", "))
		}
	}
	o.out, err = filepath.Abs(o.out)
	return err
}

// run measures and prints the table. What could not be measured does not keep the rest from being.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	var rows []Row
	var errs []error
	for _, m := range measures {
		if !slices.Contains(o.only, m.name) {
			continue
		}
		fmt.Fprintf(progress, "measuring: %s\n", m.name)
		got, err := m.measure(ctx, o)
		if err != nil {
			errs = append(errs, fmt.Errorf("bench: %s: %w", m.name, err))
		}
		rows = append(rows, got...)
	}
	return errors.Join(append(errs, printTable(out, rows))...)
}
