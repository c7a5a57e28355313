package cri

import (
	"context"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

// Changes implements [runtime.Runtime] by CRI's container events and by the ends of this client's own stops.
func (c *Client) Changes(ctx context.Context, changed func(uid string)) error {
	h := &hint{tell: changed}
	c.mu.Lock()
	c.changed[h] = struct{}{}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.changed, h)
		c.mu.Unlock()
	}()
	stream, err := c.runtime.GetContainerEvents(ctx, &cri.GetEventsRequest{})
	if err != nil {
		return explain(err)
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return explain(err)
		}
		if uid := event.GetPodSandboxStatus().GetMetadata().GetUid(); uid != "" {
			changed(uid)
		}
	}
}

// tell passes a hint on.
func (c *Client) tell(uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h := range c.changed {
		h.tell(uid)
	}
}

// logPath is the container's log, relative to the pod's log directory, as the kubelet chose it.
func logPath(c runtime.Container) string {
	return c.Name + "/" + c.Annotations[runtime.AnnotationRestartCount] + ".log"
}
