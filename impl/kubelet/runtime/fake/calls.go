package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"orrery/impl/kubelet/runtime"
)

var _ runtime.Runtime = (*Machine)(nil)

// Version implements [runtime.Runtime].
func (m *Machine) Version(context.Context) (runtime.Version, error) {
	leave, err := m.enter("Version")
	if err != nil {
		return runtime.Version{}, err
	}
	return runtime.Version{Name: "fake", Version: "1.0"}, leave(nil)
}

// Status implements [runtime.Runtime].
func (m *Machine) Status(context.Context) (runtime.Status, error) {
	leave, err := m.enter("Status")
	if err != nil {
		return runtime.Status{}, err
	}
	return runtime.Status{Ready: true, NetworkReady: true}, leave(nil)
}

// List implements [runtime.Runtime].
func (m *Machine) List(context.Context) ([]runtime.Pod, error) {
	leave, err := m.enter("List")
	if err != nil {
		return nil, err
	}
	pods := map[string]*runtime.Pod{}
	for _, s := range m.sandboxes {
		p := pods[s.uid]
		if p == nil {
			p = &runtime.Pod{UID: s.uid, Namespace: s.namespace, Name: s.name}
			pods[s.uid] = p
		}
		p.Sandboxes = append(p.Sandboxes, s.Sandbox)
	}
	for _, c := range m.containers {
		pods[c.sandbox.uid].Containers = append(pods[c.sandbox.uid].Containers, c.Container)
	}
	list := make([]runtime.Pod, 0, len(pods))
	for _, uid := range slices.Sorted(maps.Keys(pods)) {
		pods[uid].Sort()
		list = append(list, *pods[uid])
	}
	return list, leave(nil)
}

// Inspect implements [runtime.Runtime].
func (m *Machine) Inspect(ctx context.Context, uid string) (runtime.Pod, error) {
	pods, err := m.List(ctx)
	for _, p := range pods {
		if p.UID == uid {
			return p, err
		}
	}
	return runtime.Pod{}, err
}

// Changes implements [runtime.Runtime]: it tells nothing, so that a simulation decides when to list.
func (m *Machine) Changes(ctx context.Context, _ func(string)) error {
	<-ctx.Done()
	return ctx.Err()
}

// RunSandbox implements [runtime.Runtime].
func (m *Machine) RunSandbox(_ context.Context, config *cri.PodSandboxConfig) (string, error) {
	leave, err := m.enter("RunSandbox")
	if err != nil {
		return "", err
	}
	meta := config.Metadata
	for _, s := range m.sandboxes {
		if s.uid == meta.Uid && s.Attempt == meta.Attempt {
			return "", leave(fmt.Errorf("sandbox %s_%s_%s_%d: %w", meta.Name, meta.Namespace, meta.Uid, meta.Attempt, runtime.ErrExists))
		}
	}
	s := &sandbox{uid: meta.Uid, namespace: meta.Namespace, name: meta.Name}
	s.Sandbox = runtime.Sandbox{ID: m.id("sandbox"), Attempt: meta.Attempt, Ready: true, Created: m.now, Annotations: maps.Clone(config.Annotations)}
	s.IPs = []string{fmt.Sprintf("10.88.%d.%d", m.next/250, m.next%250+2)}
	if config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == cri.NamespaceMode_NODE {
		s.IPs = nil
	}
	m.sandboxes[s.ID] = s
	return s.ID, leave(nil)
}

// StopSandbox implements [runtime.Runtime].
func (m *Machine) StopSandbox(_ context.Context, id string) error {
	leave, err := m.enter("StopSandbox")
	if err != nil {
		return err
	}
	if s := m.sandboxes[id]; s != nil {
		s.die()
		for _, c := range m.ordered() {
			if c.sandbox == s && c.MayRun() {
				m.exit(c, codeKill)
			}
		}
	}
	return leave(nil)
}

// RemoveSandbox implements [runtime.Runtime].
func (m *Machine) RemoveSandbox(_ context.Context, id string) error {
	leave, err := m.enter("RemoveSandbox")
	if err != nil {
		return err
	}
	if s := m.sandboxes[id]; s != nil {
		for _, c := range m.ordered() {
			if c.sandbox == s {
				m.remove(c)
			}
		}
		delete(m.sandboxes, id)
	}
	return leave(nil)
}

