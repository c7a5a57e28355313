package kubelet

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"orrery/impl/kubelet/runtime"
)

// terminate brings a deleted pod to its end, each step only after the one before is seen to be done:
//
//	preStop hooks      at most for the grace period
//	stop               TERM, and KILL when the rest of the grace is over; sidecars after the others; the sandbox, if a container in it
//	                   was made and not started
//	terminal phase     shown by the API while the records still exist (row 89)
//	remove             sandboxes and containers
//	final delete       with the pod's UID as precondition (rows 12, 88)
func (p *pass) terminate() {
	if !p.stopped() {
		return
	}
	switch {
	case !terminal(p.pod.Status.Phase) && p.startable():
		p.stopSandboxes("what was made must not be started any more")
	case !terminal(p.pod.Status.Phase):
		p.out.Why = "all containers have stopped: the terminal phase is to be shown"
	case !p.rt.Empty():
		p.removeAll()
	default:
		p.out.Finish, p.out.Why = true, "nothing of the pod is left on this node"
	}
}

// minimumGrace is what is left for TERM where a preStop hook has used up the grace. Upstream: 2 seconds too.
const minimumGrace = 2 * time.Second

// stopped stops all containers of a pod that is ending, and reports whether none may be running.
func (p *pass) stopped() bool {
	mains := false
	for _, m := range p.members {
		mains = mains || !m.sidecar && m.latest != nil && m.latest.MayRun()
	}
	var effects []any
	quiet := true
	for i := range p.rt.Containers {
		c := &p.rt.Containers[i]
		if !c.MayRun() {
			continue
		}
		quiet = false
		m := p.memberOf(c)
		if m != nil && m.sidecar && mains {
			continue
		}
		if e := p.stopGently(m, c); e != nil {
			effects = append(effects, e)
		}
	}
	p.do(p.whyEnding(), effects...)
	return quiet
}

func (p *pass) memberOf(c *runtime.Container) *member {
	for _, m := range p.members {
		if m.spec.Name == c.Name {
			return m
		}
	}
	return nil
}

// stopGently is the next effect towards the end of one container: nil while there is nothing to do but wait.
func (p *pass) stopGently(m *member, c *runtime.Container) any {
	grace := p.deletionGrace()
	path := ""
	if m != nil {
		path = m.path
	}
	if hook, ok := p.seen.Hooks[c.ID]; ok {
		// A hook of which this kubelet knows was begun by the key that is worked beside this one; see hookDue.
		if end := hook.Begun.Add(grace); !hook.Done && p.now.Before(end) {
			p.again(end)
			return nil
		}
		grace = max(grace-p.now.Sub(hook.Begun), minimumGrace)
	} else if _, told := p.seen.Stops[c.ID]; !told && m != nil && preStop(m.spec) != nil && c.State == runtime.Running && grace > 0 {
		return nil // the hook's own key begins it at once
	}
	return p.stop(c, path, grace, "")
}

func preStop(c *corev1.Container) *corev1.LifecycleHandler {
	if c.Lifecycle == nil {
		return nil
	}
	return c.Lifecycle.PreStop
}

func (p *pass) deletionGrace() time.Duration {
	seconds := p.specGrace()
	if g := p.pod.DeletionGracePeriodSeconds; g != nil {
		seconds = *g
	}
	return time.Duration(max(seconds, 0)) * time.Second
}

// decideHook is the decision for the key of one container's preStop hook. It has a key of its own because the key of the
// pod must stay free to shorten the grace while the hook runs.
func decideHook(cfg *Config, in Input, container string, now time.Time) Decision {
	if in.Pod == nil || in.Seen == nil || in.Seen.Uncertain || terminal(in.Pod.Status.Phase) && !isDeleted(in.Pod) {
		return Decision{}
	}
	p := newPass(cfg, in, now)
	if !p.ending() {
		p.untilDeadline()
		return p.out
	}
	for _, m := range p.members {
		if m.spec.Name != container || m.latest == nil || m.latest.State != runtime.Running || preStop(m.spec) == nil {
			continue
		}
		_, begun := p.seen.Hooks[m.latest.ID]
		_, told := p.seen.Stops[m.latest.ID]
		if grace := p.deletionGrace(); !begun && !told && grace > 0 {
			p.do(p.whyEnding(), RunHook{PodRef: p.ref, Kind: PreStop, ID: m.latest.ID, Container: m.spec.Name, Path: m.path,
				Handler: preStop(m.spec), Host: p.host(), Ports: m.spec.Ports, Timeout: grace})
		}
	}
	return p.out
}

// host is the address at which probes and hooks reach the pod.
func (p *pass) host() string {
	if ips := p.podIPs(); len(ips) > 0 {
		return ips[0]
	}
	return ""
}
