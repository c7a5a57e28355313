package invariant

import (
	"slices"
	"strings"

	"orrery/checker/history"
	"orrery/checker/object"
	"orrery/impl/trace"
)

// run is one container of a pod from its creation to its removal, by the runtime's own account. Times are on the clock
// of the trace; Never: it has not happened, as far as was recorded.
type run struct {
	trace.Container
	started, exited int64
	line            int64 // of the start
}

// nodes judges rows 78 to 82 and 85 to 89: what ran on the nodes, against the store's log.
func (j *judge) nodes() {
	pods := j.runs()
	for _, uid := range pods.order {
		runs := pods.byUID[uid]
		j.oneNode(runs)
		j.oneAtATime(runs)
		if pod := j.podOf(runs[0]); pod != nil {
			j.againstPod(pod, runs)
		}
	}
	for _, name := range pods.names {
		j.onePerName(pods.byName[name])
	}
	j.graces(pods)
}

// runsByPod are all containers that started, in the order of their starts.
type runsByPod struct {
	order  []string
	byUID  map[string][]*run
	names  []history.ObjectName
	byName map[history.ObjectName][]*run
}

// runs collects the containers (sandboxes left out: a pause process does nothing).
func (j *judge) runs() runsByPod {
	byID := map[string]*run{}
	var all []*run
	for _, l := range j.h.Containers {
		c := l.Container
		if c.Container == "" {
			continue
		}
		at := c.At
		if at == 0 || j.h.Header.Mode == trace.Simulated {
			at = j.h.Clock(l)
		}
		r := byID[c.Node+"/"+c.ID]
		switch {
		case c.State == "started" && r == nil:
			r = &run{Container: *c, started: at, exited: history.Never, line: l.Seq}
			byID[c.Node+"/"+c.ID] = r
			all = append(all, r)
		case c.State == "exited" && r != nil:
			r.exited, r.ExitCode = min(r.exited, at), c.ExitCode
		}
	}
	slices.SortStableFunc(all, func(a, b *run) int { return int(min(1, max(-1, a.started-b.started))) })
	pods := runsByPod{byUID: map[string][]*run{}, byName: map[history.ObjectName][]*run{}}
	for _, r := range all {
		if len(pods.byUID[r.PodUID]) == 0 {
			pods.order = append(pods.order, r.PodUID)
		}
		pods.byUID[r.PodUID] = append(pods.byUID[r.PodUID], r)
		name := podName(r)
		if len(pods.byName[name]) == 0 {
			pods.names = append(pods.names, name)
		}
		pods.byName[name] = append(pods.byName[name], r)
	}
	return pods
}

func podName(r *run) history.ObjectName {
	return history.ObjectName{Resource: "pods", Namespace: r.Namespace, Name: r.Pod}
}

// oneNode judges row 79.
func (j *judge) oneNode(runs []*run) {
	for _, r := range runs[1:] {
		if r.Node != runs[0].Node {
			j.broken(OneNodePerUID, r.line, "container %s of %s (UID %s) started on %s, and another ran on %s", r.Container.Container, podName(r), r.PodUID, r.Node, runs[0].Node)
			return
		}
	}
}

// oneAtATime judges row 81.
func (j *judge) oneAtATime(runs []*run) {
	last := map[string]*run{}
	for _, r := range runs {
		if before := last[r.Container.Container]; before != nil && r.started < before.exited {
			j.broken(OneLivePerName, r.line, "container %s of %s (UID %s) started again, attempt %d, while attempt %d was running",
				r.Container.Container, podName(r), r.PodUID, r.Attempt, before.Attempt)
		}
		last[r.Container.Container] = r
	}
}

// life is what the store's log says of one UID.
type life struct {
	versions []*history.Version
	spec     *object.Object // the last version of it
	// ended and gone are the versions that made its phase terminal and that removed it; nil: that has not happened.
	ended, gone *history.Version
}

// podOf finds the pod that a container belongs to; nil where the log does not know it (a pod from before the recording).
func (j *judge) podOf(r *run) *life {
	p := &life{}
	for _, v := range j.h.Log.Of(podName(r)) {
		if v.UID != r.PodUID {
			continue
		}
		p.versions = append(p.versions, v)
		if v.Deleted {
			p.gone = v
			continue
		}
		if p.spec = j.object(v); p.spec == nil {
			return nil
		}
		if p.ended == nil && p.spec.Terminal() {
			p.ended = v
		}
	}
	if p.spec == nil {
		return nil
	}
	return p
}