// CreateContainer implements [runtime.Runtime].
func (m *Machine) CreateContainer(_ context.Context, in string, config *cri.ContainerConfig, _ *cri.PodSandboxConfig) (string, error) {
	leave, err := m.enter("CreateContainer")
	if err != nil {
		return "", err
	}
	s := m.sandboxes[in]
	switch {
	case s == nil:
		return "", leave(fmt.Errorf("sandbox %q: %w", in, runtime.ErrNotFound))
	case !s.Ready:
		return "", leave(fmt.Errorf("sandbox %q is not ready", in))
	case !m.images[config.Image.Image]:
		return "", leave(fmt.Errorf("image %q: %w", config.Image.Image, runtime.ErrNotFound))
	}
	for _, c := range m.containers {
		if c.sandbox.uid == s.uid && c.Name == config.Metadata.Name && c.Attempt == config.Metadata.Attempt {
			return "", leave(fmt.Errorf("container %s attempt %d: %w", c.Name, c.Attempt, runtime.ErrExists))
		}
	}
	c := &container{sandbox: s, program: Parse(slices.Concat(config.Command, config.Args))}
	c.Container = runtime.Container{ID: m.id("container"), Sandbox: in, Name: config.Metadata.Name, Attempt: config.Metadata.Attempt,
		State: runtime.Created, Created: m.now, Image: config.Image.Image, ImageRef: "sha256:" + config.Image.Image,
		LogPath: config.LogPath, Annotations: maps.Clone(config.Annotations)}
	m.containers[c.ID] = c
	m.tell(c, "created")
	return c.ID, leave(nil)
}

// StartContainer implements [runtime.Runtime].
func (m *Machine) StartContainer(_ context.Context, id string) error {
	leave, err := m.enter("StartContainer")
	if err != nil {
		return err
	}
	c := m.containers[id]
	switch {
	case c == nil:
		return leave(fmt.Errorf("container %q: %w", id, runtime.ErrNotFound))
	case c.State != runtime.Created:
		return leave(fmt.Errorf("container %q is %s and cannot be started", id, c.State))
	case !c.sandbox.Ready:
		return leave(m.notStarted(c, fmt.Sprintf("sandbox container %q is not running", c.sandbox.ID)))
	case c.program.Refuses != "":
		return leave(m.notStarted(c, "failed to create containerd task: "+c.program.Refuses))
	}
	c.State, c.Started = runtime.Running, m.now
	if c.program.Runs > 0 {
		c.ends = m.now.Add(c.program.Runs)
	}
	m.tell(c, "started")
	return leave(nil)
}

// notStarted ends a container that could not be started; it never was running.
func (m *Machine) notStarted(c *container, why string) error {
	m.exit(c, codeNotStarted)
	c.Reason, c.Message = "StartError", why
	return errors.New(why)
}

// StopContainer implements [runtime.Runtime].
func (m *Machine) StopContainer(_ context.Context, id string, grace time.Duration) error {
	leave, err := m.enter("StopContainer")
	if err != nil {
		return err
	}
	if c := m.containers[id]; c != nil && c.MayRun() {
		if c.told.IsZero() {
			c.told = m.now
		}
		if kill := m.now.Add(max(grace, 0)); c.kill.IsZero() || kill.Before(c.kill) {
			c.kill = kill
		}
		if c.term.IsZero() && !c.program.IgnoresTerm {
			c.term = m.now.Add(c.program.TermAfter)
		}
		if grace <= 0 {
			m.exit(c, codeKill)
		}
	}
	return leave(nil)
}

// RemoveContainer implements [runtime.Runtime].
func (m *Machine) RemoveContainer(_ context.Context, id string) error {
	leave, err := m.enter("RemoveContainer")
	if err != nil {
		return err
	}
	if c := m.containers[id]; c != nil {
		m.remove(c)
	}
	return leave(nil)
}

func (m *Machine) remove(c *container) {
	if c.MayRun() {
		m.exit(c, codeKill)
	}
	m.forget(c)
}

// Exec implements [runtime.Runtime].
func (m *Machine) Exec(_ context.Context, id string, command []string, _ time.Duration) (runtime.ExecResult, error) {
	leave, err := m.enter("Exec")
	if err != nil {
		return runtime.ExecResult{}, err
	}
	c := m.containers[id]
	switch {
	case c == nil:
		return runtime.ExecResult{}, leave(fmt.Errorf("container %q: %w", id, runtime.ErrNotFound))
	case c.State != runtime.Running:
		return runtime.ExecResult{}, leave(fmt.Errorf("container %q is not running", id))
	}
	if m.Command == nil {
		return runtime.ExecResult{}, leave(nil)
	}
	result, err := m.Command(c.Container, command)
	return result, leave(err)
}

// Images implements [runtime.Runtime].
func (m *Machine) Images(context.Context) ([]runtime.Image, error) {
	leave, err := m.enter("Images")
	if err != nil {
		return nil, err
	}
	var list []runtime.Image
	for _, name := range slices.Sorted(maps.Keys(m.images)) {
		list = append(list, runtime.Image{ID: "sha256:" + name, Names: []string{name}, Size: 1 << 20})
	}
	return list, leave(nil)
}

// ImageRef implements [runtime.Runtime].
func (m *Machine) ImageRef(_ context.Context, image string) (string, error) {
	leave, err := m.enter("ImageRef")
	if err != nil {
		return "", err
	}
	if !m.images[strings.TrimSuffix(image, ":latest")] && !m.images[image] {
		return "", leave(nil)
	}
	return "sha256:" + image, leave(nil)
}

// PullImage implements [runtime.Runtime]: there is no registry.
func (m *Machine) PullImage(_ context.Context, image string) (string, error) {
	leave, err := m.enter("PullImage")
	if err != nil {
		return "", err
	}
	return "", leave(fmt.Errorf("failed to pull and unpack image %q: not found", image))
}
