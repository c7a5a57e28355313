package containerd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ErrNoPod: there is no such pod, or none whose sandbox is ready.
var ErrNoPod = errors.New("there is no pod of that name with a sandbox that is ready")

// Pod is the UID of a pod that is there, and the path of its network namespace, by what the CRI at address says.
func Pod(ctx context.Context, address, namespace, name string) (uid, network string, err error) {
	conn, err := dial(address)
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	cri := runtimeapi.NewRuntimeServiceClient(conn)
	list, err := cri.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{Filter: &runtimeapi.PodSandboxFilter{
		LabelSelector: map[string]string{labelPodNamespace: namespace, labelPodName: name},
		State:         &runtimeapi.PodSandboxStateValue{State: runtimeapi.PodSandboxState_SANDBOX_READY},
	}})
	if err != nil {
		return "", "", fmt.Errorf("containerd: %w", err)
	}
	if len(list.Items) == 0 {
		return "", "", fmt.Errorf("containerd: %s/%s: %w", namespace, name, ErrNoPod)
	}
	sandbox := list.Items[0]
	status, err := cri.PodSandboxStatus(ctx, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: sandbox.Id, Verbose: true})
	if err != nil {
		return "", "", fmt.Errorf("containerd: %w", err)
	}
	if network, err = networkOf(status.Info["info"]); err != nil {
		return "", "", fmt.Errorf("containerd: %s/%s: %w", namespace, name, err)
	}
	return sandbox.Labels[labelPodUID], network, nil
}

// networkOf reads the path of a network namespace out of what the CRI plugin tells of a sandbox besides its status.
func networkOf(info string) (string, error) {
	var known struct {
		RuntimeSpec struct {
			Linux struct {
				Namespaces []struct{ Type, Path string }
			}
		}
	}
	if err := json.Unmarshal([]byte(info), &known); err != nil {
		return "", fmt.Errorf("what is told of its sandbox: %w", err)
	}
	for _, n := range known.RuntimeSpec.Linux.Namespaces {
		if n.Type == "network" && n.Path != "" {
			return n.Path, nil
		}
	}
	return "", errors.New("it has no network of its own")
}
