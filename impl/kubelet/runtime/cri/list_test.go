package cri

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// says is a runtime that says one thing of each container.
type says struct {
	cri.RuntimeServiceClient
	status *cri.ContainerStatus
}

func (s says) ContainerStatus(context.Context, *cri.ContainerStatusRequest, ...grpc.CallOption) (*cri.ContainerStatusResponse, error) {
	return &cri.ContainerStatusResponse{Status: s.status}, nil
}

// Goal: the times of a container are in order. Method: one that had ended before the call that started it returned, as containerd tells it, which was seen
// of one that does nothing on a busy machine.
func TestTimesAreInOrder(t *testing.T) {
	c := &Client{statuses: map[string]*cri.ContainerStatus{}, runtime: says{status: &cri.ContainerStatus{Id: "c", State: cri.ContainerState_CONTAINER_EXITED, CreatedAt: 1, StartedAt: 4, FinishedAt: 3}}}
	got, err := c.container(t.Context(), &cri.Container{Id: "c", State: cri.ContainerState_CONTAINER_EXITED}, map[string]bool{})
	require.NoError(t, err)
	require.Equal(t, []time.Time{time.Unix(0, 1), time.Unix(0, 3), time.Unix(0, 3)}, []time.Time{got.Created, got.Started, got.Finished})
}
