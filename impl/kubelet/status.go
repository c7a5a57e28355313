package kubelet

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/kubelet/runtime"
)

// seconds is a time as the API keeps it: finer than a second it would differ from what is read back.
func seconds(t time.Time) *metav1.Time {
	m := metav1.NewTime(t.Truncate(time.Second))
	return &m
}

// status is what the API should show of the pod now.
func (p *pass) status() *corev1.PodStatus {
	s := p.pod.Status.DeepCopy()
	if terminal(s.Phase) && p.rt.Empty() {
		return s // all that is known of it is what the API shows
	}
	s.InitContainerStatuses, s.ContainerStatuses = nil, nil
	for _, m := range p.members {
		if m.init {
			s.InitContainerStatuses = append(s.InitContainerStatuses, p.containerStatus(m))
		} else {
			s.ContainerStatuses = append(s.ContainerStatuses, p.containerStatus(m))
		}
	}
	s.Phase = p.phase(s, p.alive())
	if p.expired() && s.Phase == corev1.PodFailed && s.Phase != p.pod.Status.Phase {
		s.Reason, s.Message = deadlineReason, deadlineMessage
	}
	s.ObservedGeneration = p.pod.Generation
	if s.StartTime == nil {
		s.StartTime = seconds(p.now)
	}
	s.HostIP, s.HostIPs = p.cfg.Address, []corev1.HostIP{{IP: p.cfg.Address}}
	if ips := p.podIPs(); len(ips) > 0 && !terminal(s.Phase) {
		s.PodIP, s.PodIPs = ips[0], nil
		for _, ip := range ips {
			s.PodIPs = append(s.PodIPs, corev1.PodIP{IP: ip})
		}
	}
	p.conditions(s)
	return s
}

// containerStatus is what the API should show of one container.
func (p *pass) containerStatus(m *member) corev1.ContainerStatus {
	s := corev1.ContainerStatus{Name: m.spec.Name, Image: m.spec.Image}
	if m.api != nil {
		s = *m.api.DeepCopy()
	}
	s.State, s.Ready, s.Started = corev1.ContainerState{}, false, new(bool)
	if c := p.begun(m); c != nil && c.State != runtime.Unknown {
		s.Image, s.ImageID, s.ContainerID = c.Image, c.ImageRef, p.containerID(c.ID)
		s.RestartCount = max(s.RestartCount, int32(c.Attempt))
	}
	p.state(m, &s)
	if s.State.Running != nil {
		*s.Started = p.started(m)
		s.Ready = p.ready(m)
	}
	if m.init && !m.sidecar {
		s.Ready = s.State.Terminated != nil && s.State.Terminated.ExitCode == 0
	}
	return s
}

// state sets the container's present and last state.
func (p *pass) state(m *member, s *corev1.ContainerStatus) {
	c := p.begun(m)
	if m.last != nil && m.last != c {
		s.LastTerminationState = corev1.ContainerState{Terminated: p.terminated(m.last)}
	}
	switch {
	case c == nil && m.ran() && p.lost(m):
		s.State.Terminated = m.api.State.Terminated
		if s.State.Terminated == nil {
			s.State.Terminated = unaccounted(m.api)
		}
	case c == nil && m.api != nil && m.api.State.Running != nil:
		s.State.Terminated = unaccounted(m.api) // a reader who has seen it run is shown that it ended (row 93)
	case c == nil:
		if m.api != nil && m.api.State.Terminated != nil {
			s.LastTerminationState = corev1.ContainerState{Terminated: m.api.State.Terminated}
		}
		s.State.Waiting = p.waitingState(m)
	case c.State == runtime.Running:
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: *seconds(c.Started)}
	case c.State == runtime.Unknown:
		s.State = m.shown()
	default:
		p.exited(m, c, s)
	}
}

// unaccounted is the end of a container of which no record is left.
func unaccounted(api *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{Reason: lostReason, Message: lostMessage, ExitCode: lostCode, ContainerID: api.ContainerID}
}

// begun is the newest attempt that was started. One that is only created is not shown: it changes nothing for the reader,
// and has not run (K04). Nor is one whose postStart hook has not ended.
func (p *pass) begun(m *member) *runtime.Container {
	if m.latest != nil && (m.latest.State == runtime.Created || p.posting(m)) {
		return m.last
	}
	return m.latest
}

