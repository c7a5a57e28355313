package runtimetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	"pgregory.net/rapid"

	"orrery/impl/kubelet/runtime"
)

const (
	namespace  = "default"
	annotation = "orrery/runtimetest"
	// none is an ID, or an image, that there is not.
	none = "none"
)

// The graces of stops: none, one that passes, and one that does not while the test lasts.
var graces = []time.Duration{0, time.Second, time.Hour}

// namespaces are those of a pod that asks for nothing. Were the processes of a pod in one namespace, which CRI takes to be meant where nothing is said,
// they would end with that of the sandbox.
func namespaces() *cri.NamespaceOption {
	return &cri.NamespaceOption{Pid: cri.NamespaceMode_CONTAINER}
}

func (m *machine) sandboxConfig(uid string, attempt uint32) *cri.PodSandboxConfig {
	return &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: nameOf(uid), Namespace: namespace, Uid: uid, Attempt: attempt},
		Hostname:     nameOf(uid),
		LogDirectory: filepath.Join(m.Logs, uid),
		Labels:       map[string]string{runtime.LabelPodName: nameOf(uid), runtime.LabelPodNamespace: namespace, runtime.LabelPodUID: uid},
		Annotations:  map[string]string{annotation: uid},
		Linux:        &cri.LinuxPodSandboxConfig{CgroupParent: m.CgroupParent, SecurityContext: &cri.LinuxSandboxSecurityContext{NamespaceOptions: namespaces()}},
	}
}

func (m *machine) runSandbox(t *rapid.T) {
	s := &sandbox{uid: rapid.SampledFrom([]string{"u1", "u2"}).Draw(t, "uid"), attempt: rapid.Uint32Range(0, 1).Draw(t, "attempt"), ready: true}
	exists := slices.ContainsFunc(m.sandboxes, func(o *sandbox) bool { return o.uid == s.uid && o.attempt == s.attempt })
	ctx, cancel := bounded()
	defer cancel()
	id, err := m.Runtime.RunSandbox(ctx, m.sandboxConfig(s.uid, s.attempt))
	if exists {
		refused(t, "RunSandbox of a name that exists", err, runtime.ErrExists)
		return
	}
	if err != nil {
		t.Fatalf("RunSandbox %s attempt %d: %v", s.uid, s.attempt, err)
	}
	m.fresh(t, id)
	s.id = id
	m.sandboxes = append(m.sandboxes, s)
}

// refused fails unless err is one of those; nil stands for any that is none of the contract's.
func refused(t *rapid.T, what string, err error, allowed ...error) {
	known := slices.ContainsFunc([]error{runtime.ErrExists, runtime.ErrNotFound, runtime.ErrUnavailable, runtime.ErrTimeout}, func(e error) bool { return errors.Is(err, e) })
	for _, e := range allowed {
		if err != nil && (e == nil && !known || e != nil && errors.Is(err, e)) {
			return
		}
	}
	t.Fatalf("%s: got %v, want one of %v", what, err, allowed)
}

// maxTries is how many refusals in a row are enough, maxContainers how many containers are.
const (
	maxTries      = 5
	maxContainers = 6
)

// create makes a container, perhaps after some that are refused.
func (m *machine) create(t *rapid.T) {
	for range maxTries {
		if len(m.containers) < maxContainers && m.createOne(t) {
			return
		}
	}
	t.Skip("there are many, or it was refused every time")
}

func (m *machine) createOne(t *rapid.T) bool {
	c := &container{sandbox: take(t, m.sandboxes), name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
		attempt: rapid.Uint32Range(0, 2).Draw(t, "attempt"), restart: m.next(), state: runtime.Created}
	c.args = rapid.SampledFrom([][]string{m.Forever.Args, m.Forever.Args, m.Stubborn.Args, {"exit", "0"}, {"exit", "3"}, {"nonsense"}}).Draw(t, "args")
	image := m.Image
	if rapid.IntRange(0, 9).Draw(t, "image") == 9 {
		image = none
	}
	in, why := &sandbox{id: none, uid: "u0"}, []error(nil)
	switch {
	case c.sandbox == nil:
		why = append(why, runtime.ErrNotFound)
	case !c.sandbox.ready:
		why = append(why, nil)
	}
	if c.sandbox != nil {
		in = c.sandbox
	}
	if slices.ContainsFunc(m.containers, func(o *container) bool { return o.sandbox.uid == in.uid && o.name == c.name && o.attempt == c.attempt }) {
		why = append(why, runtime.ErrExists)
	}
	if image == none {
		why = append(why, runtime.ErrNotFound)
	}
	config := &cri.ContainerConfig{
		Metadata:    &cri.ContainerMetadata{Name: c.name, Attempt: c.attempt},
		Image:       &cri.ImageSpec{Image: image, UserSpecifiedImage: image},
		Command:     c.args,
		LogPath:     c.name + "/" + c.restart + ".log",
		Labels:      map[string]string{runtime.LabelPodName: nameOf(in.uid), runtime.LabelPodNamespace: namespace, runtime.LabelPodUID: in.uid, runtime.LabelContainerName: c.name},
		Annotations: map[string]string{runtime.AnnotationRestartCount: c.restart},
		Linux:       &cri.LinuxContainerConfig{SecurityContext: &cri.LinuxContainerSecurityContext{NamespaceOptions: namespaces()}},
	}
	ctx, cancel := bounded()
	defer cancel()
	id, err := m.Runtime.CreateContainer(ctx, in.id, config, m.sandboxConfig(in.uid, in.attempt))
	if len(why) > 0 {
		refused(t, "CreateContainer "+c.name, err, why...)
		return false
	}
	if err != nil {
		t.Fatalf("CreateContainer %s attempt %d in %s: %v", c.name, c.attempt, in.id, err)
	}
	m.fresh(t, id)
	c.id = id
	m.containers = append(m.containers, c)
	return true
}

