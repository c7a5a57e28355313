package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
)

// ProbeKind is one of upstream's three probes.
type ProbeKind string

const (
	Startup   ProbeKind = "startup"
	Readiness ProbeKind = "readiness"
	Liveness  ProbeKind = "liveness"
)

// ProbeKinds in a fixed order.
var ProbeKinds = []ProbeKind{Startup, Readiness, Liveness}

func (k ProbeKind) of(c *corev1.Container) *corev1.Probe {
	switch k {
	case Startup:
		return c.StartupProbe
	case Readiness:
		return c.ReadinessProbe
	}
	return c.LivenessProbe
}

// title is the kind as an Event's message begins with it.
func (k ProbeKind) title() string {
	return map[ProbeKind]string{Startup: "Startup", Readiness: "Readiness", Liveness: "Liveness"}[k]
}

// ProbeState is what the probes of one kind have found out about one container.
type ProbeState struct {
	Last                time.Time // when the last one began
	Successes, Failures int       // in a row
	// Passed or Failed: the threshold was reached, and since then not the other one. Neither: not known yet.
	Passed, Failed bool
}

// after is the state when one more probe, begun at that time, has answered.
func (s ProbeState) after(probe *corev1.Probe, began time.Time, ok bool) ProbeState {
	s.Last = began
	if ok {
		s.Successes, s.Failures = s.Successes+1, 0
		if s.Successes >= threshold(probe.SuccessThreshold, 1) {
			s.Passed, s.Failed = true, false
		}
		return s
	}
	s.Successes, s.Failures = 0, s.Failures+1
	if s.Failures >= threshold(probe.FailureThreshold, 3) {
		s.Passed, s.Failed = false, true
	}
	return s
}

// threshold is the value of a field that upstream's defaults have filled in, or that default.
func threshold(value int32, otherwise int) int {
	if value > 0 {
		return int(value)
	}
	return otherwise
}

func interval(value int32, otherwise int) time.Duration {
	return time.Duration(threshold(value, otherwise)) * time.Second
}

// decideProbe is the decision for the key of one probe. Each has a key of its own, so that a slow answer keeps nothing
// else waiting.
func decideProbe(cfg *Config, in Input, container string, kind ProbeKind, now time.Time) Decision {
	if in.Pod == nil || in.Seen == nil || terminal(in.Pod.Status.Phase) {
		return Decision{}
	}
	p := newPass(cfg, in, now)
	for _, m := range p.members {
		if m.spec.Name != container || kind.of(m.spec) == nil || !p.probes(m, kind) {
			continue
		}
		probe := kind.of(m.spec)
		due := m.latest.Started.Add(time.Duration(probe.InitialDelaySeconds) * time.Second)
		if last := p.seen.Probes[m.latest.ID][kind].Last; !last.IsZero() {
			due = last.Add(interval(probe.PeriodSeconds, 10))
		}
		if now.Before(due) {
			p.again(due)
			continue
		}
		p.do("the "+string(kind)+" probe is due", RunProbe{PodRef: p.ref, ID: m.latest.ID, Container: m.spec.Name, Path: m.path,
			Kind: kind, Probe: probe, Host: p.host(), Ports: m.spec.Ports})
	}
	return p.out
}

// probes reports whether that probe is to be run at all: on a running container that is not about to be stopped; the
// startup probe until it has passed, the others after that. A probe that has condemned its container is done.
func (p *pass) probes(m *member, kind ProbeKind) bool {
	if m.latest == nil || m.latest.State != runtime.Running || p.posting(m) {
		return false
	}
	if _, told := p.seen.Stops[m.latest.ID]; told {
		return false
	}
	state := p.seen.Probes[m.latest.ID][kind]
	switch kind {
	case Startup:
		return !p.started(m) && !state.Failed
	case Liveness:
		return p.started(m) && !state.Failed && !p.ending()
	}
	return p.started(m)
}
