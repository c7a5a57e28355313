package scenario

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/fuzz/workload"
	"orrery/impl/api"
	"orrery/impl/client"
)

// agent is a static pod that every worker has.
const agent = `apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: kube-system}
spec:
  containers: [{name: main, image: ` + workload.Image + `, imagePullPolicy: Never, args: [serve]}]
`

// static gives each worker its agent, and waits until all are shown to run. From then on a mirror that is there says that a container runs, and a
// container that runs wants a mirror.
func (r *run) static(ctx context.Context, transport client.Transport) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, m := range r.cluster.Machines() {
		if !m.Worker {
			continue
		}
		if err := r.cluster.Static(m.Name, "agent.yaml", []byte(agent)); err != nil {
			return err
		}
		name := "agent-" + m.Name
		for {
			response, err := transport.Do(ctx, api.Request{Verb: api.Get, Resource: served("pods"), Namespace: "kube-system", Name: name})
			if pod, ok := response.Object.(*corev1.Pod); err == nil && ok && pod.Status.Phase == corev1.PodRunning {
				break
			}
			if sleep(ctx, 200*time.Millisecond) != nil {
				return fmt.Errorf("the static pod %s was not shown to run: %w", name, err)
			}
		}
	}
	return nil
}
