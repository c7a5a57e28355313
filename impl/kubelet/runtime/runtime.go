package runtime

import (
	"context"
	"errors"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Runtime runs containers: see the package comment for what it promises.
type Runtime interface {
	// Version names the runtime.
	Version(ctx context.Context) (Version, error)
	// Status tells whether pods can be run, and why not.
	Status(ctx context.Context) (Status, error)

	// List returns all pods that have a sandbox or a container here, by UID; Inspect those of one UID (zero: none).
	List(ctx context.Context) ([]Pod, error)
	Inspect(ctx context.Context, uid string) (Pod, error)
	// Changes calls changed with the UID of a pod that may have changed, until ctx or the connection ends. Calls may be
	// missed: List is the truth.
	Changes(ctx context.Context, changed func(uid string)) error

	RunSandbox(ctx context.Context, config *cri.PodSandboxConfig) (id string, err error)
	StopSandbox(ctx context.Context, id string) error
	RemoveSandbox(ctx context.Context, id string) error

	CreateContainer(ctx context.Context, sandbox string, config *cri.ContainerConfig, in *cri.PodSandboxConfig) (id string, err error)
	StartContainer(ctx context.Context, id string) error
	StopContainer(ctx context.Context, id string, grace time.Duration) error
	RemoveContainer(ctx context.Context, id string) error
	// Exec runs a command in a container to its end, or until the timeout: ErrTimeout.
	Exec(ctx context.Context, id string, command []string, timeout time.Duration) (ExecResult, error)

	// Images lists what is here. ImageRef is the reference of one image, empty if it is not here. PullImage fetches one.
	Images(ctx context.Context) ([]Image, error)
	ImageRef(ctx context.Context, image string) (string, error)
	PullImage(ctx context.Context, image string) (ref string, err error)
}

// Streamer is implemented by a Runtime that can stream into its containers: the URL at which it waits for the stream.
type Streamer interface {
	ExecURL(ctx context.Context, request *cri.ExecRequest) (string, error)
	AttachURL(ctx context.Context, request *cri.AttachRequest) (string, error)
	PortForwardURL(ctx context.Context, request *cri.PortForwardRequest) (string, error)
}

// Errors of a Runtime; every other error is a refusal, definitely without effect unless the context ended.
var (
	// ErrUnavailable: the runtime does not answer.
	ErrUnavailable = errors.New("the container runtime is unavailable")
	// ErrExists: something of that name exists.
	ErrExists = errors.New("the name is reserved")
	// ErrNotFound: nothing of that ID exists.
	ErrNotFound = errors.New("not found in the container runtime")
	// ErrTimeout: a command ran longer than it may.
	ErrTimeout = errors.New("command timed out")
)

// Version names a runtime as containerRuntimeVersion does: name://version.
type Version struct{ Name, Version string }

// Status is whether pods can be run. The reasons and messages say why not.
type Status struct {
	Ready, NetworkReady     bool
	Reason, NetworkReason   string
	Message, NetworkMessage string
}

// Image is one image that is present.
type Image struct {
	ID    string
	Names []string
	Size  int64
}

// ExecResult is what a command in a container said.
type ExecResult struct {
	Output   []byte // stdout, then stderr
	ExitCode int32
}
