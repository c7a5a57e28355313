package nemesis

import (
	"context"
	"fmt"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/host"
)

// electing is how long it may take until somebody leads, or somebody else: some leases.
const electing = 20 * time.Second

// acting is the scheduler, or the controllers, that lead now.
func acting(ctx context.Context, c *World, choose workload.Choices) (string, error) {
	component := []string{host.Scheduler, host.Controllers}[choose.IntN(2)]
	ctx, cancel := context.WithTimeout(ctx, electing)
	defer cancel()
	for {
		name, err := c.Leader(ctx, component)
		if err == nil {
			return component + "@" + name, nil
		}
		if !rest(ctx, look) {
			return "", fmt.Errorf("no %s leads: %w", component, err)
		}
	}
}

// outlast stops a leader until another leads, and then lets it go on: it believes to lead still, and must find out before it acts.
func outlast(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	p, err := processOf(c, target)
	if err != nil {
		return nil, err
	}
	pid, seen := p.Pid(), effect{}
	end := func(context.Context) (effect, error) {
		if seen["othersLed"] > 0 {
			seen["stopped"] = stopped(pid)
		}
		return seen, p.Resume()
	}
	if err := p.Pause(); err != nil {
		return end, err
	}
	component, name := split(target)
	ctx, cancel := context.WithTimeout(ctx, electing)
	defer cancel()
	for rest(ctx, look) {
		if leads, err := c.Leader(ctx, component); err == nil && leads != name {
			seen["othersLed"] = 1
			break
		}
	}
	return end, nil
}