// lost reports whether a container that ran, and of which no record is left, stays ended.
func (p *pass) lost(m *member) bool {
	return p.over(m) || p.finished() || p.ending() || terminal(p.pod.Status.Phase)
}

// exited sets the state of a container whose newest attempt has ended: terminated, or waiting for its restart. A reader
// who has seen it run is shown that it ended before that it waits (row 93).
func (p *pass) exited(m *member, c *runtime.Container, s *corev1.ContainerStatus) {
	end := p.terminated(c)
	waiting, waits := p.waiting[m.spec.Name]
	if !waits || m.api != nil && m.api.State.Running != nil {
		s.State.Terminated = end
		return
	}
	s.State.Waiting = &waiting
	s.LastTerminationState = corev1.ContainerState{Terminated: end}
}

// shown is the state that the API shows already.
func (m *member) shown() corev1.ContainerState {
	if m.api != nil {
		return *m.api.State.DeepCopy()
	}
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerStateUnknown"}}
}

func (p *pass) waitingState(m *member) *corev1.ContainerStateWaiting {
	if w, ok := p.waiting[m.spec.Name]; ok {
		return &w
	}
	if f := p.mem.Failures[m.spec.Name]; f.Level > 0 && m.latest == nil {
		return &corev1.ContainerStateWaiting{Reason: f.Reason, Message: f.Message}
	}
	if m.api != nil && m.api.State.Waiting != nil && (p.busy() || !p.reached(m) || p.expired()) && m.latest == nil {
		return m.api.State.Waiting // between two steps nothing new is known
	}
	if len(p.pod.Spec.InitContainers) > 0 {
		return &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	}
	return &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
}

// reached reports whether this pass has looked at what keeps the container from running.
func (p *pass) reached(m *member) bool { return p.sandbox() != nil }

func (p *pass) terminated(c *runtime.Container) *corev1.ContainerStateTerminated {
	t := &corev1.ContainerStateTerminated{ExitCode: c.ExitCode, Reason: c.Reason, Message: clip(c.Message, maxMessages/len(p.members)), ContainerID: p.containerID(c.ID)}
	if !c.Started.IsZero() {
		t.StartedAt = *seconds(c.Started)
	}
	if !c.Finished.IsZero() {
		t.FinishedAt = *seconds(c.Finished)
	}
	return t
}

// clip cuts a text to a number of bytes, but not through a character.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// phase is the pod's phase. A terminal one is kept, and none comes while a container is alive (row 78). A deleted pod of which none is
// ends whatever its restart policy.
//
// Upstream: pkg/kubelet/kubelet_pods.go, getPhase; and status/status_manager.go, which holds a terminal phase back.
func (p *pass) phase(s *corev1.PodStatus, alive bool) corev1.PodPhase {
	if terminal(p.pod.Status.Phase) {
		return p.pod.Status.Phase
	}
	if p.expired() && !alive {
		return corev1.PodFailed // upstream too, whatever its containers have come to
	}
	initializing, failed := p.initPhase(s.InitContainerStatuses)
	var waiting, running, ended, succeeded int
	for i := range s.ContainerStatuses {
		switch state, last := s.ContainerStatuses[i].State, s.ContainerStatuses[i].LastTerminationState; {
		case state.Running != nil:
			running++
		case state.Terminated != nil:
			ended++
			if state.Terminated.ExitCode == 0 {
				succeeded++
			}
		case last.Terminated != nil:
			ended++
		default:
			waiting++
		}
	}
	switch gone, all := isDeleted(p.pod) && !alive, ended == succeeded; {
	case gone && waiting == 0 && all && !initializing:
		return corev1.PodSucceeded
	case gone, failed && !alive:
		return corev1.PodFailed
	case initializing || waiting > 0:
		return corev1.PodPending
	case running > 0 || alive || p.pod.Spec.RestartPolicy == corev1.RestartPolicyAlways:
		return corev1.PodRunning
	case p.waitsForRestart(s):
		return corev1.PodRunning
	case all:
		return corev1.PodSucceeded
	case p.never():
		return corev1.PodFailed
	}
	return corev1.PodRunning
}

