package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"orrery/checker/history"
	"orrery/checker/refine"
	"orrery/checker/verdict"
	"orrery/fuzz/simulation"
	"orrery/model/machine"
	"orrery/model/replication"
)

const (
	statesTarget = 300_000
	linesTarget  = 100_000
)

// measureModel measures the search through the states of a model, and how fast decisions are judged by it.
func measureModel(ctx context.Context, size Size) ([]Row, error) {
	m := replication.New(replication.Domain{Replicas: 1, Most: 2, Changes: 2, Losses: uint8(size.Losses)})
	m.Eventually = nil // it needs the graph of all states, which is a search of its own
	begun := time.Now()
	out := machine.Explore(m, machine.Options{Workers: runtime.GOMAXPROCS(0)})
	spent := time.Since(begun).Seconds()
	if out.Violation != nil {
		return nil, fmt.Errorf("the model of replication is broken: %s", out.Violation.Property)
	}
	rows := []Row{atLeast("distinct states of a model, thousands per second", float64(out.States)/spent/1e3, statesTarget/1e3,
		fmt.Sprintf("%d states of replication on %d processors, %d bytes each", out.States, runtime.GOMAXPROCS(0), out.Bytes/out.States))}
	row, err := measureRefine(ctx, size)
	return append(rows, row...), err
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
