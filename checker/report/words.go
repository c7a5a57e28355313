package report

import (
	"cmp"
	"fmt"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// words tells what one line says.
func words(operations map[string]*history.Operation, l *trace.Line) string {
	switch {
	case l.Call != nil:
		return fmt.Sprintf("%s calls %s", l.Call.Client, call(l.Call))
	case l.Return != nil:
		if o := operations[l.Return.ID]; o != nil {
			return fmt.Sprintf("%s learns of %s: %s", o.Client, call(o.Call), answer(l.Return))
		}
		return fmt.Sprintf("operation %s returns: %s", l.Return.ID, answer(l.Return))
	case l.Revision != nil:
		return revision(l.Revision)
	case l.Compact != nil:
		return fmt.Sprintf("the store forgets what was before revision %d", l.Compact.Revision)
	case l.Watch != nil:
		return fmt.Sprintf("%s watches %s from %s", l.Watch.Client, scope(l.Watch), cmp.Or(l.Watch.ResourceVersion, "now"))
	case l.Event != nil:
		return fmt.Sprintf("watch %s delivers %s", l.Event.Watch, strings.TrimSpace(l.Event.Type+" "+ref(l.Event.Object)+" "+l.Event.Reason))
	case l.Step != nil:
		return step(l.Step)
	case l.Container != nil:
		return container(l.Container)
	case l.Rules != nil:
		return fmt.Sprintf("the rules of %s are now %s", l.Rules.Node, l.Rules.Hash)
	case l.Request != nil:
		return request(l)
	case l.Digest != nil:
		return fmt.Sprintf("the watch cache of %s at %d holds %d %s", l.Digest.Server, l.Digest.Revision, l.Digest.Count, l.Digest.Resource)
	case l.Fault != nil:
		return strings.TrimSpace(fmt.Sprintf("%s of the fault %s of %s %s", l.Fault.State, l.Fault.Kind, l.Fault.Target, effect(l.Fault)))
	case l.Phase != nil:
		return "phase " + l.Phase.Name + " begins"
	case l.Sometimes != nil:
		return "reached: " + l.Sometimes.Name
	case l.Life != nil:
		return strings.TrimSpace(fmt.Sprintf("%s of %s %s", l.Life.State, l.Life.Name, l.Life.Why))
	}
	return "something that this version does not know"
}

func call(c *trace.Call) string {
	what := c.Key
	if c.Layer == trace.API {
		what = history.ObjectName{Resource: c.Resource, Namespace: c.Namespace, Name: c.Name}.String()
		if c.Subresource != "" {
			what += "/" + c.Subresource
		}
		if c.Name == "" {
			what = strings.TrimSuffix(what, "/")
		}
	}
	text := c.Verb + " " + what
	for _, option := range []struct{ name, value string }{
		{"resourceVersion", c.ResourceVersion}, {"uid", c.UID}, {"labels", c.Labels}, {"fields", c.Fields}, {"continue", c.Continue},
	} {
		if option.value != "" {
			text += " " + option.name + "=" + option.value
		}
	}
	if c.Layer == trace.Store && (c.Verb == "put" || c.Verb == "delete") {
		text += fmt.Sprintf(" expecting %d", c.Expected)
	}
	for _, g := range c.Guards {
		text += fmt.Sprintf(" with %s at %d", g.Key, g.Revision)
	}
	if c.At != 0 {
		text += fmt.Sprintf(" at %d", c.At)
	}
	return text
}

func answer(r *trace.Return) string {
	text := string(r.Outcome)
	if r.Reason != "" {
		text += " " + r.Reason
	}
	if r.Object != nil && r.Object.Revision != 0 {
		text += fmt.Sprintf(", resourceVersion %d", r.Object.Revision)
	}
	if len(r.Items) > 0 {
		text += fmt.Sprintf(", %d items", len(r.Items))
	}
	if r.Revision != 0 {
		text += fmt.Sprintf(", at revision %d", r.Revision)
	}
	return text
}

func revision(r *trace.Revision) string {
	verb := "writes"
	switch {
	case r.Deleted:
		verb = "deletes"
	case r.Previous == 0:
		verb = "creates"
	}
	return fmt.Sprintf("revision %d %s %s", r.Revision, verb, cmp.Or(r.Key, ref(trace.Ref{Resource: r.Resource, Namespace: r.Namespace, Name: r.Name})))
}

func ref(r trace.Ref) string {
	name := r.Key
	if r.Name != "" {
		name = history.NameOf(r).String()
	}
	if r.Revision != 0 {
		name = strings.TrimSpace(fmt.Sprintf("%s at %d", name, r.Revision))
	}
	return name
}

func scope(w *trace.Watch) string {
	what := cmp.Or(w.Key, w.Resource)
	if w.Namespace != "" {
		what += " in " + w.Namespace
	}
	return what
}

func step(s *trace.Step) string {
	text := s.Component + " decides for " + s.Key + ": "
	var plan []string
	for _, e := range s.Plan {
		plan = append(plan, strings.TrimSpace(e.Verb+" "+ref(e.Object)))
	}
	if len(plan) == 0 {
		plan = []string{"nothing"}
	}
	text += strings.Join(plan, ", ")
	if s.Why != "" {
		text += " (" + s.Why + ")"
	}
	return text
}

func container(c *trace.Container) string {
	what := "sandbox"
	if c.Container != "" {
		what = "container " + c.Container
	}
	text := fmt.Sprintf("%s of pod %s/%s (%s) is %s on %s", what, c.Namespace, c.Pod, c.PodUID, c.State, c.Node)
	if c.State == "exited" {
		text += fmt.Sprintf(" with code %d", c.ExitCode)
	}
	return text
}

func request(l *trace.Line) string {
	r := l.Request
	text := fmt.Sprintf("a pod on %s asked %s at %s, %.3f s ago: ", r.Node, r.Service, r.Address, float64(l.Time-r.Begin)/1e9)
	switch r.Outcome {
	case trace.OK:
		return text + r.Answer + " answers"
	case trace.Failed:
		return text + "it is refused"
	}
	return text + "no answer: " + r.Reason
}

func effect(f *trace.Fault) string {
	var parts []string
	for _, name := range sorted(f.Effect) {
		parts = append(parts, fmt.Sprintf("%s %d", name, f.Effect[name]))
	}
	return strings.Join(parts, ", ")
}