func (m *machine) start(t *rapid.T) { m.startOne(t, take(t, m.containers)) }

func (m *machine) startOne(t *rapid.T, c *container) {
	ctx, cancel := bounded()
	defer cancel()
	if c == nil {
		refused(t, "StartContainer of an unknown one", m.Runtime.StartContainer(ctx, none), runtime.ErrNotFound)
		return
	}
	err := m.Runtime.StartContainer(ctx, c.id)
	switch {
	case c.state != runtime.Created:
		refused(t, "StartContainer of one that is "+string(c.state), err, nil)
	case !c.sandbox.ready || c.args[0] == "nonsense":
		// A start that failed is an end: it is not tried again.
		if err == nil {
			t.Fatalf("2: StartContainer %v", c)
		}
		c.state, c.codes = runtime.Exited, []int32{notStarted}
	case err != nil:
		t.Fatalf("StartContainer %v: %v", c, err)
	default:
		c.state = runtime.Running
		switch {
		case slices.Equal(c.args, []string{"exit", "0"}):
			c.ends(true, 0)
		case c.args[0] == "exit":
			c.ends(true, 3)
		default:
			m.awaitReady(c)
		}
	}
}

// awaitReady waits until a container hears signals.
func (m *machine) awaitReady(c *container) {
	if m.Logs == "" {
		return
	}
	m.Await("a container's first words", func() bool {
		data, _ := os.ReadFile(filepath.Join(m.Logs, c.sandbox.uid, c.name, c.restart+".log"))
		return strings.Contains(string(data), "ready")
	})
}

func (m *machine) stop(t *rapid.T) {
	c, grace := take(t, m.containers), rapid.SampledFrom(graces).Draw(t, "grace")
	ctx, cancel := bounded()
	defer cancel()
	id := none
	if c != nil {
		id = c.id
	}
	if err := m.Runtime.StopContainer(ctx, id, grace); err != nil {
		t.Fatalf("3: StopContainer %v with grace %v: %v", c, grace, err)
	}
	if c == nil {
		return
	}
	stubborn := slices.Equal(c.args, m.Stubborn.Args)
	if grace > 0 && !stubborn {
		c.ends(true, m.Forever.Codes...)
	}
	if grace < time.Hour {
		c.ends(true, killed)
	}
}

func (m *machine) remove(t *rapid.T) {
	c := take(t, m.containers)
	ctx, cancel := bounded()
	defer cancel()
	id := none
	if c != nil {
		id = c.id
		m.containers = slices.DeleteFunc(m.containers, func(o *container) bool { return o == c })
	}
	if err := m.Runtime.RemoveContainer(ctx, id); err != nil {
		t.Fatalf("4: RemoveContainer %s: %v", id, err)
	}
}

func (m *machine) stopSandbox(t *rapid.T) {
	s := take(t, m.sandboxes)
	ctx, cancel := bounded()
	defer cancel()
	id := none
	if s != nil {
		id = s.id
	}
	if err := m.Runtime.StopSandbox(ctx, id); err != nil {
		t.Fatalf("4: StopSandbox %s: %v", id, err)
	}
	if s == nil {
		return
	}
	s.ready = false
	for _, c := range m.containers {
		switch {
		case c.sandbox != s || c.state != runtime.Running:
		case c.due:
			c.ends(true, killed) // it may have ended by itself, which is shown in its time
		default:
			c.state, c.codes = runtime.Exited, append(c.codes, killed)
		}
	}
}

