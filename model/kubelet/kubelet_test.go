package kubelet

import (
	_ "embed"
	"slices"
	"testing"

	"orrery/model/machine"
	"orrery/model/machine/mutant"
)

// Goal: everything that is claimed holds in all small worlds, and all that is interesting is reached. Method: they are explored whole. The
// number of states is pinned, so that no change of the model goes unnoticed.
func TestExplore(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range []struct {
		domain Domain
		states int
	}{
		{Domain{Names: 1}, 32},
		{Domain{Names: 2, Changes: 1}, 16196},
		{Domain{Names: 1, Changes: 2}, 8600},
		{Domain{Names: 1, Changes: 2, Losses: 1, Policy: Never}, 42360},
		{Domain{Names: 1, Changes: 1, Losses: 1, Crashes: 1}, 49835},
		{Domain{Names: 1, Changes: 1, Crashes: 1, Policy: OnFailure}, 10253},
		{Domain{Names: 1, Changes: 1, Reboots: 1, Init: true}, 54005},
		{Domain{Names: 1, Changes: 2, Policy: Never, Init: true}, 15280},
		{Domain{Names: 1, Changes: 2, Policy: OnFailure, Init: true}, 30697},
	} {
		m := New(c.domain)
		out := machine.Explore(m, machine.Options{Workers: 2})
		if out.Violation != nil {
			t.Fatalf("%+v: not always: %s\n%s", c.domain, out.Violation.Property, out.Violation.Path.Words(m))
		}
		if !out.Complete || out.States != c.states {
			t.Errorf("%+v: %d states, want %d, complete: %v", c.domain, out.States, c.states, out.Complete)
		}
		for _, r := range out.Reached {
			reached[r.Name] = reached[r.Name] || r.Depth >= 0
		}
	}
	for _, p := range sometimes {
		if !reached[p.Name] {
			t.Errorf("never: %s", p.Name)
		}
	}
}

// Goal: what is tempting to believe is wrong. Method: each such claim is made, and must break.
func TestTempting(t *testing.T) {
	for _, claim := range tempting {
		m := New(Domain{Names: 1, Changes: 2})
		m.Always, m.AlwaysStep, m.Eventually = []machine.Property[State]{claim}, nil, nil
		if machine.Explore(m, machine.Options{}).Violation == nil {
			t.Errorf("it is true: %s", claim.Name)
		}
	}
}

//go:embed testdata/start.txt
var start string

//go:embed testdata/create.txt
var create string

// Goal: two rules of [View.Refuses] are there for calls that land late: the end of a deleted pod is not shown while a container of it can still
// be started, and what was created once more is not started. Method: a kubelet without each of them, and how it goes wrong.
func TestLandsLate(t *testing.T) {
	for _, c := range []struct {
		name     string
		m        *Machine
		property string
		file     string
	}{
		{"start", build(Domain{Names: 1, Changes: 1, Losses: 1}, endsEarly), EndedRests.Name, start},
		{"create", build(Domain{Names: 1, Changes: 2, Losses: 2, Policy: OnFailure}, startsOutdated), OnceEach.Name, create},
	} {
		c.m.AlwaysStep = slices.DeleteFunc(c.m.AlwaysStep, func(p machine.StepProperty[State, Action]) bool { return p.Name == Justified.Name })
		c.m.Eventually = nil
		out := machine.Explore(c.m, machine.Options{Workers: 2})
		if out.Violation == nil || out.Violation.Property != c.property {
			t.Fatalf("%s: got %v, want it to break: %s", c.name, out.Violation, c.property)
		}
		if got := out.Violation.Path.Words(c.m); got != c.file {
			t.Errorf("testdata/%s.txt says otherwise; got\n%s", c.name, got)
		}
	}
}

//go:embed testdata/kills.txt
var kills string

// blind is a kubelet that decides from a view in which something is not as it is.
func blind(d Domain, change func(*View)) []*Machine {
	return decides(d, func(v View) Plan {
		change(&v)
		return v.Decide()
	})
}

// decides is the machine with another kubelet.
func decides(d Domain, decide func(View) Plan) []*Machine { return []*Machine{build(d, decide)} }

// happens is the machine with something else in the place of a step, or after it.
func happens(d Domain, next func(State, Action) State) []*Machine {
	m := New(d)
	m.Next = func(s State, a Action) (State, bool) { return next(s, a), true }
	return []*Machine{m}
}

// each changes the records of the pod's containers, and says how it is with each.
func each(change func(v *View, c *Container)) func(*View) {
	return func(v *View) {
		for i := range v.Containers {
			change(v, &v.Containers[i])
		}
	}
}

// withReport is a kubelet that has its own opinion of what a container's status is.
func withReport(change func(c Container, s *Status)) func(View) Plan {
	return func(v View) Plan {
		p := v.Decide()
		for i := range v.Containers {
			if p.Report != nil {
				change(v.Containers[i], &p.Report.Statuses[i])
			}
		}
		return p
	}
}

// without is a kubelet that never makes a call.
func without(verb Verb) func(View) Plan {
	return func(v View) Plan {
		p := v.Decide()
		for _, c := range p.Calls {
			if c.Verb == verb {
				p.Calls = nil
			}
		}
		return p
	}
}

// startsOutdated is a kubelet that starts whatever was created.
func startsOutdated(v View) Plan {
	for i, c := range v.Containers {
		if c.outdated() {
			v.Containers[i].Shown = Status{}
		}
	}
	return v.Decide()
}

