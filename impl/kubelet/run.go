package kubelet

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
)

// run brings a pod forward by one step: volumes, sandbox, init containers one after the other, then the app containers
// in their order. What the step did is seen before the next is decided.
func (p *pass) run() {
	if p.stopWrong() {
		return
	}
	if p.finished() {
		p.windUp()
		return
	}
	todo := p.todo()
	mounted := p.mount()
	switch {
	case p.busy() || !mounted || len(todo) == 0:
	case p.sandbox() == nil:
		p.runSandbox()
	default:
		for _, m := range todo {
			if p.start(m); p.busy() {
				break
			}
		}
	}
	p.collect()
}

// windUp brings a pod that has come to its end to where nothing of it runs or can be started: the API shows its terminal phase then
// (row 78).
func (p *pass) windUp() {
	grace := time.Duration(p.specGrace()) * time.Second
	if p.stopAll(func(*runtime.Container) time.Duration { return grace }, "") && p.startable() {
		p.stopSandboxes("what was made must not be started any more")
	}
	p.collect()
}

// mount has the volumes set up, again when their content has changed, and reports whether they are as they should be.
// Without its volumes nothing is started; what runs goes on with the content it has.
func (p *pass) mount() bool {
	volumes, hash, err := p.volumes()
	failed := p.mem.VolumesFailed
	switch {
	case errors.Is(err, errNoToken), errors.Is(err, errUnread):
		return false // asked for under a key of its own
	case err != nil:
		if p.ripe(failed) {
			p.do("a volume cannot be set up", SetUp{PodRef: p.ref, Missing: err.Error()})
		}
		return false
	case p.mem.Volumes == hash:
		p.wantVolumes = volumes
		return true
	case failed.Reason != missingReference && !p.ripe(failed):
		return false
	}
	p.do("set up volumes", SetUp{PodRef: p.ref, Hash: hash, Volumes: volumes})
	return false
}

// missingReference is the reason of a failure that ends when another object appears, and not with time.
const missingReference = "MissingReference"

// runSandbox makes the pod's sandbox, the first or the next after one that died.
func (p *pass) runSandbox() {
	if !p.ripe(p.mem.Sandbox) {
		return
	}
	var attempt uint32
	if dead := p.rt.Sandbox(); dead != nil {
		attempt = dead.Attempt + 1
		p.do("the sandbox has died", StopSandbox{p.ref, dead.ID})
	}
	p.do("run a sandbox", RunSandbox{p.ref, p.sandboxConfig(attempt)})
}

// stopWrong stops or removes what must not be as it is before anything is started, and reports whether it had to.
func (p *pass) stopWrong() bool {
	grace := time.Duration(p.specGrace()) * time.Second
	waits := false
	for _, m := range p.members {
		if c := m.outdated; c != nil {
			p.do("a container was made that has begun and ended before", Remove{p.ref, c.ID, c.Name, c.Attempt})
			waits = true
		}
		c := m.latest
		if c == nil {
			continue
		}
		switch {
		case c.State == runtime.Created && !p.inside(m):
			// It never ran and never can (K18): its sandbox is dead.
			p.do("a container was made in a sandbox that died", Remove{p.ref, c.ID, c.Name, c.Attempt})
			waits = true
		case c.State == runtime.Unknown:
			// It may be running, so that no other may be started beside it until this one has surely ended (D03).
			waits = p.stopOne(m, grace, "Container is in unknown state, try killing it before restart") || waits
		case c.State == runtime.Running && !p.inside(m):
			waits = p.stopOne(m, grace, "Pod sandbox changed, it will be killed and re-created.") || waits
		case c.State == runtime.Running && c.Annotations[runtime.AnnotationHash] != hashContainer(m.spec):
			// Upstream: starts it again whatever the restart policy; here that decides, as after any other end (row 82).
			p.stopOne(m, grace, fmt.Sprintf("Container %s definition changed%s", m.spec.Name, p.afterStop(m)))
		case c.State == runtime.Running && p.posting(m) && p.seen.PostStarts[c.ID].Failed:
			p.stopOne(m, grace, "FailedPostStartHook")
		case c.State == runtime.Running:
			p.stopUnhealthy(m, grace)
		}
	}
	return p.stopDuplicates(grace) || waits || p.busy()
}

func (p *pass) stopOne(m *member, grace time.Duration, message string) bool {
	if s := p.stop(m.latest, m.path, grace, message); s != nil {
		p.do(message, s)
	}
	return true
}

func (p *pass) stopUnhealthy(m *member, grace time.Duration) {
	for _, kind := range []ProbeKind{Liveness, Startup} {
		probe := kind.of(m.spec)
		if probe == nil || !p.seen.Probes[m.latest.ID][kind].Failed {
			continue
		}
		if probe.TerminationGracePeriodSeconds != nil {
			grace = time.Duration(*probe.TerminationGracePeriodSeconds) * time.Second
		}
		p.stopOne(m, grace, fmt.Sprintf("Container %s failed %s probe%s", m.spec.Name, kind, p.afterStop(m)))
	}
}

// afterStop words what follows when a container was stopped because something is wrong with it.
func (p *pass) afterStop(m *member) string {
	if p.never() && !m.sidecar {
		return ""
	}
	return ", will be restarted"
}

// stopDuplicates stops attempts that run beside a newer one, and reports whether any does. This kubelet makes none; it recovers from
// one (row 123).
func (p *pass) stopDuplicates(grace time.Duration) (some bool) {
	for i := range p.rt.Containers {
		c := &p.rt.Containers[i]
		if c.MayRun() && p.rt.Latest(c.Name) != c {
			some = true
			if s := p.stop(c, "", grace, "Container is not the latest attempt"); s != nil {
				p.do("an older attempt runs", s)
			}
		}
	}
	return some
}

