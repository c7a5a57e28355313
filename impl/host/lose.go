package host

import (
	"context"
	"fmt"

	"orrery/impl/host/containerd"
)

// Lose destroys a worker for good: its kubelet and its proxy end and are never started again, and then its containers end, all of them. It returns
// how many there were. What has to be told of these is told: their runtime and its observer, whom nobody else can ask any more, end with the cluster.
func (c *Cluster) Lose(ctx context.Context, name string) (int, error) {
	m, err := c.machine(name)
	if err != nil {
		return 0, err
	}
	if !m.Worker {
		return 0, fmt.Errorf("host: %s is a control plane: only workers can be lost", name)
	}
	c.mu.Lock()
	c.lost[name] = true
	c.mu.Unlock()
	for _, component := range []string{Kubelet, Proxy} {
		p, err := c.Process(name, component)
		if err != nil {
			return 0, err
		}
		if err := p.Stop(ctx); err != nil {
			return 0, err
		}
	}
	return containerd.Empty(ctx, runtimeSocket(m))
}

// gone reports whether a machine was lost.
func (c *Cluster) gone(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost[name]
}
