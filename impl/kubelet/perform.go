package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/volume"
	"orrery/impl/trace"
)

// Bounds of the calls to the runtime. Upstream: runtimeRequestTimeout, of which a sandbox gets twice as much.
const (
	callTimeout    = 2 * time.Minute
	sandboxTimeout = 4 * time.Minute
	lookTimeout    = 10 * time.Second
)

// Perform performs one effect and shows the loop what is there then, before it answers.
func (l *Local) Perform(ctx context.Context, effect control.Effect) control.Answer {
	var err error
	var reached int64
	switch e := effect.Other.(type) {
	case Say:
		l.notes(e.PodRef, e.Notes...)
		return control.Answer{Outcome: trace.OK}
	case CleanUp:
		reached, err = l.cleanUp(e.UID)
	case Follow:
		reached = l.follow(e)
	case SetUp:
		err = l.setUp(e)
		reached = l.remember(e.PodRef, func(o *Observed) { l.setUpDone(o, e, err) })
	case EnsureImage:
		failure := l.ensureImage(ctx, e)
		reached = l.remember(e.PodRef, func(o *Observed) { l.imageChecked(o, e, failure) })
	case RunProbe:
		reached, err = l.probe(ctx, e)
	case RunHook:
		reached = l.hook(ctx, e)
	case RequestToken:
		reached, err = l.requestToken(ctx, e)
	case Stop:
		reached, err = l.stop(ctx, e)
	case onPod:
		reached, err = l.call(ctx, e)
	default:
		panic(fmt.Sprintf("kubelet: %T is no effect of the kubelet", e))
	}
	if err != nil {
		return control.Answer{Outcome: trace.Failed, Err: err, Reached: reached}
	}
	return control.Answer{Outcome: trace.OK, Reached: reached}
}

// call makes one call that changes a pod in the runtime, and looks at the pod again: the answer says little, a look all.
func (l *Local) call(ctx context.Context, e onPod) (reached int64, err error) {
	ref := e.pod()
	l.mu.Lock()
	c := l.calls[string(ref.UID)]
	if c == nil {
		c = &calls{}
		l.calls[string(ref.UID)] = c
	}
	c.open++
	l.mu.Unlock()

	err = l.issue(ctx, e)

	l.mu.Lock()
	l.turn++
	c.open--
	c.ended = l.turn
	l.turn++
	began := l.turn
	l.mu.Unlock()

	looking, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	pod, lookErr := l.Runtime.Inspect(looking, string(ref.UID))
	if lookErr == nil {
		l.lastWords(&pod)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change(podName{ref.Namespace, ref.Name}, func(o *Observed) {
		switch {
		case l.stale(string(ref.UID), began):
			// Another call on the pod has ended since; what it sees is newer.
		case lookErr != nil:
			o.Uncertain = true
		default:
			pod.UID, pod.Namespace, pod.Name = string(ref.UID), ref.Namespace, ref.Name
			o.set(pod)
		}
		o.answered(e, err, l.Now())
	})
	return l.publish(), err
}

// issue makes the call, and records what is worth an Event.
func (l *Local) issue(ctx context.Context, e onPod) error {
	timeout := callTimeout
	if _, ok := e.(RunSandbox); ok {
		timeout = sandboxTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch e := e.(type) {
	case RunSandbox:
		if err := l.mkdir(e.Config.LogDirectory); err != nil {
			return err
		}
		_, err := l.Runtime.RunSandbox(ctx, e.Config)
		if err != nil {
			l.warn(e.PodRef, "FailedCreatePodSandBox", "", "Failed to create pod sandbox: %v", err)
		}
		return err
	case StopSandbox:
		return l.Runtime.StopSandbox(ctx, e.ID)
	case RemoveSandbox:
		return l.Runtime.RemoveSandbox(ctx, e.ID)
	case Create:
		return l.create(ctx, e)
	case Start:
		if err := l.Runtime.StartContainer(ctx, e.ID); err != nil {
			l.warn(e.PodRef, "Failed", e.Path, "Error: %v", err)
			return err
		}
		l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Started", e.Path, "Container started"})
		return nil
	case Remove:
		return l.remove(ctx, e)
	}
	panic(fmt.Sprintf("kubelet: %T is no call to the runtime", e))
}

func (l *Local) create(ctx context.Context, e Create) error {
	if err := l.mkdir(filepath.Join(e.In.LogDirectory, e.Config.Metadata.Name)); err != nil {
		return err
	}
	for _, f := range e.Files {
		if err := l.write(f); err != nil {
			return err
		}
	}
	if _, err := l.Runtime.CreateContainer(ctx, e.Sandbox, e.Config, e.In); err != nil {
		if !errors.Is(err, runtime.ErrExists) {
			l.warn(e.PodRef, "Failed", e.Path, "Error: %v", err)
		}
		return err
	}
	l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Created", e.Path, "Container created"})
	return nil
}

func (l *Local) remove(ctx context.Context, e Remove) error {
	if err := l.Runtime.RemoveContainer(ctx, e.ID); err != nil || !l.Disk {
		return err
	}
	attempt := strconv.FormatUint(uint64(e.Attempt), 10)
	err := os.Remove(filepath.Join(l.Config.LogDir(e.PodRef), e.Container, attempt+".log"))
	message := os.Remove(l.Config.messageFile(e.UID, e.Container, e.Attempt))
	if err = errors.Join(ifExists(err), ifExists(message)); err != nil {
		return fmt.Errorf("removing what container %s attempt %d left: %w", e.Container, e.Attempt, err)
	}
	return nil
}

func ifExists(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// answered remembers how a call on a container or sandbox came out. That the runtime is away is nobody's failure.
func (o *Observed) answered(e onPod, err error, now time.Time) {
	if errors.Is(err, runtime.ErrUnavailable) || errors.Is(err, runtime.ErrExists) {
		return
	}
	switch e := e.(type) {
	case RunSandbox:
		o.remembered(e.UID).Sandbox = next(o.Memory.Sandbox, "FailedCreatePodSandBox", err, now)
	case Create:
		o.failed(e.UID, e.Config.Metadata.Name, "CreateContainerError", err, now)
	case Start:
		o.failed(e.UID, e.Container, "RunContainerError", err, now)
	}
}

// failed remembers a failure of one container; nil ends it.
func (o *Observed) failed(uid types.UID, container, reason string, err error, now time.Time) {
	m := o.remembered(uid)
	if err == nil {
		delete(m.Failures, container)
		return
	}
	if m.Failures == nil {
		m.Failures = map[string]Failure{}
	}
	m.Failures[container] = next(m.Failures[container], reason, err, now)
}

// remembered is the memory of a UID, begun anew if it was another's.
func (o *Observed) remembered(uid types.UID) *Memory {
	if o.Memory.UID != uid {
		o.Memory = Memory{UID: uid}
	}
	return &o.Memory
}

// next is a failure after one more attempt.
func next(f Failure, reason string, err error, now time.Time) Failure {
	if err == nil {
		return Failure{}
	}
	return Failure{Reason: reason, Message: err.Error(), At: now, Level: min(f.Level+1, maxBackoffLevel)}
}

// remember changes only what this kubelet has met with.
func (l *Local) remember(ref PodRef, change func(*Observed)) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change(podName{ref.Namespace, ref.Name}, change)
	return l.publish()
}

func (l *Local) stop(ctx context.Context, e Stop) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	l.notes(e.PodRef, Note{corev1.EventTypeNormal, "Killing", e.Path, e.Message})
	if err := l.Runtime.StopContainer(ctx, e.ID, e.Grace); err != nil {
		return l.remember(e.PodRef, func(*Observed) {}), err
	}
	return l.remember(e.PodRef, func(o *Observed) {
		if o.Stops == nil {
			o.Stops = map[string]Stopping{}
		}
		o.Stops[e.ID] = Stopping{Deadline: l.Now().Add(e.Grace)}
	}), nil
}

// setUp makes the volumes.
func (l *Local) setUp(e SetUp) error {
	if e.Missing != "" {
		return errors.New(e.Missing)
	}
	if !l.Disk {
		return nil
	}
	if err := l.mkdir(l.Config.PodDir(e.UID)); err != nil {
		return err
	}
	for _, v := range e.Volumes {
		if err := l.setUpOne(v); err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", v.Name, err)
		}
	}
	return nil
}

