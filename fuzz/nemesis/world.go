package nemesis

import (
	"context"
	"fmt"
	"time"

	"orrery/fuzz/workload"
	"orrery/impl/client"
	"orrery/impl/host"
	"orrery/impl/store"
)

// World is what is hurt, and by what means it is looked at and meddled with besides.
type World struct {
	*host.Cluster
	// User does what a user of the cluster does, and Compact what an administrator of etcd does; the run's recording tells of both.
	User    client.Transport
	Compact func(ctx context.Context, revision int64) error
	// Etcd is looked at only.
	Etcd store.Store
	// Recorded waits until the recording has the store's log up to a revision.
	Recorded func(ctx context.Context, revision int64) error
}

// look is how often it is looked whether a fault bites.
const look = 100 * time.Millisecond

// zone draws several machines that stay together: a control plane and one worker or two, but not all.
func zone(_ context.Context, c *World, choose workload.Choices) (string, error) {
	planes, workers := c.on(host.Etcd), c.on(host.Kubelet)
	if len(planes) < 2 || len(workers) < 2 {
		return "", fmt.Errorf("a zone takes two control planes and two workers, and there are %d and %d", len(planes), len(workers))
	}
	target := planes[choose.IntN(len(planes))]
	first := choose.IntN(len(workers))
	for i := range 1 + choose.IntN(min(2, len(workers)-1)) {
		target += "+" + workers[(first+i)%len(workers)]
	}
	return target, nil
}

// on are the machines that have a component.
func (w *World) on(component string) (names []string) {
	for _, p := range w.Processes() {
		if p.Component() == component {
			names = append(names, p.Machine())
		}
	}
	return names
}

// revision is that of the store now.
func (w *World) revision(ctx context.Context) (revision int64, err error) {
	err = insist(ctx, func() error {
		now, err := w.Etcd.Count(ctx, "/registry/")
		revision = now.Revision
		return err
	})
	return revision, err
}

// insist tries again until it works or ctx ends: what was hurt last may not have recovered.
func insist(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || !rest(ctx, look) {
			return err
		}
	}
}
