package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// HookKind is one of upstream's two hooks.
type HookKind string

const (
	PostStart HookKind = "postStart"
	PreStop   HookKind = "preStop"
)

// title is the kind as an Event names it.
func (k HookKind) title() string {
	return map[HookKind]string{PostStart: "PostStartHook", PreStop: "PreStopHook"}[k]
}

func postStart(c *corev1.Container) *corev1.LifecycleHandler {
	if c.Lifecycle == nil {
		return nil
	}
	return c.Lifecycle.PostStart
}

// keyPostStart stands at the end of the key of a postStart hook, where a probe's has its kind.
const keyPostStart = control.Key("/postStart")

// postStartTimeout bounds a postStart hook.
//
// Upstream: has no bound, and only the pod that it belongs to waits. Here a hook that hangs would for ever hold one of the effects that
// may be under way at once.
const postStartTimeout = 10 * time.Minute

// posting reports whether a container runs and its postStart hook has not ended well. Then the API does not show it running yet, so that a
// container that is shown to run is one whose hook has ended: a kubelet that crashed meanwhile runs the hook again, at least once.
func (p *pass) posting(m *member) bool {
	if postStart(m.spec) == nil || m.latest == nil || m.latest.State != runtime.Running || p.sameAsAPI(m) {
		return false
	}
	run := p.seen.PostStarts[m.latest.ID]
	return !run.Done || run.Failed
}

// decidePostStart is the decision for the key of one container's postStart hook. It has a key of its own, as a deleted pod does not wait for it.
func decidePostStart(cfg *Config, in Input, container string, now time.Time) Decision {
	if in.Pod == nil || in.Seen == nil || in.Seen.Uncertain || terminal(in.Pod.Status.Phase) {
		return Decision{}
	}
	p := newPass(cfg, in, now)
	for _, m := range p.members {
		if m.spec.Name != container || !p.posting(m) || !p.inside(m) || p.ending() {
			continue
		}
		run, begun := p.seen.PostStarts[m.latest.ID]
		_, told := p.seen.Stops[m.latest.ID]
		again := run.Begun.Add(cfg.Relist)
		switch {
		case told || begun && !run.Lost:
		case begun && now.Before(again):
			p.again(again)
		default:
			p.do("the container has started", RunHook{PodRef: p.ref, Kind: PostStart, ID: m.latest.ID, Container: m.spec.Name, Path: m.path,
				Handler: postStart(m.spec), Host: p.host(), Ports: m.spec.Ports, Timeout: postStartTimeout})
		}
	}
	return p.out
}
