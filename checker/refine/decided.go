package refine

import (
	"fmt"
	"strings"

	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// planned is one effect of a plan, and the line of the step that decided it.
type planned struct {
	trace.Effect
	line int64
}

// callKey names what a kubelet asks its runtime to make or to start: a container by its ID, or what does not have one yet by its attempt.
type callKey struct {
	node, uid, container string
	start                bool
	attempt              int
	id                   string
}

const kubeletPrefix = "kubelet-"

// decides keeps what a step has decided.
func (j *judge) decides(s *step) {
	j.deciders[s.line.Process] = true
	node, _ := strings.CutPrefix(s.line.Process, kubeletPrefix)
	for _, e := range s.Plan {
		if e.Call != "" {
			j.plans[e.Call] = planned{e, s.line.Seq}
		}
		key := callKey{node: node, uid: e.Object.UID, container: e.Object.Key, start: e.Verb == "start container", attempt: e.Object.Attempt, id: e.Object.ID}
		switch e.Verb {
		case "run sandbox", "create container", "start container":
			if _, before := j.calls[key]; !before {
				j.calls[key] = s.line.Seq
			}
		}
	}
}

// undecided finds what was done though no step had decided it: requests that write, and containers that came to be or ran. What was decided
// otherwise than it was asked for counts as well.
func (j *judge) undecided() {
	for _, op := range j.h.Operations {
		if op.Layer != trace.API || !op.Writes() || !j.deciders[op.Process] || op.Resource == "events" {
			continue // an Event tells what was done; nobody decides to tell it, and it may be lost
		}
		text := fmt.Sprintf("%s asked for %s of %v", op.Process, spoken(op.Verb, op.Subresource), op.Object())
		e, ok := j.plans[op.ID]
		decided, asked := history.NameOf(e.Object), history.ObjectName{Resource: op.Resource, Namespace: op.Namespace, Name: op.Name}
		switch {
		case !ok || e.line > op.CallLine:
			j.found(op.CallLine, text+", and no step before had decided that")
		case e.Verb != op.Verb || e.Subresource != op.Subresource || decided != op.Object() && decided != asked: // where it was left to the server, the name is not decided
			j.found(op.CallLine, fmt.Sprintf("%s, and what line %d had decided is %s of %v", text, e.line, spoken(e.Verb, e.Subresource), decided))
		case e.ResourceVersion != op.ResourceVersion || e.Object.UID != op.UID:
			j.found(op.CallLine, fmt.Sprintf("%s if it has UID %q and resourceVersion %q, and line %d had decided UID %q and resourceVersion %q",
				text, op.UID, op.ResourceVersion, e.line, e.Object.UID, e.ResourceVersion))
		}
	}
	for _, l := range j.h.Containers {
		c := l.Container
		key := callKey{node: c.Node, uid: c.PodUID, container: c.Container, attempt: c.Attempt}
		if c.State == "started" && c.Container != "" {
			key.start, key.attempt, key.id = true, 0, c.ID
		}
		if (c.State != "created" && c.State != "started") || !j.deciders[kubeletPrefix+c.Node] {
			continue
		}
		line, ok := j.calls[key]
		if !ok && key.id != "" {
			key.id = "" // older traces name what is started by the container's name only
			line, ok = j.calls[key]
		}
		if !ok || line > l.Seq {
			what := fmt.Sprintf("container %s, attempt %d,", c.Container, c.Attempt)
			if c.Container == "" {
				what = fmt.Sprintf("sandbox %d", c.Attempt)
			}
			j.found(l.Seq, fmt.Sprintf("on node %s %s of pod %s/%s with UID %s was %s, and no step of the kubelet's before had decided that",
				c.Node, what, c.Namespace, c.Pod, c.PodUID, c.State))
		}
	}
}

func (j *judge) found(line int64, text string) {
	j.findings = append(j.findings, verdict.Finding{Guarantee: Decided, Line: line, Text: text})
}

func spoken(verb, subresource string) string {
	if subresource != "" {
		return verb + " " + subresource
	}
	return verb
}
