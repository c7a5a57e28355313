package nemesis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/host"
	"orrery/impl/host/disk"
	"orrery/impl/host/machine"
	"orrery/impl/host/process"
)

// effect is what was seen of a fault, by name.
type effect = map[string]int64

// kind is one way of hurting a cluster.
type kind struct {
	name string
	// target draws what is hurt.
	target func(context.Context, *World, workload.Choices) (string, error)
	// begin begins the fault; end, which is not nil where there is something to end, ends it and says what it did.
	begin func(ctx context.Context, c *World, target string, choose workload.Choices) (end func(context.Context) (effect, error), err error)
	// least is how long it lasts at the least, so that it can bite.
	least time.Duration
	// once: it cannot be done again in the same run.
	once bool
}

var kinds = []kind{
	{name: "cut-worker", target: oneOf(host.Kubelet), begin: cut},
	{name: "cut-member", target: oneOf(host.Etcd), begin: cut},
	{name: "cut-zone", target: zone, begin: cut},
	{name: "stall-disk", target: leader, begin: stall},
	{name: "power-member", target: oneOf(host.Etcd), begin: power},
	{name: "replace-member", target: oneOf(host.Etcd), begin: replace},
	{name: "kill-apiserver", target: oneOf(host.APIServer), begin: kill},
	{name: "kill-scheduler", target: oneOf(host.Scheduler), begin: kill},
	{name: "kill-controllers", target: oneOf(host.Controllers), begin: kill},
	{name: "kill-kubelet", target: oneOf(host.Kubelet), begin: kill},
	{name: "kill-containerd", target: oneOf(host.Containerd), begin: kill},
	{name: "kill-proxy", target: oneOf(host.Proxy), begin: kill},
	{name: "pause", target: oneOf(host.APIServer, host.Scheduler, host.Controllers, host.Kubelet, host.Proxy, host.Etcd), begin: pause},
	{name: "outlast", target: acting, begin: outlast},
	{name: "lag-apiserver", target: oneOf(host.APIServer), begin: lag},
	{name: "compact", target: oneOf(host.APIServer), begin: compact, least: unheard},
	{name: "lose-worker", target: spare, begin: lose, once: true},
}

func find(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kind{}, false
}

// oneOf draws a process of one of these components: its name is COMPONENT@MACHINE.
func oneOf(components ...string) func(context.Context, *World, workload.Choices) (string, error) {
	return func(_ context.Context, c *World, choose workload.Choices) (string, error) {
		var names []string
		for _, p := range c.Processes() {
			for _, component := range components {
				if p.Component() == component {
					names = append(names, p.Name())
				}
			}
		}
		if len(names) == 0 {
			return "", fmt.Errorf("the cluster runs no %s", strings.Join(components, " or "))
		}
		return names[choose.IntN(len(names))], nil
	}
}

// leader is the etcd member that leads now.
func leader(ctx context.Context, c *World, _ workload.Choices) (string, error) {
	name, err := c.EtcdLeader(ctx)
	return host.Etcd + "@" + name, err
}

// machines are those that a target names: COMPONENT@MACHINE, or MACHINE+MACHINE...
func machines(target string) []string {
	if _, on, ok := strings.Cut(target, "@"); ok {
		return []string{on}
	}
	return strings.Split(target, "+")
}

// split parts COMPONENT@MACHINE.
func split(target string) (component, on string) {
	component, on, _ = strings.Cut(target, "@")
	return component, on
}

func processOf(c *World, target string) (*process.Process, error) {
	component, on := split(target)
	return c.Process(on, component)
}

// cut parts machines from all others: most often both ways, sometimes only what is sent to them, or from them.
func cut(_ context.Context, c *World, target string, choose workload.Choices) (func(context.Context) (effect, error), error) {
	away := machines(target)
	direction := choose.IntN(4)
	var cuts cuts
	for _, name := range away {
		for _, other := range c.Machines() {
			if slices.Contains(away, other.Name) {
				continue
			}
			from, to := name, other.Name
			if direction == 1 {
				from, to = to, from
			}
			made, err := c.Cut(from, to, direction < 2)
			if err != nil {
				return cuts.end, err
			}
			cuts = append(cuts, made)
		}
	}
	return cuts.end, nil
}

// cuts are those of one fault.
type cuts []*machine.Cut

// end heals them and counts what they dropped.
func (c cuts) end(context.Context) (effect, error) {
	var dropped int64
	var errs []error
	for _, cut := range c {
		errs = append(errs, cut.Heal())
		n, err := cut.Dropped()
		errs = append(errs, err)
		dropped += n
	}
	return effect{"packetsDropped": dropped}, errors.Join(errs...)
}

// stall holds every fsync of a member's disk.
func stall(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	_, name := split(target)
	d, err := c.Disk(name)
	if err != nil {
		return nil, err
	}
	before, err := d.Counters(ctx)
	if err != nil {
		return nil, err
	}
	end := func(ctx context.Context) (effect, error) {
		if err := d.Set(ctx, disk.Faults{}); err != nil {
			return nil, err
		}
		after, err := d.Counters(ctx)
		return effect{"fsyncsHeld": after.FsyncsHeld - before.FsyncsHeld}, err
	}
	return end, d.Set(ctx, disk.Faults{StallFsync: true})
}

// power cuts the power of a member: it is killed, and its disk loses what was not synced. It comes back at the end.
func power(ctx context.Context, c *World, target string, choose workload.Choices) (func(context.Context) (effect, error), error) {
	member, err := processOf(c, target)
	if err != nil {
		return nil, err
	}
	d, err := c.Disk(member.Machine())
	if err != nil {
		return nil, err
	}
	seen := effect{}
	end := func(context.Context) (effect, error) { return seen, member.Start() }
	if err := member.Stop(ctx); err != nil {
		return end, err
	}
	seen["killed"] = 1
	lost, err := d.Crash(ctx, disk.Loss{Torn: choose.IntN(2) == 0})
	seen["operationsUndone"] = lost.OpsDropped
	return end, err
}

// replace has a member lose all its data, and takes a new one in its place: the cluster's configuration changes under load.
func replace(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	_, name := split(target)
	seen := effect{}
	end := func(context.Context) (effect, error) { return seen, nil }
	if len(c.EtcdEndpoints()) == 1 {
		return end, nil // nobody is left who could take another
	}
	id, err := c.ReplaceMember(ctx, name)
	if id != 0 {
		seen["membersReplaced"] = 1
	}
	return end, err
}

// kill kills a process, which is then started again by who supervises it.
func kill(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	p, err := processOf(c, target)
	if err != nil {
		return nil, err
	}
	starts := p.Starts()
	end := func(context.Context) (effect, error) { return effect{"restarts": int64(p.Starts() - starts)}, nil }
	return end, p.Kill(ctx)
}

// pause stops a process, so that all that waits for it hangs.
func pause(_ context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	p, err := processOf(c, target)
	if err != nil {
		return nil, err
	}
	pid := p.Pid()
	end := func(context.Context) (effect, error) {
		seen := effect{"stopped": stopped(pid)}
		return seen, p.Resume()
	}
	return end, p.Pause()
}

// stopped is 1 if the kernel says that a process is stopped by a signal. See proc_pid_stat(5).
func stopped(pid int) int64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The command's name, in parentheses, may contain anything.
	if _, rest, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(rest, "T") {
		return 1
	}
	return 0
}
