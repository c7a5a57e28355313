package kubelet

import (
	"testing"

	"orrery/model/machine"
)

// Goal: whatever kubelet keeps to [View.Refuses] is safe, not only the one that decides like [View.Decide]. Method: one that does anything it is
// allowed to do, in a small world.
func TestAllowedIsSafe(t *testing.T) {
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Names: 1, Changes: 2}, 30688},
		{Domain{Names: 1, Changes: 1, Losses: 1}, 30268},
		{Domain{Names: 1, Changes: 1, Crashes: 1, Policy: Never}, 50486},
		{Domain{Names: 1, Changes: 1, Init: true, Policy: OnFailure}, 14454},
		{Domain{Names: 1, Losses: 1, Reboots: 1}, 3578},
	} {
		m := free(c.domain)
		out := machine.Explore(m, machine.Options{Workers: 2, States: 200000})
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.States != c.states {
			t.Errorf("%+v: %d states, want %d, complete: %v", c.domain, out.States, c.states, out.Complete)
		}
	}
}

// free is a machine whose kubelet does anything that is not refused. Of Work, the UID is the number of the plan.
func free(d Domain) *Machine {
	idle := func(View) Plan { return Plan{} }
	m := build(d, idle)
	m.Eventually = nil
	m.Enabled = func(s State, actions []Action) []Action {
		actions = enabled(d, idle, s, actions)
		for i := range d.Names {
			if n := &s.Names[i]; s.Up && n.Call == (Call{}) && n.Write == (Write{}) {
				for number := range plans(s, i) {
					actions = append(actions, Action{Kind: Work, Name: i, UID: uint8(number)})
				}
			}
		}
		return actions
	}
	m.Next = func(s State, a Action) (State, bool) {
		if a.Kind == Work {
			s.Names[a.Name].send(s.first(), plans(s, a.Name)[a.UID])
			return s, true
		}
		return after(idle, s, a), true
	}
	return m
}

// plans are all that are not refused: a call, a report, both, or the removal of the pod.
func plans(s State, name int) (list []Plan) {
	v := s.View(name)
	add := func(p Plan) {
		if v.Refuses(p) == "" {
			list = append(list, p)
		}
	}
	add(Plan{Finish: true})
	reports := []*Report{nil}
	var statuses []Status
	for _, c := range v.Containers {
		statuses = append(statuses, c.status())
	}
	for _, phase := range []Phase{v.phase(statuses), Failed} {
		r := &Report{phase, statuses}
		n := s.Names[name]
		if n.send(s.first(), Plan{Report: r}); v.UID != 0 && n.Write.Next != n.Seen {
			reports = append(reports, r)
			add(Plan{Report: r})
		}
	}
	for _, c := range calls(s, name) {
		if v.Refuses(Plan{Calls: []Call{c}}) != "" {
			continue
		}
		for _, r := range reports {
			add(Plan{Calls: []Call{c}, Report: r})
		}
	}
	return list
}

// calls are all that make sense of what the look shows.
func calls(s State, name int) (list []Call) {
	for i, life := range s.Names[name].Look {
		uid := uint8(i + 1)
		if next := life.Sandbox.Number + 1; next <= 3 {
			list = append(list, Call{Verb: RunSandbox, UID: uid, Sandbox: next})
		}
		if life.Sandbox.Number == 0 {
			continue
		}
		for _, verb := range []Verb{StopSandbox, RemoveSandbox} {
			list = append(list, Call{Verb: verb, UID: uid, Sandbox: life.Sandbox.Number})
		}
		for j, r := range s.records(life) {
			for attempt := range uint16(3) {
				list = append(list, Call{Create, uid, uint8(j), life.Sandbox.Number, attempt})
			}
			for _, verb := range []Verb{Start, Stop, Remove} {
				if r.Stage != None && !r.Told {
					list = append(list, Call{verb, uid, uint8(j), r.Sandbox, r.Attempt})
				}
			}
		}
	}
	return list
}

