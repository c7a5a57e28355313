package kubelet

import (
	"fmt"
	"slices"
)

// Refuses is why a plan is not allowed in a view; empty: it is. What is not refused is safe, whoever decides it: see TestAllowedIsSafe.
func (v View) Refuses(p Plan) string {
	switch {
	case len(p.Calls) == 0 && p.Report == nil && !p.Finish:
		return ""
	case !v.Listed:
		return "not every source has been listed" // row 90
	case v.Stale && (len(p.Calls) > 0 || p.Finish):
		return "the look at the runtime is older than the last call" // K06
	}
	for _, c := range p.Calls {
		if why := v.refusesCall(c); why != "" {
			return c.String() + ": " + why
		}
	}
	if p.Report != nil {
		if why := v.refusesReport(*p.Report); why != "" {
			return why
		}
	}
	if p.Finish {
		return v.refusesFinish()
	}
	return ""
}

func (v View) refusesCall(c Call) string {
	if c.UID != v.UID || v.UID == 0 {
		return v.refusesStranger(c)
	}
	switch c.Verb {
	case StopSandbox, RemoveSandbox:
		return v.refusesSandbox(c)
	case RunSandbox:
		switch {
		case v.Sandbox.Ready:
			return "its sandbox is ready"
		case !v.quiet():
			return "a container still runs, in a sandbox that has died"
		}
		return v.refusesBegin()
	}
	if int(c.Container) >= len(v.Containers) {
		return "the pod has no such container"
	}
	one := v.Containers[c.Container]
	switch c.Verb {
	case Create, Start:
		return v.refusesProcess(c, one)
	case Stop:
		if v.Wanted() && v.inside(one) && !one.Record.Beside && !one.Unfit && !v.Limited {
			return "the pod is wanted, and its sandbox is ready" // rows 77, 92
		}
	case Remove:
		switch {
		case one.Record.MayRun():
			return "it may be running" // row 86
		case v.Wanted() && one.Record.Stage.Ended() && c.Attempt == one.Record.Attempt:
			return "it is the record of how the container ended"
		case v.Wanted() && v.inside(one) && one.Record.Stage == Created && !one.outdated() && c.Attempt == one.Record.Attempt:
			return "it is about to be started"
		}
	}
	return ""
}

// refusesStranger: of a pod that the API does not want here everything may be ended, in order, and nothing begun (rows 80, 87).
func (v View) refusesStranger(c Call) string {
	for _, s := range v.Strangers {
		if s.UID != c.UID {
			continue
		}
		running := false
		for _, r := range s.Records {
			running = running || r.MayRun()
		}
		switch {
		case c.Verb == Stop:
			return ""
		case c.Verb == RunSandbox, c.Verb == Create, c.Verb == Start:
			return "the API has no such pod on this node" // row 77
		case running:
			return "a container of it may be running" // row 86
		}
		return ""
	}
	return "neither the API nor the runtime has such a pod"
}

// refusesBegin: whether anything of the pod may be made.
func (v View) refusesBegin() string {
	switch {
	case v.Leaving:
		return "the pod is being deleted" // row 80
	case v.Phase.Terminal():
		return "the pod has ended" // row 78
	case len(v.Strangers) > 0:
		return "something is left of another pod of this name" // row 87
	case len(v.Due()) == 0:
		return "no container of the pod is to be started"
	}
	return ""
}

func (v View) refusesProcess(c Call, one Container) string {
	if why := v.refusesBegin(); why != "" {
		return why
	}
	switch {
	case !v.Sandbox.Ready:
		return "there is no sandbox that is ready"
	case !slices.Contains(v.Due(), int(c.Container)):
		return "it is not its turn, or its restart policy lets it rest" // rows 82, 85
	case c.Verb == Create && one.Record.Stage == Created:
		return "there is one that was created, to be started or removed"
	case c.Verb == Create && c.Attempt != one.attempt():
		// Less would count down (row 83). With more, a create that was given up and lands beside this one would be another attempt.
		return "it is not the next attempt"
	case c.Verb == Start && (one.Record.Stage != Created || one.outdated() || !v.inside(one) || c.Attempt != one.Record.Attempt):
		return "it was not created for this"
	}
	return ""
}

// refusesSandbox: the pod's sandbox is stopped, and removed with its records, where nothing in it may run and nothing of it is needed. One that
// died and was replaced may go when no container's newest attempt is in it.
func (v View) refusesSandbox(c Call) string {
	for _, one := range v.Containers {
		switch in := one.Record.Stage != None && one.Record.Sandbox == c.Sandbox; {
		case in && one.Record.MayRun():
			return "a container in it may be running" // row 86
		case in && c.Verb == RemoveSandbox && !v.Leaving:
			return "it holds the newest record of a container"
		}
	}
	switch present := v.Sandbox.Number == c.Sandbox; {
	case present && v.Sandbox.Ready && v.Wanted() && !v.Limited:
		return "the pod is wanted"
	case present && c.Verb == RemoveSandbox && !(v.Leaving && v.Phase.Terminal()):
		return "its records are needed until the API shows how the deleted pod ended" // row 89
	}
	return ""
}

func (v View) refusesReport(r Report) string {
	switch {
	case v.UID == 0:
		return "there is no pod"
	case v.Phase.Terminal() && r.Phase != v.Phase:
		return fmt.Sprintf("phase %v after %v", r.Phase, v.Phase) // row 78
	}
	if r.Phase.Terminal() && !v.Phase.Terminal() {
		switch {
		case v.Stale:
			return "an end, by a look that is older than the last call"
		case !v.quiet():
			return "an end, and a container may be running" // row 78
		case !v.Leaving && !v.finished() && !v.Rejected && !(v.Limited && r.Phase == Failed):
			return "an end, and a container is to be started"
		case v.startable():
			// Without this, a start that was given up may yet come to pass after the API has shown the end. See testdata/start.txt.
			return "an end, and what was created can still start"
		}
	}
	for i, next := range r.Statuses {
		if i >= len(v.Containers) {
			return "the pod has no such container"
		}
		c := v.Containers[i]
		switch {
		case next.Restarts < c.Shown.Restarts:
			return fmt.Sprintf("container %d: fewer restarts than before", i) // row 83
		case next.Stage == None && c.Shown.Stage == Alive:
			return fmt.Sprintf("container %d: waiting, after running", i) // row 93
		case next.Stage == Alive && next != c.Shown && !c.Record.MayRun():
			return fmt.Sprintf("container %d: running, and it is not", i)
		case next.Stage.Ended() && next != c.Shown && c.Record.MayRun():
			return fmt.Sprintf("container %d: ended, and it may be running", i)
		}
	}
	return ""
}

func (v View) refusesFinish() string {
	switch {
	case v.UID == 0 || !v.Leaving:
		return "a removal, and nobody has deleted the pod"
	case !v.Phase.Terminal():
		return "a removal, and the API does not show how the pod ended" // row 89
	case v.Sandbox.Number != 0:
		return "a removal, and something is left of the pod" // row 88
	}
	for _, c := range v.Containers {
		if c.Record.Stage != None || c.Record.Beside {
			return "a removal, and something is left of the pod" // row 88
		}
	}
	return ""
}
