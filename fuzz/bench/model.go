package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"orrery/checker/history"
	"orrery/checker/refine"
	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
	"orrery/model/cluster"
	"orrery/model/machine"
	"orrery/model/replication"
)

const (
	statesTarget = 300_000
	linesTarget  = 100_000
)

// measureModel measures the search through the states of a model, beside SPIN's through the states of its twin, and how fast decisions are
// judged by it. What is compiled lies in a directory of its own below dir until then.
func measureModel(ctx context.Context, size Size, dir, file string) ([]Row, error) {
	rows, err := measureCluster(size.Composed)
	if err != nil {
		return nil, err
	}
	d := replication.Domain{Replicas: 1, Most: 2, Changes: 2, Losses: uint8(size.Losses)}
	out := explored(replicationOf(d, true), runtime.GOMAXPROCS(0))
	if out.Violation != nil {
		return nil, fmt.Errorf("the model of replication is broken: %s", out.Violation.Property)
	}
	beside, err := measureSpin(ctx, size, dir, file, d, out.States)
	if err != nil {
		return rows, err
	}
	row, err := measureRefine(ctx, size)
	return append(append(rows, beside...), row...), err
}

// measureCluster measures the search through the composed model: what always holds, and with it what holds eventually, for which
// the graph of all states is kept.
func measureCluster(d cluster.Domain) (rows []Row, err error) {
	for _, eventually := range []bool{false, true} {
		m := cluster.New(d)
		if !eventually {
			m.Eventually = nil
		}
		out := explored(m, runtime.GOMAXPROCS(0))
		if out.Violation != nil {
			return rows, fmt.Errorf("the composed model is broken: %s", out.Violation.Property)
		}
		from := fmt.Sprintf("%d states of model/cluster on %d processors, %d bytes each", out.States, runtime.GOMAXPROCS(0), out.Bytes/out.States)
		if eventually {
			rows = append(rows, told("the same, liveness included", fmt.Sprintf("%.2f", out.rate/1e3), from+", and the graph of all steps"))
			continue
		}
		rows = append(rows, atLeast("distinct states of the composed model, thousands per second", out.rate/1e3, statesTarget/1e3, from))
	}
	return rows, nil
}

// timed is what a search came to, and its distinct states in a second.
type timed[S, A any] struct {
	machine.Outcome[S, A]
	rate float64
}

// replicationOf is the model whose twin SPIN searches, without what holds eventually; if not judged, nothing is claimed of it.
func replicationOf(d replication.Domain, judged bool) *replication.Machine {
	m := replication.New(d)
	m.Eventually = nil
	if !judged {
		m.Always, m.AlwaysStep, m.Sometimes = nil, nil, nil
	}
	return m
}

// explored searches all states.
func explored[S, A any](m *machine.Machine[S, A], workers int) timed[S, A] {
	begun := time.Now()
	out := machine.Explore(m, machine.Options{Workers: workers, NoSymmetry: true, NoReduction: true})
	return timed[S, A]{out, float64(out.States) / time.Since(begun).Seconds()}
}

// measureSpin measures our search and SPIN's side by side, over the same states, of which neither claims anything: on all processors, and
// on one, which is what SPIN has.
func measureSpin(ctx context.Context, size Size, dir, file string, d replication.Domain, states int) (rows []Row, err error) {
	const measure = "distinct states a second on %s, against SPIN's"
	if why := missingForSpin(); why != "" {
		return []Row{told(fmt.Sprintf(measure, "one processor"), "-", why)}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "spin-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t, err := makeTwin(ctx, file, dir, "-O2", d)
	if err != nil {
		return nil, err
	}
	for _, on := range []struct {
		what    string
		workers int
	}{{"one processor", 1}, {"all processors", runtime.GOMAXPROCS(0)}} {
		var ours timed[replication.State, replication.Action]
		var its searched
		got, err := inTurns(ctx, size.Turns, func(context.Context) (float64, error) {
			ours = explored(replicationOf(d, false), on.workers)
			return ours.rate, nil
		}, func(ctx context.Context) (_ float64, err error) {
			if its, err = t.search(ctx, states); err == nil && its.states != states {
				err = fmt.Errorf("spin finds %d states, and we %d", its.states, states)
			}
			return its.perSecond, err
		})
		if err != nil {
			return rows, err
		}
		rows = append(rows, told(fmt.Sprintf(measure, on.what), fmt.Sprintf("%.2f", got.ratio),
			fmt.Sprintf("%.0f thousand a second on %d, %d bytes each, against %.0f thousand on one, %.0f bytes each; of %d states, of which nothing is claimed",
				got.a/1e3, on.workers, ours.Bytes/ours.States, got.b/1e3, its.per, states)))
	}
	return rows, nil
}

// measureRefine judges every decision of one long simulated run.
func measureRefine(ctx context.Context, size Size) ([]Row, error) {
	run, err := simulation.Campaign{From: 1, Size: simulation.DefaultSize, Long: size.Long}.One(ctx)
	if err != nil {
		return nil, err
	}
	h := history.New(run.Header, run.Lines)
	begun := time.Now()
	result := refine.Checker{}.Check(ctx, h, verdict.DefaultLimits)
	spent := time.Since(begun).Seconds()
	if result.Verdict() != verdict.Ok {
		return nil, errors.New("the decisions of a simulated run are not all allowed")
	}
	return []Row{atLeast("trace lines whose decisions are judged by models, thousands per second", float64(len(run.Lines))/spent/1e3, linesTarget/1e3,
		fmt.Sprintf("%d lines, %d of them decisions", len(run.Lines), len(h.Steps)))}, nil
}
