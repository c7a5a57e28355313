package kubelet

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/kubelet/runtime"
)

// Input is all that a decision about the pods of one name is made from.
type Input struct {
	// Pod is the pod of that name that the API has bound to this node, or that a file asks for; nil: there is none.
	Pod *corev1.Pod
	// Seen is what is on the node under that name; nil: nothing.
	Seen *Observed
	Refs Lookup
	// Apart: the API has not been listed, so that of its pods nothing is known.
	Apart bool
	// Rejected is why the node cannot take the pod, if it cannot and has not already.
	Rejected *Rejection
}

// Rejection is the reason and message of a pod that fails because its node cannot take it.
type Rejection struct{ Reason, Message string }

// decide says what to do now for the pods of one name. It is pure, and it is the whole of the kubelet's policy:
//
//	what is on the node                       what is done
//	another UID than the wanted one, or none  it is torn down, and nothing else is begun (rows 80, 87)
//	a pod that the API wants deleted          it is terminated: stop, terminal phase, remove, final delete (rows 86, 88, 89)
//	a pod in a terminal phase                 whatever still runs is stopped, and nothing is started (row 78)
//	one that was active for too long          it is stopped, and has failed
//	any other                                 it is run (rows 81-85)
func decide(cfg *Config, in Input, now time.Time) Decision {
	if in.Pod == nil {
		return strangers(cfg, in, now)
	}
	p := newPass(cfg, in, now)
	if d := strangers(cfg, in, now); len(d.Batches) > 0 || d.Why != "" {
		p.out = d
		p.out.Status = p.status()
		return p.out
	}
	switch {
	case in.Seen != nil && in.Seen.Uncertain:
		p.out.Why = "the outcome of the last call is not known yet"
	case isDeleted(p.pod):
		p.terminate()
	case terminal(p.pod.Status.Phase):
		p.quiesce()
	case in.Rejected != nil:
		return Decision{Status: p.rejected(*in.Rejected), Why: in.Rejected.Message}
	case p.expired():
		p.expire()
	default:
		p.untilDeadline()
		p.run()
	}
	if p.out.Status == nil {
		p.out.Status = p.status()
	}
	return p.out
}

// strangers tears down what the runtime has of this name under another UID than the API's. Why is set while any is left.
func strangers(cfg *Config, in Input, now time.Time) Decision {
	out := &pass{cfg: cfg, now: now, seen: in.Seen}
	if in.Seen == nil {
		return Decision{}
	}
	for i := range in.Seen.Pods {
		rt := in.Seen.Pods[i]
		if in.Pod != nil && string(in.Pod.UID) == rt.UID {
			continue
		}
		out.out.Why = "a pod of this name with UID " + rt.UID + " is no longer wanted here"
		if in.Seen.Uncertain || in.Apart && !fromFile(&rt) {
			continue
		}
		out.ref, out.rt = PodRef{rt.Namespace, rt.Name, types.UID(rt.UID)}, rt
		if out.stopAll(func(c *runtime.Container) time.Duration { return recordedGrace(c) }, "") {
			out.removeAll()
		}
	}
	return out.out
}

// recordedGrace is the grace that the pod's spec gave, as the container's record has it: the pod itself may be gone.
func recordedGrace(c *runtime.Container) time.Duration {
	seconds, err := strconv.ParseInt(c.Annotations[runtime.AnnotationGracePeriod], 10, 64)
	if err != nil || seconds < 0 {
		seconds = defaultGrace
	}
	return time.Duration(seconds) * time.Second
}

// stopAll stops every container of rt that may run, and reports whether all have stopped.
func (p *pass) stopAll(grace func(*runtime.Container) time.Duration, message string) bool {
	stopped := true
	var stops []any
	for i := range p.rt.Containers {
		c := &p.rt.Containers[i]
		if !c.MayRun() {
			continue
		}
		stopped = false
		if s := p.stop(c, "", grace(c), message); s != nil {
			stops = append(stops, s)
		}
	}
	p.do("stop what runs", stops...)
	return stopped
}

// overdue is how long after its deadline a container that does not end is told to stop again.
const overdue = 10 * time.Second

// stop is the effect that stops a container, or nil if it has been told to and needs not be told again: only a shorter
// grace, or a deadline long past, is worth another call.
func (p *pass) stop(c *runtime.Container, path string, grace time.Duration, message string) any {
	if told, ok := p.seen.Stops[c.ID]; ok && p.now.Before(told.Deadline.Add(overdue)) && !p.now.Add(grace).Before(told.Deadline) {
		p.again(told.Deadline.Add(overdue))
		return nil
	}
	if message == "" {
		message = "Stopping container " + c.Name
	}
	if path == "" {
		path = "spec.containers{" + c.Name + "}"
	}
	return Stop{PodRef: p.ref, ID: c.ID, Container: c.Name, Path: path, Grace: grace, Message: message}
}

// removeAll removes the sandboxes of rt, and with them the containers, all of which have stopped. The network is taken
// away first, so that an address is free before its owner's record is gone.
func (p *pass) removeAll() {
	for _, s := range p.rt.Sandboxes {
		p.do("remove what is left", StopSandbox{p.ref, s.ID})
		p.do("", RemoveSandbox{p.ref, s.ID})
	}
	if len(p.rt.Sandboxes) > 0 {
		return
	}
	for _, c := range p.rt.Containers {
		p.do("remove what is left", Remove{p.ref, c.ID, c.Name, c.Attempt})
	}
}

func terminal(phase corev1.PodPhase) bool {
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}

// quiesce leaves a pod in its terminal phase: nothing runs, its network is free, its records stay for `kubectl logs`.
func (p *pass) quiesce() {
	grace := time.Duration(p.specGrace()) * time.Second
	if !p.stopAll(func(*runtime.Container) time.Duration { return grace }, "") {
		return
	}
	p.stopSandboxes("the pod has ended")
	p.collect()
}

// rejected is the status of a pod that this node cannot take.
func (p *pass) rejected(r Rejection) *corev1.PodStatus {
	status := p.pod.Status.DeepCopy()
	status.Phase, status.Reason, status.Message = corev1.PodFailed, r.Reason, "Pod was rejected: "+r.Message
	if status.StartTime == nil {
		status.StartTime = seconds(p.now)
	}
	return status
}

// collect removes records that nobody needs: of each container all but the newest attempt and the newest that ended,
// and sandboxes that hold nothing any more (row 95). It waits until nothing else is to be done.
func (p *pass) collect() {
	if p.busy() {
		return
	}
	ended := map[string]bool{}
	seen := map[string]bool{}
	used := map[string]bool{}
	var removals []any
	for i := range p.rt.Containers {
		c := &p.rt.Containers[i]
		first := !seen[c.Name]
		seen[c.Name] = true
		keep := first || c.MayRun()
		if c.State == runtime.Exited && !ended[c.Name] {
			ended[c.Name], keep = true, true
		}
		if keep {
			used[c.Sandbox] = true
		} else {
			removals = append(removals, Remove{p.ref, c.ID, c.Name, c.Attempt})
		}
	}
	p.do("remove dead containers", removals...)
	if p.busy() {
		return
	}
	for i, s := range p.rt.Sandboxes {
		if i > 0 && !used[s.ID] {
			p.do("remove a dead sandbox", StopSandbox{p.ref, s.ID})
			p.do("", RemoveSandbox{p.ref, s.ID})
		}
	}
}

func (p *pass) wait(m *member, reason, format string, args ...any) {
	p.waiting[m.spec.Name] = corev1.ContainerStateWaiting{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