func (m *machine) removeSandbox(t *rapid.T) {
	s := take(t, m.sandboxes)
	ctx, cancel := bounded()
	defer cancel()
	id := none
	if s != nil {
		id = s.id
		m.sandboxes = slices.DeleteFunc(m.sandboxes, func(o *sandbox) bool { return o == s })
		m.containers = slices.DeleteFunc(m.containers, func(c *container) bool { return c.sandbox == s })
	}
	if err := m.Runtime.RemoveSandbox(ctx, id); err != nil {
		t.Fatalf("4: RemoveSandbox %s: %v", id, err)
	}
}

// victims draws processes that are to die, one sandbox in so many.
func (m *machine) victims(t *rapid.T, often int) (ids []string) {
	for _, s := range m.sandboxes {
		if s.ready && rapid.IntRange(1, often).Draw(t, "sandbox dies") == often {
			ids = append(ids, s.id)
		}
	}
	for _, c := range m.containers {
		if c.state == runtime.Running && !c.due && rapid.Bool().Draw(t, "container dies") {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// died waits until it is seen that they have, with those codes.
func (m *machine) died(ids []string, codes ...int32) {
	for _, id := range ids {
		if c := m.containerOf(id); c != nil {
			c.ends(true, codes...)
			continue
		}
		s := m.sandboxOf(id)
		m.Await("a sandbox that was killed is not ready", func() bool {
			ctx, cancel := bounded()
			defer cancel()
			p, err := m.Runtime.Inspect(ctx, s.uid)
			return err == nil && slices.ContainsFunc(p.Sandboxes, func(o runtime.Sandbox) bool { return o.ID == id && !o.Ready })
		})
		s.ready = false
	}
}

func (m *machine) kill(t *rapid.T) {
	ids := m.victims(t, 4)
	if len(ids) == 0 {
		t.Skip("nothing runs")
	}
	for _, id := range ids {
		m.Kill(id)
	}
	m.died(ids, killed)
}

func (m *machine) crash(t *rapid.T) {
	ids := m.victims(t, 10) // containerd takes its time over it
	m.Crash(ids, func() {
		for what, call := range map[string]func(context.Context) error{
			"List": func(ctx context.Context) error { _, err := m.Runtime.List(ctx); return err },
			"RunSandbox": func(ctx context.Context) error {
				_, err := m.Runtime.RunSandbox(ctx, m.sandboxConfig("u3", 0))
				return err
			},
			"StartContainer": func(ctx context.Context) error { return m.Runtime.StartContainer(ctx, none) },
			"StopContainer":  func(ctx context.Context) error { return m.Runtime.StopContainer(ctx, none, 0) },
			"StopSandbox":    func(ctx context.Context) error { return m.Runtime.StopSandbox(ctx, none) },
		} {
			ctx, cancel := bounded()
			if err := call(ctx); !errors.Is(err, runtime.ErrUnavailable) {
				t.Fatalf("6: %s while the runtime is away: %v", what, err)
			}
			cancel()
		}
	})
	m.died(ids, killed)
	for _, c := range m.containers {
		if c.due {
			c.ends(true, unknownCode) // it may have ended meanwhile
		}
	}
}

func (m *machine) exec(t *rapid.T) {
	c := take(t, m.containers)
	ctx, cancel := bounded()
	defer cancel()
	if c == nil {
		_, err := m.Runtime.Exec(ctx, none, []string{"true"}, callTimeout)
		refused(t, "Exec in an unknown container", err, runtime.ErrNotFound)
		return
	}
	if c.due {
		t.Skip("it may end at any time")
	}
	got, err := m.Runtime.Exec(ctx, c.id, []string{"echo", "hi"}, callTimeout)
	if c.state != runtime.Running {
		refused(t, "Exec in a container that is "+string(c.state), err, nil)
		return
	}
	if err != nil || got.ExitCode != 0 || string(got.Output) != "hi\n" {
		t.Fatalf("Exec echo: %d %q, %v", got.ExitCode, got.Output, err)
	}
	if got, err = m.Runtime.Exec(ctx, c.id, []string{"exit", "7"}, callTimeout); err != nil || got.ExitCode != 7 {
		t.Fatalf("Exec exit 7: %d %q, %v", got.ExitCode, got.Output, err)
	}
	_, err = m.Runtime.Exec(ctx, c.id, []string{"nonsense"}, callTimeout)
	refused(t, "Exec of a command that there is not", err, nil)
}

// settle waits for what must end.
func (m *machine) settle(t *rapid.T) {
	m.Await("what must end has ended", func() bool {
		m.check(t)
		return !slices.ContainsFunc(m.containers, func(c *container) bool { return c.due })
	})
}