// againstPod judges rows 78, 80, 82, 85, 88 and 89. A version was committed before it was observed, so what began after
// the observation began after the commit.
func (j *judge) againstPod(p *life, runs []*run) {
	last := map[string]*run{}
	succeeded := map[string]bool{}
	for _, r := range runs {
		name := r.Container.Container
		if p.ended != nil && p.ended.Line != nil && r.started > j.h.Clock(p.ended.Line) {
			j.broken(EndedStaysEnded, r.line, "container %s of %s (UID %s) started after its phase was %s (revision %d)", name, podName(r), r.PodUID, p.spec.Status.Phase, p.ended.Revision)
		}
		if p.gone != nil && p.gone.Line != nil && r.started > j.h.Clock(p.gone.Line) {
			j.broken(GoneStaysGone, r.line, "container %s of %s (UID %s) started after the pod was removed (revision %d)", name, podName(r), r.PodUID, p.gone.Revision)
		}
		if before := last[name]; before != nil && before.exited != history.Never && !p.init(name) {
			if policy := p.spec.Spec.RestartPolicy; policy == "Never" || policy == "OnFailure" && before.ExitCode == 0 {
				j.broken(RestartPolicy, r.line, "container %s of %s (UID %s) was started again, attempt %d, after it had ended with %d, and restartPolicy is %s",
					name, podName(r), r.PodUID, r.Attempt, before.ExitCode, policy)
			}
		}
		last[name] = r
		if waits := p.waitsFor(r, succeeded); waits != "" {
			j.broken(InitFirst, r.line, "container %s of %s (UID %s) started before init container %s had succeeded", name, podName(r), r.PodUID, waits)
		}
		if p.init(name) && r.exited != history.Never && r.ExitCode == 0 {
			succeeded[name] = true
		}
	}
	if p.gone == nil || p.gone.Line == nil || j.forced(p) {
		return
	}
	for _, r := range runs {
		if gone := j.h.Clock(p.gone.Line); r.started <= gone && r.exited > gone {
			j.broken(StoppedThenGone, p.gone.Seq(), "%s (UID %s) was removed while its container %s, attempt %d, was running on %s", podName(r), r.PodUID, r.Container.Container, r.Attempt, r.Node)
		}
	}
	if p.ended == nil && runs[0].started <= j.h.Clock(p.gone.Line) {
		j.broken(EndsBeforeGone, p.gone.Seq(), "%s (UID %s) was removed in phase %s", p.gone.Object, p.gone.UID, p.spec.Status.Phase)
	}
}

// init reports whether a container of that name is an init container.
func (p *life) init(name string) bool {
	return slices.ContainsFunc(p.spec.Spec.InitContainers, func(c object.Container) bool { return c.Name == name })
}

// waitsFor is the init container that must have succeeded before r starts, and has not; "" if there is none. A sidecar,
// an init container that restarts always, never succeeds and is not waited for.
func (p *life) waitsFor(r *run, succeeded map[string]bool) string {
	for _, c := range p.spec.Spec.InitContainers {
		if c.Name == r.Container.Container {
			return ""
		}
		if c.RestartPolicy != "Always" && !succeeded[c.Name] {
			return c.Name
		}
	}
	return ""
}

// forced reports whether somebody but a kubelet asked for the pod to be gone at once: that voids rows 87 to 89.
func (j *judge) forced(p *life) bool {
	for _, op := range j.h.Operations {
		if op.Layer != trace.API || !op.Deletes() && op.Verb != "deletecollection" || op.Resource != "pods" || isKubelet(op) {
			continue
		}
		if op.Grace != nil && *op.Grace == 0 && (op.Name == "" || op.Object() == p.versions[0].Object) {
			return true
		}
	}
	return false
}

// onePerName judges row 87.
func (j *judge) onePerName(runs []*run) {
	live := map[string]*run{} // UID → the run of it that ends last
	for _, r := range runs {
		for uid, other := range live { // order does not matter: each pair is reported by itself, and findings are sorted
			if uid == r.PodUID || other.exited <= r.started {
				continue
			}
			if p := j.podOf(other); p != nil && !j.forced(p) {
				j.broken(OnePodPerName, r.line, "container %s of %s, UID %s, started on %s while UID %s ran on %s", r.Container.Container, podName(r), r.PodUID, r.Node, uid, other.Node)
			}
		}
		if last := live[r.PodUID]; last == nil || r.exited > last.exited {
			live[r.PodUID] = r
		}
	}
}

// isKubelet reports whether an operation is a kubelet's: it alone may delete a pod at once, and does so last.
func isKubelet(op *history.Operation) bool { return strings.HasPrefix(op.Client, "kubelet") }
