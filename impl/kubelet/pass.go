package kubelet

import (
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
)

// pass is one look at the pods of one name: everything a decision is made from, and the decision as it grows.
type pass struct {
	cfg  *Config
	now  time.Time
	pod  *corev1.Pod
	ref  PodRef
	seen *Observed
	rt   runtime.Pod // what the runtime has of this UID
	mem  Memory
	refs Lookup

	members     []*member
	wantVolumes []Volume
	// waiting is why a container is not running, by its name.
	waiting map[string]corev1.ContainerStateWaiting
	out     Decision
}

// Decision is what a pass comes to: batches of effects on the node, when to look again, and the status to publish.
type Decision struct {
	Batches [][]any
	Again   time.Time
	Why     string
	// Status is what the API should show; nil: the pod is not in the API.
	Status *corev1.PodStatus
	// Finish: the pod is to be deleted from the API for good.
	Finish bool
}

// member is one container of the pod's spec with what is known of it.
type member struct {
	spec *corev1.Container
	// init runs before the app containers; a sidecar also, but stays.
	init, sidecar bool
	path          string                  // the fieldPath of its Events
	latest        *runtime.Container      // the newest attempt; nil: none exists
	last          *runtime.Container      // the newest attempt before that which ended
	outdated      *runtime.Container      // an attempt that is only created, and that the API shows as begun; then there is no other
	api           *corev1.ContainerStatus // what the API shows; nil: nothing yet
}

