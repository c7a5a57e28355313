package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"orrery/checker"
	"orrery/checker/history"
	"orrery/checker/verdict"
	"orrery/impl/trace"
)

// judge asks all checkers.
func judge(h *history.History) verdict.Report {
	return checker.Judge(context.Background(), h, verdict.DefaultLimits)
}

// Story is a run in words: from the safety phase on, what clients asked for and were told, what the components decided, what ran
// on the nodes, and what was done to them. Heartbeats are left out, and what changed nothing.
func Story(r Result) string {
	var b strings.Builder
	asked := map[string]*trace.Call{}
	told := false
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.Phase != nil {
			told = told || l.Phase.Name == trace.Safety
			if told && l.Phase.Name != trace.Safety && l.Phase.Name != trace.End {
				fmt.Fprintf(&b, "-- %s\n", l.Phase.Name)
			}
		}
		if l.Call != nil && l.Call.Layer == trace.API && (l.Process == "user" || strings.HasPrefix(l.Process, "client-")) {
			asked[l.Call.ID] = l.Call
		}
		if !told {
			continue
		}
		if text := tell(asked, l); text != "" {
			fmt.Fprintf(&b, "%s: %s\n", l.Process, text)
		}
	}
	fmt.Fprintf(&b, "verdict: %v\n", r.Report.Verdict())
	if broken := r.Broken(); broken != "" {
		_, first, _ := r.Report.First()
		fmt.Fprintf(&b, "broken: %s\n  %s\n", broken, first.Text)
	}
	return b.String()
}

// tell is one line in words; empty: it is not worth telling.
func tell(asked map[string]*trace.Call, l *trace.Line) string {
	switch {
	case l.Return != nil && asked[l.Return.ID] != nil:
		c := asked[l.Return.ID]
		what := c.Resource
		if c.Subresource != "" {
			what += "/" + c.Subresource
		}
		text := fmt.Sprintf("%s %s %s: %s", c.Verb, what, c.Name, l.Return.Outcome)
		if l.Return.Reason != "" {
			text += " " + l.Return.Reason
		}
		return text
	case l.Step != nil && len(l.Step.Plan) > 0:
		return step(l.Step)
	case l.Container != nil && l.Container.State != "created":
		text := fmt.Sprintf("%s of %s %s", l.Container.Container, l.Container.Pod, l.Container.State)
		if l.Container.State == "exited" {
			text += fmt.Sprintf(" with %d", l.Container.ExitCode)
		}
		return text
	case l.Life != nil:
		return strings.TrimSpace(fmt.Sprintf("%s %s %s", l.Life.Name, l.Life.State, l.Life.Why))
	case l.Compact != nil:
		return fmt.Sprintf("history before revision %d is forgotten", l.Compact.Revision)
	}
	return ""
}

// step is a decision with its effects, but for Events and heartbeats.
func step(s *trace.Step) string {
	var effects []string
	lists := 0
	for _, e := range s.Plan {
		if e.Verb == "list" {
			lists++
			continue
		}
		if e.Object.Resource == "events" || e.Object.Resource == "leases" || e.Object.Resource == "nodes" && s.Component == "kubelet" || e.Verb == "say" {
			continue
		}
		what := e.Verb
		if e.Object.Resource != "" {
			what += " " + e.Object.Resource
			if e.Subresource != "" {
				what += "/" + e.Subresource
			}
		}
		if e.Object.Name != "" {
			what += " " + e.Object.Name
		} else if e.Object.Key != "" {
			what += " " + e.Object.Key
		}
		effects = append(effects, what)
	}
	if lists > 0 {
		effects = slices.Insert(effects, 0, fmt.Sprintf("list %d resources", lists))
	}
	if len(effects) == 0 {
		return ""
	}
	text := strings.Join(effects, ", ")
	if s.Why != "" {
		text += " (" + s.Why + ")"
	}
	return text
}
