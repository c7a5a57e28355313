package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orrery/impl/host/process"
	"orrery/impl/host/sweep"
)

// Bounds of the end of a cluster: how long processes may take when they are asked to end, and all of it.
const (
	terminateTimeout = 3 * time.Second
	closeTimeout     = time.Minute
)

// order is that in which components are asked to end: who writes, whom they write to, what lies below.
var order = [][]string{{Kubelet, Scheduler, Controllers, Observer, Proxy}, {APIServer}, {Etcd}, {Disk, Containerd}}

// Close ends and removes everything: processes, containers, mounts, namespaces, the bridge. It reports what it could not
// remove. The data directory stays. A second Close does nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	again := c.closing
	c.closing = true
	c.mu.Unlock()
	if again {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var errs []error
	if len(c.processes) > 0 {
		// Nobody shall wait for a fault that nobody ends any more. A disk that is gone is no hindrance.
		healing, stop := context.WithTimeout(ctx, terminateTimeout)
		c.release(healing)
		stop()
	}
	for _, components := range order {
		var all []func(context.Context) error
		for _, p := range c.processes {
			if slices.Contains(components, p.Component()) {
				all = append(all, func(ctx context.Context) error { return terminate(ctx, p) })
			}
		}
		errs = append(errs, together(ctx, all...))
	}
	_, err := sweep.Sweep(ctx)
	errs = append(errs, err)
	left, err := sweep.Left()
	errs = append(errs, err)
	if len(left) > 0 {
		errs = append(errs, fmt.Errorf("host: left behind: %s", strings.Join(left, ", ")))
	}
	if c.recorder != nil {
		c.mu.Lock()
		errs = append(errs, c.missing, c.recorder.Close())
		c.mu.Unlock()
	}
	return errors.Join(append(errs, c.lock.Unlock())...)
}

func terminate(ctx context.Context, p *process.Process) error {
	if p.Pid() == 0 {
		return p.Stop(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, terminateTimeout)
	defer cancel()
	return p.Terminate(ctx)
}
