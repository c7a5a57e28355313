package containerd

import (
	"context"
	"errors"
	"fmt"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Empty ends and removes all pods of the CRI at address, without asking them, and returns how many containers it stopped. Nobody may start any meanwhile.
func Empty(ctx context.Context, address string) (stopped int, err error) {
	conn, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	cri := runtimeapi.NewRuntimeServiceClient(conn)
	err = until(ctx, func() error {
		conn.ResetConnectBackoff()
		list, err := cri.ListContainers(ctx, &runtimeapi.ListContainersRequest{})
		if err != nil {
			return fmt.Errorf("CRI: %w", err)
		}
		for _, c := range list.Containers {
			if c.State != runtimeapi.ContainerState_CONTAINER_RUNNING {
				continue
			}
			if _, err := cri.StopContainer(ctx, &runtimeapi.StopContainerRequest{ContainerId: c.Id}); err != nil {
				return fmt.Errorf("CRI: %w", err)
			}
			stopped++
		}
		sandboxes, err := cri.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{})
		if err != nil {
			return fmt.Errorf("CRI: %w", err)
		}
		for _, s := range sandboxes.Items {
			_, stop := cri.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: s.Id})
			_, remove := cri.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: s.Id})
			if err := errors.Join(stop, remove); err != nil {
				return fmt.Errorf("CRI: %w", err)
			}
		}
		return nil
	})
	return stopped, err
}
