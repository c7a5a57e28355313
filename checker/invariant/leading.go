package invariant

import (
	"fmt"
	"strings"

	"orrery/checker/history"
	"orrery/impl/trace"
)

// candidate is the component that decides who leads: whoever does not lead runs it too.
const candidate = "leader-election"

// leading judges row 44 as far as it shows: a process that stands for a lease does nothing after it has ceased to lead, or after another has
// come to lead. That one that is paused believes to lead for too long shows nowhere, and harms nobody before it acts.
func (j *judge) leading() {
	leases, decided := j.candidates()
	if len(leases) == 0 {
		return
	}
	leaders := map[string]string{} // lease → the process that has come to lead last; empty: that has ceased to
	ceases := func(process string) {
		if lease := leases[process]; leaders[lease] == process {
			leaders[lease] = ""
		}
	}
	acts := func(l *trace.Line, format string, about any) {
		lease, stands := leases[l.Process]
		if !stands || leaders[lease] == l.Process {
			return
		}
		who := leaders[lease]
		if who == "" {
			who = "nobody"
		}
		j.broken(OneActs, l.Seq, "%s %s, and %s led by the lease %s", l.Process, fmt.Sprintf(format, about), who, lease)
	}
	for i := range j.h.Lines {
		switch l := &j.h.Lines[i]; {
		case l.Life != nil && l.Life.State == trace.Leads:
			leaders[l.Life.Name] = l.Process
		case l.Life != nil && l.Life.State == trace.Follows:
			ceases(l.Process)
		case l.Life != nil && l.Life.State == "exit":
			ceases(l.Life.Name)
		case l.Step != nil && l.Step.Component != candidate:
			acts(l, "decided about %s", l.Step.Key)
		case l.Call != nil && decided[l.Call.ID]:
			acts(l, "sent its request about %v", history.ObjectName{Resource: l.Call.Resource, Namespace: l.Call.Namespace, Name: l.Call.Name})
		}
	}
}

// candidates are the processes that stand for a lease, with its name, and the requests that steps decided which are no candidate's.
func (j *judge) candidates() (leases map[string]string, decided map[string]bool) {
	leases, decided = map[string]string{}, map[string]bool{}
	for _, l := range j.h.Steps {
		if l.Step.Component == candidate {
			_, leases[l.Process], _ = strings.Cut(l.Step.Key, "/")
		}
	}
	if len(leases) == 0 {
		return leases, decided
	}
	for _, l := range j.h.Steps {
		for _, e := range l.Step.Plan {
			if e.Call != "" && l.Step.Component != candidate {
				decided[e.Call] = true
			}
		}
	}
	return leases, decided
}
