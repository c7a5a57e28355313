package cri

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

// Bounds of calls, and of the connection.
const (
	maxMessage     = 16 << 20 // upstream: pkg/kubelet/cri/remote
	reconnectFirst = 50 * time.Millisecond
	reconnectMost  = 250 * time.Millisecond // a socket of this machine costs nothing to try
	connectTimeout = 5 * time.Second
	// stopMargin is how much longer than the grace a StopContainer may take.
	stopMargin = 2 * time.Minute
	// removeAgain is the pause where something is not removed because of the words notNoted: containerd notes an end within milliseconds.
	removeAgain = 10 * time.Millisecond
	notNoted    = "container is still running, to stop first" // containerd: internal/cri/server/container_remove.go
	// maxSocket is the longest path of a unix socket that the kernel takes.
	maxSocket = 107
)

// Client speaks CRI to one endpoint. It implements [runtime.Runtime] and [runtime.Streamer].
type Client struct {
	conn    *grpc.ClientConn
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	life    context.Context
	end     context.CancelFunc
	stops   sync.WaitGroup

	mu        sync.Mutex
	changed   map[*hint]struct{}
	statuses  map[string]*cri.ContainerStatus  // by container ID and state
	sandboxes map[string]*cri.PodSandboxStatus // by sandbox ID and state
}

type hint struct{ tell func(uid string) }

var (
	_ runtime.Runtime  = (*Client)(nil)
	_ runtime.Streamer = (*Client)(nil)
)

// Dial makes a Client of an endpoint like unix:///run/containerd/containerd.sock. Nobody needs to listen there yet.
func Dial(endpoint string) (*Client, error) {
	path, ok := strings.CutPrefix(endpoint, "unix://")
	switch {
	case !ok || !strings.HasPrefix(path, "/"):
		return nil, fmt.Errorf("runtime endpoint %q: must be unix:// and an absolute path", endpoint)
	case len(path) > maxSocket:
		return nil, fmt.Errorf("runtime endpoint %q: the path of a socket may have %d bytes at most, it has %d", endpoint, maxSocket, len(path))
	}
	conn, err := grpc.NewClient("passthrough:///"+path,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithAuthority("localhost"),
		grpc.WithContextDialer(func(ctx context.Context, path string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reconnectFirst, Multiplier: 2, MaxDelay: reconnectMost},
			MinConnectTimeout: connectTimeout,
		}))
	if err != nil {
		return nil, fmt.Errorf("runtime endpoint %q: %w", endpoint, err)
	}
	life, end := context.WithCancel(context.Background())
	return &Client{conn: conn, runtime: cri.NewRuntimeServiceClient(conn), images: cri.NewImageServiceClient(conn), life: life, end: end,
		changed: map[*hint]struct{}{}, statuses: map[string]*cri.ContainerStatus{}, sandboxes: map[string]*cri.PodSandboxStatus{}}, nil
}

// Close ends the connection and the stops under way; what they were to stop runs on until it is told again.
func (c *Client) Close() error {
	c.end()
	c.stops.Wait()
	return c.conn.Close()
}

// explain translates an error of gRPC into one of the contract's, keeping the words.
func explain(err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	message := s.Message()
	switch {
	case strings.Contains(message, "failed to reserve"): // containerd: "failed to reserve container name", "... sandbox name"
		return fmt.Errorf("%w: %s", runtime.ErrExists, message)
	case s.Code() == codes.Unavailable:
		return fmt.Errorf("%w: %s", runtime.ErrUnavailable, message)
	case s.Code() == codes.NotFound:
		return fmt.Errorf("%w: %s", runtime.ErrNotFound, message)
	case s.Code() == codes.AlreadyExists:
		return fmt.Errorf("%w: %s", runtime.ErrExists, message)
	case s.Code() == codes.DeadlineExceeded:
		return fmt.Errorf("%w: %s", context.DeadlineExceeded, message)
	case s.Code() == codes.Canceled:
		return fmt.Errorf("%w: %s", context.Canceled, message)
	}
	return errors.New(message)
}

// unlessGone makes the absence of what was to be ended no error.
func unlessGone(err error) error {
	if err = explain(err); errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	return err
}

// Version implements [runtime.Runtime].
func (c *Client) Version(ctx context.Context) (runtime.Version, error) {
	v, err := c.runtime.Version(ctx, &cri.VersionRequest{Version: "v1"})
	return runtime.Version{Name: v.GetRuntimeName(), Version: v.GetRuntimeVersion()}, explain(err)
}

// Status implements [runtime.Runtime].
func (c *Client) Status(ctx context.Context) (runtime.Status, error) {
	answer, err := c.runtime.Status(ctx, &cri.StatusRequest{})
	var s runtime.Status
	for _, condition := range answer.GetStatus().GetConditions() {
		switch condition.Type {
		case cri.RuntimeReady:
			s.Ready, s.Reason, s.Message = condition.Status, condition.Reason, condition.Message
		case cri.NetworkReady:
			s.NetworkReady, s.NetworkReason, s.NetworkMessage = condition.Status, condition.Reason, condition.Message
		}
	}
	return s, explain(err)
}

// RunSandbox implements [runtime.Runtime].
func (c *Client) RunSandbox(ctx context.Context, config *cri.PodSandboxConfig) (string, error) {
	answer, err := c.runtime.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: config})
	return answer.GetPodSandboxId(), explain(err)
}