func (l *Local) setUpOne(v Volume) error {
	switch {
	case v.Check != nil:
		return volume.CheckHostPath(v.Dir, *v.Check)
	case v.Files != nil:
		return volume.Write(v.Dir, v.Files, l.Now())
	}
	return volume.MakeEmptyDir(v.Dir, v.Memory, v.Limit)
}

func (l *Local) setUpDone(o *Observed, e SetUp, err error) {
	m := o.remembered(e.UID)
	if err == nil {
		m.Volumes, m.VolumesFailed = e.Hash, Failure{}
		return
	}
	reason := "FailedMount"
	if e.Missing != "" {
		reason = missingReference
	}
	m.VolumesFailed = next(m.VolumesFailed, reason, err, l.Now())
	l.warn(e.PodRef, "FailedMount", "", "%v", err)
}

// cleanUp removes what lies on disk of a pod that is gone, and forgets it.
func (l *Local) cleanUp(uid types.UID) (int64, error) {
	var err error
	if l.Disk {
		err = volume.Remove(l.Config.PodDir(uid))
		logs, _ := filepath.Glob(filepath.Join(l.Config.LogsDir, "*_*_"+string(uid)))
		for _, dir := range logs {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		for _, name := range l.names() {
			if l.observed[name].Memory.UID == uid {
				l.change(name, func(o *Observed) { o.Memory = Memory{} })
			}
		}
	}
	reached := l.publish()
	dirs := l.dirs()
	l.setMachine(func(m *Machine) { m.Dirs = dirs })
	return reached, err
}

func (l *Local) mkdir(dir string) error {
	if !l.Disk {
		return nil
	}
	return os.MkdirAll(dir, 0o755)
}

func (l *Local) write(f File) error {
	if !l.Disk {
		return nil
	}
	if err := l.mkdir(filepath.Dir(f.Path)); err != nil {
		return err
	}
	if err := os.WriteFile(f.Path, []byte(f.Data), os.FileMode(f.Mode)); err != nil {
		return err
	}
	return os.Chmod(f.Path, os.FileMode(f.Mode)) // the umask must not take part
}

func (l *Local) notes(ref PodRef, notes ...Note) {
	if l.Record != nil {
		for _, n := range notes {
			l.Record(ref, n)
		}
	}
}

func (l *Local) warn(ref PodRef, reason, path, format string, args ...any) {
	l.notes(ref, Note{corev1.EventTypeWarning, reason, path, fmt.Sprintf(format, args...)})
}