// endsEarly is a kubelet that shows the end of a deleted pod once no container runs, though one may have been made and told to start.
func endsEarly(v View) Plan {
	p := v.Decide()
	if v.Listed && !v.Stale && v.Leaving && !v.Phase.Terminal() && len(v.Strangers) == 0 && v.quiet() && v.startable() {
		p = Plan{Report: &Report{Phase: Failed}}
		for _, c := range v.Containers {
			p.Report.Statuses = append(p.Report.Statuses, c.status())
		}
	}
	return p
}

// seenAnew is a view that is taken for fresh.
func seenAnew(v View) View {
	v.Stale = false
	return v
}

// Goal: no property is vacuous. Method: machines with one thing wrong each, and which property notices.
func TestKills(t *testing.T) {
	users := Domain{Names: 1, Changes: 2}
	lossy := Domain{Names: 1, Changes: 1, Losses: 1}
	crashy := Domain{Names: 1, Changes: 1, Crashes: 1}
	once := Domain{Names: 1, Changes: 2, Policy: Never}
	initial := Domain{Names: 1, Init: true}
	tidied := Domain{Names: 1, Changes: 2, Policy: Never, Init: true}
	reboots := Domain{Names: 1, Reboots: 1}
	mutants := []mutant.Mutant[State, Action]{
		{Name: "acts on a look older than its last call", Machines: blind(lossy, func(v *View) { v.Stale = false })},
		{Name: "acts before the pods are listed", Machines: blind(crashy, func(v *View) { v.Listed = true })},
		{Name: "begins while another pod of the name is left", Machines: blind(users, func(v *View) { v.Strangers = nil })},
		{Name: "forgets a pod that is gone from the API", Machines: blind(users, func(v *View) {
			if v.UID == 0 {
				v.Strangers = nil
			}
		})},
		{Name: "starts a deleted pod again once it has stopped", Machines: blind(users, func(v *View) { v.Leaving = v.Leaving && !v.quiet() })},
		{Name: "ignores the phase in the API", Machines: blind(once, func(v *View) { v.Phase = Pending })},
		{Name: "ignores the statuses in the API", Machines: blind(tidied, each(func(_ *View, c *Container) { c.Shown = Status{} }))},
		{Name: "starts again whatever the restart policy", Machines: blind(once, func(v *View) { v.Policy = Always })},
		{Name: "does not wait for the init container", Machines: blind(initial, func(v *View) {
			if len(v.Containers) > 0 {
				v.Containers[Init] = Container{Init: true, Shown: Status{Stage: EndedWell}}
			}
		})},
		{Name: "takes what runs in a dead sandbox for ended", Machines: blind(users, each(func(v *View, c *Container) {
			if c.Record.Beside = false; c.Record.MayRun() && !v.inside(*c) && v.Wanted() {
				c.Record.Stage = EndedBadly
			}
		}))},
		{Name: "takes TERM for enough", Machines: blind(crashy, func(v *View) {
			for i := range v.Containers {
				v.Containers[i].Record.Told = v.Containers[i].Record.Stage == Stopping
			}
		})},
		{Name: "stops the sandbox before the containers", Machines: blind(users, each(func(v *View, c *Container) {
			if v.Leaving && c.Record.MayRun() {
				c.Record = Record{Stage: EndedBadly}
			}
		}))},
		{Name: "shows the end while a container can still be started", Machines: decides(lossy, endsEarly)},
		{Name: "shows the end by a look older than its last call", Machines: decides(Domain{Names: 1, Changes: 1}, func(v View) Plan {
			if v.Stale {
				return Plan{Report: endsEarly(seenAnew(v)).Report}
			}
			return v.Decide()
		})},
		{Name: "removes the pod once its phase is terminal", Machines: decides(users, func(v View) Plan {
			p := v.Decide()
			if v.Listed && v.Leaving && v.Phase.Terminal() {
				p.Finish = true
			}
			return p
		})},
		{Name: "removes the pod without showing its end", Machines: decides(users, func(v View) Plan {
			p := v.Decide()
			if v.Listed && !v.Stale && v.Leaving && !v.Phase.Terminal() && v.quiet() && !v.Sandbox.Ready {
				p = Plan{Finish: true}
			}
			return p
		})},
		{Name: "shows a container waiting once its next attempt is made", Machines: decides(users, withReport(func(c Container, s *Status) {
			if c.Record.Stage == Created {
				s.Stage = None
			}
		}))},
		{Name: "counts restarts anew in another sandbox", Machines: decides(users, withReport(func(c Container, s *Status) {
			if c.Record.Sandbox > 1 {
				s.Restarts = 0
			}
		}))},
		{Name: "never removes what was made in a sandbox that died", Machines: decides(reboots, without(Remove))},
		{Name: "never stops a sandbox", Machines: decides(users, without(StopSandbox))},
		{Name: "writes to the pod of that name", Machines: happens(Domain{Names: 1, Changes: 3}, func(s State, a Action) State {
			if n := &s.Names[a.Name]; writes(a) && n.Pod.UID != 0 {
				n.Write.Base = n.Pod
			}
			return after(View.Decide, s, a)
		})},
		{Name: "kills what runs when it starts", Machines: happens(crashy, func(s State, a Action) State {
			s = after(View.Decide, s, a)
			for uid := range UIDs {
				if a.Kind == Boot && s.Names[0].Runtime[uid].Records[Main].MayRun() {
					s.Names[0].exit(uint8(uid+1), Main, false)
				}
			}
			return s
		})},
	}
	got, alive, harmless := mutant.Kills(New(users), mutants, machine.Options{Workers: 2})
	if len(alive) > 0 || len(harmless) > 0 {
		t.Errorf("no mutant breaks %q; these break nothing: %q", alive, harmless)
	}
	if got != kills {
		t.Errorf("testdata/kills.txt says otherwise; got\n%s", got)
	}
}