func newPass(cfg *Config, in Input, now time.Time) *pass {
	p := &pass{cfg: cfg, now: now, pod: in.Pod, ref: refOf(in.Pod), seen: in.Seen, refs: in.Refs, waiting: map[string]corev1.ContainerStateWaiting{}}
	p.rt, p.mem = in.Seen.of(in.Pod.UID), in.Seen.memory(in.Pod.UID)
	spec := &in.Pod.Spec
	for i := range spec.InitContainers {
		m := p.member(&spec.InitContainers[i], in.Pod.Status.InitContainerStatuses, "spec.initContainers")
		m.init = true
		m.sidecar = m.spec.RestartPolicy != nil && *m.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	for i := range spec.Containers {
		p.member(&spec.Containers[i], in.Pod.Status.ContainerStatuses, "spec.containers")
	}
	return p
}

func (p *pass) member(c *corev1.Container, statuses []corev1.ContainerStatus, path string) *member {
	m := &member{spec: c, path: path + "{" + c.Name + "}", latest: p.rt.Latest(c.Name)}
	for i := range p.rt.Containers {
		if r := &p.rt.Containers[i]; r.Name == c.Name && r != m.latest && r.State == runtime.Exited {
			m.last = r
			break
		}
	}
	for i := range statuses {
		if statuses[i].Name == c.Name {
			m.api = &statuses[i]
		}
	}
	if r := m.latest; r != nil && r.State == runtime.Created && m.ran() && r.Attempt <= uint32(m.api.RestartCount) {
		// A create that was given up has made it once more, after its record had gone. Of what is older the API knows more (K05).
		m.outdated, m.latest, m.last = r, nil, nil
	}
	p.members = append(p.members, m)
	return m
}

func (p *pass) container(name string) *corev1.Container {
	for _, m := range p.members {
		if m.spec.Name == name {
			return m.spec
		}
	}
	return nil
}

// do appends effects that may be performed side by side as the next batch.
func (p *pass) do(why string, effects ...any) {
	if len(effects) == 0 {
		return
	}
	p.out.Batches = append(p.out.Batches, effects)
	if p.out.Why == "" {
		p.out.Why = why
	}
}

// busy reports whether something was decided already.
func (p *pass) busy() bool { return len(p.out.Batches) > 0 }

// again asks for another look at that time; the earliest wins.
func (p *pass) again(at time.Time) {
	if p.out.Again.IsZero() || at.Before(p.out.Again) {
		p.out.Again = at
	}
}

// ripe reports whether the delay after a failure is over, and otherwise asks for a look when it is.
func (p *pass) ripe(f Failure) bool {
	if f.Level == 0 {
		return true
	}
	at := f.At.Add(p.cfg.backoff(f.Level))
	if p.now.Before(at) {
		p.again(at)
		return false
	}
	return true
}

// sandbox is the pod's newest sandbox if it is usable.
func (p *pass) sandbox() *runtime.Sandbox {
	if s := p.rt.Sandbox(); s != nil && s.Ready {
		return s
	}
	return nil
}

// alive reports whether a container of the pod may be running or may yet come to: one that was made, by a start that was given up and is
// still on its way, and whatever the last call does of which nothing is known yet. In a sandbox that was stopped nothing can be started.
func (p *pass) alive() bool {
	return p.seen != nil && p.seen.Uncertain || slices.ContainsFunc(p.rt.Containers, func(c runtime.Container) bool { return c.MayRun() }) || p.startable()
}

// startable reports whether a container was made in a sandbox that is ready.
func (p *pass) startable() bool {
	return slices.ContainsFunc(p.rt.Containers, func(c runtime.Container) bool {
		return c.State == runtime.Created && slices.ContainsFunc(p.rt.Sandboxes, func(s runtime.Sandbox) bool { return s.Ready && s.ID == c.Sandbox })
	})
}

// stopSandboxes frees the network of the pod, and keeps what was made from being started.
func (p *pass) stopSandboxes(why string) {
	for _, s := range p.rt.Sandboxes {
		if s.Ready {
			p.do(why, StopSandbox{p.ref, s.ID})
		}
	}
}

func (p *pass) podIPs() []string {
	if p.pod.Spec.HostNetwork {
		return []string{p.cfg.Address}
	}
	if s := p.sandbox(); s != nil {
		return s.IPs
	}
	return nil
}

// inside reports whether the newest attempt belongs to the usable sandbox.
func (p *pass) inside(m *member) bool {
	s := p.sandbox()
	return s != nil && m.latest != nil && m.latest.Sandbox == s.ID
}

func (p *pass) never() bool { return p.pod.Spec.RestartPolicy == corev1.RestartPolicyNever }

// defaultGrace is upstream's terminationGracePeriodSeconds where a spec says nothing.
const defaultGrace = 30

func (p *pass) specGrace() int64 {
	if g := p.pod.Spec.TerminationGracePeriodSeconds; g != nil {
		return *g
	}
	return defaultGrace
}

// attempt is the number of the next attempt: more than any that is known (K20).
func (m *member) attempt() uint32 {
	var next uint32
	if m.latest != nil {
		next = m.latest.Attempt + 1
	}
	if m.api != nil && m.ran() {
		next = max(next, uint32(m.api.RestartCount)+1)
	}
	return next
}

// ran reports whether the API knows of a process of this container (K04: the record of it may have been removed).
func (m *member) ran() bool {
	return m.api != nil && (m.api.ContainerID != "" || m.api.State.Running != nil || m.api.State.Terminated != nil ||
		m.api.LastTerminationState.Terminated != nil)
}

// ended is the exit code of the newest attempt, from the runtime or, where its record is gone, from the API. A process
// of which nothing is left ended with [lostCode].
func (m *member) ended() (code int32, ended bool) {
	switch {
	case m.latest != nil:
		return m.latest.ExitCode, m.latest.State == runtime.Exited
	case !m.ran():
		return 0, false
	case m.api.State.Terminated != nil:
		return m.api.State.Terminated.ExitCode, true
	case m.api.State.Waiting != nil && m.api.LastTerminationState.Terminated != nil:
		return m.api.LastTerminationState.Terminated.ExitCode, true
	}
	return lostCode, true
}

// Upstream: pkg/kubelet/status/status_manager.go.
const (
	lostCode    = 137
	lostReason  = "ContainerStatusUnknown"
	lostMessage = "The container could not be located when the pod was terminated"
)

// level is how many restarts in a row led to the newest attempt, as it was written into the record of the attempt itself.
func (m *member) level() int {
	if m.latest == nil {
		return int(m.attempt())
	}
	level, err := strconv.Atoi(m.latest.Annotations[runtime.AnnotationBackoff])
	if err != nil || level < 0 {
		return int(m.latest.Attempt)
	}
	return min(level, maxBackoffLevel)
}

// started and ready are upstream's two questions about a running container: has its start-up ended, may it get traffic.
// Where this kubelet has not probed yet, what the API says of the same container holds, so that a restart of the kubelet
// does not take pods out of service (row 92).
func (p *pass) started(m *member) bool {
	if m.latest == nil || m.latest.State != runtime.Running || p.posting(m) {
		return false
	}
	if m.spec.StartupProbe == nil {
		return true
	}
	if state, probed := p.probed(m, Startup); probed {
		return state.Passed
	}
	return p.sameAsAPI(m) && m.api.Started != nil && *m.api.Started
}

func (p *pass) ready(m *member) bool {
	if !p.started(m) {
		return false
	}
	if m.spec.ReadinessProbe == nil {
		return true
	}
	if state, probed := p.probed(m, Readiness); probed {
		return state.Passed
	}
	return p.sameAsAPI(m) && m.api.Ready
}

func (p *pass) probed(m *member, kind ProbeKind) (ProbeState, bool) {
	state := p.seen.Probes[m.latest.ID][kind]
	return state, state.Passed || state.Failed
}

func (p *pass) sameAsAPI(m *member) bool {
	return m.api != nil && m.latest != nil && m.api.State.Running != nil && p.containerID(m.latest.ID) == m.api.ContainerID
}

// containerID is the ID as the API shows it: RUNTIME://ID.
func (p *pass) containerID(id string) string { return p.seen.Runtime + "://" + id }

func (p *pass) some(test func(*member) bool) bool { return slices.ContainsFunc(p.members, test) }
