package runtime

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State of a container.
type State string

const (
	Created State = "created"
	Running State = "running"
	Exited  State = "exited"
	// Unknown: the runtime cannot tell; it may be running.
	Unknown State = "unknown"
)

// Pod is everything that exists of one pod UID.
type Pod struct {
	UID, Namespace, Name string
	Sandboxes            []Sandbox   // the newest first
	Containers           []Container // the newest first
}

// Sandbox is what the containers of a pod share: network, address, hostname.
type Sandbox struct {
	ID          string
	Attempt     uint32
	Ready       bool
	Created     time.Time
	IPs         []string
	Annotations map[string]string
}

// Container is one attempt to run one container of a pod.
type Container struct {
	ID, Sandbox string
	Name        string
	Attempt     uint32
	State       State
	Created     time.Time
	Started     time.Time
	Finished    time.Time
	ExitCode    int32
	Reason      string
	Message     string
	Image       string // as the pod names it
	ImageRef    string // as the runtime does
	LogPath     string
	Annotations map[string]string
}

// MayRun reports whether there may be a process.
func (c *Container) MayRun() bool { return c.State == Running || c.State == Unknown }

// Latest returns the newest attempt of the named container, or nil.
func (p *Pod) Latest(name string) *Container {
	for i := range p.Containers {
		if p.Containers[i].Name == name {
			return &p.Containers[i]
		}
	}
	return nil
}

// Sandbox returns the newest sandbox, or nil.
func (p *Pod) Sandbox() *Sandbox {
	if len(p.Sandboxes) == 0 {
		return nil
	}
	return &p.Sandboxes[0]
}

// Empty reports whether nothing of the pod is left.
func (p *Pod) Empty() bool { return len(p.Sandboxes) == 0 && len(p.Containers) == 0 }

// Sort brings sandboxes and containers into the order that Pod promises: by attempt, which is known to the kubelet, rather
// than by the runtime's clock.
func (p *Pod) Sort() {
	slices.SortFunc(p.Sandboxes, func(a, b Sandbox) int {
		if a.Attempt != b.Attempt {
			return int(b.Attempt) - int(a.Attempt)
		}
		return strings.Compare(a.ID, b.ID)
	})
	slices.SortFunc(p.Containers, func(a, b Container) int {
		if a.Attempt != b.Attempt {
			return int(b.Attempt) - int(a.Attempt)
		}
		if a.Name != b.Name {
			return strings.Compare(a.Name, b.Name)
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// Equal compares all that is observed.
func (p *Pod) Equal(q *Pod) bool {
	return p.UID == q.UID && p.Namespace == q.Namespace && p.Name == q.Name &&
		slices.EqualFunc(p.Sandboxes, q.Sandboxes, sandboxEqual) && slices.EqualFunc(p.Containers, q.Containers, containerEqual)
}

func sandboxEqual(a, b Sandbox) bool {
	return a.ID == b.ID && a.Attempt == b.Attempt && a.Ready == b.Ready && a.Created.Equal(b.Created) &&
		slices.Equal(a.IPs, b.IPs) && maps.Equal(a.Annotations, b.Annotations)
}

func containerEqual(a, b Container) bool {
	return a.ID == b.ID && a.Sandbox == b.Sandbox && a.Name == b.Name && a.Attempt == b.Attempt && a.State == b.State &&
		a.Created.Equal(b.Created) && a.Started.Equal(b.Started) && a.Finished.Equal(b.Finished) &&
		a.ExitCode == b.ExitCode && a.Reason == b.Reason && a.Message == b.Message && a.Image == b.Image &&
		a.ImageRef == b.ImageRef && a.LogPath == b.LogPath && maps.Equal(a.Annotations, b.Annotations)
}