// Goal: the judge may ask about pods of any shape. Method: a table, with what a machine of one main container cannot show.
func TestRefuses(t *testing.T) {
	init := func(g Stage) Container { return Container{Init: true, Record: Record{Stage: g, Sandbox: 1}} }
	one := func(g Stage) Container { return Container{Record: Record{Stage: g, Sandbox: 1}} }
	of := func(containers ...Container) View {
		return View{Listed: true, UID: 1, Sandbox: Sandbox{1, true}, Containers: containers}
	}
	call := func(verb Verb, container uint8) Plan {
		return Plan{Calls: []Call{{Verb: verb, UID: 1, Container: container, Sandbox: 1}}}
	}
	deleted := func(v View) View {
		v.Leaving = true
		return v
	}
	limited := func(v View) View {
		v.Limited = true
		return v
	}
	replaced := func(v View) View {
		v.Sandbox = Sandbox{2, true}
		return v
	}
	for _, c := range []struct {
		name string
		view View
		plan Plan
		want string
	}{
		{"two main containers are created in any order", of(one(None), one(None)), call(Create, 1), ""},
		{"the second init container waits for the first", of(init(Alive), init(None), one(None)), call(Create, 1),
			"create attempt 0 of container 1 of UID 1: no container of the pod is to be started"},
		{"a main container waits for both", of(init(EndedWell), init(None), one(None)), call(Create, 2),
			"create attempt 0 of container 2 of UID 1: it is not its turn, or its restart policy lets it rest"},
		{"the second init container follows the first", of(init(EndedWell), init(None), one(None)), call(Create, 1), ""},
		{"init containers do not run again beside a main container", of(init(EndedBadly), one(Alive), one(None)), call(Create, 2), ""},
		{"what is unfit may be stopped", of(one(Alive), Container{Record: one(Alive).Record, Unfit: true}), call(Stop, 1), ""},
		{"what is fit may not", of(one(Alive), one(Alive)), call(Stop, 1),
			"stop attempt 0 of container 1 of UID 1: the pod is wanted, and its sandbox is ready"},
		{"a deleted pod ends when all of it has stopped", deleted(of(one(EndedWell), one(Alive))), Plan{Report: &Report{Phase: Failed}},
			"an end, and a container may be running"},
		{"and when none of it can start", deleted(of(one(EndedWell), one(Created))), Plan{Report: &Report{Phase: Failed}},
			"an end, and what was created can still start"},
		{"a rejected pod has failed", View{Listed: true, UID: 1, Rejected: true, Containers: []Container{{}}}, Plan{Report: &Report{Phase: Failed}}, ""},
		{"a pod of limited time may be stopped", limited(of(one(Alive))), call(Stop, 0), ""},
		{"and its sandbox, before the end is shown", limited(of(one(Created))), call(StopSandbox, 0), ""},
		{"but not while it runs", limited(of(one(Alive))), call(StopSandbox, 0), "stop sandbox 1 of UID 1: a container in it may be running"},
		{"it has failed when all of it has stopped", limited(of(one(EndedWell))), Plan{Report: &Report{Phase: Failed}}, ""},
		{"and not before", limited(of(one(Alive))), Plan{Report: &Report{Phase: Failed}}, "an end, and a container may be running"},
		{"nor while it can start", limited(of(one(Created))), Plan{Report: &Report{Phase: Failed}}, "an end, and what was created can still start"},
		{"it has not succeeded by that", limited(of(one(EndedWell))), Plan{Report: &Report{Phase: Succeeded}}, "an end, and a container is to be started"},
		{"a sandbox that was replaced may go", replaced(of(Container{Record: Record{Stage: Alive, Sandbox: 2}})), call(RemoveSandbox, 0), ""},
		{"but not with the newest record", replaced(of(one(EndedBadly))),
			call(RemoveSandbox, 0), "remove sandbox 1 of UID 1: it holds the newest record of a container"},
	} {
		if got := c.view.Refuses(c.plan); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
