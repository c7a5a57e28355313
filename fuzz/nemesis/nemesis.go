package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/trace"
)

// Kinds are the names of all faults, in the order of the table in the package comment.
func Kinds() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// Select returns the kinds that a comma separated list names; "all" and "" are all of them, "none" is none.
func Select(list string) ([]string, error) {
	switch list {
	case "", "all":
		return Kinds(), nil
	case "none":
		return nil, nil
	}
	var selected []string
	for _, name := range strings.Split(list, ",") {
		if _, ok := find(name); !ok {
			return nil, fmt.Errorf("there is no fault %q; there are %s, all and none", name, strings.Join(Kinds(), ", "))
		}
		selected = append(selected, name)
	}
	return selected, nil
}

// Pace is how long a fault lasts, and how long the cluster is left alone after it.
type Pace struct {
	Last, Rest time.Duration
}

// faultTimeout bounds the beginning of one fault, and its ending, whatever the cluster is like.
const faultTimeout = 30 * time.Second

// Run hurts the cluster with these kinds of faults, again and again, until ctx ends. It calls turned when each has had its turn once.
func Run(ctx context.Context, world *World, selected []string, pace Pace, choose workload.Choices, sink trace.Sink, turned func()) error {
	if len(selected) == 0 {
		turned()
		<-ctx.Done()
		return nil
	}
	for round := 0; ; round++ {
		for i, kind := range shuffled(selected, choose) {
			if !rest(ctx, pace.Rest) {
				return nil
			}
			if err := inflict(ctx, world, fmt.Sprintf("%d.%d", round+1, i+1), kind, pace.Last, choose, sink); err != nil {
				return fmt.Errorf("fault %s: %w", kind, err)
			}
		}
		if round == 0 {
			turned()
			selected = slices.DeleteFunc(slices.Clone(selected), func(name string) bool { k, _ := find(name); return k.once })
		}
		if len(selected) == 0 {
			<-ctx.Done()
			return nil
		}
	}
}

// inflict begins one fault, lets it last, and ends it.
func inflict(ctx context.Context, world *World, id, name string, last time.Duration, choose workload.Choices, sink trace.Sink) error {
	k, _ := find(name)
	target, err := k.target(ctx, world, choose)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	fault := trace.Fault{ID: id, Kind: name, Target: target, State: "begin"}
	sink.Emit(trace.Line{Fault: &fault})
	// What has begun is brought to its end also when the run is over meanwhile: half of a loss of power would be a fault
	// that no disk knows.
	whole := context.WithoutCancel(ctx)
	beginning, cancel := context.WithTimeout(whole, faultTimeout)
	defer cancel()
	end, err := k.begin(beginning, world, target, choose)
	if err == nil {
		rest(ctx, max(last, k.least))
	}
	closing, cancel := context.WithTimeout(whole, faultTimeout)
	defer cancel()
	ended := trace.Fault{ID: id, Kind: name, Target: target, State: "end"}
	if end != nil {
		var endErr error
		ended.Effect, endErr = end(closing)
		err = errors.Join(err, endErr)
		for _, n := range ended.Effect { // order does not matter: any effect will do
			ended.Bit = ended.Bit || n > 0
		}
	}
	sink.Emit(trace.Line{Fault: &ended})
	return err
}

// rest waits; false if the run is over.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func shuffled(names []string, choose workload.Choices) []string {
	out := append([]string(nil), names...)
	for i := len(out) - 1; i > 0; i-- {
		j := choose.IntN(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}
