package invariant

import (
	"slices"

	"orrery/impl/trace"
)

// What kubelets do to sandboxes and containers that kills what runs there at once, in the words of the trace.
const (
	stopSandbox     = "stop sandbox"
	removeSandbox   = "remove sandbox"
	removeContainer = "remove container"
)

// graces judges row 86, as far as the order of things tells: what kills at once is decided only where nothing runs any more. How long a container had
// from TERM to KILL no trace tells.
//
// A container that its kubelet has never seen run is left out: a start that was given up may come to pass at any time before the sandbox is
// stopped, which is done for that very reason.
func (j *judge) graces(pods runsByPod) {
	known := map[string]string{} // container ID → sandbox, of what was seen to run
	for _, line := range j.h.Steps {
		if line.Step.Component != "kubelet" {
			continue
		}
		if look := line.Step.Look; look != nil {
			for _, s := range look.Seen {
				if s.Container != "" && s.State == "running" {
					known[s.ID] = s.Sandbox
				}
			}
		}
		for _, e := range line.Step.Plan {
			if slices.Contains([]string{stopSandbox, removeSandbox, removeContainer}, e.Verb) {
				j.kills(line, e, pods.byUID[e.Object.UID], known)
			}
		}
	}
}

// kills judges one effect that kills what it is about. A container exits before its kubelet sees it, so one that exits after the decision ran.
func (j *judge) kills(line *trace.Line, e trace.Effect, runs []*run, known map[string]string) {
	now := j.h.Clock(line)
	for _, r := range runs {
		sandbox, seen := known[r.ID]
		in := sandbox == e.Object.Key
		if e.Verb == removeContainer {
			in = r.ID == e.Object.ID
		}
		if !seen || !in || r.started > now || r.exited <= now {
			continue
		}
		j.broken(StopsFirst, line.Seq, "%s decided to %s while container %s of %s (UID %s), attempt %d, was running", line.Process, e.Verb,
			r.Container.Container, podName(r), r.PodUID, r.Attempt)
	}
}