// waitsForRestart: a container that ended well last time but is to be started again (its sandbox died) has not succeeded.
func (p *pass) waitsForRestart(s *corev1.PodStatus) bool {
	for i := range s.ContainerStatuses {
		if s.ContainerStatuses[i].State.Terminated == nil {
			return true
		}
	}
	return false
}

// initPhase reports whether init containers are still to succeed, and whether one has failed for good.
func (p *pass) initPhase(statuses []corev1.ContainerStatus) (initializing, failed bool) {
	started := p.some(func(m *member) bool { return !m.init && (m.latest != nil || m.ran()) })
	for i, s := range statuses {
		m := p.members[i]
		switch {
		case m.sidecar:
			initializing = initializing || !started && (s.Started == nil || !*s.Started)
		case s.State.Terminated != nil && s.State.Terminated.ExitCode == 0:
		default:
			initializing = initializing || !started
			failed = failed || p.never() && s.State.Terminated != nil
		}
	}
	return initializing, failed
}

// The kubelet's own conditions, in upstream's order.
const readyToStart = corev1.PodReadyToStartContainers

// conditions sets the kubelet's conditions; a transition time changes only with the condition's status.
func (p *pass) conditions(s *corev1.PodStatus) {
	done := terminal(s.Phase)
	set := func(kind corev1.PodConditionType, good bool, reason, message string) {
		p.condition(s, kind, good, reason, message)
	}
	set(readyToStart, p.sandbox() != nil && len(p.podIPs()) > 0 && !done, "", "")

	var initializing, unready []string
	for i, c := range s.InitContainerStatuses {
		if m := p.members[i]; m.sidecar && !(c.Started != nil && *c.Started) || !m.sidecar && !c.Ready {
			initializing = append(initializing, c.Name)
		}
		if p.members[i].sidecar && !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	if p.some(func(m *member) bool { return !m.init && (m.latest != nil || m.ran()) }) {
		initializing = nil // it was initialized once, and stays so
	}
	for _, c := range s.ContainerStatuses {
		if !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	ended := map[corev1.PodPhase]string{corev1.PodSucceeded: "PodCompleted", corev1.PodFailed: "PodFailed"}[s.Phase]
	switch {
	case s.Phase == corev1.PodSucceeded:
		set(corev1.PodInitialized, true, ended, "")
	case len(initializing) > 0:
		set(corev1.PodInitialized, false, "ContainersNotInitialized", "containers with incomplete status: ["+strings.Join(initializing, " ")+"]")
	default:
		set(corev1.PodInitialized, true, "", "")
	}
	reason, message := "", ""
	switch {
	case done:
		reason = ended
	case len(unready) > 0:
		reason, message = "ContainersNotReady", "containers with unready status: ["+strings.Join(unready, " ")+"]"
	}
	good := reason == ""
	set(corev1.ContainersReady, good, reason, message)
	if closed := p.closedGates(s); good && len(closed) > 0 {
		good, reason, message = false, "ReadinessGatesNotReady", strings.Join(closed, ", ")
	}
	set(corev1.PodReady, good, reason, message)
	set(corev1.PodScheduled, true, "", "")
}

// closedGates says which of the pod's readiness gates are not open.
//
// Upstream: pkg/kubelet/status/generate.go, GeneratePodReadyCondition.
func (p *pass) closedGates(s *corev1.PodStatus) (closed []string) {
	for _, gate := range p.pod.Spec.ReadinessGates {
		i := slices.IndexFunc(s.Conditions, func(c corev1.PodCondition) bool { return c.Type == gate.ConditionType })
		if i < 0 {
			closed = append(closed, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
		} else if status := s.Conditions[i].Status; status != corev1.ConditionTrue {
			closed = append(closed, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", gate.ConditionType, status))
		}
	}
	return closed
}

func (p *pass) condition(s *corev1.PodStatus, kind corev1.PodConditionType, good bool, reason, message string) {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message,
		LastTransitionTime: *seconds(p.now), ObservedGeneration: p.pod.Generation}
	if good {
		c.Status = corev1.ConditionTrue
	}
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			if s.Conditions[i].Status == c.Status {
				c.LastTransitionTime = s.Conditions[i].LastTransitionTime
			}
			c.LastProbeTime = s.Conditions[i].LastProbeTime
			s.Conditions[i] = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}
