package containerd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/distribution/reference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// poll is how often it is looked whether something is ready.
const poll = 10 * time.Millisecond

// dialTimeout bounds how long one attempt to reach containerd may take.
const dialTimeout = 10 * time.Second

// connect opens a client for the CRI's namespace.
func connect(address string) (*containerd.Client, error) {
	return containerd.New(address, containerd.WithDefaultNamespace(Namespace), containerd.WithTimeout(dialTimeout))
}

// dial is a connection to the CRI.
func dial(address string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("unix:"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("containerd: %w", err)
	}
	return conn, nil
}

// AwaitReady waits until the CRI at address says that runtime and network are ready.
func AwaitReady(ctx context.Context, address string) error {
	conn, err := dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	cri := runtimeapi.NewRuntimeServiceClient(conn)
	return until(ctx, func() error {
		status, err := cri.Status(ctx, &runtimeapi.StatusRequest{})
		if err != nil {
			// A refused connection is tried again after a delay that suits a network, not a socket.
			conn.ResetConnectBackoff()
			return err
		}
		for _, c := range status.Status.Conditions {
			if !c.Status && (c.Type == runtimeapi.RuntimeReady || c.Type == runtimeapi.NetworkReady) {
				return fmt.Errorf("%s: %s", c.Type, c.Message)
			}
		}
		return nil
	})
}

// until tries again until try succeeds or ctx ends, and then says what was wrong last.
func until(ctx context.Context, try func() error) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("containerd: not ready: %w (last: %v)", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// Import reads an OCI archive, or one as `docker save` writes it, unpacks its images, and returns their names. They can be
// used by CRI when it returns.
func Import(ctx context.Context, address, archive string) ([]string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, fmt.Errorf("containerd: import: %w", err)
	}
	defer f.Close()
	client, err := connect(address)
	if err != nil {
		return nil, fmt.Errorf("containerd: %w", err)
	}
	defer client.Close()
	// A lease keeps the garbage collector away between import and unpack.
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return nil, fmt.Errorf("containerd: import: %w", err)
	}
	defer release(ctx)
	images, err := client.Import(ctx, f, containerd.WithImageRefTranslator(normalize))
	if err != nil {
		return nil, fmt.Errorf("containerd: import %s: %w", archive, err)
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("containerd: import %s: the archive names no image: it needs a full reference such as docker.io/local/web:1", archive)
	}
	snapshotter, err := snapshotterOf(ctx, client)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, image := range images {
		if err := containerd.NewImage(client, image).Unpack(ctx, snapshotter); err != nil {
			return nil, fmt.Errorf("containerd: unpack %s: %w", image.Name, err)
		}
		names = append(names, image.Name)
	}
	return names, awaitImages(ctx, address, names)
}

// snapshotterOf is the snapshotter that the containerd uses: overlayfs where its plugin could be loaded, by the test that
// [Config.snapshotter] makes too.
func snapshotterOf(ctx context.Context, client *containerd.Client) (string, error) {
	answer, err := client.IntrospectionService().Plugins(ctx, "id=="+overlayfs)
	if err != nil {
		return "", fmt.Errorf("containerd: which snapshotter: %w", err)
	}
	for _, p := range answer.Plugins {
		if p.InitErr == nil {
			return overlayfs, nil
		}
	}
	return native, nil
}

// normalize makes a full reference of one that leaves out its registry, and nothing of what is none.
func normalize(name string) string {
	ref, err := reference.ParseDockerRef(name)
	if err != nil {
		return ""
	}
	return ref.String()
}

// awaitImages waits until CRI, which hears of images by an event, knows them.
func awaitImages(ctx context.Context, address string, names []string) error {
	conn, err := dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	cri := runtimeapi.NewImageServiceClient(conn)
	for _, name := range names {
		err := until(ctx, func() error {
			status, err := cri.ImageStatus(ctx, &runtimeapi.ImageStatusRequest{Image: &runtimeapi.ImageSpec{Image: name}})
			if err == nil && status.Image == nil {
				err = errors.New("not known to CRI yet")
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("image %s: %w", name, err)
		}
	}
	return nil
}
