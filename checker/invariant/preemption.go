package invariant

import (
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// preemption judges row 52 as far as it does not need the scheduler's view of a node: a priority never changes.
func (j *judge) preemption() {
	operations := j.operations()
	for _, l := range j.h.Steps {
		if l.Step.Component != scheduler || l.Step.Key == "" {
			continue
		}
		for _, e := range l.Step.Plan {
			if op := operations[e.Call]; e.Verb == "delete" && e.Object.Resource == "pods" && op != nil {
				j.preempts(l, e, op.CallLine)
			}
		}
	}
}

// preempts judges one deletion, which was asked for.
func (j *judge) preempts(l *trace.Line, e trace.Effect, line int64) {
	namespace, name, _ := strings.Cut(l.Step.Key, "/")
	preemptor := history.ObjectName{Resource: "pods", Namespace: namespace, Name: name}
	victim := history.NameOf(e.Object)
	if e.Object.UID == "" {
		j.broken(PreemptsLower, line, "the scheduler asked for %v to be deleted, whatever its UID", victim)
		return
	}
	pod := j.shownTo(l.Step, preemptor)
	if pod == nil || pod.Terminal() || pod.Metadata.DeletionTimestamp != "" || pod.Spec.NodeName != "" {
		j.broken(PreemptsLower, line, "the scheduler asked for %v to be deleted for %v, which did not wait for a node", victim, preemptor)
		return
	}
	if pod.Spec.PreemptionPolicy == "Never" {
		j.broken(PreemptsLower, line, "the scheduler asked for %v to be deleted for %v, whose preemptionPolicy is Never", victim, preemptor)
	}
	for _, v := range j.h.Log.Of(victim) {
		if other := j.object(v); other != nil && other.Metadata.UID == e.Object.UID {
			if other.Spec.Priority >= pod.Spec.Priority {
				j.broken(PreemptsLower, line, "the scheduler asked for %v of priority %d to be deleted for %v of priority %d", victim, other.Spec.Priority, preemptor, pod.Spec.Priority)
			}
			return
		}
	}
	j.broken(PreemptsLower, line, "the scheduler asked for %v of UID %s to be deleted, and there never was one", victim, e.Object.UID)
}
