package cri

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// refuses is a runtime that refuses some removals before it makes one.
type refuses struct {
	cri.RuntimeServiceClient
	left int
	err  error
}

func (r *refuses) RemoveContainer(context.Context, *cri.RemoveContainerRequest, ...grpc.CallOption) (*cri.RemoveContainerResponse, error) {
	return &cri.RemoveContainerResponse{}, r.next()
}

func (r *refuses) RemovePodSandbox(context.Context, *cri.RemovePodSandboxRequest, ...grpc.CallOption) (*cri.RemovePodSandboxResponse, error) {
	return &cri.RemovePodSandboxResponse{}, r.next()
}

func (r *refuses) next() error {
	if r.left--; r.left < 0 {
		return nil
	}
	return r.err
}

// Goal: what has ended is removed though containerd has not noted its end, which TestContract saw once in a hundred runs of a busy machine; any other refusal,
// and one that stays, is told.
func TestAnEndThatIsNotNoted(t *testing.T) {
	unnoted := status.Error(codes.Unknown, `failed to set removing state for container "c": container is still running, to stop first`)
	other := status.Error(codes.Unknown, "the disk is full")
	for name, remove := range map[string]func(context.Context, *Client) error{
		"container": func(ctx context.Context, c *Client) error { return c.RemoveContainer(ctx, "c") },
		"sandbox":   func(ctx context.Context, c *Client) error { return c.RemoveSandbox(ctx, "s") },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, remove(t.Context(), &Client{runtime: &refuses{left: 3, err: unnoted}}))
			require.ErrorContains(t, remove(t.Context(), &Client{runtime: &refuses{left: 1, err: other}}), "the disk is full")
			short, cancel := context.WithTimeout(t.Context(), 5*removeAgain)
			defer cancel()
			require.ErrorContains(t, remove(short, &Client{runtime: &refuses{left: 1 << 30, err: unnoted}}), "still running")
		})
	}
}
