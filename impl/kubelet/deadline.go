package kubelet

import "time"

// Upstream: pkg/kubelet/active_deadline.go.
const (
	deadlineReason  = "DeadlineExceeded"
	deadlineMessage = "Pod was active on the node longer than the specified deadline"
)

// deadline is when the pod will have been active for as long as its activeDeadlineSeconds allow; false: it may be for ever. It counts
// from the start time that the API shows, so that a restart of the kubelet changes nothing.
func (p *pass) deadline() (time.Time, bool) {
	limit, start := p.pod.Spec.ActiveDeadlineSeconds, p.pod.Status.StartTime
	if limit == nil || start == nil {
		return time.Time{}, false
	}
	return start.Add(time.Duration(*limit) * time.Second), true
}

// expired reports whether the pod has been active for too long. A deadline that was reached once stays so: it can only be brought forward.
func (p *pass) expired() bool {
	at, limited := p.deadline()
	return limited && !p.now.Before(at)
}

// untilDeadline asks for a look when the pod's time is over.
func (p *pass) untilDeadline() {
	if at, limited := p.deadline(); limited {
		p.again(at)
	}
}

// expire ends a pod whose time is over: it is stopped like a deleted one, hooks before TERM; the API shows that it failed when nothing of
// it runs or can be started (row 78), and keeps it.
func (p *pass) expire() {
	if p.stopped() && p.startable() {
		p.stopSandboxes("what was made must not be started any more")
	}
}

// ending reports whether all that runs of the pod is to be stopped, by one of two reasons.
func (p *pass) ending() bool { return isDeleted(p.pod) || p.expired() }

func (p *pass) whyEnding() string {
	if isDeleted(p.pod) {
		return "the pod is deleted"
	}
	return "the pod was active for longer than its deadline"
}
