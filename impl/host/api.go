package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/host/machine"
	"orrery/impl/host/process"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// get asks the API server of one machine as the administrator, and decodes the answer unless into is nil.
func (c *Cluster) get(ctx context.Context, m *machine.Machine, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url(m, apiPort)+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	transport := &http.Transport{TLSClientConfig: c.clientTLS(), DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", path, answer.Status, strings.TrimSpace(string(body)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// awaitNodes waits until every worker's Node is ready, and no process that this takes has ended.
func (c *Cluster) awaitNodes(ctx context.Context) error {
	return c.each(ctx, Kubelet, func(ctx context.Context, m *machine.Machine, kubelet *process.Process) error {
		return alive(ctx, kubelet, func(ctx context.Context) error {
			return until(ctx, func(ctx context.Context) error {
				var node corev1.Node
				if err := c.get(ctx, c.network.Machines[0], "/api/v1/nodes/"+m.Name, &node); err != nil {
					return err
				}
				for _, condition := range node.Status.Conditions {
					if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
						return nil
					}
				}
				return fmt.Errorf("node %s is not Ready", m.Name)
			})
		})
	})
}

// awaitAccount waits until a pod can be made in the namespace default: none can before it has an account.
func (c *Cluster) awaitAccount(ctx context.Context) error {
	controllers, err := c.Process(c.network.Machines[0].Name, Controllers)
	if err != nil {
		return err
	}
	return alive(ctx, controllers, func(ctx context.Context) error {
		return until(ctx, func(ctx context.Context) error {
			return c.get(ctx, c.network.Machines[0], "/api/v1/namespaces/default/serviceaccounts/default", nil)
		})
	})
}
