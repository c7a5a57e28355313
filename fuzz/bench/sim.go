package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"orrery/fuzz/simulation"
)

// What the simulated world is to be worth.
const (
	runsTarget   = 300
	stepsTarget  = 1_000_000
	longerTarget = 1.25
)

// measureSim measures whole simulated runs on all processors, then what a step costs in runs that are longer, then the loop alone.
func measureSim(ctx context.Context, size Size) ([]Row, error) {
	var rows []Row
	campaign := func(runs uint64, long int) (simulation.Tally, error) {
		tally, failed, err := simulation.Campaign{From: 1, Seeds: runs, Size: simulation.DefaultSize, Long: long}.Run(ctx)
		switch {
		case err != nil:
			return tally, err
		case failed != nil:
			return tally, fmt.Errorf("seed %d breaks a guarantee: %s", *tally.Failed, tally.Broken)
		}
		return tally, ctx.Err()
	}
	usual, err := campaign(uint64(size.Runs), 1)
	if err != nil {
		return rows, err
	}
	perSecond := float64(usual.Runs) / usual.Seconds
	rows = append(rows, atLeast("simulated runs, per second", perSecond, runsTarget,
		fmt.Sprintf("%d runs on %d processors, of %d steps and %d trace lines on average", usual.Runs, runtime.GOMAXPROCS(0), usual.Steps/usual.Runs, usual.Lines/usual.Runs)))
	few := max(uint64(size.Runs/50), 1) // the same seeds, as they differ from each other by more than by their length
	var short float64
	for _, times := range []int{1, 10, 100} {
		long, err := campaign(few, times)
		if err != nil {
			return rows, err
		}
		each := long.Seconds / float64(long.Steps)
		if times == 1 {
			short = each
			continue
		}
		rows = append(rows, atMost(fmt.Sprintf("a step in a run %d times as long", times), each/short, longerTarget,
			fmt.Sprintf("%.0f µs against %.0f µs, setup and judging included", each*1e6, short*1e6)))
	}
	stepped, err := measureSteps(size.Events)
	return append(rows, stepped...), err
}

// measureSteps measures the loop with one controller alone, on one processor, once with about as many objects as a simulated run has
// and once with a thousand times that.
func measureSteps(events int) (rows []Row, err error) {
	const chunk = 1000 // events are made between measurements
	for _, owners := range []int{10, 1000} {
		s, err := newStepping(owners)
		if err != nil {
			return rows, err
		}
		var spent time.Duration
		for done := 0; done < events; done += chunk {
			next := s.events(chunk)
			begun := time.Now()
			if err := s.take(next); err != nil {
				return rows, err
			}
			spent += time.Since(begun)
		}
		if spent == 0 {
			return rows, errors.New("no event was measured")
		}
		each := spent.Seconds() / float64(events)
		rows = append(rows, atLeast(fmt.Sprintf("steps of a loop among %d pods, million per second", owners*podsEach), 2/each/1e6, stepsTarget/1e6,
			fmt.Sprintf("%.1f µs for an event and the decision that follows: two steps", each*1e6)))
	}
	return rows, nil
}
