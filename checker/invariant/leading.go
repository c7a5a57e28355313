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
	ceases := func(ended func(process string) bool) {
		for lease, process := range leaders { // order does not matter: all of them are looked at
			if process != "" && ended(process) {
				leaders[lease] = ""
			}
		}
	}
	stood := newStood(j.h.Faults)
	acts := func(l *trace.Line, format string, about any) {
		lease, stands := leases[l.Process]
		if !stands || leaders[lease] == l.Process || stood.excuses(l) {
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
			ceases(func(process string) bool { return process == l.Process })
			delete(stood.since, l.Process)
		case l.Life != nil && l.Life.State == "exit":
			ceases(func(process string) bool { return isOf(l.Life, process) })
		case l.Fault != nil && l.Fault.State == "begin":
			stood.begins(l.Fault, leaders)
		case l.Step != nil && l.Step.Component != candidate:
			acts(l, "decided about %s", l.Step.Key)
		case l.Call != nil && decided[l.Call.ID]:
			acts(l, "sent its request about %v", history.ObjectName{Resource: l.Call.Resource, Namespace: l.Call.Namespace, Name: l.Call.Name})
		}
	}
}

// isOf reports whether a life is that of the process which writes under that name: where there is one on each of several machines, it names its own.
func isOf(l *trace.Life, process string) bool {
	return l.Name == process || l.Machine != "" && l.Name+"-"+l.Machine == process
}

// stood knows who stood still while it led. One that was stopped between asking whether it leads and what it then did does that when it goes on, though
// another has come to lead: one decision of each of its components, and the requests that were on their way out. It may until it says that it follows.
type stood struct {
	stops map[string]bool            // faults, by ID, that were seen to stop somebody
	since map[string]map[string]bool // by process that was stopped: what it has done since
}

func newStood(faults []*history.Fault) stood {
	s := stood{stops: map[string]bool{}, since: map[string]map[string]bool{}}
	for _, f := range faults {
		s.stops[f.Begin.Fault.ID] = f.End != nil && f.End.Fault.Effect["stopped"] > 0
	}
	return s
}

// begins takes the beginning of a fault, of those who lead.
func (s stood) begins(f *trace.Fault, leaders map[string]string) {
	component, machine, _ := strings.Cut(f.Target, "@")
	for _, process := range leaders { // order does not matter: each is its own
		if s.stops[f.ID] && isOf(&trace.Life{Name: component, Machine: machine}, process) {
			s.since[process] = map[string]bool{}
		}
	}
}

func (s stood) excuses(l *trace.Line) bool {
	done, stood := s.since[l.Process]
	what := ""
	if l.Step != nil {
		what = l.Step.Component
	} else {
		what = l.Call.ID
	}
	if !stood || done[what] {
		return false
	}
	done[what] = true
	return true
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