// todo lists the containers of a pod that has not ended that should be running now and are not, in the order of their start.
func (p *pass) todo() []*member {
	var list []*member
	initialized := p.some(func(m *member) bool { return !m.init && p.inside(m) })
	for _, m := range p.members {
		running := m.latest != nil && m.latest.State == runtime.Running
		if p.posting(m) {
			return list // whatever comes after waits for the hook
		}
		switch {
		case !m.init || m.sidecar:
			if !running && !p.over(m) {
				list = append(list, m)
			}
			if m.sidecar && !initialized && !p.started(m) {
				return list // whatever comes after waits for the sidecar
			}
		case initialized || p.initDone(m):
		default:
			if !running && !p.over(m) {
				list = append(list, m)
			}
			return list // one init container at a time, and none after one that failed for good
		}
	}
	return list
}

// initDone reports whether an init container has succeeded, in this sandbox: a new network may need it again.
//
// Upstream: with restartPolicy Never a dead sandbox's successful init containers are run again; here what has
// terminated is never started again (row 82).
func (p *pass) initDone(m *member) bool {
	code, ended := m.ended()
	if !ended || code != 0 {
		return false
	}
	return p.never() || m.latest == nil || p.inside(m) || p.sandbox() == nil && p.finished()
}

// over reports whether a container is not to be started (again), ever.
func (p *pass) over(m *member) bool {
	code, ended := m.ended()
	switch {
	case !ended || m.sidecar:
		return false
	case m.init:
		return p.never()
	}
	switch p.pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return true
	case corev1.RestartPolicyOnFailure:
		return code == 0
	}
	return false
}

// finished reports whether the pod has come to its end: all app containers are over, or an init container failed for good.
func (p *pass) finished() bool {
	for _, m := range p.members {
		if code, ended := m.ended(); m.init && !m.sidecar && p.never() && ended && code != 0 {
			return true
		}
	}
	return !p.some(func(m *member) bool { return !m.init && !p.over(m) })
}

// start takes the next step towards a running container: wait out its backoff, look for its image, create, start.
func (p *pass) start(m *member) {
	if c := m.latest; c != nil && c.State == runtime.Created {
		p.do("start "+m.spec.Name, Start{p.ref, c.ID, c.Name, m.path})
		return
	}
	level, at := p.restart(m)
	if p.now.Before(at) {
		p.again(at)
		p.wait(m, "CrashLoopBackOff", "back-off %s restarting failed container=%s pod=%s_%s(%s)", p.cfg.backoff(level), m.spec.Name, p.pod.Name, p.pod.Namespace, p.pod.UID)
		return
	}
	attempt := m.attempt()
	if f := p.mem.Failures[m.spec.Name]; f.Level > 0 {
		p.wait(m, f.Reason, "%s", f.Message)
		if !p.ripe(f) {
			return
		}
	}
	config, files, err := p.containerConfig(m, attempt, level+1)
	if m.latest == nil && !m.ran() && err == nil {
		config.Annotations[runtime.AnnotationBackoff] = "0"
	}
	if errors.Is(err, errUnread) {
		return
	}
	if err != nil {
		p.wait(m, "CreateContainerConfigError", "%s", err)
		return
	}
	if !p.imageReady(m, attempt) {
		return
	}
	p.do("create "+m.spec.Name, Create{PodRef: p.ref, Sandbox: p.sandbox().ID, Path: m.path, Files: files, Config: config, In: p.sandboxConfig(p.sandbox().Attempt)})
}

// restart is when an attempt may follow the newest, and at which level of the backoff.
func (p *pass) restart(m *member) (level int, at time.Time) {
	c := m.latest
	if c == nil || c.State != runtime.Exited {
		if !m.ran() {
			return 0, time.Time{}
		}
		level = m.level()
		if t := lastTermination(m.api); t != nil {
			at = t.FinishedAt.Add(p.cfg.backoff(level))
		}
		return level, at
	}
	// What could not be started has no start, and so never ran for long.
	if level = m.level(); !c.Started.IsZero() && c.Finished.Sub(c.Started) >= p.cfg.BackoffReset {
		level = 0
	}
	return level, c.Finished.Add(p.cfg.backoff(level))
}

func lastTermination(s *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if s.State.Terminated != nil {
		return s.State.Terminated
	}
	return s.LastTerminationState.Terminated
}

// imageReady reports whether the image for that attempt was found, and otherwise asks for it.
func (p *pass) imageReady(m *member, attempt uint32) bool {
	check, checked := p.mem.Images[m.spec.Name]
	if checked && check.Image == m.spec.Image && check.Level == 0 && check.Attempt == attempt {
		return true
	}
	if check.Image == m.spec.Image && check.Level > 0 {
		p.wait(m, check.Reason, "%s", check.Message)
		if !p.ripe(check.Failure) {
			if check.Reason == errImagePull && (p.shows(m, errImagePull) || p.shows(m, "ImagePullBackOff")) {
				p.wait(m, "ImagePullBackOff", "Back-off pulling image %q: %s: %s", m.spec.Image, check.Reason, check.Message)
			}
			return false
		}
	}
	p.do("look for the image of "+m.spec.Name, EnsureImage{p.ref, m.spec.Name, m.spec.Image, m.path, attempt, m.spec.ImagePullPolicy})
	return false
}

const errImagePull = "ErrImagePull"

// shows reports whether the API shows the container waiting for that reason.
func (p *pass) shows(m *member, reason string) bool {
	return m.api != nil && m.api.State.Waiting != nil && m.api.State.Waiting.Reason == reason
}
