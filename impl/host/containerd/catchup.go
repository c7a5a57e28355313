package containerd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/labels"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/trace"
)

// Labels and annotations of containers: those of the CRI plugin, and those by which a kubelet finds its own again.
const (
	labelKind         = labels.CRIContainerdPrefix + ".kind"
	labelPodName      = "io.kubernetes.pod.name"
	labelPodNamespace = "io.kubernetes.pod.namespace"
	labelPodUID       = "io.kubernetes.pod.uid"
)

// know describes a container from its record and tells that it was created.
func (o *Observer) know(record containers.Container, at int64) {
	c := &container{Container: trace.Container{
		Node:      o.node,
		PodUID:    record.Labels[labelPodUID],
		Namespace: record.Labels[labelPodNamespace],
		Pod:       record.Labels[labelPodName],
		ID:        record.ID,
	}}
	kind := record.Labels[labelKind]
	c.described = kind == "sandbox" || kind == "container"
	if m, ok := metadata(record); ok {
		c.Attempt = m.Config.Metadata.Attempt
		if kind == "container" {
			c.Container.Container = m.Config.Metadata.Name
		}
	}
	o.known[record.ID] = c
	o.tell(c, created, at, 0)
}

// criMetadata is what is used of the record that the CRI plugin attaches to a container or sandbox.
type criMetadata struct {
	Config struct {
		Metadata struct {
			Name    string `json:"name"`
			Attempt int    `json:"attempt"`
		} `json:"metadata"`
		Annotations map[string]string `json:"annotations"`
	}
}

func metadata(record containers.Container) (criMetadata, bool) {
	for name, extension := range record.Extensions {
		if !strings.HasPrefix(name, labels.CRIContainerdPrefix) || !strings.HasSuffix(name, ".metadata") {
			continue
		}
		var versioned struct{ Metadata criMetadata }
		if err := json.Unmarshal(extension.GetValue(), &versioned); err == nil {
			return versioned.Metadata, true
		}
	}
	return criMetadata{}, false
}

// past is something that happened while nobody listened.
type past struct {
	id, state string
	at        int64
	code      int
}

// catchUp compares what is known with what containerd knows, and tells the difference in the order in which it happened.
func (o *Observer) catchUp(ctx context.Context, client *containerd.Client) error {
	records, err := client.ContainerService().List(ctx)
	if err != nil {
		return fmt.Errorf("containers: %w", err)
	}
	slices.SortFunc(records, func(a, b containers.Container) int { return a.CreatedAt.Compare(b.CreatedAt) })
	var pasts []past
	there := map[string]bool{}
	for _, record := range records {
		there[record.ID] = true
		if o.known[record.ID] == nil {
			o.know(record, onTrace(record.CreatedAt))
		}
	}
	for id := range o.known {
		if !there[id] {
			pasts = append(pasts, past{id: id, state: removed})
		}
	}
	lives, err := o.lives(ctx)
	if err != nil {
		return err
	}
	pasts = append(pasts, lives...)
	slices.SortFunc(pasts, func(a, b past) int {
		if a.at != b.at {
			// An unknown time, 0, is that of a removal: it comes after all that is known.
			return compareUnknownLast(a.at, b.at)
		}
		return rank[a.state] - rank[b.state]
	})
	for _, p := range pasts {
		o.advance(p.id, p.state, p.at, p.code)
	}
	return nil
}

func compareUnknownLast(a, b int64) int {
	switch {
	case a == 0:
		return 1
	case b == 0:
		return -1
	case a < b:
		return -1
	}
	return 1
}

// startError is the reason of containers that the CRI plugin could not start (containerd, internal/cri/server/container_start.go).
const startError = "StartError"

// life is what has happened to a container. One that could not be started counts as exited there, and has never run.
func life(s *runtimeapi.ContainerStatus) (pasts []past) {
	if t := s.StartedAt; t > 0 {
		pasts = append(pasts, past{id: s.Id, state: started, at: onTrace(time.Unix(0, t))})
	} else if s.Reason == startError {
		return nil
	}
	if t := s.FinishedAt; t > 0 && s.State == runtimeapi.ContainerState_CONTAINER_EXITED {
		pasts = append(pasts, past{id: s.Id, state: exited, at: onTrace(time.Unix(0, t)), code: int(s.ExitCode)})
	}
	return pasts
}

// lives asks the CRI, which keeps what it learned of an exit until the container is removed.
func (o *Observer) lives(ctx context.Context) ([]past, error) {
	conn, err := dial(o.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	cri := runtimeapi.NewRuntimeServiceClient(conn)
	var pasts []past
	list, err := cri.ListContainers(ctx, &runtimeapi.ListContainersRequest{})
	if err != nil {
		return nil, fmt.Errorf("CRI: %w", err)
	}
	for _, c := range list.Containers {
		answer, err := cri.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: c.Id})
		if err != nil {
			continue // removed since: that is heard
		}
		pasts = append(pasts, life(answer.Status)...)
	}
	sandboxes, err := cri.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{})
	if err != nil {
		return nil, fmt.Errorf("CRI: %w", err)
	}
	for _, s := range sandboxes.Items {
		pasts = append(pasts, past{id: s.Id, state: started, at: onTrace(time.Unix(0, s.CreatedAt))})
		if s.State == runtimeapi.PodSandboxState_SANDBOX_NOTREADY {
			// The CRI keeps no time of a sandbox's end.
			pasts = append(pasts, past{id: s.Id, state: exited})
		}
	}
	return pasts, nil
}