// StopSandbox implements [runtime.Runtime].
func (c *Client) StopSandbox(ctx context.Context, id string) error {
	_, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id})
	return unlessGone(err)
}

// RemoveSandbox implements [runtime.Runtime].
func (c *Client) RemoveSandbox(ctx context.Context, id string) error {
	return removed(ctx, func() error {
		_, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id})
		return err
	})
}

// CreateContainer implements [runtime.Runtime].
func (c *Client) CreateContainer(ctx context.Context, sandbox string, config *cri.ContainerConfig, in *cri.PodSandboxConfig) (string, error) {
	answer, err := c.runtime.CreateContainer(ctx, &cri.CreateContainerRequest{PodSandboxId: sandbox, Config: config, SandboxConfig: in})
	return answer.GetContainerId(), explain(err)
}

// StartContainer implements [runtime.Runtime].
func (c *Client) StartContainer(ctx context.Context, id string) error {
	_, err := c.runtime.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: id})
	return explain(err)
}

// StopContainer implements [runtime.Runtime]: it asks who the container belongs to, and leaves the waiting to a goroutine
// that ends with the Client.
func (c *Client) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	answer, err := c.runtime.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: id})
	if err != nil {
		return unlessGone(err)
	}
	uid := answer.GetStatus().GetLabels()[runtime.LabelPodUID]
	c.stops.Go(func() {
		c.stop(id, time.Now().Add(grace))
		c.tell(uid)
	})
	return nil
}

// stop waits until a container has been stopped. A runtime that dies forgets what it was to stop: the one after it is told
// again, with what is left of the grace.
func (c *Client) stop(id string, kill time.Time) {
	ctx, cancel := context.WithDeadline(c.life, kill.Add(stopMargin))
	defer cancel()
	for {
		_, err := c.runtime.StopContainer(ctx, &cri.StopContainerRequest{ContainerId: id, Timeout: seconds(time.Until(kill))})
		if !errors.Is(explain(err), runtime.ErrUnavailable) {
			return // what came of it is seen in the next list: what still runs is stopped again
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(reconnectMost):
		}
	}
}

// seconds rounds up, as CRI counts them.
func seconds(d time.Duration) int64 { return int64((max(d, 0) + time.Second - 1) / time.Second) }

// RemoveContainer implements [runtime.Runtime].
func (c *Client) RemoveContainer(ctx context.Context, id string) error {
	return removed(ctx, func() error {
		_, err := c.runtime.RemoveContainer(ctx, &cri.RemoveContainerRequest{ContainerId: id})
		return err
	})
}

// removed removes, as often as it takes containerd to note an end that it has seen: until then it finds nothing to stop, and refuses to remove what runs.
func removed(ctx context.Context, remove func() error) error {
	for {
		err := unlessGone(remove())
		if err == nil || !strings.Contains(err.Error(), notNoted) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(removeAgain):
		}
	}
}

// Exec implements [runtime.Runtime].
func (c *Client) Exec(ctx context.Context, id string, command []string, timeout time.Duration) (runtime.ExecResult, error) {
	answer, err := c.runtime.ExecSync(ctx, &cri.ExecSyncRequest{ContainerId: id, Cmd: command, Timeout: seconds(timeout)})
	if code := status.Code(err); code == codes.DeadlineExceeded || err != nil && ctx.Err() == context.DeadlineExceeded {
		return runtime.ExecResult{}, fmt.Errorf("%w: %v", runtime.ErrTimeout, err)
	}
	return runtime.ExecResult{Output: append(answer.GetStdout(), answer.GetStderr()...), ExitCode: answer.GetExitCode()}, explain(err)
}

// Images implements [runtime.Runtime].
func (c *Client) Images(ctx context.Context) ([]runtime.Image, error) {
	answer, err := c.images.ListImages(ctx, &cri.ListImagesRequest{})
	var list []runtime.Image
	for _, image := range answer.GetImages() {
		list = append(list, runtime.Image{ID: image.Id, Names: append(append([]string(nil), image.RepoDigests...), image.RepoTags...), Size: int64(image.Size)})
	}
	return list, explain(err)
}

// ImageRef implements [runtime.Runtime].
func (c *Client) ImageRef(ctx context.Context, image string) (string, error) {
	answer, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: image}})
	return answer.GetImage().GetId(), explain(err)
}

// PullImage implements [runtime.Runtime].
func (c *Client) PullImage(ctx context.Context, image string) (string, error) {
	answer, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: image}})
	return answer.GetImageRef(), explain(err)
}

// ExecURL implements [runtime.Streamer].
func (c *Client) ExecURL(ctx context.Context, request *cri.ExecRequest) (string, error) {
	answer, err := c.runtime.Exec(ctx, request)
	return answer.GetUrl(), explain(err)
}

// AttachURL implements [runtime.Streamer].
func (c *Client) AttachURL(ctx context.Context, request *cri.AttachRequest) (string, error) {
	answer, err := c.runtime.Attach(ctx, request)
	return answer.GetUrl(), explain(err)
}

// PortForwardURL implements [runtime.Streamer].
func (c *Client) PortForwardURL(ctx context.Context, request *cri.PortForwardRequest) (string, error) {
	answer, err := c.runtime.PortForward(ctx, request)
	return answer.GetUrl(), explain(err)
}
