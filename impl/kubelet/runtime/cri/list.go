package cri

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

// List implements [runtime.Runtime].
func (c *Client) List(ctx context.Context) ([]runtime.Pod, error) {
	pods, kept, err := c.list(ctx, nil)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := func(key string) bool { return !kept[key] }
	maps.DeleteFunc(c.statuses, func(key string, _ *cri.ContainerStatus) bool { return gone(key) })
	maps.DeleteFunc(c.sandboxes, func(key string, _ *cri.PodSandboxStatus) bool { return gone(key) })
	return pods, nil
}

// Inspect implements [runtime.Runtime].
func (c *Client) Inspect(ctx context.Context, uid string) (runtime.Pod, error) {
	pods, _, err := c.list(ctx, map[string]string{runtime.LabelPodUID: uid})
	if err != nil || len(pods) == 0 {
		return runtime.Pod{}, err
	}
	return pods[0], nil
}

// list lists what has those labels. kept names the statuses that were used.
//
// Containers are listed before sandboxes: a container seen has a sandbox that is seen too, unless both were removed between
// the calls, and then it is left out.
func (c *Client) list(ctx context.Context, labels map[string]string) (pods []runtime.Pod, kept map[string]bool, err error) {
	containers, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{Filter: &cri.ContainerFilter{LabelSelector: labels}})
	if err != nil {
		return nil, nil, explain(err)
	}
	sandboxes, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{Filter: &cri.PodSandboxFilter{LabelSelector: labels}})
	if err != nil {
		return nil, nil, explain(err)
	}
	byUID, uidOf := map[string]*runtime.Pod{}, map[string]string{}
	kept = map[string]bool{}
	for _, s := range sandboxes.Items {
		uid := s.Labels[runtime.LabelPodUID]
		if uid == "" {
			continue // not a kubelet's
		}
		sandbox, err := c.sandbox(ctx, s, kept)
		if errors.Is(err, runtime.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		p := byUID[uid]
		if p == nil {
			p = &runtime.Pod{UID: uid, Namespace: s.Labels[runtime.LabelPodNamespace], Name: s.Labels[runtime.LabelPodName]}
			byUID[uid] = p
		}
		uidOf[s.Id] = uid
		p.Sandboxes = append(p.Sandboxes, sandbox)
	}
	for _, item := range containers.Containers {
		uid, ok := uidOf[item.PodSandboxId]
		if !ok {
			continue
		}
		container, err := c.container(ctx, item, kept)
		if errors.Is(err, runtime.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		byUID[uid].Containers = append(byUID[uid].Containers, container)
	}
	for _, uid := range slices.Sorted(maps.Keys(byUID)) {
		byUID[uid].Sort()
		pods = append(pods, *byUID[uid])
	}
	return pods, kept, nil
}

func (c *Client) sandbox(ctx context.Context, s *cri.PodSandbox, kept map[string]bool) (runtime.Sandbox, error) {
	key := s.Id + s.State.String()
	kept[key] = true
	c.mu.Lock()
	status := c.sandboxes[key]
	c.mu.Unlock()
	if status == nil {
		answer, err := c.runtime.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: s.Id})
		if err != nil {
			return runtime.Sandbox{}, explain(err)
		}
		if status = answer.Status; status.State == s.State {
			c.mu.Lock()
			c.sandboxes[key] = status
			c.mu.Unlock()
		}
	}
	out := runtime.Sandbox{ID: s.Id, Attempt: s.GetMetadata().GetAttempt(), Ready: status.State == cri.PodSandboxState_SANDBOX_READY,
		Created: instant(status.CreatedAt), Annotations: s.Annotations}
	// What has died has no address, though containerd shows the one that it had until the sandbox is stopped.
	if out.Ready && status.GetLinux().GetNamespaces().GetOptions().GetNetwork() != cri.NamespaceMode_NODE {
		if ip := status.GetNetwork().GetIp(); ip != "" {
			out.IPs = append(out.IPs, ip)
		}
		for _, ip := range status.GetNetwork().GetAdditionalIps() {
			out.IPs = append(out.IPs, ip.Ip)
		}
	}
	return out, nil
}

func (c *Client) container(ctx context.Context, item *cri.Container, kept map[string]bool) (runtime.Container, error) {
	key := item.Id + item.State.String()
	kept[key] = true
	c.mu.Lock()
	s := c.statuses[key]
	c.mu.Unlock()
	if s == nil {
		answer, err := c.runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: item.Id})
		if err != nil {
			return runtime.Container{}, explain(err)
		}
		if s = answer.Status; s.State == item.State && s.State != cri.ContainerState_CONTAINER_UNKNOWN {
			c.mu.Lock()
			c.statuses[key] = s
			c.mu.Unlock()
		}
	}
	// The image's name is the status's, the runtime's full one, and not the list's, the pod's: users see it in the pod's status.
	// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go.
	out := runtime.Container{ID: s.Id, Sandbox: item.PodSandboxId, Name: s.GetMetadata().GetName(), Attempt: s.GetMetadata().GetAttempt(), State: state(s.State),
		Created: instant(s.CreatedAt), Started: instant(s.StartedAt), Finished: instant(s.FinishedAt), ExitCode: s.ExitCode, Reason: s.Reason, Message: s.Message,
		Image: s.GetImage().GetImage(), ImageRef: s.ImageRef, Annotations: s.Annotations}
	// containerd's time of a start is that at which its call returned, which may be after the end of what is short.
	if !out.Finished.IsZero() && out.Started.After(out.Finished) {
		out.Started = out.Finished
	}
	out.LogPath = logPath(out)
	return out, nil
}

// state translates a state; what CRI does not know here either is taken for one that may run.
func state(s cri.ContainerState) runtime.State {
	switch s {
	case cri.ContainerState_CONTAINER_CREATED:
		return runtime.Created
	case cri.ContainerState_CONTAINER_RUNNING:
		return runtime.Running
	case cri.ContainerState_CONTAINER_EXITED:
		return runtime.Exited
	}
	return runtime.Unknown
}

func instant(ns int64) time.Time {
	if ns <= 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
