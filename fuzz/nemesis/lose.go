package nemesis

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/host"
)

// fewest is how many workers a cluster keeps.
const fewest = 2

// spare draws a worker that the cluster can do without.
func spare(_ context.Context, c *World, choose workload.Choices) (string, error) {
	workers := c.on(host.Kubelet)
	if len(workers) <= fewest {
		return "", fmt.Errorf("there are %d workers, and %d must stay", len(workers), fewest)
	}
	return workers[choose.IntN(len(workers))], nil
}

// lose destroys a worker for good. When the fault ends, a user has given it up: its Node is deleted, and its pods must come back elsewhere.
func lose(ctx context.Context, c *World, target string, _ workload.Choices) (func(context.Context) (effect, error), error) {
	seen := effect{}
	stopped, err := c.Lose(ctx, target)
	if err != nil {
		return nil, err
	}
	seen["machinesLost"], seen["containersStopped"] = 1, int64(stopped)
	end := func(ctx context.Context) (effect, error) { return seen, c.giveUp(ctx, target) }
	return end, nil
}

// giveUp deletes the Node of a machine.
func (w *World) giveUp(ctx context.Context, node string) error {
	nodes, _ := api.ByName("nodes")
	return insist(ctx, func() error {
		if _, err := w.User.Do(ctx, api.Request{Verb: api.Delete, Resource: nodes, Name: node}); !apierrors.IsNotFound(err) {
			return err
		}
		return nil
	})
}
